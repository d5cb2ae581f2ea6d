"""Making names durable: one sync of a folder serves everybody who waited for it."""

import os
import threading
from pathlib import Path


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
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Condition()
        self._running = False
        self._started = 0
        self._finished = 0
        self._failure: OSError | None = None

    def __call__(self) -> None:
        """Return when every name that stood in the folder at the call is durable. Raises OSError."""
        with self._turn:
            ticket = self._started + 1
            while self._running and self._finished < ticket:
                self._turn.wait()
            self._check()
            if self._finished >= ticket:
                return
            self._started, self._running = ticket, True
        try:
            self._sync()
        finally:
            with self._turn:
                self._running, self._finished = False, ticket
                self._turn.notify_all()

    def _sync(self) -> None:
        """A folder that cannot be opened, for want of descriptors, has lost nothing: no sync failed."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            self._failure = error
            raise
        finally:
            os.close(descriptor)

    def _check(self) -> None:
        if self._failure:
            raise OSError(self._failure.errno, f"{self._folder} could not be synced before")
