"""A USB bus made of Python: a backend for pyusb whose devices are functions.

    unit = UsbUnit(0x1723, 0x0945, simulator.answer, ports=(1, 3))
    device = usb.core.find(idVendor=0x1723, idProduct=0x0945, backend=bus(unit))

A device has one configuration with one interface: a bulk OUT endpoint 0x01 and a bulk IN endpoint 0x81. What
is sent to it is answered with transfers, which wait until the host reads them, in whatever process: a host
that died leaves its answers to the next. A device with nothing to say times out at once, so that tests do
not wait.

A driver of the kernel may hold it: who claims it without sending that away is told that it is busy.

Only `bus` needs pyusb, and only when it is called.
"""

import errno
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

OUT: Final = 0x01
IN: Final = 0x81
_BULK: Final = 2
_VENDOR_SPECIFIC: Final = 0xFF


@dataclass
class UsbUnit:
    """A device on the bus."""

    vendor: int
    product: int
    answer: Callable[[bytes], Sequence[bytes]]
    """The IN transfers that an OUT transfer brings about; b"" is a transfer of no bytes."""
    bus: int = 1
    ports: tuple[int, ...] = (1,)
    packet: int = 64
    """Bytes of an IN transfer at most."""
    plugged: bool = True
    forbidden: bool = False
    """Whether opening it is refused, as without a udev rule."""
    interface_class: int = _VENDOR_SPECIFIC
    serial: str = ""
    """Its serial number; empty: it has none."""
    held_by_kernel: bool = False
    """Whether a driver of the kernel has it, such as usblp."""
    waiting: deque[bytes] = field(default_factory=deque)
    """Answers that nobody has read yet."""
    claimed_by: object = None
    resets: int = 0

    def switch_off_and_on(self) -> None:
        """Forget what was said, and who had it."""
        self.waiting.clear()
        self.claimed_by = None


def bus(*units: UsbUnit) -> Any:
    """Return a pyusb backend (`usb.backend.IBackend`) on which these devices are."""
    from usb.backend import IBackend  # type: ignore[import-untyped]

    class Bus(IBackend):  # type: ignore[misc]
        """pyusb asks; the functions below answer. Signatures are IBackend's."""

        def enumerate_devices(self) -> Iterator[UsbUnit]:
            return (unit for unit in units if unit.plugged)

        def get_parent(self, dev: UsbUnit) -> None:
            return None

        def get_device_descriptor(self, dev: UsbUnit) -> SimpleNamespace:
            return _device(dev, 1 + units.index(dev))

        def get_configuration_descriptor(self, dev: UsbUnit, config: int) -> SimpleNamespace:
            return _only(config, _configuration)

        def get_interface_descriptor(self, dev: UsbUnit, intf: int, alt: int, config: int) -> SimpleNamespace:
            return _only(intf or alt or config, lambda: _interface(dev.interface_class))

        def get_endpoint_descriptor(
            self, dev: UsbUnit, ep: int, intf: int, alt: int, config: int
        ) -> SimpleNamespace:
            return _endpoint((OUT, IN)[ep], dev.packet)

        def open_device(self, dev: UsbUnit) -> "_Handle":
            _there(dev)
            if dev.forbidden:
                raise _error(errno.EACCES)
            return _Handle(dev)

        def close_device(self, dev_handle: "_Handle") -> None:
            dev_handle.release()

        def get_configuration(self, dev_handle: "_Handle") -> int:
            return 1

        def set_configuration(self, dev_handle: "_Handle", config_value: int) -> None:
            _there(dev_handle.unit)

        def set_interface_altsetting(self, dev_handle: "_Handle", intf: int, altsetting: int) -> None:
            _there(dev_handle.unit)

        def is_kernel_driver_active(self, dev_handle: "_Handle", intf: int) -> bool:
            _there(dev_handle.unit)
            return dev_handle.unit.held_by_kernel

        def detach_kernel_driver(self, dev_handle: "_Handle", intf: int) -> None:
            _there(dev_handle.unit)
            dev_handle.unit.held_by_kernel = False

        def attach_kernel_driver(self, dev_handle: "_Handle", intf: int) -> None:
            _there(dev_handle.unit)
            if dev_handle.unit.claimed_by:
                raise _error(errno.EBUSY)
            dev_handle.unit.held_by_kernel = True

        def claim_interface(self, dev_handle: "_Handle", intf: int) -> None:
            dev_handle.claim()

        def release_interface(self, dev_handle: "_Handle", intf: int) -> None:
            dev_handle.release()

        def bulk_write(self, dev_handle: "_Handle", ep: int, intf: int, data: Any, timeout: int) -> int:
            return dev_handle.write(bytes(data))

        def bulk_read(self, dev_handle: "_Handle", ep: int, intf: int, buff: Any, timeout: int) -> int:
            transfer = dev_handle.read()
            buff[: len(transfer)] = type(buff)("B", transfer)
            return len(transfer)

        def ctrl_transfer(
            self,
            dev_handle: "_Handle",
            bmRequestType: int,  # noqa: N803
            bRequest: int,  # noqa: N803
            wValue: int,  # noqa: N803
            wIndex: int,  # noqa: N803
            data: Any,
            timeout: int,
        ) -> int:
            text = _string(dev_handle.unit, bmRequestType, bRequest, wValue)
            data[: len(text)] = type(data)("B", text)
            return len(text)

        def clear_halt(self, dev_handle: "_Handle", ep: int) -> None:
            _there(dev_handle.unit)

        def reset_device(self, dev_handle: "_Handle") -> None:
            _there(dev_handle.unit)
            dev_handle.unit.resets += 1
            dev_handle.unit.waiting.clear()

    return Bus()


class _Handle:
    """A device that a process has opened."""

    def __init__(self, unit: UsbUnit) -> None:
        self.unit = unit

    def claim(self) -> None:
        _there(self.unit)
        if self.unit.held_by_kernel or self.unit.claimed_by not in (None, self):
            raise _error(errno.EBUSY)
        self.unit.claimed_by = self

    def release(self) -> None:
        if self.unit.claimed_by is self:
            self.unit.claimed_by = None

    def write(self, data: bytes) -> int:
        _there(self.unit)
        self.unit.waiting.extend(self.unit.answer(data))
        return len(data)

    def read(self) -> bytes:
        _there(self.unit)
        if not self.unit.waiting:
            raise _error(errno.ETIMEDOUT)
        return self.unit.waiting.popleft()


def _there(unit: UsbUnit) -> None:
    if not unit.plugged:
        raise _error(errno.ENODEV)


def _error(number: int) -> OSError:
    """As libusb's backend raises it."""
    from usb.core import USBError, USBTimeoutError  # type: ignore[import-untyped]

    kind = USBTimeoutError if number == errno.ETIMEDOUT else USBError
    error: OSError = kind(os.strerror(number), errno=number)
    return error


def _string(unit: UsbUnit, kind: int, request: int, value: int) -> bytes:
    """The answer to GET_DESCRIPTOR for strings: 0 is which languages there are, 1 the serial number."""
    _there(unit)
    if (kind, request, value >> 8) != (0x80, 6, 3):
        raise _error(errno.EPIPE)
    text = unit.serial.encode("utf-16-le") if value & 0xFF else b"\x09\x04"
    return bytes((len(text) + 2, 3)) + text


def _only(index: int, descriptor: Callable[[], SimpleNamespace]) -> SimpleNamespace:
    """There is one of each; pyusb counts up until IndexError."""
    if index:
        raise IndexError(index)
    return descriptor()


def _device(unit: UsbUnit, address: int) -> SimpleNamespace:
    return SimpleNamespace(
        bLength=18,
        bDescriptorType=1,
        bcdUSB=0x0200,
        bDeviceClass=_VENDOR_SPECIFIC,
        bDeviceSubClass=0,
        bDeviceProtocol=0,
        bMaxPacketSize0=64,
        idVendor=unit.vendor,
        idProduct=unit.product,
        bcdDevice=0x0100,
        iManufacturer=0,
        iProduct=0,
        iSerialNumber=int(bool(unit.serial)),
        bNumConfigurations=1,
        bus=unit.bus,
        address=address,
        port_number=unit.ports[-1],
        port_numbers=unit.ports,
        speed=3,
    )


def _configuration() -> SimpleNamespace:
    return SimpleNamespace(
        bLength=9,
        bDescriptorType=2,
        wTotalLength=32,
        bNumInterfaces=1,
        bConfigurationValue=1,
        iConfiguration=0,
        bmAttributes=0xC0,
        bMaxPower=50,
        extra_descriptors=[],
    )


def _interface(of_class: int) -> SimpleNamespace:
    return SimpleNamespace(
        bLength=9,
        bDescriptorType=4,
        bInterfaceNumber=0,
        bAlternateSetting=0,
        bNumEndpoints=2,
        bInterfaceClass=of_class,
        bInterfaceSubClass=0,
        bInterfaceProtocol=0,
        iInterface=0,
        extra_descriptors=[],
    )


def _endpoint(address: int, packet: int) -> SimpleNamespace:
    return SimpleNamespace(
        bLength=7,
        bDescriptorType=5,
        bEndpointAddress=address,
        bmAttributes=_BULK,
        wMaxPacketSize=packet,
        bInterval=0,
        bRefresh=0,
        bSynchAddress=0,
        extra_descriptors=[],
    )
