"""The Nimbie driver passes what every mover must, over pyusb on a simulated bus."""

from collections.abc import Callable
from typing import Any

import pytest
from burnish.contracts import Mover
from burnish.testing.movers import Bench, MoverConformance
from burnish.testing.usb import UsbUnit, bus
from burnish_mover_nimbie import NimbieMover, Settings
from burnish_mover_nimbie.link import UsbLink
from burnish_mover_nimbie.simulator import Nimbie
from burnish_mover_nimbie.words import PRODUCT, VENDOR

QUICK = {"motion_timeout": 2, "settle": 0.002, "poll": 0.0005}


class TestNimbie(MoverConformance):
    @pytest.fixture
    def build(self, bench: Bench) -> Callable[[], Mover]:
        robot = Nimbie(bench.mechanism, bench.trouble)
        unit = UsbUnit(VENDOR, PRODUCT, robot.answer)
        bench.on_restock += [robot.switch_off_and_on, unit.switch_off_and_on]

        def connect(settings: Settings) -> Any:
            unit.plugged = not bench.unplugged
            return bench.wired(UsbLink(settings.place, bus(unit)))

        return lambda: NimbieMover(Settings(**QUICK), connect)
