"""What the core does about each fault of a device: one table.

A fault's kind alone decides, never its text. A medium that was touched goes to the reject bin whatever the
kind, and each is counted; the table says the rest: what becomes of the piece, what an SCU reads meanwhile and
at the end, how long is waited, what becomes of an untouched blank, and what the station does next.

Terms: PS3.3 C.22.1.2. CREATING may only say NORMAL, so a condition in the middle of a job is told as PENDING
with its term.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple

from burnish.errors import FaultKind
from burnish.requests.waits import Wait
from burnish.terms import StatusInfo


class Action(Enum):
    """What happens to the piece."""

    NEXT_MEDIUM = auto()
    """Try another medium, as often as `retries_per_piece` allows; then the request fails."""
    HOLD = auto()
    """The piece waits until somebody has mended the condition, or its limit is over."""
    REROUTE = auto()
    """Another station makes it; where there is none that can, the request fails."""
    FAIL = auto()
    """The request fails."""


class Next(Enum):
    """What the station does."""

    GO_ON = auto()
    """It takes the next piece after `hold_retry`."""
    WAIT = auto()
    """It shows that it waits, and tries again each `hold_retry`."""
    BACK_OFF = auto()
    """The same, ever more seldom."""
    QUARANTINE = auto()
    """It takes nothing more until `burnish stations resume`."""


class Blank(Enum):
    """What becomes of a medium to which nothing was written."""

    KEPT = auto()
    REJECTED = auto()
    """It is not a good one: rejected and counted as if it had been written."""


class Policy(NamedTuple):
    """A row of the table."""

    action: Action
    waiting: StatusInfo | None
    """Execution Status Info beside PENDING; None where nothing is waited for."""
    failing: StatusInfo
    """The same beside FAILURE."""
    limit: Wait | None
    """Which limit ends the waiting; None where nothing is waited for at this device."""
    station: Next
    blank: Blank = Blank.KEPT


_SUPPLIES, _OPERATOR = StatusInfo.OUT_OF_SUPPLIES, StatusInfo.CHECK_MCD_OP
_BUSY, _SERVICE = StatusInfo.MCD_BUSY, StatusInfo.CHECK_MCD_SRV
_FAILURE, _MEMORY, _PROCESSING = (
    StatusInfo.MCD_FAILURE,
    StatusInfo.INSUFFIC_MEMORY,
    StatusInfo.PROC_FAILURE,
)

OWN: Final = frozenset(
    {
        FaultKind.BAD_REQUEST,
        FaultKind.DEVICE_BUSY,
        FaultKind.DRIVER_FAULT,
        FaultKind.DRIVE_FAULT,
        FaultKind.LABEL_FAILED,
        FaultKind.MEDIA_DEFECT,
        FaultKind.MEDIUM_TOO_SMALL,
        FaultKind.NO_BLANK_MEDIA,
        FaultKind.OPERATOR_ACTION,
    }
)
"""What the core itself finds wrong at a device, whatever its driver says."""

# fmt: off
POLICIES: Final[Mapping[FaultKind, Policy]] = MappingProxyType(
    {
        FaultKind.NO_BLANK_MEDIA:    Policy(Action.HOLD, _SUPPLIES, _SUPPLIES, Wait.SUPPLIES, Next.WAIT),
        FaultKind.NO_PRINT_SUPPLIES: Policy(Action.HOLD, _SUPPLIES, _SUPPLIES, Wait.SUPPLIES, Next.WAIT),
        FaultKind.OUTPUT_FULL:       Policy(Action.HOLD, _OPERATOR, _OPERATOR, Wait.SUPPLIES, Next.WAIT),
        FaultKind.WRONG_MEDIUM:      Policy(Action.HOLD, _SUPPLIES, _SUPPLIES, Wait.SUPPLIES, Next.WAIT),
        FaultKind.MEDIUM_TOO_SMALL:  Policy(Action.HOLD, _OPERATOR, _OPERATOR, Wait.SUPPLIES, Next.WAIT),
        FaultKind.UNSAFE_TARGET:     Policy(Action.HOLD, _OPERATOR, _OPERATOR, Wait.SUPPLIES, Next.WAIT),
        FaultKind.OPERATOR_ACTION:   Policy(Action.HOLD, _OPERATOR, _OPERATOR, Wait.SUPPLIES, Next.WAIT),
        FaultKind.LABEL_FAILED:      Policy(Action.HOLD, _OPERATOR, _OPERATOR, Wait.SUPPLIES, Next.WAIT),
        FaultKind.UNKNOWN_REPLY:
            Policy(Action.HOLD, _OPERATOR, _OPERATOR, Wait.SUPPLIES, Next.QUARANTINE),
        FaultKind.DEVICE_BUSY:       Policy(Action.HOLD, _BUSY, _BUSY, Wait.SUPPLIES, Next.BACK_OFF),
        FaultKind.DEVICE_OFFLINE:    Policy(Action.HOLD, _BUSY, _FAILURE, Wait.OFFLINE, Next.BACK_OFF),
        FaultKind.MEDIA_DEFECT:
            Policy(Action.NEXT_MEDIUM, None, _FAILURE, None, Next.GO_ON, Blank.REJECTED),
        FaultKind.DRIVER_FAULT:      Policy(Action.NEXT_MEDIUM, None, _FAILURE, None, Next.GO_ON),
        FaultKind.DRIVE_FAULT:       Policy(Action.REROUTE, _SERVICE, _SERVICE, None, Next.QUARANTINE),
        FaultKind.SERVICE_ACTION:    Policy(Action.REROUTE, _SERVICE, _SERVICE, None, Next.QUARANTINE),
        FaultKind.STORAGE_FULL:      Policy(Action.FAIL, None, _MEMORY, None, Next.GO_ON),
        FaultKind.BAD_REQUEST:       Policy(Action.FAIL, None, _PROCESSING, None, Next.GO_ON),
    }
)
# fmt: on
