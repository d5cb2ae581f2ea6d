"""The three wires to a printer. pyusb and pyserial are loaded when one of theirs is opened.

Errors are OSError as the system numbers them (EBUSY: another process has it; EACCES: no permission; ENODEV,
ECONNREFUSED: it is not there), TimeoutError where nothing came or went in time.
"""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

VENDOR: Final = 0x0A5F
"""Zebra Technologies, in USB."""
_PRINTER: Final = 7
"""Interface class of printers."""
_CHUNK: Final = 4096


class Line(Protocol):
    """What the driver talks through."""

    def write(self, data: bytes) -> None:
        """Send all of it. Raises TimeoutError where the printer takes no more."""

    def read(self, *, timeout: float) -> bytes:
        """Return what comes next, at least a byte. Raises TimeoutError, or ConnectionError at the end."""

    def close(self) -> None:
        """Give the line back."""


class TcpLine:
    """Port 9100 of a printer in the network, which takes one connection at a time."""

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._timeout = timeout

    def write(self, data: bytes) -> None:
        """Send all of it."""
        self._socket.settimeout(self._timeout)
        self._socket.sendall(data)

    def read(self, *, timeout: float) -> bytes:
        """Return what comes next."""
        self._socket.settimeout(max(timeout, 0.001))
        data = self._socket.recv(_CHUNK)
        if not data:
            raise ConnectionResetError(errno.ECONNRESET, "it has closed the connection")
        return data

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class SerialLine:
    """A port of the system."""

    def __init__(self, port: str, baud: int, handshake: str, timeout: float) -> None:
        from serial import Serial, SerialException

        try:
            self._port = Serial(
                port,
                baud,
                rtscts=handshake == "rts/cts",
                xonxoff=handshake == "xon/xoff",
                exclusive=True,
                write_timeout=timeout,
            )
            self._port.reset_input_buffer()
        except SerialException as error:
            number = error.errno or errno.ENODEV
            if number in (errno.EAGAIN, errno.EBUSY):
                raise OSError(errno.EBUSY, f"{port} is in use by another process") from error
            raise OSError(number, str(error)) from error

    def write(self, data: bytes) -> None:
        """Send all of it."""
        from serial import SerialTimeoutException

        try:
            self._port.write(data)
            self._port.flush()
        except SerialTimeoutException as error:
            raise TimeoutError(errno.ETIMEDOUT, "it takes no more") from error

    def read(self, *, timeout: float) -> bytes:
        """Return what comes next."""
        self._port.timeout = timeout
        data = self._port.read(1)
        if not data:
            raise TimeoutError(errno.ETIMEDOUT, "it does not answer")
        return bytes(data + self._port.read(self._port.in_waiting))

    def close(self) -> None:
        """Give the port back."""
        self._port.close()


class UsbLine:
    """A printer on USB, at a port path or the only one there is; usblp is put aside while it is open."""

    def __init__(self, place: str, timeout: float, backend: Any = None) -> None:
        """`backend`: pyusb's, for tests; absent: libusb."""
        from usb.util import claim_interface  # type: ignore[import-untyped]

        self._timeout = timeout
        self._device = find(place, backend)
        self._detached = False
        try:
            with _os_errors():
                self._interface = interface_of(self._device)
                number = self._interface.bInterfaceNumber
                if self._device.is_kernel_driver_active(number):
                    self._device.detach_kernel_driver(number)
                    self._detached = True
                claim_interface(self._device, self._interface)
            ends = {bool(end.bEndpointAddress & 0x80): end for end in self._interface}
            if ends.keys() != {False, True}:
                raise OSError(errno.ENODEV, "it has no way back: a printer that only listens cannot be asked")
            self._out, self._in = ends[False], ends[True]
            self._forget()
        except BaseException:
            self.close()
            raise

    def _forget(self) -> None:
        """Read what a process that died has not read."""
        with suppress(TimeoutError):
            for _ in range(64):
                self.read(timeout=0.02)

    def write(self, data: bytes) -> None:
        """Send all of it."""
        with _os_errors():
            for start in range(0, len(data), _CHUNK):
                self._out.write(data[start : start + _CHUNK], _milliseconds(self._timeout))

    def read(self, *, timeout: float) -> bytes:
        """Return what comes next; a transfer of no bytes is nothing."""
        end = time.monotonic() + timeout
        while True:
            left = max(end - time.monotonic(), 0.001)
            with _os_errors():
                data = bytes(self._in.read(_CHUNK, _milliseconds(left)))
            if data:
                return data
            if time.monotonic() >= end:
                raise TimeoutError(errno.ETIMEDOUT, "it does not answer")

    def close(self) -> None:
        """Give the interface back, and the kernel's driver with it."""
        from usb.util import dispose_resources, release_interface

        with suppress(Exception):
            release_interface(self._device, self._interface)
        if self._detached:
            with suppress(Exception):
                self._device.attach_kernel_driver(self._interface.bInterfaceNumber)
        dispose_resources(self._device)


def find(place: str = "", backend: Any = None) -> Any:
    """Return the pyusb device at a port path, or the only Zebra. Raises OSError ENODEV."""
    units = {place_of(unit): unit for unit in every(backend)}
    if place in units:
        return units[place]
    if not place and len(units) == 1:
        return next(iter(units.values()))
    there = f"there are printers at {', '.join(units)}" if units else "there is no Zebra on any USB port"
    wanted = f"none at {place}" if place else "`usb` has to say which"
    raise OSError(errno.ENODEV, f"{there}; {wanted}" if units else there)


def every(backend: Any = None) -> list[Any]:
    """Every Zebra on the bus that is a printer. Raises OSError ENOSYS where libusb is missing."""
    import usb.core  # type: ignore[import-untyped]

    try:
        with _os_errors():
            units = usb.core.find(find_all=True, idVendor=VENDOR, backend=backend)
            return [unit for unit in units if _is_printer(unit)]
    except usb.core.NoBackendError as error:
        raise OSError(errno.ENOSYS, "libusb is not installed: apt install libusb-1.0-0") from error


def _is_printer(unit: Any) -> bool:
    return any(interface.bInterfaceClass == _PRINTER for configuration in unit for interface in configuration)


def interface_of(unit: Any) -> Any:
    """The interface of a printer that talks back."""
    return next(
        interface for interface in unit.get_active_configuration() if interface.bInterfaceClass == _PRINTER
    )


def place_of(unit: Any) -> str:
    """The port path as the kernel names it: `1-1.3`; it stays as long as the cable does."""
    return f"{unit.bus}-{'.'.join(map(str, unit.port_numbers or (0,)))}"


@contextmanager
def _os_errors() -> Iterator[None]:
    """pyusb's errors are OSError already, but for the one that nothing came."""
    from usb.core import USBTimeoutError

    try:
        yield
    except USBTimeoutError as error:
        raise TimeoutError(errno.ETIMEDOUT, "it does not answer") from error


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
