"""Commands that write blocks, and that close what was written."""

import time
from collections.abc import Mapping
from typing import Final

from burnish_hil.devices.mmc.commands import Command
from burnish_hil.devices.mmc.discs import Disc
from burnish_hil.devices.mmc.faults import Unanswered
from burnish_hil.devices.mmc.kinds import BLOCK, Kind
from burnish_hil.devices.mmc.recorder import Recorder
from burnish_hil.devices.mmc.senses import CALIBRATION_ERROR, CLOSE_ERROR, WRITE_ERROR, Refused
from burnish_hil.devices.mmc.wire import number, signed

_TRACK, _SESSION, _FINALISE_DVD, _FINALISE_BD = 1, 2, 5, 6
"""Close functions. (MMC-6 table 235)"""
_WRITE_PARAMETERS: Final = 0x05
_SESSION_AT_ONCE: Final = 2
_ANOTHER_SESSION: Final = 3


def _write(drive: Recorder, start: int, data: bytes) -> bytes:
    """Write blocks in order; what stands before a block that fails is on the disc."""
    disc = drive.medium()
    count = len(data) // BLOCK
    disc.check_writable(start, count)
    _take_time(drive, len(data))
    bad = drive.faults.write_error_at
    if bad is not None and start <= bad < start + count:
        disc.touched = True
        disc.write(start, data[: (bad - start) * BLOCK])
        raise Refused(WRITE_ERROR)
    disc.write(start, data)
    _notice(drive, start, start + count)
    return b""


def _take_time(drive: Recorder, size: int) -> None:
    if drive.faults.bytes_per_second:
        time.sleep(size / drive.faults.bytes_per_second)


def _notice(drive: Recorder, start: int, end: int) -> None:
    """Whoever waits for a block is told; the block may be the drive's last."""
    faults = drive.faults
    if faults.signal_at is not None and start <= faults.signal_at < end:
        faults.reached.set()
    if faults.silent_at is not None and start <= faults.silent_at < end:
        faults.silent = True
        raise Unanswered


def _write_10(drive: Recorder, cdb: bytes, data: bytes) -> bytes:
    return _write(drive, signed(cdb[2:6]), data)


def _write_12(drive: Recorder, cdb: bytes, data: bytes) -> bytes:
    return _write(drive, signed(cdb[2:6]), data)


def _synchronize_cache(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    """A disc written at once is closed by the drive when the last block is on it."""
    disc = drive.loaded()
    if disc is not None and drive.session_at_once and _closes_itself(disc):
        _close(drive, disc, final=not drive.multi_session)
    return b""


def _closes_itself(disc: Disc) -> bool:
    """A CD after its cue sheet, a DVD-R after all that was reserved."""
    if disc.kind is Kind.DVD_R:
        return 0 < disc.reserved <= disc.next_writable - disc.track_start
    return disc.is_cd and disc.open_track_begun


def _close(drive: Recorder, disc: Disc, *, final: bool) -> None:
    if drive.faults.close_fails:
        raise Refused(CLOSE_ERROR)
    disc.close_session(final=final)


def _close_track_session(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    disc, wanted = drive.medium(), cdb[2] & 7
    if drive.faults.close_fails:
        raise Refused(CLOSE_ERROR)
    if disc.overwriteable:
        return b""
    if wanted == _TRACK:
        disc.close_track()
    elif wanted == _SESSION:
        disc.close_session(final=disc.kind in (Kind.CD_R, Kind.DVD_R) and not drive.multi_session)
    elif wanted in (_FINALISE_DVD, _FINALISE_BD):
        disc.close_session(final=True)
    return b""


def _reserve_track(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    drive.medium().reserved = number(cdb[5:9])
    return b""


def _send_opc(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    drive.medium()
    if drive.faults.calibration_fails:
        raise Refused(CALIBRATION_ERROR)
    return b""


def _mode_select(drive: Recorder, _cdb: bytes, data: bytes) -> bytes:
    """Only the page of write parameters is kept. (MMC-6 7.5)"""
    page = data[8 + number(data[6:8]) :]
    if page and page[0] & 0x3F == _WRITE_PARAMETERS:
        drive.session_at_once = page[2] & 0xF == _SESSION_AT_ONCE
        drive.multi_session = page[3] >> 6 == _ANOTHER_SESSION
    return b""


def _send_cue_sheet(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    drive.session_at_once = True
    return b""


def _set_speed(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    drive.speed = number(cdb[4:6])
    return b""


def _set_streaming(drive: Recorder, _cdb: bytes, data: bytes) -> bytes:
    """The performance descriptor's write size, in kB, per its write time, in ms. (MMC-6 table 597)"""
    drive.speed = number(data[20:24]) * 1000 // (number(data[24:28]) or 1000)
    return b""


def _nothing_to_do(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    drive.medium()
    return b""


COMMANDS: Final[Mapping[int, Command]] = {
    0x04: Command(_nothing_to_do),  # FORMAT UNIT
    0x2A: Command(_write_10),
    0x2E: Command(_write_10),  # WRITE AND VERIFY
    0x35: Command(_synchronize_cache),
    0x53: Command(_reserve_track),
    0x54: Command(_send_opc),
    0x55: Command(_mode_select),
    0x5B: Command(_close_track_session),
    0x5D: Command(_send_cue_sheet),
    0xAA: Command(_write_12),
    0xB6: Command(_set_streaming),
    0xBB: Command(_set_speed),
}
