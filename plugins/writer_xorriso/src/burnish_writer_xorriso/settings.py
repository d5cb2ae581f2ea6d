"""The keys of a `[writers.<name>]` table whose driver is `xorriso`."""

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from burnish.media import MediaKind
from burnish.units import Duration
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from burnish_writer_xorriso.profiles import OPTICAL

PSEUDO: Final = "stdio:"
"""Begins the device of a pseudo-drive: a file or block device that xorriso writes as if it were a disc."""

_PLAIN_MEDIA: Final = (MediaKind.CD_R, MediaKind.DVD_R, MediaKind.DVD_R_DL, MediaKind.BD_R, MediaKind.BD_R_DL)


def _optical(kind: MediaKind) -> MediaKind:
    if kind not in OPTICAL:
        raise ValueError(f"{kind} is no optical medium; known are {', '.join(sorted(OPTICAL))}")
    return kind


OpticalKind = Annotated[MediaKind, AfterValidator(_optical)]
X = Annotated[float, Field(gt=0)]
"""A speed, as a multiple of the medium's 1x."""


class Settings(BaseModel):
    """How one drive is driven."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Annotated[str, Field(pattern=r"^(stdio:)?/")]
    """The drive's node, best the one that follows the drive: `/dev/disk/by-id/usb-...`, else `/dev/sr0`. With
    `stdio:` before the path of a file or block device: a pseudo-drive, for trials without hardware."""
    media: Annotated[tuple[OpticalKind, ...], Field(min_length=1)] = _PLAIN_MEDIA
    """Kinds of media that it may make; DVD-R stands for DVD+R too. A pseudo-drive pretends to hold the one
    kind that is named here. Absent: CD-R, DVD-R, DVD-R-DL, BD-R, BD-R-DL."""
    rewritable: bool = False
    """Whether blank CD-RW, DVD-RW and DVD+RW serve as CD-R and DVD-R. No medium that holds data is ever
    erased, whatever stands here."""
    speed: X | dict[OpticalKind, X] | None = None
    """At most so many times the 1x of the medium, for all kinds or for each; absent: as fast as the drive
    will. It is slowed down for a source that delivers less, and for each medium that was spoilt."""
    mode: Literal["auto", "dao", "tao"] = "auto"
    """Write type of CD-R and DVD-R: auto and dao write disc at once, tao serves drives that cannot. Other
    media have no choice."""
    bd_format: Literal["none", "default"] = "none"
    """What is done to a blank BD-R first. none: it is written as it is, at full speed. default: it gets spare
    sectors, which replace bad ones, cost room and half the speed."""
    stream_recording: bool = False
    """Whether DVD-RAM, BD-RE and BD-R with spare sectors are written at full speed, without replacing bad
    sectors: the read-back finds them."""
    reload: Literal["tray", "none"] = "tray"
    """tray: the drive draws its tray in by itself, so the disc goes out and in before it is read back, and a
    robot can serve it. none: a notebook's drive; the disc is read back at once, past the drive's memory."""
    fifo: Annotated[int, Field(ge=64 << 10, le=1 << 28)] = 32 << 20
    """Bytes that xorriso keeps ahead of the laser."""
    ready_timeout: Duration = timedelta(seconds=90)
    """For a disc to be recognised after the tray went in."""
    stall_timeout: Duration = timedelta(minutes=2)
    """Without a byte written, while the image is delivered, before the drive counts as broken."""
    finish_timeout: Duration | None = None
    """For preparing a disc, and for closing it; absent: 3 minutes for CD, 10 for DVD, 15 for BD."""
    program: str = "xorriso"
    """The xorriso to be run: a name on PATH, or a path."""

    @property
    def pseudo(self) -> str | None:
        """The path behind a pseudo-drive; None for a real one."""
        return self.device.removeprefix(PSEUDO) if self.device.startswith(PSEUDO) else None

    @model_validator(mode="after")
    def _one_medium_in_a_file(self) -> Self:
        if self.pseudo is not None and len(self.media) != 1:
            raise ValueError("a pseudo-drive holds one kind of medium: name it, as in media = ['CD-R']")
        return self

    def finishing(self, kind: MediaKind) -> float:
        """Seconds that preparing or closing such a medium may take."""
        if self.finish_timeout is not None:
            return self.finish_timeout.total_seconds()
        return 180.0 if kind is MediaKind.CD_R else 900.0 if kind.startswith("BD") else 600.0
