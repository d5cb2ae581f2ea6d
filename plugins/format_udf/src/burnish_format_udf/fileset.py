"""Files and folders with their places, and what is written of them: ECMA-167 4/8.

A file set's structures stand together in a row of blocks: the file set descriptor and its end, then folder
by folder its file entry, its identifiers where they do not fit into it, and the entries of its files. The row
lies in a partition of its own where there is metadata, else in front of the data.

Units: blocks of 2 048 bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Extent, Literal, Zeros

from burnish_format_udf.descriptors import FIRST_UNIQUE
from burnish_format_udf.entries import (
    EMBEDDED,
    FILE_TYPE,
    FOLDER,
    FOLDER_TYPE,
    LONG,
    PARENT,
    SHORT,
    Entries,
    identifier,
    identifier_length,
    long_extents,
    short_extents,
)
from burnish_format_udf.fields import BLOCK, EXTENT_LIMIT, LONG_AD, SHORT_AD, blocks_of, compressed
from burnish_format_udf.names import Path, shown
from burnish_format_udf.revisions import Revision

_HEAD: Final = 2
"""Blocks of the file set descriptor and its end."""


class Node:
    """A file or a folder."""

    __slots__ = ("block", "data", "length", "name", "unique")

    def __init__(self, name: bytes, length: int, unique: int) -> None:
        self.name = name
        """In OSTA compressed Unicode; empty for the root."""
        self.length = length
        """Bytes of its data: of a file's content, of a folder's identifiers."""
        self.unique = unique
        self.block = 0
        """Of its file entry, in the partition of the structures."""
        self.data = 0
        """Of its data: a file's in the physical partition, a folder's in that of the structures, where an
        embedded one has none."""


class Folder(Node):
    """A folder; in `files` and `folders` whatever it lists."""

    __slots__ = ("files", "folders", "parent")

    def __init__(self, name: bytes, unique: int, parent: "Folder | None") -> None:
        super().__init__(name, 0, unique)
        self.parent = parent or self
        """The root is its own (4/8.6)."""
        self.files: list[Node] = []
        self.folders: list[Folder] = []

    def children(self) -> list[Node]:
        """Everything it lists, by name."""
        return sorted((*self.files, *self.folders), key=attrgetter("name"))


class FileSet:
    """The structures of a tree: give them their place, then the files theirs, then write them."""

    def __init__(
        self,
        folders: Iterable[Path],
        files: Sequence[tuple[Path, int]],
        revision: Revision,
        facts: VolumeFacts,
    ) -> None:
        """`folders`: all but the root, parents first; `files`: path and bytes of each. Raises LayoutError."""
        self.revision = revision
        self._entries = Entries(revision, facts.made)
        grown: dict[Path, Folder] = {(): Folder(b"", 0, None)}
        for unique, path in enumerate(folders, FIRST_UNIQUE):
            parent = grown[path[:-1]]
            grown[path] = Folder(compressed(path[-1]), unique, parent)
            parent.folders.append(grown[path])
        self.folders = tuple(grown.values())
        """The root first, parents before what they hold."""
        first = FIRST_UNIQUE + len(self.folders) - 1
        self.files = tuple(
            Node(compressed(path[-1]), size, first + n) for n, (path, size) in enumerate(files)
        )
        """In the order in which they were given."""
        for (path, size), file in zip(files, self.files, strict=True):
            if size > self.file_limit:
                raise LayoutError(
                    f"{shown(path)} has {size} bytes; a file here has at most {self.file_limit}"
                )
            grown[path[:-1]].files.append(file)

    @property
    def file_limit(self) -> int:
        """Bytes of a file at most: its entry's block has room for so many extents."""
        return self._entries.room // (LONG_AD if self.revision.metadata else SHORT_AD).size * EXTENT_LIMIT

    @property
    def root(self) -> int:
        """Block of the root's file entry."""
        return self.folders[0].block

    def place(self, at: int) -> int:
        """Give every structure its block, from `at` on; returns the first block behind them."""
        at += _HEAD
        for folder in self.folders:
            folder.length = _directory_length(folder)
            folder.block, at = at, at + 1
            if folder.length > self._entries.room:
                folder.data, at = at, at + blocks_of(folder.length)
            for file in folder.files:
                file.block, at = at, at + 1
        return at

    def place_data(self, at: int) -> int:
        """Give every file its blocks in the physical partition, in their order; returns the first behind."""
        for file in self.files:
            if file.length:
                file.data, at = at, at + blocks_of(file.length)
        return at

    def extents(self, head: bytes) -> tuple[Extent, ...]:
        """All structures in their order, whole blocks; `head` is the file set descriptor and its end."""
        return (Literal(head), *self._extents())

    def _extents(self) -> Iterator[Extent]:
        for folder in self.folders:
            directory = b"".join(self._identifiers(folder))
            yield from _padded(self._folder(folder, directory))
            if folder.data:
                yield from _padded(directory)
            for file in folder.files:
                yield from _padded(self._file(file))

    def _folder(self, folder: Folder, directory: bytes) -> bytes:
        links, form = 1 + len(folder.folders), EMBEDDED
        if folder.data:
            directory, form = short_extents(folder.data, folder.length), SHORT
        return self._entries.write(
            folder.block, FOLDER_TYPE, folder.length, directory, form, unique=folder.unique, links=links
        )

    def _file(self, file: Node) -> bytes:
        if self.revision.metadata:
            extents, form = long_extents(file.data, file.length, 0), LONG
        else:
            extents, form = short_extents(file.data, file.length), SHORT
        return self._entries.write(file.block, FILE_TYPE, file.length, extents, form, unique=file.unique)

    def _identifiers(self, folder: Folder) -> Iterator[bytes]:
        start, at = folder.data or folder.block, 0
        for node, name, kind in _listed(folder):
            block = start + at // BLOCK if folder.data else start
            icb = LONG_AD.pack(BLOCK, node.block, 1 if self.revision.metadata else 0, node.unique)
            yield identifier(self.revision.edition, block, name, kind, icb)
            at += identifier_length(name)


def _listed(folder: Folder) -> Iterator[tuple[Node, bytes, int]]:
    """What a directory lists: node, name and file characteristics; the parent first (4/8.6)."""
    yield folder.parent, b"", PARENT | FOLDER
    for child in folder.children():
        yield child, child.name, FOLDER if isinstance(child, Folder) else 0


def _directory_length(folder: Folder) -> int:
    names = (child.name for children in (folder.files, folder.folders) for child in children)
    return identifier_length(b"") + sum(map(identifier_length, names))


def _padded(data: bytes) -> Iterator[Extent]:
    yield Literal(data)
    if rest := -len(data) % BLOCK:
        yield zeros(rest)


@cache
def zeros(length: int) -> Zeros:
    """One of the 2 047 that end a block."""
    return Zeros(length)
