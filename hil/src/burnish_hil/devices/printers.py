"""Label printers on a wire: the protocol simulators of the printer plugins, on USB/IP.

A printer is of the USB class of printers, bidirectional, so that the guest's kernel takes it with usblp as it
does on a desk, before a driver does.
"""

from typing import Any, Final

import usbip  # type: ignore[import-untyped]
from burnish_printer_zebra.simulator import Zebra

_ID: Final = b"MANUFACTURER:Zebra Technologies;COMMAND SET:ZPL;MODEL:emulated;CLASS:PRINTER;"
_GET_DEVICE_ID, _GET_PORT_STATUS, _SOFT_RESET = 0, 1, 2
_ANSWERS: Final = {
    _GET_DEVICE_ID: (len(_ID) + 2).to_bytes(2, "big") + _ID,
    _GET_PORT_STATUS: b"\x18",  # selected, no error
    _SOFT_RESET: b"",
}
"""What usblp asks. (USB Device Class Definition for Printing Devices 1.1, 4.2)"""


def usb_printer(zebra: Zebra, serial: str) -> Any:
    """The USB device that this printer is: a usbip.USBDevice for a `Cable`."""
    device = usbip.USBDevice(0x0A5F, 0x0166, manufacturer="Zebra", product="ZPL (emulated)", serial=serial)
    device.set_speed(usbip.SPEED_HIGH)
    device.add(_Printer(zebra))
    return device


class _Printer(usbip.Interface):  # type: ignore[misc]
    """The one interface of the device. Names are those of `usbip`."""

    bInterfaceClass = 7  # noqa: N815
    bInterfaceSubClass = 1  # noqa: N815
    bInterfaceProtocol = 2  # noqa: N815
    in_ep = usbip.In(0x82, "bulk", mps=512)
    out_ep = usbip.Out(0x01, "bulk", mps=512)

    def __init__(self, zebra: Zebra) -> None:
        super().__init__()
        self._zebra = zebra

    def on_control(self, setup: Any, data: bytes = b"") -> bytes:
        """What usblp asks."""
        if setup.bRequest not in _ANSWERS:
            raise usbip.Stall
        return _ANSWERS[setup.bRequest]

    def on_out(self, ep: Any, data: bytes) -> None:
        """Bytes of any length; an answer where they end a question."""
        if said := self._zebra.answer(bytes(data)):
            self.in_ep.write(said)
