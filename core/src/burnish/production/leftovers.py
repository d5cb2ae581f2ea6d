"""Pieces that somebody worked on who is no more: what a server, a feeder or a machine left when it died."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from burnish.database.tables import attempts, pieces
from burnish.production.outcome import settle_cut_off
from burnish.production.processes import is_alive
from burnish.requests.ledger import claim_of, hold_request, move_piece, piece_row, settle_end
from burnish.requests.states import AT_A_STATION, PieceState
from burnish.terms import StatusInfo

AttemptRow = Row[Any]


def open_attempts(connection: Connection, station: str) -> Sequence[AttemptRow]:
    """The attempts of a station that have no outcome yet, in their order."""
    states = [*AT_A_STATION, PieceState.UNKNOWN]
    query = (
        select(attempts)
        .join(pieces, attempts.c.piece == pieces.c.id)
        .where(attempts.c.station == station, attempts.c.outcome.is_(None), pieces.c.state.in_(states))
        .order_by(attempts.c.id)
    )
    return connection.execute(query).all()


def strangers(connection: Connection, names: Sequence[str]) -> Sequence[AttemptRow]:
    """The same of stations that have none of these names."""
    query = select(attempts).where(attempts.c.outcome.is_(None), attempts.c.station.not_in(names))
    return connection.execute(query).all()


def is_worked_on(row: AttemptRow) -> bool:
    """Whether the feeder of an attempt still lives: it outlived its server and finishes the piece."""
    return is_alive(row.process, row.process_start, row.process_boot)


def mark_unknown(connection: Connection, attempt: int, retries: int) -> bool:
    """Enter that nobody works on an attempt any more. True where its medium has to be asked."""
    claim = claim_of(connection, attempt)
    state = PieceState(piece_row(connection, claim.piece).state)
    if state is PieceState.CLAIMED:  # no intent was committed: nothing was touched
        message = "its process ended before it began"
        settle_cut_off(connection, claim, state, message, touched=False, retries=retries)
    elif state in AT_A_STATION:
        move_piece(connection, claim.piece, state, PieceState.UNKNOWN)
        message = "a medium was being written when its process ended"
        hold_request(connection, claim.request, StatusInfo.CHECK_MCD_OP, message)
        settle_end(connection, claim.request)
    return state is not PieceState.CLAIMED
