"""A file, or a block device, that stands for a drive with a disc: real xorriso, no hardware.

A file that is missing or empty is a blank; so is a block device that begins and ends with zeros. xorriso
calls all of them blank and would overwrite them, so what they hold is looked at here. There is no tray: a
file that was accepted stays until somebody takes it away, and one that was rejected gets the ending
`.rejected-` and a number.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

from burnish.contracts import DeviceState, Job, Medium, Report, Unit
from burnish.errors import DeviceFault, FaultKind
from burnish.media import CAPACITY, SECTOR

from burnish_writer_xorriso.drives import HEAD, Contents, Drive, DriveLock, write_all
from burnish_writer_xorriso.faults import as_faults
from burnish_writer_xorriso.settings import PSEUDO, Settings

_BLKFLSBUF: Final = 0x1261
"""<linux/fs.h>: forget what was read of a block device."""
_STEP: Final = 1 << 20
_SLACK: Final = 1 << 20
"""Bytes that a full file system needs besides the image."""


class PseudoDrive(Drive):
    """A drive without one."""

    def __init__(self, settings: Settings) -> None:
        self._path = Path(settings.device.removeprefix(PSEUDO))
        self._kind = settings.media[0]
        self._unit = Unit(vendor="YOYODYNE", product="WARP DRIVE", place=settings.device)
        self._block = self._path.is_block_device()
        self._lock = DriveLock(self._path)

    @property
    def address(self) -> str:
        return f"{PSEUDO}{self._path}"

    def claim(self) -> None:
        with self._faults():
            self._lock.take()

    def release(self) -> None:
        self._lock.drop()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        with as_faults(str(self._path)):
            yield

    def look(self) -> DeviceState:
        try:
            with self._faults():
                return self._look()
        except DeviceFault as fault:
            return DeviceState(unit=self._unit, condition=fault.kind, message=str(fault))

    def _look(self) -> DeviceState:
        capacity = self._size() if self._block else self._room()
        blank = not any(self._ends())
        medium = Medium(kind=self._kind, blank=blank, capacity=capacity, name=f"file as {self._kind}")
        state = DeviceState(unit=self._unit, medium=medium)
        if blank:
            return state
        message = f"{self._path} holds data: move it away for the next piece"
        return DeviceState(unit=self._unit, medium=medium, condition=FaultKind.WRONG_MEDIUM, message=message)

    def _room(self) -> int:
        room = os.statvfs(self._path.parent)
        return min(CAPACITY[self._kind], max(0, room.f_bavail * room.f_frsize - _SLACK) // SECTOR * SECTOR)

    def _size(self) -> int:
        """Bytes of the file; a file that is missing has none."""
        try:
            with self._path.open("rb") as file:
                return file.seek(0, os.SEEK_END)
        except FileNotFoundError:
            return 0

    def _ends(self) -> bytes:
        """The first and the last HEAD bytes of a block device; a file is blank only while it is empty."""
        size = self._size()
        if not size:
            return b""
        if not self._block:
            return b"x"
        with self._path.open("rb") as file:
            first = file.read(HEAD)
            file.seek(max(0, size - HEAD))
            return first + file.read(HEAD)

    def loaded(self) -> bool:
        with self._faults():
            return self._size() > 0

    def contents(self) -> Contents:
        with self._faults():
            size = self._size()
            with self._path.open("rb") as file:
                return Contents(closed=not self._block, length=size, head=file.read(HEAD))

    def read(self, length: int, sink: BinaryIO, report: Report) -> None:
        with self._faults(), self._path.open("rb", buffering=0) as file:
            self._forget(file.fileno())
            done = 0
            while done < length:
                data = file.read(min(_STEP, length - done))
                if not data:
                    raise DeviceFault(FaultKind.MEDIA_DEFECT, f"{self._path} ends after {done} bytes")
                write_all(sink, data)
                done += len(data)
                report(done)

    def _forget(self, descriptor: int) -> None:
        """Have it read from the disk and not from memory."""
        os.fsync(descriptor)
        if self._block:
            fcntl.ioctl(descriptor, _BLKFLSBUF, 0)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def open_tray(self) -> None:
        raise DeviceFault(FaultKind.BAD_REQUEST, f"{self._path} has no tray")

    close_tray = open_tray

    def accept(self) -> str:
        return str(self._path)

    def reject(self, job: Job) -> None:
        """Give a file another name; a block device is left to the operator."""
        with self._faults():
            if not self._size() or self._block:
                return
            names = (self._path.with_name(f"{self._path.name}.rejected-{number}") for number in count(1))
            self._path.rename(next(name for name in names if not _exists(name)))


def _exists(path: Path) -> bool:
    try:
        return bool(stat.S_IFMT(path.lstat().st_mode))
    except FileNotFoundError:
        return False
