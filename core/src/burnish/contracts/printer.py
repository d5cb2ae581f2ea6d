"""A printer puts a drawn label on stock: a disc's face, a sticker, a sheet.

A printer is synchronous, and is open only while it prints something or is looked at: stations that share one
take turns. What it prints may tell of patients; it keeps nothing of that longer than the device needs.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, Self, TypeVar

from pydantic import BaseModel

from burnish.contracts.device import DeviceState
from burnish.contracts.label import Artwork, Stock, Wanted
from burnish.contracts.writer import Cancel
from burnish.errors import ANY_FAULT, FaultKind

SettingsT = TypeVar("SettingsT", bound=BaseModel)


class Printed(StrEnum):
    """What became of a label that was cut off."""

    NO = "no"
    """Nothing was printed, and nothing will be: only where that is certain."""
    YES = "yes"
    UNKNOWN = "unknown"
    """Somebody has to look: nothing is printed again before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintJob:
    """One label to be printed: everything a device may show of it. No patient data."""

    code: str
    """Of the piece: A-Z, 0-9 and a hyphen; the same piece has the same code each time."""
    title: str
    """For the device's display: file-set ID and volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterCapabilities:
    """Facts about a printer."""

    attaches: bool
    """Whether its label is on its piece once it is printed. Where not, a person sticks or lays it there."""


class Printer(Protocol):
    """A label printer. Inherit from it: what is left out shows when it is built.

    The core calls `wanted`, `look` and `print`, and after a `print` that did not end well `examine`. Every
    method but the capabilities raises DeviceFault, and nothing else, when the device does not do as it is
    asked.
    """

    @property
    @abstractmethod
    def capabilities(self) -> PrinterCapabilities:
        """What this device can do. Cheap, and callable before the device is opened."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Take the device. Raises DeviceFault DEVICE_OFFLINE where there is none, DEVICE_BUSY where another
        process has it."""

    @abstractmethod
    def __exit__(self, *exc_info: object) -> None:
        """Give it back, whatever happened."""

    @abstractmethod
    def look(self) -> DeviceState:
        """Say what it holds and lacks. Cheap; prints nothing."""

    @abstractmethod
    def wanted(self, stock: Stock) -> Wanted:
        """Say in which form a label on such stock is to be drawn. Cheap; callable before it is opened.

        Raises BAD_REQUEST where it does not print on such stock.
        """

    @abstractmethod
    def print(self, job: PrintJob, artwork: Artwork, cancel: Cancel) -> str:
        """Print, once; return when it is printed, and say where it is: a tray, a path.

        Whatever is wrong that can be known beforehand is raised before the first byte leaves.
        NO_PRINT_SUPPLIES: paper, labels, ink, ribbon; OPERATOR_ACTION: cover, jam, pause. Raises Cancelled
        when the token says so and nothing was printed.
        """

    def examine(self, job: PrintJob) -> Printed:
        """Find out whether the label of `job` was printed, after a `print` that failed or was cut off.

        A device that keeps no record of its jobs leaves this.
        """
        return Printed.UNKNOWN


@dataclass(frozen=True, slots=True)
class PrinterSpec(Generic[SettingsT]):
    """One kind of printer that a plugin can drive."""

    name: str
    """What a configuration file says after `driver =`."""
    settings: type[SettingsT]
    """The keys that driver takes under `[printers.<name>]`."""
    build: Callable[[SettingsT], Printer]
    """Makes the driver and touches no device: opening is the driver's `__enter__`."""
    raises: frozenset[FaultKind] = ANY_FAULT
    """Kinds of fault that the driver raises; what no driver in use does, the conformance statement marks."""

    def make(self, keys: Mapping[str, Any]) -> Printer:
        """Check `keys` against the settings and build the driver from them."""
        return self.build(self.settings.model_validate(dict(keys)))
