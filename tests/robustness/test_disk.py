"""Every write of receive, order and finish fails once: nothing false is acknowledged, nothing is lost.

SQLite's method: the first call fails, then the second, until a run meets no fault; here with each system call
that writes, in each process of a running server. What was acknowledged must be there, byte for byte, after
kill -9 and a start. BURNISH_LONG fails every call; else the later ones of a transaction are sampled.
"""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import build_context
from pynetdicom.association import Association

from tests.lab import MCM, Installation, Scu, body, ct, request
from tests.robustness.evidence import (
    check_ledger,
    check_media,
    check_spool,
    eventually,
    leftovers,
    rows,
    strangers,
)
from tests.robustness.injection import (
    Fault,
    Suffered,
    descriptors,
    filled,
    limited,
    mounted,
    places,
    suffering,
)
from tests.robustness.stage import installation

pytestmark = [pytest.mark.xdist_group("disk"), pytest.mark.judge("strace")]
EXHAUSTIVE = bool(os.environ.get("BURNISH_LONG"))
OUT_OF_RESOURCES, RESOURCE_LIMITATION, PROCESSING_FAILURE = 0xA700, 0x0213, 0x0110
RAW = "[storage]\nreserve = 0\n"
"""No reserve: the disk itself says that it is full."""


class Desk:
    """An installation, the SCU that asks it, and what it was told."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.sent: dict[str, bytes] = {}
        self.acknowledged: dict[str, bytes] = {}
        self.wanted: dict[str, dict[str, bytes]] = {}
        self.slice = ct(1)[0]

    def open(self) -> None:
        """Start, and make a first piece: it waits until everything is loaded."""
        self.begin()
        with self.storing() as association:
            assert self.store(association, self.slice) == 0
        self.make()

    def begin(self) -> None:
        """Start the server."""
        self.burnish.start()
        self.scu = Scu(self.burnish.port)

    def crash(self) -> None:
        """kill -9 of the server, and another start."""
        self.burnish.stop(signal.SIGKILL)
        eventually(lambda: {"server", "reception", "production"} & set(self.burnish.processes().values()))
        self.begin()

    def process(self, role: str) -> int:
        """The one process of a role, once nothing is being replaced any more."""
        eventually(lambda: strangers(self.burnish), 60)
        return next(number for number, name in self.burnish.processes().items() if name == role)

    @contextmanager
    def suffering(self, role: str, fault: Fault) -> Iterator[Suffered]:
        """A process of this role suffers for a while; a pair that production starts meanwhile is sound."""
        trace, follow = self.burnish.folder / "trace", role != "production"
        with suffering(self.process(role), fault, trace, follow) as suffered:
            yield suffered

    @contextmanager
    def storing(self) -> Iterator[Association]:
        """An association for CT and for media."""
        kinds = [build_context(kind, ExplicitVRLittleEndian) for kind in (self.slice.SOPClassUID, MCM)]
        with self.scu.associate(kinds) as association:
            yield association

    def store(self, association: Association, ds: Dataset) -> int:
        """C-STORE; what is acknowledged is kept in mind."""
        uid = str(ds.SOPInstanceUID)
        self.sent[uid] = body(ds)
        status = int(association.send_c_store(ds).Status)
        if status == 0:
            self.acknowledged[uid] = self.sent[uid]
        return status

    def create(self, association: Association, uid: str) -> int:
        """N-CREATE of a request for one slice."""
        self.wanted[uid] = {str(self.slice.SOPInstanceUID): self.acknowledged[str(self.slice.SOPInstanceUID)]}
        return int(association.send_n_create(request([self.slice]), MCM, uid)[0].Status)

    def initiate(self, association: Association, uid: str) -> int:
        """N-ACTION 1."""
        return int(association.send_n_action(None, 1, MCM, uid)[0].Status)

    def begin_job(self) -> str:
        """Create and initiate; the UID."""
        uid = generate_uid()
        with self.storing() as association:
            assert self.create(association, uid) == 0
            assert self.initiate(association, uid) == 0
        return uid

    def make(self) -> None:
        """A job that ends well."""
        assert self.scu.wait(self.begin_job()) == ("DONE", "NORMAL", 1)

    def check(self) -> None:
        """After a crash: every answer was true, every piece has a history, nothing lies about."""
        self.crash()
        pending = "SELECT * FROM requests WHERE status IN ('PENDING', 'CREATING')"
        eventually(lambda: rows(self.burnish, pending), 60)
        check_spool(self.burnish, self.acknowledged, self.sent)
        check_ledger(self.burnish)
        check_media(self.burnish, self.wanted)
        assert leftovers(self.burnish) == []


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server whose calls fail; whatever it suffered, it is judged at the end."""
    desk = Desk(installation(tmp_path_factory.mktemp("disk"), tables=RAW))
    try:
        desk.open()
        yield desk
        desk.check()
    finally:
        desk.burnish.stop()


# --- receive ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        "openat:EIO",
        "openat:EMFILE",
        "openat:EROFS",
        "write:EIO",
        "write:ENOSPC",
        "fsync:ENOSPC",
        "rename:EIO",
        "rename:ENOSPC",
    ],
)
def test_receive(desk: Desk, call: str) -> None:
    """A700 on an association that stays, nothing half-written, and the next try succeeds."""
    calls, _, error = call.partition(":")
    met = 0
    with desk.storing() as association:
        for nth in places(EXHAUSTIVE):
            [ds] = ct(1)
            with desk.suffering("reception", Fault(calls, error, nth)) as suffered:
                status = desk.store(association, ds)
            if not suffered.faults:
                assert status == 0
                break
            met += status != 0
            assert status in (0, OUT_OF_RESOURCES), f"{suffered.faults}: {status:04X}"
            assert leftovers(desk.burnish) == []
            assert desk.store(association, ds) == 0
    assert met


def test_receive_in_short_writes(desk: Desk) -> None:
    """Files end at every other place: in the data set, after it, and in the footer."""
    [ds] = ct(1)
    size = len(body(ds))
    with desk.storing() as association:
        assert desk.store(association, ds) == 0
        [key] = [
            path
            for path in (desk.burnish.data / "spool").glob("??/*")
            if path.read_bytes()[:size] == body(ds)
        ]
        for end in (1, 4096, size, size + 1, key.stat().st_size - 20):
            [ds] = ct(1)
            with limited(desk.process("reception"), resource.RLIMIT_FSIZE, end):
                assert desk.store(association, ds) == OUT_OF_RESOURCES
            assert leftovers(desk.burnish) == []
            assert desk.store(association, ds) == 0


def test_receive_without_descriptors(desk: Desk) -> None:
    """Reception may open no more files: A700; then all goes on."""
    [ds] = ct(1)
    with desk.storing() as association:
        reception = desk.process("reception")
        with limited(reception, resource.RLIMIT_NOFILE, descriptors(reception)):
            assert desk.store(association, ds) == OUT_OF_RESOURCES
        assert desk.store(association, ds) == 0


@pytest.mark.parametrize("nth", [1, 2], ids=["file", "folder"])
def test_a_sync_that_failed(desk: Desk, nth: int) -> None:
    """It is never repeated: all is answered with A700 until a start, and then it is as if it never came."""
    first, second = ct(2)
    with desk.storing() as association:
        with desk.suffering("reception", Fault("fsync", "EIO", nth)) as suffered:
            told = [desk.store(association, ds) for ds in (first, second, first)]
        assert len(suffered.faults) == 1
        assert len(suffered.lines) == nth, suffered.lines
        assert told == [OUT_OF_RESOURCES] * 3
        assert desk.store(association, first) == OUT_OF_RESOURCES
    with desk.storing() as association:
        assert desk.store(association, second) == OUT_OF_RESOURCES
    desk.crash()
    indexed = {row["sop_instance"] for row in rows(desk.burnish, "SELECT sop_instance FROM instances")}
    assert not indexed & {str(ds.SOPInstanceUID) for ds in (first, second)}
    with desk.storing() as association:
        assert [desk.store(association, ds) for ds in (first, second)] == [0, 0]


# --- order ------------------------------------------------------------------------------------------------

DATABASE = ["pwrite64:EIO", "pwrite64:ENOSPC"]


@pytest.mark.parametrize("call", DATABASE)
def test_create(desk: Desk, call: str) -> None:
    """A refusal changes nothing, neither a request nor an instance whose row was still to be written."""
    calls, _, error = call.partition(":")
    met = 0
    with desk.storing() as association:
        for nth in places(EXHAUSTIVE):
            uid = generate_uid()
            with desk.suffering("reception", Fault(calls, error, nth)) as suffered:
                assert desk.store(association, ct(1)[0]) == 0
                status = desk.create(association, uid)
            met += status != 0
            if not suffered.faults:
                assert status == 0
                break
            if status:
                assert status in (RESOURCE_LIMITATION, PROCESSING_FAILURE), f"{status:04X}"
                assert desk.scu.state(uid) == ("GONE", "", 0)
                assert desk.create(association, uid) == 0
            assert desk.scu.state(uid) == ("IDLE", "NORMAL", 0)
    assert met


@pytest.mark.parametrize("call", DATABASE)
def test_initiate(desk: Desk, call: str) -> None:
    """A refusal leaves the request IDLE; what was acknowledged is made."""
    calls, _, error = call.partition(":")
    met = 0
    with desk.storing() as association:
        for nth in places(EXHAUSTIVE):
            uid = generate_uid()
            assert desk.create(association, uid) == 0
            with desk.suffering("reception", Fault(calls, error, nth)) as suffered:
                status = desk.initiate(association, uid)
            met += status != 0
            if status:
                assert status in (RESOURCE_LIMITATION, PROCESSING_FAILURE), f"{status:04X}"
                assert desk.scu.state(uid) == ("IDLE", "NORMAL", 0)
                assert desk.initiate(association, uid) == 0
            assert desk.scu.wait(uid) == ("DONE", "NORMAL", 1)
            if not suffered.faults:
                break
    assert met


def test_a_sync_of_the_database_that_failed(desk: Desk) -> None:
    """It is never repeated: 0213 and A700 until a start, and N-GET tells what is known meanwhile."""
    [ds] = ct(1)
    first, second = generate_uid(), generate_uid()
    with desk.storing() as association:
        assert desk.create(association, first) == 0
        with desk.suffering("reception", Fault("fdatasync", "EIO", 1)) as suffered:
            assert desk.create(association, second) == RESOURCE_LIMITATION
            assert desk.create(association, second) == RESOURCE_LIMITATION
            assert desk.initiate(association, first) == RESOURCE_LIMITATION
            assert desk.store(association, ds) == OUT_OF_RESOURCES
        assert len(suffered.lines) == 1, suffered.lines
        assert desk.create(association, second) == RESOURCE_LIMITATION
        assert desk.scu.state(first) == ("IDLE", "NORMAL", 0)
        assert desk.scu.state(second) == ("GONE", "", 0)
    desk.crash()
    with desk.storing() as association:
        assert desk.store(association, ds) == 0
        assert desk.create(association, second) == 0
        assert [desk.initiate(association, uid) for uid in (first, second)] == [0, 0]
    assert [desk.scu.wait(uid) for uid in (first, second)] == [("DONE", "NORMAL", 1)] * 2


def test_a_sync_of_the_ledger_that_failed(desk: Desk) -> None:
    """Production begins nothing more until a start; then what was started is made, once."""
    log = desk.burnish.folder / "server.log"
    with desk.suffering("production", Fault("fdatasync", "EIO", 1)):
        uid = desk.begin_job()
        eventually(lambda: "a sync of the database failed" not in log.read_text())
    assert desk.scu.state(uid)[0] == "PENDING"
    desk.crash()
    assert desk.scu.wait(uid) == ("DONE", "NORMAL", 1)


# --- finish -----------------------------------------------------------------------------------------------

MADE = ("DONE", "NORMAL", 1)
NO_ROOM = ("FAILURE", "INSUFFIC_MEMORY", 0)


def ordeal(desk: Desk, role: str, call: str) -> Iterator[tuple[str, tuple[str, str, int], Suffered]]:
    """Jobs while a process suffers, each to its end, until one meets no fault: UID, state, the faults."""
    calls, _, error = call.partition(":")
    met = 0
    for nth in places(EXHAUSTIVE):
        with desk.suffering(role, Fault(calls, error, nth)) as suffered:
            uid = desk.begin_job()
            state = desk.scu.wait(uid)
        yield uid, state, suffered
        met += bool(suffered.faults)
        if not suffered.faults:
            break
    assert met, "nothing failed"
    desk.make()


@pytest.mark.parametrize(
    ("role", "call"),
    [
        *(("production", call) for call in DATABASE),
        ("feeder", "pwrite64:EIO"),
        ("feeder", "fdatasync:EIO"),
    ],
)
def test_finish_without_the_ledger(desk: Desk, role: str, call: str) -> None:
    """Whoever cannot write down what it does begins anew later: made once, or counted as spoilt."""
    for _, state, suffered in ordeal(desk, role, call):
        assert state == MADE or (state == NO_ROOM and "ENOSPC" in call), (state, suffered.faults)


@pytest.mark.parametrize("call", ["openat:ENOSPC", "write:ENOSPC", "fsync:EIO", "fsync:ENOSPC", "rename:EIO"])
def test_finish_without_a_plan(desk: Desk, call: str) -> None:
    """A recipe that cannot be kept: INSUFFIC_MEMORY, no file of it stays, and the next request is planned."""
    for _, state, suffered in ordeal(desk, "production", call):
        assert state in (MADE, NO_ROOM), (state, suffered.faults)
        assert not list((desk.burnish.data / "plans").glob("*.part"))
        assert len([line for line in suffered.lines if "fsync" in line and ".part" in line]) <= 1


@pytest.mark.parametrize(
    "call",
    [
        "openat:ENOSPC",
        "openat:EIO",
        "splice:ENOSPC",
        "splice:EIO",
        "fsync:ENOSPC",
        "fsync:EIO",
        "link:EIO",
        "link:ENOSPC",
        "unlink:EIO",
        "sendfile:EIO",
    ],
)
def test_finish_without_a_medium(desk: Desk, call: str) -> None:
    """A full disk ends a request, as no medium could mend it; after another fault another one is tried."""
    for _, state, suffered in ordeal(desk, "driver", call):
        wanted = (MADE, NO_ROOM) if "ENOSPC" in call else (MADE,)
        assert state in wanted, (state, suffered.faults)
        assert leftovers(desk.burnish) == []


@pytest.mark.parametrize("call", ["openat:EIO", "pread64:EIO"])
def test_finish_without_its_sources(desk: Desk, call: str) -> None:
    """What cannot be read for a moment is made later, or the request ends and says so; nothing hangs."""
    for _, state, suffered in ordeal(desk, "feeder", call):
        assert state in (MADE, ("FAILURE", "PROC_FAILURE", 0)), (state, suffered.faults)


# --- disks that are really full ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """An installation on a file system of 24 MiB, which root may mount."""
    folder = tmp_path_factory.mktemp("small")
    if os.geteuid() and os.environ.get("BURNISH_TOOLS") != "required":
        pytest.skip("a file system of its own can be mounted by root only")
    with mounted(folder, 24):
        desk = Desk(installation(folder, tables=RAW))
        try:
            desk.open()
            yield desk
            desk.check()
        finally:
            desk.burnish.stop()


def test_a_large_instance_on_a_small_disk(small: Desk) -> None:
    """It fills the disk to the last byte while it arrives: A700, and every byte of it is given back."""
    [ds] = ct(1)
    ds.PixelData, ds.Rows, ds.Columns = bytes(64 << 20), 8192, 4096
    with small.storing() as association:
        assert small.store(association, ds) == OUT_OF_RESOURCES
        assert leftovers(small.burnish) == []
        assert small.store(association, ct(1)[0]) == 0
    small.make()


@pytest.mark.parametrize("room", [0, 1, 4096, 65536])
def test_a_full_disk(small: Desk, room: int) -> None:
    """Everything is refused and nothing is half-written; then all goes on."""
    folder = small.burnish.folder
    [ds], uid = ct(1), generate_uid()
    large = request([small.slice] * 20_000)
    with small.storing() as association:
        with filled(folder, room):
            status = small.store(association, ds)
            assert status in (OUT_OF_RESOURCES, 0) if room > 4096 else status == OUT_OF_RESOURCES
            assert int(association.send_n_create(large, MCM, uid)[0].Status) == RESOURCE_LIMITATION
            assert small.scu.state(uid) == ("GONE", "", 0)
            assert leftovers(small.burnish) == []
        assert small.store(association, ds) == 0
        assert small.create(association, uid) == 0
    small.make()


def test_a_disk_that_fills_while_a_piece_is_made(small: Desk) -> None:
    """An order that was taken is made when there is room again, or fails for want of room; it never hangs."""
    with small.storing() as association:
        uid = generate_uid()
        assert small.create(association, uid) == 0
        with filled(small.burnish.folder, 128 << 10):
            status = small.initiate(association, uid)
            assert status in (0, RESOURCE_LIMITATION)
        if status:
            assert small.initiate(association, uid) == 0
    assert small.scu.wait(uid) in (MADE, NO_ROOM)
    small.make()
