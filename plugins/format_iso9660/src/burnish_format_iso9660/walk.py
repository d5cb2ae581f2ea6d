"""Walks one directory hierarchy of an ISO 9660 medium, a hostile one too, within bounds.

Source: ECMA-119 (4th edition), 6.8 and 9.1. Units: bytes from the start of the medium; on it, places count
logical blocks and sizes bytes.

What cannot be followed safely raises UnreadableMedium: a loop of folders, a directory beyond the end, records
that do not add up, names that would leave their folder.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from burnish.contracts import FileOnMedium
from burnish.errors import UnreadableMedium

from burnish_format_iso9660.names import BLOCK, LEVELS, Path, shown
from burnish_format_iso9660.record import Record

_DEEPEST: Final = 32
"""Levels that are followed; beyond eight is a finding."""
_MOST_RECORDS: Final = 1 << 20
_MULTI_EXTENT: Final = 0x80
_ASSOCIATED: Final = 0x04
_SELF_AND_PARENT: Final = {b"\1\0", b"\1\1"}
"""With their length in front (6.8.2)."""
_RECORD: Final = struct.Struct("<BBI4xI4x7sBBBHHB")
"""Directory record, 9.1: length, EAR length, extent, data length, date, flags, unit, gap, volume, ..."""
_BIG_ENDIAN: Final = struct.Struct(">6xI4xI")


@dataclass(frozen=True, slots=True)
class Place:
    """A medium, and what its volume descriptor says of its blocks."""

    medium: BinaryIO
    end: int
    """Bytes of the medium."""
    block: int = BLOCK
    """Bytes of a logical block."""

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Read. Raises UnreadableMedium where the medium ends before."""
        self.medium.seek(offset)
        data = self.medium.read(length)
        if len(data) != length:
            raise UnreadableMedium(f"the medium ends before byte {offset + length}")
        return data


@dataclass
class Walk:
    """One pass over one hierarchy; `files` are complete when it is over."""

    place: Place
    spelling: str
    """Name of the codec of identifiers: latin-1, utf-16-be."""
    judge: Callable[[Path, Record], None]
    """Told of every record."""
    note: Callable[[str], None]
    """Told of what is wrong with a folder, though it can be read."""
    files: list[FileOnMedium] = field(default_factory=list)
    left: int = 0
    """Bytes of directories that may still be read: no honest tree has more than its medium."""
    seen: set[int] = field(default_factory=set)
    records: int = 0

    def run(self, root: bytes) -> list[FileOnMedium]:
        """Follow the root's record, as a volume descriptor holds it. Raises UnreadableMedium."""
        self.left = self.place.end
        record = self._record(root, "/")
        if not record.is_folder:
            raise UnreadableMedium("the root is not a folder")
        self._walk(record)
        return self.files

    def _record(self, data: bytes, where: str) -> Record:
        _, attributes, extent, size, _, flags, unit, gap, _, _, length = _RECORD.unpack_from(data)
        if length == 0 or _RECORD.size + length > len(data):
            raise UnreadableMedium(f"{where} holds a record whose name does not fit it")
        identifier = data[_RECORD.size : _RECORD.size + length].decode(self.spelling, "replace")
        start = (extent + attributes) * self.place.block
        agree = (extent, size) == _BIG_ENDIAN.unpack_from(data)
        return Record(identifier, start, size, attributes, flags, bool(unit or gap), agree)

    def _walk(self, root: Record) -> None:
        waiting: list[tuple[Path, Record]] = [((), root)]
        while waiting:
            path, folder = waiting.pop()
            below = []
            for pieces in self._children(path, folder):
                here = (*path, _name(pieces[0].identifier, shown(path)))
                for piece in pieces:
                    self.judge(here, piece)
                if pieces[0].is_folder:
                    below.append((here, pieces[0]))
                elif not pieces[0].flags & _ASSOCIATED:
                    extents = tuple((piece.offset, piece.length) for piece in pieces if piece.length)
                    self.files.append(FileOnMedium(here, extents))
            waiting += reversed(below)

    def _children(self, path: Path, folder: Record) -> Iterator[list[Record]]:
        """Group a folder's records: a file of several sections has several, all but the last flagged."""
        pieces: list[Record] = []
        for record in self._listed(path, folder):
            if pieces and pieces[0].identifier != record.identifier:
                raise UnreadableMedium(f"a file of several extents in {shown(path)} breaks off")
            pieces.append(record)
            if not record.flags & _MULTI_EXTENT:
                yield pieces
                pieces = []
        if pieces:
            raise UnreadableMedium(f"a file of several extents in {shown(path)} breaks off")

    def _listed(self, path: Path, folder: Record) -> Iterator[Record]:
        self._enter(path, folder)
        for offset in range(folder.offset, folder.offset + folder.length, BLOCK):
            sector = self.place.bytes_at(offset, min(BLOCK, folder.offset + folder.length - offset))
            at = 0
            while at < len(sector) and sector[at]:
                size = sector[at]
                if size <= _RECORD.size or at + size > len(sector):
                    raise UnreadableMedium(f"{shown(path)} holds a record of impossible length")
                data = sector[at : at + size]
                at += size
                self._count()
                record = self._record(data, shown(path))
                if data[32 : 33 + data[32]] not in _SELF_AND_PARENT:
                    yield record

    def _count(self) -> None:
        self.records += 1
        if self.records > _MOST_RECORDS:
            raise UnreadableMedium(f"there are more than {_MOST_RECORDS} directory records")

    def _enter(self, path: Path, folder: Record) -> None:
        where = shown(path)
        if len(path) >= _DEEPEST:
            raise UnreadableMedium(f"{where} lies {_DEEPEST} levels deep")
        if len(path) == LEVELS:
            self.note(f"{where} lies deeper than {LEVELS} levels, the root being the first")
        if folder.offset in self.seen:
            raise UnreadableMedium(f"{where} leads back to a folder that was read already")
        self.seen.add(folder.offset)
        self.left -= folder.length
        if folder.offset + folder.length > self.place.end or self.left < 0:
            raise UnreadableMedium(f"{where} says {folder.length} bytes, more than the medium can hold")


def _name(identifier: str, folder: str) -> str:
    """Take the version and a trailing dot off. Raises UnreadableMedium for what no reader should follow."""
    name = identifier.partition(";")[0].removesuffix(".")
    if name in {"", ".", ".."} or any(character in "/\\" or character < " " for character in name):
        raise UnreadableMedium(f"{folder} holds the name {identifier!r}, which is no name of a file")
    return name
