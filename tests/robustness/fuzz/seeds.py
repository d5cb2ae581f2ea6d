"""What is mutated: every DICOM file that comes with pydicom, and one made instance of each other kind.

Each copy of a seed gets a SOP Instance UID of its own, as long as the one it had, so that many copies may
stand on one medium.
"""

import re
import warnings
import zlib
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import count
from pathlib import Path
from random import Random
from typing import Final
from unittest.mock import patch

import pydicom
from pydicom import dcmread

from tests import kinds

FOLDER: Final = Path(pydicom.__file__).parent / "data" / "test_files"
_OTHER: Final = frozenset((".dump", ".gz", ".icc", ".json", ".txt"))
"""Files there that are not DICOM."""
_LARGEST: Final = 400_000
"""Bytes; what is larger takes its time and shows nothing more."""
_CHANGED: Final = 12
"""Characters at the end of a SOP Instance UID that differ between copies."""
_ROOT: Final = "1.2.826.0.1.3680043.8.498.4711"


@dataclass(frozen=True)
class Seed:
    """One real file."""

    name: str
    data: bytes
    uid: bytes
    """Its SOP Instance UID; empty where it has none that can be replaced."""

    @property
    def is_directory(self) -> bool:
        """A DICOMDIR."""
        return "DICOMDIR" in self.name

    def copy(self, random: Random) -> bytes:
        """The file with another SOP Instance UID of the same length."""
        if not self.uid:
            return self.data
        end = [random.choice(b"123456789") if one in b"0123456789" else one for one in self.uid[-_CHANGED:]]
        return self.data.replace(self.uid, self.uid[:-_CHANGED] + bytes(end))


@cache
def seeds() -> tuple[Seed, ...]:
    """All of them, in the order of their names."""
    paths = [path for path in sorted(FOLDER.rglob("*")) if _is_wanted(path)]
    found = [_seed(str(path.relative_to(FOLDER)), path.read_bytes()) for path in paths]
    found += [_seed(kind, _made(kind)) for kind in sorted(kinds.CLASSES)]
    return tuple(found)


@cache
def directories() -> tuple[Seed, ...]:
    """The DICOMDIRs among them."""
    return tuple(seed for seed in seeds() if seed.is_directory)


def _is_wanted(path: Path) -> bool:
    plain = path.is_file() and path.suffix not in _OTHER and path.name != "README"
    return plain and path.stat().st_size <= _LARGEST and not _is_repeated(path)


def _is_repeated(path: Path) -> bool:
    """Fifty images of one series show what two do."""
    return path.name.startswith("IM0000") and path.name > "IM000001"


def _seed(name: str, data: bytes) -> Seed:
    return Seed(name, data, _uid_of(data))


def _uid_of(data: bytes) -> bytes:
    """Its SOP Instance UID, where it is long enough to be told from others by its end."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            uid = str(dcmread(BytesIO(data), force=True, stop_before_pixels=True).get("SOPInstanceUID", ""))
    except (OSError, ValueError, AttributeError, NotImplementedError, zlib.error):
        return b""
    return uid.encode() if re.fullmatch(r"[0-9.]{20,64}", uid) else b""


def _made(kind: str) -> bytes:
    """One that is made has the same UIDs each time."""
    numbers, buffer = count(1), BytesIO()
    with patch.object(kinds, "generate_uid", lambda: f"{_ROOT}.{next(numbers)}"):
        ds = kinds.made(kind)
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{_ROOT}.1", f"{_ROOT}.2"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{_ROOT}.{zlib.crc32(kind.encode())}"
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
