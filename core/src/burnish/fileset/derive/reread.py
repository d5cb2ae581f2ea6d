"""A data set as pydicom reads it: elements by tag, their values left in the file where they are long.

Of a repeated tag the first element counts. Units: offsets and lengths in bytes of the file.
"""

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag, Tag

_CHUNK: Final = 1 << 18
_DEFERRED: Final = 1 << 12
"""Longer values are left in the file until they are compared."""
UNDEFINED: Final = 0xFFFF_FFFF
_ENDLESS: Final = 1 << 62
_ITEM: Final = 0xFFFE_E000
_SEQUENCE_END: Final = 0xFFFE_E0DD
PIXEL_DATA: Final = 0x7FE0_0010
_WIDTH: Final = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), "H"),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), "I"),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), "Q"),
}
"""Type codes of `array` for the numbers that change with byte order, PS3.5 7.3."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, or an item of it."""

    file: BinaryIO
    start: int
    """Where the data set begins in its file."""
    implicit: bool
    little: bool
    padded: bool
    """Whether what follows the pixels and has no VR is padding."""

    def inner(self, element: "Element") -> "Side":
        """How the items of a sequence are written: those of UN in Implicit VR Little Endian."""
        unknown = element.vr == "UN"
        return Side(self.file, self.start, self.implicit or unknown, self.little or unknown, padded=False)


@dataclass(slots=True)
class Element:
    """One element."""

    tag: BaseTag
    vr: str | None
    """None in Implicit VR."""
    at: int
    """Of its value, in the file."""
    length: int
    """0xFFFFFFFF of sequences and fragments that end with a delimiter."""
    value: bytes | None
    """None where it is still in the file."""
    items: "list[dict[int, Element]] | None" = None
    """Of a sequence that was read already: to know its end."""


def read(side: Side, at: int, end: int) -> tuple[dict[int, Element], int]:
    """The elements of a data set or item, and where it ends: behind its delimiter, where that counts."""
    found: dict[int, Element] = {}
    last = 0
    while at < end:
        for element in _elements(side, at):
            if element.vr is None and not side.implicit and side.padded and last >= PIXEL_DATA:
                return found, end
            last = element.tag
            if element.tag.element:
                found.setdefault(element.tag, element)
            at = _after(side, element)
            if at >= end or element.length == UNDEFINED:
                break
        else:
            return found, side.file.tell() if end == _ENDLESS else at
    return found, at


def _elements(side: Side, at: int) -> Iterator[Element]:
    """Elements as pydicom reads them, up to the first of undefined length, or the end of the item."""
    open_end: list[Element] = []

    def is_open(tag: BaseTag, vr: str | None, length: int) -> bool:
        if length == UNDEFINED:
            open_end.append(Element(tag, vr, side.file.tell(), length, None))
        return bool(open_end)

    side.file.seek(at)
    for raw in data_element_generator(side.file, side.implicit, side.little, is_open, _DEFERRED):
        assert isinstance(raw, RawDataElement), DataElement  # noqa: S101 - only undefined lengths give others
        yield Element(raw.tag, raw.VR, raw.value_tell, raw.length, raw.value or (None if raw.length else b""))
        side.file.seek(raw.value_tell + raw.length)
    yield from open_end


def _after(side: Side, element: Element) -> int:
    """Where the next element begins."""
    if element.length != UNDEFINED:
        return element.at + element.length
    if holds_bytes(element):
        return _after_fragments(side, element.at)
    element.items, end = items_of(side.inner(element), element)
    return end


def holds_bytes(element: Element) -> bool:
    """Whether its value is fragments."""
    return element.vr in ("OB", "OW") and element.length == UNDEFINED


def _after_fragments(side: Side, at: int) -> int:
    while True:
        tag, length = _item(side, at)
        at += 8 + length
        if tag != _ITEM:
            _check_end(tag)
            return at


def items_of(side: Side, sequence: Element) -> tuple[list[dict[int, Element]], int]:
    """The items of a sequence, and where it ends."""
    found: list[dict[int, Element]] = []
    at = sequence.at
    end = _ENDLESS if sequence.length == UNDEFINED else at + sequence.length
    while at < end:
        tag, length = _item(side, at)
        at += 8
        if tag != _ITEM:
            _check_end(tag)
            break
        stop = _ENDLESS if length == UNDEFINED else at + length
        item, after = read(side, at, stop)
        at = after if stop == _ENDLESS else stop
        found.append(item)
    return found, at if end == _ENDLESS else end


def _check_end(tag: int) -> None:
    if tag != _SEQUENCE_END:
        raise ValueError(f"{Tag(tag)} stands where an item should")


def _item(side: Side, at: int) -> tuple[int, int]:
    side.file.seek(at)
    group, element, length = struct.unpack("<HHL" if side.little else ">HHL", side.file.read(8))
    return group << 16 | element, length


def values_of(element: Element, side: Side, length: int) -> Iterator[bytes]:
    """The first `length` bytes of a value in little endian order, in pieces of one size."""
    code = None if side.little else _WIDTH.get(element.vr or "")
    for piece in pieces_of(element, side, length):
        yield _turned(piece, code) if code and piece else piece


def number_of(element: Element | None, *, little: bool = True) -> int:
    """The first US of a value; 0 where there is none."""
    return int.from_bytes((element.value or b"")[:2], "little" if little else "big") if element else 0


def text_of(element: Element | None) -> str:
    """A short text; empty where there is none."""
    return (element.value or b"").decode("ascii", "replace").strip(" \0") if element else ""


def _turned(data: bytes, code: str) -> bytes:
    numbers = array(code)
    whole = len(data) // numbers.itemsize * numbers.itemsize
    numbers.frombytes(data[:whole])
    numbers.byteswap()
    return numbers.tobytes() + data[whole:]


def pieces_of(element: Element, side: Side, length: int) -> Iterator[bytes]:
    """Give the first `length` bytes of a value in pieces of one size."""
    if element.value is not None and length:
        yield element.value[:length]
        return
    for at in range(0, length, _CHUNK):
        side.file.seek(element.at + at)
        yield side.file.read(min(_CHUNK, length - at))
