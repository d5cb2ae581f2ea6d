"""The emulated recorder, command by command, without a cable."""

from pathlib import Path

import pytest
from burnish_hil.devices.mmc import BLOCK, Disc, Drive, Faults, Kind, Unanswered
from burnish_hil.devices.mmc.senses import (
    MEDIUM_CHANGED,
    NO_MEDIUM_TRAY_OUT,
    NOT_NEXT_WRITABLE,
    POWER_ON,
    REMOVAL_PREVENTED,
    WRITE_ERROR,
    Sense,
)

TEST_UNIT_READY, OPEN, CLOSE = bytes(6), bytes([0x1B, 0, 0, 0, 2, 0]), bytes([0x1B, 0, 0, 0, 3, 0])
READ_DISC_INFORMATION = bytes([0x51, 0, 0, 0, 0, 0, 0, 0, 34, 0])
WRITE_ONCE = [Kind.CD_R, Kind.DVD_R, Kind.DVD_PLUS_R, Kind.BD_R]


@pytest.fixture
def disc(tmp_path: Path) -> Disc:
    return Disc(Kind.DVD_PLUS_R, tmp_path / "disc", blocks=1000)


@pytest.fixture
def drive(disc: Disc) -> Drive:
    drive = Drive(disc)
    assert drive.execute(TEST_UNIT_READY).sense == POWER_ON
    return drive


def write(drive: Drive, block: int, data: bytes) -> Sense:
    cdb = bytes([0x2A, 0, *block.to_bytes(4, "big"), 0, *(len(data) // BLOCK).to_bytes(2, "big"), 0])
    return drive.execute(cdb, data).sense


def read(drive: Drive, block: int, count: int) -> bytes:
    return drive.execute(bytes([0x28, 0, *block.to_bytes(4, "big"), 0, 0, count, 0])).data


def close(drive: Drive, what: int) -> Sense:
    return drive.execute(bytes([0x5B, 0, what, 0, 0, 0, 0, 0, 0, 0])).sense


def status(drive: Drive) -> int:
    """0 blank, 1 appendable, 2 complete."""
    return drive.execute(READ_DISC_INFORMATION).data[2] & 3


def test_what_is_written_is_read(drive: Drive) -> None:
    assert write(drive, 0, b"a" * BLOCK) == write(drive, 1, b"b" * BLOCK) == (0, 0, 0)
    assert read(drive, 0, 2) == b"a" * BLOCK + b"b" * BLOCK


def test_a_sequential_disc_is_written_in_order(drive: Drive) -> None:
    assert write(drive, 5, bytes(BLOCK)) == NOT_NEXT_WRITABLE


@pytest.mark.parametrize("kind", WRITE_ONCE)
def test_a_disc_goes_from_blank_to_appendable_to_complete(tmp_path: Path, kind: Kind) -> None:
    drive = Drive(Disc(kind, tmp_path / "d"), attention=[])
    assert status(drive) == 0
    write(drive, 0, bytes(BLOCK))
    assert status(drive) == 1
    close(drive, 1)
    assert status(drive) == 1
    close(drive, 6)
    assert status(drive) == 2


@pytest.mark.parametrize("kind", WRITE_ONCE)
def test_a_disc_whose_first_block_failed_is_not_blank(tmp_path: Path, kind: Kind) -> None:
    drive = Drive(Disc(kind, tmp_path / "d"), attention=[], faults=Faults(write_error_at=0))
    assert write(drive, 0, bytes(BLOCK)) == WRITE_ERROR
    assert status(drive) == 1


def test_a_dvd_r_that_was_reserved_closes_itself(tmp_path: Path) -> None:
    drive = Drive(Disc(Kind.DVD_R, tmp_path / "d"), attention=[], session_at_once=True)
    drive.execute(bytes([0x53, 0, 0, 0, 0, 0, 0, 0, 2, 0]))
    write(drive, 0, bytes(BLOCK))
    drive.execute(bytes([0x35, *bytes(9)]))
    assert status(drive) == 1
    write(drive, 1, bytes(BLOCK))
    drive.execute(bytes([0x35, *bytes(9)]))
    assert status(drive) == 2


def test_blocks_before_a_bad_one_are_on_the_disc(drive: Drive, disc: Disc) -> None:
    drive.faults.write_error_at = 2
    assert write(drive, 0, b"x" * 4 * BLOCK) == WRITE_ERROR
    assert disc.content() == b"x" * 2 * BLOCK


def test_a_host_is_told_that_the_disc_was_changed(drive: Drive, tmp_path: Path) -> None:
    drive.insert(Disc(Kind.CD_R, tmp_path / "other"))
    assert drive.execute(TEST_UNIT_READY).sense == MEDIUM_CHANGED
    assert drive.execute(TEST_UNIT_READY).status == 0


def test_a_locked_tray_stays_in(drive: Drive) -> None:
    drive.execute(bytes([0x1E, 0, 0, 0, 1, 0]))
    assert drive.execute(OPEN).sense == REMOVAL_PREVENTED
    drive.press_button()
    assert not drive.tray_open


def test_a_disc_in_an_open_tray_is_not_seen(drive: Drive) -> None:
    drive.execute(OPEN)
    assert drive.execute(TEST_UNIT_READY).sense == NO_MEDIUM_TRAY_OUT
    drive.execute(CLOSE)
    assert drive.execute(TEST_UNIT_READY).sense == MEDIUM_CHANGED


def test_a_silent_drive_answers_nothing_until_it_is_switched_off_and_on(drive: Drive) -> None:
    drive.faults.silent_at = 1
    with pytest.raises(Unanswered):
        write(drive, 0, bytes(2 * BLOCK))
    with pytest.raises(Unanswered):
        drive.execute(TEST_UNIT_READY)
    drive.switch_off_and_on()
    assert drive.execute(TEST_UNIT_READY).sense == POWER_ON
