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
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from burnish.database import Database
from burnish.database.tables import pieces, requests, volumes
from burnish.media import MediaKind
from burnish.production import roster
from burnish.production.roster import StationState
from burnish.requests.ledger import abandon_request, hold_request, pieces_in
from burnish.requests.states import AT_A_STATION, LIVE, PieceState
from burnish.requests.store import request_row
from burnish.requests.waits import FOR_A_STATION, Wait, end_waits, overdue, waits_of
from burnish.terms import StatusInfo
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
        "an operator has stopped every station that can make this medium",
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
            late = overdue(connection, self._limits)
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


def _wait_for(connection: Connection, needs: Sequence[Need]) -> Wait | None:
    """What a request waits for besides its turn: None where stations in service can make all of it."""
    missing = [need for need in needs if not roster.able(connection, *need)]
    if not missing:
        return None
    stopped = all(roster.able(connection, *need, states=[StationState.DRAINING]) for need in missing)
    return Wait.DRAINED if stopped else Wait.STRANDED


def _is_told(connection: Connection, request: int, needs: Sequence[Need]) -> bool:
    wait = _wait_for(connection, needs)
    return waits_of(connection, request) & set(FOR_A_STATION) == ({wait} if wait else set())


def _tell(connection: Connection, request: int) -> None:
    """Say what a request waits for, or that it waits for its turn only: looked at again, now alone."""
    needs = _needs(connection).get(request)
    wait = _wait_for(connection, needs) if needs else None
    end_waits(connection, request, set(FOR_A_STATION) - {wait})
    if wait:
        info, failing, message = _STRANDED[wait]
        hold_request(connection, request, info, message, wait, failing)
