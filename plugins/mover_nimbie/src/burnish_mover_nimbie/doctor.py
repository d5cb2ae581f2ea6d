"""What stands in the way of a Nimbie on this machine: findings as (level, text, advice).

Levels: `ok`, `note`, `warning`, `error`. It opens no device and moves nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from burnish_mover_nimbie.link import every, place_of
from burnish_mover_nimbie.words import PRODUCT, VENDOR

UDEV_RULE: Final = (
    f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{VENDOR:04x}", ATTR{{idProduct}}=="{PRODUCT:04x}", '
    'GROUP="cdrom", MODE="0660"'
)
"""For /etc/udev/rules.d/70-burnish-nimbie.rules: who may use optical drives may use the robot."""
_ADVICE: Final = (
    f"put into /etc/udev/rules.d/70-burnish-nimbie.rules: {UDEV_RULE} - then `udevadm control --reload`, "
    "plug it in again, and have the service in the group cdrom"
)


def findings(backend: Any = None, nodes: Path = Path("/dev/bus/usb")) -> Iterator[tuple[str, str, str]]:
    """Say what is found. `backend`: pyusb's, for tests; `nodes`: where the system keeps its USB devices."""
    try:
        units = every(backend)
    except OSError as error:
        yield "error", str(error.strerror), "apt install libusb-1.0-0"
        return
    if not units:
        yield "note", "no Nimbie is connected", f"`lsusb -d {VENDOR:04x}:{PRODUCT:04x}` shows one that is"
    for unit in units:
        where = f"Nimbie at USB port {place_of(unit)}"
        if os.access(nodes / f"{unit.bus:03}" / f"{unit.address:03}", os.R_OK | os.W_OK):
            yield "ok", where, ""
        else:
            yield "error", f"{where}: no permission to use it", _ADVICE
    if len(units) > 1:
        places = ", ".join(map(place_of, units))
        yield "note", f"there are {len(units)} Nimbies", f"each [movers.*] needs its `place`: {places}"
