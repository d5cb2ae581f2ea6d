"""ZIP: the archive that e-mail profiles carry (PS3.12 Annex V).

crc      CRC-32 of files whose parts were summed at another time
records  the records of an archive, written and read
archive  the recipe of a whole archive
reader   reads an archive of ours or anybody's

Describing the format imports none of them.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO

from burnish.contracts import Contents, Format, FormatSpec, VolumeFacts
from burnish.hookspecs import hookimpl
from burnish.recipe import Recipe, Tree
from pydantic import BaseModel, ConfigDict

__all__ = ["Settings", "Zip", "burnish_formats"]


class Settings(BaseModel):
    """The keys under `[formats.zip]`: there is nothing to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Zip(Format):
    """Archives whose members are stored as they are; ZIP64 where one is needed."""

    sums = True

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Lay `tree` out, member after member, the directory last.

        Raises LayoutError, naming the path, where some system cannot name a file so, and where a source's
        CRC-32 is not given.
        """
        from burnish_format_zip.archive import lay_out

        return lay_out(tree, facts)

    def read(self, medium: BinaryIO) -> Contents:
        """List what an archive holds.

        Raises UnreadableMedium where it is none, damaged or hostile, and where a member is compressed or
        encrypted: its bytes do not stand in the archive.
        """
        from burnish_format_zip.reader import read

        return read(medium)


@hookimpl
def burnish_formats() -> Sequence[FormatSpec[Any]]:
    """Offer it."""
    return [FormatSpec("zip", ".zip", Settings, lambda _: Zip())]
