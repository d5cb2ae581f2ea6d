"""A recorder as USB mass storage, with bulk-only transport. (USB MSC Bulk-Only Transport 1.0)

host -> device   CBW: 'USBC', tag, length, direction, LUN, the command (31 bytes)
either way       the data, if there is any
device -> host   CSW: 'USBS', tag, what is missing of the length, 0 or 1 (13 bytes)
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import usbip  # type: ignore[import-untyped]

from burnish_hil.devices.mmc import Drive, Unanswered
from burnish_hil.devices.mmc.wire import number

_CBW: Final = struct.Struct("<4s4sIBBB16s")
_CSW: Final = struct.Struct("<4s4sIB")
_IN: Final = 0x80
_RESET, _GET_MAX_LUN = 0xFF, 0xFE
_ALLOCATION: Final[Mapping[int, slice]] = {
    0x03: slice(4, 5),
    0x12: slice(3, 5),
    **dict.fromkeys((0x23, 0x43, 0x46, 0x4A, 0x51, 0x52, 0x5A, 0x5C), slice(7, 9)),
    **dict.fromkeys((0xAD, 0xBD), slice(8, 10)),
}
"""Where commands say how much they take."""


def usb_recorder(drive: Drive) -> Any:
    """The USB device that this drive is in: a usbip.USBDevice for a `Cable`."""
    device = usbip.USBDevice(
        0x13FD, 0x0840, manufacturer=drive.vendor, product=drive.product, serial=drive.serial
    )
    device.set_speed(usbip.SPEED_HIGH)
    device.add(_MassStorage(drive))
    return device


@dataclass(slots=True)
class _Sending:
    """A command whose data is on its way from the host."""

    tag: bytes
    length: int
    cdb: bytes
    data: bytearray = field(default_factory=bytearray)


class _MassStorage(usbip.Interface):  # type: ignore[misc]
    """The one interface of the device. Names are those of `usbip`."""

    bInterfaceClass = 8  # noqa: N815
    bInterfaceSubClass = 6  # noqa: N815
    bInterfaceProtocol = 0x50  # noqa: N815
    in_ep = usbip.In(0x82, "bulk", mps=512)
    out_ep = usbip.Out(0x01, "bulk", mps=512)

    def __init__(self, drive: Drive) -> None:
        super().__init__()
        self._drive = drive
        self._sending: _Sending | None = None

    def on_control(self, setup: Any, data: bytes = b"") -> bytes:
        """Get Max LUN and Bulk-Only Mass Storage Reset."""
        if setup.bRequest == _GET_MAX_LUN:
            return b"\0"
        if setup.bRequest == _RESET:
            self._sending = None
            return b""
        raise usbip.Stall

    def on_reset(self) -> None:
        """A host attaches, and knows nothing of the one before."""
        self._sending = None

    def on_out(self, ep: Any, data: bytes) -> None:
        """A command, or data of the one before."""
        if self._sending is not None:
            self._receive(self._sending, data)
        elif len(data) == _CBW.size and data[:4] == b"USBC":
            self._begin(bytes(data))

    def _begin(self, data: bytes) -> None:
        _, tag, length, direction, _, size, block = _CBW.unpack(data)
        cdb = block[: size & 0x1F]
        if length and not direction & _IN:
            self._sending = _Sending(tag, length, cdb)
        else:
            self._answer(tag, length, cdb)

    def _receive(self, sending: _Sending, data: bytes) -> None:
        sending.data += data
        if len(sending.data) >= sending.length:
            self._sending = None
            self._finish(sending)

    def _finish(self, sending: _Sending) -> None:
        try:
            status = self._drive.execute(sending.cdb, bytes(sending.data)).status
        except Unanswered:
            return
        self._report(sending.tag, 0, status)

    def _answer(self, tag: bytes, length: int, cdb: bytes) -> None:
        try:
            reply = self._drive.execute(cdb)
        except Unanswered:
            return
        data = reply.data[: min(length, _allocated(cdb, length))]
        if data:
            self.in_ep.write(data)
        elif length:
            self.in_ep.stall()
        self._report(tag, length - len(data), reply.status)

    def _report(self, tag: bytes, missing: int, status: int) -> None:
        self.in_ep.write(_CSW.pack(b"USBS", tag, missing, 1 if status else 0))


def _allocated(cdb: bytes, length: int) -> int:
    where = _ALLOCATION.get(cdb[0])
    return length if where is None else number(cdb[where])
