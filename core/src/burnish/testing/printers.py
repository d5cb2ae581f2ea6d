"""Tests that every printer must pass, against a simulator of its device. A plugin's test file can be this:

    class TestMyPrinter(PrinterConformance):
        @pytest.fixture
        def peer(self) -> Iterator[Peer]:
            with MySimulator() as simulator:
                yield simulator

        @pytest.fixture
        def build(self, peer: Peer) -> Callable[[], Printer]:
            return lambda: MyPrinter(MySettings(host="127.0.0.1", port=peer.port, timeout=1))

        stock = Stock(kind=StockKind.STICKER, width=50, height=30)

The simulator is a `Peer`: it keeps what it printed, and has trouble when it is told to.

Units: seconds, millimetres.
"""

import struct
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, Protocol

import pytest

from burnish.contracts import (
    Artwork,
    Cancel,
    DeviceState,
    Form,
    Printed,
    Printer,
    PrinterCapabilities,
    PrintJob,
    Stock,
    StockKind,
    Wanted,
)
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.testing.kit import Conformance, contract_of

PIECE: Final = PrintJob(code="KITKITKIT-1", title="KIT 1/1")
OTHER: Final = PrintJob(code="KITKITKIT-2", title="KIT 1/1")


class Trouble(StrEnum):
    """What a simulator can be told to be in. One that cannot be in some leaves it out of `troubles`."""

    EMPTY = "empty"
    """No labels, no paper."""
    DRY = "dry"
    """No ink, no ribbon."""
    OPEN = "open"
    """A cover or a head."""
    JAMMED = "jammed"
    PAUSED = "paused"
    BUSY = "busy"
    """With somebody else's work, for longer than the driver waits."""
    BROKEN = "broken"
    """Something that only service can mend."""
    SILENT = "silent"
    """It takes what is sent and answers nothing."""
    GONE = "gone"
    """Switched off or unplugged."""
    NONSENSE = "nonsense"
    """It answers what no manual knows."""
    CUT = "cut"
    """The connection breaks in the middle of what is to be printed."""


EXPECTED: Final = {
    Trouble.EMPTY: {FaultKind.NO_PRINT_SUPPLIES},
    Trouble.DRY: {FaultKind.NO_PRINT_SUPPLIES},
    Trouble.OPEN: {FaultKind.OPERATOR_ACTION},
    Trouble.JAMMED: {FaultKind.OPERATOR_ACTION},
    Trouble.PAUSED: {FaultKind.OPERATOR_ACTION},
    Trouble.BUSY: {FaultKind.DEVICE_BUSY},
    Trouble.BROKEN: {FaultKind.SERVICE_ACTION},
    Trouble.SILENT: {FaultKind.OPERATOR_ACTION, FaultKind.DEVICE_OFFLINE},
    Trouble.GONE: {FaultKind.DEVICE_OFFLINE},
    Trouble.NONSENSE: {FaultKind.UNKNOWN_REPLY},
}
"""What a driver is to say of each."""


class Peer(Protocol):
    """A simulated printer."""

    printed: Sequence[object]
    """What came out, in order: one item a label."""
    troubles: frozenset[Trouble]
    """What it can be told to be in."""

    def suffer(self, trouble: Trouble | None) -> None:
        """Be in trouble from now on, or well again."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look at a printer brought: a state, or the fault that it raised."""

    state: DeviceState | None
    fault: FaultKind | None

    @property
    def kind(self) -> FaultKind | None:
        """What stands against a job."""
        return self.fault or (self.state.condition if self.state else None)


def drawing(stock: Stock, wanted: Wanted, shade: int = 0) -> Artwork:
    """A label of the right size in one of the forms: a frame, with a square whose place `shade` moves."""
    width, height = (max(16, round(side / 25.4 * wanted.dpi)) for side in (stock.width, stock.height))
    rows = [_row(width, height, y, shade) for y in range(height)]
    make = {Form.PBM: _pbm, Form.PNG: _png, Form.PDF: _pdf}[wanted.form]
    data = make(width, height, rows, stock)
    return Artwork(data=data, form=wanted.form, dpi=wanted.dpi, stock=stock, style="kit")


def _row(width: int, height: int, y: int, shade: int) -> bytes:
    """0 is white, 1 black; a byte a dot."""
    if y in (0, height - 1):
        return b"\1" * width
    row = bytearray(width)
    row[0] = row[-1] = 1
    if 4 + shade <= y < 10 + shade:
        row[4:10] = b"\1" * 6
    return bytes(row)


def _pbm(width: int, height: int, rows: Sequence[bytes], _: Stock) -> bytes:
    packed = b"".join(
        int("".join(map(str, row)).ljust(-(-width // 8) * 8, "0"), 2).to_bytes(-(-width // 8), "big")
        for row in rows
    )
    return b"P4\n%d %d\n" % (width, height) + packed


def _png(width: int, height: int, rows: Sequence[bytes], _: Stock) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    grey = b"".join(b"\0" + row.translate(bytes([255, 0]) + bytes(254)) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(grey)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _pdf(_width: int, _height: int, _rows: Sequence[bytes], stock: Stock) -> bytes:
    """One page with a frame. Its cross-reference table is right, so that strict readers take it."""
    width, height = stock.width * 72 / 25.4, stock.height * 72 / 25.4
    content = b"1 1 %.2f %.2f re S" % (width - 2, height - 2)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.2f %.2f]/Contents 4 0 R/Resources<<>>>>" % (width, height),
        b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


class PrinterConformance(Conformance):
    """Subclass, give `peer`, `build` and `stock`, and run."""

    stock: ClassVar[Stock] = Stock(kind=StockKind.STICKER, width=50, height=30)
    """Something that it prints on."""
    strange: ClassVar[Stock] = Stock(kind=StockKind.SHEET, width=9000, height=9000)
    """Something that it does not."""

    @pytest.fixture
    def peer(self) -> Peer:
        """The simulated device, switched on and well."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def build(self, peer: Peer) -> Callable[[], Printer]:
        """Makes a fresh driver for that device."""
        raise NotImplementedError("the subclass supplies this fixture")

    def put(self, printer: Printer, job: PrintJob = PIECE, shade: int = 0) -> str:
        """Print a drawing as the core does."""
        artwork = drawing(self.stock, printer.wanted(self.stock), shade)
        return printer.print(job, artwork, Cancel())

    def sight(self, printer: Printer) -> Sight:
        """Open it and look at it."""
        try:
            with printer:
                return Sight(printer.look(), None)
        except DeviceFault as fault:
            return Sight(None, fault.kind)

    # --- what it says of itself ------------------------------------------------------------------------

    def test_it_keeps_this_contract(self, build: Callable[[], Printer]) -> None:
        """Pass it by `burnish_contract` of the plugin's module."""
        assert contract_of(build()) == 1

    def test_building_touches_no_device(self, build: Callable[[], Printer], peer: Peer) -> None:
        """Pass it by opening the device in `__enter__`, and not before."""
        if Trouble.GONE not in peer.troubles:
            pytest.skip("it cannot be switched off")
        peer.suffer(Trouble.GONE)
        printer = build()
        assert isinstance(printer.capabilities, PrinterCapabilities)
        assert isinstance(printer.wanted(self.stock), Wanted)

    def test_it_can_be_opened_again(self, build: Callable[[], Printer]) -> None:
        """Pass it by giving back in `__exit__` all that `__enter__` took."""
        printer = build()
        for _ in range(3):
            with printer:
                assert printer.look().condition is None

    def test_a_look_prints_nothing(self, build: Callable[[], Printer], peer: Peer) -> None:
        """Pass it by asking only."""
        with build() as printer:
            for _ in range(3):
                state = printer.look()
                assert DeviceState.from_json(state.to_json()) == state
        assert list(peer.printed) == []

    def test_stock_that_it_does_not_have_is_refused(self, build: Callable[[], Printer]) -> None:
        """Pass it by raising BAD_REQUEST from `wanted`, with the sizes in the message."""
        with pytest.raises(DeviceFault) as caught:
            build().wanted(self.strange)
        assert caught.value.kind is FaultKind.BAD_REQUEST
        assert "9000" in str(caught.value)

    # --- printing ----------------------------------------------------------------------------------------

    def test_it_prints_once_and_says_where(self, build: Callable[[], Printer], peer: Peer) -> None:
        """Pass it by returning when the label is out."""
        with build() as printer:
            place = self.put(printer)
        assert len(peer.printed) == 1
        assert place.strip()

    def test_labels_come_in_order(self, build: Callable[[], Printer], peer: Peer) -> None:
        """Pass it by printing each before the next."""
        with build() as printer:
            self.put(printer, PIECE)
            self.put(printer, OTHER, shade=7)
        assert len(peer.printed) == 2

    def test_what_was_printed_is_not_denied(self, build: Callable[[], Printer]) -> None:
        """Pass it by YES from `examine`, or UNKNOWN where the device keeps no record: never NO."""
        printer = build()
        with printer:
            self.put(printer)
            assert printer.examine(PIECE) in (Printed.YES, Printed.UNKNOWN)
        with build() as again:
            assert again.examine(PIECE) in (Printed.YES, Printed.UNKNOWN)

    def test_what_was_not_printed_is_not_claimed(self, build: Callable[[], Printer]) -> None:
        """Pass it by NO or UNKNOWN for a piece that nobody has asked for."""
        with build() as printer:
            assert printer.examine(OTHER) in (Printed.NO, Printed.UNKNOWN)

    def test_a_job_that_is_cancelled_before_is_not_printed(
        self, build: Callable[[], Printer], peer: Peer
    ) -> None:
        """Pass it by asking the token before the first byte leaves."""
        with build() as printer:
            artwork = drawing(self.stock, printer.wanted(self.stock))
            with pytest.raises(Cancelled):
                printer.print(PIECE, artwork, Cancel(lambda: True))
        time.sleep(0.05)
        assert list(peer.printed) == []

    # --- trouble -----------------------------------------------------------------------------------------

    @pytest.mark.parametrize("trouble", sorted(EXPECTED))
    def test_trouble_is_told_and_nothing_is_printed(
        self, build: Callable[[], Printer], peer: Peer, trouble: Trouble
    ) -> None:
        """Pass it by the fault of the table `EXPECTED`, from opening, looking or printing, with a message."""
        if trouble not in peer.troubles:
            pytest.skip(f"this device is never {trouble}")
        peer.suffer(trouble)
        kind = self.sight(build()).kind
        with pytest.raises(DeviceFault) as caught, build() as printer:
            self.put(printer)
        assert caught.value.kind in EXPECTED[trouble], caught.value
        assert str(caught.value).strip()
        if kind is not None:
            assert kind in EXPECTED[trouble]
        assert list(peer.printed) == []

    @pytest.mark.parametrize("trouble", sorted(EXPECTED))
    def test_it_prints_once_trouble_is_over(
        self, build: Callable[[], Printer], peer: Peer, trouble: Trouble
    ) -> None:
        """Pass it by leaving nothing behind that keeps the device from the next label, and nothing queued in
        it that comes out later."""
        if trouble not in peer.troubles:
            pytest.skip(f"this device is never {trouble}")
        peer.suffer(trouble)
        with suppress(DeviceFault), build() as printer:
            self.put(printer)
        peer.suffer(None)
        with build() as printer:
            assert printer.look().condition is None
            if printer.examine(PIECE) is not Printed.YES:
                self.put(printer)
        assert len(peer.printed) == 1

    def test_a_label_that_was_cut_off_is_never_denied(self, build: Callable[[], Printer], peer: Peer) -> None:
        """Pass it by UNKNOWN where bytes had left and nobody can say what became of them."""
        if Trouble.CUT not in peer.troubles:
            pytest.skip("its connection cannot be cut")
        peer.suffer(Trouble.CUT)
        with pytest.raises(DeviceFault), build() as printer:
            self.put(printer)
        peer.suffer(None)
        with build() as printer:
            found = printer.examine(PIECE)
        if peer.printed:
            assert found is not Printed.NO
        else:
            assert found is not Printed.YES
