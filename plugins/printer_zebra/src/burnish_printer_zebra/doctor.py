"""What stands in the way of a ZPL printer on this machine. It prints nothing."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from burnish.contracts.check import Finding, well, wrong

from burnish_printer_zebra.line import VENDOR, every, place_of

NAME: Final = "zebra"
UDEV_RULE: Final = f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{VENDOR:04x}", GROUP="lp", MODE="0660"'
"""For /etc/udev/rules.d/70-burnish-zebra.rules."""
_ADVICE: Final = (
    f"put into /etc/udev/rules.d/70-burnish-zebra.rules: {UDEV_RULE} - then `udevadm control --reload`, plug "
    "it in again, and have the service in the group lp"
)
_PATIENCE: Final = 2.0


def look(
    tables: Sequence[Mapping[str, Any]], backend: Any = None, nodes: Path = Path("/dev/bus/usb")
) -> Iterator[Finding]:
    """Say what is found. `backend`: pyusb's, for tests; `nodes`: where the system keeps its USB devices."""
    if not tables:
        yield well(NAME, "no ZPL printer is configured")
    for keys in tables:
        if keys.get("host"):
            yield _reached(str(keys["host"]), int(keys.get("port", 9100)))
        elif keys.get("serial"):
            yield _port(str(keys["serial"]))
    if any(keys.get("usb") for keys in tables):
        yield from _on_usb(backend, nodes)


def _reached(host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), _PATIENCE):
            return well(NAME, f"{host}:{port} can be reached")
    except OSError as error:
        text = f"{host}:{port} cannot be reached: {error.strerror or error}"
        return wrong(NAME, text, "is it switched on, is its address right, and does nobody else print?")


def _port(path: str) -> Finding:
    if not Path(path).exists():
        return wrong(NAME, f"there is no port {path}", "plug its cable in; `ls /dev/serial/by-path` shows it")
    if not os.access(path, os.R_OK | os.W_OK):
        return wrong(NAME, f"{path}: no permission to use it", "have the service in the group dialout")
    return well(NAME, f"{path} is there")


def _on_usb(backend: Any, nodes: Path) -> Iterator[Finding]:
    try:
        units = every(backend)
    except OSError as error:
        yield wrong(NAME, str(error.strerror), "apt install libusb-1.0-0")
        return
    if not units:
        yield wrong(NAME, "no Zebra is on USB", f"plug it in; `lsusb -d {VENDOR:04x}:` shows one that is")
    for unit in units:
        where = f"printer at USB port {place_of(unit)}"
        if os.access(nodes / f"{unit.bus:03}" / f"{unit.address:03}", os.R_OK | os.W_OK):
            yield well(NAME, where)
        else:
            yield wrong(NAME, f"{where}: no permission to use it", _ADVICE)
