"""The driver `zebra` passes what every printer must, over each of its three wires."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from burnish.contracts import Printer, Stock, StockKind
from burnish.testing.printers import PrinterConformance, Trouble
from burnish.testing.serial import SerialPeer
from burnish.testing.usb import UsbUnit, bus
from burnish_printer_zebra import Settings, ZebraPrinter
from burnish_printer_zebra.line import VENDOR
from burnish_printer_zebra.printer import connect
from burnish_printer_zebra.simulator import Picture, TcpPeer, Zebra

QUICK = {"reply_timeout": 0.3, "print_timeout": 1.0, "width": 50.0, "height": 30.0}
STICKER = Stock(kind=StockKind.STICKER, width=50, height=30)


class TestTcp(PrinterConformance):
    stock = STICKER

    @pytest.fixture
    def peer(self) -> Iterator[TcpPeer]:
        with TcpPeer() as peer:
            yield peer

    @pytest.fixture
    def build(self, peer: TcpPeer) -> Callable[[], Printer]:
        return lambda: ZebraPrinter(Settings(host="127.0.0.1", port=peer.port, **QUICK))  # type: ignore[arg-type]


class UsbPeer:
    """The same printer, on a bus."""

    troubles = Zebra.troubles | {Trouble.GONE}

    def __init__(self) -> None:
        self.zebra = Zebra()
        self.unit = UsbUnit(VENDOR, 0x0120, self._answer, interface_class=7, packet=4096)

    def _answer(self, data: bytes) -> Sequence[bytes]:
        said = self.zebra.answer(data)
        return [said] if said else []

    @property
    def printed(self) -> list[Picture]:
        return self.zebra.printed

    def suffer(self, trouble: Trouble | None) -> None:
        self.unit.plugged = trouble is not Trouble.GONE
        self.zebra.suffer(None if trouble is Trouble.GONE else trouble)


class TestUsb(PrinterConformance):
    stock = STICKER

    @pytest.fixture
    def peer(self) -> UsbPeer:
        return UsbPeer()

    @pytest.fixture
    def build(self, peer: UsbPeer) -> Callable[[], Printer]:
        settings = Settings(usb="any", **QUICK)  # type: ignore[arg-type]
        return lambda: ZebraPrinter(settings, lambda keys: connect(keys, bus(peer.unit)))


class TtyPeer:
    """The same printer, on a serial line."""

    troubles = Zebra.troubles

    def __init__(self) -> None:
        self.zebra = Zebra()
        self.line = SerialPeer(self.zebra.answer)

    @property
    def printed(self) -> list[Picture]:
        return self.zebra.printed

    def suffer(self, trouble: Trouble | None) -> None:
        self.zebra.suffer(trouble)


class TestSerial(PrinterConformance):
    stock = STICKER

    @pytest.fixture
    def peer(self) -> Iterator[TtyPeer]:
        peer = TtyPeer()
        with peer.line:
            yield peer

    @pytest.fixture
    def build(self, peer: TtyPeer) -> Callable[[], Printer]:
        settings = {"serial": peer.line.port, "handshake": "none", **QUICK}
        return lambda: ZebraPrinter(Settings(**settings))  # type: ignore[arg-type]
