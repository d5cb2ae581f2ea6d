"""From where things stand to a recipe: structures become literals, holes the content of their files."""

from collections.abc import Iterable, Iterator

from burnish.contracts import VolumeFacts
from burnish.recipe import Extent, Literal, Recipe, Tree, Zeros

from burnish_format_iso9660.engine import Landed, place
from burnish_format_iso9660.names import BLOCK, check_facts


def lay_out(tree: Tree, facts: VolumeFacts) -> Recipe:
    """Lay `tree` out. Raises LayoutError."""
    check_facts(facts)
    landed, length = place(tree, facts)
    return Recipe(tuple(_extents(landed, tree, length)), tree.sources)


def _extents(landed: Iterable[Landed], tree: Tree, length: int) -> Iterator[Extent]:
    structures, at = bytearray(), 0
    for item in landed:
        gap = item.offset - at
        if gap and gap < BLOCK and structures:
            structures += bytes(gap)
        elif gap:
            yield from _flushed(structures)
            yield Zeros(gap)
        if isinstance(item.what, bytearray):
            structures += item.what
        else:
            yield from _flushed(structures)
            yield from (extent for extent in tree.entries[item.what.entry].content if extent.length)
        at = item.offset + len(item.what)
    yield from _flushed(structures)
    if length > at:
        yield Zeros(length - at)


def _flushed(structures: bytearray) -> Iterator[Literal]:
    if structures:
        yield Literal(bytes(structures))
        structures.clear()
