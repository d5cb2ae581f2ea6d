"""The elements of one data set or item by tag, and what of them decides VRs.

Source: PS3.5 6.2 (VRs), 6.2.2 (UN), A.1 (Implicit VR).
"""

from collections.abc import Sequence
from typing import Final

from burnish.fileset.derive.anatomy import Part, Values
from burnish.fileset.derive.image import Image
from burnish.instances.elements import BINARY, LONG_VRS, vr_of

_SHORT_TEXT: Final = 1 << 18
_NUMBER_OF_FRAMES: Final = 0x0028_0008
_PIXEL_REPRESENTATION: Final = 0x0028_0103
_LUT_DESCRIPTOR: Final = 0x0028_3002
_LUT_DATA: Final = 0x0028_3006
OFFSETS: Final = (0x7FE0_0001, 0x7FE0_0002, 0x7FE0_0003)
"""Extended Offset Table, its lengths, and Encapsulated Pixel Data Value Total Length."""

_UNIT: Final = {
    "AT": 4, "FD": 8, "FL": 4, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2,
    "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8,
}  # fmt: skip
"""Bytes of one value of a binary VR, PS3.5 table 6.2-1."""
WORD: Final = _UNIT | {"AT": 2}
"""Bytes that change places between big and little endian, PS3.5 7.3."""


class Level:
    """The elements of a data set or item by tag, and what of them decides VRs."""

    def __init__(self, values: Values, parts: Sequence[Part], parent: "Level | None") -> None:
        self._values = values
        self._parent = parent
        self.parts: dict[int, Part] = {}
        for part in parts:
            self.parts.setdefault(part.tag, part)

    def number(self, tag: int) -> int | None:
        """The first value of a US element here; None where there is none."""
        part = self.parts.get(tag)
        if part is None or part.length < 2 or part.items is not None:
            return None
        return int.from_bytes(self._values.read(part.at, 2), "big" if part.big else "little")

    def text(self, tag: int) -> str:
        """A short text here; empty where there is none."""
        part = self.parts.get(tag)
        if part is None or part.length > _SHORT_TEXT or part.items is not None:
            return ""
        return self._values.read(part.at, part.length).decode("ascii", "replace").strip(" \0")

    def bytes(self, tag: int) -> bytes:
        """A value here; empty where there is none."""
        part = self.parts.get(tag)
        return self._values.read(part.at, part.length) if part else b""

    def signed(self) -> bool:
        """Whether the nearest Pixel Representation says so; unsigned where there is none."""
        found = self.number(_PIXEL_REPRESENTATION)
        if found is not None or self._parent is None:
            return found == 1
        return self._parent.signed()

    def vr(self, part: Part) -> str:
        """The VR that an element is written with."""
        vr = self._decided(part.tag, part.vr) if " or " in part.vr else part.vr
        listed = vr_of(part.tag)
        if listed not in BINARY and vr in WORD:  # numbers where PS3.6 has text, as the scan takes them
            vr = listed.decode()
        too_long = vr.encode() not in LONG_VRS and part.length > 0xFFFE
        odd = vr == "SQ" or part.length % _UNIT.get(vr, 1)
        return "UN" if too_long or odd or len(vr) != 2 else vr

    def _decided(self, tag: int, found: str) -> str:
        """Decide between VRs as PS3.5 A.1 and the notes of PS3.6 do for Implicit VR."""
        if found == "US or SS":
            return "SS" if self.signed() else "US"
        if tag == _LUT_DATA and self.number(_LUT_DESCRIPTOR) == 1:
            return "US"
        return "OW"


def image_of(level: Level, syntax: str) -> Image:
    offsets = (level.bytes(OFFSETS[0]), level.bytes(OFFSETS[1]))
    frames = level.text(_NUMBER_OF_FRAMES)
    return Image(
        transfer_syntax=syntax,
        rows=level.number(0x0028_0010) or 0,
        columns=level.number(0x0028_0011) or 0,
        samples=level.number(0x0028_0002) or 0,
        photometric=level.text(0x0028_0004),
        allocated=level.number(0x0028_0100) or 0,
        stored=level.number(0x0028_0101) or 0,
        signed=level.number(_PIXEL_REPRESENTATION) or 0,
        planar=level.number(0x0028_0006) or 0,
        frames=int(frames) if frames.isdecimal() and int(frames) else 1,
        offsets=offsets if all(offsets) else None,
    )


def swapped(data: bytes, width: int) -> bytes:
    """Reverse the bytes of each value of `width` bytes; what is left over at the end stays.

    >>> swapped(bytes([1, 2, 3, 4, 5]), 2)
    b'\\x02\\x01\\x04\\x03\\x05'
    """
    whole = len(data) // width * width
    turned = bytearray(data)
    for place in range(width):
        turned[place:whole:width] = data[width - 1 - place : whole : width]
    return bytes(turned)
