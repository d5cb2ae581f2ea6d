"""Where elements stand in a file, found by a reader that gives up quietly at the first nonsense.

It shares no code with the readers under test and only serves to aim: whatever it finds is a place worth
breaking. Offsets are bytes from the start of the file.
"""

import struct
from dataclasses import dataclass
from typing import Final

from pydicom.datadict import dictionary_has_tag, dictionary_VR

META: Final = 132
IMPLICIT, BIG, DEFLATED = b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2.1.99"
UNDEFINED: Final = 0xFFFF_FFFF
_MOST: Final = 400
_LONG: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
_ITEMS: Final = frozenset((0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD))


@dataclass(frozen=True, slots=True)
class Place:
    """One element, item or delimiter."""

    tag: int
    vr: str
    """Empty for items and delimiters."""
    at: int
    start: int
    """Of its value."""
    end: int
    """Behind its value; of what has undefined length, behind its header."""
    length_at: int
    length_size: int
    """2 or 4 bytes."""
    big: bool
    explicit: bool


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the data set is written."""

    explicit: bool
    big: bool


def find_places(data: bytes) -> list[Place]:
    """What stands in a file, items included, at most 400 of them."""
    found: list[Place] = []
    at = META if data[128:META] == b"DICM" else 0
    encoding, data_set = Encoding(explicit=True, big=False), guess_encoding(data[at:])
    while len(found) < _MOST and at + 8 <= len(data):
        if data[at : at + 2] != b"\2\0":
            encoding = data_set
        place = _place(data, at, encoding)
        if place is None:
            break
        found.append(place)
        if place.tag == 0x00020010:
            data_set = encoding_of(data[place.start : place.end])
        at = place.end
    return found


def guess_encoding(data: bytes) -> Encoding:
    """What the first bytes of a data set look like, where nothing says it."""
    return Encoding(explicit=data[4:6].isalpha() and data[4:6].isupper(), big=data[:1] == b"\0")


def encoding_of(syntax: bytes) -> Encoding:
    """What a Transfer Syntax UID says."""
    uid = syntax.strip(b" \0")
    return Encoding(explicit=uid != IMPLICIT, big=uid == BIG)


def _place(data: bytes, at: int, encoding: Encoding) -> Place | None:
    order = ">" if encoding.big else "<"
    group, element = struct.unpack_from(order + "HH", data, at)
    tag, vr = group << 16 | element, data[at + 4 : at + 6].decode("latin-1")
    explicit = encoding.explicit and tag not in _ITEMS
    if not explicit:
        vr = "" if tag in _ITEMS else _listed(tag)
        length_at, size = at + 4, 4
    elif vr in _LONG:
        length_at, size = at + 8, 4
    elif vr.isalpha() and vr.isupper():
        length_at, size = at + 6, 2
    else:
        return None
    start = length_at + size
    if start > len(data):
        return None
    (length,) = struct.unpack_from(order + ("H" if size == 2 else "L"), data, length_at)
    holds = tag in _ITEMS or vr == "SQ" or length == UNDEFINED
    end = start if holds else start + length
    return Place(tag, vr, at, start, min(end, len(data)), length_at, size, encoding.big, explicit)


def _listed(tag: int) -> str:
    return dictionary_VR(tag)[:2] if dictionary_has_tag(tag) else "UN"
