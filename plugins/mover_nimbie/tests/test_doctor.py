"""The doctor names what is missing."""

from pathlib import Path

import pytest
from burnish.contracts.check import Level, well
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


def test_no_robot_is_no_error_where_none_is_configured() -> None:
    assert [finding.level for finding in doctor.look([], bus())] == [Level.OK]
    [finding] = doctor.look([{}], bus())
    assert (finding.level, finding.text) == (Level.FAIL, "no Nimbie is connected")


def test_a_robot_is_named_by_its_port(nodes: Path) -> None:
    assert list(doctor.look([{}], bus(unit(1, 3)), nodes)) == [well("nimbie", "Nimbie at USB port 1-1.3")]


def test_no_permission_comes_with_the_rule(tmp_path: Path) -> None:
    [finding] = doctor.look([{}], bus(unit(2)), tmp_path)
    assert finding.level is Level.FAIL
    assert "1-2: no permission" in finding.text
    assert 'ATTR{idVendor}=="1723", ATTR{idProduct}=="0945"' in finding.advice


def test_two_robots_need_places(nodes: Path) -> None:
    *there, last = doctor.look([{}], bus(unit(1), unit(2)), nodes)
    assert [finding.level for finding in there] == [Level.OK, Level.OK]
    assert last.level is Level.WARN
    assert "1-1, 1-2" in last.advice


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda *_, **__: None)
    monkeypatch.setattr("usb.backend.libusb0.get_backend", lambda *_, **__: None)
    monkeypatch.setattr("usb.backend.openusb.get_backend", lambda *_, **__: None)
    [finding] = doctor.look([])
    assert (finding.level, finding.advice) == (Level.FAIL, "apt install libusb-1.0-0")
    assert "libusb is not installed" in finding.text
