"""The simulated bus, asked by the real pyusb."""

from collections.abc import Iterator
from typing import Any

import pytest
import usb.core
import usb.util
from burnish.testing.usb import IN, OUT, UsbUnit, bus


@pytest.fixture
def unit() -> UsbUnit:
    return UsbUnit(0x1234, 0x5678, lambda data: [b"", data[::-1]], bus=2, ports=(1, 3))


@pytest.fixture
def device(unit: UsbUnit) -> Iterator[Any]:
    found = usb.core.find(idVendor=0x1234, idProduct=0x5678, backend=bus(unit))
    yield found
    usb.util.dispose_resources(found)


def test_a_device_is_found_with_its_place_and_endpoints(device: Any) -> None:
    assert (device.bus, tuple(device.port_numbers)) == (2, (1, 3))
    interface = device.get_active_configuration()[(0, 0)]
    assert [end.bEndpointAddress for end in interface] == [OUT, IN]


def test_answers_wait_for_whoever_reads(device: Any, unit: UsbUnit) -> None:
    device.write(OUT, b"abc")
    usb.util.dispose_resources(device)
    again = usb.core.find(backend=bus(unit))
    assert [bytes(again.read(IN, 64)), bytes(again.read(IN, 64))] == [b"", b"cba"]
    with pytest.raises(usb.core.USBTimeoutError):
        again.read(IN, 64)
    usb.util.dispose_resources(again)


def test_a_reset_forgets_what_was_said(device: Any, unit: UsbUnit) -> None:
    device.write(OUT, b"abc")
    device.reset()
    assert unit.resets == 1
    with pytest.raises(usb.core.USBTimeoutError):
        device.read(IN, 64)


@pytest.mark.parametrize(("spoil", "number"), [({"plugged": False}, 19), ({"forbidden": True}, 13)])
def test_what_the_system_refuses_has_its_number(
    device: Any, unit: UsbUnit, spoil: dict[str, bool], number: int
) -> None:
    for name, value in spoil.items():
        setattr(unit, name, value)
    with pytest.raises(usb.core.USBError) as caught:
        device.write(OUT, b"abc")
    assert caught.value.errno == number


def test_an_interface_is_one_process_s(device: Any, unit: UsbUnit) -> None:
    usb.util.claim_interface(device, 0)
    other = usb.core.find(backend=bus(unit))
    with pytest.raises(usb.core.USBError) as caught:
        usb.util.claim_interface(other, 0)
    assert caught.value.errno == 16
    usb.util.dispose_resources(device)
    usb.util.claim_interface(other, 0)
    usb.util.dispose_resources(other)


def test_a_device_says_its_serial_number_where_it_has_one(unit: UsbUnit) -> None:
    assert usb.core.find(backend=bus(unit)).serial_number is None
    unit.serial = "A1B2"
    found = usb.core.find(backend=bus(unit))
    assert found.serial_number == "A1B2"
    usb.util.dispose_resources(found)


def test_the_kernel_s_driver_is_to_be_sent_away_and_may_come_back(unit: UsbUnit) -> None:
    unit.held_by_kernel = True
    found = usb.core.find(backend=bus(unit))
    assert found.is_kernel_driver_active(0)
    with pytest.raises(usb.core.USBError) as caught:
        usb.util.claim_interface(found, 0)
    assert caught.value.errno == 16
    found.detach_kernel_driver(0)
    usb.util.claim_interface(found, 0)
    with pytest.raises(usb.core.USBError) as caught:
        found.attach_kernel_driver(0)
    assert caught.value.errno == 16
    usb.util.release_interface(found, 0)
    found.attach_kernel_driver(0)
    assert unit.held_by_kernel
    usb.util.dispose_resources(found)
