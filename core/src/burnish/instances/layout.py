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

from burnish.instances.elements import LONG_VRS, raw_tag

Place = tuple[bytes, int, int, int]
"""VR of an element, where it begins, where its value begins and ends."""
Places = Mapping[int, Place]
"""By tag."""

_SHORT: Final = struct.Struct("<L2sH").unpack_from
_LONG: Final = struct.Struct("<L").unpack_from

_LONGEST: Final = 4096
"""Bytes of the longest head that is compared; longer ones hold sequences, and hardly two are alike."""
_PER_LENGTH: Final = 8
"""Layouts of one length that are remembered."""
_LENGTHS: Final = 128
"""Lengths of which layouts are remembered, each layout in some 10 KiB; at one more all are forgotten."""


class _Layout(NamedTuple):
    """All numbers are heads, read as one little-endian integer."""

    mask: int
    """Ones where headers of elements stand."""
    headers: int
    """Those headers."""
    places: Places


_known: Final[dict[int, tuple[_Layout, ...]]] = {}
"""By length, the one that was met last first. Threads may share it: a lost entry is found again."""


def places_of(data: bytes) -> Places:
    """Where each element of a head lies."""
    length = len(data)
    if length > _LONGEST:
        return _read(data)
    number = int.from_bytes(data, "little")
    for mask, headers, places in _known.get(length, ()):
        if number & mask == headers:
            return places
    places = _read(data)
    if sum(end - first for _, first, _, end in places.values()) == length:  # no element stands there twice
        _learn(length, number, places)
    return places


def _learn(length: int, number: int, places: Places) -> None:
    if length not in _known and len(_known) >= _LENGTHS:
        _known.clear()
    mask = _mask(places)
    others = _known.get(length, ())[: _PER_LENGTH - 1]
    _known[length] = (_Layout(mask, number & mask, places), *others)


def _mask(places: Places) -> int:
    parts = [b"\xff" * (start - first) + bytes(end - start) for _, first, start, end in places.values()]
    return int.from_bytes(b"".join(parts), "little")


def _read(data: bytes) -> Places:
    places = {}
    pos, size = 0, len(data)
    while pos < size:
        tag, vr, length = _SHORT(data, pos)
        start = pos + 8
        if vr in LONG_VRS:
            start = pos + 12
            (length,) = _LONG(data, pos + 8)
        end = start + length
        places[raw_tag(tag)] = vr, pos, start, end
        pos = end
    return places
