"""The doctor names what is missing."""

import socket
from pathlib import Path

import pytest
from burnish.contracts.check import Level, well
from burnish.testing.usb import UsbUnit, bus
from burnish_printer_zebra import doctor


def unit(*ports: int, vendor: int = 0x0A5F, of_class: int = 7) -> UsbUnit:
    return UsbUnit(vendor, 0x0166, lambda data: (), ports=ports, interface_class=of_class)


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """The node of one device on bus 1."""
    (tmp_path / "001").mkdir()
    (tmp_path / "001" / "001").touch()
    return tmp_path


def test_no_printer_is_no_error_where_none_is_configured() -> None:
    assert [finding.level for finding in doctor.look([], bus())] == [Level.OK]
    [finding] = doctor.look([{"usb": "only"}], bus())
    assert (finding.level, finding.text) == (Level.FAIL, "no label printer is connected by USB")


def test_a_printer_is_named_by_its_port(nodes: Path) -> None:
    found = list(doctor.look([{"usb": "only"}], bus(unit(1, 3)), nodes))
    assert found == [well("zebra", "label printer at USB port 1-1.3")]


def test_what_is_no_printer_of_that_vendor_is_left_alone(nodes: Path) -> None:
    others = bus(unit(1, vendor=0x04F9), unit(2, of_class=3))
    assert [finding.level for finding in doctor.look([{"usb": "only"}], others, nodes)] == [Level.FAIL]
    [found] = doctor.look([{"usb": "only", "vendor": 0}], others, nodes)
    assert found == well("zebra", "label printer at USB port 1-1")


def test_no_permission_comes_with_the_rule(tmp_path: Path) -> None:
    [finding] = doctor.look([{"usb": "only"}], bus(unit(2)), tmp_path)
    assert finding.level is Level.FAIL
    assert "1-2: no permission" in finding.text
    assert 'ATTR{idVendor}=="0a5f"' in finding.advice


def test_a_port_that_is_missing_or_forbidden_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [finding] = doctor.look([{"serial": "/dev/no-such-port"}])
    assert (finding.level, finding.text) == (Level.FAIL, "there is no port /dev/no-such-port")
    node = tmp_path / "ttyUSB0"
    node.touch()
    [finding] = doctor.look([{"serial": str(node)}])
    assert finding.level is Level.OK
    monkeypatch.setattr("os.access", lambda *_: False)
    [finding] = doctor.look([{"serial": str(node)}])
    assert (finding.level, "dialout" in finding.advice) == (Level.FAIL, True)


def test_a_name_that_leads_nowhere_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    [finding] = doctor.look([{"host": "127.0.0.1"}])
    assert finding.level is Level.OK

    def nowhere(*_: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", nowhere)
    [finding] = doctor.look([{"host": "no-such-printer"}])
    assert (finding.level, "no-such-printer" in finding.text) == (Level.FAIL, True)


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for backend in ("libusb1", "libusb0", "openusb"):
        monkeypatch.setattr(f"usb.backend.{backend}.get_backend", lambda *_, **__: None)
    [finding] = doctor.look([])
    assert (finding.level, finding.advice) == (Level.FAIL, "apt install libusb-1.0-0")
    assert "libusb is not installed" in finding.text
