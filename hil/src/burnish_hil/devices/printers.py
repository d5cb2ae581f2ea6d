"""Label printers on a wire: the ZPL simulator of its plugin, as a USB printer on USB/IP."""

from typing import Any

import usbip  # type: ignore[import-untyped]
from burnish_printer_zebra.line import VENDOR
from burnish_printer_zebra.simulator import Zebra

_GET_DEVICE_ID, _GET_PORT_STATUS = 0, 1
_ID = b"MFG:Zebra;MDL:emulated;CMD:ZPL;CLS:PRINTER;"


def usb_printer(zebra: Zebra) -> Any:
    """The USB device that this printer is: a usbip.USBDevice for a `Cable`."""
    device = usbip.USBDevice(VENDOR, 0x0120, manufacturer="Zebra", product="ZPL printer (emulated)")
    device.set_speed(usbip.SPEED_FULL)
    device.add(_Printer(zebra))
    return device


class _Printer(usbip.Interface):  # type: ignore[misc]
    """The one interface of the device. Names are those of `usbip`."""

    bInterfaceClass = 7  # noqa: N815
    bInterfaceSubClass = 1  # noqa: N815
    bInterfaceProtocol = 2  # noqa: N815
    in_ep = usbip.In(0x81, "bulk", mps=64)
    out_ep = usbip.Out(0x02, "bulk", mps=64)

    def __init__(self, zebra: Zebra) -> None:
        super().__init__()
        self._zebra = zebra

    def on_control(self, setup: Any, data: bytes = b"") -> bytes:
        """Requests of the class: GET_DEVICE_ID, GET_PORT_STATUS, SOFT_RESET (USB Printer Class 1.1, 4.2)."""
        if setup.bRequest == _GET_DEVICE_ID:
            return (len(_ID) + 2).to_bytes(2, "big") + _ID
        if setup.bRequest == _GET_PORT_STATUS:
            return b"\x18"  # selected, no error
        return b""

    def on_out(self, ep: Any, data: bytes) -> None:
        """Bytes of a label, or a question."""
        if answer := self._zebra.answer(bytes(data)):
            self.in_ep.write(answer)
