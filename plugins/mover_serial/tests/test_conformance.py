"""The serial driver passes what every mover must, with every command set."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from burnish.contracts import Mover
from burnish.testing.movers import Bench, MotionConformance, MoverConformance
from burnish.testing.serial import Loop, SerialPeer
from burnish_mover_serial import SerialMover, Settings
from burnish_mover_serial.commands import CommandSet
from burnish_mover_serial.line import PortLine
from burnish_mover_serial.simulator import Dtp, Generic, Kodak, Tower

QUICK = {"tray_settle": 0, "quiet": 0}


class OnALoop(MoverConformance):
    """The robot answers within the call; hundreds of motions take no time."""

    commands: str
    robot: type[Any]
    drives = 1

    @pytest.fixture
    def bench(self) -> Bench:
        return Bench(drives=self.drives)

    @pytest.fixture
    def build(self, bench: Bench) -> Callable[[], Mover]:
        loop = Loop(self.robot(bench.mechanism, bench.trouble).answer)
        bench.on_restock.append(loop.switch_off_and_on)

        def connect(*_: object) -> Any:
            loop.plugged = not bench.unplugged
            return bench.wired(loop.opened())

        return lambda: SerialMover(Settings(port="loop", commands=self.commands, **QUICK), connect)


class TestGeneric(OnALoop):
    commands, robot = "generic", Generic


class TestKodak(OnALoop):
    commands, robot = "kodak", Kodak


class TestTower(OnALoop):
    commands, robot, drives = "tower", Tower, 4


class TestRimageDtp(OnALoop):
    commands, robot, drives = "rimage-dtp", Dtp, 4


class TestOnATerminal(MotionConformance):
    """A real port, pyserial, and a robot beside it that takes its time."""

    @pytest.fixture
    def build(self, bench: Bench) -> Iterator[Callable[[], Mover]]:
        def connect(settings: Settings, words: CommandSet) -> Any:
            port = "/dev/no-such-port" if bench.unplugged else settings.port
            return bench.wired(PortLine(port, words.line))

        with SerialPeer(Generic(bench.mechanism, bench.trouble).answer) as peer:
            settings = Settings(port=peer.port, tray_settle=0, quiet=0.02, motion_timeout=20)
            yield lambda: SerialMover(settings, connect)
