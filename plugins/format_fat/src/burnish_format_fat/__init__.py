"""FAT: the file systems of sticks, memory cards and magneto-optical discs (PS3.12 Annexes A, M, Q to U).

names      the rules of a tree: names of eight and three
geometry   how large everything is and where it begins
sectors    the sectors of the system's own: boot, FSInfo, partition table
image      the recipe of a whole volume
reader     reads a volume of ours or anybody's

Describing the formats imports none of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from burnish.contracts import Contents, Format, FormatSpec, VolumeFacts
from burnish.hookspecs import hookimpl
from burnish.recipe import Recipe, Tree
from pydantic import BaseModel, ConfigDict

__all__ = ["Fat", "FixedSettings", "Settings", "Variant", "burnish_formats"]


@dataclass(frozen=True, slots=True)
class Variant:
    """What a format makes and reads."""

    bits: tuple[int, ...]
    """16, 32, or both, the smaller one where it holds the tree."""
    partitioned: bool | None = None
    """Whether there is a partition table; None where the settings say, and either is read."""


VARIANTS: Final = {
    "fat16": Variant((16,), partitioned=True),
    "fat16-unpartitioned": Variant((16,), partitioned=False),
    "fat32": Variant((32,)),
    "fat": Variant((16, 32)),
}
"""By name. What a medium is called by is the first that reads it."""


class FixedSettings(BaseModel):
    """The keys under `[formats.fat16]` and `[formats.fat16-unpartitioned]`: there is nothing to choose."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Settings(FixedSettings):
    """The keys under `[formats.fat]` and `[formats.fat32]`."""

    partitioned: bool = True
    """Whether the medium has a partition table and the file system in its one partition, as sticks are sold,
    or begins with the file system."""


class Fat(Format):
    """One kind of FAT volume, as small as its content allows."""

    def __init__(self, variant: Variant, *, partitioned: bool = True) -> None:
        self._variant = variant
        self._partitioned = variant.partitioned if variant.partitioned is not None else partitioned

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        """Lay `tree` out, each file in clusters of its own, in the tree's order.

        Raises LayoutError, naming the path, for names that are no 8.3 names of A-Z 0-9 _, for files of 4 GiB,
        folders of more than 65 534 names, 512 in a root of FAT16, and trees that the file system cannot hold.
        """
        from burnish_format_fat.image import lay_out

        return lay_out(tree, facts, self._variant.bits, partitioned=self._partitioned)

    def read(self, medium: BinaryIO) -> Contents:
        """List what a volume holds. Long names are passed over: each file has a short one too.

        Raises UnreadableMedium where it is another kind of volume, damaged or hostile.
        """
        from burnish_format_fat.reader import read

        return read(medium, self._variant)


@hookimpl
def burnish_formats() -> Sequence[FormatSpec[Any]]:
    """Offer them; what is fixed has no keys."""
    return [FormatSpec(name, ".img", _keys(variant), _builder(variant)) for name, variant in VARIANTS.items()]


def _keys(variant: Variant) -> type[FixedSettings]:
    return Settings if variant.partitioned is None else FixedSettings


def _builder(variant: Variant) -> Callable[[FixedSettings], Format]:
    def build(settings: FixedSettings) -> Format:
        return Fat(variant, partitioned=not isinstance(settings, Settings) or settings.partitioned)

    return build
