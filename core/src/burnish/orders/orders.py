"""Doing something to requests, each in one transaction that is durable before anybody is answered."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from sqlalchemy import ColumnElement, Connection, func, select

from burnish.database import Database, record_event
from burnish.database.tables import requests
from burnish.errors import Refused
from burnish.events import EventKind
from burnish.instances.index import InstanceIndex
from burnish.orders.settings import AetSettings, MediaLimits, QueueSettings, Right
from burnish.orders.shape import ARGUMENTS, ATTRIBUTES, Asked, copies, priority, shape, unknown_keywords
from burnish.requests.ledger import ask_to_cancel, refuse_cancel
from burnish.requests.states import Event, after
from burnish.requests.store import (
    PRIORITIES,
    RequestRow,
    create_request,
    failed_item,
    find_request,
    made_media,
    move_request,
    pin_versions,
    request_row,
    wanted_references,
)
from burnish.terms import DimseStatus, ExecutionStatus, Priority, StatusInfo
from burnish.uids import is_uid

TOLD: Final = (
    "ExecutionStatus",
    "ExecutionStatusInfo",
    "TotalNumberOfPiecesOfMediaCreated",
    "FailedSOPSequence",
    "ReferencedStorageMediaSequence",
    "ReferencedSOPSequence",
)
"""What N-GET tells besides the attributes of the request."""
_STARTED: Final = (ExecutionStatus.PENDING, ExecutionStatus.CREATING)
_PRESERVE: Final = "PreserveCompositeInstancesAfterMediaCreation"
_CANCEL_POLL: Final = 0.02
"""Seconds between looks at a request that is being cancelled."""


@dataclass(frozen=True, slots=True)
class Look:
    """What N-GET may say of a request."""

    values: Mapping[str, Any]
    """By keyword; sequences as lists of mappings, an empty one where nothing is to tell."""
    missing: Sequence[str]
    """What was asked for and is not kept."""


class Orders:
    """Create, initiate, cancel, look. Safe from any thread."""

    def __init__(
        self,
        database: Database,
        index: InstanceIndex,
        *,
        queue: QueueSettings | None = None,
        limits: MediaLimits | None = None,
        aets: Mapping[str, AetSettings] | None = None,
        wake: Callable[[], None] = lambda: None,
        room: Callable[[DimseStatus], None] = lambda _: None,
    ) -> None:
        """`room` raises Refused with the status it is given where the disk takes nothing more."""
        self._database = database
        self._index = index
        self._queue = queue or QueueSettings()
        self._limits = limits or MediaLimits()
        self._aets = aets or {}
        self._wake = wake
        self._room = room

    def may(self, ae: str, right: Right) -> bool:
        """Whether a calling AE has a right; without a table of AEs everybody has every right."""
        return not self._aets or (ae in self._aets and right in self._aets[ae].may)

    def create(self, attributes: Mapping[str, Any], *, sop_instance: str | None, ae: str) -> str:
        """Record an IDLE request and return its UID, minted where none is given. Raises Refused."""
        self._demand(ae, "create")
        if sop_instance is not None and not is_uid(sop_instance):
            raise Refused("the SOP Instance UID is not a UID", DimseStatus.INVALID_OBJECT_INSTANCE)
        asked = shape(attributes, self._queue.max_references, self._limits.terms)
        uid = sop_instance or f"2.25.{uuid.uuid4().int}"
        self._index.flush()
        with self._database.write() as connection:
            if existing := find_request(connection, uid):
                after(ExecutionStatus(existing.status), Event.CREATE)
            self._demand_place(connection, ae)
            self._enter(connection, uid, ae, asked)
        return uid

    def _enter(self, connection: Connection, uid: str, ae: str, asked: Asked) -> None:
        preserve = asked.attributes.get(_PRESERVE, self._limits.preserve_default) == "YES"
        request = create_request(
            connection,
            sop_instance=uid,
            owner_ae=ae,
            attributes=asked.attributes,
            wanted=asked.references,
            preserve=preserve,
        )
        for keyword, term in asked.ignored.items():
            record_event(connection, EventKind.TERM_IGNORED, request=request, keyword=keyword, term=term)
        _tell_ignored(connection, request, asked.unknown)

    def initiate(self, sop_instance: str, arguments: Mapping[str, Any], *, ae: str) -> None:
        """Start a request and pin the versions it uses. Raises Refused, and the request stays IDLE."""
        self._demand(ae, "create")
        self._index.flush()
        with self._database.write() as connection:
            row = self._own(connection, sop_instance, ae)
            after(ExecutionStatus(row.status), Event.INITIATE)
            wanted = {
                "copies": copies(arguments, self._limits.max_copies),
                "priority": PRIORITIES.index(self._priority(arguments)),
            }
            self._demand_queue(connection)
            pin_versions(connection, row.id)
            now = time.time()
            move_request(connection, row, Event.INITIATE, StatusInfo.QUEUED, initiated_at=now, **wanted)
            _tell_ignored(connection, row.id, unknown_keywords(arguments, ARGUMENTS))
        self._wake()

    def _priority(self, arguments: Mapping[str, Any]) -> Priority:
        queue = self._queue
        return priority(arguments, queue.priority_default, print_priority=queue.print_priority == "read")

    def cancel(self, sop_instance: str, *, ae: str) -> None:
        """Have all work on a request stopped and the request deleted; waits up to `cancel_wait`.

        Raises Refused: C201 where it has ended, C202 where its owner cannot stop or is silent, 0112.
        """
        self._demand(ae, "cancel")
        with self._database.write() as connection:
            row = self._own(connection, sop_instance, ae)
            after(ExecutionStatus(row.status), Event.CANCEL)
            ask_to_cancel(connection, row.id)
        self._wake()
        self._await_cancel(row.id)

    def _await_cancel(self, request: int) -> None:
        end = time.monotonic() + self._queue.cancel_wait.total_seconds()
        while True:
            with self._database.read() as connection:
                row = request_row(connection, request)
            if row.status == ExecutionStatus.GONE:
                return
            if not row.cancel_asked:
                _cancel_refused(row)
            if time.monotonic() > end:
                break
            time.sleep(_CANCEL_POLL)
        self._take_back(request)

    def _take_back(self, request: int) -> None:
        with self._database.write() as connection:
            row = request_row(connection, request)
            if row.status == ExecutionStatus.GONE:
                return
            refuse_cancel(connection, request, DimseStatus.CANCEL_IN_PROGRESS)
        self._wake()
        _cancel_refused(row)

    def look(self, sop_instance: str, keywords: Sequence[str] = (), *, ae: str) -> Look:
        """Say what is known of a request: these keywords, or all that is kept. Raises Refused 0112."""
        self._demand(ae, "get")
        with self._database.read() as connection:
            row = self._own(connection, sop_instance, ae)
            values = _status(connection, row)
            if not keywords or "ReferencedSOPSequence" in keywords:
                values["ReferencedSOPSequence"] = [
                    _reference_item(r.sop_class, r.sop_instance, r.profile)
                    for r in wanted_references(connection, row.id)
                ]
        values |= {keyword: row.attributes[keyword] for keyword in ATTRIBUTES if keyword in row.attributes}
        if not keywords:
            return Look(values, ())
        kept = {keyword: values[keyword] for keyword in keywords if keyword in values}
        return Look(kept, [keyword for keyword in keywords if keyword not in values])

    def _own(self, connection: Connection, sop_instance: str, ae: str) -> RequestRow:
        row = find_request(connection, sop_instance)
        if row is None:
            raise Refused("no such media creation request", DimseStatus.NO_SUCH_SOP_INSTANCE)
        if row.owner_ae != ae:
            raise Refused("the request is another AE's", DimseStatus.NOT_AUTHORISED)
        return row

    def _demand(self, ae: str, right: Right) -> None:
        if not self.may(ae, right):
            raise Refused(f"{ae} may not {right}", DimseStatus.NOT_AUTHORISED)

    def _demand_place(self, connection: Connection, ae: str) -> None:
        """Room for one more request that is IDLE. Raises Refused 0213."""
        self._room(DimseStatus.RESOURCE_LIMITATION)
        if _count(connection, requests.c.status == ExecutionStatus.IDLE) >= self._queue.idle_length:
            raise Refused("too many requests are IDLE", DimseStatus.RESOURCE_LIMITATION)
        most = self._aets[ae].max_requests if ae in self._aets else None
        living = requests.c.status.in_([ExecutionStatus.IDLE, *_STARTED])
        if most is not None and _count(connection, living & (requests.c.owner_ae == ae)) >= most:
            raise Refused(f"{ae} has {most} requests that have not ended", DimseStatus.RESOURCE_LIMITATION)

    def _demand_queue(self, connection: Connection) -> None:
        """Room for one more request that is started. Raises Refused 0213."""
        self._room(DimseStatus.RESOURCE_LIMITATION)
        if _count(connection, requests.c.status.in_(_STARTED)) >= self._queue.length:
            raise Refused("the queue is full", DimseStatus.RESOURCE_LIMITATION)


def _tell_ignored(connection: Connection, request: int, keywords: Sequence[str]) -> None:
    if keywords:
        record_event(connection, EventKind.ATTRIBUTES_IGNORED, request=request, keywords=list(keywords))


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(requests).where(condition)).scalar_one())


def _cancel_refused(row: RequestRow) -> NoReturn:
    if row.status in (ExecutionStatus.DONE, ExecutionStatus.FAILURE):
        raise Refused("the request has ended", DimseStatus.CANCEL_ALREADY_COMPLETED)
    answer = DimseStatus(row.cancel_answer or DimseStatus.CANCEL_IN_PROGRESS)
    raise Refused("media creation goes on and cannot be interrupted", answer)


def _status(connection: Connection, row: RequestRow) -> dict[str, Any]:
    made = made_media(connection, row.id)
    return {
        "ExecutionStatus": row.status,
        "ExecutionStatusInfo": row.info,
        "TotalNumberOfPiecesOfMediaCreated": made.pieces,
        "FailedSOPSequence": [_failed_item(values) for values in row.failed],
        "ReferencedStorageMediaSequence": [
            {"StorageMediaFileSetID": name, "StorageMediaFileSetUID": uid} for name, uid in made.file_sets
        ],
    }


def _failed_item(values: Mapping[str, Any]) -> dict[str, Any]:
    item = failed_item(values)
    told = _reference_item(item.sop_class, item.sop_instance, item.profile)
    told["FailureReason"] = int(item.reason)
    if item.attributes:
        told["FailureAttributes"] = list(item.attributes)
    return told


def _reference_item(sop_class: str, sop_instance: str, profile: str) -> dict[str, Any]:
    item = {"ReferencedSOPClassUID": sop_class, "ReferencedSOPInstanceUID": sop_instance}
    return item | ({"RequestedMediaApplicationProfile": profile} if profile else {})
