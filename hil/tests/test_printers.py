"""The driver of ZPL printers in the guest: over libusb and a real kernel's USB, with usblp in the way."""

import json
import sys
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from burnish.contracts import Stock, StockKind, Wanted
from burnish.contracts.label import Form
from burnish.testing.printers import Trouble, drawing
from burnish_hil.devices.bus import Cable
from burnish_hil.devices.printers import usb_printer
from burnish_hil.guest import Guest, wiring
from burnish_hil.guest.initramfs import INSIDE
from burnish_printer_zebra import zpl
from burnish_printer_zebra.simulator import Zebra

WIDTH, HEIGHT = 100.0, 50.0


class Watched(Zebra):
    """A printer that tells when a label arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = Event()

    def answer(self, data: bytes) -> bytes:
        said = super().answer(data)
        if b"^XA" in self.heard:
            self.begun.set()
        return said


class Desk:
    """A printer on the guest's USB."""

    def __init__(self, guest: Guest, zebra: Watched, cable: Cable) -> None:
        self.guest, self.zebra, self.cable = guest, zebra, cable
        self.place = wiring.port_path(guest, "0a5f")

    def start(self, count: int = 1) -> int:
        """Have labels printed."""
        keys = {"usb": self.place, "width": WIDTH, "height": HEIGHT, "reply_timeout": 3, "print_timeout": 20}
        return self.guest.start(f"{sys.executable} {INSIDE}/label.py '{json.dumps(keys)}' {count}", 120)

    def result(self, number: int) -> list[dict[str, Any]]:
        """What came of it."""
        done = self.guest.wait(number, 120)
        assert done.code == 0, done.output
        return [json.loads(line) for line in done.output.splitlines()]

    def print(self, count: int = 1) -> list[dict[str, Any]]:
        """Print, to the end."""
        return self.result(self.start(count))

    def bound(self) -> str:
        """Which kernel driver has the printer's interface; empty: none."""
        link = f"/sys/bus/usb/devices/{self.place}:1.0/driver"
        return self.guest.run(f"readlink {link} | xargs -r basename", timeout=30).strip()


@pytest.fixture
def desk(guest: Guest) -> Iterator[Desk]:
    """A printer that was just plugged in, which the kernel has taken."""
    zebra = Watched()
    with Cable(usb_printer(zebra)) as cable:
        wiring.attach(guest, cable.port)
        found = Desk(guest, zebra, cable)
        taken = f"[ -e /sys/bus/usb/devices/{found.place}:1.0/driver ]"
        guest.run(f"for i in $(seq 100); do {taken} && exit; sleep 0.2; done; exit 1", timeout=40)
        yield found


def test_a_label_is_printed_dot_by_dot_and_the_kernel_gets_its_printer_back(desk: Desk) -> None:
    assert desk.bound() == "usblp"
    assert desk.print(2) == [
        {"condition": None},
        {"place": "the printer's slot"},
        {"place": "the printer's slot"},
        {"examined": "yes"},
    ]
    stock = Stock(kind=StockKind.STICKER, width=WIDTH, height=HEIGHT)
    sent = [drawing(stock, Wanted(form=Form.PBM, dpi=203), shade=number) for number in (1, 2)]
    assert [picture.rows for picture in desk.zebra.printed] == [zpl.pbm(artwork.data)[2] for artwork in sent]
    assert desk.bound() == "usblp"


@pytest.mark.parametrize(
    ("trouble", "mute", "kind"),
    [
        (Trouble.DRY, False, "NO_PRINT_SUPPLIES"),
        (Trouble.OPEN, False, "OPERATOR_ACTION"),
        (Trouble.OPEN, True, "OPERATOR_ACTION"),
        (Trouble.BROKEN, False, "SERVICE_ACTION"),
    ],
)
def test_its_trouble_is_told_and_nothing_is_printed(
    desk: Desk, trouble: Trouble, mute: bool, kind: str
) -> None:
    desk.zebra.mute = mute
    desk.zebra.suffer(trouble)
    look, label, known = desk.print()
    assert look == {"condition": kind}
    assert (label["fault"], known["examined"]) == (kind, "no")
    assert desk.zebra.printed == []


def test_a_printer_that_is_unplugged_in_the_middle_of_a_label(desk: Desk) -> None:
    desk.zebra.stuck = True
    printing = desk.start()
    assert desk.zebra.begun.wait(60)
    desk.cable.pull()
    look, label, known = desk.result(printing)
    assert look == {"condition": None}
    assert label["fault"] == "DEVICE_OFFLINE"
    assert known["examined"] == "unknown"
