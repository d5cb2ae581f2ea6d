"""From a tree to a recipe: checks it, says where everything lies, and writes down what is no file's data.

Units: sectors of 2 048 bytes where a name says so, else bytes from the start of the image.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Entry, Extent, FileSpan, Literal, Recipe, Tree, Zeros

from burnish_format_iso9660.names import BLOCK, check_facts, folders, identifier
from burnish_format_iso9660.volume import SYSTEM_AREA, Node, Structures, grow

_MOST_SECTORS: Final = 2**32 - 1
"""Volume Space Size is a number of 32 bits (ECMA-119 8.4.8)."""


def lay_out(tree: Tree, facts: VolumeFacts) -> Recipe:
    """Lay `tree` out. Raises LayoutError."""
    check_facts(facts)
    grown = grow(folders(tree.entries))
    files = [Node(identifier(entry.path[-1]), entry.size) for entry in tree.entries]
    for entry, file in zip(tree.entries, files, strict=True):
        grown[entry.path[:-1]].children.append(file)
    for folder in grown.values():
        folder.settle()
    structures = Structures(tuple(grown.values()), facts)
    sectors = _place(files, structures.place())
    literal = Literal(structures.record(sectors))
    extents = (Zeros(SYSTEM_AREA * BLOCK), literal, *_data(tree.entries, files))
    return Recipe(extents, tree.sources, tuple(_spans(tree.entries, files)))


def _spans(entries: Sequence[Entry], files: Sequence[Node]) -> Iterator[FileSpan]:
    for entry, file in zip(entries, files, strict=True):
        yield FileSpan(entry.path, file.sector * BLOCK if file.length else 0, file.length)


def _place(files: Sequence[Node], at: int) -> int:
    """Give every file with data its sectors, from `at` on; returns the sectors of the volume."""
    for file in files:
        if file.length:
            file.sector = at
            at += -(-file.length // BLOCK)
    if at > _MOST_SECTORS:
        raise LayoutError(f"the volume would have {at} sectors; {_MOST_SECTORS} is the most")
    return at


def _data(entries: Sequence[Entry], files: Sequence[Node]) -> Iterator[Extent]:
    """The content of every file, each up to the end of its last sector."""
    for entry, file in zip(entries, files, strict=True):
        yield from (extent for extent in entry.content if extent.length)
        if rest := -file.length % BLOCK:
            yield _zeros(rest)


@cache
def _zeros(length: int) -> Zeros:
    """One of the 2 047 there can be."""
    return Zeros(length)
