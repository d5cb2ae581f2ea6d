"""UDF: the file systems of DVD-RAM (PS3.12 Annex J) and of BD-RE and BD-R (Annex X).

fields       what descriptors are made of: tags, strings, dates, addresses
revisions    what differs from one revision to the next
names        the rules of a tree
descriptors  the volume's own descriptors
entries      file entries and file identifiers
fileset      folders and files with their places, and all that is written of them
image        the recipe of a whole volume
bridge       UDF 1.02 over files that another file system placed
reader       reads a medium of ours or anybody's; below it `volume` (anchors and descriptors), `records` (file
             entries and identifiers), `spaces` (partitions) and `medium` (bytes)

Describing the formats imports none of them.
"""

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from burnish.contracts import Contents, Format, FormatSpec, VolumeFacts
from burnish.hookspecs import hookimpl
from burnish.recipe import Recipe, Tree
from pydantic import BaseModel, ConfigDict

__all__ = ["Settings", "Udf", "burnish_formats"]

_NAMES = ("udf150", "udf250", "udf260")


class Settings(BaseModel):
    """The keys under `[formats.udf150]` and its kin: there is nothing to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Udf(Format):
    """One revision of UDF, read-only when it is made: no space is left to allocate."""

    def __init__(self, revision: str) -> None:
        """`revision`: "1.50", "2.50" or "2.60"."""
        self.revision = revision

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Lay `tree` out, each file from a block of its own, in the tree's order.

        Raises LayoutError, naming the path, for names beyond 254 characters of Latin-1 or 127 others, paths
        beyond 1 023 bytes, one name twice, and files beyond what one file entry can describe.
        """
        from burnish_format_udf.image import lay_out
        from burnish_format_udf.revisions import REVISIONS

        return lay_out(tree, facts, REVISIONS[self.revision])

    def read(self, medium: BinaryIO) -> Contents:
        """List what a volume holds: of a revision up to 2.01, up to 2.50, or later, as this format's own is.

        Raises UnreadableMedium where there is none, where it is damaged or hostile, and where it needs a
        virtual allocation table or a sparing table. Rules that are broken but do no harm are findings.
        """
        from burnish_format_udf.reader import read
        from burnish_format_udf.revisions import REVISIONS

        return read(medium, REVISIONS[self.revision].taken)


@hookimpl
def burnish_formats() -> Sequence[FormatSpec[Any]]:
    """Offer `udf150`, `udf250` and `udf260`."""
    return [FormatSpec(name, ".iso", Settings, _builder(f"{name[3]}.{name[4:]}")) for name in _NAMES]


def _builder(revision: str) -> Callable[[Settings], Format]:
    return lambda _: Udf(revision)
