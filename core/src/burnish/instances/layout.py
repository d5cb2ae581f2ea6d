"""Where the elements of a head lie: worked out once for all heads of one layout.

The instances of a series differ in their values; their elements and lengths are mostly the same. So a head
is not read element by element when one of the same layout was read before: its bytes, masked so that only
the headers of elements are left, are compared with the headers of the layouts that are known for its length.
That takes a tenth of the time, and all heads of a layout share one table.

Shape: Explicit VR Little Endian, all lengths defined, as a head is kept.
"""

import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from burnish.instances.elements import LONG_VRS

Place = tuple[bytes, int, int, int]
"""VR of an element, where it begins, where its value begins and ends."""
Places = Mapping[int, Place]
"""By tag."""

_SHORT: Final = struct.Struct("<HH2sH").unpack_from
_LONG: Final = struct.Struct("<L").unpack_from

_LONGEST: Final = 4096
"""Bytes of the longest head that is compared; longer ones hold sequences, and hardly two are alike."""
_PER_LENGTH: Final = 4
"""Layouts of one length that are remembered."""
_LENGTHS: Final = 256
"""Lengths of which layouts are remembered, each layout in some 10 KiB; at one more all are forgotten."""
_PRICE: Final = 8
"""Heads of no known layout for each layout that is learnt: where hardly two are alike, it does not pay."""
_CREDIT: Final = 400 * _PRICE
"""Of such heads, those that count at most for what is learnt later; so many count from the start."""


class _Layout(NamedTuple):
    """All numbers are heads, read as one little-endian integer."""

    mask: int
    """Ones where headers of elements stand."""
    headers: int
    """Those headers."""
    places: Places


class _Layouts:
    """What is remembered. Threads may share it: what one of them loses is found again."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[_Layout, ...]] = {}
        """By length, the one that was met last first."""
        self._credit = _CREDIT

    def places(self, data: bytes) -> Places:
        length = len(data)
        if length > _LONGEST:
            return _read(data)
        number = int.from_bytes(data, "little")
        for mask, headers, places in self._known.get(length, ()):
            if number & mask == headers:
                return places
        places = _read(data)
        self._credit = min(self._credit + 1, _CREDIT)
        if self._credit > _PRICE and _is_tiled(places, length):
            self._learn(length, number, places)
        return places

    def _learn(self, length: int, number: int, places: Places) -> None:
        self._credit -= _PRICE
        if length not in self._known and len(self._known) >= _LENGTHS:
            self._known.clear()
        mask = _mask(places)
        others = self._known.get(length, ())[: _PER_LENGTH - 1]
        self._known[length] = (_Layout(mask, number & mask, places), *others)


places_of: Final = _Layouts().places
"""Where each element of a head lies."""


def _is_tiled(places: Places, length: int) -> bool:
    """Whether each element begins where the one before ends: none stands there twice, or ends elsewhere."""
    at = 0
    for _, first, _, end in places.values():
        if first != at:
            return False
        at = end
    return at == length


def _mask(places: Places) -> int:
    parts = [b"\xff" * (start - first) + bytes(end - start) for _, first, start, end in places.values()]
    return int.from_bytes(b"".join(parts), "little")


def _read(data: bytes) -> Places:
    places = {}
    pos, size, unpack, long_vrs = 0, len(data), _SHORT, LONG_VRS
    while pos < size:
        group, element, vr, length = unpack(data, pos)
        start = pos + 8
        if vr in long_vrs:
            start = pos + 12
            (length,) = _LONG(data, pos + 8)
        end = start + length
        places[group << 16 | element] = vr, pos, start, end
        pos = end
    return places
