"""Plugging things into a guest, as a person with cables would, and finding them there."""

import time
from pathlib import Path

from burnish_hil.guest.qmp import Refused
from burnish_hil.guest.vm import HOST, Guest

_DRIVERS = "xhci_pci vhci_hcd usb_storage sr_mod sg isofs udf ftdi_sio ext4 usblp"
_UDEV = "/lib/systemd/systemd-udevd --daemon && udevadm trigger && udevadm settle -t 60"


def prepare(guest: Guest) -> None:
    """Load what devices need, and start udev: once per guest. Raises CommandFailed."""
    guest.run(f"modprobe -a {_DRIVERS} && {_UDEV}", timeout=180)


def attach(guest: Guest, port: int) -> None:
    """Plug a cable in. Raises CommandFailed."""
    guest.run(f"usbip --tcp-port {port} attach -r {HOST} -b 1-1 && udevadm settle -t 60", timeout=120)


def recorder(guest: Guest, serial: str, seconds: int = 60) -> str:
    """The node of the recorder with this serial number, once it is there. Raises CommandFailed."""
    link = f"/dev/disk/by-id/usb-*_{serial}-0:0"
    wait = f"for i in $(seq {seconds * 5}); do readlink -e {link} && exit; sleep 0.2; done; exit 1"
    return guest.run(wait, timeout=seconds + 10).strip()


def attach_serial(guest: Guest, name: str, path: Path) -> None:
    """Plug a USB serial adapter in, with the line at `path` behind it. Raises Refused."""
    address = {"type": "unix", "data": {"path": str(path)}}
    backend = {"type": "socket", "data": {"addr": address, "server": False}}
    with guest.qmp() as qmp:
        qmp("chardev-add", id=f"line-{name}", backend=backend)
        qmp("device_add", driver="usb-serial", id=name, chardev=f"line-{name}", bus="xhci.0")


def detach_serial(guest: Guest, name: str, seconds: int = 20) -> None:
    """Pull the adapter out. Raises Refused."""
    with guest.qmp() as qmp:
        qmp("device_del", id=name)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                qmp("chardev-remove", id=f"line-{name}")
            except Refused:  # the guest has not let go of the adapter yet
                time.sleep(0.2)
            else:
                return


def serial_port(guest: Guest, seconds: int = 30) -> str:
    """The node of the one adapter, once it is there. Raises CommandFailed."""
    wait = f"for i in $(seq {seconds * 5}); do ls /dev/ttyUSB* 2>/dev/null && exit; sleep 0.2; done; exit 1"
    return guest.run(wait, timeout=seconds + 10).strip()


def nimbie(guest: Guest, seconds: int = 30) -> str:
    """The port path of the one Nimbie, once it is there. Raises CommandFailed."""
    look = "grep -ls '^1723' /sys/bus/usb/devices/*/idVendor"
    wait = f"for i in $(seq {seconds * 5}); do {look} && exit; sleep 0.2; done; exit 1"
    return guest.run(wait, timeout=seconds + 10).strip().split("/")[-2]


def held_by_usblp(guest: Guest, seconds: int = 30) -> None:
    """Return when the kernel's own driver has the one printer. Raises CommandFailed."""
    look = "ls -d /sys/bus/usb/drivers/usblp/*:*"
    wait = f"for i in $(seq {seconds * 5}); do {look} 2>/dev/null && exit; sleep 0.2; done; exit 1"
    guest.run(wait, timeout=seconds + 10)
