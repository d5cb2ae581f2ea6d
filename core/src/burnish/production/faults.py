"""What the core does about each fault of a device: one table.

A medium that was touched is spoilt whatever the kind; the action says what happens to the piece and to
the station. The type of a fault decides, never its text.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple

from burnish.errors import FaultKind
from burnish.terms import StatusInfo


class Action(Enum):
    """What happens to the piece."""

    NEXT_MEDIUM = auto()
    """Try another medium, as often as `retries_per_piece` allows; then the request fails."""
    HOLD = auto()
    """The piece waits: PENDING and the info, until somebody has mended the condition."""
    FAIL = auto()
    """The request fails."""


class Policy(NamedTuple):
    """A row of the table."""

    action: Action
    info: StatusInfo
    """Execution Status Info while the request waits, or when it fails."""


POLICIES: Final[Mapping[FaultKind, Policy]] = MappingProxyType(
    {
        FaultKind.NO_BLANK_MEDIA: Policy(Action.HOLD, StatusInfo.OUT_OF_SUPPLIES),
        FaultKind.NO_PRINT_SUPPLIES: Policy(Action.HOLD, StatusInfo.OUT_OF_SUPPLIES),
        FaultKind.OUTPUT_FULL: Policy(Action.HOLD, StatusInfo.CHECK_MCD_OP),
        FaultKind.WRONG_MEDIUM: Policy(Action.HOLD, StatusInfo.OUT_OF_SUPPLIES),
        FaultKind.MEDIUM_TOO_SMALL: Policy(Action.HOLD, StatusInfo.CHECK_MCD_OP),
        FaultKind.MEDIA_DEFECT: Policy(Action.NEXT_MEDIUM, StatusInfo.MCD_FAILURE),
        FaultKind.DRIVE_FAULT: Policy(Action.HOLD, StatusInfo.CHECK_MCD_SRV),
        FaultKind.OPERATOR_ACTION: Policy(Action.HOLD, StatusInfo.CHECK_MCD_OP),
        FaultKind.SERVICE_ACTION: Policy(Action.HOLD, StatusInfo.CHECK_MCD_SRV),
        FaultKind.DEVICE_BUSY: Policy(Action.HOLD, StatusInfo.MCD_BUSY),
        FaultKind.DEVICE_OFFLINE: Policy(Action.HOLD, StatusInfo.MCD_BUSY),
        FaultKind.STORAGE_FULL: Policy(Action.FAIL, StatusInfo.INSUFFIC_MEMORY),
        FaultKind.BAD_REQUEST: Policy(Action.FAIL, StatusInfo.PROC_FAILURE),
        FaultKind.UNSAFE_TARGET: Policy(Action.HOLD, StatusInfo.CHECK_MCD_OP),
        FaultKind.LABEL_FAILED: Policy(Action.HOLD, StatusInfo.CHECK_MCD_OP),
        FaultKind.DRIVER_FAULT: Policy(Action.NEXT_MEDIUM, StatusInfo.MCD_FAILURE),
    }
)
