"""ISO 9660: Interchange Level 1 for the CD-R of PS3.12 Annex F, and beside UDF for the DVD of Annex P.

names      the rules of a tree
hierarchy  directories and path tables
volume     volume descriptors
image      the recipe of a volume of ISO 9660 alone
bridge     the recipe of a volume of ISO 9660 and UDF 1.02
reader     reads a medium of ours or anybody's, with `walk`, `record`, `rules` and `trees` below it

Describing the formats imports none of them.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO

from burnish.contracts import Contents, Format, FormatSpec, VolumeFacts
from burnish.hookspecs import hookimpl
from burnish.recipe import Recipe, Tree
from pydantic import BaseModel, ConfigDict

__all__ = ["Bridge", "BridgeSettings", "Iso9660", "Settings", "burnish_formats"]


class Settings(BaseModel):
    """The keys under `[formats.iso9660]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    joliet: bool = False
    """Whether a Joliet hierarchy names every file a second time, for readers that like it better."""


class BridgeSettings(BaseModel):
    """The keys under `[formats.bridge]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    joliet: bool = True
    """Whether a Joliet hierarchy names every file a third time, for readers that like it better."""


class Iso9660(Format):
    """Level 1, without Rock Ridge and UDF. Image lengths are whole sectors, without run-out."""

    def __init__(self, *, joliet: bool = False) -> None:
        self._joliet = joliet

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Lay `tree` out, each file from a sector of its own, in the tree's order.

        Raises LayoutError for what Level 1 or Annex F does not allow, naming the path: names beyond 8.3 of
        A-Z 0-9 _, more than eight levels, one name twice, a file of 4 GiB - 2 048 bytes or more.
        """
        from burnish_format_iso9660.image import lay_out

        return lay_out(tree, facts, joliet=self._joliet)

    def read(self, medium: BinaryIO) -> Contents:
        """List what the primary volume descriptor's tree holds.

        Raises UnreadableMedium where there is none, or where it is damaged or hostile; never reads a
        directory sector twice. Rules that are broken but do no harm come back as findings, and so does a
        Joliet or UDF tree that names other data.
        """
        from burnish_format_iso9660.reader import read
        from burnish_format_iso9660.rules import LEVEL_1

        return read(medium, LEVEL_1, bridge=False)


class Bridge(Format):
    """Level 3 and UDF 1.02 over the same files, with or without Joliet; whole ECC blocks of a DVD."""

    def __init__(self, *, joliet: bool = True) -> None:
        self._joliet = joliet

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Lay `tree` out, each file from a sector of its own, in the tree's order.

        Raises LayoutError, naming the path, for names, depths and doubles as `Iso9660` does, and for a file
        beyond what one UDF file entry can describe, about 234 GiB.
        """
        from burnish_format_iso9660.bridge import lay_out

        return lay_out(tree, facts, joliet=self._joliet)

    def read(self, medium: BinaryIO) -> Contents:
        """List what the primary volume descriptor's tree holds, as `Iso9660` does.

        Raises UnreadableMedium also where there is no UDF file system beside it.
        """
        from burnish_format_iso9660.reader import read
        from burnish_format_iso9660.rules import LEVEL_3

        return read(medium, LEVEL_3, bridge=True)


@hookimpl
def burnish_formats() -> Sequence[FormatSpec[Any]]:
    """Offer `bridge` and `iso9660`: whoever tries one after the other finds what a medium is."""
    return [
        FormatSpec("bridge", ".iso", BridgeSettings, lambda keys: Bridge(joliet=keys.joliet)),
        FormatSpec("iso9660", ".iso", Settings, lambda keys: Iso9660(joliet=keys.joliet)),
    ]
