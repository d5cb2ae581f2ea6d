"""Bytes to and from a printer: TCP, serial, USB. pyserial and pyusb are loaded when a link is opened.

Errors are OSError as the system numbers them (EBUSY: another process has it; EACCES: no permission; ENODEV:
it is not there), and Stalled where the printer takes no more.
"""

import errno
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from burnish_printer_zebra.settings import ONLY, PORT_PATH, Settings

AT_ONCE: Final = 4096
"""Bytes that are read at once, at most."""
_PRINTERS: Final = 7
"""The USB class of interfaces."""
_BULK: Final = 2
_AN_INSTANT: Final = 0.001
"""Seconds; zero would be a socket that does not wait, or a USB transfer that waits for ever."""
_DRAIN: Final = 0.02
"""Seconds between two looks at what a serial port has not sent yet."""


class Stalled(Exception):
    """The printer takes no more bytes; what it has not taken was thrown away."""


class Link(Protocol):
    """What the driver talks through."""

    def send(self, data: bytes, *, timeout: float) -> None:
        """Send all of it. Raises Stalled when nothing was taken for `timeout` seconds."""

    def receive(self, *, timeout: float) -> bytes:
        """Return what has come, AT_ONCE at most; nothing where nothing came in time."""

    def close(self) -> None:
        """Give it back."""


def connect(settings: Settings) -> Link:
    """Open the link that the settings name. Raises OSError."""
    if settings.host:
        return TcpLink(settings.host, settings.port, settings.connect_timeout)
    if settings.serial:
        return SerialLink(settings.serial, settings.baud, settings.handshake)
    return UsbLink(settings.usb, settings.vendor)


class TcpLink:
    """A printer in the network."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        """Raises OSError."""
        self._socket = socket.create_connection((host, port), timeout)

    def send(self, data: bytes, *, timeout: float) -> None:
        """Send all of it."""
        view = memoryview(data)
        self._socket.settimeout(timeout)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except TimeoutError as error:
                if error.errno:
                    raise
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                raise Stalled from error

    def receive(self, *, timeout: float) -> bytes:
        """Return what has come."""
        self._socket.settimeout(max(timeout, _AN_INSTANT))
        try:
            data = self._socket.recv(AT_ONCE)
        except TimeoutError as error:
            if error.errno:
                raise
            return b""
        if not data:
            raise OSError(errno.ECONNRESET, "it has closed the connection")
        return data

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


class SerialLink:
    """A printer on a port of the system."""

    def __init__(self, node: str, baud: int, handshake: str) -> None:
        """Take the port for this process alone. Raises OSError."""
        from serial import Serial, SerialException

        try:
            self._port = Serial(
                node,
                baud,
                xonxoff=handshake == "xon/xoff",
                rtscts=handshake == "rts/cts",
                dsrdtr=handshake == "dsr/dtr",
                exclusive=True,
            )
        except SerialException as error:
            number = error.errno or errno.ENODEV
            if number in (errno.EAGAIN, errno.EBUSY):
                raise OSError(errno.EBUSY, f"{node} is in use by another process") from error
            raise OSError(number, str(error)) from error

    def send(self, data: bytes, *, timeout: float) -> None:
        """Send all of it, and wait until it is out of this machine."""
        from serial import SerialTimeoutException

        self._port.write_timeout = timeout
        try:
            self._port.write(data)
            self._drain(timeout)
        except (SerialTimeoutException, Stalled) as error:
            self._port.reset_output_buffer()
            raise Stalled from error

    def receive(self, *, timeout: float) -> bytes:
        """Return what has come."""
        self._port.timeout = timeout
        first: bytes = self._port.read(1)
        return first + self._port.read(min(self._port.in_waiting, AT_ONCE - 1)) if first else b""

    def close(self) -> None:
        """Give the port back."""
        self._port.close()

    def _drain(self, timeout: float) -> None:
        left, since = self._port.out_waiting, time.monotonic()
        while left:
            time.sleep(_DRAIN)
            if (now := self._port.out_waiting) < left:
                left, since = now, time.monotonic()
            elif time.monotonic() - since > timeout:
                raise Stalled


class UsbLink:
    """A printer on USB. A kernel driver that has it is sent away, and called back at the end."""

    def __init__(self, name: str, vendor: int, backend: Any = None) -> None:
        """`backend`: pyusb's, for tests; absent: libusb. Raises OSError."""
        self._detached = False
        self._device = find(name, vendor, backend)
        try:
            with _os_errors():
                self._claim()
        except BaseException:
            self.close()
            raise

    def send(self, data: bytes, *, timeout: float) -> None:
        """Send all of it."""
        view = memoryview(data)
        while view:
            try:
                with _os_errors():
                    view = view[self._out.write(view.tobytes(), _milliseconds(timeout)) :]
            except TimeoutError as error:
                raise Stalled from error

    def receive(self, *, timeout: float) -> bytes:
        """Return one packet."""
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                with _os_errors():
                    data = bytes(self._in.read(self._in.wMaxPacketSize, _milliseconds(left)))
            except TimeoutError:
                return b""
            if data or not left:
                return data

    def close(self) -> None:
        """Give the interface back, to the kernel's driver where that had it."""
        from usb.util import dispose_resources, release_interface  # type: ignore[import-untyped]

        if self._detached:
            with suppress(OSError):
                release_interface(self._device, self._number)
            with suppress(OSError):
                self._device.attach_kernel_driver(self._number)
        dispose_resources(self._device)

    def _claim(self) -> None:
        from usb.util import claim_interface

        interface = talking(self._device)
        self._number: int = interface.bInterfaceNumber
        if _held_by_kernel(self._device, self._number):
            self._device.detach_kernel_driver(self._number)
            self._detached = True
        claim_interface(self._device, self._number)
        if interface.bAlternateSetting:
            interface.set_altsetting()
        self._out, self._in = _ends(interface)


def find(name: str, vendor: int, backend: Any = None) -> Any:
    """Return the pyusb device with this port path or serial number. Raises OSError ENODEV, ENOSYS."""
    units = {place_of(unit): unit for unit in every(vendor, backend)}
    if name == ONLY and len(units) == 1:
        return next(iter(units.values()))
    if PORT_PATH.fullmatch(name) and name in units:
        return units[name]
    for unit in units.values():
        if serial_of(unit) == name:
            return unit
    there = f"there are label printers at {', '.join(units)}" if units else "there is no label printer on USB"
    wanted = "and `usb` does not say which" if name == ONLY else f"none is {name}"
    raise OSError(errno.ENODEV, f"{there}, {wanted}" if units else there)


def every(vendor: int, backend: Any = None) -> list[Any]:
    """Every printer of that vendor (0: of any) that can be asked. Raises OSError ENOSYS without libusb."""
    import usb.core  # type: ignore[import-untyped]

    given = {"idVendor": vendor} if vendor else {}
    try:
        with _os_errors():
            found = usb.core.find(find_all=True, custom_match=_talks, backend=backend, **given)
            return list(found)
    except usb.core.NoBackendError as error:
        raise OSError(errno.ENOSYS, "libusb is not installed: apt install libusb-1.0-0") from error


def talking(device: Any) -> Any:
    """Its interface of the class of printers that both hears and says. Raises OSError ENODEV."""
    for configuration in device:
        for interface in configuration:
            if interface.bInterfaceClass == _PRINTERS and None not in _ends(interface):
                return interface
    raise OSError(errno.ENODEV, "it has no interface of a printer that answers")


def place_of(unit: Any) -> str:
    """The port path as the kernel names it: `1-1.3`; it stays as long as the cable does."""
    return f"{unit.bus}-{'.'.join(map(str, unit.port_numbers or (0,)))}"


def serial_of(unit: Any) -> str:
    """Its serial number; empty where it has none or may not be asked."""
    with suppress(OSError, ValueError):
        return unit.serial_number or ""
    return ""


def _talks(device: Any) -> bool:
    with suppress(OSError):
        return talking(device) is not None
    return False


def _ends(interface: Any) -> tuple[Any, Any]:
    """Its bulk endpoints out and in; None where it has none."""
    bulk = [end for end in interface if end.bmAttributes & 3 == _BULK]
    out = next((end for end in bulk if not end.bEndpointAddress & 0x80), None)
    return out, next((end for end in bulk if end.bEndpointAddress & 0x80), None)


def _held_by_kernel(device: Any, number: int) -> bool:
    """Where the system cannot tell, there is nothing to be sent away."""
    with suppress(NotImplementedError):
        return bool(device.is_kernel_driver_active(number))
    return False


@contextmanager
def _os_errors() -> Iterator[None]:
    """pyusb's errors are OSError already, but for the one that nothing came."""
    from usb.core import USBTimeoutError

    try:
        yield
    except USBTimeoutError as error:
        raise TimeoutError(errno.ETIMEDOUT, "it does not answer") from error


def _milliseconds(seconds: float) -> int:
    return round(max(seconds, _AN_INSTANT) * 1000)
