"""Tapes hold a driver to what it said, and give back what it heard."""

import json
from pathlib import Path

import pytest
from burnish.testing.tapes import Recorder, Replay, TapeMismatch


class Sense(Exception):
    """As a transport of SCSI commands raises it."""


class Transport:
    """Says each kind of thing that a transport can say."""

    def __init__(self) -> None:
        self.closed = False

    def send(self, data: bytes) -> None:
        if data == b"unplugged":
            raise OSError(19, "No such device")

    def receive(self, count: int = 0, *, timeout: float) -> bytes:
        if count > 100:
            raise TimeoutError("nothing came")
        return b"\x1b\x00OK\\\n\xff"[: count or None]

    def lines(self) -> list[str]:
        return ["3 of 4 MB written", "\u00fcber"]

    def execute(self, cdb: bytes, length: int = 0) -> tuple[bytes, int]:
        if cdb[0] == 0:
            raise Sense(2, 0x3A, 0)
        return bytes(length), 5

    def close(self) -> None:
        self.closed = True


def talk(wire: Transport, timeout: float = 1.0) -> list[object]:
    """Go through all of it; return what came back."""
    heard: list[object] = [
        wire.send(b"\x00\x01C"),
        wire.receive(timeout=timeout),
        wire.receive(3, timeout=timeout),
    ]
    heard += [wire.lines(), list(wire.execute(b"\x12", 4))]
    for call in (
        lambda: wire.send(b"unplugged"),
        lambda: wire.receive(101, timeout=timeout),
        lambda: wire.execute(b"\x00"),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            call()
        heard += [type(caught.value), caught.value.args]
    wire.close()
    return heard


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "talk.jsonl"
    talk(Recorder(Transport(), path, of="test", recorded="from a transport in this file"))
    return path


def test_what_was_recorded_is_played_back(tape: Path) -> None:
    with Replay(tape, errors=[Sense]) as wire:
        assert talk(wire) == talk(Transport())


def test_how_long_was_waited_is_not_of_the_tape(tape: Path) -> None:
    with Replay(tape, errors=[Sense]) as wire:
        talk(wire, timeout=99)


def test_the_first_line_says_where_it_is_from(tape: Path) -> None:
    head = json.loads(tape.read_text().splitlines()[0])
    assert head == {"tape": 1, "of": "test", "recorded": "from a transport in this file"}


def test_bytes_can_be_read_by_people(tape: Path) -> None:
    assert r'"said": [{"bytes": "\\x00\\x01C"}]' in tape.read_text()


def test_a_mismatch_names_the_line_and_both_sides(tape: Path) -> None:
    wire = Replay(tape)
    wire.send(b"\x00\x01C")
    with pytest.raises(
        TapeMismatch, match=r"talk\.jsonl, line 3: the tape says receive\[\], the driver says send"
    ):
        wire.send(b"C")


def test_a_driver_that_stops_early_is_told(tape: Path) -> None:
    with pytest.raises(TapeMismatch, match="line 3: the tape goes on"), Replay(tape) as wire:
        wire.send(b"\x00\x01C")


def test_a_driver_that_goes_on_is_told(tape: Path) -> None:
    wire = Replay(tape, errors=[Sense])
    talk(wire)
    with pytest.raises(TapeMismatch, match="the tape ends, the driver says lines"):
        wire.lines()


def test_a_fault_of_the_driver_is_not_hidden_by_the_rest_of_the_tape(tape: Path) -> None:
    with pytest.raises(KeyError), Replay(tape):
        raise KeyError("mine")


def test_the_tape_of_a_crash_holds_all_until_then(tmp_path: Path) -> None:
    path = tmp_path / "crash.jsonl"
    with Recorder(Transport(), path, of="test", recorded="here") as wire:
        wire.send(b"last words")
        assert "last words" in path.read_text()


def test_something_else_is_no_tape(tmp_path: Path) -> None:
    path = tmp_path / "tape"
    path.write_text('{"tape": 99}\n')
    with pytest.raises(ValueError, match="no tape of version 1"):
        Replay(path)
