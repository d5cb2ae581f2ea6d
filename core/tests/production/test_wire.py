"""Messages between processes: whole, with a descriptor, or an error that the receiver survives."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from burnish.production.wire import Wire


@pytest.fixture
def ends() -> Iterator[tuple[Wire, Wire]]:
    """Both ends of a wire."""
    ours, theirs = Wire.pair()
    wires = Wire(ours), Wire(theirs)
    yield wires
    for wire in wires:
        wire.close()


@pytest.fixture
def raw() -> Iterator[tuple[Wire, socket.socket]]:
    """A wire, and a peer that sends what it likes."""
    ours, theirs = Wire.pair()
    wire = Wire(ours)
    yield wire, theirs
    wire.close()
    theirs.close()


def test_messages_stay_whole(ends: tuple[Wire, Wire]) -> None:
    """Many that were sent before one was read."""
    sent = [{"number": number, "text": "ü" * number} for number in range(50)]
    for message in sent:
        ends[0].send(message)
    assert [ends[1].receive() for _ in sent] == [(message, None) for message in sent]


def test_a_descriptor_rides_along(ends: tuple[Wire, Wire]) -> None:
    """It is the receiver's own then."""
    reading, writing = os.pipe()
    ends[0].send({"do": "write"}, writing)
    os.close(writing)
    received = ends[1].receive()
    assert received
    message, descriptor = received
    assert message == {"do": "write"}
    assert descriptor is not None
    os.write(descriptor, b"x")
    os.close(descriptor)
    assert os.read(reading, 2) == b"x"
    os.close(reading)


def test_silence_is_not_the_end(ends: tuple[Wire, Wire]) -> None:
    """A timeout, and what comes later still comes."""
    with pytest.raises(TimeoutError):
        ends[1].receive(0.01)
    ends[0].send({})
    assert ends[1].receive(1) == ({}, None)


def test_the_end(ends: tuple[Wire, Wire]) -> None:
    """What was sent before comes still, then None as often as one asks; sending is an OSError."""
    ends[0].send({"last": True})
    ends[0].close()
    ends[0].close()
    assert ends[1].receive() == ({"last": True}, None)
    assert ends[1].receive() is ends[1].receive() is None
    with pytest.raises(OSError, match="pipe"):
        ends[1].send({})


@pytest.mark.parametrize("data", [b"no json", b"[1]", b"17", b'"text"', b"\xff\xfe", b'{"cut": '])
def test_nonsense_is_an_error_of_one_kind(raw: tuple[Wire, socket.socket], data: bytes) -> None:
    """ValueError, and the next message comes."""
    wire, peer = raw
    peer.send(data)
    peer.send(b"{}")
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the parser says
        wire.receive()
    assert wire.receive() == ({}, None)


def test_a_flood_is_cut(raw: tuple[Wire, socket.socket]) -> None:
    """More than a message may have is never believed, nor sent."""
    wire, peer = raw
    peer.send(b'{"text": "' + b"x" * 70_000 + b'"}')
    with pytest.raises(ValueError):  # noqa: PT011 - cut short, it is no JSON
        wire.receive()
    with pytest.raises(ValueError, match="too long"):
        wire.send({"text": "x" * 70_000})


def test_deep_nesting_is_an_error_of_that_kind(raw: tuple[Wire, socket.socket]) -> None:
    """A driver that sends brackets without end is a driver that talks nonsense."""
    wire, peer = raw
    peer.send(b'{"a":' + b"[" * 50_000)
    with pytest.raises(ValueError, match="nested"):
        wire.receive()


def test_no_descriptor_leaks_with_nonsense(raw: tuple[Wire, socket.socket]) -> None:
    """What rode along with a message that is none is closed."""
    wire, peer = raw
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        socket.send_fds(peer, [b"nonsense"], [0])
        with pytest.raises(ValueError):  # noqa: PT011 - whatever the parser says
            wire.receive()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
