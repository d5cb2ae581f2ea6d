"""Burning: how xorriso is called, what it suffers at each phase, who stops it, and reading back."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Cancel, Found
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.media import SECTOR, MediaKind
from burnish.testing.writers import feeding, make, read
from burnish_writer_xorriso import XorrisoWriter
from burnish_writer_xorriso.driver import speed_of
from burnish_writer_xorriso.settings import Settings
from burnish_writer_xorriso.simulator import Bench

from plugins.writer_xorriso.tests.benches import DATA, burn, fault, furnish, job, simulated

WAIT = 30
"""Seconds for what takes a moment on an idle machine."""


def options(bench: Bench) -> dict[str, str]:
    """The options of the last call."""
    return dict(word.split("=", 1) for word in bench.calls()[-1] if "=" in word)


# --- how it is called --------------------------------------------------------------------------------------


def test_nothing_is_left_to_start_up_files_or_defaults(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer:
        burn(writer, job())
    words = bench.calls()[0]
    assert words[0] == "-no_rc"
    assert words[words.index("-abort_on") + 1] == "FAILURE"
    assert words[-1] == "-"
    assert options(bench) == {
        "dev": str(bench.node),
        "tsize": str(len(DATA)),
        "fs": str(32 << 20),
        "padsize": "150s",
    }
    assert not any(word.startswith("blank=") for word in words)


@pytest.mark.parametrize(("capacity", "padding"), [(2000, 0), (2001, 1), (2149, 149), (2150, 150)])
def test_padding_takes_what_room_there_is(tmp_path: Path, capacity: int, padding: int) -> None:
    bench = furnish(tmp_path, capacity=capacity)
    with simulated(bench) as writer:
        burn(writer, job())
    assert options(bench)["padsize"] == f"{padding}s"


def test_only_a_compact_disc_is_padded(tmp_path: Path) -> None:
    bench = furnish(tmp_path, profile=0x11)
    with simulated(bench) as writer:
        burn(writer, job(medium=MediaKind.DVD_R))
    assert options(bench)["padsize"] == "0s"


@pytest.mark.parametrize(
    ("mode", "profile", "word"),
    [
        ("tao", 0x09, "-tao"),
        ("dao", 0x09, "-sao"),
        ("dao", 0x11, "-sao"),
        ("tao", 0x41, ""),
        ("auto", 0x09, ""),
    ],
)
def test_the_write_type_is_the_mediums_unless_it_is_asked_for(
    tmp_path: Path, mode: str, profile: int, word: str
) -> None:
    bench = furnish(tmp_path, profile=profile)
    with simulated(bench, mode=mode) as writer:
        medium = writer.look().medium
        assert medium
        assert medium.kind
        burn(writer, job(medium=medium.kind))
    assert {"-tao", "-sao"}.intersection(bench.calls()[0]) == ({word} if word else set())


def test_stream_recording_is_passed_on(tmp_path: Path) -> None:
    bench = furnish(tmp_path, profile=0x43)
    with simulated(bench, stream_recording=True) as writer:
        burn(writer, job(medium=MediaKind.BD_RE))
    assert options(bench)["stream_recording"] == "on"


@pytest.mark.parametrize(
    ("speed", "spoilt", "rate", "medium", "x"),
    [
        (None, 0, None, "CD-R", None),
        (24, 0, None, "CD-R", 24),
        ({"DVD-R": 8}, 0, None, "CD-R", None),
        ({"DVD-R": 8}, 0, None, "DVD-R", 8),
        (None, 1, None, "CD-R", 16),
        (None, 2, None, "CD-R", 8),
        (None, 9, None, "CD-R", 4),
        (2, 1, None, "CD-R", 2),
        (None, 1, None, "BD-R", 4),
        (None, 0, 1_536_000, "CD-R", 10),
        (4, 0, 1_536_000, "CD-R", 4),
        (None, 0, 2_770_000, "DVD-R", 2),
        (None, 0, 1000, "DVD-R", 1),
    ],
)
def test_speed_is_the_least_of_what_is_asked_known_and_fed(
    speed: Any, spoilt: int, rate: float | None, medium: str, x: float | None
) -> None:
    settings = Settings.model_validate({"device": "/dev/sr0", "speed": speed})
    found = speed_of(settings, job(medium=MediaKind(medium), spoilt=spoilt), rate)
    assert found == (None if x is None else pytest.approx(x))


def test_speed_is_told_in_the_mediums_own_measure(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench, speed=10) as writer:
        burn(writer, job())
    assert options(bench)["speed"] == "1764k"


def test_a_source_that_is_slow_slows_the_drive(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer, feeding(DATA, slow_from=128 << 10) as feed:
        make(writer, job(), feed, Cancel())
    assert 176 <= int(options(bench)["speed"].removesuffix("k")) <= 4000


# --- what goes wrong, phase by phase -----------------------------------------------------------------------

WRITE_ERROR = "libburn : FATAL : SCSI error on write(896,16): [3 0C 00] Medium error. Write error."
NOT_CLOSED = "libburn : FATAL : Failed to close track. SCSI error : [3 72 01] Medium error. Session fixation."
LOST = "libburn : FATAL : Lost connection to drive"
BUSY = "libburn : SORRY : Cannot open busy device '/dev/sr0' : Device or resource busy"
SERVO = "libburn : FATAL : SCSI error on write(896,16): [4 09 02] Hardware error. Focus servo failure."
STRANGE = "libburn : FATAL : SCSI error on write(896,16): [4 F0 0D] Hardware error. Something else."


@pytest.mark.parametrize(
    ("at", "says", "kind", "found"),
    [
        ("start", BUSY, FaultKind.DEVICE_BUSY, Found.UNTOUCHED),
        ("start", SERVO, FaultKind.DRIVE_FAULT, Found.UNTOUCHED),
        ("start", STRANGE, FaultKind.UNKNOWN_REPLY, Found.UNTOUCHED),
        ("begin", WRITE_ERROR, FaultKind.MEDIA_DEFECT, Found.PARTIAL),
        ("begin", STRANGE, FaultKind.UNKNOWN_REPLY, Found.PARTIAL),
        (2 << 20, WRITE_ERROR, FaultKind.MEDIA_DEFECT, Found.PARTIAL),
        (2 << 20, SERVO, FaultKind.DRIVE_FAULT, Found.PARTIAL),
        (2 << 20, LOST, FaultKind.DEVICE_OFFLINE, Found.PARTIAL),
        (2 << 20, STRANGE, FaultKind.UNKNOWN_REPLY, Found.PARTIAL),
        (2 << 20, "", FaultKind.UNKNOWN_REPLY, Found.PARTIAL),
        ("close", NOT_CLOSED, FaultKind.MEDIA_DEFECT, Found.PARTIAL),
        ("close", LOST, FaultKind.DEVICE_OFFLINE, Found.PARTIAL),
        ("close", STRANGE, FaultKind.UNKNOWN_REPLY, Found.PARTIAL),
    ],
)
def test_a_fault_is_what_the_table_says_and_spoils_what_was_begun(
    tmp_path: Path, at: str | int, says: str, kind: FaultKind, found: Found
) -> None:
    bench = furnish(tmp_path)
    bench.suffer(at=at, says=[says])
    with simulated(bench) as writer:
        assert fault(writer, job()).kind is kind
        assert writer.examine(job()) is found
        if found is Found.UNTOUCHED:
            burn(writer, job())
            assert writer.examine(job()) is Found.WHOLE


@pytest.mark.parametrize("at", ["start", "begin", 1 << 20, "close"])
def test_an_xorriso_that_is_killed_has_spoilt_its_disc(tmp_path: Path, at: str | int) -> None:
    bench = furnish(tmp_path)
    bench.suffer(at=at, kill=True)
    with simulated(bench) as writer:
        assert fault(writer, job()).kind is FaultKind.UNKNOWN_REPLY
        assert writer.examine(job()) is Found.PARTIAL


def test_a_cause_is_found_among_many_words(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    notes = ["xorriso : NOTE : one of many", "x" * 200_000, *["libburn : DEBUG : word"] * 3000]
    consequences = ["xorriso : FAILURE : and so on"] * 3000
    bench.suffer(at=1 << 20, says=[*notes, WRITE_ERROR, *consequences])
    with simulated(bench) as writer:
        assert fault(writer, job()).kind is FaultKind.MEDIA_DEFECT


def test_an_xorriso_that_says_nothing_of_success_has_none(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    bench.suffer(at="close", code=0)
    with simulated(bench) as writer:
        assert fault(writer, job()).kind is FaultKind.UNKNOWN_REPLY


@pytest.mark.parametrize("deaf", [False, True])
@pytest.mark.parametrize("at", ["begin", 1 << 20, "close"])
def test_a_drive_at_a_standstill_is_broken(tmp_path: Path, at: str | int, deaf: bool) -> None:
    bench = furnish(tmp_path)
    bench.suffer(at=at, hang=600, deaf=deaf)
    began = time.monotonic()
    with simulated(bench, stall_timeout="1s", finish_timeout="1s") as writer:
        assert fault(writer, job()).kind is FaultKind.DRIVE_FAULT
        assert writer.examine(job()) is Found.PARTIAL
    assert time.monotonic() - began < WAIT
    assert not running(bench)


def running(bench: Bench) -> list[int]:
    """Processes of this bench's program."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(bench.program) in words:
            found.append(int(process.name))
    return found


def test_an_image_that_ends_in_the_pipe_costs_no_disc(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer:
        assert fault(writer, job(), DATA[: 512 << 10]).kind is FaultKind.BAD_REQUEST
        assert writer.examine(job()) is Found.UNTOUCHED
    assert not bench.calls()


def test_an_image_that_ends_later_spoils_it_and_the_count_is_said(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer:
        found = fault(writer, job(), DATA[: 3 << 20])
        assert found.kind is FaultKind.BAD_REQUEST
        assert str(3 << 20) in str(found)
        assert writer.examine(job()) is Found.PARTIAL
    assert not running(bench)


def test_bytes_in_memory_serve_as_source(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    seen: list[int] = []
    with simulated(bench) as writer:
        writer.write(job(), io.BytesIO(DATA), seen.append, Cancel())
        assert read(writer, job())[0] == DATA
    assert seen[-1] == len(DATA)


# --- who stops it ------------------------------------------------------------------------------------------


def test_it_is_told_to_stop_once_and_waited_for(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with simulated(bench) as writer, feeding(DATA, slow_from=2 << 20) as feed:
        with pytest.raises(Cancelled):
            make(writer, job(), feed, Cancel(feed.slow.is_set))
        assert writer.examine(job()) is Found.PARTIAL
    assert not running(bench)


def test_a_silent_source_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    reading, writing = os.pipe()
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began = time.monotonic()
    with simulated(bench) as writer, io.FileIO(reading) as source, open(writing, "wb"):
        with pytest.raises(Cancelled):
            writer.write(job(), source, lambda done: None, Cancel(stop.is_set))
        assert writer.examine(job()) is Found.UNTOUCHED
    assert time.monotonic() - began < WAIT
    assert not bench.calls()


def test_a_disc_that_is_being_closed_is_finished_and_that_is_said(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    bench.suffer(at="close", hang=1, code=None)
    asked, reasons = threading.Event(), []
    with simulated(bench) as writer, feeding(DATA) as feed:

        def deny(reason: str) -> None:
            asked.clear()
            reasons.append(reason)

        def report(done: int) -> None:
            if done >= 3 << 20 and not reasons:
                asked.set()

        def late() -> bool:
            return asked.is_set() and bench.state().written == len(DATA) // SECTOR

        writer.prepare(job(), Cancel())
        writer.write(job(), feed.source, report, Cancel(late, deny))
        assert writer.examine(job()) is Found.WHOLE
    assert reasons == ["the disc is being closed"]


def test_xorriso_ends_with_its_driver(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    bench.suffer(at=1 << 20, hang=600)
    script = (
        "import io, sys; from pathlib import Path; from burnish.contracts import Cancel;"
        "from plugins.writer_xorriso.tests.benches import *;"
        "simulated(Bench(Path(sys.argv[1]))).write(job(), io.BytesIO(DATA), print, Cancel())"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(bench.folder)], stdout=subprocess.PIPE)
    until(lambda: bench.state().written >= (1 << 20) // SECTOR)
    assert running(bench)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    until(lambda: not running(bench))
    with simulated(bench) as writer:
        assert writer.examine(job()) is Found.PARTIAL


def until(condition: Any) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- reading back ------------------------------------------------------------------------------------------


def written(bench: Bench, **keys: Any) -> XorrisoWriter:
    writer = simulated(bench, **keys)
    with writer:
        burn(writer, job())
    return writer


def test_the_disc_goes_out_and_in_before_it_is_read(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with written(bench) as writer:
        assert read(writer, job())[0] == DATA
    state = bench.state()
    assert (state.ejected, state.tray_out, state.locked, state.reads) == (1, False, False, [0])


@pytest.mark.parametrize("knows_fua", [True, False])
@pytest.mark.parametrize(
    ("keys", "mechanism"), [({"reload": "none"}, 1), ({}, 0)], ids=["not to be reloaded", "no tray"]
)
def test_a_disc_that_stays_is_read_past_the_drives_memory(
    tmp_path: Path, keys: dict[str, Any], mechanism: int, knows_fua: bool
) -> None:
    bench = furnish(tmp_path, mechanism=mechanism, knows_fua=knows_fua)
    with written(bench, **keys) as writer:
        assert read(writer, job())[0] == DATA
    assert bench.state().ejected == 0
    assert bench.state().reads == ([8] if knows_fua else [8, 0])


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({"unreadable": 1500}, FaultKind.MEDIA_DEFECT),
        ({"written": 1500}, FaultKind.MEDIA_DEFECT),
        ({"senses": {"28": (4, 0x3E, 0)}}, FaultKind.DRIVE_FAULT),
        ({"senses": {"28": (0xB, 0x47, 0)}}, FaultKind.DEVICE_BUSY),
        ({"senses": {"1B": (4, 0x53, 0)}}, FaultKind.OPERATOR_ACTION),
        ({"senses": {"28": (3, 0x55, 0)}}, FaultKind.UNKNOWN_REPLY),
    ],
)
def test_what_cannot_be_read_back_is_said(tmp_path: Path, state: dict[str, Any], kind: FaultKind) -> None:
    bench = furnish(tmp_path)
    with written(bench) as writer:
        bench.change(**state)
        with pytest.raises(DeviceFault) as caught:
            read(writer, job())
    assert caught.value.kind is kind
    assert not bench.state().locked


def test_an_accepted_disc_lies_in_the_open_tray(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with written(bench) as writer:
        read(writer, job())
        assert writer.accept(job()) == f"tray of {bench.node}"
        assert bench.state().tray_out
        assert fault(writer, job(copy=2)).kind is FaultKind.NO_BLANK_MEDIA
        bench.change(tray_out=False, status=0, written=0)
        burn(writer, job(copy=2))


def test_a_rejected_disc_lies_in_the_open_tray_and_is_not_accepted(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with written(bench) as writer:
        writer.reject(job())
        assert bench.state().tray_out
        with pytest.raises(DeviceFault):
            writer.accept(job())


def test_a_piece_that_was_rejected_is_made_again(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with written(bench) as writer:
        writer.reject(job())
        bench.change(tray_out=False, status=0, written=0)
        burn(writer, job())
        assert read(writer, job())[0] == DATA
        assert writer.accept(job()) == f"tray of {bench.node}"


def test_a_tray_that_does_not_move_needs_an_operator(tmp_path: Path) -> None:
    bench = furnish(tmp_path)
    with written(bench) as writer:
        bench.change(senses={"1B": (4, 0x53, 0)})
        with pytest.raises(DeviceFault) as caught:
            writer.accept(job())
    assert caught.value.kind is FaultKind.OPERATOR_ACTION
