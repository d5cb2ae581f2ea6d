"""What stands on a volume besides the data of its files: ECMA-119 8.3, 8.4, 9.1 and 9.4.

A volume is the system area, the primary volume descriptor, the set terminator, an empty sector (where other
programs leave their version), the path tables, the directories level by level, and then the data of the
files. Units: sectors of 2 048 bytes, which are also the blocks, for places; bytes for lengths.

Numbers of the standard stand in little-endian (7.x.1), big-endian (7.x.2) or both orders, one after the other
(7.x.3); `both16` and `both32` make the last.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError

from burnish_format_iso9660.names import APPLICATION, BLOCK, SET_PREFIX, Path

SYSTEM_AREA: Final = 16
"""Sectors in front of the descriptors (ECMA-119 6.2.1)."""
_TABLES: Final = SYSTEM_AREA + 3
"""Where the path tables begin."""
_TABLE_STEP: Final = 2
"""A path table takes a multiple of so many sectors, as mkisofs and its heirs do it."""
_SELF, _PARENT = b"\0", b"\1"
_FILE, _FOLDER = 0x00, 0x02
"""File Flags (9.1.6)."""
_YEARS: Final = range(1900, 2156)
"""What the first byte of a date counts (9.1.5)."""

_RECORD: Final = struct.Struct("<BB 8s 8s 7s BBB 4s B")
"""A directory record up to its identifier (9.1)."""
_TABLE_ENTRY: Final = {"<": struct.Struct("<BBIH"), ">": struct.Struct(">BBIH")}
"""A path table record up to its identifier (9.4), in either order."""
_DESCRIPTOR: Final = struct.Struct(
    "<B5sBx 32s32s 8x 8s 32x 4s4s4s 8sII4s4s 34s 128s128s128s128s 37s37s37s 17s17s17s17s Bx 512s653x"
)
"""The primary volume descriptor (8.4)."""


def both16(number: int) -> bytes:
    """ECMA-119 7.2.3.

    >>> both16(0x1234).hex()
    '34121234'
    """
    return number.to_bytes(2, "little") + number.to_bytes(2, "big")


def both32(number: int) -> bytes:
    """ECMA-119 7.3.3.

    >>> both32(0x12345678).hex()
    '7856341212345678'
    """
    return number.to_bytes(4, "little") + number.to_bytes(4, "big")


_FIRST_VOLUME: Final = both16(1)
"""Volume Sequence Number: a volume set of ours is one volume."""


class Node:
    """A file or a folder that a directory lists."""

    __slots__ = ("identifier", "length", "order", "sector")

    def __init__(self, identifier: bytes, length: int) -> None:
        self.identifier = identifier
        """As it is recorded: `A.TXT;1`."""
        self.order = identifier.replace(b";", b" ")
        """Sorts as 9.3 has it: names are compared as if padded with spaces, so A.1 stands before A.12."""
        self.length = length
        """Bytes of its data."""
        self.sector = 0
        """Where its data begins; 0 for a file without any."""


class Folder(Node):
    """A folder; in `children` whatever it lists."""

    __slots__ = ("children", "number", "parent")

    def __init__(self, identifier: bytes, number: int, parent: "Folder | None") -> None:
        super().__init__(identifier, 0)
        self.number = number
        """Its place in the path table, from 1."""
        self.parent = parent or self
        """The root is its own (6.8.2)."""
        self.children: list[Node] = []

    def settle(self) -> None:
        """Bring the children into order and say how long the directory is."""
        self.children.sort(key=attrgetter("order"))
        self.length = _directory_length(self.children)


def grow(folders: Iterable[Path]) -> dict[Path, Folder]:
    """The root and the named folders, each in its parent's list. Parents come first, then by name, which is
    the order of the path table (6.9.1)."""
    root = Folder(_SELF, 1, None)
    grown: dict[Path, Folder] = {(): root}
    for number, path in enumerate(folders, 2):
        parent = grown[path[:-1]]
        grown[path] = Folder(path[-1].encode(), number, parent)
        parent.children.append(grown[path])
    return grown


def _record_length(identifier: bytes) -> int:
    return _RECORD.size + len(identifier) + (len(identifier) + 1) % 2


def _directory_length(children: Iterable[Node]) -> int:
    """Bytes of a directory: whole sectors, and no record reaches over the end of one (6.8.1.1)."""
    sectors, used = 1, 2 * _record_length(_SELF)
    for child in children:
        length = _record_length(child.identifier)
        if used + length > BLOCK:
            sectors, used = sectors + 1, 0
        used += length
    return sectors * BLOCK


@dataclass(frozen=True, slots=True)
class Structures:
    """The sectors behind the system area, up to where the data of the files begins."""

    folders: Sequence[Folder]
    """All of them in the order of the path table, settled; the root first."""
    facts: VolumeFacts

    def place(self) -> int:
        """Give every folder its sectors; returns the first sector behind them."""
        at = _TABLES + 2 * self._table_sectors
        for folder in self.folders:
            folder.sector = at
            at += folder.length // BLOCK
        return at

    def record(self, sectors: int) -> bytes:
        """All of it, for a volume of so many sectors, once every node has its place."""
        date = short_date(self.facts.made)
        little, big = (self._table(order) for order in "<>")
        parts = [self._descriptor(sectors, date), _terminator(), bytes(BLOCK)]
        parts += [table.ljust(self._table_sectors * BLOCK, b"\0") for table in (little, big)]
        parts += [_directory(folder, date) for folder in self.folders]
        return b"".join(parts)

    @property
    def _table_size(self) -> int:
        return sum(8 + _even(len(folder.identifier)) for folder in self.folders)

    @property
    def _table_sectors(self) -> int:
        return -(-self._table_size // (_TABLE_STEP * BLOCK)) * _TABLE_STEP

    def _table(self, order: str) -> bytes:
        pack, entries = _TABLE_ENTRY[order].pack, []
        for folder in self.folders:
            name = folder.identifier
            entries.append(pack(len(name), 0, folder.sector, folder.parent.number))
            entries.append(name.ljust(_even(len(name)), b"\0"))
        return b"".join(entries)

    def _descriptor(self, sectors: int, date: bytes) -> bytes:
        root, made = self.folders[0], _long_date(self.facts.made)
        return _DESCRIPTOR.pack(
            1,  # Volume Descriptor Type
            b"CD001",
            1,  # Volume Descriptor Version
            _padded("", 32),  # System Identifier
            _padded(self.facts.identifier, 32),
            both32(sectors),
            both16(1),  # Volume Set Size
            _FIRST_VOLUME,
            both16(BLOCK),
            both32(self._table_size),
            _TABLES,
            0,  # no optional path table, here and below
            (_TABLES + self._table_sectors).to_bytes(4, "big"),
            bytes(4),
            _record(root, _SELF, _FOLDER, date),
            _padded(SET_PREFIX + self.facts.token, 128),
            _padded("", 128),  # Publisher Identifier
            _padded("", 128),  # Data Preparer Identifier
            _padded(APPLICATION, 128),
            *[_padded("", 37)] * 3,  # Copyright, Abstract and Bibliographic File Identifiers
            made,
            made,
            b"0" * 16 + b"\0",  # it does not expire
            made,
            1,  # File Structure Version
            _padded("", 512),  # Application Use
        )


def _even(length: int) -> int:
    return length + length % 2


def _padded(text: str, length: int) -> bytes:
    return text.encode().ljust(length)


def _terminator() -> bytes:
    """The volume descriptor set terminator (8.3)."""
    return b"\xffCD001\x01".ljust(BLOCK, b"\0")


def short_date(made: datetime) -> bytes:
    """9.1.5, in UTC. Raises LayoutError for a year that it cannot say."""
    utc = made.astimezone(UTC)
    if utc.year not in _YEARS:
        raise LayoutError(f"a volume cannot be of the year {utc.year}, only of {_YEARS[0]} to {_YEARS[-1]}")
    return bytes((utc.year - _YEARS[0], utc.month, utc.day, utc.hour, utc.minute, utc.second, 0))


def _long_date(made: datetime) -> bytes:
    """8.4.26.1, in UTC, without hundredths."""
    return f"{made.astimezone(UTC):%Y%m%d%H%M%S}00".encode() + b"\0"


def _record(node: Node, identifier: bytes, flags: int, date: bytes) -> bytes:
    length = _record_length(identifier)
    head = _RECORD.pack(
        length,
        0,  # Extended Attribute Record Length
        both32(node.sector),
        both32(node.length),
        date,
        flags,
        0,  # File Unit Size
        0,  # Interleave Gap Size
        _FIRST_VOLUME,
        len(identifier),
    )
    return (head + identifier).ljust(length, b"\0")


def _directory(folder: Folder, date: bytes) -> bytes:
    data, room = [], BLOCK
    for record in _records(folder, date):
        if len(record) > room:
            data.append(bytes(room))
            room = BLOCK
        data.append(record)
        room -= len(record)
    return b"".join((*data, bytes(room)))


def _records(folder: Folder, date: bytes) -> Iterator[bytes]:
    yield _record(folder, _SELF, _FOLDER, date)
    yield _record(folder.parent, _PARENT, _FOLDER, date)
    for child in folder.children:
        flags = _FOLDER if isinstance(child, Folder) else _FILE
        yield _record(child, child.identifier, flags, date)
