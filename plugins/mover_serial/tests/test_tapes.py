"""The driver says what it said when these tapes were recorded, and makes of the answers what it made then.

`python test_tapes.py` records them anew from the simulators, into `tapes/`. Tapes of a real robot are told
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
from burnish.testing.serial import Loop
from burnish.testing.tapes import Recorder, Replay
from burnish_mover_serial import SerialMover, Settings
from burnish_mover_serial.simulator import Dtp, Generic, Kodak, Tower

TAPES = Path(__file__).parent / "tapes"
ROBOTS: dict[str, type[Any]] = {"generic": Generic, "kodak": Kodak, "tower": Tower, "rimage-dtp": Dtp}
LAST: dict[str, int] = {"generic": 0, "kodak": 0, "tower": 3, "rimage-dtp": 3}
"""The last drive of each, which the tapes are of."""


@dataclass(frozen=True)
class Scene:
    """What a tape is of."""

    commands: str
    act: str
    result: object
    """What came of it: what was returned, or the kind of the fault."""
    sees: tuple[bool, ...] = ()
    """What the drive answers when it is asked whether it sees a disc."""
    prepare: Callable[[Bench], object] = lambda bench: None


def drive_full(bench: Bench) -> None:
    bench.slots[-1].disc = WRITTEN


def hand_full(bench: Bench) -> None:
    bench.mechanism.held = WRITTEN


def bin_empty(bench: Bench) -> None:
    bench.mechanism.input.clear()


def jammed(bench: Bench) -> None:
    drive_full(bench)
    bench.mechanism.jammed = True


SCENES = {
    "generic-initialise": Scene("generic", "initialise", None),
    "generic-initialise-held": Scene("generic", "initialise", None, prepare=hand_full),
    "generic-load": Scene("generic", "load", None, (False, True)),
    "generic-load-empty": Scene("generic", "load", "NO_BLANK_MEDIA", (False,), bin_empty),
    "generic-accept": Scene("generic", "accept", "output bin", (True,), drive_full),
    "generic-accept-jam": Scene("generic", "accept", "OPERATOR_ACTION", (True,), jammed),
    "generic-reject": Scene("generic", "reject", None, (True,), drive_full),
    "kodak-load": Scene("kodak", "load", None, (False, True)),
    "tower-initialise": Scene("tower", "initialise", None),
    "tower-load": Scene("tower", "load", None, (False, True)),
    "tower-load-empty": Scene("tower", "load", "NO_BLANK_MEDIA", (False,), bin_empty),
    "tower-accept": Scene("tower", "accept", "output bin", (True,), drive_full),
    "tower-accept-jam": Scene("tower", "accept", "OPERATOR_ACTION", (True,), jammed),
    "rimage-dtp-initialise-held": Scene("rimage-dtp", "initialise", None, prepare=hand_full),
    "rimage-dtp-load": Scene("rimage-dtp", "load", None, (False, True)),
    "rimage-dtp-load-empty": Scene("rimage-dtp", "load", "NO_BLANK_MEDIA", (False,), bin_empty),
    "rimage-dtp-accept": Scene("rimage-dtp", "accept", "output bin", (True,), drive_full),
    "rimage-dtp-reject-jam": Scene("rimage-dtp", "reject", "OPERATOR_ACTION", (True,), jammed),
}


@dataclass
class TapedTray(Tray):
    """A tray of which only is known what its drive saw."""

    number: int = 0
    sees: list[bool] = field(default_factory=list)

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def loaded(self) -> bool:
        return self.sees.pop(0)


def outcome(scene: Scene, connect: Callable[..., Any], tray: Tray) -> Any:
    settings = Settings(port="tape", commands=scene.commands, tray_settle=0, quiet=0)
    mover = SerialMover(settings, connect)
    try:
        with mover:
            return mover.initialise() if scene.act == "initialise" else getattr(mover, scene.act)(tray)
    except DeviceFault as fault:
        return str(fault.kind)


def record(name: str) -> None:
    """Record a scene from the simulator."""
    scene = SCENES[name]
    bench = Bench(drives=LAST[scene.commands] + 1)
    robot = ROBOTS[scene.commands]
    scene.prepare(bench)
    source = f"from burnish_mover_serial.simulator.{robot.__name__}"
    loop, path = Loop(robot(bench.mechanism).answer), TAPES / f"{name}.jsonl"
    tray = bench.trays[-1]
    assert (
        outcome(scene, lambda *_: Recorder(loop, path, of=scene.commands, recorded=source), tray)
        == scene.result
    )


@pytest.mark.parametrize("name", SCENES)
def test_a_tape_is_played_back(name: str) -> None:
    scene = SCENES[name]
    tray: Any = TapedTray(LAST[scene.commands], list(scene.sees))
    with Replay(TAPES / f"{name}.jsonl") as wire:
        assert outcome(scene, lambda *_: wire, tray) == scene.result
    assert not tray.sees


def test_every_tape_is_of_a_scene() -> None:
    assert {path.stem for path in TAPES.glob("*.jsonl")} == set(SCENES)


if __name__ == "__main__":
    for each in SCENES:
        record(each)
