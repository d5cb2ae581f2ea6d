"""What stands in the way of label printers on this machine. It opens no printer and prints nothing."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from burnish.contracts.check import Finding, well, wrong

from burnish_printer_zebra.link import every, place_of

NAME: Final = "zebra"
VENDOR: Final = 0x0A5F
UDEV_RULE: Final = f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{VENDOR:04x}", GROUP="lp", MODE="0660"'
"""For /etc/udev/rules.d/70-burnish-zebra.rules: who may use printers may use these."""
_ADVICE: Final = (
    f"put into /etc/udev/rules.d/70-burnish-zebra.rules: {UDEV_RULE} - then `udevadm control --reload`, "
    "plug it in again, and have the service in the group lp"
)


def look(
    tables: Sequence[Mapping[str, Any]], backend: Any = None, nodes: Path = Path("/dev/bus/usb")
) -> Iterator[Finding]:
    """Say what is found. `backend`: pyusb's, for tests; `nodes`: where the system keeps its USB devices."""
    for keys in tables:
        if keys.get("host"):
            yield _host(str(keys["host"]))
        elif keys.get("serial"):
            yield _port(str(keys["serial"]))
    over_usb = [keys for keys in tables if keys.get("usb")]
    if over_usb or not tables:
        yield from _usb(over_usb, backend, nodes)


def _host(host: str) -> Finding:
    """Its name only: a printer has one connection at a time, and a server may be using it."""
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        return wrong(NAME, f"the name {host} leads nowhere: {error.strerror}", "put its address into `host`")
    return well(NAME, f"label printer {host} has an address")


def _port(node: str) -> Finding:
    if not Path(node).exists():
        advice = "plug the adapter in; `ls /dev/serial/by-path` shows it"
        return wrong(NAME, f"there is no port {node}", advice)
    if not os.access(node, os.R_OK | os.W_OK):
        return wrong(NAME, f"{node}: no permission to use it", "have the service in the group dialout")
    return well(NAME, f"label printer's port {node}")


def _usb(tables: Sequence[Mapping[str, Any]], backend: Any, nodes: Path) -> Iterator[Finding]:
    vendors = {int(keys.get("vendor", VENDOR)) for keys in tables} or {VENDOR}
    try:
        units = every(0 if len(vendors) > 1 else vendors.pop(), backend)
    except OSError as error:
        yield wrong(NAME, str(error.strerror), "apt install libusb-1.0-0")
        return
    if not units:
        yield _none(tables)
    for unit in units:
        where = f"label printer at USB port {place_of(unit)}"
        if os.access(nodes / f"{unit.bus:03}" / f"{unit.address:03}", os.R_OK | os.W_OK):
            yield well(NAME, where)
        else:
            yield wrong(NAME, f"{where}: no permission to use it", _ADVICE)


def _none(tables: Sequence[Mapping[str, Any]]) -> Finding:
    if not tables:
        return well(NAME, "no label printer is connected by USB, and none is configured")
    return wrong(
        NAME, "no label printer is connected by USB", "plug it in and switch it on; `lsusb` shows it"
    )
