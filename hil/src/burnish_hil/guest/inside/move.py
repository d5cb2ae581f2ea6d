"""Makes motions of a robot beside recorders, in the guest: `move.py nimbie|serial SETTINGS NODES MOTION...`

SETTINGS are the mover's keys in JSON, NODES the recorders' device nodes with commas between. Each MOTION is
initialise, load, accept, reject, look or hold (keep the robot until /tmp/holds is removed); load:1 is for the
second drive. Prints how each ended, one JSON a line:
{"motion": "load", "fault": "NO_BLANK_MEDIA", "message": "..."}.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from typing import Any

from burnish.contracts import Mover
from burnish.errors import DeviceFault

CDROM_EJECT, CDROM_CLOSE_TRAY, CDROM_DRIVE_STATUS, CDROM_LOCK_DOOR = 0x5309, 0x5319, 0x5326, 0x5329
HELD = Path("/tmp/holds")  # noqa: S108 - the guest has one user
NO_DISC, TRAY_OPEN, NOT_READY, DISC_OK = 1, 2, 3, 4
"""linux/cdrom.h."""


class KernelTray:
    """A recorder's tray, moved and asked by the kernel."""

    def __init__(self, number: int, node: str) -> None:
        self.number = number
        self._node = node

    def open(self) -> None:
        """Have it out. udev locks it when it sees a medium; an eject that is refused looks like success."""
        with self._drive() as drive:
            ioctl(drive, CDROM_LOCK_DOOR, 0)
            ioctl(drive, CDROM_EJECT)

    def close(self) -> None:
        """Have it in, and what lies in it recognised."""
        with self._drive() as drive:
            ioctl(drive, CDROM_CLOSE_TRAY)
            while ioctl(drive, CDROM_DRIVE_STATUS, 0) in (NOT_READY, TRAY_OPEN):
                time.sleep(0.1)

    def loaded(self) -> bool:
        """Whether it sees a disc."""
        with self._drive() as drive:
            return ioctl(drive, CDROM_DRIVE_STATUS, 0) == DISC_OK

    @contextmanager
    def _drive(self) -> Iterator[int]:
        drive = os.open(self._node, os.O_RDONLY | os.O_NONBLOCK)
        try:
            yield drive
        finally:
            os.close(drive)


def mover_of(kind: str, settings: dict[str, Any]) -> Mover:
    """The driver."""
    plugin = importlib.import_module(f"burnish_mover_{kind}")
    (spec,) = plugin.burnish_movers()
    mover: Mover = spec.make(settings)
    return mover


def make(mover: Mover, motion: str, trays: list[KernelTray]) -> str:
    """Make one motion; what it returned."""
    name, _, drive = motion.partition(":")
    if name == "look":
        return repr(mover.look())
    if name == "hold":
        return hold()
    if name == "initialise":
        mover.initialise()
        return ""
    return str(getattr(mover, name)(trays[int(drive or 0)]) or "")


def hold() -> str:
    """Keep the robot until somebody removes a file."""
    HELD.touch()
    while HELD.exists():
        time.sleep(0.2)
    return ""


def attempt(mover: Mover, motion: str, trays: list[KernelTray]) -> dict[str, str]:
    """Make one motion; how it ended."""
    try:
        return {"motion": motion, "said": make(mover, motion, trays)}
    except DeviceFault as fault:
        return {"motion": motion, "fault": fault.kind.name, "message": str(fault)}


def main() -> None:
    """Open the robot once, and make all motions."""
    kind, settings, nodes, *motions = sys.argv[1:]
    trays = [KernelTray(number, node) for number, node in enumerate(nodes.split(","))]
    try:
        with mover_of(kind, json.loads(settings)) as mover:
            for motion in motions:
                print(json.dumps(attempt(mover, motion, trays)), flush=True)  # noqa: T201
    except DeviceFault as fault:
        ended = {"motion": "enter", "fault": fault.kind.name, "message": str(fault)}
        print(json.dumps(ended), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
