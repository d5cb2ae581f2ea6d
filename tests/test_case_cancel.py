"""Cancel, and what ends an association or a server, with a writer that does as it is told: cases 44, 45,
47 to 52, 54 to 56, 58."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from burnish.testing.scripted import read_log
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.conftest import ROBOT, scripted
from tests.histories import Told, Watched
from tests.lab import MCM, Installation, ct, data_set, request

DONE = ("DONE", "NORMAL", 1)
GONE = ("GONE", "", 0)
ROUNDS = 30


@pytest.fixture
def scu(robot: Installation, told: Told) -> Watched:
    """A stock SCU of the server with the scripted writer."""
    return Watched(robot.port, told)


@contextmanager
def held(burnish: Installation, name: str = "hold-write") -> Iterator[Path]:
    """While this lasts, the writer waits before its first byte, or half way."""
    folder = burnish.folder / "robot"
    folder.mkdir(exist_ok=True)
    (folder / name).touch()
    try:
        yield folder
    finally:
        (folder / name).unlink()


def started(scu: Watched, name: str, *, slices: list[Dataset] | None = None) -> str:
    """A request that was started; its File-set ID is `name`."""
    slices = slices or ct(1)
    assert set(scu.store(*slices)) == {0}
    uid = generate_uid()
    assert scu.create(request(slices, StorageMediaFileSetID=name), uid) == 0
    assert scu.initiate(uid) == 0
    return str(uid)


def calls(burnish: Installation, name: str) -> list[str]:
    """What the writer was asked for the medium of this File-set ID."""
    log = read_log(burnish.folder / "robot")
    return [line["op"] for line in log if line["job"]["file_set_id"] == name]


def cancelled(scu: Watched, uid: str) -> None:
    """The cancel succeeds and the request is no more."""
    assert scu.cancel(uid) == 0
    assert scu.state(uid) == GONE


def test_case_44_a_dropped_association_stops_nothing(scu: Watched) -> None:
    slices = ct(1)
    scu.store(*slices)
    uid = generate_uid()
    with scu.associate() as association:
        assert association.send_n_create(request(slices), MCM, uid)[0].Status == 0
        assert association.send_n_action(None, 1, MCM, uid)[0].Status == 0
        association.abort()
    assert scu.wait(uid) == DONE


def test_case_47_54_and_55_an_idle_request_is_deleted_whatever_comes_with_the_cancel(scu: Watched) -> None:
    for information in (None, data_set({"NumberOfCopies": 3})):
        uid = generate_uid()
        assert scu.create(request(ct(1)), uid) == 0
        assert scu.action(2, uid, information) == 0
        assert scu.state(uid) == GONE
        assert scu.cancel(uid) == 0x0112
        assert scu.initiate(uid) == 0x0112
    assert scu.cancel(generate_uid()) == 0x0112


def test_case_48_and_58_a_pending_request_is_deleted_and_the_next_goes_on(
    scu: Watched, robot: Installation
) -> None:
    with held(robot):
        first = started(scu, "FIRST_48")
        scu.wait(first, "CREATING")
        second, third = started(scu, "SECOND_48"), started(scu, "THIRD_48")
        assert scu.state(second) == ("PENDING", "QUEUED", 0)
        cancelled(scu, second)
        assert scu.state(first) == ("CREATING", "NORMAL", 0)
    assert scu.wait(first) == DONE
    assert scu.wait(third) == DONE
    assert calls(robot, "SECOND_48") == []


@pytest.mark.parametrize("moment", ["hold-write", "hold-middle"])
def test_case_49_and_58_what_can_be_stopped_is_stopped_and_frees_the_writer(
    scu: Watched, robot: Installation, moment: str
) -> None:
    name = moment.replace("-", "_").upper()
    with held(robot, moment) as folder:
        before = {path.name for path in folder.glob("*.img")}
        uid = started(scu, name)
        scu.wait(uid, "CREATING")
        cancelled(scu, uid)
        assert {path.name for path in folder.glob("*.img")} == before
        assert not list(folder.glob(".*.img.part"))
    assert scu.wait(started(scu, "AFTER_49")) == DONE


def test_case_51_a_finished_request_stays(scu: Watched) -> None:
    uid = started(scu, "CASE_51")
    assert scu.wait(uid) == DONE
    assert scu.cancel(uid) == 0xC201
    assert scu.state(uid) == DONE


def test_case_52_a_failed_request_stays(scu: Watched) -> None:
    uid, last = scu.make(ct(1))
    assert last == ("FAILURE", "NO_INSTANCE", 0)
    assert scu.cancel(uid) == 0xC201
    assert scu.state(uid) == last


def test_case_56_a_cancel_and_the_last_byte_never_both_win(scu: Watched, robot: Installation) -> None:
    """The delay before the cancel is moved towards the moment at which the piece is delivered."""
    slices, outcomes = ct(1), set()
    delay, step = 0.1, 0.05
    for number in range(ROUNDS):
        name = f"RACE_{number}"
        uid = started(scu, name, slices=slices)
        with scu.hammering(uid):
            _wait_about(delay)
            answer = scu.cancel(uid)
            state = scu.state(uid)
        assert (answer, state) in ((0x0000, GONE), (0xC201, DONE)), (f"{answer:04X}", state, delay)
        made = [path for path in (robot.folder / "robot").glob("*.img") if name.encode() in path.read_bytes()]
        assert len(made) == (state == DONE), (state, delay)
        outcomes.add(state)
        delay = max(0.0, delay + step * (1 if state == GONE else -1))
        step = max(0.002, step * 0.9)
    assert outcomes == {GONE, DONE}, "the race was never close"


def _wait_about(seconds: float) -> None:
    """The point in time is the input of the race, not something that is waited for."""
    signal.sigtimedwait([], seconds)


# A device that cannot be stopped, and a server that is killed


@pytest.fixture(scope="module")
def stubborn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server whose writer cannot be stopped once it has begun."""
    keys = "interruptible = false\n"
    installation = scripted(tmp_path_factory.mktemp("stubborn"), ROBOT.replace('"5s"', '"1s"') + keys)
    installation.start()
    yield installation
    installation.stop()


def test_case_50_what_cannot_be_stopped_goes_on_and_ends_well(stubborn: Installation, told: Told) -> None:
    scu = Watched(stubborn.port, told)
    with held(stubborn, "hold-middle"):
        uid = started(scu, "CASE_50")
        scu.wait(uid, "CREATING")
        while "write" not in calls(stubborn, "CASE_50") or not list(stubborn.folder.glob("robot/.*.part")):
            assert scu.state(uid)[0] == "CREATING"
        assert scu.cancel(uid) == 0xC202
        assert scu.state(uid) == ("CREATING", "NORMAL", 0)
    assert scu.wait(uid) == DONE
    assert scu.cancel(uid) == 0xC201


def test_case_45_a_killed_server_takes_up_what_was_pending_once(stubborn: Installation, told: Told) -> None:
    scu = Watched(stubborn.port, told)
    with held(stubborn):
        first = started(scu, "FIRST_45")
        scu.wait(first, "CREATING")
        second = started(scu, "SECOND_45")
        assert scu.state(second) == ("PENDING", "QUEUED", 0)
        for number, role in stubborn.processes().items():
            if role in ("server", "reception", "production"):
                os.kill(number, signal.SIGKILL)
        stubborn.stop()
        stubborn.start()
        scu = Watched(stubborn.port, told)
        assert scu.state(second) == ("PENDING", "QUEUED", 0)
    assert scu.wait(first) == DONE
    assert scu.wait(second) == DONE
    for name in ("FIRST_45", "SECOND_45"):
        assert calls(stubborn, name).count("write") == 1, name
