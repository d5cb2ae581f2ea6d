"""What stands in the way of a Nimbie on this machine. It opens no device and moves nothing."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from burnish.contracts.check import Finding, odd, well, wrong

from burnish_mover_nimbie.link import every, place_of
from burnish_mover_nimbie.words import PRODUCT, VENDOR

NAME: Final = "nimbie"
UDEV_RULE: Final = (
    f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{VENDOR:04x}", ATTR{{idProduct}}=="{PRODUCT:04x}", '
    'GROUP="cdrom", MODE="0660"'
)
"""For /etc/udev/rules.d/70-burnish-nimbie.rules: who may use optical drives may use the robot."""
_ADVICE: Final = (
    f"put into /etc/udev/rules.d/70-burnish-nimbie.rules: {UDEV_RULE} - then `udevadm control --reload`, "
    "plug it in again, and have the service in the group cdrom"
)


def look(
    tables: Sequence[Mapping[str, Any]], backend: Any = None, nodes: Path = Path("/dev/bus/usb")
) -> Iterator[Finding]:
    """Say what is found. `backend`: pyusb's, for tests; `nodes`: where the system keeps its USB devices."""
    try:
        units = every(backend)
    except OSError as error:
        yield wrong(NAME, str(error.strerror), "apt install libusb-1.0-0")
        return
    if not units:
        yield _none(tables)
    for unit in units:
        where = f"Nimbie at USB port {place_of(unit)}"
        if os.access(nodes / f"{unit.bus:03}" / f"{unit.address:03}", os.R_OK | os.W_OK):
            yield well(NAME, where)
        else:
            yield wrong(NAME, f"{where}: no permission to use it", _ADVICE)
    if len(units) > 1:
        places = ", ".join(map(place_of, units))
        yield odd(NAME, f"there are {len(units)} Nimbies", f"each [movers.*] needs its `place`: {places}")


def _none(tables: Sequence[Mapping[str, Any]]) -> Finding:
    if not tables:
        return well(NAME, "no Nimbie is connected, and none is configured")
    advice = f"plug it in; `lsusb -d {VENDOR:04x}:{PRODUCT:04x}` shows one that is"
    return wrong(NAME, "no Nimbie is connected", advice)
