"""Requests as rows: finding one, moving one, and what N-GET says of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, text, update

from burnish.database import insert_row, record_event, service_time
from burnish.database.tables import icons, pieces, references, requests, volumes
from burnish.errors import FailedItem, InvalidMove
from burnish.events import EventKind
from burnish.requests.reference import Reference, SuppliedIcon, opaque_token
from burnish.requests.states import LIVE, Event, PieceState, after, check_info
from burnish.requests.waits import Wait, end_waits
from burnish.terms import ExecutionStatus, FailureReason, Priority, StatusInfo

RequestRow = Row[Any]
PRIORITIES: Final = (Priority.HIGH, Priority.MED, Priority.LOW)
"""By rank: what `requests.priority` holds is the index."""

_TELLS: Final = {
    Event.INITIATE: EventKind.REQUEST_INITIATED,
    Event.CLAIM: EventKind.REQUEST_CREATING,
    Event.HOLD: EventKind.REQUEST_HELD,
    Event.FINISH: EventKind.REQUEST_DONE,
    Event.FAIL: EventKind.REQUEST_FAILED,
    Event.CANCEL: EventKind.REQUEST_CANCELLED,
    Event.EXPIRE: EventKind.REQUEST_EXPIRED,
}


def create_request(
    connection: Connection,
    *,
    sop_instance: str,
    owner_ae: str,
    attributes: Mapping[str, Any],
    wanted: Sequence[Reference],
    preserve: bool = False,
) -> int:
    """Write an IDLE request and its references; the UID must be free.

    `preserve`: its instances stay as long as Preserve Composite Instances After Media Creation wants.
    """
    now = time.time()
    request = insert_row(
        connection,
        requests,
        sop_instance=sop_instance,
        owner_ae=owner_ae,
        token=opaque_token(sop_instance, now, owner_ae),
        status=ExecutionStatus.IDLE,
        info=StatusInfo.NORMAL,
        created_at=now,
        created_served=service_time(connection),
        preserve=preserve,
        attributes=dict(attributes),
        failed=[],
    )
    connection.execute(
        insert(references),
        [
            {
                "request": request,
                "position": position,
                "sop_class": reference.sop_class,
                "sop_instance": reference.sop_instance,
                "profile": reference.profile,
            }
            for position, reference in enumerate(wanted)
        ],
    )
    supplied = [
        {"request": request, "position": position, "attributes": icon.attributes, "pixels": icon.pixels}
        for position, reference in enumerate(wanted)
        if (icon := reference.icon)
    ]
    if supplied:
        connection.execute(insert(icons), supplied)
    record_event(connection, EventKind.REQUEST_CREATED, request=request, owner_ae=owner_ae)
    return request


def find_request(connection: Connection, sop_instance: str) -> RequestRow | None:
    """The request that has this UID now, or None."""
    query = select(requests).where(requests.c.sop_instance == sop_instance)
    return connection.execute(query.where(requests.c.status != ExecutionStatus.GONE)).one_or_none()


def request_row(connection: Connection, request: int) -> RequestRow:
    """A request by its row number, gone or not."""
    return connection.execute(select(requests).where(requests.c.id == request)).one()


def wanted_references(connection: Connection, request: int) -> list[Reference]:
    """Its Referenced SOP Sequence, in order."""
    query = select(references).where(references.c.request == request).order_by(references.c.position)
    supplied = {
        row.position: SuppliedIcon(row.attributes, row.pixels)
        for row in connection.execute(select(icons).where(icons.c.request == request))
    }
    return [
        Reference(row.sop_class, row.sop_instance, row.profile, supplied.get(row.position))
        for row in connection.execute(query)
    ]


def pin_versions(connection: Connection, request: int) -> None:
    """Freeze the newest stored version of everything a request names; later ones do not touch it."""
    connection.execute(
        text(
            "INSERT INTO pins (request, position, instance)"
            " SELECT request, position, found FROM (SELECT r.request, r.position,"
            " (SELECT i.id FROM instances i WHERE i.sop_instance = r.sop_instance AND NOT i.superseded"
            "  ORDER BY i.version DESC LIMIT 1) AS found"
            " FROM request_references r WHERE r.request = :request) AS pinned WHERE found IS NOT NULL"
        ),
        {"request": request},
    )


def move_request(
    connection: Connection, row: RequestRow, event: Event, info: StatusInfo = StatusInfo.NORMAL, **values: Any
) -> ExecutionStatus:
    """Move a request from where `row` saw it, and tell of it; returns the state it is in then.

    Raises Refused or InvalidMove as the tables say, and InvalidMove where the row has changed meanwhile.
    """
    target = after(ExecutionStatus(row.status), event)
    check_info(target, event, info)
    if target in (ExecutionStatus.DONE, ExecutionStatus.FAILURE):
        values |= {"outcome": target, **_ended(connection)}
    elif target == ExecutionStatus.GONE and not row.outcome:
        values |= _ended(connection)
    changed = connection.execute(
        update(requests)
        .where(requests.c.id == row.id, requests.c.status == row.status, requests.c.epoch == row.epoch)
        .values(status=target, info=info, epoch=row.epoch + 1, **values)
    )
    if changed.rowcount != 1:
        raise InvalidMove(f"request {row.id} changed while it was to {event}")
    if target not in LIVE:
        end_waits(connection, row.id, tuple(Wait))
    if (target, info) != (row.status, row.info):
        record_event(connection, _TELLS[event], request=row.id, status=target, info=info)
    return target


def _ended(connection: Connection) -> dict[str, float]:
    return {"ended_at": time.time(), "ended_served": service_time(connection)}


def fail_request(
    connection: Connection, request: int, info: StatusInfo, message: str, failed: Sequence[FailedItem] = ()
) -> None:
    """End a request with FAILURE; what was made stays counted."""
    row = request_row(connection, request)
    values = {"failed": [failed_json(item) for item in failed]} if failed else {}
    move_request(
        connection, row, Event.FAIL, info, message=message, cancel_asked=False, plan="none", **values
    )


def failed_json(item: FailedItem) -> dict[str, Any]:
    """A failed item as it is stored."""
    return {
        "sop_class": item.sop_class,
        "sop_instance": item.sop_instance,
        "reason": int(item.reason),
        "attributes": list(item.attributes),
        "profile": item.profile,
        "why": item.why,
    }


def failed_item(values: Mapping[str, Any]) -> FailedItem:
    """The reverse of `failed_json`."""
    reason, attributes = FailureReason(values["reason"]), tuple(values["attributes"])
    return FailedItem(**{**values, "reason": reason, "attributes": attributes})


@dataclass(frozen=True, slots=True)
class Made:
    """What exists of a request's media."""

    pieces: int
    """Delivered, over all copies and volumes."""
    file_sets: tuple[tuple[str, str], ...]
    """(File-set ID, File-set UID) of each volume of which a piece is delivered, in volume order."""


def made_media(connection: Connection, request: int) -> Made:
    """Count what was delivered."""
    query = (
        select(volumes.c.number, volumes.c.file_set_id, volumes.c.file_set_uid)
        .join(pieces, pieces.c.volume == volumes.c.id)
        .where(pieces.c.request == request, pieces.c.state == PieceState.DELIVERED)
        .order_by(volumes.c.number)
    )
    rows = connection.execute(query).all()
    return Made(len(rows), tuple(dict.fromkeys((row.file_set_id, row.file_set_uid) for row in rows)))
