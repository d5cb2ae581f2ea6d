"""How long a request has waited for something, so that none waits for ever: a row for each kind of wait.

A wait counts in service time and begins once: a device that is tried again and fails again does not begin it
anew. It ends when a medium is written to its end, which is the first thing that no condition can precede: a
claim, and even an intent, come before the device is asked.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from burnish.database import service_time
from burnish.database.tables import requests, waits
from burnish.requests.states import LIVE
from burnish.terms import StatusInfo


class Wait(StrEnum):
    """What is waited for. The first two end when a medium is written, the others when a station is found."""

    SUPPLIES = "supplies"
    """Blanks, ink, or somebody to look: `[queue] supplies_timeout`."""
    OFFLINE = "offline"
    """A device that does not answer: `[queue] offline_timeout`. One that asks for supplies does answer."""
    STRANDED = "stranded"
    """Any station that can make the medium: `[queue] offline_timeout`."""
    DRAINED = "drained"
    """A station that an operator has stopped: `[queue] supplies_timeout`."""
    CONDITION = "condition"
    """A station that could begin: each lacks a blank, or a person: `[queue] supplies_timeout`."""


AT_A_DEVICE = (Wait.SUPPLIES, Wait.OFFLINE)
FOR_A_STATION = (Wait.STRANDED, Wait.DRAINED, Wait.CONDITION)


def begin_wait(connection: Connection, request: int, kind: Wait, failing: StatusInfo) -> None:
    """Enter that a request waits, since now or since before; `failing` is what it says in the end."""
    if kind is Wait.SUPPLIES:
        end_waits(connection, request, [Wait.OFFLINE])
    this = (waits.c.request == request) & (waits.c.kind == kind)
    if not connection.execute(update(waits).where(this).values(failing=failing)).rowcount:
        now = service_time(connection)
        values = {"request": request, "kind": kind, "since_served": now, "failing": failing}
        connection.execute(insert(waits).values(values))


def end_waits(connection: Connection, request: int, kinds: Collection[Wait] = AT_A_DEVICE) -> None:
    """Enter that a request waits for these no more."""
    connection.execute(delete(waits).where(waits.c.request == request, waits.c.kind.in_(kinds)))


def waits_of(connection: Connection, request: int) -> set[Wait]:
    """What a request waits for."""
    query = select(waits.c.kind).where(waits.c.request == request)
    return {Wait(kind) for kind in connection.execute(query).scalars()}


def overdue(connection: Connection, limits: Mapping[Wait, timedelta]) -> Sequence[Row[Any]]:
    """Waits of requests that have not ended which have lasted longer than their limit."""
    now = service_time(connection)
    query = select(waits).join(requests, waits.c.request == requests.c.id).where(requests.c.status.in_(LIVE))
    rows = connection.execute(query).all()
    return [row for row in rows if now - row.since_served > limits[Wait(row.kind)].total_seconds()]
