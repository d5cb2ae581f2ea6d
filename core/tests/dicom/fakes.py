"""In-memory rooms below the DICOM face, and ways to talk to it over loopback."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from burnish.dicom.ports import Right
from burnish.dicom.reception import Reception
from burnish.dicom.settings import ServerSettings, StorageSettings
from burnish.dicom.transport import listen
from burnish.errors import Refused
from burnish.instances.spool import Arrival
from burnish.terms import DimseStatus, ExecutionStatus

SEQUENCE_TAG = 0x00081199


class FakeIncoming:
    """Keeps fragments apart, so that a test sees how they came."""

    def __init__(self, spool: "FakeSpool", arrival: Arrival) -> None:
        self.spool, self.arrival = spool, arrival
        self.fragments: list[bytes] = []
        self.state = "arriving"

    def write(self, fragment: bytes | memoryview) -> None:
        self.spool.on_write(self)
        self.fragments.append(bytes(fragment))

    def commit(self) -> None:
        self.spool.on_commit(self)
        self.state = "kept"

    def abandon(self) -> None:
        if self.state == "arriving":
            self.state = "abandoned"

    @property
    def data(self) -> bytes:
        return b"".join(self.fragments)


@dataclass
class FakeSpool:
    on_begin: Callable[[Arrival], None] = lambda _: None
    on_write: Callable[[FakeIncoming], None] = lambda _: None
    on_commit: Callable[[FakeIncoming], None] = lambda _: None
    seen: list[FakeIncoming] = field(default_factory=list)

    def begin(self, arrival: Arrival) -> FakeIncoming:
        self.on_begin(arrival)
        self.seen.append(FakeIncoming(self, arrival))
        return self.seen[-1]


@dataclass(frozen=True)
class FakeLook:
    values: Mapping[str, Any]
    missing: Sequence[str]


@dataclass
class FakeRequest:
    attributes: Mapping[str, Any]
    status: ExecutionStatus = ExecutionStatus.IDLE
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        pending = self.status is ExecutionStatus.PENDING
        return {
            **self.attributes,
            "ExecutionStatus": str(self.status),
            "ExecutionStatusInfo": "QUEUED" if pending else "NORMAL",
            "TotalNumberOfPiecesOfMediaCreated": 0,
            "FailedSOPSequence": [],
            "ReferencedStorageMediaSequence": [],
        }


class FakeOrders:
    """The state table of a request, as far as the face can see it."""

    def __init__(self) -> None:
        self.requests: dict[str, FakeRequest] = {}
        self.denied: set[tuple[str, Right]] = set()
        self.fault: Exception | None = None
        self._lock = threading.Lock()

    def create(self, attributes: Mapping[str, Any], *, sop_instance: str | None, ae: str) -> str:
        self._demand(ae, "create")
        if "ReferencedSOPSequence" not in attributes:
            raise Refused("no Referenced SOP Sequence", DimseStatus.MISSING_ATTRIBUTE, [SEQUENCE_TAG])
        if not attributes["ReferencedSOPSequence"]:
            raise Refused("no items", DimseStatus.MISSING_ATTRIBUTE_VALUE, [SEQUENCE_TAG])
        uid = sop_instance or f"2.25.{len(self.requests) + 7}"
        if existing := self.requests.get(uid):
            idle = existing.status is ExecutionStatus.IDLE
            raise Refused(
                "exists", DimseStatus.DUPLICATE_SOP_INSTANCE if idle else DimseStatus.ALREADY_INITIATED
            )
        self.requests[uid] = FakeRequest(dict(attributes))
        return uid

    def initiate(self, sop_instance: str, arguments: Mapping[str, Any], *, ae: str) -> None:
        self._demand(ae, "create")
        with self._lock:
            request = self._find(sop_instance)
            if request.status is not ExecutionStatus.IDLE:
                raise Refused("started", DimseStatus.ALREADY_INITIATED)
            copies = arguments.get("NumberOfCopies", 1)
            if not isinstance(copies, int) or not 1 <= copies <= 99:
                raise Refused("copies", DimseStatus.INVALID_ARGUMENT_VALUE, [0x20000010])
            if not re.fullmatch("HIGH|MED|LOW", arguments.get("RequestPriority", "MED")):
                raise Refused("priority", DimseStatus.INVALID_ARGUMENT_VALUE, [0x22000020])
            request.status, request.arguments = ExecutionStatus.PENDING, dict(arguments)

    def cancel(self, sop_instance: str, *, ae: str) -> None:
        self._demand(ae, "cancel")
        self._find(sop_instance)
        del self.requests[sop_instance]

    def look(self, sop_instance: str, keywords: Sequence[str], *, ae: str) -> FakeLook:
        self._demand(ae, "get")
        values = self._find(sop_instance).values()
        if not keywords:
            return FakeLook(values, ())
        kept = {keyword: values[keyword] for keyword in keywords if keyword in values}
        return FakeLook(kept, [keyword for keyword in keywords if keyword not in values])

    def may(self, ae: str, right: Right) -> bool:
        return (ae, right) not in self.denied

    def _demand(self, ae: str, right: Right) -> None:
        if self.fault:
            raise self.fault
        if not self.may(ae, right):
            raise Refused("not yours", DimseStatus.NOT_AUTHORISED)

    def _find(self, uid: str) -> FakeRequest:
        if uid not in self.requests:
            raise Refused("no such request", DimseStatus.NO_SUCH_SOP_INSTANCE)
        return self.requests[uid]


@dataclass(frozen=True)
class Policy:
    assume_character_set: str | None = None


@dataclass
class House:
    """A running reception and what stands behind it."""

    reception: Reception
    spool: FakeSpool
    orders: FakeOrders
    stored: list[None]

    @property
    def port(self) -> int:
        return self.reception.port


@contextmanager
def house(
    server: Mapping[str, Any] | None = None,
    storage: Mapping[str, Any] | None = None,
    aets: Mapping[str, Policy] | None = None,
    spool: FakeSpool | None = None,
) -> Iterator[House]:
    """Run a reception on a free port of loopback."""
    spool, orders, stored = spool or FakeSpool(), FakeOrders(), []
    settings = ServerSettings(**{"port": 0, **(server or {})})
    with listen("127.0.0.1", 0) as listener:
        reception = Reception(
            settings,
            StorageSettings(**(storage or {})),
            spool,
            orders,
            listener,
            aets,
            lambda: stored.append(None),
        )
        reception.start()
        try:
            yield House(reception, spool, orders, stored)
        finally:
            reception.stop(3.0)
