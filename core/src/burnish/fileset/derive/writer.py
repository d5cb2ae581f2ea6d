"""Elements in Explicit VR Little Endian, gathered, hashed and counted as they are written.

Source: PS3.5 7.1.2 (elements), 7.5 (items). Units: bytes.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from burnish.instances.elements import LONG_VRS

CHUNK: Final = 1 << 18
"""What is gathered before it is written, and what is read at a time."""
UNDEFINED: Final = 0xFFFF_FFFF
ITEM: Final = 0xFFFE_E000
ITEM_END: Final = 0xFFFE_E00D
SEQUENCE_END: Final = 0xFFFE_E0DD

_HEADER: Final = struct.Struct("<HHL")
_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2s2xL")


@dataclass(frozen=True, slots=True)
class Derived:
    """What stands in the target."""

    length: int
    digest: bytes
    """SHA-256 of the derived data set."""
    pixels: Mapping[int, bytes]
    """SHA-256 of decoded pixels, by the offset of their fragments in the source."""


class Writer:
    """Gathers, hashes and counts what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._gathered = bytearray()
        self._digest = hashlib.sha256()
        self._length = 0
        self.pixels: dict[int, bytes] = {}

    def write(self, data: bytes) -> None:
        self._gathered += data
        if len(self._gathered) >= CHUNK:
            self._flush()

    def element(self, tag: int, vr: str, length: int) -> None:
        form = _LONG if vr.encode() in LONG_VRS else _SHORT
        self.write(form.pack(tag >> 16, tag & 0xFFFF, vr.encode(), length))

    def item(self, tag: int, length: int) -> None:
        self.write(_HEADER.pack(tag >> 16, tag & 0xFFFF, length))

    def finish(self) -> Derived:
        self._flush()
        return Derived(self._length, self._digest.digest(), self.pixels)

    def _flush(self) -> None:
        self._digest.update(self._gathered)
        self._file.write(self._gathered)
        self._length += len(self._gathered)
        self._gathered.clear()
