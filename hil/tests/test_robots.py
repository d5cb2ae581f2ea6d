"""The mover plugins in the guest: over libusb and a real kernel's USB, over ftdi_sio and /dev/ttyUSB0."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from burnish.testing.mechanism import Mechanism, Trouble
from burnish_hil import bench
from burnish_hil.bench import Recorder
from burnish_hil.devices.bus import Cable
from burnish_hil.devices.mmc import Disc, Kind
from burnish_hil.devices.robots import SerialLine, usb_robot
from burnish_hil.guest import Guest, wiring
from burnish_hil.guest.initramfs import INSIDE
from burnish_mover_nimbie.simulator import Nimbie
from burnish_mover_serial.simulator import Generic, Tower

BLANKS = 3


class Watched(Nimbie):
    """A Nimbie that tells when it is asked something."""

    def __init__(self, mechanism: Mechanism[Disc], trouble: Trouble) -> None:
        super().__init__(mechanism, trouble)
        self.asked = Event()

    def answer(self, packet: bytes) -> Sequence[bytes]:
        self.asked.set()
        return super().answer(packet)


class Beside:
    """A robot beside recorders, and its driver in the guest."""

    def __init__(self, recorders: list[Recorder], kind: str) -> None:
        self.recorders = recorders
        self.guest = recorders[0].guest
        self.trouble = Trouble()
        self.mechanism: Mechanism[Disc] = Mechanism(
            input=[recorders[0].blank(Kind.CD_R) for _ in range(BLANKS)],
            drives=[recorder.drive for recorder in recorders],
        )
        self.kind = kind
        self.settings: dict[str, Any] = {}
        self.nimbie: Watched
        self.cable: Cable

    def move(self, *motions: str, timeout: float = 120) -> list[str]:
        """Make motions, by one process; per motion the fault it ended with, or what it said."""
        return self.result(self.start(*motions), timeout)

    def start(self, *motions: str) -> int:
        nodes = ",".join(recorder.node for recorder in self.recorders)
        words = f"{self.kind} '{json.dumps(self.settings)}' {nodes} {' '.join(motions)}"
        return self.guest.start(f"{sys.executable} {INSIDE}/move.py {words}", 120)

    def result(self, number: int, timeout: float = 120) -> list[str]:
        result = self.guest.wait(number, timeout)
        assert result.code == 0, result.output
        ended = [json.loads(line) for line in result.output.splitlines()]
        return [end.get("fault", end.get("said")) for end in ended]

    def places(self) -> tuple[int, int, int, int]:
        """Discs in the input, in drives, in the output, in the reject bin."""
        mechanism = self.mechanism
        assert mechanism.held is None
        inside = sum(recorder.drive.disc is not None for recorder in self.recorders)
        return len(mechanism.input), inside, len(mechanism.output), len(mechanism.rejected)


@contextmanager
def nimbie(guest: Guest, folder: Path) -> Iterator[Beside]:
    with bench.recorders(guest, folder, 1) as recorders:
        found = Beside(recorders, "nimbie")
        robot = Watched(found.mechanism, found.trouble)
        with Cable(usb_robot(robot)) as cable:
            wiring.attach(guest, cable.port)
            found.nimbie, found.cable = robot, cable
            found.settings = {
                "place": wiring.nimbie(guest),
                "reply_timeout": 3,
                "settle": 0.5,
                "motion_timeout": 8,
            }
            yield found


@contextmanager
def serial(guest: Guest, folder: Path, drives: int) -> Iterator[Beside]:
    with bench.recorders(guest, folder, drives) as recorders:
        found = Beside(recorders, "serial")
        robot = (Generic if drives == 1 else Tower)(found.mechanism, found.trouble)
        name = f"robot{recorders[0].drive.serial}"
        with SerialLine(robot, folder / "line") as line:
            wiring.attach_serial(guest, name, line.path)
            commands = "generic" if drives == 1 else "tower"
            port = wiring.serial_port(guest)
            found.settings = {"port": port, "commands": commands, "motion_timeout": 5, "tray_settle": 0}
            try:
                yield found
            finally:
                wiring.detach_serial(guest, name)


KINDS = ["nimbie", "autoloader", pytest.param("tower", marks=pytest.mark.long)]


@pytest.fixture(params=KINDS)
def robot(guest: Guest, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Beside]:
    """Each kind in turn."""
    if request.param == "nimbie":
        with nimbie(guest, tmp_path) as found:
            yield found
    else:
        with serial(guest, tmp_path, 1 if request.param == "autoloader" else 2) as found:
            yield found


@pytest.fixture
def nimbie_robot(guest: Guest, tmp_path: Path) -> Iterator[Beside]:
    """A Nimbie."""
    with nimbie(guest, tmp_path) as found:
        yield found


def test_discs_go_where_they_are_sent(robot: Beside) -> None:
    came = robot.move("initialise", "load", "accept", "load", "reject")
    if "OPERATOR_ACTION" in came:  # no reject bin: the disc waits in the open tray
        assert came == ["", "", "output bin", "", "OPERATOR_ACTION"]
        assert robot.places() == (BLANKS - 2, 1, 1, 0)
        assert robot.recorders[0].drive.tray_open
    else:
        assert "OPERATOR_ACTION" not in came
        assert robot.places() == (BLANKS - 2, 0, 1, 1)


def test_every_motion_is_safe_to_repeat(robot: Beside) -> None:
    robot.move("initialise", "initialise", "load", "load", "accept", "accept")
    assert robot.places() == (BLANKS - 1, 0, 1, 0)


@pytest.mark.long
def test_an_empty_input_bin(robot: Beside) -> None:
    robot.mechanism.input.clear()
    assert robot.move("load") == ["NO_BLANK_MEDIA"]
    assert robot.places() == (0, 0, 0, 0)


@pytest.mark.long
def test_a_jam(robot: Beside) -> None:
    robot.mechanism.jammed = True
    assert robot.move("load") == ["OPERATOR_ACTION"]
    robot.mechanism.jammed = False
    assert robot.move("initialise", "load")[-1] == ""
    assert robot.places()[1:] == (1, 0, 0)


@pytest.mark.long
def test_a_robot_that_falls_silent(robot: Beside) -> None:
    robot.trouble.silent_from = 0
    assert robot.move("load") == ["DEVICE_OFFLINE"]


@pytest.mark.long
def test_a_tower_serves_its_second_drive(guest: Guest, tmp_path: Path) -> None:
    with serial(guest, tmp_path, 2) as tower:
        assert tower.move("load:1", "load:0") == ["", ""]
        assert all(recorder.drive.disc for recorder in tower.recorders)


@pytest.mark.long
def test_a_nimbie_that_is_confused_is_reset_once(nimbie_robot: Beside) -> None:
    nimbie_robot.nimbie.confusions = 1
    assert nimbie_robot.move("load") == [""]
    assert nimbie_robot.places() == (BLANKS - 1, 1, 0, 0)


def test_a_nimbie_that_is_unplugged(nimbie_robot: Beside) -> None:
    moving = nimbie_robot.start("look", "initialise", *["accept", "load"] * 6)
    assert nimbie_robot.nimbie.asked.wait(60)
    nimbie_robot.cable.pull()
    assert "DEVICE_OFFLINE" in nimbie_robot.result(moving, 200)


@pytest.mark.long
def test_a_nimbie_has_one_master(nimbie_robot: Beside) -> None:
    first = nimbie_robot.start("hold")
    nimbie_robot.guest.run("until [ -e /tmp/holds ]; do sleep 0.2; done", timeout=60)
    try:
        assert nimbie_robot.move("look") == ["DEVICE_BUSY"]
    finally:
        nimbie_robot.guest.run("rm /tmp/holds")
    assert nimbie_robot.result(first) == [""]
