"""Where everything in a data set stands: one pass over its headers, with the values left in their file.

Shape: a data set is a list of `Part`s in the order in which they come; a sequence has a list of such lists.
A value is known by its offset and length, so a part takes little memory whatever its pixels weigh.

It takes the liberties of real files as the scan of an arrival does (`instances.scan`): items in Implicit VR
in an explicit data set, UN of undefined length, padding after the last element, unordered and repeated
tags, odd lengths, group lengths. What the scan refuses is refused here, too.

Source: PS3.5 sections 7.1 (elements), 7.5 (sequences), A.4 (encapsulated pixel data), 6.2.2 (UN).
Units: offsets and lengths in bytes of the data set.
"""

import struct
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO, Final

from pydicom.datadict import dictionary_VR, private_dictionary_VR
from pydicom.tag import Tag

from burnish.errors import SourceDamaged
from burnish.instances.elements import FRAGMENTED, LONG_VRS, SHORT_VRS
from burnish.instances.scan import MAX_DEPTH

PIXEL_DATA: Final = 0x7FE0_0010
_UNDEFINED: Final = 0xFFFF_FFFF
_ITEM: Final = 0xFFFE_E000
_ITEM_END: Final = 0xFFFE_E00D
_SEQUENCE_END: Final = 0xFFFE_E0DD
_ENDLESS: Final = 1 << 62

_IMPLICIT: Final = struct.Struct("<HHL"), struct.Struct(">HHL")
_EXPLICIT: Final = struct.Struct("<HH2sH"), struct.Struct(">HH2sH")
_LENGTH: Final = struct.Struct("<L"), struct.Struct(">L")
"""By byte order: 0 little endian, 1 big endian."""
_KNOWN_VRS: Final = frozenset(vr.decode() for vr in SHORT_VRS | LONG_VRS)


@dataclass(slots=True)
class Part:
    """One element."""

    tag: int
    vr: str
    """As it says itself; in Implicit VR the dictionary's, `US or SS` and its kin undecided; UN where nobody
    knows."""
    at: int
    """Offset of the value."""
    length: int
    """Bytes of the value; of fragments, up to their delimiter."""
    big: bool
    """Whether its numbers are big endian."""
    items: "list[list[Part]] | None" = None
    """Of a sequence."""
    fragments: bool = False
    """Its value is encapsulated: items of bytes."""


@dataclass(frozen=True, slots=True)
class _Level:
    """How the data set or item at hand is written."""

    implicit: bool
    order: int
    depth: int = 0
    creators: dict[int, str] = field(default_factory=dict)
    """Private creators by the block they reserve: group and high byte of the element."""


class Values:
    """A data set's bytes, by offset."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        """`file` stands at the first element, and is seekable."""
        self.file = file
        self.start = file.tell()
        self.length = length

    def read(self, at: int, count: int) -> bytes:
        """Raises ValueError beyond the end, SourceDamaged where the file is shorter than was said."""
        if at + count > self.length:
            raise ValueError(f"the data set ends within an element at byte {at}")
        self.file.seek(self.start + at)
        data = self.file.read(count)
        if len(data) != count:
            raise SourceDamaged(f"the source ends at byte {at + len(data)} of {self.length}")
        return data


class Window:
    """A range of a data set as a file with a place of its own, whoever else reads meanwhile."""

    def __init__(self, values: Values, at: int, length: int) -> None:
        self._values = values
        self._start = at
        self._length = length
        self._at = 0

    def tell(self) -> int:
        """Offset within the range."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of a file; nothing before the range can be reached."""
        base = (0, self._at, self._length)[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """As of a file; nothing behind the range can be read."""
        left = max(0, self._length - self._at)
        count = left if size < 0 else min(size, left)
        data = self._values.read(self._start + self._at, count) if count else b""
        self._at += count
        return data


def dissect(values: Values, *, implicit: bool, big: bool) -> list[Part]:
    """Find every element of a data set.

    Raises ValueError, naming the element, where the structure is broken, and SourceDamaged.
    """
    parts, _ = _Walk(values).elements(0, values.length, _Level(implicit, int(big)))
    return parts


class _Walk:
    def __init__(self, values: Values) -> None:
        self._values = values
        self._past_pixels = False
        """Whether nothing but padding must follow at the root."""

    def elements(self, at: int, end: int, level: _Level) -> tuple[list[Part], int]:
        """Walk up to `end`, or behind the delimiter that stands for it; the elements and where that is."""
        parts: list[Part] = []
        while at < min(end, self._values.length) or end == _ENDLESS:
            if not level.depth and self._is_padding(at, level):
                break
            if not parts and level.depth and self._is_implicit(at, level):
                level = _Level(True, 0, level.depth)
            part, after = self._element(at, end, level)
            if part is None:
                return parts, after
            if part.tag & 0xFFFF:
                parts.append(part)
            at = after
        return parts, at

    def _is_padding(self, at: int, level: _Level) -> bool:
        """Zeros where an element of the root should begin, or after the pixels whatever has no VR."""
        rest = self._values.read(at, min(8, self._values.length - at))
        if rest[:4] == bytes(4) or (len(rest) < 8 and (self._past_pixels or not any(rest))):
            return True
        return self._past_pixels and not level.implicit and not _has_vr(rest)

    def _is_implicit(self, at: int, level: _Level) -> bool:
        """Whether an item of an explicit data set begins as none of explicit VR does."""
        if level.implicit or at + 8 > self._values.length:
            return False
        header = self._values.read(at, 8)
        return _EXPLICIT[level.order].unpack(header)[0] != 0xFFFE and not _has_vr(header)

    def _element(self, at: int, end: int, level: _Level) -> tuple[Part | None, int]:
        """One element and where the next begins; None for the delimiter of the item at hand."""
        tag, vr, length, start = self._header(at, level)
        if tag == _ITEM_END and end == _ENDLESS:
            return None, start
        if tag >> 16 == 0xFFFE:
            raise ValueError(f"{Tag(tag)} stands where an element should, before byte {start}")
        if length != _UNDEFINED and start + length > min(end, self._values.length):
            raise ValueError(f"{Tag(tag)} is longer than what holds it, at byte {start}")
        if not level.depth and tag >= PIXEL_DATA:
            self._past_pixels = True
        part = Part(tag, vr, start, length, bool(level.order))
        if length == _UNDEFINED and vr.encode() in FRAGMENTED and not level.implicit:
            return self._fragments(part, level)
        if self._is_sequence(part, level):
            return self._sequence(part, level)
        if length == _UNDEFINED:
            raise ValueError(f"{Tag(tag)} has no length, which {_kind(level)} does not allow to it")
        self._note(part, level)
        return part, start + length

    def _header(self, at: int, level: _Level) -> tuple[int, str, int, int]:
        """Tag, VR, length and where the value begins."""
        header = self._values.read(at, 8)
        group, element, vr, length = _EXPLICIT[level.order].unpack(header)
        tag = group << 16 | element
        if level.implicit or group == 0xFFFE:
            (length,) = _LENGTH[level.order].unpack(header[4:])
            return tag, "UN" if group == 0xFFFE else _implied_vr(tag, level), length, at + 8
        if vr in SHORT_VRS:
            return tag, vr.decode(), length, at + 8
        if not _has_vr(header):
            raise ValueError(f"{Tag(tag)} at byte {at} has no value representation")
        (length,) = _LENGTH[level.order].unpack(self._values.read(at + 8, 4))
        said = vr.decode("ascii")
        return tag, said if said in _KNOWN_VRS else "UN", length, at + 12

    def _note(self, part: Part, level: _Level) -> None:
        if is_creator(part.tag) and level.implicit and part.length <= 64:
            creator = self._values.read(part.at, part.length).decode("ascii", "replace").strip(" \0")
            level.creators.setdefault((part.tag & 0xFFFF_0000) | (part.tag & 0xFF) << 8, creator)

    def _is_sequence(self, part: Part, level: _Level) -> bool:
        if part.tag == PIXEL_DATA:
            return False
        if part.length == _UNDEFINED:
            return level.implicit or part.vr in ("SQ", "UN")
        if part.vr != "SQ":
            return False
        # a private dictionary may be wrong about what another version of a device writes
        said = not level.implicit or not part.tag >> 16 & 1 or part.length == 0
        return said or (part.length >= 8 and self._header(part.at, level)[0] == _ITEM)

    def _sequence(self, part: Part, level: _Level) -> tuple[Part, int]:
        """What is UN and a sequence holds Implicit VR Little Endian."""
        if level.depth == MAX_DEPTH:
            raise ValueError(f"{Tag(part.tag)} is nested more than {MAX_DEPTH} deep")
        inner = _Level(True, 0) if part.vr == "UN" and not level.implicit else level
        end = _ENDLESS if part.length == _UNDEFINED else part.at + part.length
        part.vr, part.items = "SQ", []
        at = part.at
        while at < end:
            tag, _, size, start = self._header(at, inner)
            if tag == _SEQUENCE_END:
                return part, start if end == _ENDLESS else end
            if tag != _ITEM or (size != _UNDEFINED and start + size > min(end, self._values.length)):
                raise ValueError(f"{Tag(part.tag)} holds what is no item, before byte {start}")
            stop = _ENDLESS if size == _UNDEFINED else start + size
            item, at = self.elements(start, stop, _Level(inner.implicit, inner.order, level.depth + 1))
            part.items.append(item)
        return part, at

    def _fragments(self, part: Part, level: _Level) -> tuple[Part, int]:
        at = part.at
        while True:
            tag, _, size, start = self._header(at, level)
            if tag == _SEQUENCE_END:
                part.length, part.fragments = at - part.at, True
                return part, start
            if tag != _ITEM or size == _UNDEFINED or start + size > self._values.length:
                raise ValueError(f"{Tag(part.tag)} holds what is no fragment, before byte {start}")
            at = start + size


def is_creator(tag: int) -> bool:
    """Whether it reserves a block of private elements, PS3.5 7.8.1."""
    return bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF


def _has_vr(header: bytes) -> bool:
    return header[4:6].isalpha() and header[4:6].isupper()


def _kind(level: _Level) -> str:
    return "Implicit VR" if level.implicit else "Explicit VR"


def _implied_vr(tag: int, level: _Level) -> str:
    if not tag >> 16 & 1:
        return _public_vr(tag)
    if is_creator(tag):
        return "LO"
    return _private_vr(tag, level.creators.get(tag & 0xFFFF_FF00, ""))


@cache
def _public_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


@cache
def _private_vr(tag: int, creator: str) -> str:
    try:
        found = private_dictionary_VR(Tag(tag), creator)
    except KeyError:
        return "UN"
    return found if found in _KNOWN_VRS else "UN"
