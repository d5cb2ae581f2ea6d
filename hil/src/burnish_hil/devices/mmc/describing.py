"""Commands that tell what the drive is, what it can do, and what the disc in it is."""

from collections.abc import Mapping
from typing import Final

from burnish_hil.devices.mmc import features
from burnish_hil.devices.mmc.commands import Command
from burnish_hil.devices.mmc.discs import Disc
from burnish_hil.devices.mmc.kinds import BLOCK, TRAITS, Kind
from burnish_hil.devices.mmc.recorder import Recorder
from burnish_hil.devices.mmc.senses import INVALID_FIELD, Refused
from burnish_hil.devices.mmc.wire import be, msf, number, padded

_CD_DVD_DEVICE: Final = 5
_REMOVABLE: Final = 0x80
_SERIAL_PAGE: Final = 0x80
_BUFFER: Final = 4 << 20
_OPEN_TRACK: Final = 0xFF
_SPEED: Final = 8_467
"""The reading speed in kB/s: 48 times that of a CD."""


def _inquiry(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    """SPC-4 6.6."""
    if not cdb[1] & 1:
        name = padded(drive.vendor, 8) + padded(drive.product, 16) + padded(drive.revision, 4)
        return bytes([_CD_DVD_DEVICE, _REMOVABLE, 5, 0x32, 91, 0, 0, 0]) + name + bytes(60)
    if cdb[2] == 0:
        return bytes([_CD_DVD_DEVICE, 0, 0, 2, 0, _SERIAL_PAGE])
    if cdb[2] == _SERIAL_PAGE:
        return bytes([_CD_DVD_DEVICE, _SERIAL_PAGE, 0, len(drive.serial)]) + drive.serial.encode("ascii")
    raise Refused(INVALID_FIELD)


def _request_sense(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    """Fixed format. (SPC-4 4.5.3)"""
    key, code, qualifier = drive.take_sense()
    return bytes([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, code, qualifier, 0, 0, 0, 0])


def _get_configuration(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    return features.configuration(drive, which=cdb[1] & 3, first=number(cdb[2:4]))


def _read_format_capacities(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    """MMC-6 6.23."""
    disc = drive.loaded()
    blocks = be(disc.blocks if disc else 0, 4)
    formatted = disc is None or disc.overwriteable or disc.tracks
    body = blocks + bytes([2 if formatted else 1]) + be(BLOCK, 3)
    if disc is not None and disc.overwriteable:
        body += blocks + bytes([0x26 << 2 if disc.kind is Kind.DVD_PLUS_RW else 0]) + be(BLOCK, 3)
    return bytes([0, 0, 0, len(body)]) + body


def _read_disc_information(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    """MMC-6 6.21.3."""
    disc = drive.medium()
    last = max(1, len(disc.tracks) + (0 if disc.closed or disc.overwriteable else 1))
    session = max(1, disc.session - disc.closed)
    lead_out = b"\0" + msf(disc.blocks) if disc.is_cd else be(-1, 4)
    kind = 0 if disc.is_cd else 0x20
    body = bytes([_status(disc), 1, session, last, last, kind, *bytes(8), *be(-1, 4)]) + lead_out
    return be(32, 2) + body.ljust(32, b"\0")


def _status(disc: Disc) -> int:
    """Erasable, state of the last session, and of the disc: blank, appendable, complete."""
    if disc.overwriteable:
        return 0x1E
    if disc.closed:
        return 0x0E
    return 0x01 if disc.touched else 0x00


def _read_track_information(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    """By block, track or session. (MMC-6 6.26)"""
    disc, wanted = drive.medium(), number(cdb[2:6])
    if disc.overwriteable:
        return _track(1, 1, 0x04, 0x01, 0x00, start=0, size=disc.blocks)
    track = _find(disc, cdb[1] & 3, wanted)
    if track > len(disc.tracks) + 1 or (track > len(disc.tracks) and disc.closed):
        raise Refused(INVALID_FIELD)
    return _closed_track(disc, track) if track <= len(disc.tracks) else _open_track(disc, track)


def _find(disc: Disc, by: int, wanted: int) -> int:
    following = len(disc.tracks) + 1
    tracks = list(enumerate(disc.tracks, 1))
    if by == 1:
        return following if wanted == _OPEN_TRACK else wanted or 1
    if by == 0:
        return next((n for n, track in tracks if track.start <= wanted < track.end), following)
    return next((n for n, track in tracks if track.session == wanted), following)


def _closed_track(disc: Disc, number_: int) -> bytes:
    track = disc.tracks[number_ - 1]
    return _track(number_, track.session, 0x04, 0x01, 0x02, start=track.start, size=track.end - track.start)


def _open_track(disc: Disc, number_: int) -> bytes:
    """Blank, reserved and data mode stand in one byte; an interrupted track is not blank."""
    blank = not disc.open_track_begun and not (disc.touched and not disc.tracks)
    mode = (0x80 if disc.reserved else 0) | (0x40 if blank else 0) | (0x0F if disc.is_cd else 0x01)
    return _track(
        number_,
        disc.session,
        0,
        mode,
        0x01,
        start=disc.track_start,
        size=disc.reserved or disc.blocks - disc.track_start,
        writable=disc.next_writable,
        free=disc.blocks - disc.next_writable,
    )


def _track(
    track: int,
    session: int,
    control: int,
    mode: int,
    valid: int,
    *,
    start: int,
    size: int,
    writable: int = 0,
    free: int = 0,
) -> bytes:
    """`valid`: 1 the next writable block is known, 2 the last recorded one is."""
    head = be(34, 2) + bytes([track & 0xFF, session & 0xFF, 0, control, mode, valid])
    last = start + size - 1 if valid & 2 else 0
    return (head + be(start, 4) + be(writable, 4) + be(free, 4) + be(0, 4) + be(size, 4) + be(last, 4)).ljust(
        36, b"\0"
    )


def _read_buffer_capacity(_drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    return be(10, 2) + bytes(2) + be(_BUFFER, 4) + be(_BUFFER, 4)


def _mode_sense(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    """Error recovery, write parameters, and the old page of capabilities. (MMC-6 7)"""
    pages = {
        0x01: bytes([1, 10, 0xC0, 0x20]) + bytes(8),
        0x05: bytes([5, 0x32, 0x42 if drive.session_at_once else 0x41, 4, 8, 0x10]) + bytes(46),
        0x2A: _capabilities(drive),
    }
    wanted = cdb[2] & 0x3F
    if wanted != 0x3F and wanted not in pages:
        raise Refused(INVALID_FIELD)
    body = b"".join(page for code, page in pages.items() if wanted in (code, 0x3F))
    return be(len(body) + 6, 2) + bytes([0x70, 0, 0, 0, 0, 0]) + body


def _capabilities(drive: Recorder) -> bytes:
    head = bytes([0x2A, 36, 0x3F, 0x37, 0x71, 0x63, 0x29 | drive.locked << 1, 0])
    speeds = be(_SPEED, 2) + be(0, 2) + be(4096, 2) + be(_SPEED, 2) + be(0, 2) + be(_SPEED, 2) + be(_SPEED, 2)
    writing = bytes(4) + bytes([0, 1]) + be(_SPEED, 2) + be(1, 2) + be(0, 2) + be(_SPEED, 2)
    return (head + speeds + writing).ljust(38, b"\0")


def _get_performance(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    """Type 3 are the writing speeds of the disc, type 0 how fast it is where. (MMC-6 6.8)"""
    disc = drive.loaded()
    blocks = be(disc.blocks if disc else 0, 4)
    speed = TRAITS[disc.kind].speed if disc else _SPEED
    if cdb[10] == 3:
        steps = [bytes(4) + blocks + be(_SPEED, 4) + be(step, 4) for step in (speed, speed // 2, speed // 4)]
        return be(4 + 16 * len(steps), 4) + bytes(4) + b"".join(steps)
    if cdb[10] == 0:
        return be(20, 4) + bytes([2, 0, 0, 0]) + be(0, 4) + be(speed, 4) + blocks + be(speed, 4)
    raise Refused(INVALID_FIELD)


COMMANDS: Final[Mapping[int, Command]] = {
    0x03: Command(_request_sense, whatever_happened=True),
    0x12: Command(_inquiry, whatever_happened=True),
    0x23: Command(_read_format_capacities),
    0x46: Command(_get_configuration, whatever_happened=True),
    0x51: Command(_read_disc_information),
    0x52: Command(_read_track_information),
    0x5A: Command(_mode_sense),
    0x5C: Command(_read_buffer_capacity),
    0xAC: Command(_get_performance),
}
