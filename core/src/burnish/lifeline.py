"""Ending with one's parent, however that ends."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int = 0) -> None:
    """Have the kernel end this process when its parent ends, however that ends (prctl(2), PR_SET_PDEATHSIG).

    `parent` is its number where it is known; else a parent that is gone is told by its heir, process 1.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    gone = os.getppid() != parent if parent else os.getppid() == 1
    if gone:
        os.kill(os.getpid(), signal.SIGKILL)
