"""The commands of an optical drive that we give ourselves: who it is, what lies in it, tray, reading.

Writing is xorriso's. Reading goes past the kernel, which keeps the capacity of the blank after a burn.

Source: MMC-6 and SPC-4; field offsets as in their tables. Units: sectors of 2 048 bytes, and seconds.
"""

import time
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from burnish.contracts import Unit
from burnish.media import SECTOR

from burnish_writer_xorriso.scsi import Sense, Transport

CHUNK: Final = 32
"""Sectors read by one command: 64 KiB, which every host adapter takes."""
NO_MEDIUM: Final = 0x3A
_NOT_READY, _MEDIUM_ERROR, _ILLEGAL, _ATTENTION, _ABORTED = 0x2, 0x3, 0x5, 0x6, 0xB
_BECOMING_READY: Final = {(0x04, 0x01), (0x04, 0x04), (0x04, 0x07), (0x04, 0x08)}
"""2 04 xx: loading, formatting, an operation or a long write in progress."""
_POLL: Final = 0.25
_TRAY_SECONDS: Final = 60.0
_SERIAL_FEATURE, _REMOVABLE_FEATURE = 0x0108, 0x0003
_TRAY_MECHANISM: Final = 1
_BLANK_BITS: Final = 0x03


class DiscStatus(IntEnum):
    """READ DISC INFORMATION, byte 2, bits 0 and 1."""

    BLANK = 0
    APPENDABLE = 1
    FINALISED = 2
    OTHER = 3
    """Random access: can be overwritten anywhere."""


class Formatted(IntEnum):
    """READ FORMAT CAPACITIES, type of the current descriptor."""

    UNFORMATTED = 1
    FORMATTED = 2
    NO_MEDIUM = 3


@dataclass(frozen=True, slots=True)
class Formats:
    """What READ FORMAT CAPACITIES says."""

    state: int
    """A value of Formatted."""
    sectors: int
    """Of the medium as it is; of an unformatted one: at most."""
    choices: tuple[tuple[int, int], ...]
    """(sectors, format type) of each way to format it, the drive's default first."""


@dataclass(frozen=True, slots=True)
class Track:
    """What READ TRACK INFORMATION says of a track."""

    start: int
    free: int
    """Sectors that can be written to it."""
    size: int
    blank: bool
    damaged: bool


class Mmc:
    """One drive. Every method raises Sense, and OSError where the drive does not answer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._execute = transport.execute
        self._fua = True
        """Whether it knows READ(10) with Force Unit Access, as far as we know."""

    # --- who it is -------------------------------------------------------------------------------------

    def unit(self, place: str = "") -> Unit:
        """INQUIRY and its serial number."""
        data = self._execute(_cdb(0x12, 4, 36), length=36)
        words = [_text(data[slice(*part)]) for part in ((8, 16), (16, 32), (32, 36))]
        return Unit(vendor=words[0], product=words[1], revision=words[2], serial=self._serial(), place=place)

    def is_optical(self) -> bool:
        """Whether it is a CD, DVD or BD drive: peripheral device type 5."""
        return self._execute(_cdb(0x12, 4, 36), length=36)[:1] == b"\x05"

    def _serial(self) -> str:
        return _text(self._feature(_SERIAL_FEATURE))

    def moves_its_tray(self) -> bool:
        """Whether it draws its tray in by itself: neither a notebook's nor a slot."""
        feature = self._feature(_REMOVABLE_FEATURE)
        return bool(feature) and feature[0] >> 5 == _TRAY_MECHANISM

    def _feature(self, code: int) -> bytes:
        """Its data after the head of 4 bytes; empty where the drive has no such feature."""
        data = self._execute(b"\x46\x02" + code.to_bytes(2, "big") + b"\0\0\0\x01\0\0", length=256)
        found = int.from_bytes(data[8:10], "big") == code and len(data) >= 12
        return data[12 : 12 + data[11]] if found else b""

    # --- what lies in it -------------------------------------------------------------------------------

    def profile(self) -> int:
        """The current profile of GET CONFIGURATION; 0: no medium."""
        data = self._execute(b"\x46\x02\0\0\0\0\0\0\x08\0", length=8)
        return int.from_bytes(data[6:8], "big")

    def tray_open(self) -> bool | None:
        """Whether the tray is out (GET EVENT STATUS NOTIFICATION); None where the drive does not tell."""
        try:
            data = self._execute(b"\x4a\x01\0\0\x10\0\0\0\x08\0", length=8)
        except Sense:
            return None
        media_class = len(data) >= 6 and data[2] & 0x87 == 0x04
        return bool(data[5] & 1) if media_class else None

    def disc_status(self) -> DiscStatus:
        """Of READ DISC INFORMATION."""
        return DiscStatus(self._execute(_cdb(0x51, 8, 34), length=34)[2] & _BLANK_BITS)

    def last_track(self) -> Track:
        """READ TRACK INFORMATION of the invisible track of an open medium, or the last of a closed one."""
        disc = self._execute(_cdb(0x51, 8, 34), length=34)
        open_one = disc[2] & _BLANK_BITS in (DiscStatus.BLANK, DiscStatus.APPENDABLE)
        number = 0xFF if open_one else max(disc[6], 1)
        return self._track(number)

    def first_track(self) -> Track:
        """READ TRACK INFORMATION of track 1: ours, on a medium that we wrote."""
        return self._track(1)

    def _track(self, number: int) -> Track:
        data = self._execute(b"\x52\x01" + number.to_bytes(4, "big") + b"\0\0\x24\0", length=36)
        start, free, size = (int.from_bytes(data[at : at + 4], "big") for at in (8, 16, 24))
        return Track(start, free, size, blank=bool(data[6] & 0x40), damaged=bool(data[5] & 0x20))

    def formats(self) -> Formats:
        """READ FORMAT CAPACITIES: the only capacity of media that can be overwritten."""
        data = self._execute(_cdb(0x23, 8, 252), length=252)
        entries = [data[at : at + 8] for at in range(4, 4 + min(data[3], len(data) - 4) - 7, 8)]
        current, *others = entries
        choices = tuple((int.from_bytes(entry[:4], "big"), entry[4] >> 2) for entry in others)
        return Formats(current[4] & 3, int.from_bytes(current[:4], "big"), choices)

    # --- tray ------------------------------------------------------------------------------------------

    def ready(self) -> None:
        """TEST UNIT READY. Raises Sense where it is not."""
        self._execute(_cdb(0x00))

    def wait_ready(self, timeout: float) -> None:
        """Wait until the drive has recognised its medium. Raises the Sense that says why it has not."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self.ready()
            except Sense as sense:
                if not passing(sense) or time.monotonic() > deadline:
                    raise
            time.sleep(_POLL)

    def eject(self) -> None:
        """Have the tray out; safe to repeat."""
        self.lock(on=False)
        self._patiently(_cdb(0x1B, 4, 0x02))

    def load(self) -> None:
        """Have the tray in; safe to repeat."""
        self._patiently(_cdb(0x1B, 4, 0x03))

    def lock(self, *, on: bool) -> None:
        """Keep the tray's button from working, or let it (PREVENT ALLOW MEDIUM REMOVAL)."""
        self._patiently(_cdb(0x1E, 4, int(on)))

    def _patiently(self, cdb: bytes) -> None:
        """Give a command that a drive may answer with what has happened to it before."""
        for last in (False, False, True):
            try:
                self._execute(cdb, timeout=_TRAY_SECONDS)
                return
            except Sense as sense:
                if last or sense.key not in (_ATTENTION, _ABORTED):
                    raise

    # --- reading ---------------------------------------------------------------------------------------

    def read(self, sector: int, count: int, *, fresh: bool = False) -> bytes:
        """Read up to CHUNK sectors; `fresh`: from the medium, not from what the drive remembers of it."""
        if fresh and self._fua:
            try:
                return self._read(sector, count, 0x08)
            except Sense as sense:
                if sense.key != _ILLEGAL or sense.asc != 0x24:  # invalid field in CDB: it has no such bit
                    raise
                self._fua = False
        return self._read(sector, count, 0)

    def _read(self, sector: int, count: int, flags: int) -> bytes:
        cdb = bytes([0x28, flags]) + sector.to_bytes(4, "big") + b"\0" + count.to_bytes(2, "big") + b"\0"
        data = self._execute(cdb, length=count * SECTOR)
        if len(data) < count * SECTOR:
            raise Sense(_MEDIUM_ERROR, 0x11, 0x00)  # what an unrecovered read error would say
        return data


def passing(sense: Sense) -> bool:
    """Whether this is over by itself: the drive loads, was reset, or has another medium than before."""
    if sense.key == _NOT_READY:
        return (sense.asc, sense.ascq) in _BECOMING_READY
    return sense.key == _ATTENTION


def _cdb(code: int, at: int = 0, value: int = 0) -> bytes:
    """A CDB of 6 bytes (10 from code 20h on) with one byte set."""
    cdb = bytearray(6 if code < 0x20 else 10)
    cdb[0] = code
    if at:
        cdb[at] = value
    return bytes(cdb)


def _text(data: bytes) -> str:
    """ASCII as drives pad it; what is none becomes `?`."""
    text = data.split(b"\0")[0].decode("ascii", "replace").replace("\ufffd", "?")
    return " ".join(text.split())
