"""The overseer: sees to it that no request waits for ever, and that each says what it waits for.

Each second it finds requests whose next piece no station can make, and requests that have waited longer than
`[queue] supplies_timeout` or `offline_timeout`. A request behind busy stations waits in the queue, without a
limit.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, func, select

from burnish.database import Database
from burnish.database.tables import attempts, pieces, requests, volumes
from burnish.errors import FaultKind
from burnish.media import MediaKind
from burnish.production import roster
from burnish.production.faults import POLICIES
from burnish.production.outcome import hold_in_doubt
from burnish.production.roster import StationState
from burnish.requests.ledger import abandon_request, hold_request, pieces_in
from burnish.requests.states import AT_A_STATION, LIVE, PieceState
from burnish.requests.store import request_row
from burnish.requests.waits import FOR_A_STATION, Wait, end_waits, overdue, waits_of
from burnish.terms import ExecutionStatus, StatusInfo
from burnish.units import format_duration

Need = tuple[MediaKind, int]
LOGGER = logging.getLogger(__name__)

_POLL: Final = 1.0
_STRANDED: Final[Mapping[Wait, tuple[StatusInfo, StatusInfo, str]]] = {
    Wait.STRANDED: (
        StatusInfo.MCD_BUSY,
        StatusInfo.MCD_FAILURE,
        "no station in service can make this medium",
    ),
    Wait.DRAINED: (
        StatusInfo.CHECK_MCD_OP,
        StatusInfo.CHECK_MCD_OP,
        "every station that can make this medium waits for an operator to let it go on",
    ),
}
"""What a request says while it waits for a station, what when that was too long, and why."""


class Overseer:
    """One thread that looks."""

    def __init__(self, database: Database, limits: Mapping[Wait, timedelta]) -> None:
        self._database = database
        self._limits = limits
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="overseer", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End."""
        self._stop.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.wait(_POLL):
            try:
                self.look()
            except Exception:  # a full disk, a locked database: neither ends it
                LOGGER.exception("overseer")

    def look(self) -> None:
        """One look; it disturbs no writer where there is nothing to say."""
        with self._database.read() as connection:
            needs = _needs(connection)
            told = [request for request in needs if not _is_told(connection, request, needs[request])]
            doubts = _doubts(connection)
            late = overdue(connection, self._limits)
        for doubt in doubts:
            with self._database.write() as connection:
                _tell_of_doubt(connection, doubt)
        for request in told:
            with self._database.write() as connection:
                _tell(connection, request)
        for row in late:
            with self._database.write() as connection:
                self._give_up(connection, row)

    def _give_up(self, connection: Connection, late: Row[Any]) -> None:
        """End a wait that was too long, unless somebody works on the request just now."""
        same = (late.request, late.kind)
        still = any((row.request, row.kind) == same for row in overdue(connection, self._limits))
        if still and not pieces_in(connection, late.request, AT_A_STATION):
            limit = format_duration(self._limits[Wait(late.kind)])
            why = request_row(connection, late.request).message
            message = f"waited longer than {limit}: {why}"
            abandon_request(connection, late.request, StatusInfo(late.failing), message)


def _needs(connection: Connection) -> dict[int, list[Need]]:
    """What waits to be made of each request that nobody works on: kinds of media, and the most bytes."""
    other = pieces.alias()
    working = select(other.c.id).where(
        other.c.request == pieces.c.request, other.c.state.in_([*AT_A_STATION, PieceState.UNKNOWN])
    )
    query = (
        select(pieces.c.request, volumes.c.medium, func.max(volumes.c.length))
        .join(volumes, pieces.c.volume == volumes.c.id)
        .join(requests, pieces.c.request == requests.c.id)
        .where(requests.c.status.in_(LIVE), requests.c.plan == "done")  # a held one waits for a person only
        .where(pieces.c.state == PieceState.PLANNED, ~working.exists())
        .group_by(pieces.c.request, volumes.c.medium)
    )
    found: dict[int, list[Need]] = defaultdict(list)
    for request, medium, length in connection.execute(query):
        found[request].append((MediaKind(medium), length))
    return found


class Doubt(NamedTuple):
    """An attempt at a piece of which nobody knows what became."""

    request: int
    fault: str | None
    message: str | None


def _doubts(connection: Connection) -> Sequence[Doubt]:
    """Attempts at pieces of which nobody knows what became, where nothing else of a request is to be made.

    Its last good piece leaves a request CREATING, which says that somebody works on it.
    """
    other = pieces.alias()
    more = select(other.c.id).where(
        other.c.request == pieces.c.request, other.c.state.in_([*AT_A_STATION, PieceState.PLANNED])
    )
    query = (
        select(pieces.c.request, attempts.c.fault, attempts.c.message)
        .join(requests, pieces.c.request == requests.c.id)
        .join(attempts, attempts.c.piece == pieces.c.id)
        .where(requests.c.status == ExecutionStatus.CREATING, ~more.exists())
        .where(pieces.c.state == PieceState.UNKNOWN, attempts.c.outcome.is_(None))
    )
    return [Doubt(*row) for row in connection.execute(query)]


def _tell_of_doubt(connection: Connection, doubt: Doubt) -> None:
    kind = FaultKind(doubt.fault) if doubt.fault in set(FaultKind) else FaultKind.DRIVER_FAULT
    if request_row(connection, doubt.request).status == ExecutionStatus.CREATING:
        hold_in_doubt(connection, doubt.request, kind, doubt.message or "a medium is in doubt")


class Reason(NamedTuple):
    """What a request waits for besides its turn."""

    wait: Wait
    info: StatusInfo
    failing: StatusInfo
    message: str


def _reason(connection: Connection, needs: Sequence[Need]) -> Reason | None:
    """Why a request waits; None where stations in service, supplied, can make a piece of it."""
    missing = [need for need in needs if not roster.able(connection, *need)]
    if missing:
        stopped = all(_waits_for_an_operator(connection, need) for need in missing)
        wait = Wait.DRAINED if stopped else Wait.STRANDED
        return Reason(wait, *_STRANDED[wait])
    lacks = [_lack(connection, need) for need in needs]
    return None if None in lacks else lacks[0]


def _waits_for_an_operator(connection: Connection, need: Need) -> bool:
    """Whether a station could make it that an operator has stopped, or that wants one before it moves."""
    stopped = [StationState.DRAINING, StationState.QUARANTINED, StationState.FAILED]
    rows = roster.able_rows(connection, *need, states=stopped)
    return any(row.state == StationState.DRAINING or _wants_an_operator(row) for row in rows)


def _wants_an_operator(row: roster.StationRow) -> bool:
    return bool(row.last_fault) and POLICIES[FaultKind(row.last_fault)].waiting is StatusInfo.CHECK_MCD_OP


def _lack(connection: Connection, need: Need) -> Reason | None:
    """What every station lacks that can make such a medium: of several conditions, the first one's."""
    rows = roster.able_rows(connection, *need)
    lacks = [roster.lack(row, *need) for row in rows]
    if None in lacks:
        return None
    row, fault = rows[0], lacks[0]
    policy = POLICIES[fault or FaultKind.DRIVER_FAULT]
    wait = Wait.STRANDED if policy.limit is Wait.OFFLINE else Wait.CONDITION
    said = row.reason if row.condition else f"{fault}: it needs a blank {need[0]} for {need[1]} bytes"
    return Reason(wait, policy.waiting or policy.failing, policy.failing, f"{row.name}: {said}")


def _is_told(connection: Connection, request: int, needs: Sequence[Need]) -> bool:
    reason = _reason(connection, needs)
    told = waits_of(connection, request) & set(FOR_A_STATION)
    if reason is None:
        return not told
    return told == {reason.wait} and request_row(connection, request).info == reason.info


def _tell(connection: Connection, request: int) -> None:
    """Say what a request waits for, or that it waits for its turn only: looked at again, now alone."""
    needs = _needs(connection).get(request)
    reason = _reason(connection, needs) if needs else None
    end_waits(connection, request, set(FOR_A_STATION) - {reason.wait if reason else None})
    if reason:
        hold_request(connection, request, reason.info, reason.message, reason.wait, reason.failing)
