"""Directory hierarchies: files and folders as one tree of a volume names them, with their path tables.

Source: ECMA-119 (4th edition), 6.8, 6.9, 9.1, 9.3 and 9.4. A volume has a primary hierarchy and, with Joliet,
a second one of the same shape with other spellings; both lead to the same data. Units: sectors of 2 048
bytes, which are also the blocks, for places; bytes for lengths.

Numbers of the standard stand in little-endian (7.x.1), big-endian (7.x.2) or both orders, one after the other
(7.x.3); `both16` and `both32` make the last.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import attrgetter
from typing import Final

from burnish_format_iso9660.names import BLOCK, SECTION, Path

_TABLE_STEP: Final = 2
"""A path table takes a multiple of so many sectors, as mkisofs and its heirs do it."""
_SELF, _PARENT = b"\0", b"\1"
_FILE, _FOLDER, _CONTINUED = 0x00, 0x02, 0x80
"""File Flags (9.1.6); the last says that this is not the file's last section."""
_RECORD: Final = struct.Struct("<BB 8s 8s 7s BBB 4s B")
"""A directory record up to its identifier (9.1)."""
_TABLE_ENTRY: Final = {"<": struct.Struct("<BBIH"), ">": struct.Struct(">BBIH")}
"""A path table record up to its identifier (9.4), in either order."""

Spelling = Callable[[str], bytes]


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


FIRST_VOLUME: Final = both16(1)
"""Volume Sequence Number: a volume set of ours is one volume."""


class Node:
    """A file or a folder that a directory lists."""

    __slots__ = ("identifier", "length", "number", "order", "sector")

    def __init__(self, identifier: bytes, length: int, number: int) -> None:
        self.identifier = identifier
        """As it is recorded: `A.TXT;1`."""
        self.order = identifier.replace(b";", b" ")
        """Sorts as 9.3 has it: names are compared as if padded with spaces, so A.1 stands before A.12."""
        self.length = length
        """Bytes of its data."""
        self.number = number
        """A folder's place in the path table, from 1; a file's in the tree, from 0."""
        self.sector = 0
        """Where its data begins; 0 for a file without any."""


class Folder(Node):
    """A folder; in `children` whatever it lists."""

    __slots__ = ("children", "parent")

    def __init__(self, identifier: bytes, number: int, parent: "Folder | None") -> None:
        super().__init__(identifier, 0, number)
        self.parent = parent or self
        """The root is its own (6.8.2)."""
        self.children: list[Node] = []

    def settle(self) -> None:
        """Bring the children into order and say how long the directory is."""
        self.children.sort(key=attrgetter("order"))
        self.length = _directory_length(self.children)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the hierarchies of a volume have in common."""

    paths: Sequence[Path]
    """Of the files, in the order in which their data is to lie."""
    sizes: Sequence[int]
    """Bytes of each."""
    folders: Sequence[Path]
    """Parents first, then by name; the root is not among them."""


class Hierarchy:
    """One tree of a volume: built, then placed, then recorded."""

    def __init__(self, plan: Plan, file_name: Spelling, folder_name: Spelling) -> None:
        grown = _grow(plan.folders, folder_name)
        self.files: list[Node] = []
        """In the order of the tree."""
        for number, (path, size) in enumerate(zip(plan.paths, plan.sizes, strict=True)):
            file = Node(file_name(path[-1]), size, number)
            self.files.append(file)
            grown[path[:-1]].children.append(file)
        self.folders: Sequence[Folder] = tuple(grown.values())
        """In the order of the path table; the root first."""
        for folder in self.folders:
            folder.settle()
        self.table_size = sum(8 + _even(len(folder.identifier)) for folder in self.folders)
        """Bytes of a path table."""
        self.table = 0
        """Where the first path table begins; the second follows."""

    @property
    def table_sectors(self) -> int:
        """Sectors that one path table takes."""
        return -(-self.table_size // (_TABLE_STEP * BLOCK)) * _TABLE_STEP

    def place_tables(self, at: int) -> int:
        """Give the path tables their sectors; returns the first sector behind them."""
        self.table = at
        return at + 2 * self.table_sectors

    def place_folders(self, at: int) -> int:
        """Give every folder its sectors; returns the first sector behind them."""
        for folder in self.folders:
            folder.sector = at
            at += folder.length // BLOCK
        return at

    def record_root(self, date: bytes) -> bytes:
        """The root's directory record, as a volume descriptor holds it."""
        root = self.folders[0]
        return _record(_SELF, root.sector, root.length, _FOLDER, date)

    def record_tables(self) -> bytes:
        """Both path tables, little-endian first."""
        room = self.table_sectors * BLOCK
        return b"".join(self._table(order).ljust(room, b"\0") for order in "<>")

    def record_folders(self, date: bytes) -> bytes:
        """Every directory, once every file has its place."""
        return b"".join(_directory(folder, date) for folder in self.folders)

    def _table(self, order: str) -> bytes:
        pack, entries = _TABLE_ENTRY[order].pack, []
        for folder in self.folders:
            name = folder.identifier
            entries.append(pack(len(name), 0, folder.sector, folder.parent.number))
            entries.append(name.ljust(_even(len(name)), b"\0"))
        return b"".join(entries)


def _grow(folders: Iterable[Path], spelling: Spelling) -> dict[Path, Folder]:
    """The root and the named folders, each in its parent's list. Parents come first, then by name, which is
    the order of the path table (6.9.1)."""
    root = Folder(_SELF, 1, None)
    grown: dict[Path, Folder] = {(): root}
    for number, path in enumerate(folders, 2):
        parent = grown[path[:-1]]
        grown[path] = Folder(spelling(path[-1]), number, parent)
        parent.children.append(grown[path])
    return grown


def _even(length: int) -> int:
    return length + length % 2


def _record_length(identifier: bytes) -> int:
    return _RECORD.size + len(identifier) + (len(identifier) + 1) % 2


def _directory_length(children: Iterable[Node]) -> int:
    """Bytes of a directory: whole sectors, and no record reaches over the end of one (6.8.1.1)."""
    sectors, used = 1, 2 * _record_length(_SELF)
    for length in _record_lengths(children):
        if used + length > BLOCK:
            sectors, used = sectors + 1, 0
        used += length
    return sectors * BLOCK


def _record_lengths(children: Iterable[Node]) -> Iterator[int]:
    for child in children:
        length = _record_length(child.identifier)
        yield length
        if child.length > SECTION:
            yield from repeat(length, (child.length - 1) // SECTION)


def _record(identifier: bytes, sector: int, data: int, flags: int, date: bytes) -> bytes:
    """A directory record of `data` bytes that begin at `sector`."""
    length = _record_length(identifier)
    head = _RECORD.pack(
        length,
        0,  # Extended Attribute Record Length
        both32(sector),
        both32(data),
        date,
        flags,
        0,  # File Unit Size
        0,  # Interleave Gap Size
        FIRST_VOLUME,
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
    yield _record(_SELF, folder.sector, folder.length, _FOLDER, date)
    yield _record(_PARENT, folder.parent.sector, folder.parent.length, _FOLDER, date)
    for child in folder.children:
        if isinstance(child, Folder):
            yield _record(child.identifier, child.sector, child.length, _FOLDER, date)
        elif child.length > SECTION:
            yield from _sections(child, date)
        else:
            yield _record(child.identifier, child.sector, child.length, _FILE, date)


def _sections(file: Node, date: bytes) -> Iterator[bytes]:
    """A record for each file section of a large file, in order (9.1.6: Multi-Extent)."""
    at, left = file.sector, file.length
    while left > SECTION:
        yield _record(file.identifier, at, SECTION, _CONTINUED, date)
        at, left = at + SECTION // BLOCK, left - SECTION
    yield _record(file.identifier, at, left, _FILE, date)
