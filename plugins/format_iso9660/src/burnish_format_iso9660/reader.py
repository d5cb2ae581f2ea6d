"""Reads an ISO 9660 medium of anybody's making, hostile ones too, within bounds.

Source: ECMA-119 (4th edition), 8.4 (primary volume descriptor) and 9.1 (directory record).
Units: bytes from the start of the medium; extents and sizes on it count logical blocks and bytes.

What cannot be followed safely raises UnreadableMedium: a loop of folders, a directory beyond the end, records
that do not add up, names that would leave their folder. What only breaks a rule is a finding.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from burnish.contracts import Contents, FileOnMedium
from burnish.errors import UnreadableMedium

from burnish_format_iso9660.names import (
    APPLICATION,
    BLOCK,
    IDENTIFIER,
    LEVELS,
    SET_PREFIX,
    TOKEN,
    Path,
    shown,
)
from burnish_format_iso9660.record import Record
from burnish_format_iso9660.rules import findings_of

_FIRST_DESCRIPTOR: Final = 16
_LAST_DESCRIPTOR: Final = 116
"""Nobody writes a hundred descriptors; a set without an end is not searched for ever."""
_DEEPEST: Final = 32
"""Levels that are followed; beyond eight is a finding."""
_MOST_RECORDS: Final = 1 << 20
_MOST_FINDINGS: Final = 200
_MULTI_EXTENT: Final = 0x80
_ASSOCIATED: Final = 0x04
_RECORD = struct.Struct("<BBIIII7sBBBHHB")
"""Directory record, 9.1: length, EAR length, extent LE/BE, data length LE/BE, date, flags, unit, gap, ..."""


def read(medium: BinaryIO) -> Contents:
    """List a medium's files. Raises UnreadableMedium."""
    try:
        return _Reader(medium).read()
    except OSError as error:
        raise UnreadableMedium(f"the medium cannot be read: {error}") from error


@dataclass
class _Reader:
    medium: BinaryIO
    files: list[FileOnMedium] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    block: int = BLOCK
    end: int = 0
    """Bytes of the medium."""
    left: int = 0
    """Bytes of directories that may still be read: no honest tree has more than its medium."""
    seen: set[int] = field(default_factory=set)
    records: int = 0

    def read(self) -> Contents:
        self.end = self.left = self.medium.seek(0, 2)
        volume = self._descriptor()
        self._sizes(volume)
        root = self._record(volume[156:190], "/")
        if not root.is_folder:
            raise UnreadableMedium("the root is not a folder")
        self._walk(root)
        identifier = volume[40:72].decode("latin-1").rstrip(" \0")
        if not IDENTIFIER.fullmatch(identifier):
            self._note(f"volume identifier {identifier!r} is not 0 to 16 of A-Z 0-9 _")
        return Contents(identifier, _token(volume), tuple(self.files), tuple(self.findings))

    def _note(self, finding: str) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)
        elif len(self.findings) == _MOST_FINDINGS:
            self.findings.append(f"there are more than {_MOST_FINDINGS} findings; the rest are left out")

    def _bytes(self, offset: int, length: int) -> bytes:
        self.medium.seek(offset)
        data = self.medium.read(length)
        if len(data) != length:
            raise UnreadableMedium(f"the medium ends before byte {offset + length}")
        return data

    def _descriptor(self) -> bytes:
        for sector in range(_FIRST_DESCRIPTOR, _LAST_DESCRIPTOR):
            data = self._bytes(sector * BLOCK, BLOCK)
            if data[1:6] != b"CD001" or data[0] == 255:
                break
            if data[0] == 1:
                return data
        raise UnreadableMedium("there is no ISO 9660 primary volume descriptor")

    def _sizes(self, volume: bytes) -> None:
        self.block, high = struct.unpack_from("<H", volume, 128)[0], struct.unpack_from(">H", volume, 130)[0]
        if self.block not in {512, 1024, 2048} or self.block != high:
            raise UnreadableMedium(f"logical blocks of {self.block} bytes")
        blocks, again = struct.unpack_from("<I", volume, 80)[0], struct.unpack_from(">I", volume, 84)[0]
        if blocks != again:
            self._note("the volume's size differs between its two byte orders")
        if blocks * self.block > self.end:
            self._note(f"the volume says {blocks * self.block} bytes and the medium has {self.end}")

    def _record(self, data: bytes, where: str) -> Record:
        fields = _RECORD.unpack_from(data)
        _, attributes, low, _, size, _, _, flags, unit, gap, _, _, length = fields
        extent_high, size_high = struct.unpack_from(">I", data, 6)[0], struct.unpack_from(">I", data, 14)[0]
        if length == 0 or _RECORD.size + length > len(data):
            raise UnreadableMedium(f"{where} holds a record whose name does not fit it")
        identifier = data[33 : 33 + length].decode("latin-1")
        start = (low + attributes) * self.block
        agree = (low, size) == (extent_high, size_high)
        return Record(identifier, start, size, attributes, flags, bool(unit or gap), agree)

    def _walk(self, root: Record) -> None:
        waiting: list[tuple[Path, Record]] = [((), root)]
        while waiting:
            path, folder = waiting.pop()
            below = []
            for pieces in self._children(path, folder):
                name = _name(pieces[0].identifier, shown(path))
                self._judge((*path, name), pieces)
                if pieces[0].is_folder:
                    below.append(((*path, name), pieces[0]))
                elif not pieces[0].flags & _ASSOCIATED:
                    self._file((*path, name), pieces)
            waiting += reversed(below)

    def _children(self, path: Path, folder: Record) -> Iterator[list[Record]]:
        """Group a folder's records: a file of several extents has several, all but the last flagged."""
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
            sector = self._bytes(offset, min(BLOCK, folder.offset + folder.length - offset))
            at = 0
            while at < len(sector) and sector[at]:
                size = sector[at]
                if size < 34 or at + size > len(sector):
                    raise UnreadableMedium(f"{shown(path)} holds a record of impossible length")
                record = self._record(sector[at : at + size], shown(path))
                at += size
                self._count()
                if record.identifier not in {"\0", "\1"}:
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
            self._note(f"{where} lies deeper than {LEVELS} levels, the root being the first")
        if folder.offset in self.seen:
            raise UnreadableMedium(f"{where} leads back to a folder that was read already")
        self.seen.add(folder.offset)
        self.left -= folder.length
        if folder.offset + folder.length > self.end or self.left < 0:
            raise UnreadableMedium(f"{where} says {folder.length} bytes, more than the medium can hold")

    def _judge(self, path: Path, pieces: list[Record]) -> None:
        for record in pieces:
            for finding in findings_of(path, record, self.end):
                self._note(finding)

    def _file(self, path: Path, pieces: list[Record]) -> None:
        extents = tuple((piece.offset, piece.length) for piece in pieces if piece.length)
        self.files.append(FileOnMedium(path, extents))


def _name(identifier: str, folder: str) -> str:
    """Take the version and a trailing dot off. Raises UnreadableMedium for what no reader should follow."""
    name = identifier.partition(";")[0].removesuffix(".")
    if name in {"", ".", ".."} or any(character in "/\\" or character < " " for character in name):
        raise UnreadableMedium(f"{folder} holds the name {identifier!r}, which is no name of a file")
    return name


def _token(volume: bytes) -> str:
    application = volume[574:702].decode("latin-1").rstrip()
    volume_set = volume[190:318].decode("latin-1").rstrip()
    token = volume_set.removeprefix(SET_PREFIX)
    ours = application == APPLICATION and volume_set != token and TOKEN.fullmatch(token)
    return token if ours else ""
