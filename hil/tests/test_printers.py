"""The printer plugins in the guest: over libusb, with the kernel's usblp on the printer before."""

import json
import sys
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from burnish.contracts import Form, Stock, StockKind, Wanted
from burnish.testing.printers import Trouble, drawing
from burnish_hil.devices.bus import Cable
from burnish_hil.devices.printers import usb_printer
from burnish_hil.guest import Guest, wiring
from burnish_hil.guest.initramfs import INSIDE
from burnish_printer_zebra.picture import Picture
from burnish_printer_zebra.simulator import Sticker, Zebra

SERIAL = "LAB421"
STICKER = Stock(kind=StockKind.STICKER, width=50, height=30)
ARTWORK = drawing(STICKER, Wanted(form=Form.PBM, dpi=203), shade=3)


class Desk:
    """A printer on a cable, and its driver in the guest."""

    def __init__(self, guest: Guest, zebra: Zebra, cable: Cable) -> None:
        self.guest, self.zebra, self.cable = guest, zebra, cable
        self.cut = Event()
        self.settings: dict[str, Any] = {
            "usb": SERIAL,
            "width": STICKER.width,
            "height": STICKER.height,
            "reply_timeout": 2,
            "settle": 0.2,
            "busy_timeout": 0.5,
        }
        zebra.on_cut = self._pull

    def plug_in(self) -> None:
        """Until the kernel's driver has it."""
        wiring.attach(self.guest, self.cable.port)
        wiring.held_by_usblp(self.guest)

    def make(self, *steps: str, timeout: float = 120) -> list[str]:
        """Make steps, by one process; per step the fault it ended with, or what it said."""
        return self.result(self.start(*steps), timeout)

    def start(self, *steps: str) -> int:
        words = f"zebra '{json.dumps(self.settings)}' {' '.join(steps)}"
        return self.guest.start(f"{sys.executable} {INSIDE}/label.py {words}", 120)

    def result(self, number: int, timeout: float = 120) -> list[str]:
        result = self.guest.wait(number, timeout)
        assert result.code == 0, result.output
        ended = [json.loads(line) for line in result.output.splitlines()]
        return [end.get("fault", end.get("said")) for end in ended]

    def _pull(self) -> None:
        self.cut.set()
        self.cable.pull()


@pytest.fixture
def desk(guest: Guest) -> Iterator[Desk]:
    """A printer that was just plugged in."""
    (guest.share / "label.pbm").write_bytes(ARTWORK.data)
    zebra = Zebra()
    with Cable(usb_printer(zebra, SERIAL)) as cable:
        found = Desk(guest, zebra, cable)
        found.plug_in()
        yield found


@pytest.fixture
def mute(guest: Guest) -> Iterator[Desk]:
    """One that does not answer while somebody has to come."""
    (guest.share / "label.pbm").write_bytes(ARTWORK.data)
    zebra = Zebra(mute=True)
    with Cable(usb_printer(zebra, SERIAL)) as cable:
        found = Desk(guest, zebra, cable)
        found.plug_in()
        yield found


def the_label() -> Sticker:
    picture = Picture.parse(ARTWORK.data)
    bits = (divmod(at, picture.stride) for at in range(len(picture.rows)))
    black = {
        (across * 8 + bit, down)
        for at, (down, across) in enumerate(bits)
        for bit in range(8)
        if picture.rows[at] & 0x80 >> bit
    }
    return Sticker(picture.width, picture.height, frozenset(black))


def test_a_label_is_printed_and_the_kernel_gets_its_printer_back(desk: Desk) -> None:
    looked, printed, known = desk.make("look", "print", "examine")
    assert (looked, known) == ("None", "yes")
    assert SERIAL in printed
    assert desk.zebra.printed == [the_label()]
    assert desk.zebra.strange == []
    wiring.held_by_usblp(desk.guest)


@pytest.mark.long
def test_trouble_is_told_and_printing_goes_on_after_it(desk: Desk) -> None:
    told = {
        Trouble.DRY: "NO_PRINT_SUPPLIES",
        Trouble.EMPTY: "NO_PRINT_SUPPLIES",
        Trouble.OPEN: "OPERATOR_ACTION",
        Trouble.SILENT: "OPERATOR_ACTION",
    }
    for trouble, kind in told.items():
        desk.zebra.suffer(trouble)
        assert desk.make("print", "examine") == [kind, "no"]
    desk.zebra.suffer(None)
    assert desk.zebra.printed == []
    desk.make("print")
    assert len(desk.zebra.printed) == 1


@pytest.mark.long
def test_a_ribbon_that_ends_under_a_label(desk: Desk) -> None:
    desk.zebra.strikes = Trouble.DRY
    assert desk.make("print", "examine") == ["NO_PRINT_SUPPLIES", "unknown"]
    desk.zebra.suffer(None)
    assert desk.zebra.printed == []


@pytest.mark.long
def test_an_open_head_of_a_printer_that_then_says_nothing(mute: Desk) -> None:
    mute.zebra.suffer(Trouble.OPEN)
    assert mute.make("look", "print") == ["OPERATOR_ACTION", "OPERATOR_ACTION"]
    mute.zebra.suffer(None)
    assert mute.make("look") == ["None"]


@pytest.mark.long
def test_a_printer_that_is_unplugged_in_mid_label(desk: Desk) -> None:
    desk.zebra.suffer(Trouble.CUT)
    assert desk.make("print", "examine", "look") == ["DEVICE_OFFLINE", "unknown", "DEVICE_OFFLINE"]
    assert desk.cut.is_set()
    assert desk.make("look") == ["DEVICE_OFFLINE"]
    desk.zebra.suffer(None)
    desk.plug_in()
    desk.make("print")
    assert desk.zebra.printed == [the_label()]


@pytest.mark.long
def test_a_printer_has_one_master(desk: Desk) -> None:
    first = desk.start("hold")
    desk.guest.run("until [ -e /tmp/prints ]; do sleep 0.2; done", timeout=60)
    try:
        assert desk.make("look") == ["DEVICE_BUSY"]
    finally:
        desk.guest.run("rm /tmp/prints")
    assert desk.result(first) == [""]
