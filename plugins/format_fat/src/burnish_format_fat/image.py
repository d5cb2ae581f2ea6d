"""The recipe of a whole FAT volume: every structure first, then the files in the order of their tree."""

import struct
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Entry, Extent, FileSpan, Literal, Recipe, Tree, Zeros

from burnish_format_fat.geometry import ROOT_ENTRIES, SECTOR, fitting
from burnish_format_fat.names import Path, check_names, short_name, shown
from burnish_format_fat.sectors import label, partition_table, reserved

MOST_BYTES: Final = 2**32 - 1
"""Of a file: its length is a number of 32 bits."""
_MOST_NAMES: Final = 65_534
"""In a folder beside `.` and `..`: 65 536 entries, 2 MiB."""
_FILE, _FOLDER, _LABEL = 0x20, 0x10, 0x08
"""Attributes: archive, directory, volume label."""
_ENTRY: Final = struct.Struct("<11sBBBHHHHHHHI")
_FIRST: Final = 2
_ENDS: Final = {16: 0xFFFF, 32: 0x0FFF_FFFF}


def lay_out(tree: Tree, facts: VolumeFacts, bits: Sequence[int], *, partitioned: bool) -> Recipe:
    """Raises LayoutError."""
    facts.check()
    folders = tree.folders()
    check_names(tree.entries)
    listed = _listed(folders, tree.entries)
    for entry in tree.entries:
        if entry.size > MOST_BYTES:
            where = shown(entry.path)
            raise LayoutError(f"{where} has {entry.size} bytes; a file on FAT has {MOST_BYTES} at most")
    return _fitted(tree, facts, listed, bits, partitioned=partitioned)


def _fitted(
    tree: Tree,
    facts: VolumeFacts,
    listed: Mapping[Path, list[str]],
    bits: Sequence[int],
    *,
    partitioned: bool,
) -> Recipe:
    """In the first of `bits` that holds it: a FAT16 root may be too small for what FAT32 takes."""
    last: LayoutError | None = None
    for each in bits:
        try:
            return _Volume(tree, facts, listed, each, partitioned=partitioned).recipe()
        except LayoutError as error:
            last = error
    assert last is not None  # noqa: S101 - a variant has at least one kind
    raise last


def _listed(needed: Sequence[Path], entries: Sequence[Entry]) -> dict[Path, list[str]]:
    """What each folder lists, the root first, then in the order of `needed`."""
    listed: dict[Path, list[str]] = {(): []}
    for path in needed:
        listed[path] = []
        listed[path[:-1]].append(path[-1])
    for entry in entries:
        listed[entry.path[:-1]].append(entry.path[-1])
    for path, names in listed.items():
        if len(names) > _MOST_NAMES:
            where = shown(path)
            raise LayoutError(
                f"{where} lists {len(names)} names; on FAT a folder lists {_MOST_NAMES} at most"
            )
        names.sort()
    return listed


class _Volume:
    """One tree in one kind of FAT."""

    def __init__(
        self,
        tree: Tree,
        facts: VolumeFacts,
        listed: Mapping[Path, list[str]],
        bits: int,
        *,
        partitioned: bool,
    ) -> None:
        self._tree, self._facts, self._listed = tree, facts, listed
        labelled = bool(facts.identifier)
        root = len(listed[()]) + labelled
        if bits == 16 and root > ROOT_ENTRIES:
            raise LayoutError(f"the root lists {root} names; on FAT16 it lists {ROOT_ENTRIES} at most")
        self._chains = [path for path in listed if path or bits == 32]
        """Folders that stand in clusters."""
        lengths = [32 * (len(listed[path]) + (2 if path else labelled)) for path in self._chains]
        self._sizes = {entry.path: entry.size for entry in tree.entries}
        sizes = [max(length, 1) for length in lengths] + list(self._sizes.values())
        self._geometry = geometry = fitting((bits,), sizes, partitioned=partitioned)
        self._first: dict[Path, int] = {}
        """The first cluster of each folder and file; none of an empty file."""
        self._ends: list[int] = []
        self._free = _FIRST
        for path, size in zip([*self._chains, *self._sizes], sizes, strict=True):
            self._take(path, geometry.clusters_of(size))
        made = facts.made.astimezone(UTC)
        self._date = (max(made.year, 1980) - 1980) << 9 | made.month << 5 | made.day
        self._time = made.hour << 11 | made.minute << 5 | made.second // 2

    def _take(self, path: Path, clusters: int) -> None:
        if clusters:
            self._first[path] = self._free
            self._free += clusters
            self._ends.append(self._free - 1)

    def recipe(self) -> Recipe:
        """The whole image."""
        geometry = self._geometry
        fat = Literal(self._fat())
        start: list[Extent] = []
        if table := partition_table(geometry, self._facts):
            start += [Literal(table), Zeros(geometry.hidden * SECTOR - len(table))]
        start.append(Literal(reserved(geometry, self._facts)))
        for _ in range(2):
            start += [fat, Zeros(geometry.fat * SECTOR - fat.length)]
        start.append(Literal(self._folders()))
        extents = [extent for extent in start if extent.length]
        at = sum(extent.length for extent in extents)
        spans: list[FileSpan] = []
        cluster = geometry.cluster * SECTOR
        for entry, size in zip(self._tree.entries, self._sizes.values(), strict=True):
            spans.append(FileSpan(entry.path, at, size))
            extents += entry.content
            if padding := -size % cluster:
                extents.append(Zeros(padding))
            at += size + padding
        if left := (geometry.hidden + geometry.sectors) * SECTOR - at:
            extents.append(Zeros(left))
        return Recipe(tuple(extents), self._tree.sources, tuple(spans))

    def _fat(self) -> bytes:
        """One FAT: each cluster names the next of its chain, the last of a chain says so."""
        bits = self._geometry.bits
        entries = array("H" if bits == 16 else "I", range(1, self._free + 1))
        entries[0], entries[1] = _ENDS[bits] & ~0xFF | 0xF8, _ENDS[bits]
        for end in self._ends:
            entries[end] = _ENDS[bits]
        if sys.byteorder == "big":
            entries.byteswap()
        return entries.tobytes()

    def _folders(self) -> bytes:
        """The directories: a FAT16 root in its own place, all others in the first clusters."""
        cluster = self._geometry.cluster * SECTOR
        parts = []
        if self._geometry.bits == 16:
            parts.append(b"".join(self._entries(())).ljust(self._geometry.root * SECTOR, b"\0"))
        for path in self._chains:
            data = b"".join(self._entries(path))
            parts.append(data.ljust(-(-max(len(data), 1) // cluster) * cluster, b"\0"))
        return b"".join(parts)

    def _entries(self, path: Path) -> Iterator[bytes]:
        if path:
            parent = path[:-1]
            yield self._entry(b".".ljust(11), _FOLDER, self._first[path])
            yield self._entry(b"..".ljust(11), _FOLDER, self._first[parent] if parent else 0)
        elif self._facts.identifier:
            yield self._entry(label(self._facts.identifier), _LABEL, 0)
        for name in self._listed[path]:
            child = (*path, name)
            size = self._sizes.get(child)
            if size is not None:
                yield self._entry(short_name(name), _FILE, self._first.get(child, 0), size)
            else:
                yield self._entry(short_name(name), _FOLDER, self._first[child])

    def _entry(self, name: bytes, attributes: int, first: int, size: int = 0) -> bytes:
        date, time = self._date, self._time
        high, low = first >> 16, first & 0xFFFF
        return _ENTRY.pack(name, attributes, 0, 0, time, date, date, high, time, date, low, size)
