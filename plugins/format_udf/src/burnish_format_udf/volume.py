"""Finds the volume on a medium: anchors, volume descriptors, partitions. ECMA-167 3/8.4 and 3/10, UDF 2.2.

Units: bytes from the start of the medium, blocks where a name says so.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from burnish.errors import UnreadableMedium

from burnish_format_udf.descriptors import ANCHOR
from burnish_format_udf.fields import DEVELOPER, LONG_AD, SHORT_AD
from burnish_format_udf.medium import Medium, field_text, kind_of, location_of
from burnish_format_udf.records import Address, Shelf
from burnish_format_udf.spaces import Mapped, Physical, Space

_BLOCK_SIZES: Final = (2048, 512, 4096, 1024)
_PRIMARY, _ANCHOR, _POINTER, _PARTITION, _LOGICAL, _END, _INTEGRITY = 1, 2, 3, 5, 6, 8, 9
_MOST_DESCRIPTORS: Final = 512
_MOST_PARTITIONS: Final = 8
_SEARCHED: Final = 320
"""Blocks behind the partition in which the last anchor is looked for: a drive may have padded the medium."""

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Volume:
    """What the volume descriptors say."""

    shelf: Shelf
    identifier: str
    volume_set: str
    ours: bool
    """Whether burnish wrote it."""
    revision: int
    """UDF Revision of the domain (UDF 2.1.5.3)."""
    file_set: Address
    mirrored: Space | None
    """The metadata partition as its mirror file has it; None where there is none."""

    def by_the_mirror(self) -> "Volume":
        """The same volume, whose metadata is read from the mirror file."""
        spaces = [self.mirrored if isinstance(space, Mapped) else space for space in self.shelf.spaces]
        present = [space for space in spaces if space]
        return replace(self, shelf=Shelf(self.shelf.medium, present), mirrored=None)


def find(medium: Medium, note: Note) -> Volume:
    """Find the volume; `note` is told what breaks a rule. Raises UnreadableMedium."""
    anchor = _first_anchor(medium)
    described = _described(medium, anchor, note)
    volume = _Finder(medium, note, described).volume()
    _check_anchors(medium, described, note)
    return volume


def _first_anchor(medium: Medium) -> bytes:
    for medium.block in _BLOCK_SIZES:
        last = medium.end // medium.block - 1
        for block in (ANCHOR, last, last - 256):
            if anchor := _anchor(medium, block):
                return anchor
    raise UnreadableMedium("there is no UDF anchor volume descriptor pointer")


def _anchor(medium: Medium, block: int) -> bytes:
    """The anchor in `block`; empty where there is none."""
    if not 0 <= block < medium.end // medium.block:
        return b""
    data = medium.take(block * medium.block, medium.block)
    return data if kind_of(data) == _ANCHOR and location_of(data) == block else b""


def _described(medium: Medium, anchor: bytes, note: Note) -> dict[tuple[int, int], bytes]:
    try:
        return _sequence(medium, *SHORT_AD.unpack_from(anchor, 16))
    except UnreadableMedium as error:
        note(f"the main volume descriptors are damaged ({error}); the reserve was read")
        return _sequence(medium, *SHORT_AD.unpack_from(anchor, 24))


def _sequence(medium: Medium, length: int, first: int) -> dict[tuple[int, int], bytes]:
    """The prevailing descriptors (3/8.4.3), by their kind and the number of their partition or 0."""
    found: dict[tuple[int, int], bytes] = {}
    for data in _blocks(medium, length, first):
        kind = kind_of(data)
        if kind not in {_PRIMARY, _PARTITION, _LOGICAL}:
            continue
        key = (kind, struct.unpack_from("<H", data, 22)[0] if kind == _PARTITION else 0)
        if key not in found or _number(data) >= _number(found[key]):
            found[key] = data
    if {_PRIMARY, _PARTITION, _LOGICAL} - {kind for kind, _ in found}:
        raise UnreadableMedium("volume descriptors are missing")
    return found


def _number(data: bytes) -> int:
    return int(struct.unpack_from("<I", data, 16)[0])


def _blocks(medium: Medium, length: int, first: int) -> Iterator[bytes]:
    """The descriptors of a sequence up to its end, over pointers too."""
    end = first + length // medium.block
    for _ in range(_MOST_DESCRIPTORS):
        if first >= end:
            return
        data = medium.take(first * medium.block, medium.block)
        if not any(data[:16]) or kind_of(data) == _END:
            return
        if not kind_of(data) or location_of(data) != first:
            raise UnreadableMedium(f"block {first} is damaged")
        yield data
        first += 1
        if kind_of(data) == _POINTER:
            length, first = SHORT_AD.unpack_from(data, 20)
            end = first + length // medium.block
    raise UnreadableMedium("the volume descriptors have no end")


def _check_anchors(medium: Medium, described: dict[tuple[int, int], bytes], note: Note) -> None:
    """Two anchors there must be of three (UDF 2.2.3)."""
    ends = [
        sum(struct.unpack_from("<II", data, 188))
        for (kind, _), data in described.items()
        if kind == _PARTITION
    ]
    last = medium.end // medium.block - 1
    places = {ANCHOR, last, last - 256, *range(max(ends), max(ends) + _SEARCHED)}
    found = 0
    for block in sorted(places):
        found += bool(_anchor(medium, block))
        if found == 2:
            return
    note("the volume has one anchor only; two there must be")


class _Finder:
    def __init__(self, medium: Medium, note: Note, described: dict[tuple[int, int], bytes]) -> None:
        self._medium = medium
        self._note = note
        self._primary = described[_PRIMARY, 0]
        self._logical = described[_LOGICAL, 0]
        self._partitions = {number: data for (kind, number), data in described.items() if kind == _PARTITION}
        self._mirrored: Space | None = None

    def volume(self) -> Volume:
        primary = self._primary
        if struct.unpack_from("<I", self._logical, 212)[0] != self._medium.block:
            raise UnreadableMedium("logical blocks differ from the medium's")
        spaces = self._spaces()
        self._integrity()
        if struct.unpack_from("<H", primary, 60)[0] != 2:
            self._note("the Interchange Level of the primary volume descriptor is not 2")
        _, block, reference, _ = LONG_AD.unpack_from(self._logical, 248)
        return Volume(
            shelf=Shelf(self._medium, spaces),
            identifier=field_text(primary[24:56]),
            volume_set=field_text(primary[72:200]),
            ours=primary[389:412].rstrip(b"\0") == DEVELOPER,
            revision=struct.unpack_from("<H", self._logical, 240)[0],
            file_set=(reference, block),
            mirrored=self._mirrored,
        )

    def _spaces(self) -> list[Space]:
        length, count = struct.unpack_from("<II", self._logical, 264)
        maps = self._logical[440 : 440 + length]
        spaces: list[Space] = []
        for _ in range(min(count, _MOST_PARTITIONS)):
            if len(maps) < 6 or not 6 <= maps[1] <= len(maps):
                raise UnreadableMedium("the partition maps do not add up")
            spaces.append(self._space(maps[: maps[1]]))
            maps = maps[maps[1] :]
        return spaces

    def _space(self, entry: bytes) -> Space:
        if entry[0] == 1:
            return self._physical(struct.unpack_from("<H", entry, 4)[0])
        name = entry[5:28].rstrip(b"\0")
        if name != b"*UDF Metadata Partition" or len(entry) != 64:
            raise UnreadableMedium(f"the volume needs a {name.decode('latin-1')!r}")
        return self._metadata(entry)

    def _physical(self, number: int) -> Physical:
        if number not in self._partitions:
            raise UnreadableMedium(f"partition {number} is not described")
        start, blocks = struct.unpack_from("<II", self._partitions[number], 188)
        size = self._medium.block
        end = (start + blocks) * size
        if end > self._medium.end:
            self._note(f"partition {number} ends at byte {end} and the medium at {self._medium.end}")
        return Physical(start * size, blocks * size, size)

    def _metadata(self, entry: bytes) -> Space:
        number, main, mirror = struct.unpack_from("<HII", entry, 38)
        partition = self._physical(number)
        try:
            self._mirrored = self._content(partition, mirror)
        except UnreadableMedium as error:
            self._note(f"the metadata mirror file is damaged ({error})")
        try:
            return self._content(partition, main)
        except UnreadableMedium as error:
            if not self._mirrored:
                raise
            self._note(f"the metadata file is damaged ({error}); its mirror was read")
            return self._mirrored

    def _content(self, partition: Physical, block: int) -> Mapped:
        """The blocks of a metadata file."""
        shelf = Shelf(self._medium, [partition])
        recorded = shelf.recorded(shelf.entry((0, block)))
        if recorded.missing:
            raise UnreadableMedium(f"{recorded.missing} bytes of metadata are not recorded")
        return Mapped(recorded.stretches, self._medium.block)

    def _integrity(self) -> None:
        """The volume must have been closed (3/10.10.2)."""
        length, first = SHORT_AD.unpack_from(self._logical, 432)
        last = None
        for data in _blocks(self._medium, length, first):
            last = data if kind_of(data) == _INTEGRITY else last
        if last is None or struct.unpack_from("<I", last, 28)[0] != 1:
            self._note("the logical volume is not closed")
