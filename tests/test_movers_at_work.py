"""A drive and its robot making pieces, cut off at every step of either, and what became of every disc.

The robots are the simulators of their drivers; the drive is a tray and a list of what was written where.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Self

import pytest
from burnish.contracts import (
    Cancel,
    DeviceState,
    Found,
    Job,
    Medium,
    Mover,
    Report,
    Writer,
    WriterCapabilities,
)
from burnish.errors import DeviceFault, FaultKind
from burnish.media import MediaKind
from burnish.production.robot import RobotDrive
from burnish.testing.movers import Bench, How, Killed
from burnish.testing.serial import Loop
from burnish.testing.usb import UsbUnit, bus
from burnish_mover_nimbie import NimbieMover
from burnish_mover_nimbie import Settings as NimbieSettings
from burnish_mover_nimbie.link import UsbLink
from burnish_mover_nimbie.simulator import Nimbie
from burnish_mover_serial import SerialMover
from burnish_mover_serial import Settings as SerialSettings
from burnish_mover_serial.simulator import Dtp, Generic

JOB = Job(
    token="RQ1",
    volume_token="VL1",
    file_set_id="SET",
    volume=1,
    copy=1,
    medium=MediaKind.CD_R,
    length=2048,
    suffix=".iso",
)


class Drive(Writer):
    """Writes a disc's name down, in two steps: begun, and closed."""

    def __init__(self, bench: Bench, written: dict[str, bool]) -> None:
        self.bench = bench
        self.slot = bench.slots[0]
        self.tray = bench.trays[0]
        self.written = written

    @property
    def capabilities(self) -> WriterCapabilities:
        return WriterCapabilities(media=frozenset({MediaKind.CD_R}), interruptible=False, tray=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def capacity(self, medium: MediaKind) -> int:
        return 700_000_000

    def look(self) -> DeviceState:
        seen = self.slot.disc is not None and not self.slot.tray_open
        blank = self.slot.disc not in self.written
        return DeviceState(medium=Medium(kind=MediaKind.CD_R, blank=blank) if seen else None)

    def prepare(self, job: Job, cancel: Cancel) -> None:
        medium = self.look().medium
        if not medium or not medium.blank:
            raise DeviceFault(FaultKind.WRONG_MEDIUM if medium else FaultKind.NO_BLANK_MEDIA, "no blank")

    def open_tray(self) -> None:
        self.tray.open()

    def close_tray(self) -> None:
        self.tray.close()

    def examine(self, job: Job) -> Found:
        if not self.look().medium:
            return Found.GONE
        return Found.WHOLE if self.written.get(self.slot.disc or "") else Found.PARTIAL

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        disc = self.slot.disc
        assert disc
        assert not self.slot.tray_open
        assert disc not in self.written, "a disc is written twice"
        try:
            self.bench.step(lambda: self.written.update({disc: False}))
            self.bench.step(lambda: self.written.update({disc: True}))
        except OSError as error:
            raise DeviceFault(FaultKind.MEDIA_DEFECT, str(error)) from error

    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        pass

    def accept(self, job: Job) -> str:
        raise AssertionError("the robot does that")

    def reject(self, job: Job) -> None:
        raise AssertionError("the robot does that")


def nimbie(bench: Bench) -> Callable[[], Mover]:
    robot = Nimbie(bench.mechanism, bench.trouble)
    unit = UsbUnit(0x1723, 0x0945, robot.answer)
    settings = NimbieSettings(settle=0.002, poll=0.0005)
    bench.on_restock += [robot.switch_off_and_on, unit.switch_off_and_on]
    connect: Any = lambda _: bench.wired(UsbLink("", bus(unit)))  # noqa: E731
    return lambda: NimbieMover(settings, connect)


def serial(commands: str, simulator: type[Any]) -> Callable[[Bench], Callable[[], Mover]]:
    def built(bench: Bench) -> Callable[[], Mover]:
        loop = Loop(simulator(bench.mechanism, bench.trouble).answer)
        settings = SerialSettings(port="loop", commands=commands, tray_settle=0, quiet=0)
        bench.on_restock.append(loop.switch_off_and_on)
        connect: Any = lambda *_: bench.wired(loop.opened())  # noqa: E731
        return lambda: SerialMover(settings, connect)

    return built


ROBOTS = {"nimbie": nimbie, "generic": serial("generic", Generic), "rimage-dtp": serial("rimage-dtp", Dtp)}


def make(drive: RobotDrive) -> None:
    """One piece, as the core makes it; a piece that was not made leaves its disc to the reject bin."""
    with drive:
        drive.prepare(JOB, Cancel())
        drive.write(JOB, None, lambda done: None, Cancel())  # type: ignore[arg-type]
        drive.accept(JOB)


def recover(drive: RobotDrive) -> None:
    """What the core does with what a process that died has left."""
    with drive:
        found = drive.examine(JOB)
        if found is Found.WHOLE:
            drive.accept(JOB)
        elif found is Found.PARTIAL:
            drive.reject(JOB)


def each_step(bench: Bench, how: How) -> Iterator[None]:
    step = 0
    while True:
        bench.restock()
        bench.fail_at(step, how)
        yield
        if not bench.failed:
            break
        step += 1
    assert step > 10


@pytest.mark.parametrize("how", list(How))
@pytest.mark.parametrize("robot", ROBOTS)
def test_no_disc_is_lost_or_written_twice_wherever_it_is_cut_off(
    robot: str, how: How, tmp_path: Path
) -> None:
    """And none that was begun but not closed is among the good ones, none that was begun among the blanks."""
    bench = Bench(drives=4 if robot == "rimage-dtp" else 1)
    build = ROBOTS[robot](bench)
    for _ in each_step(bench, how):
        written: dict[str, bool] = {}
        drive = lambda: RobotDrive(Drive(bench, written), build(), 0, tmp_path / "lock")  # noqa: B023, E731
        with suppress(Killed, DeviceFault):
            make(drive())
        bench.mend()
        recover(drive())
        make(drive())
        world = bench.world
        discs = (*world.output, *world.rejected, *world.input)
        assert sorted(discs) == [f"blank {number}" for number in range(1, 5)]
        assert not set(world.input) & set(written)
        assert 1 <= len(world.output) <= 2
        assert all(written.get(disc) for disc in world.output)
        assert not any(slot.tray_open for slot in bench.slots)
