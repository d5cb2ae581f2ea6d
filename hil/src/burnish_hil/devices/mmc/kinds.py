"""Kinds of disc, with the profiles by which a drive names them. (MMC-6 table 95)"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

BLOCK: Final = 2048
"""Bytes to a block."""


class Kind(StrEnum):
    """What is printed on the box."""

    CD_R = "CD-R"
    DVD_R = "DVD-R"
    DVD_PLUS_R = "DVD+R"
    DVD_PLUS_RW = "DVD+RW"
    BD_R = "BD-R"
    BD_RE = "BD-RE"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a drive knows of a kind."""

    blank: int
    """The profile while something can be written."""
    closed: int
    """The profile after it was finalised."""
    blocks: int
    """How many fit."""
    speed: int
    """The highest writing speed in kB/s (of 1000 bytes)."""
    overwriteable: bool = False
    """Any block can be written at any time; there are no tracks to close."""


TRAITS: Final[Mapping[Kind, Traits]] = {
    Kind.CD_R: Traits(0x09, 0x09, 359_844, 8_467),
    Kind.DVD_R: Traits(0x11, 0x10, 2_298_496, 22_160),
    Kind.DVD_PLUS_R: Traits(0x1B, 0x1B, 2_295_104, 22_160),
    Kind.DVD_PLUS_RW: Traits(0x1A, 0x1A, 2_295_104, 11_080, overwriteable=True),
    Kind.BD_R: Traits(0x41, 0x41, 12_219_392, 35_968),
    Kind.BD_RE: Traits(0x43, 0x43, 11_826_176, 8_992, overwriteable=True),
}

CD: Final = frozenset({0x08, 0x09, 0x0A})
DVD: Final = frozenset({0x10, 0x11, 0x1A, 0x1B})
BD: Final = frozenset({0x40, 0x41, 0x43})
"""Profiles by family; the first of each is what cannot be written."""
