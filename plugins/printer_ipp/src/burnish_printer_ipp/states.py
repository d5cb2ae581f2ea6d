"""What the states of a printer and of a job mean to whoever waits for a label: two tables.

Reasons end in -error, -warning or -report (RFC 8011 5.4.12); warnings and reports keep nothing from being
printed. Sources: RFC 8011 5.3.7, 5.3.8, 5.4.11, 5.4.12; PWG 5100.9 for the reasons beyond it.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from burnish.errors import FaultKind


class PrinterState(IntEnum):
    """printer-state."""

    IDLE = 3
    PROCESSING = 4
    STOPPED = 5


class JobState(IntEnum):
    """job-state."""

    PENDING = 3
    HELD = 4
    PROCESSING = 5
    STOPPED = 6
    CANCELED = 7
    ABORTED = 8
    COMPLETED = 9


ENDED: Final = (JobState.CANCELED, JobState.ABORTED, JobState.COMPLETED)
_SUPPLY, _OPERATOR, _SERVICE = (
    FaultKind.NO_PRINT_SUPPLIES,
    FaultKind.OPERATOR_ACTION,
    FaultKind.SERVICE_ACTION,
)
REASONS: Final = {
    "media-empty": (_SUPPLY, "it has no paper or discs: put some in"),
    "media-needed": (_SUPPLY, "it waits for paper or a disc"),
    "marker-supply-empty": (_SUPPLY, "its ink or toner is used up"),
    "toner-empty": (_SUPPLY, "its toner is used up"),
    "developer-empty": (_SUPPLY, "its developer is used up"),
    "marker-waste-full": (_OPERATOR, "its waste container is full"),
    "media-jam": (_OPERATOR, "something is jammed: take it out"),
    "cover-open": (_OPERATOR, "its cover is open"),
    "door-open": (_OPERATOR, "its door is open"),
    "interlock-open": (_OPERATOR, "a cover is not quite closed"),
    "input-tray-missing": (_OPERATOR, "a tray is missing"),
    "output-tray-missing": (_OPERATOR, "its output tray is missing"),
    "output-area-full": (_OPERATOR, "its output tray is full"),
    "spool-area-full": (_OPERATOR, "its memory is full of other jobs"),
    "paused": (_OPERATOR, "it is paused"),
    "moving-to-paused": (_OPERATOR, "it is being paused"),
    "hold-new-jobs": (_OPERATOR, "it holds every job"),
    "shutdown": (FaultKind.DEVICE_OFFLINE, "it is switched off"),
    "offline": (FaultKind.DEVICE_OFFLINE, "it is off line"),
    "timed-out": (FaultKind.DEVICE_OFFLINE, "the queue does not reach it"),
    "connecting-to-device": (FaultKind.DEVICE_BUSY, "the queue is reaching for it"),
    "fuser-over-temp": (_SERVICE, "its fuser is too hot"),
    "fuser-under-temp": (_SERVICE, "its fuser is too cold"),
    "marker-failure": (_SERVICE, "its marking engine has failed"),
    "interpreter-resource-unavailable": (_SERVICE, "it lacks what the document needs"),
    "other": (_SERVICE, "it reports an error without a name: its display says more"),
}
"""What each reason comes to, in the order in which somebody has to act."""
IGNORED: Final = ("none", "cups-waiting-for-job-completed", "cups-remote-pending", "wifi-not-configured")


def condition_of(state: int, reasons: Sequence[str]) -> tuple[FaultKind, str] | None:
    """What keeps a printer from printing. One that stands still for a reason unknown is UNKNOWN_REPLY."""
    said = [reason for reason in map(_plain, reasons) if reason]
    for reason, (kind, text) in REASONS.items():
        if reason in said:
            return kind, f"{text} ({reason})"
    if state == PrinterState.STOPPED:
        return FaultKind.UNKNOWN_REPLY, f"it stands still and says {', '.join(said) or 'no reason'}"
    return None


def _plain(reason: str) -> str:
    """A reason without its severity; empty for what keeps nothing from being printed."""
    if reason.endswith(("-warning", "-report")) or reason in IGNORED:
        return ""
    return reason.removesuffix("-error")
