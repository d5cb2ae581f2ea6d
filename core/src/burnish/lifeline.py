"""Ending with one's parent, and seeing to it that nothing of one's own is left, however either ends."""

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(parent: int = 0) -> None:
    """Have the kernel end this process when its parent ends, however that ends (prctl(2), PR_SET_PDEATHSIG).

    `parent` is its number where it is known; else a parent that is gone is told by its heir, process 1.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    gone = os.getppid() != parent if parent else os.getppid() == 1
    if gone:
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of each process that one of our children leaves behind (prctl(2), SUBREAPER)."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_orphans() -> None:
    """End every child that this process has, and theirs, until there is none; it must know of no other."""
    while left := children():
        for child in left:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(child, 0)


def children() -> list[int]:
    """The processes whose parent is this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (process / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == os.getpid():
                found.append(int(process.name))
    return found
