"""What a deployer says about devices: `[writers.<name>]`, `[movers.<name>]`, `[stations.<name>]`."""

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from burnish.media import MediaKind
from burnish.units import Duration


class WriterSettings(BaseModel):
    """One device. Keys beyond these belong to its driver, whose own model checks them."""

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: str
    """Which writer of the loaded plugins drives it: `file`."""
    stall_timeout: Duration = timedelta(minutes=10)
    """How long a driver may neither finish a step nor report a byte before it counts as hung."""
    hold_retry: Duration = timedelta(seconds=5)
    """How long a station waits before it tries again after a condition that somebody must mend; a device that
    is busy or off line is asked ever more seldom, down to a twelfth as often."""
    quarantine_after: int = Field(default=3, ge=0)
    """Media spoilt in a row, whatever the request, that take the device out of service; 0: never."""

    driver_memory: int = Field(default=1 << 30, ge=0)
    """Bytes of memory that its driver, and what that starts, may each take; 0 is no limit."""

    @property
    def driver_keys(self) -> dict[str, Any]:
        """The keys this room does not know, untouched."""
        return dict(self.model_extra or {})


class MoverSettings(BaseModel):
    """One robot. Keys beyond these belong to its driver, whose own model checks them."""

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: str
    """Which mover of the loaded plugins drives it: `nimbie`, `serial`."""

    @property
    def driver_keys(self) -> dict[str, Any]:
        """The keys this room does not know, untouched."""
        return dict(self.model_extra or {})


class PrinterSettings(BaseModel):
    """One label printer. Keys beyond these belong to its driver, whose own model checks them."""

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: str
    """Which printer of the loaded plugins drives it: `file`, `ipp`, `zebra`."""

    @property
    def driver_keys(self) -> dict[str, Any]:
        """The keys this room does not know, untouched."""
        return dict(self.model_extra or {})


class LabelStep(BaseModel):
    """A label that each piece of a station gets, once it is proven and before it is handed out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    printer: str = ""
    """Name of the `[printers.<name>]` table; empty: none is printed."""
    style: str = "disc-120"
    """In which style, where the request selects none that this printer prints."""
    unlabelled: Literal["block", "skip", "discard"] = "block"
    """What happens where the label cannot be printed. `block`: nothing is made before the printer is well,
    and a proven piece stays in its device until an operator has seen to the printer. `skip`: the piece goes
    without. `discard`: it goes to the reject bin, and another is made."""
    confirm: Literal["auto", "never"] = "auto"
    """Whether an operator has to say, or to scan, that the label is where it belongs (`burnish stations
    labelled`) before the station makes another piece: `auto` where a person has to attach it, and where a
    piece goes without; `never`: several unlabelled pieces may lie beside one another."""


class StationSettings(LabelStep):
    """Devices that work as one. The keys of a label are those of the first label of each piece."""

    writers: tuple[str, ...] = Field(min_length=1)
    """Names of `[writers.<name>]` tables, in the order in which the robot counts its drives; several make
    copies side by side."""
    mover: str = ""
    """Name of the `[movers.<name>]` table of the robot that serves them; empty: a person does."""
    media: tuple[MediaKind, ...] = ()
    """Kinds of media that lie in its input bin; empty: whatever its drives can make."""
    besides: tuple[LabelStep, ...] = ()
    """Further labels of each piece: a mailer, a sheet. Each printer once."""

    @property
    def labels(self) -> tuple[LabelStep, ...]:
        """Every label of a piece, in the order in which they are printed."""
        return tuple(step for step in (self, *self.besides) if step.printer)
