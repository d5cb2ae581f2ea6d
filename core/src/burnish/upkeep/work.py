"""What a doctor looks at of the work: who waits for a person, and what nobody asks about."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import select

from burnish.config import Config
from burnish.contracts.check import Finding, odd, some, well, wrong
from burnish.database import Database
from burnish.database.tables import attempts, pieces, requests
from burnish.production.roster import StationState, roster
from burnish.requests.holding import HELD
from burnish.requests.states import LIVE, PieceState
from burnish.terms import StatusInfo

_ADVICE: Final = {
    StatusInfo.OUT_OF_SUPPLIES: "load blanks, ink or ribbon",
    StatusInfo.CHECK_MCD_OP: "look at the device; `burnish requests UID` says why",
    StatusInfo.CHECK_MCD_SRV: "the device wants service",
}
"""Terms that a person is waited for under, and what to do."""
_OUT: Final = (StationState.QUARANTINED, StationState.FAILED)


def look_at_work(config: Config, database: Database) -> Iterator[Finding]:
    """Everything here, in order."""
    yield from requests_that_wait(database)
    yield from unknown_pieces(config, database)
    yield from stations(database)


def requests_that_wait(database: Database) -> Iterator[Finding]:
    """For an operator: held ones, and those whose term says so."""
    with database.read() as connection:
        rows = connection.execute(select(requests).where(requests.c.status.in_(LIVE))).all()
    held = [row.sop_instance for row in rows if row.plan == HELD]
    if held:
        advice = "`burnish requests UID` says why, `burnish requests UID --release` lets one go on"
        yield odd("requests", f"held: {some(held)}", advice)
    for info, advice in _ADVICE.items():
        waiting = [row.sop_instance for row in rows if row.info == info and row.plan != HELD]
        if waiting:
            yield odd("requests", f"{info}: {some(waiting)}", advice)
    yield well("requests", f"{len(rows)} started")


def unknown_pieces(config: Config, database: Database) -> Iterator[Finding]:
    """Pieces whose medium only a station could ask about that is configured no more."""
    query = (
        select(requests.c.sop_instance, pieces.c.copy, attempts.c.station)
        .join(pieces, pieces.c.request == requests.c.id)
        .join(attempts, attempts.c.piece == pieces.c.id)
        .where(pieces.c.state == PieceState.UNKNOWN, attempts.c.outcome.is_(None))
        .where(attempts.c.station.not_in(list(config.writers)))
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    if rows:
        lost = [f"{row.sop_instance} copy {row.copy} at {row.station}" for row in rows]
        yield odd(
            "pieces", f"nobody asks their media: {some(lost)}", "configure the station again, or cancel"
        )


def stations(database: Database) -> Iterator[Finding]:
    """Those that take nothing."""
    with database.read() as connection:
        rows = [row for row in roster(connection) if row.configured]
    for row in rows:
        if row.state in _OUT:
            advice = f"mend it; `burnish stations resume {row.name}` (its log: logs/{row.name}.log)"
            yield wrong("stations", f"{row.name} is {row.state}: {row.reason}", advice)
        elif row.state == StationState.READY:
            yield well("stations", f"{row.name} is ready")
        else:
            yield odd("stations", f"{row.name} is {row.state}: {row.reason}", "see `burnish stations`")
