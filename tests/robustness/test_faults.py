"""Faults of devices, disks and processes, through a real server whose writer does what a script says."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from burnish.cli.stations import resume
from burnish.instances.files import spool_key
from burnish.testing.scripted import read_log
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import build_context

from tests.lab import Installation, Scu, body, ct, request
from tests.robustness.evidence import (
    attempts_of,
    check_ledger,
    check_media,
    eventually,
    leftovers,
    pieces_of,
    request_of,
    rows,
)
from tests.robustness.stage import installation, running, script

pytestmark = pytest.mark.xdist_group("faults")
"""One worker runs them all, so that two servers are enough."""
AT = 65536
"""Bytes after which something happens in the midst of an image."""
DEFECT = {"fault": "MEDIA_DEFECT", "at": AT}
HOLDS = {
    "NO_BLANK_MEDIA": "OUT_OF_SUPPLIES",
    "NO_PRINT_SUPPLIES": "OUT_OF_SUPPLIES",
    "WRONG_MEDIUM": "OUT_OF_SUPPLIES",
    "OUTPUT_FULL": "CHECK_MCD_OP",
    "MEDIUM_TOO_SMALL": "CHECK_MCD_OP",
    "OPERATOR_ACTION": "CHECK_MCD_OP",
    "UNSAFE_TARGET": "CHECK_MCD_OP",
    "DEVICE_BUSY": "MCD_BUSY",
    "DEVICE_OFFLINE": "MCD_BUSY",
}
"""Conditions that somebody must mend, and what an SCU is told meanwhile."""
ENDS = {
    "STORAGE_FULL": "INSUFFIC_MEMORY",
    "BAD_REQUEST": "PROC_FAILURE",
    "DRIVE_FAULT": "CHECK_MCD_SRV",
    "SERVICE_ACTION": "CHECK_MCD_SRV",
}
"""Faults that no medium and nobody at the device can mend, and for which there is no other station."""


class Stage:
    """An installation with a scripted writer, and the SCU that asks it."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.scu = Scu(burnish.port)
        self.slices = ct(2)
        self.wanted: dict[str, dict[str, bytes]] = {}
        assert self.scu.store(*self.slices) == [0, 0]

    def script(self, *actions: dict[str, Any]) -> None:
        """Replace what is left of the script."""
        script(self.burnish, *actions)

    def start(self, slices: Sequence[Dataset] | None = None, copies: int = 1) -> str:
        """Create and initiate a job; its UID."""
        slices, uid = slices or self.slices, generate_uid()
        self.wanted[uid] = {str(ds.SOPInstanceUID): body(ds) for ds in slices}
        assert self.scu.create(request(slices), uid) == 0
        assert self.scu.initiate(uid, NumberOfCopies=copies) == 0
        return uid

    def suffer(self, *actions: dict[str, Any], copies: int = 1) -> tuple[str, tuple[str, str, int]]:
        """A job under this script, to its end: its UID and state."""
        self.script(*actions)
        uid = self.start(copies=copies)
        return uid, self.scu.wait(uid)

    def outcomes(self, uid: str) -> list[tuple[str, str | None]]:
        """How the attempts ended, and from what."""
        return [(row["outcome"], row["fault"]) for row in attempts_of(self.burnish, uid)]

    def writes(self, uid: str) -> int:
        """How often the driver was told to write a piece of a request."""
        token = request_of(self.burnish, uid)["token"]
        log = read_log(self.burnish.out)
        return sum(line["op"] == "write" and line["job"]["token"] == token for line in log)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Let every job wait there; it goes on at the end."""
        hold = self.burnish.out / name
        hold.touch()
        try:
            yield
        finally:
            hold.unlink(missing_ok=True)

    def await_write(self, uid: str) -> None:
        """Wait until the driver was told to write."""
        eventually(lambda: None if self.writes(uid) else "nothing is written yet")

    def await_middle(self, uid: str) -> None:
        """Wait until half of an image is written."""
        self.await_write(uid)
        [volume] = rows(
            self.burnish,
            "SELECT v.* FROM volumes v JOIN requests r ON v.request = r.id WHERE r.sop_instance = ?",
            uid,
        )
        part = self.burnish.out / f".{volume['token']}-1.img.part"
        half = volume["length"] // 2
        eventually(lambda: None if part.exists() and part.stat().st_size == half else "not half way yet")

    def process(self, role: str) -> int:
        """The one process of a role."""
        [number] = [number for number, name in self.burnish.processes().items() if name == role]
        return number


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server whose writer can be interrupted. Whatever was done to it, its books are right at the end."""
    folder = tmp_path_factory.mktemp("robot")
    with running(installation(folder, "scripted", 'stall_timeout = "4s"')) as burnish:
        one = Stage(burnish)
        yield one
        check_ledger(burnish)
        check_media(burnish, one.wanted)
        assert leftovers(burnish) == []


@pytest.fixture(autouse=True)
def honest(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test inherits another one's script, or a station that another one put out of service."""
    yield
    for name in {"stage", "stubborn"} & set(request.fixturenames):
        request.getfixturevalue(name).script()
        resume(request.getfixturevalue(name).burnish.config, "shelf")


# --- faults of a driver -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        (DEFECT, "MEDIA_DEFECT"),
        ({"lie": AT}, "MEDIA_DEFECT"),
        ({"crash": True, "at": AT}, "DRIVER_FAULT"),
        ({"hang": 60, "at": AT}, "DRIVER_FAULT"),
        ({"crash": True, "in": "read_back"}, "DRIVER_FAULT"),
        ({"crash": True, "in": "accept"}, "DRIVER_FAULT"),
        ({"fault": "DRIVER_FAULT", "at": AT}, "DRIVER_FAULT"),
    ],
    ids=["defect", "lie", "crash", "hang", "crash-reading", "crash-accepting", "driver-fault"],
)
def test_a_spoilt_medium_is_counted_and_another_is_tried(
    stage: Stage, action: dict[str, Any], fault: str
) -> None:
    """The second medium is a good one: the request ends well and the ledger knows of the first."""
    uid, state = stage.suffer(action)
    assert state == ("DONE", "NORMAL", 1)
    assert stage.outcomes(uid) == [("spoilt", fault), ("delivered", None)]
    assert pieces_of(stage.burnish, uid)[0]["spoilt"] == 1
    assert stage.writes(uid) == 2


def test_a_driver_that_dies_before_the_first_byte_spoils_nothing(stage: Stage) -> None:
    """Its medium proves untouched, and the piece is made."""
    uid, state = stage.suffer({"crash": True})
    assert state == ("DONE", "NORMAL", 1)
    assert stage.outcomes(uid) == [("returned", "DRIVER_FAULT"), ("delivered", None)]


def test_a_driver_that_always_dies_is_not_asked_for_ever(stage: Stage) -> None:
    """Three untouched media later the request fails."""
    uid, state = stage.suffer(*[{"crash": True}] * 3)
    assert state == ("FAILURE", "MCD_FAILURE", 0)
    assert stage.outcomes(uid) == [("returned", "DRIVER_FAULT")] * 3


@pytest.mark.parametrize("place", ["write", "read_back", "accept"])
def test_what_a_driver_prints_harms_nobody(stage: Stage, place: str) -> None:
    """Nonsense on standard output goes to the log."""
    uid, state = stage.suffer({"garbage": True, "in": place})
    assert state == ("DONE", "NORMAL", 1)
    assert stage.outcomes(uid) == [("delivered", None)]


@pytest.mark.parametrize(("kind", "info"), HOLDS.items())
def test_a_condition_is_waited_for(stage: Stage, kind: str, info: str) -> None:
    """PENDING with the term of the condition until it is mended; then the piece is made."""
    stage.script(*[{"fault": kind}] * 200)
    uid = stage.start()
    eventually(lambda: (state := stage.scu.state(uid)) != ("PENDING", info, 0) and state)
    stage.script()
    assert stage.scu.wait(uid) == ("DONE", "NORMAL", 1)
    *returned, last = stage.outcomes(uid)
    assert set(returned) == {("returned", kind)}
    assert last == ("delivered", None)


def test_waiting_is_no_try(stage: Stage) -> None:
    """However long supplies were waited for, a driver that then dies is tried again."""
    stage.script(*[{"fault": "NO_BLANK_MEDIA"}] * 4, {"crash": True})
    uid = stage.start()
    assert stage.scu.wait(uid) == ("DONE", "NORMAL", 1)
    assert [outcome for outcome, _ in stage.outcomes(uid)] == ["returned"] * 5 + ["delivered"]


def test_retries_run_out(stage: Stage) -> None:
    """One copy is made, the other one cannot be: FAILURE, and the total keeps the first."""
    uid, state = stage.suffer({}, DEFECT, DEFECT, DEFECT, copies=2)
    assert state == ("FAILURE", "MCD_FAILURE", 1)
    assert stage.outcomes(uid) == [("delivered", None)] + [("spoilt", "MEDIA_DEFECT")] * 3
    assert len(stage.scu.get(uid)[1].ReferencedStorageMediaSequence) == 1


@pytest.mark.parametrize(("kind", "info"), ENDS.items())
def test_what_no_medium_can_mend_fails_at_once(stage: Stage, kind: str, info: str) -> None:
    """One attempt, and no second one."""
    uid, state = stage.suffer({"fault": kind, "at": AT})
    assert state == ("FAILURE", info, 0)
    assert stage.outcomes(uid) == [("spoilt", kind)]


# --- faults of the disk -----------------------------------------------------------------------------------


def test_a_damaged_instance_never_reaches_a_patient(stage: Stage) -> None:
    """A byte flips in the spool after planning: FAILURE. The same bytes sent again mend it."""
    slices = ct(2)
    assert stage.scu.store(*slices) == [0, 0]
    with stage.held("hold-write"):
        before = stage.start()
        stage.await_write(before)
        uid = stage.start(slices)
        eventually(lambda: request_of(stage.burnish, uid)["plan"] != "done" and "not planned yet")
        _flip(stage.burnish.data / "spool" / spool_key(slices[1].SOPInstanceUID, 1), -20_000)
    assert stage.scu.wait(before) == ("DONE", "NORMAL", 1)
    assert stage.scu.wait(uid) == ("FAILURE", "PROC_FAILURE", 0)
    assert stage.outcomes(uid) == [("spoilt", "SOURCE_DAMAGED")]
    assert stage.scu.store(*slices) == [0, 0]
    assert stage.scu.wait(stage.start(slices)) == ("DONE", "NORMAL", 1)


@pytest.mark.parametrize("cut", [False, True])
def test_a_damaged_plan_makes_nothing(stage: Stage, cut: bool) -> None:
    """The copy that is being made is right; the next one finds its plan damaged and is not begun."""
    with stage.held("hold-write"):
        uid = stage.start(copies=2)
        stage.await_write(uid)
        [plan] = [
            stage.burnish.data / "plans" / f"{row['token']}.recipe"
            for row in rows(stage.burnish, "SELECT token FROM volumes ORDER BY id DESC LIMIT 1")
        ]
        if cut:
            os.truncate(plan, plan.stat().st_size // 2)
        else:
            _flip(plan, -1000)
    assert stage.scu.wait(uid) == ("FAILURE", "PROC_FAILURE", 1)
    assert stage.writes(uid) == 1


def _flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset, os.SEEK_END)
        [byte] = file.read(1)
        file.seek(offset, os.SEEK_END)
        file.write(bytes([byte ^ 0xFF]))


# --- cancel -----------------------------------------------------------------------------------------------


def test_cancel_before_the_first_write(stage: Stage) -> None:
    """The request is gone and nothing was written."""
    with stage.held("hold-write"):
        uid = stage.start(copies=2)
        stage.await_write(uid)
        assert stage.scu.cancel(uid) == 0
        assert stage.scu.state(uid) == ("GONE", "", 0)
        assert stage.scu.cancel(uid) == 0x0112
    assert {piece["state"] for piece in pieces_of(stage.burnish, uid)} == {"cancelled"}
    assert stage.outcomes(uid) == [("returned", None)]


def test_cancel_in_the_midst(stage: Stage) -> None:
    """The medium is spoilt and counted, the request is gone, the station makes the next one."""
    with stage.held("hold-middle"):
        uid = stage.start(copies=2)
        stage.await_middle(uid)
        assert stage.scu.cancel(uid) == 0
        assert stage.scu.state(uid) == ("GONE", "", 0)
    assert stage.outcomes(uid) == [("spoilt", None)]
    assert {piece["state"] for piece in pieces_of(stage.burnish, uid)} == {"cancelled"}
    assert stage.scu.make(stage.slices)[1] == ("DONE", "NORMAL", 1)
    stage.wanted |= _every_request(stage)


def _every_request(stage: Stage) -> dict[str, dict[str, bytes]]:
    bodies = {str(ds.SOPInstanceUID): body(ds) for ds in stage.slices}
    return {
        row["sop_instance"]: stage.wanted.get(row["sop_instance"], bodies)
        for row in rows(stage.burnish, "SELECT sop_instance FROM requests")
    }


# --- processes --------------------------------------------------------------------------------------------


def test_reception_comes_back_on_its_port(stage: Stage) -> None:
    """Killed alone, it is replaced; production notices nothing, and the port stays."""
    killed, production = stage.process("reception"), stage.process("production")
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed in stage.burnish.processes())
    assert stage.scu.store(*ct(1)) == [0]
    assert stage.scu.make(stage.slices)[1] == ("DONE", "NORMAL", 1)
    stage.wanted |= _every_request(stage)
    assert stage.process("production") == production
    assert stage.process("reception") != killed


def test_a_disc_outlives_production(stage: Stage) -> None:
    """Feeder and driver finish what they have; the production that follows adopts it, and opens no second
    driver on a device that one works with."""
    with stage.held("hold-middle"):
        uid = stage.start()
        stage.await_middle(uid)
        killed, driver = stage.process("production"), stage.process("driver")
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: killed in stage.burnish.processes())
        eventually(lambda: None if "production" in stage.burnish.processes().values() else "no production")
        end = time.monotonic() + 2.5
        while time.monotonic() < end:  # it has looked at least twice by then
            assert stage.process("driver") == driver
            time.sleep(0.1)
        assert stage.scu.state(uid) == ("CREATING", "NORMAL", 0)
    assert stage.scu.wait(uid) == ("DONE", "NORMAL", 1)
    assert stage.writes(uid) == 1


def test_a_cancel_reaches_an_adopted_disc(stage: Stage) -> None:
    """A feeder that lost its production still heeds the tables."""
    with stage.held("hold-middle"):
        uid = stage.start()
        stage.await_middle(uid)
        killed = stage.process("production")
        os.kill(killed, signal.SIGKILL)
        assert stage.scu.cancel(uid) == 0
        assert stage.scu.state(uid) == ("GONE", "", 0)
    assert stage.outcomes(uid) == [("spoilt", None)]


@pytest.fixture(scope="module", autouse=True)
def second(stage: Stage) -> Iterator["subprocess.Popen[str]"]:
    """A server on the same data folder. It has patience with one that ends, so it begins before all tests."""
    command = [sys.executable, "-m", "burnish.cli", "serve", "--config", str(stage.burnish.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_second_server_is_refused(stage: Stage, second: "subprocess.Popen[str]") -> None:
    """One sentence that names the key and the folder; the first one serves on."""
    told, complained = second.communicate(timeout=60)
    assert second.returncode != 0
    assert told == ""
    assert "server.data" in complained
    assert str(stage.burnish.data) in complained.replace("\n", "")
    assert "Traceback" not in complained
    assert stage.scu.store(*ct(1)) == [0]


# --- a device that cannot be stopped, on a disk that is small -----------------------------------------------


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of 24 MiB where this process may mount one, else a folder."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "burnish-test", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    yield folder
    if mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def stubborn(disk: Path) -> Iterator[Stage]:
    """A server whose writer cannot be interrupted, and which keeps nothing of its disk in reserve."""
    whole = "[storage]\nreserve = 0\n"
    with running(installation(disk, "scripted", "interruptible = false", whole)) as burnish:
        one = Stage(burnish)
        yield one
        check_ledger(burnish)
        check_media(burnish, one.wanted)
        assert leftovers(burnish) == []


def test_cancel_of_what_cannot_be_stopped(stubborn: Stage) -> None:
    """C202, and the disc is finished as if nobody had asked."""
    with stubborn.held("hold-middle"):
        uid = stubborn.start()
        stubborn.await_middle(uid)
        assert stubborn.scu.cancel(uid) == 0xC202
        assert stubborn.scu.state(uid) == ("CREATING", "NORMAL", 0)
    assert stubborn.scu.wait(uid) == ("DONE", "NORMAL", 1)
    assert stubborn.outcomes(uid) == [("delivered", None)]
    assert stubborn.scu.cancel(uid) == 0xC201


def test_a_full_disk(stubborn: Stage, disk: Path) -> None:
    """A700 and 0213 while it lasts, on an association that stays; nothing half-written; then all goes on."""
    if not disk.is_mount():
        pytest.skip("a file system of its own can be mounted by root only")
    slices = ct(3)
    kinds = [build_context(slices[0].SOPClassUID, ExplicitVRLittleEndian)]
    uid = generate_uid()
    large = request(slices * 10_000)
    with stubborn.scu.associate(kinds) as association:
        with _filled(disk):
            assert [int(association.send_c_store(ds).Status) for ds in slices] == [0xA700] * 3
            assert stubborn.scu.create(large, uid) == 0x0213
        assert leftovers(stubborn.burnish) == []
        assert not any(_versions(stubborn.burnish, ds) for ds in slices)
        assert [int(association.send_c_store(ds).Status) for ds in slices] == [0] * 3
    assert stubborn.scu.state(uid) == ("GONE", "", 0)
    assert stubborn.scu.wait(stubborn.start(slices)) == ("DONE", "NORMAL", 1)


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 12)):
                pass
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


def _versions(burnish: Installation, ds: Dataset) -> list[Path]:
    key = spool_key(ds.SOPInstanceUID, 1)
    return list((burnish.data / "spool").glob(key.removesuffix("1") + "*"))
