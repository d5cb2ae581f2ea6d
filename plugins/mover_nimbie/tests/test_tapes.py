"""The driver says what it said when these tapes were recorded, and makes of the answers what it made then.

`python test_tapes.py` records them anew from the simulator, into `tapes/`. Tapes of a real Nimbie are told
from these by their first line.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Tray
from burnish.errors import DeviceFault
from burnish.testing.movers import WRITTEN, Bench
from burnish.testing.tapes import Recorder, Replay
from burnish.testing.usb import UsbUnit, bus
from burnish_mover_nimbie import NimbieMover, Settings
from burnish_mover_nimbie.link import UsbLink
from burnish_mover_nimbie.simulator import Nimbie
from burnish_mover_nimbie.words import PRODUCT, VENDOR

TAPES = Path(__file__).parent / "tapes"
SETTINGS = Settings(settle=0.002, poll=0.0005)


@dataclass(frozen=True)
class Scene:
    """What a tape is of."""

    act: Callable[[NimbieMover, Tray], object]
    result: object
    """What came of it: what was returned, or the kind of the fault."""
    sees: tuple[bool, ...] = ()
    """What the drive answers when it is asked whether it sees a disc."""
    prepare: Callable[[Bench, Nimbie], object] = lambda bench, robot: None


def put_in_drive(bench: Bench, robot: Nimbie) -> None:
    bench.slots[0].disc = WRITTEN


def put_in_gripper(bench: Bench, robot: Nimbie) -> None:
    bench.mechanism.held = WRITTEN


SCENES = {
    "load": Scene(lambda mover, tray: mover.load(tray), None, (False, True)),
    "load-empty": Scene(
        lambda mover, tray: mover.load(tray),
        "NO_BLANK_MEDIA",
        (False,),
        lambda bench, robot: bench.mechanism.input.clear(),
    ),
    "load-after-reset": Scene(
        lambda mover, tray: mover.load(tray),
        None,
        (False, True),
        lambda bench, robot: setattr(robot, "confusions", 1),
    ),
    "load-confused": Scene(
        lambda mover, tray: mover.load(tray),
        "SERVICE_ACTION",
        (False,),
        lambda bench, robot: setattr(robot, "confusions", 2),
    ),
    "accept": Scene(lambda mover, tray: mover.accept(tray), "accept pile", prepare=put_in_drive),
    "reject": Scene(lambda mover, tray: mover.reject(tray), None, prepare=put_in_drive),
    "initialise-held": Scene(lambda mover, tray: mover.initialise(), None, prepare=put_in_gripper),
    "look": Scene(lambda mover, tray: mover.look().condition, None),
}


@dataclass
class TapedTray(Tray):
    """A tray of which only is known what its drive saw."""

    sees: list[bool]
    number: int = 0
    moves: list[str] = field(default_factory=list)

    def open(self) -> None:
        self.moves.append("open")

    def close(self) -> None:
        self.moves.append("close")

    def loaded(self) -> bool:
        return self.sees.pop(0)


def outcome(mover: NimbieMover, scene: Scene, tray: Tray) -> Any:
    try:
        with mover:
            return scene.act(mover, tray)
    except DeviceFault as fault:
        return str(fault.kind)


def record(name: str) -> None:
    """Record a scene from the simulator."""
    bench, scene = Bench(), SCENES[name]
    robot = Nimbie(bench.mechanism, bench.trouble)
    scene.prepare(bench, robot)
    robot.switch_off_and_on()
    units = bus(UsbUnit(VENDOR, PRODUCT, robot.answer))

    def connect(settings: Settings) -> Any:
        path = TAPES / f"{name}.jsonl"
        return Recorder(UsbLink("", units), path, of="nimbie", recorded="from burnish_mover_nimbie.simulator")

    assert outcome(NimbieMover(SETTINGS, connect), scene, bench.trays[0]) == scene.result


@pytest.mark.parametrize("name", SCENES)
def test_a_tape_is_played_back(name: str) -> None:
    scene = SCENES[name]
    tray: Any = TapedTray(list(scene.sees))
    with Replay(TAPES / f"{name}.jsonl") as wire:
        link: Any = wire
        assert outcome(NimbieMover(SETTINGS, lambda _: link), scene, tray) == scene.result
    assert not tray.sees


def test_every_tape_is_of_a_scene() -> None:
    assert {path.stem for path in TAPES.glob("*.jsonl")} == set(SCENES)


if __name__ == "__main__":
    for each in SCENES:
        record(each)
