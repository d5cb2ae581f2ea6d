"""Moving bytes between a pipe and a file, inside the kernel where both ends allow it.

Units: bytes. Steps are of at most 1 MiB, so that progress and the cancel token are seen often.
"""

import errno
import fcntl
import io
import os
import select
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Final

from burnish.contracts import Cancel, Report
from burnish.errors import DeviceFault, FaultKind

STEP: Final = 1 << 20
_PATIENCE_MS: Final = 500
"""How long a silent source is waited for before the token is looked at again."""
_NO_SPLICE: Final = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}


def receive(source: BinaryIO, target: int, length: int, report: Report, cancel: Cancel) -> None:
    """Copy `length` bytes of `source` to the descriptor `target`.

    Raises Cancelled, OSError, and DeviceFault BAD_REQUEST where the source ends early.
    """
    pipe = _raw_pipe(source)
    done = 0
    while done < length:
        _await(source, cancel)
        step = min(STEP, length - done)
        count = _splice(pipe, target, step) if pipe is not None else None
        if count is None:
            pipe, count = None, _copy(source, target, step)
        if not count:
            raise DeviceFault(FaultKind.BAD_REQUEST, f"the image ended after {done} of {length} bytes")
        done += count
        report(done)


def _raw_pipe(source: BinaryIO) -> int | None:
    """Return the descriptor of an unbuffered pipe; anything else may hold bytes back in Python."""
    if not isinstance(source, io.FileIO) or not stat.S_ISFIFO(os.fstat(source.fileno()).st_mode):
        return None
    with suppress(OSError):
        fcntl.fcntl(source.fileno(), fcntl.F_SETPIPE_SZ, STEP)
    return source.fileno()


def _await(source: BinaryIO, cancel: Cancel) -> None:
    """Wait until `source` has something to say or has ended, looking at the token meanwhile."""
    cancel.check()
    if not isinstance(source, io.FileIO):
        return
    poll = select.poll()
    poll.register(source.fileno(), select.POLLIN)
    while not poll.poll(_PATIENCE_MS):
        cancel.check()


def _splice(pipe: int, target: int, step: int) -> int | None:
    """Return the bytes moved, or None where this file system does not take a pipe's pages."""
    try:
        return os.splice(pipe, target, step)
    except OSError as error:
        if error.errno in _NO_SPLICE:
            return None
        raise


def _copy(source: BinaryIO, target: int, step: int) -> int:
    data = source.read(step) or b""
    with memoryview(data) as view:
        sent = 0
        while sent < len(view):
            sent += os.write(target, view[sent:])
    return len(data)


def send(origin: int, sink: BinaryIO, report: Report) -> None:
    """Copy all of the file `origin` into `sink`, read from the device and not from memory. Raises OSError."""
    os.posix_fadvise(origin, 0, 0, os.POSIX_FADV_DONTNEED)
    step = _step_into(sink)
    done = 0
    while count := step(origin, done):
        done += count
        report(done)


def _step_into(sink: BinaryIO) -> Callable[[int, int], int]:
    """Return what moves the next bytes from a descriptor's offset, in the kernel if `sink` has one too."""
    sink.flush()
    try:
        descriptor = sink.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return lambda origin, offset: sink.write(os.pread(origin, STEP, offset))
    return lambda origin, offset: os.sendfile(descriptor, origin, offset, STEP)
