"""ISO 9660, Interchange Level 1: the file system of the CD-R in PS3.12 Annex F.

`names` holds the rules of a tree, `volume` the structures of a volume, `image` makes the recipe of both;
`reader` reads a medium of ours or anybody's, `rules` says what is wrong with it. Describing the format
imports none of them.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO

from burnish.contracts import Contents, Format, FormatSpec, VolumeFacts
from burnish.hookspecs import hookimpl
from burnish.recipe import Recipe, Tree
from pydantic import BaseModel, ConfigDict

__all__ = ["Iso9660", "Settings", "burnish_formats"]


class Settings(BaseModel):
    """The keys under `[formats.iso9660]`: there is nothing to choose at Level 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Iso9660(Format):
    """Plain Level 1: no Joliet, no Rock Ridge, no UDF. Image lengths are whole sectors, without run-out."""

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Lay `tree` out, each file from a sector of its own, in the tree's order.

        Raises LayoutError for what Level 1 or Annex F does not allow, naming the path: names beyond 8.3 of
        A-Z 0-9 _, more than eight levels, one name twice, a file of 4 GiB - 2 048 bytes or more.
        """
        from burnish_format_iso9660.image import lay_out

        return lay_out(tree, facts)

    def read(self, medium: BinaryIO) -> Contents:
        """List what the primary volume descriptor's tree holds.

        Raises UnreadableMedium where there is none, or where it is damaged or hostile; never reads a
        directory sector twice. Rules that are broken but do no harm come back as findings.
        """
        from burnish_format_iso9660.reader import read

        return read(medium)


@hookimpl
def burnish_formats() -> Sequence[FormatSpec[Any]]:
    """Offer `iso9660`."""
    return [FormatSpec("iso9660", ".iso", Settings, lambda _: Iso9660())]
