"""The names on a volume and what lies behind each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from burnish.errors import LayoutError
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

    def folders(self) -> list[tuple[str, ...]]:
        """The folders that its files need, parents first, without the root.

        Raises LayoutError, naming the path, where one stands twice or is both a file and a folder.
        """
        files: set[tuple[str, ...]] = set()
        found: set[tuple[str, ...]] = {()}
        for entry in self.entries:
            path = entry.path
            if path in files:
                raise LayoutError(f"/{'/'.join(path)} stands twice in the tree")
            files.add(path)
            if path[:-1] not in found:
                found.update(path[:depth] for depth in range(1, len(path)))
        if both := files & found:
            raise LayoutError(f"/{'/'.join(min(both))} is both a file and a folder")
        return sorted(found - {()}, key=lambda path: (len(path), path))
