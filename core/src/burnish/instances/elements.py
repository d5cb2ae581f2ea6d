"""Elements as bytes: value representations, their headers, and how a value is spelled in a head.

Shape: everything that is written here is Explicit VR Little Endian with a defined, even length.

Source: PS3.5 6.2 (value representations), 7.1.2 (headers), 6.2.2 (UN where a value outgrows its VR).
"""

import struct
from functools import cache
from typing import Final

from pydicom.datadict import dictionary_has_tag, dictionary_VR

# PS3.5 7.1.2: the VRs whose explicit length has 16 bits, and those whose has 32.
SHORT_VRS: Final = frozenset(
    (
        *(b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN"),
        *(b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"),
    )
)
LONG_VRS: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
FRAGMENTED: Final = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW"))
"""The VRs that may hold encapsulated fragments."""
CHARACTER_SET_VRS: Final = frozenset((b"LO", b"LT", b"PN", b"SH", b"ST", b"UC", b"UT"))
"""The VRs that Specific Character Set speaks of."""

SHORT: Final = struct.Struct("<HH2sH")
LONG: Final = struct.Struct("<HH2sHL")
ITEM: Final = struct.Struct("<HHL")

_WORD: Final = {
    **dict.fromkeys((b"AT", b"OW", b"SS", b"US"), 2),
    **dict.fromkeys((b"FL", b"OF", b"OL", b"SL", b"UL"), 4),
    **dict.fromkeys((b"FD", b"OD", b"OV", b"SV", b"UV"), 8),
}
"""Bytes of the numbers that change with byte order."""
BINARY: Final = frozenset((*_WORD, *FRAGMENTED, b"SQ", b"UN"))
"""The VRs that are no text."""
_NUL_PADDED: Final = BINARY | {b"UI"}

# Where PS3.6 leaves a choice that depends on pixels; the bits are the same either way.
_AMBIGUOUS: Final = {
    "OB or OW": "OW",
    "US or SS": "US",
    "US or OW": "OW",
    "US or SS or OW": "OW",
    "NONE": "UN",
}


def name(tag: int) -> str:
    """A tag as people write it."""
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def raw_tag(tag: int) -> int:
    """The number that a tag's four little-endian bytes are, and back."""
    return (tag & 0xFFFF) << 16 | tag >> 16


@cache
def _listed_vr(tag: int) -> bytes:
    if not dictionary_has_tag(tag):
        return b"UN"
    vr = dictionary_VR(tag)
    return _AMBIGUOUS.get(vr, vr).encode()


def vr_of(tag: int) -> bytes:
    """The VR of PS3.6; UN for what it does not list."""
    if tag >> 16 & 1:
        return b"UN"
    return _listed_vr(tag) if tag & 0xFFFF else b"UL"


def encoded(tag: int, vr: bytes, value: bytes, big: bool = False) -> bytes:
    """One element; `big` where the value's numbers are big endian."""
    if big and vr in _WORD:
        value = _swapped(value, _WORD[vr])
    if len(value) & 1:
        value += b"\0" if vr in _NUL_PADDED else b" "
    if vr not in SHORT_VRS:
        return LONG.pack(tag >> 16, tag & 0xFFFF, vr, 0, len(value)) + value
    if len(value) > 0xFFFE:
        return LONG.pack(tag >> 16, tag & 0xFFFF, b"UN", 0, len(value)) + value
    return SHORT.pack(tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def _swapped(value: bytes, width: int) -> bytes:
    whole = len(value) // width * width
    swapped = bytearray(value)
    for place in range(width):
        swapped[place:whole:width] = value[width - 1 - place : whole : width]
    return bytes(swapped)
