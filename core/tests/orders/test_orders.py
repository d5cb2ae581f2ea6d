"""Create, initiate, cancel and look on a real database: what each changes, and what it refuses and leaves."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import events, instances, pins, requests
from burnish.errors import FailedItem, Refused
from burnish.instances.files import Facts, Trailer, spool_key
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Kept
from burnish.media import MediaKind
from burnish.orders.orders import Orders
from burnish.orders.settings import AetSettings, MediaLimits, QueueSettings
from burnish.requests.ledger import (
    PlannedVolume,
    add_volumes,
    claim_piece,
    deliver,
    intend,
    move_piece,
    refuse_cancel,
    settle_cancel,
)
from burnish.requests.states import PieceState
from burnish.requests.store import fail_request, find_request
from burnish.terms import DimseStatus, FailureReason, StatusInfo
from burnish.uids import is_uid
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError

CT = "1.2.840.10008.5.1.4.1.1.2"
WANTED = {"ReferencedSOPSequence": [{"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2.3"}]}
UID = "1.2.9"
OWNER = "WARD7"


class House:
    """Orders over a database of their own, and what stands in its tables."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.index = InstanceIndex(database)
        self.wakes = 0
        self.orders = self.opened()

    def opened(self, **settings: Any) -> Orders:
        """The same house under other settings."""
        return Orders(self.database, self.index, wake=self._woken, **settings)

    def _woken(self) -> None:
        self.wakes += 1

    def kinds(self) -> list[str]:
        """Of every event, in order."""
        with self.database.read() as connection:
            return list(connection.execute(select(events.c.kind).order_by(events.c.id)).scalars())

    def status(self, uid: str = UID) -> tuple[str, str]:
        """Execution Status and its info."""
        values = self.orders.look(uid, ae=OWNER).values
        return values["ExecutionStatus"], values["ExecutionStatusInfo"]

    def started(self, **arguments: Any) -> int:
        """A request that was started; its row."""
        self.orders.create(WANTED, sop_instance=UID, ae=OWNER)
        self.orders.initiate(UID, arguments, ae=OWNER)
        with self.database.read() as connection:
            row = find_request(connection, UID)
        assert row
        return int(row.id)

    def planned(self, copies: int = 1) -> int:
        """A started request with pieces; its row."""
        request = self.started()
        with self.database.write() as connection:
            add_volumes(connection, request, [VOLUME], copies)
        return request

    def delivers_one(self) -> None:
        """A station makes the next piece."""
        with self.database.write() as connection:
            claim = claim_piece(connection, "shelf", {MediaKind.CD_R: 1 << 30})
            assert claim
            assert intend(connection, claim, 1, 1)
            move_piece(connection, claim.piece, PieceState.INTENT, PieceState.WRITTEN)
            move_piece(connection, claim.piece, PieceState.WRITTEN, PieceState.PROVEN)
            deliver(connection, claim, PieceState.PROVEN, "out/x.iso", "host")


VOLUME = PlannedVolume(
    number=1,
    file_set_id="DISC1",
    file_set_uid="1.2.77",
    token="TOKEN",
    profile="STD-GEN-CD",
    format="iso9660",
    suffix=".iso",
    medium=MediaKind.CD_R,
    length=4096,
    digest=b"d" * 32,
    patients=[],
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = Database.open(DatabaseSettings(), tmp_path)
    database.migrate()
    yield House(database)
    database.close()


def refused(order: Callable[[], Any]) -> DimseStatus:
    """The status that an order is answered with."""
    with pytest.raises(Refused) as caught:
        order()
    return caught.value.status


def test_create_then_look(house: House) -> None:
    uid = house.orders.create({**WANTED, "LabelText": "Ward 7"}, sop_instance=UID, ae=OWNER)
    look = house.orders.look(uid, ae=OWNER)
    assert uid == UID
    assert look.missing == ()
    assert look.values == {
        "ExecutionStatus": "IDLE",
        "ExecutionStatusInfo": "NORMAL",
        "TotalNumberOfPiecesOfMediaCreated": 0,
        "FailedSOPSequence": [],
        "ReferencedStorageMediaSequence": [],
        "LabelText": "Ward 7",
        **WANTED,
    }
    assert house.kinds() == ["request-created"]
    assert house.wakes == 0


def test_a_uid_is_minted(house: House) -> None:
    uids = {house.orders.create(WANTED, sop_instance=None, ae=OWNER) for _ in range(3)}
    assert len(uids) == 3
    assert all(map(is_uid, uids))
    assert house.orders.look(min(uids), ae=OWNER).values["ExecutionStatus"] == "IDLE"


def test_a_uid_that_is_none(house: House) -> None:
    order = lambda: house.orders.create(WANTED, sop_instance="1.2.x", ae=OWNER)  # noqa: E731
    assert refused(order) == DimseStatus.INVALID_OBJECT_INSTANCE


def test_a_uid_that_is_taken(house: House) -> None:
    """0111 while it is IDLE, A510 afterwards, and free again once it is gone."""
    create = lambda: house.orders.create(WANTED, sop_instance=UID, ae=OWNER)  # noqa: E731
    create()
    assert refused(create) == DimseStatus.DUPLICATE_SOP_INSTANCE
    house.orders.initiate(UID, {}, ae=OWNER)
    assert refused(create) == DimseStatus.ALREADY_INITIATED
    house.orders.cancel(UID, ae=OWNER)
    assert create() == UID
    assert house.status() == ("IDLE", "NORMAL")


def test_what_is_refused_leaves_nothing(house: House) -> None:
    assert (
        refused(lambda: house.orders.create({}, sop_instance=UID, ae=OWNER)) == DimseStatus.MISSING_ATTRIBUTE
    )
    assert refused(lambda: house.orders.look(UID, ae=OWNER)) == DimseStatus.NO_SUCH_SOP_INSTANCE
    assert house.kinds() == []


def test_a_term_that_is_read_as_the_default_is_told(house: House) -> None:
    house.orders.create({**WANTED, "BarcodeSymbology": "PDF417"}, sop_instance=UID, ae=OWNER)
    assert house.orders.look(UID, ["BarcodeSymbology"], ae=OWNER).values == {"BarcodeSymbology": "PDF417"}
    assert house.kinds() == ["request-created", "term-ignored"]


def test_initiate(house: House) -> None:
    house.started(NumberOfCopies="3", RequestPriority="HIGH")
    assert house.status() == ("PENDING", "QUEUED")
    assert house.wakes == 1
    with house.database.read() as connection:
        row = find_request(connection, UID)
    assert row
    assert (row.copies, row.priority) == (3, 0)
    assert row.initiated_at == pytest.approx(time.time(), abs=60)


@pytest.mark.parametrize(
    ("arguments", "tag"), [({"NumberOfCopies": 3}, 0x20000010), ({"RequestPriority": "SOON"}, 0x22000020)]
)
def test_an_initiate_that_is_refused_leaves_the_request_idle(
    house: House, arguments: dict[str, Any], tag: int
) -> None:
    orders = house.opened(limits=MediaLimits(max_copies=2))
    orders.create(WANTED, sop_instance=UID, ae=OWNER)
    with pytest.raises(Refused) as caught:
        orders.initiate(UID, arguments, ae=OWNER)
    assert (caught.value.status, caught.value.tags) == (DimseStatus.INVALID_ARGUMENT_VALUE, (tag,))
    assert house.status() == ("IDLE", "NORMAL")
    assert house.wakes == 0
    orders.initiate(UID, {"NumberOfCopies": 2}, ae=OWNER)


def test_a_second_initiate(house: House) -> None:
    house.started()
    again = lambda: house.orders.initiate(UID, {}, ae=OWNER)  # noqa: E731
    assert refused(again) == DimseStatus.ALREADY_INITIATED
    assert house.wakes == 1


def test_orders_on_what_does_not_exist(house: House) -> None:
    orders = house.orders
    for order in (
        lambda: orders.initiate(UID, {}, ae=OWNER),
        lambda: orders.cancel(UID, ae=OWNER),
        lambda: orders.look(UID, ae=OWNER),
    ):
        assert refused(order) == DimseStatus.NO_SUCH_SOP_INSTANCE


def test_a_request_is_its_owners(house: House) -> None:
    house.orders.create(WANTED, sop_instance=UID, ae=OWNER)
    for order in (
        lambda: house.orders.initiate(UID, {}, ae="OTHER"),
        lambda: house.orders.cancel(UID, ae="OTHER"),
        lambda: house.orders.look(UID, ae="OTHER"),
    ):
        assert refused(order) == DimseStatus.NOT_AUTHORISED
    assert house.status() == ("IDLE", "NORMAL")


def test_rights(house: House) -> None:
    orders = house.opened(aets={OWNER: AetSettings(may=("create", "get")), "EYES": AetSettings(may=("get",))})
    orders.create(WANTED, sop_instance=UID, ae=OWNER)
    orders.initiate(UID, {}, ae=OWNER)
    assert orders.look(UID, ae=OWNER).values["ExecutionStatus"] == "PENDING"
    assert refused(lambda: orders.cancel(UID, ae=OWNER)) == DimseStatus.NOT_AUTHORISED
    for ae in ("EYES", "STRANGER"):
        create = lambda ae=ae: orders.create(WANTED, sop_instance="1.2.8", ae=ae)  # noqa: E731
        assert refused(create) == DimseStatus.NOT_AUTHORISED
    assert refused(lambda: orders.look(UID, ae="STRANGER")) == DimseStatus.NOT_AUTHORISED
    assert [orders.may("EYES", right) for right in ("store", "create", "cancel", "get")] == [
        *(False, False, False, True)
    ]


def test_without_a_table_everybody_has_every_right(house: House) -> None:
    assert all(house.orders.may("ANYBODY", right) for right in ("store", "create", "cancel", "get"))


def test_the_queue_is_full(house: House) -> None:
    """Started requests count; idle ones and those that have ended do not."""
    orders = house.opened(queue=QueueSettings(length=2))
    for number in range(4):
        orders.create(WANTED, sop_instance=f"1.2.{number}", ae=OWNER)
    orders.initiate("1.2.0", {}, ae=OWNER)
    orders.initiate("1.2.1", {}, ae=OWNER)
    assert refused(lambda: orders.initiate("1.2.2", {}, ae=OWNER)) == DimseStatus.RESOURCE_LIMITATION
    assert house.status("1.2.2") == ("IDLE", "NORMAL")
    with house.database.write() as connection:
        row = find_request(connection, "1.2.0")
        assert row
        fail_request(connection, row.id, StatusInfo.PROC_FAILURE, "")
    orders.initiate("1.2.2", {}, ae=OWNER)
    assert refused(lambda: orders.initiate("1.2.3", {}, ae=OWNER)) == DimseStatus.RESOURCE_LIMITATION


def _kept(sop_instance: str, version: int) -> Kept:
    facts = Facts(CT, sop_instance, "1.5", "1.6", "1.2.840.10008.1.2.1", OWNER, 0.0, version)
    return Kept(spool_key(sop_instance, version), Trailer(facts, b"", 10, bytes(32)), fresh=True)


def _pinned(house: House) -> list[tuple[int, int]]:
    query = select(pins.c.position, instances.c.version).join(instances, pins.c.instance == instances.c.id)
    with house.database.read() as connection:
        return [(row.position, row.version) for row in connection.execute(query.order_by(pins.c.position))]


def test_initiate_pins_the_newest_versions(house: House) -> None:
    """Rows that wait for their group are written first; what comes later changes nothing."""
    house.orders.create(
        {"ReferencedSOPSequence": [{**WANTED["ReferencedSOPSequence"][0], "ReferencedSOPInstanceUID": uid}
                                   for uid in ("1.2.3", "1.2.4", "1.2.5")]},
        sop_instance=UID,
        ae=OWNER,
    )  # fmt: skip
    for sop_instance, version in (("1.2.3", 1), ("1.2.3", 2), ("1.2.5", 1)):
        house.index.add(_kept(sop_instance, version))
    house.orders.initiate(UID, {}, ae=OWNER)
    house.index.add(_kept("1.2.3", 3))
    house.index.add(_kept("1.2.4", 1))
    house.index.flush()
    assert _pinned(house) == [(0, 2), (2, 1)]


def test_cancel_an_idle_and_a_queued_request(house: House) -> None:
    house.orders.create(WANTED, sop_instance=UID, ae=OWNER)
    house.orders.cancel(UID, ae=OWNER)
    house.planned()
    house.orders.cancel(UID, ae=OWNER)
    assert refused(lambda: house.orders.look(UID, ae=OWNER)) == DimseStatus.NO_SUCH_SOP_INSTANCE
    assert house.kinds().count("request-cancelled") == 2
    assert house.kinds().count("piece-cancelled") == 1


@pytest.mark.parametrize("failed", [False, True])
def test_cancel_what_has_ended(house: House, failed: bool) -> None:
    request = house.planned()
    if failed:
        with house.database.write() as connection:
            fail_request(connection, request, StatusInfo.MCD_FAILURE, "")
    else:
        house.delivers_one()
    before = house.status()
    cancel = lambda: house.orders.cancel(UID, ae=OWNER)  # noqa: E731
    assert refused(cancel) == DimseStatus.CANCEL_ALREADY_COMPLETED
    assert house.status() == before


def test_a_silent_owner_is_waited_for_only_so_long(house: House) -> None:
    """C202, the flag is taken back, and the work goes on to its end."""
    orders = house.opened(queue=QueueSettings(cancel_wait=timedelta(seconds=0.1)))
    house.planned(copies=2)
    with house.database.write() as connection:
        claim = claim_piece(connection, "shelf", {MediaKind.CD_R: 1 << 30})
        assert claim
        intend(connection, claim, 1, 1)
    began = time.monotonic()
    assert refused(lambda: orders.cancel(UID, ae=OWNER)) == DimseStatus.CANCEL_IN_PROGRESS
    assert 0.1 <= time.monotonic() - began < 5
    assert house.status() == ("CREATING", "NORMAL")
    with house.database.read() as connection:
        assert not connection.execute(select(requests.c.cancel_asked)).scalar_one()


@pytest.mark.parametrize("answer", [None, DimseStatus.CANCEL_DENIED])
def test_an_owner_that_answers_while_a_cancel_waits(house: House, answer: DimseStatus | None) -> None:
    """It stops, and the request is gone; or it says why not."""
    request = house.started()
    with house.database.write() as connection:
        connection.execute(update(requests).values(plan="claimed"))

    def owner() -> None:
        while True:
            with house.database.write() as connection:
                if not connection.execute(select(requests.c.cancel_asked)).scalar_one():
                    continue
                if answer:
                    refuse_cancel(connection, request, answer)
                else:
                    connection.execute(update(requests).values(plan="none"))
                    settle_cancel(connection, request)
                return

    thread = threading.Thread(target=owner)
    thread.start()
    try:
        if answer:
            assert refused(lambda: house.orders.cancel(UID, ae=OWNER)) == answer
            assert house.status() == ("PENDING", "QUEUED")
        else:
            house.orders.cancel(UID, ae=OWNER)
            gone = lambda: house.orders.look(UID, ae=OWNER)  # noqa: E731
            assert refused(gone) == DimseStatus.NO_SUCH_SOP_INSTANCE
    finally:
        thread.join()


def test_look_at_what_is_made(house: House) -> None:
    """Pieces are counted as they are delivered; a file-set is named once, however many copies there are."""
    house.planned(copies=2)
    media = [{"StorageMediaFileSetID": "DISC1", "StorageMediaFileSetUID": "1.2.77"}]
    keywords = ["ExecutionStatus", "TotalNumberOfPiecesOfMediaCreated", "ReferencedStorageMediaSequence"]
    seen = []
    for _ in range(2):
        house.delivers_one()
        seen.append(tuple(house.orders.look(UID, keywords, ae=OWNER).values.values()))
    assert seen == [("CREATING", 1, media), ("DONE", 2, media)]


def test_look_at_what_failed(house: House) -> None:
    request = house.started()
    missing = FailureReason.NO_SUCH_OBJECT_INSTANCE
    torn = FailedItem(CT, "1.2.4", FailureReason.PROCESSING_FAILURE, (0x00100020,), "STD-GEN-CD", "why")
    with house.database.write() as connection:
        items = [FailedItem(CT, "1.2.3", missing), torn]
        fail_request(connection, request, StatusInfo.NO_INSTANCE, "message", items)
    assert house.status() == ("FAILURE", "NO_INSTANCE")
    assert house.orders.look(UID, ["FailedSOPSequence"], ae=OWNER).values["FailedSOPSequence"] == [
        {"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2.3", "FailureReason": 0x0112},
        {
            "ReferencedSOPClassUID": CT,
            "ReferencedSOPInstanceUID": "1.2.4",
            "RequestedMediaApplicationProfile": "STD-GEN-CD",
            "FailureReason": 0x0110,
            "FailureAttributes": [0x00100020],
        },
    ]


def test_look_says_what_it_does_not_keep(house: House) -> None:
    house.orders.create(WANTED, sop_instance=UID, ae=OWNER)
    look = house.orders.look(UID, ["LabelText", "ExecutionStatus", "PatientName"], ae=OWNER)
    assert look.values == {"ExecutionStatus": "IDLE"}
    assert list(look.missing) == ["LabelText", "PatientName"]


def test_many_at_once(house: House) -> None:
    """Eight callers want the same UID: one gets it; and each of their own."""
    outcomes: list[object] = []

    def order(number: int) -> None:
        for uid in (UID, f"1.2.100.{number}"):
            try:
                outcomes.append(house.orders.create(WANTED, sop_instance=uid, ae=OWNER))
            except Refused as error:
                outcomes.append(error.status)

    threads = [threading.Thread(target=order, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(UID) == 1
    assert outcomes.count(DimseStatus.DUPLICATE_SOP_INSTANCE) == 7
    with house.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(requests)).scalar_one() == 9


def test_no_order_is_answered_while_rows_cannot_be_written(house: House) -> None:
    """The group stays waiting and is written by the next one who needs it; the request stays IDLE."""
    house.orders.create(WANTED, sop_instance=UID, ae=OWNER)
    house.index.add(_kept("1.2.3", 1))
    with house.database.write() as connection:
        connection.execute(text("ALTER TABLE instances RENAME TO away"))
    with pytest.raises(OperationalError, match="no such table"):
        house.orders.initiate(UID, {}, ae=OWNER)
    assert house.status() == ("IDLE", "NORMAL")
    assert house.kinds() == ["request-created"]
    with house.database.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO instances"))
    house.orders.initiate(UID, {}, ae=OWNER)
    assert _pinned(house) == [(0, 1)]
