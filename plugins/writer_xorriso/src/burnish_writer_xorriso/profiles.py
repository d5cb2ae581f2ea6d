"""What lies in a drive, by the number that MMC calls its profile."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from burnish.media import SECTOR, MediaKind


class Profile(NamedTuple):
    """A kind of disc, as MMC-6 table 93 has them."""

    name: str
    kind: MediaKind | None
    """What burnish makes of it; None: nothing."""
    overwriteable: bool = False
    """Any sector can be written at any time, so that no drive calls it blank or written."""
    rewritable: bool = False
    """It can be erased: a medium for tests rather than for handing out."""


# fmt: off
PROFILES: Final[Mapping[int, Profile]] = MappingProxyType(
    {
        0x08: Profile("CD-ROM", None),
        0x09: Profile("CD-R", MediaKind.CD_R),
        0x0A: Profile("CD-RW", MediaKind.CD_R, rewritable=True),
        0x10: Profile("DVD-ROM", None),
        0x11: Profile("DVD-R", MediaKind.DVD_R),
        0x12: Profile("DVD-RAM", MediaKind.DVD_RAM, overwriteable=True),
        0x13: Profile("DVD-RW restricted overwrite", MediaKind.DVD_R, overwriteable=True, rewritable=True),
        0x14: Profile("DVD-RW", MediaKind.DVD_R, rewritable=True),
        0x15: Profile("DVD-R DL", MediaKind.DVD_R_DL),
        0x16: Profile("DVD-R DL layer jump", MediaKind.DVD_R_DL),
        0x1A: Profile("DVD+RW", MediaKind.DVD_R, overwriteable=True, rewritable=True),
        0x1B: Profile("DVD+R", MediaKind.DVD_R),
        0x2A: Profile("DVD+RW DL", MediaKind.DVD_R_DL, overwriteable=True, rewritable=True),
        0x2B: Profile("DVD+R DL", MediaKind.DVD_R_DL),
        0x40: Profile("BD-ROM", None),
        0x41: Profile("BD-R", MediaKind.BD_R),
        0x42: Profile("BD-R random recording", None),
        0x43: Profile("BD-RE", MediaKind.BD_RE, overwriteable=True),
    }
)
# fmt: on

OPTICAL: Final = frozenset(profile.kind for profile in PROFILES.values() if profile.kind) | {
    MediaKind.BD_R_DL
}
"""Every kind of medium that such drives make."""

BD_LAYER: Final = 12_219_392 * SECTOR
"""Bytes of a BD layer without spare areas: a BD-R that holds more has several."""


class Pace(NamedTuple):
    """How fast a family of discs is written."""

    single: float
    """Kilobytes (1 000 bytes) a second that xorriso takes for 1x; of a CD they count its raw sectors."""
    fastest: float
    """Times that, which no drive exceeds."""


_CD, _DVD, _BD = Pace(176.4, 56), Pace(1385.0, 24), Pace(4495.625, 18)


def pace(kind: MediaKind) -> Pace:
    """The pace of a kind of medium."""
    return _CD if kind is MediaKind.CD_R else _BD if kind.startswith("BD") else _DVD


CD_RAW: Final = 2352 / SECTOR
"""Bytes of a raw CD sector for each byte of data in it."""


def xfactor(kind: MediaKind, bytes_a_second: float) -> float:
    """Say which x such a rate of data is.

    >>> round(xfactor(MediaKind.CD_R, 153_600), 2), round(xfactor(MediaKind.DVD_R, 2_770_000), 2)
    (1.0, 2.0)
    """
    raw = CD_RAW if kind is MediaKind.CD_R else 1.0
    return bytes_a_second * raw / 1000 / pace(kind).single
