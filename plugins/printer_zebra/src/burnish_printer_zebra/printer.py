"""The driver `zebra`."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Literal, Self

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
    Unit,
    Wanted,
)
from burnish.errors import DeviceFault, FaultKind
from pydantic import BaseModel, ConfigDict, Field, model_validator

from burnish_printer_zebra import zpl
from burnish_printer_zebra.line import Line, SerialLine, TcpLine, UsbLine

_POLL: Final = 0.1
_TOLERANCE: Final = 1.0
"""Millimetres by which a label may differ from the stock that is loaded."""
_MM: Final = 25.4
_SILENT: Final = (
    "it does not answer: is its head closed, has it labels and ribbon, is it too hot? "
    "Some printers say nothing until that is mended"
)


class Settings(BaseModel):
    """The keys of `[printers.<name>]` beside `driver`. One of `host`, `serial` and `usb` is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = ""
    """Name or address of a printer in the network."""
    port: int = Field(default=9100, ge=1, le=65535)
    """Its TCP port."""
    serial: str = ""
    """A serial port: `/dev/serial/by-path/…`."""
    baud: int = Field(default=9600, ge=110, le=921600)
    """Bits a second, 8 data bits, no parity, 1 stop bit."""
    handshake: Literal["none", "rts/cts", "xon/xoff"] = "xon/xoff"
    """How the printer says on a serial line that it takes no more for now."""
    usb: str = ""
    """USB port path such as `1-1.3`, or `any` for the only Zebra there is."""
    dpi: Literal[152, 203, 300, 600] = 203
    """Dots per inch of its head."""
    width: float = Field(default=100.0, gt=5, le=300)
    """Millimetres of the labels that are loaded."""
    height: float = Field(default=50.0, gt=5, le=1000)
    """Millimetres of the same."""
    darkness: int | None = Field(default=None, ge=-30, le=30)
    """Darker or lighter than the printer is set to; absent: as it is set."""
    reply_timeout: float = Field(default=5.0, gt=0)
    """Seconds within which it answers; one that is silent for longer needs somebody to look."""
    print_timeout: float = Field(default=60.0, gt=0)
    """Seconds that one label may take."""
    attached: bool = False
    """Whether something applies the label to its piece: an applicator. Else a person does."""

    @model_validator(mode="after")
    def _one_wire(self) -> Self:
        given = [name for name in ("host", "serial", "usb") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"one of host, serial and usb is needed, not {' and '.join(given) or 'none'}")
        return self


def connect(settings: Settings, backend: Any = None) -> Line:
    """Open the line. `backend`: pyusb's, for tests. Raises OSError."""
    if settings.host:
        return TcpLine(settings.host, settings.port, settings.reply_timeout)
    if settings.serial:
        return SerialLine(settings.serial, settings.baud, settings.handshake, settings.reply_timeout)
    return UsbLine("" if settings.usb == "any" else settings.usb, settings.reply_timeout, backend)


class ZebraPrinter(Printer):
    """A label is done when the printer says that it has nothing left to print."""

    def __init__(self, settings: Settings, connect: Callable[[Settings], Line] = connect) -> None:
        self._settings = settings
        self._connect = connect
        self._line: Line | None = None
        self._unit: Unit | None = None
        self._sent: dict[str, Printed] = {}
        """What became of the labels that this driver was given."""

    @property
    def capabilities(self) -> PrinterCapabilities:
        """Whether there is an applicator."""
        return PrinterCapabilities(attaches=self._settings.attached)

    @property
    def _open(self) -> Line:
        assert self._line  # noqa: S101 - it is entered
        return self._line

    def __enter__(self) -> Self:
        """Open the line."""
        with self._as_faults():
            self._line = self._connect(self._settings)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close it."""
        if self._line:
            with suppress(OSError):
                self._line.close()
        self._line = None

    def wanted(self, stock: Stock) -> Wanted:
        """Dots, of the size of the labels that are loaded."""
        ours = self._settings
        fits = abs(stock.width - ours.width) <= _TOLERANCE and abs(stock.height - ours.height) <= _TOLERANCE
        if stock.kind is not StockKind.STICKER or not fits:
            message = (
                f"a {stock.kind} of {stock.width:g} x {stock.height:g} mm is not what is loaded: stickers of "
                f"{ours.width:g} x {ours.height:g} mm (width, height)"
            )
            raise DeviceFault(FaultKind.BAD_REQUEST, message)
        return Wanted(form=Form.PBM, dpi=ours.dpi)

    def look(self) -> DeviceState:
        """Ask for its status."""
        with self._as_faults():
            try:
                status = self._status()
            except TimeoutError:
                return DeviceState(condition=FaultKind.OPERATOR_ACTION, message=_SILENT)
            unit = self._who()
        if status.condition:
            return DeviceState(unit=unit, condition=status.condition[0], message=status.condition[1])
        if not status.idle:
            message = "it still prints other labels"
            return DeviceState(unit=unit, condition=FaultKind.DEVICE_BUSY, message=message)
        return DeviceState(unit=unit)

    def print(self, job: PrintJob, artwork: Artwork, cancel: Cancel) -> str:
        """Send the label, and wait until it is out."""
        self._sent[job.code] = Printed.NO
        data = self._label(artwork)
        state = self.look()
        if state.condition:
            raise DeviceFault(state.condition, state.message)
        cancel.check()
        self._sent[job.code] = Printed.UNKNOWN
        with self._as_faults():
            self._send(data)
            self._await_label()
        self._sent[job.code] = Printed.YES
        return "the printer's slot"

    def examine(self, job: PrintJob) -> Printed:
        """A ZPL printer keeps no record; this driver knows what it has not sent, and what came out."""
        return self._sent.get(job.code, Printed.UNKNOWN)

    # --- a label -----------------------------------------------------------------------------------------

    def _label(self, artwork: Artwork) -> bytes:
        try:
            if artwork.form is not Form.PBM:
                raise ValueError(f"{artwork.form} has no dots")
            width, height, rows = zpl.pbm(artwork.data)
        except ValueError as error:
            raise DeviceFault(FaultKind.BAD_REQUEST, f"the drawing: {error}") from error
        ours = self._settings
        for dots, size, name in ((width, ours.width, "wide"), (height, ours.height, "high")):
            if dots > (size + _TOLERANCE) / _MM * ours.dpi + 8:
                message = f"the drawing is {dots} dots {name}: {size:g} mm have fewer"
                raise DeviceFault(FaultKind.BAD_REQUEST, message)
        return zpl.label(width, height, rows, darkness=ours.darkness)

    def _send(self, data: bytes) -> None:
        try:
            self._open.write(data)
        except TimeoutError:
            raise DeviceFault(
                FaultKind.OPERATOR_ACTION, f"it took only a part of a label; {_SILENT}"
            ) from None

    def _await_label(self) -> None:
        """Until it has nothing left. A label that does not come out is taken back, so that it does not come
        out later; whether a part of it did, nobody knows."""
        end = time.monotonic() + self._settings.print_timeout
        while True:
            try:
                status = self._status()
            except TimeoutError:
                self._take_back()
                raise DeviceFault(FaultKind.OPERATOR_ACTION, _SILENT) from None
            if status.idle:
                return
            if status.condition and status.condition[0] is not FaultKind.DEVICE_BUSY:
                self._take_back()
                raise DeviceFault(*status.condition)
            if time.monotonic() > end:
                self._take_back()
                message = f"a label did not come out within {self._settings.print_timeout:g} s"
                raise DeviceFault(FaultKind.OPERATOR_ACTION, message)
            time.sleep(_POLL)

    def _take_back(self) -> None:
        with suppress(OSError):
            self._open.write(zpl.CANCEL)

    # --- questions ---------------------------------------------------------------------------------------

    def _status(self) -> zpl.Status:
        """Raises TimeoutError where it is silent."""
        answer = self._ask(zpl.STATUS, zpl.STRINGS)
        try:
            return zpl.status_of(answer)
        except zpl.NoStatus as error:
            raise DeviceFault(FaultKind.UNKNOWN_REPLY, f"asked for its status, {error}") from error

    def _who(self) -> Unit:
        """Asked once; not every printer says."""
        if self._unit is None:
            place = self._settings.host or self._settings.serial or f"USB {self._settings.usb}"
            try:
                strings = zpl.strings_of(self._ask(zpl.IDENTITY, 1))
            except TimeoutError:
                strings = []
            said = strings[0].decode("ascii", "replace").split(",") if strings else [""]
            self._unit = Unit(
                vendor="Zebra",
                product=said[0].strip()[:80],
                revision=said[1].strip()[:40] if len(said) > 1 else "",
                place=place,
            )
        return self._unit

    def _ask(self, question: bytes, strings: int) -> bytes:
        """The answer with so many strings, whatever else stands between them. Raises TimeoutError."""
        self._open.write(question)
        answer = b""
        end = time.monotonic() + self._settings.reply_timeout
        while len(zpl.strings_of(answer)) < strings:
            if len(answer) > zpl.MOST:
                raise DeviceFault(FaultKind.UNKNOWN_REPLY, f"it said {len(answer)} bytes: {answer[:60]!r}")
            try:
                answer += self._open.read(timeout=max(end - time.monotonic(), 0.001))
            except TimeoutError:
                if answer.strip():
                    raise DeviceFault(FaultKind.UNKNOWN_REPLY, f"it said {answer[:100]!r}") from None
                raise
        return answer

    @contextmanager
    def _as_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _fault(error) from error


def _fault(error: OSError) -> DeviceFault:
    said = error.strerror or str(error) or type(error).__name__
    if error.errno in (errno.EACCES, errno.EPERM, errno.ENOSYS):
        return DeviceFault(FaultKind.OPERATOR_ACTION, f"{said}; `burnish doctor` says what to do")
    if error.errno == errno.EBUSY:
        return DeviceFault(FaultKind.DEVICE_BUSY, said)
    return DeviceFault(FaultKind.DEVICE_OFFLINE, f"{said}: is it switched on and connected?")
