"""What can go wrong, by what is done about it. The type decides; nobody parses a message.

* BurnishError
  x ConfigError            stop at start-up; the message says which key and what was expected
  x PluginError            leave the plugin out; `burnish plugins` says why
  x Refused                answer the SCU with the DIMSE status that it carries; nothing has changed
  x RequestFailed          set the request to FAILURE with the status info and failed items it carries
  x LayoutError            a tree that this format cannot hold; names the path
  x LabelUnfit             a text that has no room on its label; says which
  x BundleUnfit            what should stand beside the instances is not as it should be; says which file
  x UnreadableMedium       what was read is not a medium of this format
  x DatabaseDamaged        serve nothing until somebody has run `burnish repair`
  x SourceDamaged          a stored instance is gone or shorter than its record says
  x Mismatch               what stands on a medium is not what was laid out; says where
  x InvalidMove            a fault of ours: a state was left in a way that no table allows
  x Cancelled              the owner of the work was told to stop, and did
  x DeviceFault            something at a device; its kind alone decides retry, hold, reject or failure

A driver raises nothing but DeviceFault and, when its token says so, Cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from burnish.terms import DimseStatus, FailureReason, StatusInfo


class BurnishError(Exception):
    """Anything that burnish itself reports."""


class ConfigError(BurnishError):
    """The configuration cannot be used."""


class PluginError(BurnishError):
    """A plugin could not be loaded, or breaks a rule of the seam."""


class Refused(BurnishError):
    """An order was not taken."""

    def __init__(self, message: str, status: DimseStatus, tags: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.status = status
        """What the SCU is answered."""
        self.tags = tuple(tags)
        """The attributes at fault, for (0000,0901) or (0000,1005)."""


@dataclass(frozen=True, slots=True)
class FailedItem:
    """One item of Failed SOP Sequence (0008,1198)."""

    sop_class: str
    sop_instance: str
    reason: FailureReason
    attributes: tuple[int, ...] = ()
    """Tags for (2200,000E) Failure Attributes; empty where the reason names none."""
    profile: str = ""
    """(2200,000C); empty where none was asked for and none was chosen yet."""
    why: str = ""
    """One sentence for people: logs, `compose --explain`, the console."""


class RequestFailed(BurnishError):
    """A request cannot be carried out."""

    def __init__(self, message: str, info: StatusInfo, failed: Sequence[FailedItem] = ()) -> None:
        super().__init__(message)
        self.info = info
        """(2100,0030) beside FAILURE."""
        self.failed = tuple(failed)


class LayoutError(BurnishError):
    """A tree that a format cannot hold."""


class LabelUnfit(BurnishError):
    """A label that cannot be drawn without cutting something. The message names what, not its value."""


class BundleUnfit(BurnishError):
    """Something that should stand beside the instances is not as it should be: a program with another
    checksum. The message names the file."""

    def __init__(self, message: str, bundler: str = "") -> None:
        super().__init__(message)
        self.bundler = bundler
        """Whose it is, as the configuration calls it; empty until that is known."""


class UnreadableMedium(BurnishError):
    """Bytes that are no medium of the format that was asked to read them."""


class DatabaseDamaged(BurnishError):
    """The database cannot be worked with."""


class SourceDamaged(BurnishError):
    """A stored instance that can no longer be read whole."""


class Mismatch(BurnishError):
    """A medium that does not hold what was laid out."""


class InvalidMove(BurnishError):
    """A move that no state table allows."""


class Cancelled(BurnishError):
    """Work that stopped because it was told to."""


class FaultKind(StrEnum):
    """What is wrong at a device. `production/faults.py` says what the core does about each."""

    NO_BLANK_MEDIA = "NO_BLANK_MEDIA"
    """There is no blank medium in the device or its input bin."""
    NO_PRINT_SUPPLIES = "NO_PRINT_SUPPLIES"
    """Ink, ribbon or labels have run out."""
    OUTPUT_FULL = "OUTPUT_FULL"
    """The output bin takes no more."""
    WRONG_MEDIUM = "WRONG_MEDIUM"
    """Another kind, not blank or write-protected: nothing was written to it."""
    MEDIUM_TOO_SMALL = "MEDIUM_TOO_SMALL"
    """A blank that does not hold this image: nothing was written to it."""
    MEDIA_DEFECT = "MEDIA_DEFECT"
    """Writing, closing or reading back failed: the medium is spoilt."""
    DRIVE_FAULT = "DRIVE_FAULT"
    """The drive does not work as it should: none of its media can be relied on."""
    OPERATOR_ACTION = "OPERATOR_ACTION"
    """Somebody has to do something at the device: a jam, an open cover, a cable."""
    SERVICE_ACTION = "SERVICE_ACTION"
    """The device wants service."""
    DEVICE_BUSY = "DEVICE_BUSY"
    """Somebody else uses the device, or it has its own reasons; it will be free again."""
    DEVICE_OFFLINE = "DEVICE_OFFLINE"
    """The device does not answer: off, or its cable is out."""
    STORAGE_FULL = "STORAGE_FULL"
    """The folder or file system that the device writes into is full."""
    BAD_REQUEST = "BAD_REQUEST"
    """The device cannot take this job as it was given."""
    UNSAFE_TARGET = "UNSAFE_TARGET"
    """Writing there would destroy data that burnish was not given."""
    LABEL_FAILED = "LABEL_FAILED"
    """Nobody knows whether a label was printed."""
    UNKNOWN_REPLY = "UNKNOWN_REPLY"
    """The device said something that its driver does not know: it is stopped, nobody guesses."""
    DRIVER_FAULT = "DRIVER_FAULT"
    """The driver itself crashed, hung or talked nonsense."""


ANY_FAULT: Final = frozenset(FaultKind)


class DeviceFault(BurnishError):
    """A device did not do what it was asked.

    `kind` decides what happens next; `message` is for people and is never parsed.
    """

    def __init__(self, kind: FaultKind, message: str, *, shared: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.shared = shared
        """Whether it is a fault of what all drives of a station share: its robot."""
