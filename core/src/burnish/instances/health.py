"""Whether the volume under the spool can be trusted with more: room enough, and no sync that failed.

Below the reserve nothing more is taken from outside, so that what was acknowledged can still be made: plans,
derived forms and the database live on the same volume. Instances are never dropped for want of room.

After EIO from fsync the kernel may call lost pages clean, so a second fsync that succeeds proves nothing: the
volume takes nothing more until somebody has looked at it and started the server again.
"""

import errno
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from burnish.errors import Refused
from burnish.instances.durable import FULL
from burnish.terms import DimseStatus

LOGGER = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.25
"""How long a look at the free space is believed: a C-STORE takes less than a millisecond."""


class Health:
    """Of one volume, for every thread of a process."""

    def __init__(
        self, folder: Path, reserve: int = 0, failed: Callable[[str], None] = lambda _: None
    ) -> None:
        """`folder` is any on the volume; `reserve` is in bytes; `failed` is told once why it went bad."""
        self._folder = folder
        self._reserve = reserve
        self._tell = failed
        self._turn = threading.Lock()
        self._failure = ""
        self._free = 0
        self._looked = -_LOOK_SECONDS

    def demand(self, status: DimseStatus = DimseStatus.OUT_OF_RESOURCES) -> None:
        """Raise Refused with `status` where the volume takes nothing more."""
        if self._failure:
            raise Refused(f"nothing is stored any more: {self._failure}", status)
        if self._reserve and self._room() < self._reserve:
            raise Refused("free disk space is below the reserve", status)

    def fsync(self, descriptor: int) -> None:
        """Make a file or folder durable. Raises OSError; the first fault of the volume is its last word."""
        if self._failure:
            raise OSError(errno.EIO, self._failure)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in FULL:
                self._fail(f"a sync of {self._folder} failed: {error.strerror}")
            raise

    def condemn(self, message: str) -> None:
        """Take nothing more: what else lies on this volume could not be synced."""
        with self._turn:
            self._failure = self._failure or message

    def _room(self) -> int:
        """Bytes that an ordinary user may still write."""
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            found = os.statvfs(self._folder)
            self._free, self._looked = found.f_bavail * found.f_frsize, now
        return self._free

    def _fail(self, message: str) -> None:
        with self._turn:
            first, self._failure = not self._failure, self._failure or message
        if first:
            LOGGER.critical("%s; nothing more is stored until the server is started again", message)
            self._tell(message)
