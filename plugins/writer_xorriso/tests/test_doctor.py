"""What a doctor says of programs and drives."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from burnish.contracts import Unit
from burnish_writer_xorriso.doctor import FoundDrive, find_drives, findings
from burnish_writer_xorriso.scsi import Sense, Transport
from burnish_writer_xorriso.simulator import Bench, SimulatedDrive


def one(trouble: OSError | Sense | None) -> Callable[[], Iterator[FoundDrive]]:
    unit = Unit(vendor="ACME", product="BURNER")
    name = Path("/dev/disk/by-id/usb-ACME")
    return lambda: iter([FoundDrive(Path("/dev/sr7"), name, unit, trouble)])


def program(folder: Path, says: str) -> str:
    path = folder / "xorriso"
    path.write_text(f"#!/bin/sh\necho '{says}'\n", "utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def machine(tmp_path: Path) -> tuple[Path, Path]:
    """A /dev and a /sys/block with one drive that is simulated."""
    bench = Bench.furnish(tmp_path / "dev")
    device = tmp_path / "sys" / "sr0" / "device"
    device.mkdir(parents=True)
    (device / "vendor").write_text("ACME    \n", "ascii")
    (device / "model").write_text("BURNER\n", "ascii")
    by_id = tmp_path / "dev" / "disk" / "by-id"
    by_id.mkdir(parents=True)
    (by_id / "usb-ACME_BURNER").symlink_to(bench.node)
    return tmp_path / "dev", tmp_path / "sys"


def test_a_drive_is_found_with_the_name_that_lasts(machine: tuple[Path, Path]) -> None:
    dev, sys_block = machine
    (found,) = find_drives(dev, sys_block, SimulatedDrive)
    assert found.node == dev / "sr0"
    assert found.name == dev / "disk" / "by-id" / "usb-ACME_BURNER"
    assert (found.unit.product, found.unit.serial) == ("SIMULATED DRIVE", "SIM00001")
    assert found.trouble is None


def test_a_drive_that_may_not_be_asked_is_named_by_the_kernel(machine: tuple[Path, Path]) -> None:
    def refuse(node: Path) -> AbstractContextManager[Transport]:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    (found,) = find_drives(*machine, refuse)
    assert (found.unit.vendor, found.unit.product) == ("ACME", "BURNER")
    assert isinstance(found.trouble, OSError)


def test_a_good_machine_has_nothing_to_mend(tmp_path: Path) -> None:
    said = list(findings(one(None), program(tmp_path, "xorriso version   :  1.5.4")))
    assert [level for level, _, _ in said] == ["ok", "ok"]
    assert "xorriso 1.5.4" in said[0][1]
    assert said[1][1] == "/dev/sr7: ACME BURNER"
    assert 'device = "/dev/disk/by-id/usb-ACME"' in said[1][2]


@pytest.mark.parametrize(
    ("says", "level", "words"),
    [("xorriso 1.2.0 : RockRidge", "warning", "1.2.0"), ("hello", "warning", "does not say")],
)
def test_a_program_that_is_no_good_is_named(tmp_path: Path, says: str, level: str, words: str) -> None:
    first = next(findings(one(None), program(tmp_path, says)))
    assert first[0] == level
    assert words in first[1]


def test_a_missing_program_says_what_to_install() -> None:
    assert next(findings(one(None), "/no/xorriso")) == (
        "error",
        "/no/xorriso is not installed",
        "apt install xorriso",
    )


@pytest.mark.parametrize(
    ("trouble", "level", "words", "advice"),
    [
        (OSError(errno.EACCES, "x"), "error", "no permission", "usermod -aG cdrom"),
        (OSError(errno.EBUSY, "x"), "note", "in use", "mounted"),
        (OSError(errno.ENXIO, "x"), "error", "no node", "--device"),
        (OSError(errno.EIO, "x"), "error", "x", "cable"),
        (Sense(4, 0x3E, 0), "warning", "[4 3E 00]", "off and on"),
    ],
)
def test_trouble_with_a_drive_has_an_advice(
    tmp_path: Path, trouble: OSError | Sense, level: str, words: str, advice: str
) -> None:
    *_, last = findings(one(trouble), program(tmp_path, "xorriso 1.5.4 : x"))
    assert last[0] == level
    assert words in last[1]
    assert advice in last[2]


def test_no_drive_is_worth_a_note(tmp_path: Path) -> None:
    *_, last = findings(lambda: iter(()), program(tmp_path, "xorriso 1.5.4 : x"))
    assert last[0] == "note"


@pytest.mark.judge("xorriso")
def test_the_xorriso_of_this_machine_is_good() -> None:
    first = next(findings(one(None)))
    assert first[0] == "ok", first
