"""The robot of the rig beside its recorder. Six blanks or more in its bin; watch the first motion."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from burnish.contracts import Cancel, Found, Job
from burnish.production.robot import RobotDrive
from burnish.registry import Registry
from burnish.testing.trees import noise
from burnish.testing.writers import feeding, make, read
from burnish_hil.rig import DriveRig, RobotRig
from burnish_writer_xorriso import Settings, XorrisoWriter

pytestmark = pytest.mark.timeout(900)
DATA = noise("robot", 2048 * 500)


@pytest.fixture
def job(drive: DriveRig) -> Job:
    """A small piece."""
    names = {"token": "RIG1", "volume_token": "RIGVOLUME1", "file_set_id": "RIG", "suffix": ".iso"}
    return Job(**names, volume=1, copy=1, medium=drive.medium, length=len(DATA))


@pytest.fixture
def served(drive: DriveRig, robot: RobotRig, tmp_path: Path) -> Iterator[RobotDrive]:
    """The recorder with its robot, as a station has them; what lay in it is in the reject bin."""
    mover = Registry.load([robot.plugin_name]).movers[robot.driver].make(robot.keys)
    writer = XorrisoWriter(Settings.model_validate(drive.settings()))
    with RobotDrive(writer, mover, 0, tmp_path / "lock") as one:
        yield one


def test_it_says_who_it_is_and_what_it_holds(served: RobotDrive) -> None:
    state = served.look()
    assert state.unit.product
    assert state.condition is None, state.message


def test_a_disc_is_fetched_burned_read_and_handed_out(served: RobotDrive, job: Job) -> None:
    with feeding(DATA) as feed:
        make(served, job, feed, Cancel())
    assert read(served, job)[0][: len(DATA)] == DATA
    where = served.accept(job)
    assert where == served.accept(job)
    assert served.look().medium is None


def test_a_disc_is_rejected_and_the_next_one_is_fetched(served: RobotDrive, job: Job) -> None:
    served.prepare(job, Cancel())
    served.reject(job)
    assert served.look().medium is None
    served.prepare(job, Cancel())
    assert served.examine(job) is Found.UNTOUCHED
    served.reject(job)
    assert served.look().medium is None
