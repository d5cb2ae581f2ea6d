"""kill -9 of any process at any moment of a job: nothing acknowledged is lost, nothing is made unrecorded.

Each round is a job of two copies: store, create, initiate, wait. Of each five rounds every role dies in one;
seeded generators choose the order and the moment.

BURNISH_KILLS says how many rounds there are, BURNISH_SEED where the seeds begin; a failure prints the
seed and the step it came to.
"""

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_context
from pynetdicom.association import Association

from tests.lab import MCM, STATUS, Installation, body, ct, data_set, keep_answers, request
from tests.robustness.evidence import (
    check_ledger,
    check_media,
    check_spool,
    eventually,
    leftovers,
    pieces_of,
    strangers,
)
from tests.robustness.stage import installation

pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket")
"""The stock SCU leaves sockets open whose peer died while they were being associated."""
ROLES = ("server", "reception", "production", "feeder", "driver")
ROUNDS = int(os.environ.get("BURNISH_KILLS", "12"))
SEED = int(os.environ.get("BURNISH_SEED", "1"))
LONG_ROUNDS = int(os.environ.get("BURNISH_KILLS", "50"))
WRITERS = {"file": "", "scripted": "rate = 2000000"}
"""Driver and its keys: the slow one is mostly caught in the midst of writing."""
PATIENCE = 60.0
T = TypeVar("T")


class Killer(threading.Thread):
    """Kills one process of a role, `delay` seconds from now or as soon as there is one."""

    def __init__(self, burnish: Installation, role: str, delay: float, calm: threading.Lock) -> None:
        super().__init__(daemon=True)
        self.killed = False
        self._burnish, self._role, self._delay, self._calm = burnish, role, delay, calm
        self._over = threading.Event()

    def run(self) -> None:
        self._over.wait(self._delay)
        while not self.killed and not self._over.is_set():
            with self._calm:  # a server that is just being started again is left alone
                self.killed = self._kill()
            if not self.killed:
                self._over.wait(0.01)

    def _kill(self) -> bool:
        for process, role in self._burnish.processes().items():
            if role == self._role:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    return True
        return False

    def end(self, timeout: float) -> None:
        """Wait for the kill, at most so long: where the job was quicker, it falls between two jobs."""
        self.join(timeout)
        self._over.set()
        self.join()


class Battery:
    """One installation, and what was acknowledged by it."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.sent: dict[str, bytes] = {}
        self.acknowledged: dict[str, bytes] = {}
        self.wanted: dict[str, dict[str, bytes]] = {}
        self.kills: dict[str, int] = dict.fromkeys(ROLES, 0)
        self.step = "start"
        self._calm = threading.Lock()

    def round(self, seed: int, span: float) -> None:
        """One job, and a kill in its midst. Raises AssertionError with the seed and the step."""
        role = Random(seed // len(ROLES)).sample(ROLES, len(ROLES))[seed % len(ROLES)]
        delay = Random(seed).uniform(0, span)
        killer = Killer(self.burnish, role, delay, self._calm)
        killer.start()
        try:
            self.job()
        except AssertionError as error:
            raise AssertionError(
                f"seed {seed}: {role} killed after {delay:.3f} s, {self.step}: {error}"
            ) from error
        finally:
            killer.end(span)
            self.kills[role] += killer.killed

    def job(self) -> None:
        """Store, create, initiate, wait; each is repeated until it is answered."""
        slices, uid = ct(3), generate_uid()
        self.sent |= {str(ds.SOPInstanceUID): body(ds) for ds in slices}
        for number, ds in enumerate(slices):
            self.step = f"C-STORE {number}"
            context = build_context(ds.SOPClassUID, ExplicitVRLittleEndian)
            assert self._insist(lambda association: _status(association.send_c_store(ds)), context) == 0  # noqa: B023
            self.acknowledged[str(ds.SOPInstanceUID)] = self.sent[str(ds.SOPInstanceUID)]
        self.wanted[uid] = {str(ds.SOPInstanceUID): body(ds) for ds in slices}
        asked, copies = request(slices), data_set({"NumberOfCopies": 2})
        self.step = "N-CREATE"
        answer = self._insist(lambda association: _status(association.send_n_create(asked, MCM, uid)[0]))
        assert answer in (0, 0x0111), f"{answer:04X}"  # 0111: the first was taken, its answer got lost
        self.step = "N-ACTION"
        answer = self._insist(lambda association: _status(association.send_n_action(copies, 1, MCM, uid)[0]))
        assert answer in (0, 0xA510), f"{answer:04X}"
        self._await_done(uid)

    def _await_done(self, uid: str) -> None:
        most, end, state = 0, time.monotonic() + PATIENCE, ""
        while state not in ("DONE", "FAILURE"):
            self.step = f"N-GET after {state} {most}"
            told = self._insist(lambda association: _told(association, uid))
            state, made = told.ExecutionStatus, told.TotalNumberOfPiecesOfMediaCreated
            assert made >= most, f"the total fell to {made}"
            assert (told.ExecutionStatusInfo == "NORMAL") == (state in ("IDLE", "CREATING", "DONE"))
            assert time.monotonic() < end, f"still {state} {told.ExecutionStatusInfo} {made}"
            most = made
            time.sleep(0.02)
        assert (state, most) == ("DONE", 2), told.ExecutionStatusInfo
        assert [piece["state"] for piece in pieces_of(self.burnish, uid)] == ["delivered"] * 2

    def _insist(self, ask: Callable[[Association], T | None], context: object = None) -> T:
        end = time.monotonic() + PATIENCE
        while True:
            self._revive()
            with _associated(self.burnish.port, context) as association:
                answer = ask(association) if association else None
            if answer is not None:
                return answer
            assert time.monotonic() < end, "not answered"
            time.sleep(0.02)

    def _revive(self) -> None:
        """Do what an init system would: start a server that died."""
        with self._calm:
            process = self.burnish.process
            if process and process.poll() is not None:
                assert process.stdout
                process.stdout.close()
                self.burnish.start()

    def _missing(self) -> dict[int, str]:
        """What an idle installation lacks; a server whose death is only now seen is started again."""
        self._revive()
        return strangers(self.burnish)

    def check(self) -> int:
        """All that must hold once everything is quiet; returns how many images there are."""
        eventually(self._missing)  # the last kill may have come when its job was done
        check_spool(self.burnish, self.acknowledged, self.sent)
        check_ledger(self.burnish)
        assert leftovers(self.burnish) == []
        return len(check_media(self.burnish, self.wanted))


@contextmanager
def _associated(port: int, context: object) -> Iterator[Association | None]:
    ae = AE("STOCKSCU")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = PATIENCE / 2
    contexts = [context or build_context(MCM, ExplicitVRLittleEndian)]
    association = ae.associate("127.0.0.1", port, contexts, ae_title="BURNISH")  # type: ignore[arg-type]
    keep_answers(association)
    end = association.dul.socket and association.dul.socket.socket
    try:
        yield association if association.is_established else None
    finally:
        if association.is_established:
            association.release()
        if association.is_alive():
            association.join(5)
        if end:  # the stock SCU leaves it open where its peer died
            end.close()


def _status(answer: Dataset) -> int | None:
    """The status, None where the association was lost before it came."""
    return int(answer.Status) if "Status" in answer else None


def _told(association: Association, uid: str) -> Dataset | None:
    status, told = association.send_n_get(list(STATUS.values()), MCM, uid)  # type: ignore[arg-type]
    if (code := _status(status)) is not None:
        assert code == 0, f"N-GET answers {code:04X}"
    return told if code == 0 else None


@contextmanager
def battery(folder: Path, driver: str) -> Iterator[Battery]:
    """An installation to be killed; its processes are gone at the end."""
    burnish = installation(folder, driver, WRITERS[driver])
    burnish.start()
    battery = Battery(burnish)
    try:
        yield battery
    finally:
        burnish.stop()
        eventually(burnish.processes)
        gc.collect()


def _run(folder: Path, driver: str, rounds: int) -> None:
    with battery(folder, driver) as one:
        one.job()  # the first one waits until everything is loaded
        begin = time.monotonic()
        one.job()
        span = time.monotonic() - begin
        first = SEED + 1000 * list(WRITERS).index(driver)
        for seed in range(first, first + rounds):
            one.round(seed, span)
        images = one.check()
        print(f"{driver}: {one.kills}, a job {span:.2f} s, {time.monotonic() - begin:.1f} s in all")
        assert images == 2 * (rounds + 2)


@pytest.mark.parametrize("driver", WRITERS)
def test_kills(tmp_path: Path, driver: str) -> None:
    """Some rounds with each writer."""
    _run(tmp_path, driver, ROUNDS // 2)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("driver", WRITERS)
def test_many_kills(tmp_path: Path, driver: str) -> None:
    """The long battery."""
    _run(tmp_path, driver, LONG_ROUNDS // 2)
