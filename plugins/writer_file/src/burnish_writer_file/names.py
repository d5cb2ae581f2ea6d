"""Where a piece lies: `<request token>/<file-set ID>-<volume>-<copy><suffix>` below the configured folder.

No text from outside becomes a path unchecked: a job that asks for anything but letters and digits is refused.
"""

import ctypes
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnish.contracts import Job
from burnish.errors import DeviceFault, FaultKind

_SHAPES: Final = {
    "token": re.compile(r"[A-Za-z0-9]{1,64}"),
    "file_set_id": re.compile(r"[A-Z0-9_]{0,16}"),
    "suffix": re.compile(r"(\.[a-z0-9]{1,8}){1,2}"),
}
_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_UNNAMED: Final = "FILESET"
"""Stands where the File-set ID is empty."""


@dataclass(frozen=True, slots=True)
class Place:
    """The names of a piece."""

    final: Path
    """What is handed out: it holds a proven image or does not exist."""

    @property
    def part(self) -> Path:
        """What is written to and proven: `.<final name>.part` in the same folder."""
        return self.final.with_name(f".{self.final.name}.part")

    @property
    def rejected(self) -> Path:
        """What had its name already and is no good after all: `.<final name>.rejected`."""
        return self.final.with_name(f".{self.final.name}.rejected")

    @property
    def folder(self) -> Path:
        """The request's folder."""
        return self.final.parent


def place_of(folder: Path, job: Job) -> Place:
    """Say where `job` lies. Raises DeviceFault BAD_REQUEST for a job whose words do not make a name."""
    for name, shape in _SHAPES.items():
        if not shape.fullmatch(getattr(job, name)):
            raise DeviceFault(
                FaultKind.BAD_REQUEST, f"{name} {getattr(job, name)!r} cannot be part of a path"
            )
    if job.volume < 1 or job.copy < 1:
        raise DeviceFault(FaultKind.BAD_REQUEST, f"volume {job.volume}, copy {job.copy}: both count from 1")
    name = f"{job.file_set_id or _UNNAMED}-{job.volume}-{job.copy}{job.suffix}"
    return Place(folder / job.token / name)


def rename(source: Path, target: Path) -> None:
    """Rename without replacing, on every file system (renameat2(2)). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(source), os.fsencode(target)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))
