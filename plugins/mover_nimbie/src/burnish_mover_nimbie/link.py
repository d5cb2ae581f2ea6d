"""Messages to and from a Nimbie over USB. Only this knows pyusb, which is loaded when a link is opened.

Errors are OSError as the system numbers them (EBUSY: another process has it; EACCES: no permission; ENODEV:
it is gone), TimeoutError where nothing came.
"""

import errno
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Protocol

from burnish_mover_nimbie.words import PACKET, PRODUCT, VENDOR

_WRITE_TIMEOUT: Final = 5.0


class Link(Protocol):
    """What the driver talks through."""

    def send(self, packet: bytes) -> None:
        """Send one command."""

    def receive(self, *, timeout: float) -> bytes:
        """Return the next transfer, which may be empty. Raises TimeoutError."""

    def reset(self) -> None:
        """Have the device start afresh, with nothing left to say."""

    def close(self) -> None:
        """Give it back."""


class UsbLink:
    """The Nimbie at a port path, or the only one there is."""

    def __init__(self, place: str = "", backend: Any = None, absent: float = 5.0) -> None:
        """`backend`: pyusb's, for tests; absent: libusb. `absent`: seconds that a reset keeps it off the bus.

        Raises OSError.
        """
        self._place = place
        self._backend = backend
        self._absent = absent
        self._open()

    def send(self, packet: bytes) -> None:
        """Send one command."""
        with _os_errors():
            self._out.write(packet, _milliseconds(_WRITE_TIMEOUT))

    def receive(self, *, timeout: float) -> bytes:
        """Return the next transfer."""
        with _os_errors():
            return bytes(self._in.read(PACKET, _milliseconds(timeout)))

    def reset(self) -> None:
        """Reset the device and find it again: what counts is that it comes back, not what a reset returns."""
        with suppress(OSError):
            self._device.reset()
        self.close()
        deadline = time.monotonic() + self._absent
        while True:
            try:
                return self._open()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def close(self) -> None:
        """Give the interface back."""
        from usb.util import dispose_resources  # type: ignore[import-untyped]

        dispose_resources(self._device)

    def _open(self) -> None:
        from usb.util import claim_interface

        self._device = find(self._place, self._backend)
        try:
            with _os_errors():
                interface = self._device.get_active_configuration()[(0, 0)]
                claim_interface(self._device, interface)
            endpoints = {bool(end.bEndpointAddress & 0x80): end for end in interface}
            self._out, self._in = endpoints[False], endpoints[True]
        except BaseException:
            self.close()
            raise


def find(place: str = "", backend: Any = None) -> Any:
    """Return the pyusb device. Raises OSError ENODEV: there is none, or no place says which of several."""
    units = {place_of(unit): unit for unit in every(backend)}
    if place in units:
        return units[place]
    if not place and len(units) == 1:
        return next(iter(units.values()))
    there = f"there are Nimbies at {', '.join(units)}" if units else "there is no Nimbie on any USB port"
    wanted = f"not at {place}" if place else "and `place` does not say which"
    raise OSError(errno.ENODEV, f"{there}, {wanted}" if units else there)


def every(backend: Any = None) -> list[Any]:
    """Every Nimbie on the bus. Raises OSError ENOSYS where libusb is missing."""
    import usb.core  # type: ignore[import-untyped]

    try:
        with _os_errors():
            return list(usb.core.find(find_all=True, idVendor=VENDOR, idProduct=PRODUCT, backend=backend))
    except usb.core.NoBackendError as error:
        raise OSError(errno.ENOSYS, "libusb is not installed: apt install libusb-1.0-0") from error


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
