"""Commands of the tray."""

from collections.abc import Mapping
from typing import Final

from burnish_hil.devices.mmc.commands import Command
from burnish_hil.devices.mmc.recorder import Recorder
from burnish_hil.devices.mmc.senses import INVALID_FIELD, REMOVAL_PREVENTED, Refused
from burnish_hil.devices.mmc.wire import be

_OPEN, _CLOSE = 2, 3
_MEDIUM_EVENTS = 0x10


def _test_unit_ready(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    drive.medium()
    return b""


def _start_stop_unit(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    wanted = cdb[4] & 3
    if wanted == _OPEN and drive.locked:
        raise Refused(REMOVAL_PREVENTED)
    if wanted in (_OPEN, _CLOSE):
        drive.move_tray(out=wanted == _OPEN)
    return b""


def _prevent_allow_medium_removal(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    drive.locked = bool(cdb[4] & 1)
    return b""


def _get_event_status(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    """Polled, and of the medium only. (MMC-6 6.6)"""
    if not cdb[1] & 1:
        raise Refused(INVALID_FIELD)
    if not cdb[4] & _MEDIUM_EVENTS:
        return bytes([0, 2, 0x80, _MEDIUM_EVENTS])
    state = drive.tray_open | (drive.loaded() is not None) << 1
    return bytes([0, 6, 4, _MEDIUM_EVENTS, drive.take_event(), state, 0, 0])


def _mechanism_status(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    return bytes([0, drive.tray_open << 4, *be(0, 3), 1, 0, 0])


COMMANDS: Final[Mapping[int, Command]] = {
    0x00: Command(_test_unit_ready),
    0x1B: Command(_start_stop_unit),
    0x1E: Command(_prevent_allow_medium_removal),
    0x4A: Command(_get_event_status, whatever_happened=True),
    0xBD: Command(_mechanism_status),
}
