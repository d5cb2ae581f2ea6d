"""What a fault means for the piece and its request, in one transaction."""

from sqlalchemy import Connection, func, select

from burnish.database import record_event
from burnish.database.tables import attempts
from burnish.errors import FaultKind
from burnish.events import EventKind
from burnish.production.faults import POLICIES, Action
from burnish.requests.ledger import Claim, abandon_request, give_back, hold_request, spoil
from burnish.requests.states import PieceState
from burnish.requests.store import request_row
from burnish.terms import ExecutionStatus, StatusInfo


def settle_fault(
    connection: Connection,
    claim: Claim,
    state: PieceState,
    kind: FaultKind,
    message: str,
    *,
    touched: bool,
    retries: int,
) -> None:
    """Enter a fault: `touched` says whether the medium may hold anything."""
    policy = POLICIES[kind]
    record_event(
        connection, EventKind.STATION_FAULT, request=claim.request, piece=claim.piece, kind_of_fault=kind
    )
    if touched:
        again = spoil(connection, claim, state, fault=kind, message=message, retries=retries)
    else:
        give_back(connection, claim, state, fault=kind, message=message)
        again = policy.action is not Action.NEXT_MEDIUM or _returned(connection, claim.piece) <= retries
    if policy.action is Action.FAIL or not again:
        abandon_request(connection, claim.request, policy.info, message)
    elif policy.action is Action.HOLD:
        hold_request(connection, claim.request, policy.info, message)


def settle_stop(
    connection: Connection, claim: Claim, state: PieceState, *, touched: bool, retries: int
) -> None:
    """Enter that the work was stopped because somebody wanted the request cancelled."""
    if not touched:
        give_back(connection, claim, state, fault=None, message="cancelled")
    elif not spoil(connection, claim, state, fault=None, message="cancelled", retries=retries):
        row = request_row(connection, claim.request)
        if row.status != ExecutionStatus.GONE and not row.cancel_asked:
            message = "too many media were spoilt, the last by a cancel that was taken back"
            abandon_request(connection, claim.request, StatusInfo.MCD_FAILURE, message)


def _returned(connection: Connection, piece: int) -> int:
    """How often a piece came back untouched from a fault that another try may mend: a driver that dies at
    once must not be asked for ever. Waiting for supplies is no try."""
    tries = [kind for kind, policy in POLICIES.items() if policy.action is Action.NEXT_MEDIUM]
    query = select(func.count()).select_from(attempts)
    query = query.where(
        attempts.c.piece == piece, attempts.c.outcome == "returned", attempts.c.fault.in_(tries)
    )
    return int(connection.execute(query).scalar_one())
