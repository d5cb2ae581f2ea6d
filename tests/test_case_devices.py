"""What devices do to requests, with writers that do as they are told: cases 34, 35, 46, 53, 57, 86 to 91,
93 to 95."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from burnish.cli.stations import resume
from burnish.testing.scripted import read_log, write_script
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.conftest import ROBOT, scripted
from tests.histories import Told, Watched
from tests.lab import Installation, ct, reference, request
from tests.robustness.evidence import attempts_of, eventually, pieces_of, request_of, rows

DONE = ("DONE", "NORMAL", 1)
DEFECT = {"fault": "MEDIA_DEFECT", "at": 65536}
EMPTY = {"fault": "NO_BLANK_MEDIA"}
IMPATIENT = ROBOT.replace("[queue]", '[queue]\nsupplies_timeout = "1s"\noffline_timeout = "1s"')


class Bench:
    """A server with a scripted writer, and a stock SCU of it."""

    def __init__(self, burnish: Installation, told: Told) -> None:
        self.burnish = burnish
        self.folder = burnish.folder / "robot"
        self.folder.mkdir(exist_ok=True)
        self.scu = Watched(burnish.port, told)
        self.slices: list[Dataset] = []

    def start(self, name: str = "", *, copies: int = 1, priority: str = "") -> str:
        """A request that was started; `name` is its File-set ID."""
        if not self.slices:
            self.slices = ct(2)
            assert set(self.scu.store(*self.slices)) == {0}
        uid = str(generate_uid())
        named = {"StorageMediaFileSetID": name} if name else {}
        assert self.scu.create(request(self.slices, **named), uid) == 0
        arguments = {"RequestPriority": priority} if priority else {}
        assert self.scu.initiate(uid, NumberOfCopies=copies, **arguments) == 0
        return uid

    def script(self, *actions: dict[str, Any]) -> None:
        """What the next jobs suffer."""
        write_script(self.folder, actions)

    @contextmanager
    def lasting(self, name: str, text: str = "") -> Iterator[None]:
        """Something lasts: a file of the writer's folder is there."""
        (self.folder / name).write_text(text)
        try:
            yield
        finally:
            (self.folder / name).unlink()

    def await_state(self, uid: str, status: str, info: str, pieces: int = 0) -> None:
        """Wait until an SCU reads this."""
        wanted = (status, info, pieces)
        eventually(lambda: (state := self.scu.state(uid)) != wanted and state)

    def written(self) -> list[str]:
        """The File-set IDs of what the writer was told to write, in order."""
        return [line["job"]["file_set_id"] for line in read_log(self.folder) if line["op"] == "write"]

    def outcomes(self, uid: str) -> list[tuple[str, str | None]]:
        """How the attempts ended, and from what."""
        return [(row["outcome"], row["fault"]) for row in attempts_of(self.burnish, uid)]

    def states(self, uid: str) -> list[tuple[str, str]]:
        """What a request said one after the other, whoever looked."""
        number = request_of(self.burnish, uid)["id"]
        query = "SELECT data FROM events WHERE request = ? AND kind LIKE 'request-%' ORDER BY id"
        told = [json.loads(row["data"]) for row in rows(self.burnish, query, number)]
        return [(data["status"], data["info"]) for data in told if "status" in data]

    def sets(self, uid: str) -> int:
        """Items of Referenced Storage Media Sequence."""
        return len(self.scu.get(uid)[1].ReferencedStorageMediaSequence)


def _served(folder: Path, text: str) -> Iterator[Installation]:
    installation = scripted(folder, text)
    installation.start()
    yield installation
    installation.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server with the limits that are the default."""
    yield from _served(tmp_path_factory.mktemp("devices"), ROBOT)


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server that waits a second for anything."""
    yield from _served(tmp_path_factory.mktemp("impatient"), IMPATIENT)


@pytest.fixture
def bench(server: Installation, told: Told) -> Iterator[Bench]:
    """Nobody inherits a script, or a station that is out of service."""
    one = Bench(server, told)
    yield one
    one.script()
    resume(server.config, "robot")


@pytest.fixture
def impatient(hasty: Installation, told: Told) -> Iterator[Bench]:
    """The same of the hasty server."""
    one = Bench(hasty, told)
    yield one
    resume(hasty.config, "robot")


# --- the queue --------------------------------------------------------------------------------------------


def test_case_34_high_goes_before_med_before_low_and_equals_as_they_came(bench: Bench) -> None:
    with bench.lasting("hold-write"):
        first = bench.start("BLOCKER")
        bench.await_state(first, "CREATING", "NORMAL")
        names = ["LOW_1", "MED_1", "HIGH_1", "LOW_2", "MED_2", "HIGH_2"]
        waiting = [bench.start(name, priority=name[:-2]) for name in names]
        for uid in waiting:
            eventually(lambda uid=uid: request_of(bench.burnish, uid)["plan"] != "done" and "no plan")  # type: ignore[misc]
        assert {bench.scu.state(uid) for uid in waiting} == {("PENDING", "QUEUED", 0)}
    for uid in waiting:
        assert bench.scu.wait(uid) == DONE
    order = [name for name in bench.written() if name in names]
    assert order == ["HIGH_1", "HIGH_2", "MED_1", "MED_2", "LOW_1", "LOW_2"]


def test_case_35_priority_interrupts_nothing_and_what_is_begun_is_finished_first(bench: Bench) -> None:
    with bench.lasting("hold-write"):
        low = bench.start("SLOW", copies=2, priority="LOW")
        bench.await_state(low, "CREATING", "NORMAL")
        high = bench.start("FAST", priority="HIGH")
        eventually(lambda: request_of(bench.burnish, high)["plan"] != "done" and "no plan")
        assert bench.scu.state(low) == ("CREATING", "NORMAL", 0)
        assert bench.scu.state(high) == ("PENDING", "QUEUED", 0)
    assert bench.scu.wait(low) == ("DONE", "NORMAL", 2)
    assert bench.scu.wait(high) == DONE
    assert [name for name in bench.written() if name in ("SLOW", "FAST")] == ["SLOW", "SLOW", "FAST"]


def test_case_90_behind_another_request_is_queued_and_a_busy_device_is_busy(bench: Bench) -> None:
    with bench.lasting("hold-write"):
        first = bench.start()
        bench.await_state(first, "CREATING", "NORMAL")
        second = bench.start()
        eventually(lambda: request_of(bench.burnish, second)["plan"] != "done" and "no plan")
        assert bench.scu.state(second) == ("PENDING", "QUEUED", 0)
    assert [bench.scu.wait(uid) for uid in (first, second)] == [DONE, DONE]
    with bench.lasting("condition", "DEVICE_BUSY"):
        third = bench.start()
        bench.await_state(third, "PENDING", "MCD_BUSY")
    assert bench.scu.wait(third) == DONE


# --- conditions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "term"),
    [("NO_BLANK_MEDIA", "OUT_OF_SUPPLIES"), ("OPERATOR_ACTION", "CHECK_MCD_OP")],
    ids=["case_87", "case_89"],
)
def test_case_87_and_89_what_was_waited_for_goes_on(bench: Bench, condition: str, term: str) -> None:
    with bench.lasting("condition", condition):
        uid = bench.start()
        bench.await_state(uid, "PENDING", term)
        [row] = rows(bench.burnish, "SELECT * FROM stations")
        assert (row["state"], row["last_fault"]) == ("waiting", condition)
    assert bench.scu.wait(uid) == DONE
    *returned, last = bench.outcomes(uid)
    assert (set(returned), last) == ({("returned", condition)}, ("delivered", None))
    assert pieces_of(bench.burnish, uid)[0]["spoilt"] == 0


def test_case_87_in_the_middle_of_a_job_what_is_made_stays_counted(bench: Bench) -> None:
    bench.script({}, *[EMPTY] * 200)
    uid = bench.start(copies=2)
    bench.await_state(uid, "PENDING", "OUT_OF_SUPPLIES", 1)
    assert bench.sets(uid) == 1
    bench.script()
    assert bench.scu.wait(uid) == ("DONE", "NORMAL", 2)


@pytest.mark.parametrize(
    ("file", "kind", "term", "last"),
    [
        ("condition", "NO_BLANK_MEDIA", "OUT_OF_SUPPLIES", "OUT_OF_SUPPLIES"),
        ("condition", "OPERATOR_ACTION", "CHECK_MCD_OP", "CHECK_MCD_OP"),
        ("condition", "DEVICE_OFFLINE", "MCD_BUSY", "MCD_FAILURE"),
        ("unable", "DEVICE_OFFLINE", "MCD_BUSY", "MCD_FAILURE"),
        ("unable", "crash", "MCD_BUSY", "MCD_FAILURE"),
    ],
    ids=["supplies", "operator", "offline", "cannot-be-taken", "never-starts"],
)
def test_case_88_nothing_is_waited_for_for_ever(
    impatient: Bench, file: str, kind: str, term: str, last: str
) -> None:
    with impatient.lasting(file, kind):
        if file == "unable":  # the pair that runs has its device already
            for number, role in impatient.burnish.processes().items():
                if role == "feeder":
                    os.kill(number, signal.SIGKILL)
            eventually(lambda: (state := _station(impatient)["state"]) != "failed" and state)
        uid = impatient.start()
        assert impatient.scu.wait(uid) == ("FAILURE", last, 0)
        assert ("PENDING", term) in impatient.states(uid)
    eventually(lambda: _station(impatient)["state"] == "failed" and "the driver does not run")
    assert impatient.scu.wait(impatient.start()) == DONE


def _station(bench: Bench) -> dict[str, Any]:
    [row] = rows(bench.burnish, "SELECT * FROM stations")
    return row


# --- media that are no good -------------------------------------------------------------------------------


def test_case_86_a_writer_that_fails_is_tried_again_as_often_as_configured(bench: Bench) -> None:
    bench.script(DEFECT, DEFECT)
    uid = bench.start()
    assert bench.scu.wait(uid) == ("FAILURE", "MCD_FAILURE", 0)
    assert bench.outcomes(uid) == [("spoilt", "MEDIA_DEFECT")] * 2
    assert bench.sets(uid) == 0


def test_case_91_what_was_made_before_a_failure_counts(bench: Bench) -> None:
    bench.script({}, DEFECT, DEFECT)
    uid = bench.start(copies=3)
    assert bench.scu.wait(uid) == ("FAILURE", "MCD_FAILURE", 1)
    assert bench.sets(uid) == 1
    states = sorted(piece["state"] for piece in pieces_of(bench.burnish, uid))
    assert states == ["cancelled", "delivered", "spoilt"]


def test_case_94_a_medium_that_reads_back_wrong_is_no_piece(bench: Bench) -> None:
    bench.script({"lie": 65536})
    uid = bench.start()
    assert bench.scu.wait(uid) == DONE
    assert bench.outcomes(uid) == [("spoilt", "MEDIA_DEFECT"), ("delivered", None)]
    assert pieces_of(bench.burnish, uid)[0]["spoilt"] == 1


def test_case_86_three_bad_media_in_a_row_are_the_fault_of_the_drive(bench: Bench) -> None:
    """The request that meets the third ends with CHECK_MCD_SRV; the next one waits for a device."""
    bench.script(DEFECT, DEFECT, DEFECT)
    first, second = bench.start(), bench.start()
    assert bench.scu.wait(first) == ("FAILURE", "MCD_FAILURE", 0)
    assert bench.scu.wait(second) == ("FAILURE", "CHECK_MCD_SRV", 0)
    assert _station(bench)["state"] == "quarantined"
    third = bench.start()
    bench.await_state(third, "PENDING", "MCD_BUSY")
    resume(bench.burnish.config, "robot")
    assert bench.scu.wait(third) == DONE


# --- plans ------------------------------------------------------------------------------------------------


def test_case_93_no_room_for_a_plan(bench: Bench) -> None:
    plans = bench.burnish.data / "plans"
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "burnish-test", str(plans)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own can be mounted by root only")
    try:
        uid = bench.start()
        assert bench.scu.wait(uid) == ("FAILURE", "INSUFFIC_MEMORY", 0)
    finally:
        subprocess.run(["umount", "--lazy", str(plans)], check=True)
    assert bench.scu.wait(bench.start()) == DONE
    assert not list(plans.glob("*.part"))


def test_case_95_of_several_reasons_the_first_of_the_fixed_order_is_told(bench: Bench) -> None:
    """NO_INSTANCE goes before NOT_SUPPORTED; each instance has its own reason."""
    stored, missing = ct(1), ct(1)
    assert bench.scu.store(*stored) == [0]
    asked = request(missing)
    asked.ReferencedSOPSequence.insert(0, reference(stored[0], "STD-NOSUCH-CD"))
    uid = generate_uid()
    assert bench.scu.create(asked, uid) == 0
    assert bench.scu.initiate(uid) == 0
    assert bench.scu.wait(uid) == ("FAILURE", "NO_INSTANCE", 0)
    reasons = {item.FailureReason for item in bench.scu.get(uid)[1].FailedSOPSequence}
    assert reasons == {0x0112, 0x0204}


# --- cancel and restart -----------------------------------------------------------------------------------


def test_case_53_a_driver_may_deny_a_cancel(bench: Bench) -> None:
    with bench.lasting("hold-middle"), bench.lasting("deny", "the disc is being closed"):
        uid = bench.start("DENIED")
        eventually(lambda: None if list(bench.folder.glob(".*.part")) else "nothing is written yet")
        for _ in range(2):  # the second wish is asked about anew
            assert bench.scu.cancel(uid) == 0xC203
            assert bench.scu.state(uid) == ("CREATING", "NORMAL", 0)
    assert bench.scu.wait(uid) == DONE
    assert bench.scu.cancel(uid) == 0xC201


def test_case_57_a_cancel_between_copies_keeps_what_was_made(bench: Bench) -> None:
    bench.script({}, *[EMPTY] * 200)
    uid = bench.start("COPIES_57", copies=3)
    bench.await_state(uid, "PENDING", "OUT_OF_SUPPLIES", 1)
    assert bench.scu.cancel(uid) == 0
    assert bench.scu.state(uid) == ("GONE", "", 0)
    states = sorted(piece["state"] for piece in pieces_of(bench.burnish, uid))
    assert states == ["cancelled", "cancelled", "delivered"]
    bench.script()
    assert bench.scu.wait(bench.start()) == DONE


def test_case_57_a_cancel_while_the_second_copy_is_written(bench: Bench) -> None:
    bench.script({}, {"hang": 0.01})
    with bench.lasting("hold-read"):
        uid = bench.start("COPIES_58", copies=3)
        eventually(lambda: "COPIES_58" not in bench.written() and "nothing is written yet")
        with bench.lasting("hold-write"):
            (bench.folder / "hold-read").rename(bench.folder / "hold-read-no-more")
            eventually(lambda: bench.written().count("COPIES_58") < 2 and "no second copy yet")
            assert bench.scu.cancel(uid) == 0
        (bench.folder / "hold-read-no-more").rename(bench.folder / "hold-read")
    states = sorted(piece["state"] for piece in pieces_of(bench.burnish, uid))
    assert states == ["cancelled", "cancelled", "delivered"]


def test_case_46_a_touched_medium_is_asked_before_anything_else(bench: Bench, told: Told) -> None:
    """Everything is killed half way; while the device is not there to be asked, an operator is asked for."""
    with bench.lasting("unable", "DEVICE_OFFLINE"):
        with bench.lasting("hold-middle"):
            uid = bench.start("KILLED_46")
            eventually(lambda: None if list(bench.folder.glob(".*.part")) else "nothing is written yet")
            for number in bench.burnish.processes():
                os.kill(number, signal.SIGKILL)
            bench.burnish.stop()
        bench.burnish.start()
        bench.scu = Watched(bench.burnish.port, told)
        bench.await_state(uid, "PENDING", "CHECK_MCD_OP")
    assert bench.scu.wait(uid) == DONE
    assert bench.outcomes(uid) == [("spoilt", "CUT_OFF"), ("delivered", None)]
    assert bench.written().count("KILLED_46") == 2
