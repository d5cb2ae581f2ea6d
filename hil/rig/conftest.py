"""Scenarios for devices that are there, on a desk or behind a guest's kernel. `--rig FILE` says which."""

from pathlib import Path

import pytest
from burnish_hil.rig import DriveRig, Rig, RobotRig


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rig", type=Path, help="a rig file: see burnish_hil.rig")


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest) -> Rig:
    """What stands there."""
    path = request.config.getoption("--rig")
    if path is None:
        pytest.skip("no rig: --rig FILE")
    return Rig.read(path)


@pytest.fixture(scope="session")
def drive(rig: Rig) -> DriveRig:
    """The recorder."""
    if rig.drive is None:
        pytest.skip("the rig has no [drive]")
    return rig.drive


@pytest.fixture(scope="session")
def robot(rig: Rig) -> RobotRig:
    """The robot."""
    if rig.robot is None:
        pytest.skip("the rig has no [robot]")
    return rig.robot
