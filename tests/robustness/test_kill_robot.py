"""kill -9 of the server, a feeder or a driver child at random points, while a robot serves two drives.

Afterwards each disc of the floor must lie where the ledger says, none that was touched among the blanks, and
none made twice that is not counted as spoilt.
"""

import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from burnish.testing.floor import Floor

from tests.robots import check_floor, tower
from tests.robustness.evidence import check_ledger, check_spool, eventually, leftovers
from tests.robustness.test_kill import PATIENCE, ROLES, SEED, Battery

KILLS: Final = int(os.environ.get("BURNISH_KILLS", "50"))
LONG_KILLS: Final = int(os.environ.get("BURNISH_KILLS", "300"))
DRIVES: Final = 2
BUSY: Final = 4
"""Requests that have not ended, at least while there are kills to come."""
STAFF: Final = Counter({"server": 1, "reception": 1, "production": 1, "feeder": DRIVES, "driver": DRIVES})
LIMITS: Final = 'retries_per_piece = 1000\n[retention]\ninstances_after_success = "1s"'


class Floors(Battery):
    """The battery of one writer, on a floor."""

    floor: Floor

    def _keep_busy(self) -> None:
        """There is always something to make, and never more than is made in time."""
        if sum(not job.ended for job in self.scu.jobs) < BUSY:
            self.scu.begin()
        for job in self.scu.jobs:
            if not job.ended:
                self.scu.look(job)
        time.sleep(0.02)

    def check(self) -> int:
        """All that must hold once everything is quiet; returns how many discs were handed out."""
        eventually(self._short_of_staff, PATIENCE)
        burnish = self.scu.burnish
        burnish.stop()
        for job in self.scu.jobs:
            self._check_job(job)
        check_spool(burnish, self.scu.acknowledged, self.scu.sent)
        check_ledger(burnish)
        check_floor(burnish, self.floor)
        assert leftovers(burnish) == []
        return len(self.floor.discs("output"))

    def _short_of_staff(self) -> Counter[str]:
        self.scu.revive()
        running = Counter(self.scu.burnish.processes().values())
        return (running - STAFF) + (STAFF - running)


def _run(folder: Path, seed: int, kills: int) -> None:
    burnish = tower(folder, DRIVES, blanks=kills * 8, rate=150_000, queue=LIMITS)
    text = burnish.config.read_text().replace("number =", "quarantine_after = 0\nnumber =")
    burnish.config.write_text(text.replace('driver = "floor-arm"', 'driver = "floor-arm"\nmotion = 0.02'))
    burnish.start()
    try:
        battery, begin = Floors(burnish, seed, kills), time.monotonic()
        battery.floor = Floor(folder / "floor")
        battery.run()
        discs, roles = battery.check(), Counter(battery.killer.killed)
    finally:
        with suppress(AssertionError):
            burnish.stop()
        eventually(burnish.processes)
    made = sum(job.made for job in battery.scu.jobs)
    places = {name: len(battery.floor.discs(name)) for name in ("output", "rejected", "arm")}
    print(f"robot: {dict(roles)}, {made} pieces, {places}, {time.monotonic() - begin:.1f} s")
    assert roles.total() == kills
    assert min(roles[role] for role in ROLES) >= kills // len(ROLES)
    assert discs >= made


@pytest.mark.timeout(600)
def test_kills_beside_a_robot(tmp_path: Path) -> None:
    """A few."""
    _run(tmp_path, SEED + 200, KILLS)


@pytest.mark.long
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("seed", [SEED + 300, SEED + 301])
def test_many_kills_beside_a_robot(tmp_path: Path, seed: int) -> None:
    """The long battery."""
    _run(tmp_path, seed, LONG_KILLS // 2)
