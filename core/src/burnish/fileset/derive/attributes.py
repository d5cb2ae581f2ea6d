"""What a data set must say of its pixels once they were decoded or encoded.

Source: PS3.3 C.7.6.3 (Image Pixel Module), C.7.6.1.1.5 (Lossy Image Compression).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from burnish.fileset.derive.image import Decoded, Image
from burnish.fileset.derive.level import Level
from burnish.fileset.derive.ways import WAYS

_LOSSY: Final = 0x0028_2110
_LOSSY_RATIO: Final = 0x0028_2112
_LOSSY_METHOD: Final = 0x0028_2114


@dataclass(frozen=True, slots=True)
class Made:
    """An element that is not the source's: what its value is now."""

    tag: int
    vr: str
    value: bytes


def changes(level: Level, decoded: Decoded, image: Image) -> Iterator[Made]:
    """The attributes of the Image Pixel Module that the decoded pixels contradict."""
    if decoded.photometric != image.photometric:
        yield Made(0x0028_0004, "CS", decoded.photometric.encode())
    numbers = {0x0028_0100: decoded.allocated}
    if decoded.stored != image.stored:
        numbers |= {0x0028_0101: decoded.stored, 0x0028_0102: decoded.stored - 1}
    if image.samples > 1:
        numbers[0x0028_0006] = decoded.planar
    for tag, number in numbers.items():
        if level.number(tag) != number:
            yield Made(tag, "US", struct.pack("<H", number))


def losses(level: Level, syntax: str, decoded: int, coded: int) -> Iterator[Made]:
    """Say that a codec lost something where nothing says so; what the source says of it stays.

    PS3.3 C.7.6.1.1.5: once lossy, always lossy.
    """
    method = WAYS[syntax].lossy
    if not method or level.text(_LOSSY) == "01":
        return
    yield Made(_LOSSY, "CS", b"01")
    if not level.text(_LOSSY_RATIO):
        yield Made(_LOSSY_RATIO, "DS", f"{decoded / max(coded, 1):.2f}".encode())
    if not level.text(_LOSSY_METHOD):
        yield Made(_LOSSY_METHOD, "CS", method.encode())
