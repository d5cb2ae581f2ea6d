"""Moving an image from the core's pipe to xorriso's standard input, without copying it through Python.

Units: bytes and seconds.
"""

import fcntl
import io
import os
import select
import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, Final

from burnish.contracts import Cancel
from burnish.errors import DeviceFault, FaultKind

PIPE: Final = 1 << 20
_TICK_MS: Final = 250


class Pump:
    """Moves an image from its source to a pipe, as far as both are ready."""

    def __init__(self, source: BinaryIO, length: int) -> None:
        self._source = source
        self._piped = _is_raw_pipe(source)
        self._length = length
        self._held = b""
        """Read from a source that is no pipe, and not yet written."""
        self.done = 0
        self.ended = False
        """Whether the source has no more."""
        self.starved = False
        """Whether the last move found nothing in the source."""

    @property
    def left(self) -> int:
        """Bytes still to be moved."""
        return self._length - self.done

    def move(self, target: int) -> bool:
        """Move what can be moved at once; say whether anything was. Raises BrokenPipeError."""
        self.starved = False
        if not self.left or self.ended:
            return False
        if self._piped and not _readable(self._source.fileno()):
            self.starved = True
            return False
        try:
            count = self._splice(target) if self._piped else self._copy(target)
        except BlockingIOError:
            return False  # the target is full
        self.done += count
        self.ended = not count
        return bool(count)

    def _splice(self, target: int) -> int:
        step = min(PIPE, self.left)
        return os.splice(self._source.fileno(), target, step, flags=os.SPLICE_F_NONBLOCK)

    def _copy(self, target: int) -> int:
        if not self._held:
            self._held = self._source.read(min(64 << 10, self.left)) or b""
        count = os.write(target, self._held) if self._held else 0
        self._held = self._held[count:]
        return count


def _is_raw_pipe(source: BinaryIO) -> bool:
    """Anything else may hold bytes back in Python."""
    return isinstance(source, io.FileIO) and stat.S_ISFIFO(os.fstat(source.fileno()).st_mode)


def _readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class Feed:
    """The pipe to xorriso's standard input, filled before xorriso is there."""

    def __init__(self, source: BinaryIO, length: int) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        with suppress(OSError):  # the system's limit for a user may be lower
            fcntl.fcntl(self._writing, fcntl.F_SETPIPE_SZ, PIPE)
        self.pump = Pump(source, length)
        self._source = source
        self.rate: float | None = None
        """Bytes a second that the source delivered; None where it was all there, or too short to tell."""

    def fill(self, cancel: Cancel) -> None:
        """Fill the pipe. Raises Cancelled, and DeviceFault BAD_REQUEST for an image that ends in it."""
        began = waited = 0.0
        while self.pump.left:
            cancel.check()
            if self.pump.move(self._writing):
                began = began or time.monotonic()
            elif self.pump.ended or not self.pump.starved:
                break
            else:
                waited = time.monotonic()
                self.wait(())
        self.demand_whole()
        if began and waited > began:
            self.rate = self.pump.done / (time.monotonic() - began)

    def demand_whole(self) -> None:
        """Raise BAD_REQUEST where the source has ended and bytes are missing."""
        if self.pump.ended and self.pump.left:
            raise DeviceFault(
                FaultKind.BAD_REQUEST, f"the image ended {self.pump.left} bytes early, after {self.pump.done}"
            )

    def hand_over(self) -> int:
        """Return the end to be read, which is the caller's from now on."""
        reading, self._reading = self._reading, -1
        return reading

    def pour(self) -> None:
        """Move what can be moved; once all of it is in the pipe, say so to the reader by closing it."""
        if self._writing < 0:
            return
        try:
            while self.pump.move(self._writing):
                pass
        except BrokenPipeError:
            self.close()
        if not self.pump.left:
            self.close()

    def wait(self, others: Sequence[int]) -> None:
        """Wait a moment, or until there is something to do, here or at other descriptors to be read."""
        poll = select.poll()
        for descriptor in others:
            poll.register(descriptor, select.POLLIN)
        if self._writing >= 0 and self.pump.starved:
            poll.register(self._source.fileno(), select.POLLIN)
        elif self._writing >= 0:
            poll.register(self._writing, select.POLLOUT)
        poll.poll(_TICK_MS)

    def close(self) -> None:
        """Close both ends; safe to repeat."""
        for descriptor in (self._reading, self._writing):
            if descriptor >= 0:
                os.close(descriptor)
        self._reading = self._writing = -1
