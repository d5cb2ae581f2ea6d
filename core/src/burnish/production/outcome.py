"""What became of an attempt, for the piece, its request and its station, in one transaction each."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, func, select

from burnish.database import record_event
from burnish.database.tables import attempts
from burnish.errors import FaultKind
from burnish.events import EventKind
from burnish.production import roster
from burnish.production.faults import POLICIES, Action, Policy
from burnish.requests.ledger import (
    Claim,
    abandon_request,
    give_back,
    hold_request,
    is_to_end,
    settle_end,
    spoil,
)
from burnish.requests.states import PieceState
from burnish.requests.store import request_row
from burnish.requests.waits import Wait
from burnish.terms import StatusInfo

CUT_OFF: Final = "CUT_OFF"
"""Stands in `attempts.fault` where a feeder died, or its server between a claim and the feeder."""
SOURCE_DAMAGED: Final = "SOURCE_DAMAGED"
"""Stands there where an instance in the spool has changed."""
CUT_OFFS: Final = 5
"""Attempts at one piece that may be cut off before a byte is written; feeders that always die on it are the
fault of what it is made of."""


def settle(
    connection: Connection,
    claim: Claim,
    state: PieceState,
    fault: str | None,
    message: str,
    *,
    touched: bool,
    retries: int,
    shared: bool = False,
) -> None:
    """Enter how an attempt ended badly: by a fault of its device, or by CUT_OFF or SOURCE_DAMAGED; None:
    somebody wanted it stopped. `touched` says whether its medium may hold anything, or is no good."""
    if fault is None:
        settle_stop(connection, claim, state, touched=touched, retries=retries)
    elif fault == CUT_OFF:
        settle_cut_off(connection, claim, state, message, touched=touched, retries=retries)
    elif fault == SOURCE_DAMAGED:
        settle_damage(connection, claim, state, message)
    else:
        kind = FaultKind(fault)
        settle_fault(connection, claim, state, kind, message, touched=touched, retries=retries, shared=shared)


def settle_fault(
    connection: Connection,
    claim: Claim,
    state: PieceState,
    kind: FaultKind,
    message: str,
    *,
    touched: bool,
    retries: int,
    shared: bool = False,
) -> None:
    """Enter a fault of a device or its driver; `shared`: of the robot that all drives of its station have."""
    record_event(
        connection, EventKind.STATION_FAULT, request=claim.request, piece=claim.piece, kind_of_fault=kind
    )
    amounts_to = roster.note_fault(connection, claim.station, kind, message, shared=shared)
    if touched:
        again = spoil(connection, claim, state, fault=kind, message=message, retries=retries)
    else:
        give_back(connection, claim, state, fault=kind, message=message)
        again = (
            POLICIES[kind].action is not Action.NEXT_MEDIUM or _driver_faults(connection, claim) <= retries
        )
    if not is_to_end(request_row(connection, claim.request)):
        policy = POLICIES[amounts_to if again else kind]
        _carry_out(connection, claim, policy, message, again=again)


def _carry_out(connection: Connection, claim: Claim, policy: Policy, message: str, *, again: bool) -> None:
    request, waiting = claim.request, policy.waiting
    reroutes = policy.action is Action.REROUTE
    if not again or policy.action is Action.FAIL or (reroutes and not _another(connection, claim)):
        abandon_request(connection, request, policy.failing, message)
    elif waiting:
        hold_request(connection, request, waiting, message, policy.limit, policy.failing)


def _another(connection: Connection, claim: Claim) -> bool:
    return roster.able(connection, claim.job.medium, claim.job.length, besides=claim.station)


def settle_cut_off(
    connection: Connection, claim: Claim, state: PieceState, message: str, *, touched: bool, retries: int
) -> None:
    """Enter that nobody works on an attempt any more, for no fault of its station."""
    if touched:
        again = spoil(connection, claim, state, fault=CUT_OFF, message=message, retries=retries)
    else:
        give_back(connection, claim, state, fault=CUT_OFF, message=message)
        again = _count(connection, claim, attempts.c.fault == CUT_OFF) < CUT_OFFS
    if not again and not is_to_end(request_row(connection, claim.request)):
        abandon_request(connection, claim.request, StatusInfo.PROC_FAILURE, message)


def settle_stop(
    connection: Connection, claim: Claim, state: PieceState, *, touched: bool, retries: int
) -> None:
    """Enter that the work was stopped because somebody wanted the request cancelled."""
    if not touched:
        give_back(connection, claim, state, fault=None, message="cancelled")
        return
    again = spoil(connection, claim, state, fault=None, message="cancelled", retries=retries)
    if not again and not is_to_end(request_row(connection, claim.request)):
        message = "too many media were spoilt, the last by a cancel that was taken back"
        abandon_request(connection, claim.request, StatusInfo.MCD_FAILURE, message)


def settle_damage(connection: Connection, claim: Claim, state: PieceState, message: str) -> None:
    """Enter that the instances themselves are damaged: no medium can mend that."""
    spoil(connection, claim, state, fault=SOURCE_DAMAGED, message=message, retries=0)
    if not is_to_end(request_row(connection, claim.request)):
        abandon_request(connection, claim.request, StatusInfo.PROC_FAILURE, message)


def leave_unknown(
    connection: Connection, claim: Claim, kind: FaultKind, message: str, *, shared: bool = False
) -> None:
    """Enter that a medium can be neither asked nor rejected now: it stays UNKNOWN, and is asked again.

    What is wrong with the medium itself, or with the driver, is for the operator to look at.
    """
    roster.note_fault(connection, claim.station, kind, message, shared=shared)
    hold_in_doubt(connection, claim.request, kind, message)
    settle_end(connection, claim.request)


def hold_in_doubt(connection: Connection, request: int, kind: FaultKind, message: str) -> None:
    """Say that a request waits for what is known of a medium, unless a station still makes pieces of it."""
    policy = POLICIES[kind]
    info = policy.waiting or StatusInfo.CHECK_MCD_OP
    wait, failing = (policy.limit, policy.failing) if policy.limit else (Wait.SUPPLIES, info)
    hold_request(connection, request, info, message, wait, failing)


def _driver_faults(connection: Connection, claim: Claim) -> int:
    """How often a piece came back untouched from a fault that another try may mend: a driver that dies at
    once must not be asked for ever. Waiting for supplies is no try."""
    tries = [kind for kind, policy in POLICIES.items() if policy.action is Action.NEXT_MEDIUM]
    return _count(connection, claim, attempts.c.fault.in_(tries))


def _count(connection: Connection, claim: Claim, fault: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(attempts)
    query = query.where(attempts.c.piece == claim.piece, attempts.c.outcome == "returned", fault)
    return int(connection.execute(query).scalar_one())
