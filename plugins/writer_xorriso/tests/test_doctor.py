"""What a doctor says of programs and drives."""

import os
from pathlib import Path

import pytest
from burnish.contracts.check import Finding, Level
from burnish_writer_xorriso import burnish_checks
from burnish_writer_xorriso.doctor import find_drives, look


def program(folder: Path, says: str = "xorriso version   :  1.5.4") -> str:
    path = folder / "xorriso"
    path.write_text(f"#!/bin/sh\necho '{says}'\n", "utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def machine(tmp_path: Path) -> tuple[Path, Path]:
    """A /dev and a /sys/block with one drive."""
    dev, sys_block = tmp_path / "dev", tmp_path / "sys"
    by_id, device = dev / "disk" / "by-id", sys_block / "sr0" / "device"
    by_id.mkdir(parents=True)
    device.mkdir(parents=True)
    (dev / "sr0").touch()
    (device / "vendor").write_text("ACME    \n", "ascii")
    (device / "model").write_text("BURNER  9\n", "ascii")
    (by_id / "usb-ACME_BURNER").symlink_to(dev / "sr0")
    return dev, sys_block


def levels(findings: list[Finding]) -> list[Level]:
    return [finding.level for finding in findings]


def test_it_is_offered() -> None:
    (spec,) = burnish_checks()
    assert spec.name == "xorriso"
    assert list(spec.look([]))


def test_a_drive_is_found_with_the_name_that_lasts(machine: tuple[Path, Path]) -> None:
    dev, sys_block = machine
    (found,) = find_drives(dev, sys_block)
    assert found.node == dev / "sr0"
    assert found.name == dev / "disk" / "by-id" / "usb-ACME_BURNER"
    assert str(found.unit) == "ACME BURNER 9"


def test_a_machine_without_drives_has_nothing_to_mend(tmp_path: Path) -> None:
    (only,) = look([], tmp_path, tmp_path)
    assert only.level is Level.OK


def test_a_configured_drive_that_is_there_is_well(machine: tuple[Path, Path], tmp_path: Path) -> None:
    dev, sys_block = machine
    table = {"device": str(dev / "disk" / "by-id" / "usb-ACME_BURNER"), "program": program(tmp_path)}
    said = list(look([table], dev, sys_block))
    assert levels(said) == [Level.OK, Level.OK]
    assert "xorriso 1.5.4" in said[0].text
    assert said[1].text == f"{dev / 'sr0'}, ACME BURNER 9"


def test_a_drive_that_nobody_configured_is_shown(machine: tuple[Path, Path], tmp_path: Path) -> None:
    dev, sys_block = machine
    table = {"device": f"stdio:{tmp_path / 'disc'}", "program": program(tmp_path)}
    *_, last = look([table], dev, sys_block)
    assert last.level is Level.OK
    assert f'device = "{dev / "disk" / "by-id" / "usb-ACME_BURNER"}"' in last.text


def test_a_drive_without_permission_says_the_group(
    machine: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    *_, last = look([{"device": str(machine[0] / "sr0")}], *machine)
    assert last.level is Level.FAIL
    assert f"usermod -aG {(machine[0] / 'sr0').group()} " in last.advice


def test_a_drive_without_a_node_is_not_usable(machine: tuple[Path, Path]) -> None:
    (machine[0] / "sr0").unlink()
    *_, last = look([], *machine)
    assert last.level is Level.FAIL
    assert "no node" in last.text


@pytest.mark.parametrize(
    ("device", "words"),
    [("/no/such/sr9", "is not there"), ("stdio:/no/such/disc", "no folder /no/such")],
)
def test_a_configured_device_that_is_missing_fails(tmp_path: Path, device: str, words: str) -> None:
    *_, last = look([{"device": device, "program": program(tmp_path)}], tmp_path, tmp_path)
    assert last.level is Level.FAIL
    assert words in last.text


@pytest.mark.parametrize(
    ("says", "words"), [("xorriso 1.2.0 : RockRidge", "1.2.0"), ("hello", "does not say")]
)
def test_a_program_that_is_no_good_is_named(tmp_path: Path, says: str, words: str) -> None:
    first, *_ = look([{"device": "stdio:/disc", "program": program(tmp_path, says)}], tmp_path, tmp_path)
    assert first.level is Level.WARN
    assert words in first.text


def test_a_missing_program_says_what_to_install(tmp_path: Path) -> None:
    first, *_ = look([{"device": "stdio:/disc", "program": "/no/xorriso"}], tmp_path, tmp_path)
    assert first == Finding("xorriso", Level.FAIL, "/no/xorriso is not installed", "apt install xorriso")


@pytest.mark.judge("xorriso")
def test_the_xorriso_of_this_machine_is_good(tmp_path: Path) -> None:
    first, *_ = look([{"device": "stdio:/disc"}], tmp_path, tmp_path)
    assert first.level is Level.OK, first
