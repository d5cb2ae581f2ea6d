"""The doctor names what is missing."""

from pathlib import Path

import pytest
from burnish.testing.usb import UsbUnit, bus
from burnish_mover_nimbie import doctor
from burnish_mover_nimbie.words import PRODUCT, VENDOR


def unit(*ports: int) -> UsbUnit:
    return UsbUnit(VENDOR, PRODUCT, lambda data: (), ports=ports)


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """The nodes of two devices on bus 1."""
    (tmp_path / "001").mkdir()
    for address in ("001", "002"):
        (tmp_path / "001" / address).touch()
    return tmp_path


def test_no_robot_is_no_error() -> None:
    [(level, text, _)] = doctor.findings(bus())
    assert (level, text) == ("note", "no Nimbie is connected")


def test_a_robot_is_named_by_its_port(nodes: Path) -> None:
    assert list(doctor.findings(bus(unit(1, 3)), nodes)) == [("ok", "Nimbie at USB port 1-1.3", "")]


def test_no_permission_comes_with_the_rule(tmp_path: Path) -> None:
    [(level, text, advice)] = doctor.findings(bus(unit(2)), tmp_path)
    assert level == "error"
    assert "1-2: no permission" in text
    assert 'ATTR{idVendor}=="1723", ATTR{idProduct}=="0945"' in advice


def test_two_robots_need_places(nodes: Path) -> None:
    *there, (level, _, advice) = doctor.findings(bus(unit(1), unit(2)), nodes)
    assert [finding[0] for finding in there] == ["ok", "ok"]
    assert level == "note"
    assert "1-1, 1-2" in advice


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda *_, **__: None)
    monkeypatch.setattr("usb.backend.libusb0.get_backend", lambda *_, **__: None)
    monkeypatch.setattr("usb.backend.openusb.get_backend", lambda *_, **__: None)
    [(level, text, advice)] = doctor.findings()
    assert (level, advice) == ("error", "apt install libusb-1.0-0")
    assert "libusb is not installed" in text
