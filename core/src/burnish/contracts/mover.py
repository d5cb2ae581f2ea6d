"""A mover carries discs: from the input bin into a drive, from a drive to the output or the reject bin.

Every call states what is to be so afterwards, and is safe to repeat: a mover that finds it so already does
nothing. A mover is synchronous, and is open only while it moves something: drives that share one take turns,
and a process that is killed leaves the mover to the next.

Which drive is meant, and how its tray is moved, comes with each call: many robots have no wire to the drives
that they serve, and the host opens and closes trays around each motion.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from pydantic import BaseModel

from burnish.contracts.device import DeviceState
from burnish.errors import ANY_FAULT, FaultKind

SettingsT = TypeVar("SettingsT", bound=BaseModel)


class Tray(Protocol):
    """The drive that a motion is about."""

    @property
    @abstractmethod
    def number(self) -> int:
        """Which drive, from 0, in the order in which the station names its writers."""

    @abstractmethod
    def open(self) -> None:
        """Have the tray out. Raises DeviceFault."""

    @abstractmethod
    def close(self) -> None:
        """Have the tray in, and what lies in it recognised. Raises DeviceFault."""

    @abstractmethod
    def loaded(self) -> bool:
        """Whether the drive, its tray in, sees a medium. Raises DeviceFault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoverCapabilities:
    """Facts about a mover."""

    drives: int
    """How many it reaches."""
    reject_bin: bool = True
    """Whether it has a place for media that nobody may take for good ones."""


class Mover(Protocol):
    """A disc robot, an autoloader or a changer. Inherit from it: what is left out shows when it is built.

    Every method but the capabilities raises DeviceFault, and nothing else, when the device does not do as it
    is asked. A reply that the driver does not know is UNKNOWN_REPLY: guessed motions break hardware.
    """

    @property
    @abstractmethod
    def capabilities(self) -> MoverCapabilities:
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
        """Say what it holds and lacks. Cheap; moves nothing."""

    @abstractmethod
    def initialise(self) -> None:
        """Have the mechanism at rest, holding nothing: a disc that it holds goes to the reject bin."""

    @abstractmethod
    def load(self, tray: Tray) -> None:
        """Have one disc of the input bin in the drive, its tray in.

        Raises NO_BLANK_MEDIA for an empty bin, OPERATOR_ACTION for a jam or a disc that did not arrive.
        """

    @abstractmethod
    def accept(self, tray: Tray) -> str:
        """Have what lay in the drive in the output bin, the tray in; say which. An empty drive is left."""

    @abstractmethod
    def reject(self, tray: Tray) -> None:
        """Have what lay in the drive in the reject bin, the tray in. An empty drive is left.

        A mover without such a bin leaves the disc in the open tray and raises OPERATOR_ACTION.
        """


@dataclass(frozen=True, slots=True)
class MoverSpec(Generic[SettingsT]):
    """One kind of mover that a plugin can drive."""

    name: str
    """What a configuration file says after `driver =`."""
    settings: type[SettingsT]
    """The keys that driver takes under `[movers.<name>]`."""
    build: Callable[[SettingsT], Mover]
    """Makes the driver and touches no device: opening is the driver's `__enter__`."""
    raises: frozenset[FaultKind] = ANY_FAULT
    """Kinds of fault that the driver raises; what no driver in use does, the conformance statement marks."""

    def make(self, keys: Mapping[str, Any]) -> Mover:
        """Check `keys` against the settings and build the driver from them."""
        return self.build(self.settings.model_validate(dict(keys)))
