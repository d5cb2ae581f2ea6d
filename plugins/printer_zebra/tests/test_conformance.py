"""The driver passes what every printer must, over TCP, on a USB bus and on a serial port."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from burnish.contracts import Printer, Stock, StockKind
from burnish.testing.printers import Peer, PrinterConformance, Trouble
from burnish.testing.serial import SerialPeer
from burnish.testing.usb import UsbUnit, bus
from burnish_printer_zebra import Settings, ZebraPrinter
from burnish_printer_zebra.link import UsbLink
from burnish_printer_zebra.simulator import Listening, Sticker, Zebra

LABEL = {"width": 50, "height": 30}
QUICK: dict[str, Any] = {
    **LABEL,
    "reply_timeout": 0.3,
    "send_timeout": 0.3,
    "busy_timeout": 0.05,
    "settle": 0,
    "poll": 0.002,
    "stale": 0.01,
}
STICKER = Stock(kind=StockKind.STICKER, width=50, height=30)


class OnUsb:
    """A printer on the simulated bus, with the kernel's driver on it."""

    def __init__(self, zebra: Zebra) -> None:
        self.zebra = zebra
        self.troubles = zebra.troubles | {Trouble.GONE, Trouble.CUT}
        self.unit = UsbUnit(
            0x0A5F, 0x0166, self.transfers, interface_class=7, serial="D3J1", held_by_kernel=True
        )
        zebra.on_cut = self._pull

    @property
    def printed(self) -> list[Sticker]:
        return self.zebra.printed

    def transfers(self, data: bytes) -> Sequence[bytes]:
        said = self.zebra.answer(data)
        return [said[start : start + 64] for start in range(0, len(said), 64)]

    def suffer(self, trouble: Trouble | None) -> None:
        if trouble is None and not self.unit.plugged:
            self.unit.switch_off_and_on()
        self.unit.plugged = trouble is not Trouble.GONE
        self.zebra.suffer(trouble)

    def connect(self, settings: Settings) -> UsbLink:
        return UsbLink(settings.usb, settings.vendor, bus(self.unit))

    def _pull(self) -> None:
        self.unit.plugged = False


class TestOverTcp(PrinterConformance):
    stock = STICKER

    @pytest.fixture
    def peer(self) -> Iterator[Peer]:
        with Listening(Zebra()) as peer:
            yield peer

    @pytest.fixture
    def build(self, peer: Listening) -> Callable[[], Printer]:
        return lambda: ZebraPrinter(Settings(host="127.0.0.1", port=peer.port, **QUICK))


class TestOverUsb(PrinterConformance):
    stock = STICKER

    @pytest.fixture
    def peer(self) -> Peer:
        return OnUsb(Zebra())

    @pytest.fixture
    def build(self, peer: OnUsb) -> Callable[[], Printer]:
        return lambda: ZebraPrinter(Settings(usb="1-1", **QUICK), peer.connect)

    def test_the_kernel_gets_it_back(self, build: Callable[[], Printer], peer: OnUsb) -> None:
        with build() as printer:
            assert not peer.unit.held_by_kernel
            self.put(printer)
        assert peer.unit.held_by_kernel
        assert peer.unit.claimed_by is None


class TestOverSerial(PrinterConformance):
    stock = STICKER

    @pytest.fixture
    def peer(self) -> Peer:
        return Zebra()

    @pytest.fixture
    def build(self, peer: Zebra) -> Iterator[Callable[[], Printer]]:
        with SerialPeer(peer.answer) as line:
            yield lambda: ZebraPrinter(Settings(serial=line.port, **QUICK))
