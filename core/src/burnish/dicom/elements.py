"""Data sets of DIMSE-N, read once, strictly and within limits, to plain values.

A general reader is lazy and lenient, which is right for files: it lets a length point beyond the end and
decodes text when somebody looks. A request has to be right when it is acknowledged, so everything is
read here at once: elements in order and once, lengths within what holds them, text that its Specific
Character Set can hold. Anything else is refused, and nothing has happened.

Units: lengths and positions in bytes. Limits: `MAX_DEPTH` sequences within one another, `MAX_ELEMENTS`
and `MAX_ITEMS` in the whole. Elements that PS3.6 does not name are checked and left out.

Source: PS3.5 7.1 (elements), 7.5 (sequences), 6.2 (VRs), PS3.6 Table 6-1.
"""

import struct
from functools import lru_cache
from typing import Any, Final

from pydicom.datadict import get_entry

from burnish.dicom.charset import CharacterSet
from burnish.dicom.values import LEFT_OUT, plain_value
from burnish.errors import Refused
from burnish.terms import DimseStatus

MAX_DEPTH: Final = 16
MAX_ELEMENTS: Final = 2_000_000
MAX_ITEMS: Final = 250_000

_UNDEFINED: Final = 0xFFFFFFFF
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_CHARACTER_SET: Final = 0x00080005
_PIXEL_DATA: Final = 0x7FE00010
_LARGEST_ICON: Final = 128 * 128 * 2
"""Bytes of Pixel Data within a sequence that are carried on: those of an icon (PS3.3 F.7)."""
_LONG: Final = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""VRs with two reserved bytes and a length of four, PS3.5 Table 7.1-1."""
_SHORT: Final = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())


@lru_cache(maxsize=4096)
def _named(tag: int) -> tuple[str, str]:
    """VR and keyword of PS3.6; UN and nothing where the tag is not there."""
    if tag >> 16 & 1:
        return "UN", ""
    try:
        entry = get_entry(tag)
    except KeyError:
        return ("UL", "") if tag & 0xFFFF == 0 else ("UN", "")
    return entry[0][:2], entry[4]


def read_data_set(
    encoded: bytes, *, explicit: bool, assumed: str | None = None, invalid: DimseStatus
) -> dict[str, Any]:
    """Read a data set to plain values by keyword.

    `assumed` is the Specific Character Set of text that comes without one; None: such text must be
    ASCII. Raises Refused: 0110 for what cannot be read, `invalid` naming the attribute for text that its
    character set cannot hold, 0213 beyond a limit.
    """
    reader = _Reader(encoded, explicit, invalid)
    try:
        return reader.data_set(len(encoded), CharacterSet.default(assumed), depth=0)
    except (struct.error, UnicodeError, ValueError) as error:
        raise _unreadable(str(error)) from error


def _unreadable(why: str) -> Refused:
    return Refused(f"the data set cannot be read: {why}"[:64], DimseStatus.PROCESSING_FAILURE)


class _Reader:
    def __init__(self, encoded: bytes, explicit: bool, invalid: DimseStatus) -> None:
        self._data = encoded
        self._explicit = explicit
        self._invalid = invalid
        self._at = 0
        self._elements = 0
        self._items = 0

    def data_set(
        self, end: int, characters: CharacterSet, depth: int, *, delimited: bool = False
    ) -> dict[str, Any]:
        """Read elements up to `end`, or up to the delimiter of an item."""
        found: dict[str, Any] = {}
        previous = -1
        while self._at < end:
            tag, vr, length = self._header(end)
            if delimited and tag == _ITEM_END:
                return found
            self._check_order(tag, previous)
            value = self._value(tag, vr, length, end, characters, depth)
            if tag == _CHARACTER_SET and value:
                characters = CharacterSet.named(value, self._invalid)
            if value is not LEFT_OUT:
                found[_named(tag)[1]] = value
            previous = tag
        if delimited:
            raise _unreadable("an item is not ended")
        return found

    def _check_order(self, tag: int, previous: int) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise Refused(f"more than {MAX_ELEMENTS} elements", DimseStatus.RESOURCE_LIMITATION)
        if tag <= previous:
            raise _unreadable(f"{_shown(tag)} is out of order")
        if tag >> 16 in (0x0000, 0x0002, 0xFFFE):
            raise _unreadable(f"{_shown(tag)} does not belong there")

    def _header(self, end: int) -> tuple[int, str, int]:
        group, number = self._unpack("<HH", 4, end)
        tag = group << 16 | number
        if group == 0xFFFE or not self._explicit:
            (length,) = self._unpack("<I", 4, end)
            return tag, _named(tag)[0], length
        return (tag, *self._explicit_header(tag, end))

    def _explicit_header(self, tag: int, end: int) -> tuple[str, int]:
        (vr,) = self._unpack("2s", 2, end)
        if vr in _LONG:
            _, length = self._unpack("<HI", 6, end)
        elif vr in _SHORT:
            (length,) = self._unpack("<H", 2, end)
        else:
            raise _unreadable(f"{_shown(tag)} has no VR")
        return vr.decode("ascii"), length

    def _unpack(self, layout: str, size: int, end: int) -> tuple[Any, ...]:
        if self._at + size > end:
            raise _unreadable("it ends within an element")
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += size
        return values

    def _value(self, tag: int, vr: str, length: int, end: int, characters: CharacterSet, depth: int) -> Any:
        keyword = _named(tag)[1]
        if vr == "SQ" or length == _UNDEFINED:
            items = self._sequence(tag, vr, length, end, characters, depth)
            return items if keyword else LEFT_OUT
        value = self._bytes(tag, length, end)
        if not keyword:
            return LEFT_OUT
        if tag == _PIXEL_DATA and depth and length <= _LARGEST_ICON:
            return value
        try:
            return plain_value(vr, value, characters)
        except UnicodeError as error:
            message = f"{keyword}: text does not fit its character set"
            raise Refused(message, self._invalid, [tag]) from error

    def _bytes(self, tag: int, length: int, end: int) -> bytes:
        start, self._at = self._at, self._at + length
        if self._at > end:
            raise _unreadable(f"{_shown(tag)} is longer than what holds it")
        return self._data[start : self._at]

    def _sequence(
        self, tag: int, vr: str, length: int, end: int, characters: CharacterSet, depth: int
    ) -> list[dict[str, Any]]:
        if depth >= MAX_DEPTH:
            raise _unreadable(f"sequences within one another beyond {MAX_DEPTH}")
        if vr not in ("SQ", "UN"):
            raise _unreadable(f"{_shown(tag)} has no length")
        outer, self._explicit = self._explicit, self._explicit and vr != "UN"
        try:
            return self._all_items(tag, length, end, characters, depth)
        finally:
            self._explicit = outer

    def _all_items(
        self, tag: int, length: int, end: int, characters: CharacterSet, depth: int
    ) -> list[dict[str, Any]]:
        delimited = length == _UNDEFINED
        stop = end if delimited else self._at + length
        if stop > end:
            raise _unreadable(f"{_shown(tag)} is longer than what holds it")
        items: list[dict[str, Any]] = []
        while self._at < stop:
            mark, _, size = self._header(stop)
            if delimited and mark == _SEQUENCE_END:
                return items
            items.append(self._item(tag, mark, size, stop, characters, depth))
        if delimited:
            raise _unreadable(f"{_shown(tag)} is not ended")
        return items

    def _item(
        self, tag: int, mark: int, size: int, end: int, characters: CharacterSet, depth: int
    ) -> dict[str, Any]:
        self._items += 1
        if self._items > MAX_ITEMS:
            raise Refused(f"more than {MAX_ITEMS} items", DimseStatus.RESOURCE_LIMITATION, [tag])
        if mark != _ITEM:
            raise _unreadable(f"{_shown(tag)} holds what is no item")
        if size == _UNDEFINED:
            return self.data_set(end, characters, depth + 1, delimited=True)
        if self._at + size > end:
            raise _unreadable(f"an item of {_shown(tag)} is longer than it")
        return self.data_set(self._at + size, characters, depth + 1)


def _shown(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
