"""File entries and file identifiers as they stand on a medium: ECMA-167 4/14.4, 4/14.5, 4/14.9, 4/14.17.

Units: bytes of lengths; blocks of the partition for places.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from burnish.errors import UnreadableMedium

from burnish_format_udf.entries import EMBEDDED, LONG, SHORT
from burnish_format_udf.fields import LONG_AD, SHORT_AD
from burnish_format_udf.medium import Medium, kind_of, text
from burnish_format_udf.spaces import Space, Stretch, joined

HIDDEN, FOLDER, DELETED, PARENT = 0x01, 0x02, 0x04, 0x08
"""File Characteristics (4/14.4.3)."""

_FILE_ENTRY, _EXTENDED, _CONTINUED, _IDENTIFIER = 261, 266, 258, 257
_HEADS: Final = {_FILE_ENTRY: 176, _EXTENDED: 216}
"""Bytes of a file entry up to its extended attributes; the eight before them are two lengths."""
_MOST_CONTINUATIONS: Final = 1000
_RECORDED, _CONTINUATION = 0, 3
"""Types of an extent (4/14.14.1.1); the others are holes."""

Address = tuple[int, int]
"""Partition reference and block."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file entry, extended or not."""

    address: Address
    offset: int
    """Of its block, on the medium."""
    data: bytes
    """The whole block."""
    tail: int
    """Where its allocation descriptors or its data begin in `data`."""
    tail_length: int

    @property
    def kind(self) -> int:
        """File Type (4/14.6.6)."""
        return self.data[27]

    @property
    def form(self) -> int:
        """What its allocation descriptors are (4/14.6.8)."""
        return self.data[34] & 7

    @property
    def permissions(self) -> int:
        """Permissions (4/14.9.5)."""
        return int.from_bytes(self.data[44:48], "little")

    @property
    def length(self) -> int:
        """Information Length."""
        return int.from_bytes(self.data[56:64], "little")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A file identifier."""

    name: str
    characteristics: int
    icb: Address


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a file's data stands."""

    stretches: Sequence[Stretch]
    missing: int
    """Bytes that are not recorded at all: holes, or extents that are too short."""


@dataclass(slots=True)
class Shelf:
    """A medium with its partitions, by reference number."""

    medium: Medium
    spaces: Sequence[Space]
    work: int = 0
    """Extents that were read so far, a block that continues them counting as many as it can hold."""

    def space(self, reference: int) -> Space:
        """Raises UnreadableMedium where the logical volume has no such partition."""
        if reference >= len(self.spaces):
            raise UnreadableMedium(f"a structure names partition {reference}, which is not there")
        return self.spaces[reference]

    def block(self, address: Address, kinds: tuple[int, ...]) -> tuple[int, bytes]:
        """Offset and bytes of the descriptor at `address`. Raises UnreadableMedium."""
        reference, number = address
        offset, _ = next(self.space(reference).stretches(number, self.medium.block))
        return offset, self.medium.descriptor(offset, kinds, number)

    def entry(self, address: Address) -> FileEntry:
        """The file entry at `address`. Raises UnreadableMedium."""
        offset, data = self.block(address, tuple(_HEADS))
        head = _HEADS[kind_of(data)]
        attributes, tail_length = struct.unpack_from("<II", data, head - 8)
        if head + attributes + tail_length > len(data):
            raise UnreadableMedium(f"the file entry in block {address[1]} is longer than its block")
        if struct.unpack_from("<H", data, 20)[0] != 4:
            raise UnreadableMedium(f"the file entry in block {address[1]} does not follow strategy 4")
        return FileEntry(address, offset, data, head + attributes, tail_length)

    def recorded(self, entry: FileEntry) -> Recorded:
        """Where a file's data stands. Raises UnreadableMedium where an extent is not in its partition."""
        if entry.form == EMBEDDED:
            there = min(entry.length, entry.tail_length)
            return Recorded([(entry.offset + entry.tail, there)] if there else [], entry.length - there)
        found: list[Stretch] = []
        left = entry.length
        for kind, length, reference, block in self._extents(entry):
            self.work += 1
            if kind == _RECORDED and left:
                found += self.space(reference).stretches(block, min(length, left))
                left -= min(length, left)
        return Recorded(joined(found), left)

    def _extents(self, entry: FileEntry) -> Iterator[tuple[int, int, int, int]]:
        """Type, bytes, partition reference and block of every extent, continued ones too."""
        data, at, length = entry.data, entry.tail, entry.tail_length
        for _ in range(_MOST_CONTINUATIONS):
            following = None
            for kind, size, reference, block in _descriptors(entry, data[at : at + length]):
                if kind == _CONTINUATION:
                    following = (reference, block)
                    break
                yield kind, size, reference, block
            if following is None:
                return
            data = self.block(following, (_CONTINUED,))[1]
            self.work += self.medium.block // SHORT_AD.size
            at, length = 24, struct.unpack_from("<I", data, 20)[0]
        raise UnreadableMedium(f"the extents of the file entry in block {entry.address[1]} have no end")


def _descriptors(entry: FileEntry, data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Allocation descriptors: type, bytes, partition reference, block."""
    if entry.form not in {SHORT, LONG}:
        raise UnreadableMedium(f"the file entry in block {entry.address[1]} has extents of an unknown form")
    pattern = LONG_AD if entry.form == LONG else SHORT_AD
    for fields in pattern.iter_unpack(data[: len(data) // pattern.size * pattern.size]):
        size = fields[0] & 0x3FFFFFFF
        if not size:
            return
        yield fields[0] >> 30, size, fields[2] if entry.form == LONG else entry.address[0], fields[1]


def identifiers(data: bytes) -> Iterator[Identifier]:
    """What a directory lists, without deleted ones and the parent. Raises UnreadableMedium."""
    at = 0
    while at < len(data):
        if at + 38 > len(data):
            raise UnreadableMedium("a directory ends within an identifier")
        characteristics, length, icb, use = struct.unpack_from("<BB16sH", data, at + 18)
        end = at + 38 + use + length
        if kind_of(data[at : end + 3]) != _IDENTIFIER or end > len(data):
            raise UnreadableMedium("a directory holds something that is no file identifier")
        if not characteristics & (DELETED | PARENT):
            _, block, reference, _ = LONG_AD.unpack(icb)
            name = text(data[at + 38 + use : end])
            yield Identifier(name, characteristics, (reference, block))
        at = end + -(end - at) % 4
