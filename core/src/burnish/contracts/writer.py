"""A writer puts a recipe's bytes on a medium and reads them back.

A driver is synchronous and is called from one thread of a process of its own. It sees no path of the
spool and no database: the image arrives on a descriptor, what it reads back leaves on another, and it is
never told what that will be compared with.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Generic, Protocol, Self, TypeVar

from pydantic import BaseModel

from burnish.contracts.device import DeviceState
from burnish.errors import ANY_FAULT, Cancelled, DeviceFault, FaultKind
from burnish.media import MediaKind

SettingsT = TypeVar("SettingsT", bound=BaseModel)

Report = Callable[[int], None]
"""Told the bytes done so far; never goes back, ends at the whole length."""


class Cancel:
    """Whether somebody wants this work stopped. A driver asks between steps of at most a second."""

    def __init__(
        self, asked: Callable[[], bool] = lambda: False, deny: Callable[[str], None] = lambda reason: None
    ) -> None:
        self._asked = asked
        self._deny = deny

    def __bool__(self) -> bool:
        return self._asked()

    def check(self) -> None:
        """Raise Cancelled where somebody does."""
        if self._asked():
            raise Cancelled("stopped on request")

    def deny(self, reason: str) -> None:
        """Say why this work, though asked to stop, is not stopped: the disc is being closed.

        Whoever asked is answered C203 at once, the token is as if nobody had asked, and the work goes on. A
        driver that neither stops nor says why is answered for with C202 after `cancel_wait`.
        """
        self._deny(reason)


class Takes(StrEnum):
    """What a writer is given."""

    IMAGE = "image"
    """The bytes of a medium, file system and all."""
    FILES = "files"
    """The files, for a device that makes the file system itself: see `burnish.recipe.files`. Reading back, it
    gives the same stream of what it finds, in the order of the paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterCapabilities:
    """Facts about a writer, true for as long as it stays open."""

    media: frozenset[MediaKind]
    """What it can make."""
    interruptible: bool
    """Whether `write` heeds its token once the first byte is on the medium."""
    takes: Takes = Takes.IMAGE
    """What arrives on `source`, and leaves on `sink`."""
    tray: bool = False
    """Whether it opens and closes its tray when told to, so that a mover can serve it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece to be made: everything a device or an operator may know of it. No patient data."""

    token: str
    """The request's opaque token."""
    volume_token: str
    """The volume's, as it stands in its descriptor."""
    file_set_id: str
    """As written; empty is allowed."""
    volume: int
    """From 1."""
    copy: int
    """From 1."""
    medium: MediaKind
    length: int
    """Bytes that are to be written: of the image, or of the stream of files."""
    suffix: str
    """Of an image file of this format: `.iso`."""
    spoilt: int = 0
    """Media spoilt at this piece before: a writer that has steps of speed takes a slower one."""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From what `to_json` gave."""
        return cls(**{**values, "medium": MediaKind(values["medium"])})


class Found(StrEnum):
    """What became of a job that was cut off."""

    UNTOUCHED = "untouched"
    """Nothing was written: the medium is as blank as before."""
    PARTIAL = "partial"
    """Something was written, or may have been: the medium goes to the reject bin."""
    WHOLE = "whole"
    """It was finished and can be read back."""
    GONE = "gone"
    """It is not in the device any more, and nobody can ask it: it counts as spoilt."""


class Writer(Protocol):
    """A drive, a stick's socket or a folder. Inherit from it: what is left out shows when it is built.

    The core calls `prepare`, commits its intent, then calls `write`, `read_back`, and `accept` or `reject`.
    Every method but the capabilities raises DeviceFault, and nothing else, when the device does not do as it
    is asked. Between jobs the core calls `look`, and claims a job only where nothing stands against one.
    """

    @property
    @abstractmethod
    def capabilities(self) -> WriterCapabilities:
        """What this device can do. Cheap, and callable before the device is opened."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Take the device."""

    @abstractmethod
    def __exit__(self, *exc_info: object) -> None:
        """Give it back, idle, whatever happened."""

    @abstractmethod
    def capacity(self, medium: MediaKind) -> int:
        """Bytes that may be planned for such a medium. Cheap, and callable before the device is opened."""

    def look(self) -> DeviceState:
        """Say what it holds and lacks. Cheap; changes nothing. A device that tells nothing leaves this."""
        return DeviceState()

    def prepare(self, job: Job, cancel: Cancel) -> None:
        """Do all that comes before the first byte: see that a blank that holds `job` is in place.

        Nothing is written here, so whatever is raised costs no medium. A device that can know nothing
        beforehand leaves this: `write` is asked to refuse all the same.
        """
        cancel.check()

    def open_tray(self) -> None:
        """Have the tray out. Safe to repeat; only where `capabilities.tray`."""
        raise DeviceFault(FaultKind.BAD_REQUEST, "this device has no tray that moves")

    def close_tray(self) -> None:
        """Have the tray in, its medium recognised. Safe to repeat; only where `capabilities.tray`."""
        raise DeviceFault(FaultKind.BAD_REQUEST, "this device has no tray that moves")

    @abstractmethod
    def examine(self, job: Job) -> Found:
        """Find out what became of `job` after a crash; safe to repeat, changes nothing.

        UNTOUCHED only where that is certain: a blank to which a crashed process may have begun to write is
        PARTIAL, however blank it looks.
        """

    @abstractmethod
    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        """Write the `job.length` bytes of `source` to a blank medium and close it.

        Whatever is wrong with the medium or the device that can be known beforehand is raised before the
        first byte is read. Raises Cancelled when the token says so and the device can stop.
        """

    @abstractmethod
    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        """Copy what stands on the medium into `sink`, from its first byte, past every cache."""

    @abstractmethod
    def accept(self, job: Job) -> str:
        """Hand the proven medium out and say where it went: a path, a bin. Safe to repeat."""

    @abstractmethod
    def reject(self, job: Job) -> None:
        """Put the medium where nobody takes it for a good one, accepted before or not. Safe to repeat.

        Never called after UNSAFE_TARGET of `write`: what is there is somebody else's.
        """


@dataclass(frozen=True, slots=True)
class WriterSpec(Generic[SettingsT]):
    """One kind of device a plugin can drive."""

    name: str
    """What a configuration file says after `driver =`."""
    settings: type[SettingsT]
    """The keys that driver takes under `[writers.<name>]`."""
    build: Callable[[SettingsT], Writer]
    """Makes the driver and touches no device: opening is the driver's `__enter__`."""
    raises: frozenset[FaultKind] = ANY_FAULT
    """Kinds of fault that the driver raises; what no driver in use does, the conformance statement marks."""

    def make(self, keys: Mapping[str, Any]) -> Writer:
        """Check `keys` against the settings and build the driver from them."""
        return self.build(self.settings.model_validate(dict(keys)))
