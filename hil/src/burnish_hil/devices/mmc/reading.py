"""Commands that read blocks and what lies around them."""

from collections.abc import Mapping
from typing import Final

from burnish_hil.devices.mmc.commands import Command
from burnish_hil.devices.mmc.discs import Disc
from burnish_hil.devices.mmc.kinds import BLOCK, DVD
from burnish_hil.devices.mmc.recorder import Recorder
from burnish_hil.devices.mmc.senses import INVALID_FIELD, READ_ERROR, Refused
from burnish_hil.devices.mmc.wire import be, msf, number

_DATA_TRACK: Final = 0x14
"""ADR and CONTROL of a data track. (MMC-6 table 482)"""
_LEAD_OUT: Final = 0xAA


def _read(drive: Recorder, start: int, count: int) -> bytes:
    disc = drive.medium()
    if not drive.faults.read_errors.isdisjoint(range(start, start + count)):
        raise Refused(READ_ERROR)
    return disc.read(start, count)


def _read_10(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    return _read(drive, number(cdb[2:6]), number(cdb[7:9]))


def _read_12(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    return _read(drive, number(cdb[2:6]), number(cdb[6:10]))


def _read_cd(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    return _read(drive, number(cdb[2:6]), number(cdb[6:9]))


def _read_capacity(drive: Recorder, _cdb: bytes, _data: bytes) -> bytes:
    return be(max(drive.medium().size - 1, 0), 4) + be(BLOCK, 4)


def _read_toc(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    """Formats 0 tracks, 1 the last session, 2 the full TOC of a CD, 4 its ATIP. (MMC-6 6.25)"""
    disc, wanted = drive.medium(), cdb[2] & 0xF or cdb[9] >> 6
    if wanted == 4 and disc.is_cd:
        return _atip(disc)
    if wanted > 2 or not disc.tracks:
        raise Refused(INVALID_FIELD)
    if wanted == 0:
        return _tracks(disc, in_minutes=bool(cdb[1] & 2))
    return _last_session(disc, in_minutes=bool(cdb[1] & 2)) if wanted == 1 else _full_toc(disc)


def _tracks(disc: Disc, *, in_minutes: bool) -> bytes:
    starts = [(number, track.start) for number, track in enumerate(disc.tracks, 1)] + [(_LEAD_OUT, disc.size)]
    entries = b"".join(
        bytes([0, _DATA_TRACK, n, 0]) + _address(at, in_minutes=in_minutes) for n, at in starts
    )
    return be(len(entries) + 2, 2) + bytes([1, len(disc.tracks)]) + entries


def _last_session(disc: Disc, *, in_minutes: bool) -> bytes:
    last = disc.tracks[-1].session
    first = next(n for n, track in enumerate(disc.tracks) if track.session == last)
    address = _address(disc.tracks[first].start, in_minutes=in_minutes)
    return be(10, 2) + bytes([1, last, 0, _DATA_TRACK, first + 1, 0]) + address


def _full_toc(disc: Disc) -> bytes:
    """Per session: its first track (A0h), its last (A1h), its lead-out (A2h), and its tracks."""
    entries = b"".join(
        _session(disc, session) for session in sorted({track.session for track in disc.tracks})
    )
    return be(len(entries) + 2, 2) + bytes([1, disc.tracks[-1].session]) + entries


def _session(disc: Disc, session: int) -> bytes:
    inside = [(n, track) for n, track in enumerate(disc.tracks, 1) if track.session == session]
    points = [
        (0xA0, bytes([inside[0][0], 0, 0])),
        (0xA1, bytes([inside[-1][0], 0, 0])),
        (0xA2, msf(inside[-1][1].end)),
        *((n, msf(track.start)) for n, track in inside),
    ]
    return b"".join(bytes([session, _DATA_TRACK, 0, point, *bytes(4)]) + value for point, value in points)


def _atip(disc: Disc) -> bytes:
    """What is pressed into the groove of a blank: who made it, where it may end."""
    start_of_lead_in = bytes([97, 26, 66, 0])
    return be(26, 2) + bytes([0, 0, 0xF0, 0x00, 0x80, 0]) + start_of_lead_in + msf(disc.blocks) + bytes(13)


def _address(block: int, *, in_minutes: bool) -> bytes:
    return b"\0" + msf(block) if in_minutes else be(block, 4)


def _read_disc_structure(drive: Recorder, cdb: bytes, _data: bytes) -> bytes:
    """Format 0 of a DVD: its physical format. (MMC-6 6.22.3.2)"""
    disc = drive.medium()
    if cdb[7] or cdb[1] & 0xF or disc.profile not in DVD:
        raise Refused(INVALID_FIELD)
    first = 0x30000
    book = 0xA1 if disc.kind.startswith("DVD+") else 0x25
    sectors = be(first, 4) + be(first + max(disc.size - 1, 0), 4)
    return be(2050, 2) + bytes([0, 0, book, 0x0F, 2, 0]) + sectors.ljust(2044, b"\0")


COMMANDS: Final[Mapping[int, Command]] = {
    0x25: Command(_read_capacity),
    0x28: Command(_read_10),
    0x43: Command(_read_toc),
    0xA8: Command(_read_12),
    0xAD: Command(_read_disc_structure),
    0xBE: Command(_read_cd),
}
