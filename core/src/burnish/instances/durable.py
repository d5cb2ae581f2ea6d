"""Making names durable: one sync of a folder serves everybody who waited for it."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What fsync says of a full disk: what is at hand is thrown away, and the volume is none the worse."""


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class FolderSync:
    """Syncs one folder for many threads: who arrives while a sync runs shares the next one.

    A failed sync stays failed: after EIO the kernel may call lost pages clean, so a second sync that
    succeeds proves nothing. The folder must be looked at by somebody; until then nothing is acknowledged.
    A full disk, or a folder that cannot be opened for want of descriptors, has lost nothing: it fails those
    who waited, and nobody after them.
    """

    def __init__(self, folder: Path, fsync: Callable[[int], None] | None = None) -> None:
        """`fsync` in place of the system's hears of a failure too."""
        self._folder = folder
        self._fsync = fsync
        self._turn = threading.Condition()
        self._running = False
        self._started = 0
        self._finished = 0
        self._failed = 0
        """The last sync that failed, and with what; `lost` where nothing may be believed after it."""
        self._failure: OSError | None = None
        self._lost = False

    def __call__(self) -> None:
        """Return when every name that stood in the folder at the call is durable. Raises OSError."""
        with self._turn:
            ticket = self._started + 1
            while self._running and self._finished < ticket:
                self._turn.wait()
            self._check(ticket)
            if self._finished >= ticket:
                return
            self._started, self._running = ticket, True
        try:
            self._sync()
        except OSError as error:
            self._failed, self._failure = ticket, error
            raise
        finally:
            with self._turn:
                self._running, self._finished = False, ticket
                self._turn.notify_all()

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            (self._fsync or os.fsync)(descriptor)
        except OSError as error:
            self._lost = error.errno not in FULL
            raise
        finally:
            os.close(descriptor)

    def _check(self, ticket: int) -> None:
        if self._failure and (self._lost or ticket <= self._failed):
            raise OSError(self._failure.errno, f"{self._folder} could not be synced before")
