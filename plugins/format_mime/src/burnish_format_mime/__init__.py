"""MIME: file-sets as messages (PS3.12 Annex K).

message  the recipe of a whole message
reader   reads a message of ours or anybody's

Describing the format imports neither.
"""

from collections.abc import Sequence
from typing import Any, BinaryIO

from burnish.contracts import Contents, Format, FormatSpec, VolumeFacts
from burnish.hookspecs import hookimpl
from burnish.recipe import Recipe, Tree
from pydantic import BaseModel, ConfigDict

__all__ = ["Mime", "Settings", "burnish_formats"]


class Settings(BaseModel):
    """The keys under `[formats.mime]`: there is nothing to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mime(Format):
    """Messages of one part for each file, in base64."""

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Lay `tree` out, part after part. Raises LayoutError, naming a path that is no name."""
        from burnish_format_mime.message import lay_out

        return lay_out(tree, facts)

    def read(self, medium: BinaryIO) -> Contents:
        """List what a message holds. Raises UnreadableMedium where it is none, damaged or hostile."""
        from burnish_format_mime.reader import read

        return read(medium)


@hookimpl
def burnish_formats() -> Sequence[FormatSpec[Any]]:
    """Offer it."""
    return [FormatSpec("mime", ".eml", Settings, lambda _: Mime())]
