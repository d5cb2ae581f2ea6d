"""What goes and what stays: every lifetime over random histories, races, crashes between the steps.

The rules are written out a second time, in plain Python over what the test itself did, and compared with
what is left after each sweep. The clock stands still unless a test moves it.
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from burnish.database import Database, clock, insert_row, service_time
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import attempts, events, instances, pieces, pins, references, requests, volumes
from burnish.instances.files import spool_key
from burnish.instances.index import InstanceIndex
from burnish.instances.settings import SpoolSettings
from burnish.instances.spool import Arrival, Kept, Spool
from burnish.media import MediaKind
from burnish.orders import retention
from burnish.orders.due import count_instances, count_requests
from burnish.orders.lifetimes import RetentionSettings
from burnish.orders.orders import Orders
from burnish.orders.retention import Retention, pause
from burnish.requests.ledger import PlannedVolume, add_volumes
from burnish.requests.states import Event
from burnish.requests.store import fail_request, find_request, move_request, request_row
from burnish.terms import EXPLICIT_VR_LE, StatusInfo
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import func, select, update

CT, OWNER = "1.2.840.10008.5.1.4.1.1.2", "WARD7"
UIDS = ("1.2.1", "1.2.2", "1.2.3")
IDLE, RESULTS, SUCCESS, FAILURE, PRESERVED, UNREQUESTED, LEDGER = 10, 20, 5, 9, 17, 7, 40
LIFETIMES = RetentionSettings(
    idle_requests=timedelta(seconds=IDLE),
    results=timedelta(seconds=RESULTS),
    instances_after_success=timedelta(seconds=SUCCESS),
    instances_after_failure=timedelta(seconds=FAILURE),
    instances_preserved=timedelta(seconds=PRESERVED),
    instances_unrequested=timedelta(seconds=UNREQUESTED),
    ledger=timedelta(seconds=LEDGER),
)
Version = tuple[str, int]
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A folder whose syncs cost nothing: thousands of them say nothing about retention."""


def element(tag: int, vr: str, value: str) -> bytes:
    """An Explicit VR LE element of a short VR."""
    data = value.encode() + (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    return head + vr.encode() + len(data).to_bytes(2, "little") + data


def instance(uid: str, name: str = "A") -> bytes:
    """A data set."""
    return (
        element(0x00080016, "UI", CT)
        + element(0x00080018, "UI", uid)
        + element(0x00100010, "PN", name)
        + element(0x0020000D, "UI", "1.2.5")
        + element(0x0020000E, "UI", "1.2.6")
    )


def wanted(uids: tuple[str, ...], *, preserve: bool = False) -> dict[str, Any]:
    """What an N-CREATE asks for."""
    items = [{"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": uid} for uid in uids]
    keep = {"PreserveCompositeInstancesAfterMediaCreation": "YES"} if preserve else {}
    return {"ReferencedSOPSequence": items, **keep}


class House:
    """Spool, index, orders and sweep of one folder, on a clock that a test moves."""

    def __init__(self, folder: Path, lifetimes: RetentionSettings = LIFETIMES) -> None:
        self.folder, self.lifetimes = folder, lifetimes
        self.now = 1000.0
        self.database = Database.open(DatabaseSettings(), folder)
        self._clock = mock.patch.multiple(clock, _uptime=lambda: self.now, boot_id=lambda: "a")
        self._clock.start()
        (folder / "plans").mkdir()
        Spool(folder / "spool").prepare()
        self.database.migrate()
        self.open()

    def open(self) -> None:
        """As a server starts."""
        self.index = InstanceIndex(self.database)
        self.spool = Spool(self.folder / "spool", SpoolSettings(reserve=0), self.index.add)
        self.index.rebuild(self.spool)
        self.orders = Orders(self.database, self.index)
        plans = self.folder / "plans"
        self.retention = Retention(self.database, self.index, self.spool, plans, self.lifetimes)
        self.retention.sweep()

    def close(self) -> None:
        """Let go of everything."""
        self._clock.stop()
        self.database.close()

    def store(self, uid: str, name: str = "A") -> None:
        """A C-STORE."""
        incoming = self.spool.begin(Arrival(CT, uid, EXPLICIT_VR_LE, "CT1"))
        incoming.write(instance(uid, name))
        incoming.commit()
        self.index.flush()

    def start(self, uid: str, *named: str, preserve: bool = False) -> int:
        """A request that was created and started; its row."""
        self.orders.create(wanted(named, preserve=preserve), sop_instance=uid, ae=OWNER)
        self.orders.initiate(uid, {}, ae=OWNER)
        return self.row(uid)

    def row(self, uid: str) -> int:
        """The row of a request."""
        with self.database.read() as connection:
            found = find_request(connection, uid)
        assert found
        return int(found.id)

    def end(self, request: int, *, well: bool = True) -> None:
        """DONE or FAILURE."""
        with self.database.write() as connection:
            if not well:
                fail_request(connection, request, StatusInfo.PROC_FAILURE, "")
                return
            for event in (Event.CLAIM, Event.FINISH):
                move_request(connection, request_row(connection, request), event)

    def plan(self, request: int, token: str) -> Path:
        """A volume with a piece, and its recipe."""
        with self.database.write() as connection:
            add_volumes(connection, request, [_volume(token)], 1)
        path = self.folder / "plans" / f"{token}.recipe"
        path.write_bytes(b"recipe")
        return path

    def piece_is(self, request: int, state: str) -> None:
        """What a station left."""
        with self.database.write() as connection:
            connection.execute(update(pieces).where(pieces.c.request == request).values(state=state))

    def rows(self) -> set[Version]:
        """What the index has."""
        with self.database.read() as connection:
            found = connection.execute(select(instances.c.sop_instance, instances.c.version))
            return {(row.sop_instance, row.version) for row in found}

    def files(self) -> set[str]:
        """What the spool has."""
        return set(self.spool.walk())

    def status(self, request: int) -> str | None:
        """Of a request; None where the ledger forgot it."""
        with self.database.read() as connection:
            query = select(requests.c.status).where(requests.c.id == request)
            return connection.execute(query).scalar_one_or_none()

    def served(self) -> float:
        """Service time."""
        with self.database.read() as connection:
            return service_time(connection)

    def after(self, seconds: float) -> None:
        """Let time pass, then sweep."""
        self.now += seconds
        self.retention.sweep()

    def count(self, *tables: Any) -> int:
        """Rows of these tables."""
        with self.database.read() as connection:
            counts = [connection.execute(select(func.count()).select_from(table)) for table in tables]
            return sum(count.scalar_one() for count in counts)

    def kinds(self) -> list[str]:
        """Of every event, in order."""
        with self.database.read() as connection:
            return list(connection.execute(select(events.c.kind).order_by(events.c.id)).scalars())


def _volume(token: str) -> PlannedVolume:
    return PlannedVolume(
        number=1,
        file_set_id="DISC1",
        file_set_uid="1.2.77",
        token=token,
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
    """An empty one."""
    found = House(tmp_path)
    yield found
    found.close()


# --- random histories ---------------------------------------------------------------------------------------


@dataclass(eq=False)
class Asked:
    """A request, as the test knows it."""

    row: int
    uid: str
    uids: tuple[str, ...]
    preserve: bool
    created: float
    status: str = "IDLE"
    pinned: set[Version] = field(default_factory=set)
    outcome: str = ""
    ended: float = 0.0
    restless: bool = False
    """A piece of it is at a station or unknown."""

    def lasts(self) -> float:
        """Until when it keeps what it used."""
        keeps = SUCCESS if self.outcome == "DONE" else FAILURE
        return self.ended + (max(keeps, PRESERVED) if self.preserve else keeps)


class Histories(RuleBasedStateMachine):
    """Store, ask, start, end, cancel, wait, sweep, crash, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.house = House(self.folder)
        self.kept: dict[Version, float] = {}
        self.content: dict[Version, str] = {}
        self.newest: dict[str, int] = {}
        self.asked: list[Asked] = []
        self.created = 0

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.house.close()
        shutil.rmtree(self.folder)

    # what an SCU and a station do

    @rule(uid=st.sampled_from(UIDS), name=st.sampled_from("AB"))
    def store(self, uid: str, name: str) -> None:
        newest = self.newest.get(uid, 0)
        self.house.store(uid, name)
        if self.content.get((uid, newest)) != name:
            newest += 1
        self.newest[uid] = newest
        self.kept[uid, newest], self.content[uid, newest] = self.house.now, name

    @rule(uids=st.sets(st.sampled_from(UIDS), min_size=1), preserve=st.booleans())
    def create(self, uids: set[str], preserve: bool) -> None:
        self.created += 1
        uid, named = f"1.9.{self.created}", tuple(sorted(uids))
        self.house.orders.create(wanted(named, preserve=preserve), sop_instance=uid, ae=OWNER)
        self.asked.append(Asked(self.house.row(uid), uid, named, preserve, self.house.now))

    @precondition(lambda self: self.of("IDLE"))
    @rule(data=st.data())
    def initiate(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.of("IDLE")))
        self.house.orders.initiate(one.uid, {}, ae=OWNER)
        one.status = "PENDING"
        serving = {(uid, self.newest.get(uid, 0)) for uid in one.uids}
        one.pinned = {version for version in serving if version in self.kept}
        self.house.plan(one.row, f"T{one.row}")

    @precondition(lambda self: self.of("PENDING"))
    @rule(data=st.data(), well=st.booleans(), restless=st.booleans())
    def end(self, data: st.DataObject, well: bool, restless: bool) -> None:
        one = data.draw(st.sampled_from(self.of("PENDING")))
        one.restless = restless and not well
        self.house.piece_is(one.row, "unknown" if one.restless else "delivered")
        self.house.end(one.row, well=well)
        one.status = one.outcome = "DONE" if well else "FAILURE"
        one.ended = self.house.now

    @precondition(lambda self: any(one.restless for one in self.asked))
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from([one for one in self.asked if one.restless]))
        self.house.piece_is(one.row, "spoilt")
        one.restless = False

    @precondition(lambda self: self.of("IDLE", "PENDING"))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self.of("IDLE", "PENDING")))
        self.house.orders.cancel(one.uid, ae=OWNER)
        one.status, one.ended = "GONE", self.house.now

    # what time does

    @rule(seconds=st.integers(1, 15))
    def wait(self, seconds: int) -> None:
        self.house.now += seconds

    @rule()
    def sweep(self) -> None:
        """What is due goes, nothing else does, and a second sweep finds nothing."""
        self.expire()
        due = {version for version in self.kept if self.is_due(version)}
        self.house.retention.sweep()
        self.drop(due)
        self.forget()
        self.compare()
        before = self.house.kinds()
        self.house.retention.sweep()
        assert self.house.kinds() == before

    @rule(survives=st.integers(0, 3), where=st.sampled_from(["before a file", "before a commit"]))
    def crash(self, survives: int, where: str) -> None:
        """The sweep dies after so many steps; a server starts, and nothing but what was due has changed."""
        self.expire()
        due = {version for version in self.kept if self.is_due(version)}
        self.die(survives, where)
        lost = set(self.kept) - self.house.rows()
        assert lost <= due
        left = {version for version in lost if spool_key(*version) in self.house.files()}
        self.drop(lost - left)
        for version in left:
            self.kept[version] = self.house.now
            self.unpin(version)
        self.kept = {v: at for v, at in self.kept.items() if v in left or not self.is_due(v)}
        self.content = {v: self.content[v] for v in self.kept}
        self.house.open()
        self.drop(set())
        self.forget()
        self.compare()

    # the rules, once more

    def of(self, *states: str) -> list[Asked]:
        """Requests in these states."""
        return [one for one in self.asked if one.status in states]

    def needed(self, version: Version) -> bool:
        """Whether a request may still read it."""
        uid, number = version
        started = [one for one in self.asked if one.status == "PENDING" or one.restless]
        if any(version in one.pinned for one in started):
            return True
        return number == self.newest[uid] and any(uid in one.uids for one in self.of("IDLE", "PENDING"))

    def is_due(self, version: Version) -> bool:
        """Whether no request and no lifetime keeps it."""
        uses = [one for one in self.asked if version in one.pinned and one.outcome]
        lifetimes = [one.lasts() for one in uses]
        if not any(one.ended >= self.kept[version] for one in uses):
            lifetimes.append(self.kept[version] + UNREQUESTED)
        return not self.needed(version) and max(lifetimes) <= self.house.now

    def expire(self) -> None:
        """Requests whose time is over."""
        for one in self.of("IDLE"):
            if one.created + IDLE <= self.house.now:
                one.status, one.ended = "GONE", self.house.now
        for one in self.of("DONE", "FAILURE"):
            if one.ended + RESULTS <= self.house.now:
                one.status = "GONE"

    def forget(self) -> None:
        """Requests that the ledger forgets."""
        old = [one for one in self.of("GONE") if one.ended + LEDGER <= self.house.now and not one.restless]
        self.asked = [one for one in self.asked if one not in old] if old else self.asked
        for one in old:
            assert self.house.status(one.row) is None

    def drop(self, gone: set[Version]) -> None:
        """Versions that went; a UID without any begins to count again."""
        for version in gone:
            del self.kept[version], self.content[version]
            self.unpin(version)
        standing = {uid for uid, _ in self.kept}
        self.newest = {uid: number for uid, number in self.newest.items() if uid in standing}

    def unpin(self, version: Version) -> None:
        """Its row is gone."""
        for one in self.asked:
            one.pinned.discard(version)

    def die(self, survives: int, where: str) -> None:
        """Sweep until a step fails."""
        steps = iter(range(survives))

        def step(real: Callable[..., Any]) -> Callable[..., Any]:
            def taken(*values: Any, **more: Any) -> Any:
                if next(steps, None) is None:
                    raise KeyboardInterrupt
                return real(*values, **more)

            return taken

        owner, name = (
            (self.house.spool, "remove") if where == "before a file" else (retention, "record_event")
        )
        with mock.patch.object(owner, name, step(getattr(owner, name))), suppress(KeyboardInterrupt):
            self.house.retention.sweep()

    @invariant()
    def nothing_that_is_needed_is_missing(self) -> None:
        """At any moment: its row and its file."""
        self.house.index.flush()
        rows, files = self.house.rows(), self.house.files()
        for version in self.kept:
            if self.needed(version):
                assert version in rows
                assert spool_key(*version) in files

    def compare(self) -> None:
        """Rows, files, states and plans are what the rules say."""
        assert self.house.rows() == set(self.kept)
        assert self.house.files() == {spool_key(*version) for version in self.kept}
        for one in self.asked:
            shown = "PENDING" if self.house.status(one.row) == "CREATING" else self.house.status(one.row)
            assert shown == one.status, one
        running = {f"T{one.row}.recipe" for one in self.asked if one.status == "PENDING" or one.restless}
        assert {path.name for path in (self.folder / "plans").iterdir()} == running


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=10,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


# --- rule by rule -------------------------------------------------------------------------------------------


def test_an_idle_request_expires_with_what_it_referenced(house: House) -> None:
    """Held while it is IDLE, whatever the age; then both go."""
    house.store("1.2.1")
    house.now += UNREQUESTED - 1
    house.orders.create(wanted(("1.2.1",)), sop_instance="1.9", ae=OWNER)
    row = house.row("1.9")
    house.after(IDLE - 1)
    assert (house.status(row), house.rows()) == ("IDLE", {("1.2.1", 1)})
    house.after(1)
    assert (house.status(row), house.rows(), house.files()) == ("GONE", set(), set())
    assert house.kinds()[-2:] == ["request-expired", "instance-purged"]


@pytest.mark.parametrize(
    ("well", "preserve", "lifetime"),
    [(True, False, SUCCESS), (False, False, FAILURE), (True, True, PRESERVED), (False, True, PRESERVED)],
)
def test_a_use_has_its_lifetime(house: House, well: bool, preserve: bool, lifetime: int) -> None:
    """From its end, which may be long after the C-STORE."""
    house.store("1.2.1")
    row = house.start("1.9", "1.2.1", preserve=preserve)
    house.after(100)
    house.end(row, well=well)
    house.after(lifetime - 0.5)
    assert house.rows() == {("1.2.1", 1)}
    house.after(0.5)
    assert house.rows() == set()


def test_two_jobs_share_an_instance(house: House) -> None:
    """It goes after the last one, and after the longest lifetime that they give."""
    house.store("1.2.1")
    first, last = house.start("1.9.1", "1.2.1"), house.start("1.9.2", "1.2.1")
    house.end(first)
    house.after(SUCCESS + 1)
    assert house.rows() == {("1.2.1", 1)}
    house.end(last, well=False)
    house.after(FAILURE - 1)
    assert house.rows() == {("1.2.1", 1)}
    house.after(1)
    assert house.rows() == set()


def test_a_cancelled_request_is_no_use(house: House) -> None:
    """As if nobody had asked."""
    house.store("1.2.1")
    house.start("1.9", "1.2.1")
    house.orders.cancel("1.9", ae=OWNER)
    house.after(UNREQUESTED - 1)
    assert house.rows() == {("1.2.1", 1)}
    house.after(1)
    assert house.rows() == set()


def test_what_comes_again_lives_again(house: House) -> None:
    """After a use, for as long as something that nobody has asked for."""
    house.store("1.2.1")
    house.end(house.start("1.9", "1.2.1"))
    house.now += SUCCESS - 1
    house.store("1.2.1")
    house.after(UNREQUESTED - 1)
    assert house.rows() == {("1.2.1", 1)}
    house.after(1)
    assert house.rows() == set()


def test_a_superseded_version_lives_for_who_pinned_it(house: House) -> None:
    """And the newer one may go before it, without the older taking its place."""
    house.store("1.2.1", "A")
    row = house.start("1.9.1", "1.2.1")
    house.store("1.2.1", "B")
    house.orders.cancel("1.9.1", ae=OWNER)
    house.after(UNREQUESTED)
    assert house.rows() == set()
    house.store("1.2.1", "A")
    row = house.start("1.9.2", "1.2.1")
    house.store("1.2.1", "B")
    with house.database.write() as connection:
        connection.execute(references.delete().where(references.c.request == row))
    house.after(UNREQUESTED)
    assert house.rows() == {("1.2.1", 1)}
    assert house.start("1.9.3", "1.2.1")
    assert house.count(pins) == 1


def test_a_piece_that_nobody_knows_of_holds_instances_and_plan(house: House) -> None:
    """Its medium will be compared with them."""
    house.store("1.2.1")
    row = house.start("1.9", "1.2.1")
    plan = house.plan(row, "TOKEN")
    house.piece_is(row, "unknown")
    house.end(row, well=False)
    house.after(RESULTS + LEDGER)
    assert (house.status(row), house.rows()) == ("GONE", {("1.2.1", 1)})
    assert plan.exists()
    house.piece_is(row, "spoilt")
    house.after(0)
    assert house.rows() == set()
    assert not plan.exists()
    assert house.status(row) is None


def test_a_plan_goes_with_the_end(house: House) -> None:
    """At once; that of another request, and one that no row knows yet, stay."""
    house.store("1.2.1")
    ended, going = house.start("1.9.1", "1.2.1"), house.start("1.9.2", "1.2.1")
    gone, kept = house.plan(ended, "GONE"), house.plan(going, "KEPT")
    being_made = house.folder / "plans" / "STRANGE.recipe"
    being_made.write_bytes(b"recipe")
    house.piece_is(ended, "delivered")
    house.end(ended)
    house.after(0)
    assert [path.exists() for path in (gone, kept, being_made)] == [False, True, True]


def test_the_ledger_forgets(house: House) -> None:
    """Everything of a request, and events of none; what is younger stays whole."""
    ledger = (requests, references, pins, volumes, pieces, attempts)
    for uid, instance_uid in (("1.9.1", "1.2.1"), ("1.9.2", "1.2.2")):
        house.store(instance_uid)
        row = house.start(uid, instance_uid)
        house.plan(row, f"T{row}")
        with house.database.write() as connection:
            piece = connection.execute(select(pieces.c.id).where(pieces.c.request == row)).scalar_one()
            insert_row(connection, attempts, piece=piece, station="shelf", started_at=0.0)
        house.piece_is(row, "delivered")
        house.end(row)
        house.now += 1
    house.after(LEDGER - 3)
    assert house.count(requests, references, volumes, pieces, attempts) == 10
    house.after(1)
    assert house.count(requests, references, volumes, pieces, attempts) == 5
    house.after(100)
    assert house.count(*ledger, events, instances) == 0


def test_a_short_ledger_does_not_shorten_other_lifetimes(tmp_path: Path) -> None:
    """What a request used is kept as long as it was promised; its record goes after."""
    hasty = LIFETIMES.model_copy(update={"ledger": timedelta(0), "results": timedelta(0)})
    house = House(tmp_path, hasty)
    house.store("1.2.1")
    house.now += UNREQUESTED
    row = house.start("1.9", "1.2.1")
    house.end(row)
    house.after(SUCCESS - 1)
    assert (house.rows(), house.status(row)) == ({("1.2.1", 1)}, "GONE")
    house.after(1)
    assert (house.rows(), house.status(row)) == (set(), None)
    house.close()


@pytest.mark.parametrize("years", [10, -10])
def test_the_wall_clock_does_not_matter(house: House, years: int) -> None:
    """It jumps by ten years: nothing goes; service time passes: what is due goes."""
    house.store("1.2.1")
    house.orders.create(wanted(("1.2.2",)), sop_instance="1.9", ae=OWNER)
    jump = years * 365 * 86_400
    with mock.patch("time.time", return_value=1_800_000_000.0 + jump):
        house.after(UNREQUESTED - 1)
        assert house.rows() == {("1.2.1", 1)}
        assert house.status(house.row("1.9")) == "IDLE"
        house.after(IDLE)
    assert house.rows() == set()


def test_zero_is_at_once(tmp_path: Path) -> None:
    """With the next sweep."""
    house = House(tmp_path, LIFETIMES.model_copy(update={"instances_after_success": timedelta(0)}))
    house.store("1.2.1")
    house.end(house.start("1.9", "1.2.1"))
    house.after(0)
    assert house.rows() == set()
    house.close()


# --- races --------------------------------------------------------------------------------------------------


def test_a_store_waits_for_the_purge_of_the_same_instance(house: House) -> None:
    """It comes between row and file: its 0000 is worth a file and a row."""
    house.store("1.2.1")
    house.now += UNREQUESTED
    removed, sender = house.spool.remove, threading.Thread(target=house.store, args=["1.2.1"])

    def slowly(key: str) -> None:
        sender.start()
        sender.join(0.3)
        assert sender.is_alive()
        removed(key)

    with mock.patch.object(house.spool, "remove", slowly):
        house.retention.sweep()
    sender.join(20)
    assert house.rows() == {("1.2.1", 1)}
    assert house.files() == {spool_key("1.2.1", 1)}


def test_what_came_again_since_the_look_stays(house: House) -> None:
    """Its row still waits for its group when the sweep decides."""
    house.store("1.2.1")
    house.now += UNREQUESTED
    flushed = house.index.flush

    def late() -> None:
        house.index.add(Kept(spool_key("1.2.1", 1), house.spool.trailer(spool_key("1.2.1", 1)), fresh=False))
        flushed()

    with mock.patch.object(house.index, "flush", late):
        house.retention.sweep()
    assert house.rows() == {("1.2.1", 1)}
    assert house.files() == {spool_key("1.2.1", 1)}


@pytest.mark.parametrize("start", [False, True])
def test_an_order_that_comes_between_look_and_purge(house: House, start: bool) -> None:
    """Whoever came first has them: nothing that was pinned or referenced goes."""
    house.store("1.2.1")
    house.now += UNREQUESTED
    flushed = house.index.flush

    def late() -> None:
        flushed()
        with mock.patch.object(house.index, "flush", flushed):
            house.orders.create(wanted(("1.2.1",)), sop_instance="1.9", ae=OWNER)
            if start:
                house.orders.initiate("1.9", {}, ae=OWNER)

    with mock.patch.object(house.index, "flush", late):
        house.retention.sweep()
    assert house.rows() == {("1.2.1", 1)}
    assert house.count(pins) == start


def test_the_sweep_runs_by_itself_and_survives(house: House) -> None:
    """A sweep that fails is repeated; it ends when it is told to."""
    hasty = LIFETIMES.model_copy(update={"instances_unrequested": timedelta(seconds=1)})
    plans = house.folder / "plans"
    one = Retention(house.database, house.index, house.spool, plans, hasty)
    failed, real = threading.Event(), one.sweep

    def sweep() -> None:
        if not failed.is_set():
            failed.set()
            raise OSError("no space left on device")
        real()

    house.store("1.2.1")
    house.now += 1
    with mock.patch.object(one, "sweep", sweep):
        one.start()
        end = time.monotonic() + 20
        while house.rows():
            assert time.monotonic() < end
            time.sleep(0.02)
        one.stop(20)
    assert failed.is_set()
    assert not one._thread.is_alive()


# --- how often, how much ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shortest", "took", "seconds"),
    [
        ("24h", 0.01, 60),
        ("10m", 0.01, 30),
        ("2s", 0.001, 0.1),
        ("0s", 0.0, 1),
        ("2s", 0.5, 10),
        ("2s", 90, 60),
    ],
)
def test_sweeps_come_often_enough_and_not_too_often(shortest: str, took: float, seconds: float) -> None:
    """Twenty times within the shortest lifetime, each minute at the latest, a twentieth of a processor."""
    assert pause(RetentionSettings(idle_requests=shortest), took) == seconds  # type: ignore[arg-type]


def test_what_there_is_is_counted(house: House) -> None:
    """Each instance once, under the lifetime that keeps it longest."""
    for number in range(1, 7):
        house.store(f"1.2.{number}")
    used = house.start("1.9.1", "1.2.1", "1.2.2"), house.start("1.9.2", "1.2.2", preserve=True)
    failed, _ = house.start("1.9.3", "1.2.3"), house.start("1.9.4", "1.2.4")
    house.orders.create(wanted(("1.2.5",)), sop_instance="1.9.5", ae=OWNER)
    for row in used:
        house.end(row)
    house.end(failed, well=False)
    house.now += 6
    with house.database.read() as connection:
        kept = {one.name: one for one in count_instances(connection, LIFETIMES, house.served())}
        asked = {one.name: one for one in count_requests(connection, LIFETIMES, house.served())}
    size = len(instance("1.2.1"))
    assert {name: (one.count, one.size, one.due, one.next) for name, one in kept.items()} == {
        "in_use": (2, 2 * size, 0, None),
        "instances_after_success": (1, size, 1, 0),
        "instances_after_failure": (1, size, 0, FAILURE - 6),
        "instances_preserved": (1, size, 0, PRESERVED - 6),
        "instances_unrequested": (1, size, 0, UNREQUESTED - 6),
    }
    assert {name: (one.count, one.due, one.next) for name, one in asked.items()} == {
        "in_use": (1, 0, None),
        "idle_requests": (1, 0, IDLE - 6),
        "results": (3, 0, RESULTS - 6),
        "ledger": (0, 0, None),
    }
