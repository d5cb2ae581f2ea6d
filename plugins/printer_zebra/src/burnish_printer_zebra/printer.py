"""The driver: asks how the printer is, sends one picture, and asks until the label is out.

A printer keeps no record of what it printed, so the driver makes it one label at a time: nothing is sent
while anything stands against it, the end of the format leaves last, and where trouble comes in the middle all
that the printer still holds is thrown away, so that nothing comes out later. What cannot be known is UNKNOWN.
"""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

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
from burnish.errors import Cancelled, DeviceFault, FaultKind

from burnish_printer_zebra.link import Link, Stalled, connect
from burnish_printer_zebra.picture import Picture
from burnish_printer_zebra.settings import Settings
from burnish_printer_zebra.words import (
    CANCEL_ALL,
    DPI,
    END,
    ETX,
    GET_IDENTITY,
    GET_STATUS,
    IDENTITY_STRINGS,
    STATUS_STRINGS,
    Identity,
    Status,
    label,
    unknown,
)

_STEP: Final = 512
"""Bytes between two questions whether to go on: half a second of a slow line."""
_REPLY: Final = 1024
"""Bytes of a reply at most."""
_STALE: Final = 64
"""Times that something may wait to be read where nothing was asked."""
_SLACK: Final = 0.5
"""Millimetres by which sizes of labels may differ and be the same."""
_SLACK_DOTS: Final = 2
"""As much again for how dots are rounded."""
_BUSY: Final = ("cold", "hot", "buffer_full", "formats", "remaining")
"""What passes by itself."""
_KINDS: Final = {
    errno.EBUSY: FaultKind.DEVICE_BUSY,
    errno.EACCES: FaultKind.OPERATOR_ACTION,
    errno.EPERM: FaultKind.OPERATOR_ACTION,
    errno.ENOSYS: FaultKind.OPERATOR_ACTION,
}
"""Any other error of the wire is DEVICE_OFFLINE."""
_LOOK: Final = "look at its door, its ribbon and its labels"


class _Silent(Exception):
    """It does not answer though its line is there."""


class ZebraPrinter(Printer):
    """One printer, with the labels that the settings say are in it."""

    def __init__(self, settings: Settings, connect: Callable[[Settings], Link] = connect) -> None:
        self._settings = settings
        self._connect = connect
        self._known: dict[str, Printed] = {}
        """By the code of a job: what is certain of it, as far as this driver has seen."""

    @property
    def capabilities(self) -> PrinterCapabilities:
        """A person sticks its labels on."""
        return PrinterCapabilities(attaches=False)

    def __enter__(self) -> Self:
        with _faults():
            self._link = self._connect(self._settings)
        self._identity: Identity | None = None
        try:
            with _faults():
                self._forget_what_was_said(self._settings.stale)
        except BaseException:
            self._link.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._link.close()

    def look(self) -> DeviceState:
        """Who it is and what stands against a label. How many labels are left, it cannot tell."""
        settings = self._settings
        try:
            with _faults():
                trouble = self._status().trouble() or self._wrong_head()
                identity = self._who()
        except DeviceFault as fault:
            if fault.kind is not FaultKind.OPERATOR_ACTION:
                raise
            trouble, identity = fault, Identity()
        return DeviceState(
            unit=Unit(product=identity.model, revision=identity.firmware, place=settings.place),
            condition=trouble.kind if trouble else None,
            message=str(trouble) if trouble else "",
        )

    def wanted(self, stock: Stock) -> Wanted:
        """A bitmap in the dots of its head."""
        mine = self._settings
        same = abs(stock.width - mine.width) <= _SLACK and abs(stock.height - mine.height) <= _SLACK
        if stock.kind is not StockKind.STICKER or not same:
            message = (
                f"it has stickers of {mine.width:g} x {mine.height:g} mm in it, "
                f"and this label is a {stock.kind} of {stock.width:g} x {stock.height:g} mm"
            )
            raise DeviceFault(FaultKind.BAD_REQUEST, message)
        return Wanted(form=Form.PBM, dpi=mine.dpi)

    def print(self, job: PrintJob, artwork: Artwork, cancel: Cancel) -> str:
        """Print one label; return when it is out."""
        before = self._known.setdefault(job.code, Printed.NO)
        body = self._format(artwork)
        with _faults():
            self._ready(cancel)
            self._known[job.code] = Printed.UNKNOWN
            try:
                self._send(body, cancel)
            except Cancelled:
                if self._nothing_is_left():
                    self._known[job.code] = before
                raise
            self._come_out(cancel)
        self._known[job.code] = Printed.YES
        return f"label printer {self._settings.place}"

    def examine(self, job: PrintJob) -> Printed:
        """What this driver itself has seen; the printer keeps no record."""
        return self._known.get(job.code, Printed.UNKNOWN)

    # --- steps of a label --------------------------------------------------------------------------------

    def _format(self, artwork: Artwork) -> bytes:
        settings = self._settings
        wanted = self.wanted(artwork.stock)
        if (artwork.form, artwork.dpi) != (wanted.form, wanted.dpi):
            message = f"the label is {artwork.form} of {artwork.dpi} dpi, not {wanted.form} of {wanted.dpi}"
            raise DeviceFault(FaultKind.BAD_REQUEST, message)
        try:
            picture = Picture.parse(artwork.data)
        except ValueError as error:
            raise DeviceFault(FaultKind.BAD_REQUEST, f"the label {error}") from error
        width, height = settings.dots(settings.width), settings.dots(settings.height)
        slack = settings.dots(_SLACK) + _SLACK_DOTS
        if abs(picture.width - width) > slack or abs(picture.height - height) > slack:
            message = f"the label is {picture.width} x {picture.height} dots, not {width} x {height}"
            raise DeviceFault(FaultKind.BAD_REQUEST, message)
        return label(
            picture,
            Picture.to_z64 if settings.coding == "z64" else Picture.to_hex,
            right=settings.dots(settings.offset_x),
            down=settings.dots(settings.offset_y),
            media={"die-cut": "Y", "continuous": "N"}.get(settings.media, ""),
        )

    def _ready(self, cancel: Cancel) -> None:
        """Return when nothing stands against a label. What passes by itself is waited for."""
        deadline = time.monotonic() + self._settings.busy_timeout
        while True:
            cancel.check()
            status = self._status()
            if trouble := status.trouble(but=_BUSY) or self._wrong_head():
                raise trouble
            if status.idle and not status.trouble():
                return
            if time.monotonic() >= deadline:
                self._half(status)
                return
            time.sleep(self._settings.poll)

    def _half(self, status: Status) -> None:
        """Throw away half a format, whose sender has gone. Raises DeviceFault for what else is in the way."""
        if trouble := status.trouble():
            raise trouble
        if not self._nothing_is_left():
            raise DeviceFault(FaultKind.DEVICE_BUSY, "the label printer: somebody else sends it labels")

    def _send(self, body: bytes, cancel: Cancel) -> None:
        """Its end is sent last: whatever happens before, nothing is printed."""
        try:
            for start in range(0, len(body), _STEP):
                cancel.check()
                self._say(body[start : start + _STEP])
            cancel.check()
            self._say(END)
        except BaseException:
            self._throw_away()
            raise

    def _come_out(self, cancel: Cancel) -> None:
        """Return when it has had nothing to do and no trouble for a while."""
        try:
            self._wait(cancel)
        except BaseException:
            self._throw_away()
            raise

    def _wait(self, cancel: Cancel) -> None:
        settings = self._settings
        deadline = time.monotonic() + settings.print_timeout
        idle_since: float | None = None
        while True:
            if cancel:
                cancel.deny("the label is being printed")
            status = self._status()
            if trouble := status.trouble(but=(*_BUSY, "waiting")):
                raise trouble
            now = time.monotonic()
            if not status.idle and now > deadline:
                message = "the label printer does not say that the label is out: look whether it is"
                raise DeviceFault(FaultKind.LABEL_FAILED, message)
            if not status.idle:
                idle_since = None
            elif idle_since is None:
                idle_since = now
            elif now - idle_since >= settings.settle:
                return
            time.sleep(settings.poll)

    def _throw_away(self) -> None:
        """Have nothing come out later. Where that cannot be said any more, nobody knows."""
        with suppress(OSError, Stalled):
            self._link.send(CANCEL_ALL, timeout=1)

    def _nothing_is_left(self) -> bool:
        """Throw away what is in the buffer, and see that it is gone."""
        self._throw_away()
        try:
            return self._status().idle
        except (OSError, Stalled, _Silent, DeviceFault):
            return False

    # --- words -------------------------------------------------------------------------------------------

    def _status(self) -> Status:
        return Status.parse(self._ask(GET_STATUS, STATUS_STRINGS))

    def _who(self) -> Identity:
        """Asked once; a printer that does not know the question is nobody."""
        if self._identity is None:
            try:
                self._identity = Identity.parse(self._ask(GET_IDENTITY, IDENTITY_STRINGS))
            except _Silent:
                self._identity = Identity()
        return self._identity

    def _wrong_head(self) -> DeviceFault | None:
        """A label drawn for another head would come out in another size."""
        dots, dpi = self._who().dots, self._settings.dpi
        if not dots or DPI.get(dots) == dpi:
            return None
        message = f"the label printer has {dots} dots per mm, which are not the {dpi} dpi of its settings"
        return DeviceFault(FaultKind.OPERATOR_ACTION, message)

    def _ask(self, command: bytes, strings: int) -> bytes:
        """Return what it answers, whole or not. Raises _Silent."""
        self._forget_what_was_said(0)
        self._link.send(command, timeout=self._settings.reply_timeout)
        deadline = time.monotonic() + self._settings.reply_timeout
        said = b""
        while said.count(ETX) < strings:
            came = self._link.receive(timeout=max(0.0, deadline - time.monotonic()))
            said += came
            if len(said) > _REPLY:
                raise unknown(said)
            if not came:
                break
        if not said:
            raise _Silent
        return said

    def _say(self, data: bytes) -> None:
        self._link.send(data, timeout=self._settings.send_timeout)

    def _forget_what_was_said(self, timeout: float) -> None:
        """Read what answers an earlier question. Raises DeviceFault where there is no end of it."""
        said = b""
        for _ in range(_STALE):
            said = self._link.receive(timeout=timeout)
            if not said:
                return
        raise unknown(said)


@contextmanager
def _faults() -> Iterator[None]:
    """Turn errors of the wire into the faults that they are."""
    try:
        yield
    except OSError as error:
        kind = _KINDS.get(error.errno or 0, FaultKind.DEVICE_OFFLINE)
        raise DeviceFault(kind, f"the label printer: {error.strerror or error}") from error
    except _Silent as error:
        message = f"the label printer is there and says nothing: {_LOOK}"
        raise DeviceFault(FaultKind.OPERATOR_ACTION, message) from error
    except Stalled as error:
        message = f"the label printer takes no more: {_LOOK}"
        raise DeviceFault(FaultKind.OPERATOR_ACTION, message) from error
