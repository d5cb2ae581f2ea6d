"""A serial device made of Python, behind a pseudo-terminal: the driver opens a port with the real pyserial.

    with SerialPeer(simulator.answer) as peer:
        mover = SerialMover(Settings(port=peer.port))

The peer answers from a thread. A pseudo-terminal knows no baud rate and no control lines; what a driver sets
of them is taken and means nothing. `Loop` is the same without a terminal and without waiting, for tests that
go through hundreds of motions.
"""

import errno
import os
import selectors
import threading
import tty
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Self

_CHUNK: Final = 4096


class SerialPeer:
    """A device at the far end of a line; answers what it is told for as long as it is entered."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._still = threading.Event()
        self._gone = False

    def __enter__(self) -> Self:
        self._far, self._near = os.openpty()
        tty.setraw(self._near)
        self.port = os.ttyname(self._near)
        """Where the driver finds it: `/dev/pts/7`."""
        self._wake_reader, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="serial peer", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._gone:
            return
        os.close(self._wake)
        self._thread.join()
        for descriptor in (self._wake_reader, self._far, self._near):
            with suppress(OSError):
                os.close(descriptor)

    def wait_still(self, timeout: float = 20.0) -> None:
        """Return when all that was written so far was answered. Raises TimeoutError."""
        self._still.clear()
        os.write(self._wake, b"?")
        if not self._still.wait(timeout):
            raise TimeoutError("the peer did not come to rest")

    def unplug(self) -> None:
        """Pull the adapter out: the port is gone for whoever has it open."""
        self.__exit__()
        self._gone = True

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._far, selectors.EVENT_READ)
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._far in ready:
                    os.write(self._far, self._answer(os.read(self._far, _CHUNK)))
                elif not os.read(self._wake_reader, 1):
                    return
                else:
                    self._still.set()


class Loop:
    """A line to a simulator in this thread: what it says is there at once, and silence takes no time."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._said = b""
        self._taken = False
        self.plugged = True

    def opened(self) -> "Loop":
        """Take the line, as a port is opened. Raises OSError ENOENT, EBUSY."""
        if not self.plugged:
            raise OSError(errno.ENOENT, "there is no such port")
        if self._taken:
            raise OSError(errno.EBUSY, "the port is in use")
        self._taken = True
        return self

    def switch_off_and_on(self) -> None:
        """Forget what was said."""
        self._said, self._taken = b"", False

    def write(self, data: bytes) -> None:
        """Say it to the device."""
        self._said += self._answer(data)

    def read(self, count: int, *, timeout: float) -> bytes:
        """Return up to `count` bytes that it has said."""
        said, self._said = self._said[:count], self._said[count:]
        return said

    def close(self) -> None:
        """Give the line back; what was not read waits for the next."""
        self._taken = False
