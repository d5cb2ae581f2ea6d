"""kill -9 of any process of a running server at any moment: nothing acknowledged is lost, nothing unrecorded.

An SCU goes on storing, creating, initiating and looking, while another thread kills one process after the
other: the server's parent, reception, production, a feeder or a driver, in shuffled order, at random moments,
often while what was killed last is still coming back. Whoever got no answer asks again; a server
that is gone is started again. In the end every job is done, and all tables, files and media are judged.

BURNISH_KILLS says how many kills there are in all, BURNISH_SEED where the seeds begin; a failure prints the
seed and the last kills.
"""

import os
import signal
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

import pytest
from pydicom.uid import generate_uid

from core.tests.dicom.peers import CT
from tests.lab import STATUS, Installation, body, ct
from tests.robustness.evidence import (
    attempts_of,
    check_ledger,
    check_media,
    check_spool,
    eventually,
    leftovers,
    pieces_of,
    strangers,
)
from tests.robustness.stage import installation
from tests.robustness.wire import Client, attributes, padded

ROLES: Final = ("server", "reception", "production", "feeder", "driver")
KILLS: Final = int(os.environ.get("BURNISH_KILLS", "100"))
LONG_KILLS: Final = int(os.environ.get("BURNISH_KILLS", "500"))
SEED: Final = int(os.environ.get("BURNISH_SEED", "1"))
WRITERS: Final = {"file": "", "scripted": "rate = 2000000"}
"""Driver and its keys: the slow one is mostly caught in the midst of writing."""
TABLES: Final = """
quarantine_after = 0
[queue]
retries_per_piece = 1000
[retention]
instances_after_success = "1s"
"""
KILLS_A_JOB: Final = 2
"""So often a further job is begun, whatever became of the others."""
COPIES: Final = 2
EXPLICIT: Final = "1.2.840.10008.1.2.1"
CUT_OFFS: Final = 5
"""A piece that is cut off so often before its first byte may fail: its feeders die of it."""
PATIENCE: Final = 90.0
LOST: Final = (OSError, AssertionError, struct.error)
"""What a client meets whose server dies: an end of the connection, also in the middle of an answer."""
T = TypeVar("T")


class Killer(threading.Thread):
    """Kills one process after the other; a third of them right after the one before."""

    def __init__(self, burnish: Installation, random: Random, count: int) -> None:
        super().__init__(daemon=True)
        self.killed: list[str] = []
        """Roles, in order."""
        self._burnish, self._random, self._count = burnish, random, count
        self._over = threading.Event()

    def run(self) -> None:
        bag: list[str] = []
        while len(self.killed) < self._count and not self._over.is_set():
            bag = bag or self._random.sample(ROLES, len(ROLES))
            self._over.wait(self._random.uniform(0, 0.2 if self._random.random() < 1 / 3 else 0.8))
            self._kill(bag.pop())

    def _kill(self, role: str) -> None:
        """As soon as there is one of this role."""
        while not self._over.is_set():
            found = [process for process, its in self._burnish.processes().items() if its == role]
            with suppress(ProcessLookupError, IndexError):
                os.kill(found[0], signal.SIGKILL)
                self.killed.append(role)
                return
            self._over.wait(0.02)

    def end(self) -> None:
        """No more."""
        self._over.set()
        self.join()


@dataclass
class Job:
    """One request as its SCU knows it."""

    uid: str
    bodies: dict[str, bytes]
    state: str = ""
    made: int = 0

    @property
    def ended(self) -> bool:
        return self.state in ("DONE", "FAILURE")


class Scu:
    """Asks until it is answered; starts a server that is gone, as an init system would."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.jobs: list[Job] = []
        self.sent: dict[str, bytes] = {}
        self.acknowledged: dict[str, bytes] = {}
        self._client: Client | None = None

    def begin(self) -> None:
        """Store, create, initiate."""
        slices = ct(3)
        job = Job(str(generate_uid()), {str(ds.SOPInstanceUID): body(ds) for ds in slices})
        self.sent |= job.bodies
        for uid, encoded in job.bodies.items():
            assert self._insist(lambda client: client.store(uid, encoded)) == 0  # noqa: B023
            self.acknowledged[uid] = encoded
        asked = attributes([(CT, uid, "STD-GEN-CD") for uid in job.bodies])
        answer = self._insist(lambda client: client.create(asked, job.uid).status)
        assert answer in (0, 0x0111), f"{answer:04X}"  # 0111: the first was taken, its answer got lost
        copies = padded(0x20000010, str(COPIES))
        answer = self._insist(lambda client: client.act(1, job.uid, copies).status)
        assert answer in (0, 0xA510), f"{answer:04X}"
        self.jobs.append(job)

    def look(self, job: Job) -> None:
        """Ask how it is, and judge the answer beside the one before."""
        reply = self._insist(lambda client: client.get(job.uid, list(STATUS.values())))
        assert reply.status == 0, f"N-GET answers {reply.status:04X}"
        told = reply.values
        assert told.ExecutionStatus in ("PENDING", "CREATING", "DONE", "FAILURE")
        normal = told.ExecutionStatus in ("CREATING", "DONE")
        assert (told.ExecutionStatusInfo == "NORMAL") == normal, told.ExecutionStatusInfo
        assert told.TotalNumberOfPiecesOfMediaCreated >= job.made, "the total fell"
        job.state, job.made = told.ExecutionStatus, told.TotalNumberOfPiecesOfMediaCreated

    def _insist(self, ask: Callable[[Client], T]) -> T:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._client = self._client or Client(self.burnish.port, "STOCKSCU", EXPLICIT)
                return ask(self._client)
            except LOST:
                self.hang_up()
                self.revive()
            assert time.monotonic() < end, "not answered"

    def hang_up(self) -> None:
        """Leave the connection as it is."""
        client, self._client = self._client, None
        if client:
            client.__exit__()

    def revive(self) -> None:
        """Start a server that is gone, and again where it is killed while it starts."""
        process = self.burnish.process
        if process is None or process.poll() is None:
            time.sleep(0.02)
            return
        assert process.stdout
        process.stdout.close()
        with suppress(AssertionError):
            self.burnish.start()


class Battery:
    """An installation, an SCU and a killer."""

    def __init__(self, burnish: Installation, seed: int, kills: int) -> None:
        self.scu = Scu(burnish)
        self.killer = Killer(burnish, Random(seed), kills)
        self._burnish, self._kills, self._seed = burnish, kills, seed

    def run(self) -> None:
        """Jobs until there were kills enough, then the end of all of them."""
        try:
            self.killer.start()
            while len(self.killer.killed) < self._kills:
                self._keep_busy()
            self._finish()
        except AssertionError as error:
            last = self.killer.killed[-5:]
            raise AssertionError(
                f"seed {self._seed}, after {len(self.killer.killed)} kills, {last}: {error}"
            ) from error
        finally:
            self.killer.end()
            self.scu.hang_up()

    def _keep_busy(self) -> None:
        if len(self.scu.jobs) <= len(self.killer.killed) // KILLS_A_JOB:
            self.scu.begin()
        for job in self.scu.jobs:
            if not job.ended:
                self.scu.look(job)
        time.sleep(0.02)

    def _finish(self) -> None:
        end = time.monotonic() + PATIENCE
        while still := [job for job in self.scu.jobs if not job.ended]:
            assert time.monotonic() < end, still[0].state
            self.scu.look(still[0])
            time.sleep(0.02)

    def check(self) -> int:
        """All that must hold once everything is quiet; returns how many images there are."""
        eventually(self._missing, PATIENCE)
        self._burnish.stop()  # so that nothing is purged while it is looked at
        for job in self.scu.jobs:
            self._check_job(job)
        check_spool(self._burnish, self.scu.acknowledged, self.scu.sent)
        check_ledger(self._burnish)
        assert leftovers(self._burnish) == []
        return len(check_media(self._burnish, {job.uid: job.bodies for job in self.scu.jobs}))

    def _missing(self) -> dict[int, str]:
        """What an idle installation lacks; a server whose death is only now seen is started again."""
        self.scu.revive()
        return strangers(self._burnish)

    def _check_job(self, job: Job) -> None:
        if job.state == "DONE":
            assert job.made == COPIES
            assert [piece["state"] for piece in pieces_of(self._burnish, job.uid)] == ["delivered"] * COPIES
        else:
            tries: Counter[Any] = Counter(row["piece"] for row in attempts_of(self._burnish, job.uid))
            assert max(tries.values()) >= CUT_OFFS, f"{job.state} after {tries}"


@contextmanager
def _running(folder: Path, driver: str) -> Iterator[Installation]:
    """An installation to be killed; its processes are gone at the end."""
    burnish = installation(folder, driver, WRITERS[driver], TABLES)
    burnish.start()
    try:
        yield burnish
    finally:
        with suppress(AssertionError):
            burnish.stop()
        eventually(burnish.processes)


def _run(folder: Path, driver: str, seed: int, kills: int) -> None:
    with _running(folder, driver) as burnish:
        battery, begin = Battery(burnish, seed, kills), time.monotonic()
        battery.run()
        images, roles = battery.check(), Counter(battery.killer.killed)
        print(f"{driver}: {dict(roles)}, {images} images, {time.monotonic() - begin:.1f} s")
        assert roles.total() == kills
        assert min(roles[role] for role in ROLES) >= kills // len(ROLES)
        assert images == sum(job.made for job in battery.scu.jobs)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [SEED, SEED + 1])
@pytest.mark.parametrize("driver", WRITERS)
def test_kills(tmp_path: Path, driver: str, seed: int) -> None:
    """A quarter of the kills with each writer and seed."""
    _run(tmp_path, driver, seed, KILLS // 4)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [SEED + 100, SEED + 101])
@pytest.mark.parametrize("driver", WRITERS)
def test_many_kills(tmp_path: Path, driver: str, seed: int) -> None:
    """The long battery."""
    _run(tmp_path, driver, seed, LONG_KILLS // 4)
