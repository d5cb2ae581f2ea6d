"""The names on a volume and what lies behind each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from burnish.recipe.extents import Extent, Source


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a volume."""

    path: tuple[str, ...]
    """Components from the root, as the format is to spell them, without version or separator."""
    content: tuple[Extent, ...]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return sum(extent.length for extent in self.content)


@dataclass(frozen=True)
class Tree:
    """Every file of a volume, in the order in which its data is to lie. Folders follow from the paths."""

    entries: tuple[Entry, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
