"""Kinds of media and what fits on each.

Units: every size is in bytes of user data, every count in sectors of 2 048 bytes.

Shape: a capacity is the room for a whole image, file system and DICOMDIR included. It is what burnish
*plans* with; at run time a drive says what the blank in it really holds.

Source: sector counts as drives report them for blank media (MMC READ DISC INFORMATION and READ FORMAT
CAPACITIES); Blu-ray with the default spare area; 120 mm CD-R by the smallest common 80 minute disc.
Media without a fixed size (USB, CF, SD, MMC, ZIP, MIME, MOD) stand with what their file system or
transport can address, or what PS3.12 allows.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

SECTOR: Final = 2048
"""Bytes in a sector of an optical disc and of every ISO 9660 or UDF image."""


class MediaKind(StrEnum):
    """What a medium is, by the name that configurations and profiles use."""

    CD_R = "CD-R"
    DVD_R = "DVD-R"
    DVD_R_DL = "DVD-R-DL"
    DVD_RAM = "DVD-RAM"
    BD_R = "BD-R"
    BD_R_DL = "BD-R-DL"
    BD_RE = "BD-RE"
    USB = "USB"
    CF = "CF"
    SD = "SD"
    MMC = "MMC"
    ZIP = "ZIP"
    MIME = "MIME"
    MOD = "MOD"


CAPACITY: Final[Mapping[MediaKind, int]] = MappingProxyType(
    {
        MediaKind.CD_R: 359_697 * SECTOR,
        MediaKind.DVD_R: 2_295_104 * SECTOR,
        MediaKind.DVD_R_DL: 4_171_712 * SECTOR,
        MediaKind.DVD_RAM: 2_236_704 * SECTOR,
        MediaKind.BD_R: 11_826_176 * SECTOR,
        MediaKind.BD_R_DL: 23_652_352 * SECTOR,
        MediaKind.BD_RE: 11_826_176 * SECTOR,
        MediaKind.USB: 2**37,
        MediaKind.CF: 2**37,
        MediaKind.SD: 2**31,
        MediaKind.MMC: 2**31,
        MediaKind.ZIP: 2**40,
        MediaKind.MIME: 2**31,
        MediaKind.MOD: 4_158_580 * 1024,
    }
)


def sectors(size: int) -> int:
    """Count the sectors that `size` bytes fill, the last one rounded up.

    >>> sectors(1), sectors(2_048), sectors(2_049)
    (1, 1, 2)
    """
    return -(-size // SECTOR)
