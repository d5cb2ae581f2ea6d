"""From a tree to a recipe of ISO 9660 alone: checks it, says where everything lies, writes the structures.

A volume is the system area, the volume descriptors, the set terminator, an empty sector (where other programs
leave their version), the path tables, the directories level by level, and then the data of the files; with
Joliet the tables and directories of the second hierarchy follow those of the first.

Units: sectors of 2 048 bytes where a name says so, else bytes from the start of the image.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Entry, Extent, FileSpan, Literal, Recipe, Tree, Zeros

from burnish_format_iso9660.hierarchy import Hierarchy, Plan
from burnish_format_iso9660.names import BLOCK, FILE_LIMIT, VOLUME_LIMIT, folders, identifier
from burnish_format_iso9660.names import joliet as joliet_name
from burnish_format_iso9660.volume import JOLIET, PRIMARY, SYSTEM_AREA, TERMINATOR, descriptor, short_date


class Directories:
    """Everything that is ISO 9660's and no file's data: built, then placed, then recorded."""

    def __init__(self, plan: Plan, facts: VolumeFacts, joliet: bool) -> None:
        self.facts = facts
        self.hierarchies = {PRIMARY: Hierarchy(plan, identifier, str.encode)}
        if joliet:
            self.hierarchies[JOLIET] = Hierarchy(plan, joliet_name, joliet_name)

    def place(self, at: int) -> int:
        """Give path tables and directories their sectors; returns the first sector behind them."""
        for hierarchy in self.hierarchies.values():
            at = hierarchy.place_tables(at)
        for hierarchy in self.hierarchies.values():
            at = hierarchy.place_folders(at)
        return at

    def place_files(self, sectors: Iterable[int]) -> None:
        """Tell every record where its file begins, in the order of the tree."""
        for sector, *nodes in zip(sectors, *(one.files for one in self.hierarchies.values()), strict=True):
            for node in nodes:
                node.sector = sector

    def descriptors(self, sectors: int) -> bytes:
        """The volume descriptor set of a volume of so many sectors, from the system area on."""
        parts = [descriptor(kind, one, self.facts, sectors) for kind, one in self.hierarchies.items()]
        return b"".join((*parts, TERMINATOR))

    def record(self) -> bytes:
        """Path tables and directories, once all is placed."""
        date, all_of_them = short_date(self.facts.made), self.hierarchies.values()
        tables = (one.record_tables() for one in all_of_them)
        return b"".join(chain(tables, (one.record_folders(date) for one in all_of_them)))


def lay_out(tree: Tree, facts: VolumeFacts, *, joliet: bool) -> Recipe:
    """Lay `tree` out. Raises LayoutError."""
    facts.check()
    plan = make_plan(tree, FILE_LIMIT)
    directories = Directories(plan, facts, joliet)
    behind_descriptors = SYSTEM_AREA + len(directories.hierarchies) + 2
    places, end = place(plan.sizes, directories.place(behind_descriptors))
    directories.place_files(places)
    literal = Literal(directories.descriptors(end) + bytes(BLOCK) + directories.record())
    extents = (Zeros(SYSTEM_AREA * BLOCK), literal, *data(tree.entries, plan.sizes))
    return Recipe(extents, tree.sources, tuple(spans(plan, places)))


def make_plan(tree: Tree, limit: int) -> Plan:
    """Check every entry. Raises LayoutError for a name, a depth, or a size of `limit` bytes or more."""
    sizes = [entry.size for entry in tree.entries]
    return Plan([entry.path for entry in tree.entries], sizes, folders(tree, sizes, limit))


def place(sizes: Iterable[int], at: int) -> tuple[list[int], int]:
    """Where the data of every file begins, from sector `at` on, and the first sector behind it all.

    A file without data begins at 0. Raises LayoutError where the volume has too many sectors.
    """
    places = []
    for size in sizes:
        places.append(at if size else 0)
        at += -(-size // BLOCK)
    check_sectors(at)
    return places, at


def check_sectors(sectors: int) -> None:
    """Raise LayoutError where a volume cannot have so many."""
    if sectors * BLOCK > VOLUME_LIMIT:
        raise LayoutError(f"the volume would have {sectors} sectors; {VOLUME_LIMIT // BLOCK} is the most")


def spans(plan: Plan, places: Iterable[int]) -> Iterator[FileSpan]:
    """Where every file stands, for whoever proves an image."""
    for path, size, sector in zip(plan.paths, plan.sizes, places, strict=True):
        yield FileSpan(path, sector * BLOCK, size)


def data(entries: Iterable[Entry], sizes: Iterable[int]) -> Iterator[Extent]:
    """The content of every file, each up to the end of its last sector."""
    for entry, size in zip(entries, sizes, strict=True):
        yield from (extent for extent in entry.content if extent.length)
        if rest := -size % BLOCK:
            yield zeros(rest)


@cache
def zeros(length: int) -> Zeros:
    """One of the 2 047 there can be."""
    return Zeros(length)
