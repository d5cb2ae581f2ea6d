"""The life of a media creation request, as two tables, and of a piece, as a third.

A request's states are the values of Execution Status (2100,0020), and GONE for one whose SOP Instance is
deleted. What an SCU asks for and a table does not move is refused with the status that the second table
says; what is in neither is a fault of ours.

Source: PS3.4 Annex S (S.3.2.2 initiate, S.3.2.3 cancel); where it is silent, the reading is ours: the
standard puts A510 in its N-CREATE section and its N-ACTION section says "no specific status codes", so
A510 answers both an Initiate that comes again and a Create under the UID of a started request.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from burnish.errors import InvalidMove, Refused
from burnish.terms import DimseStatus, ExecutionStatus, StatusInfo


class Event(StrEnum):
    """What is asked of a request, or happens to it."""

    CREATE = "create"
    """A second N-CREATE under its UID."""
    INITIATE = "initiate"
    CANCEL = "cancel"
    """Decided: its owner stopped, or it had none."""
    EXPIRE = "expire"
    CLAIM = "claim"
    """A station took a piece."""
    HOLD = "hold"
    """A device or a person is waited for."""
    FINISH = "finish"
    """Every piece is delivered."""
    FAIL = "fail"


S, E = ExecutionStatus, Event
LIVE: Final = (S.PENDING, S.CREATING)
"""States in which a request is worked on, or waits to be."""

MOVES: Final[Mapping[tuple[ExecutionStatus, Event], ExecutionStatus]] = MappingProxyType(
    {
        (S.IDLE, E.INITIATE): S.PENDING,
        (S.IDLE, E.CANCEL): S.GONE,
        (S.IDLE, E.EXPIRE): S.GONE,
        (S.PENDING, E.CLAIM): S.CREATING,
        (S.PENDING, E.HOLD): S.PENDING,
        (S.PENDING, E.FAIL): S.FAILURE,
        (S.PENDING, E.CANCEL): S.GONE,
        (S.CREATING, E.CLAIM): S.CREATING,
        (S.CREATING, E.HOLD): S.PENDING,
        (S.CREATING, E.FINISH): S.DONE,
        (S.CREATING, E.FAIL): S.FAILURE,
        (S.CREATING, E.CANCEL): S.GONE,
        (S.DONE, E.EXPIRE): S.GONE,
        (S.FAILURE, E.EXPIRE): S.GONE,
    }
)

REFUSALS: Final[Mapping[tuple[ExecutionStatus, Event], DimseStatus]] = MappingProxyType(
    {
        (S.IDLE, E.CREATE): DimseStatus.DUPLICATE_SOP_INSTANCE,
        (S.PENDING, E.CREATE): DimseStatus.ALREADY_INITIATED,
        (S.CREATING, E.CREATE): DimseStatus.ALREADY_INITIATED,
        (S.DONE, E.CREATE): DimseStatus.ALREADY_INITIATED,
        (S.FAILURE, E.CREATE): DimseStatus.ALREADY_INITIATED,
        (S.PENDING, E.INITIATE): DimseStatus.ALREADY_INITIATED,
        (S.CREATING, E.INITIATE): DimseStatus.ALREADY_INITIATED,
        (S.DONE, E.INITIATE): DimseStatus.ALREADY_INITIATED,
        (S.FAILURE, E.INITIATE): DimseStatus.ALREADY_INITIATED,
        (S.DONE, E.CANCEL): DimseStatus.CANCEL_ALREADY_COMPLETED,
        (S.FAILURE, E.CANCEL): DimseStatus.CANCEL_ALREADY_COMPLETED,
        (S.GONE, E.INITIATE): DimseStatus.NO_SUCH_SOP_INSTANCE,
        (S.GONE, E.CANCEL): DimseStatus.NO_SUCH_SOP_INSTANCE,
    }
)


def after(status: ExecutionStatus, event: Event) -> ExecutionStatus:
    """Say where `event` leads from `status`. Raises Refused where an SCU may not, else InvalidMove."""
    if target := MOVES.get((status, event)):
        return target
    if refusal := REFUSALS.get((status, event)):
        raise Refused(f"cannot {event} a request that is {status}", refusal)
    raise InvalidMove(f"{event} of a request that is {status}")


def check_info(target: ExecutionStatus, event: Event, info: StatusInfo) -> None:
    """IDLE, CREATING and DONE say NORMAL, PENDING and FAILURE never do; nothing goes back to QUEUED.

    Source: PS3.3 C.22.1.2. Raises InvalidMove.
    """
    says_why = target in (S.PENDING, S.FAILURE)
    if target is not S.GONE and says_why == (info is StatusInfo.NORMAL):
        raise InvalidMove(f"{target} with {info}")
    if info is StatusInfo.QUEUED and event is not E.INITIATE:
        raise InvalidMove(f"{event} with {info}")


class PieceState(StrEnum):
    """Where a piece is on its way to a patient. `claimed` to `labelled` hold a station."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    INTENT = "intent"
    """From here on a medium may have been touched."""
    WRITTEN = "written"
    PROVEN = "proven"
    LABELLED = "labelled"
    DELIVERED = "delivered"
    SPOILT = "spoilt"
    UNKNOWN = "unknown"
    """Nobody knows what became of the medium: it is asked, or rejected; never written again."""
    CANCELLED = "cancelled"


P = PieceState

PIECE_MOVES: Final[Mapping[PieceState, frozenset[PieceState]]] = MappingProxyType(
    {
        P.PLANNED: frozenset({P.CLAIMED, P.CANCELLED}),
        P.CLAIMED: frozenset({P.INTENT, P.PLANNED, P.CANCELLED}),
        P.INTENT: frozenset({P.WRITTEN, P.SPOILT, P.UNKNOWN, P.CLAIMED}),
        P.WRITTEN: frozenset({P.PROVEN, P.SPOILT, P.UNKNOWN}),
        P.PROVEN: frozenset({P.LABELLED, P.DELIVERED, P.SPOILT, P.UNKNOWN}),
        P.LABELLED: frozenset({P.DELIVERED, P.SPOILT, P.UNKNOWN}),
        P.UNKNOWN: frozenset({P.PROVEN, P.PLANNED, P.SPOILT}),
        P.SPOILT: frozenset({P.PLANNED, P.CANCELLED}),
        P.CANCELLED: frozenset({P.PLANNED}),
        P.DELIVERED: frozenset(),
    }
)
"""INTENT to CLAIMED: the driver proves that nothing was written. UNKNOWN to PLANNED: so does the medium.
SPOILT to PLANNED: another medium may be tried. CANCELLED to PLANNED: the cancel was taken back."""

AT_A_STATION: Final = (P.CLAIMED, P.INTENT, P.WRITTEN, P.PROVEN, P.LABELLED)
"""States in which a process works on the piece, or did when it died."""
TOUCHED: Final = (P.INTENT, P.WRITTEN, P.PROVEN, P.LABELLED)
"""States in which a medium may hold something of the piece."""


class LabelState(StrEnum):
    """What became of one label of an attempt, by its printer. A label that has no state was not begun."""

    WAITING = "waiting"
    """Nothing was printed: its printer cannot, and somebody has to mend that."""
    PRINTING = "printing"
    """Intended: from here on it may have been printed, and is not printed again unasked."""
    PRINTED = "printed"
    SKIPPED = "skipped"
    """The piece goes without, as the station's policy says."""
    DOUBTFUL = "doubtful"
    """Nobody knows whether it was printed: an operator has to look."""
