"""Requests that wait for a person's decision: nothing is planned or made of one until it is released.

A held request is PENDING/CHECK_MCD_OP, without a limit, and may be cancelled as any other. Its volumes,
pieces and pins stay; a piece that was at a station when it was held is asked about as after any crash.
"""

from sqlalchemy import Connection, select, update

from burnish.database import record_event
from burnish.database.tables import requests, volumes
from burnish.errors import InvalidMove
from burnish.events import EventKind
from burnish.requests.states import LIVE, Event
from burnish.requests.store import RequestRow, move_request
from burnish.requests.waits import Wait, end_waits
from burnish.terms import StatusInfo

HELD = "held"
"""`requests.plan` of a request that waits for a person."""


def hold_started(connection: Connection, message: str) -> int:
    """Hold every request that is started and has not ended; returns how many. `message` tells people why."""
    rows = connection.execute(select(requests).where(requests.c.status.in_(LIVE))).all()
    for row in rows:
        end_waits(connection, row.id, list(Wait))
        move_request(connection, row, Event.HOLD, StatusInfo.CHECK_MCD_OP, message=message, plan=HELD)
    return len(rows)


def release(connection: Connection, row: RequestRow) -> None:
    """Let a held request go on where it stood; one without volumes is planned again.

    Where it was held because its instances disagree about people, or do not say who they are in a character
    set that can be read, the one who looked has said that it is well: that is confirmed with it, and nothing
    else.

    Raises InvalidMove where it is not held.
    """
    if row.plan != HELD or row.status not in LIVE:
        raise InvalidMove(f"request {row.sop_instance} is not held")
    planned = select(volumes.c.id).where(volumes.c.request == row.id).limit(1)
    plan = "done" if connection.execute(planned).first() else "none"
    changed = connection.execute(
        update(requests)
        .where(requests.c.id == row.id, requests.c.plan == HELD, requests.c.epoch == row.epoch)
        .values(
            plan=plan,
            message="",
            failed=[],
            people_confirmed=row.people_confirmed or bool(row.failed),
            epoch=row.epoch + 1,
        )
    )
    if changed.rowcount != 1:
        raise InvalidMove(f"request {row.sop_instance} changed while it was released")
    record_event(connection, EventKind.REQUEST_RELEASED, request=row.id)
