"""The far end of a serial line."""

import os
import termios
import threading
from pathlib import Path

import pytest
from burnish.testing.serial import Loop, SerialPeer

FDS = Path("/proc/self/fd")


def test_a_peer_answers_on_a_port() -> None:
    with SerialPeer(lambda data: data.upper()) as peer:
        port = os.open(peer.port, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(port, b"hello\r\x00\xff")
            peer.wait_still()
            heard = b""
            while len(heard) < 8:
                heard += os.read(port, 8)
            assert heard == b"HELLO\r\x00\xff"
            assert not termios.tcgetattr(port)[3] & (termios.ECHO | termios.ICANON)
        finally:
            os.close(port)


def test_a_peer_leaves_nothing_behind() -> None:
    before = len(list(FDS.iterdir())), threading.active_count()
    with SerialPeer(lambda data: b""):
        pass
    assert (len(list(FDS.iterdir())), threading.active_count()) == before


def test_a_loop_is_a_line_for_one() -> None:
    loop = Loop(lambda data: data * 2)
    line = loop.opened()
    with pytest.raises(OSError, match="in use"):
        loop.opened()
    line.write(b"ab")
    assert (line.read(3, timeout=0), line.read(3, timeout=0), line.read(3, timeout=0)) == (b"aba", b"b", b"")
    line.close()
    loop.plugged = False
    with pytest.raises(OSError, match="no such port"):
        loop.opened()
