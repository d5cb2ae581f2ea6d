"""What a drive says of itself and of its disc: the structures of MMC-6, built.

Numbers are big-endian. Section numbers are those of MMC-6.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from burnish_hil.devices.mmc.discs import KINDS, Disc

VENDOR: Final = b"BURNSIM "
PRODUCT: Final = b"BD-RE SIM       "
REVISION: Final = b"1.00"
SPEED: Final = 8467
"""Thousand bytes a second of everything: 48x of a CD, 2x of a BD."""
_CD_WRITABLE: Final = (0x09, 0x0A)
_DVD_WRITABLE: Final = (0x10, 0x11, 0x1A, 0x1B, 0x2B)
_BD: Final = (0x40, 0x41, 0x43)


def be(number: int, size: int) -> bytes:
    """A big-endian number of so many bytes."""
    return (number & (1 << 8 * size) - 1).to_bytes(size, "big")


def msf(block: int) -> bytes:
    """A block's place as minute, second and frame (4.2.2.6)."""
    block += 150
    return bytes([block // 4500, block // 75 % 60, block % 75])


def inquiry() -> bytes:
    """INQUIRY data (6.6): a removable CD/DVD device."""
    return bytes([5, 0x80, 5, 0x32, 91, 0, 0, 0]) + VENDOR + PRODUCT + REVISION + bytes(60)


def vital_page(page: int, serial: bytes) -> bytes | None:
    """A page of vital product data; None for one that it does not have."""
    pages = bytes([0, 0x80])
    match page:
        case 0:
            return bytes([5, 0, 0, len(pages)]) + pages
        case 0x80:
            return bytes([5, 0x80, 0, len(serial)]) + serial
    return None


# --- GET CONFIGURATION (6.5, 5.3) --------------------------------------------------------------------------


class Feature(NamedTuple):
    """A feature descriptor."""

    code: int
    version: int
    persistent: bool
    current: bool
    body: bytes = b""

    def encode(self) -> bytes:
        """As it stands in the answer."""
        flags = self.version << 2 | self.persistent << 1 | self.current
        return be(self.code, 2) + bytes([flags, len(self.body)]) + self.body


def features(disc: Disc | None, serial: bytes) -> Iterator[Feature]:
    """Every feature of the drive, with what the disc makes current."""
    profile = disc.profile if disc else 0
    writable = disc is not None and not disc.closed
    cd = profile in _CD_WRITABLE and writable
    profiles = sorted({0x08, 0x10, 0x40} | {kind.blank for kind in KINDS.values()}, reverse=True)
    listed = b"".join(be(one, 2) + bytes([one == profile, 0]) for one in profiles)
    yield Feature(0x0000, 0, True, True, listed)  # profile list
    yield Feature(0x0001, 2, True, True, be(8, 4) + bytes([1, 0, 0, 0]))  # core
    yield Feature(0x0002, 1, True, True, bytes([2, 0, 0, 0]))  # morphing
    yield Feature(0x0003, 0, True, True, bytes([0x29, 0, 0, 0]))  # removable medium, a tray
    yield Feature(0x0010, 0, False, disc is not None, be(2048, 4) + be(1, 2) + b"\1\0")  # random readable
    yield Feature(0x001E, 2, False, profile in (8, *_CD_WRITABLE), bytes(4))  # CD read
    yield Feature(0x001F, 1, False, profile in _DVD_WRITABLE, bytes(4))  # DVD read
    sequential = profile in (0x09, 0x0A, 0x11, 0x41) and writable
    yield Feature(0x0021, 3, False, sequential, be(0x100, 2) + b"\1\0")  # incremental streaming writable
    yield Feature(0x0026, 0, False, bool(disc and disc.facts.overwrites))  # restricted overwrite
    yield Feature(0x002A, 0, False, profile == 0x1A, bytes([1, 0, 0, 0]))  # DVD+RW
    yield Feature(0x002B, 0, False, profile in (0x1B, 0x2B), bytes([1, 0, 0, 0]))  # DVD+R
    yield Feature(0x002D, 2, False, cd, bytes([0x46, 0]) + be(0x100, 2))  # CD track at once
    yield Feature(0x002E, 1, False, cd, bytes([0x64]) + be(3000, 3))  # CD mastering
    yield Feature(0x002F, 2, False, profile == 0x11, bytes([0x44, 0, 0, 0]))  # DVD-R write
    yield Feature(0x0040, 1, False, profile in _BD, bytes(28))  # BD read
    yield Feature(0x0041, 1, False, profile in _BD[1:], bytes(28))  # BD write
    yield Feature(0x0107, 4, False, True, bytes([0x1F, 0, 0, 0]))  # real time streaming
    yield Feature(0x0108, 0, True, True, serial)  # serial number


def configuration(disc: Disc | None, serial: bytes, start: int, which: int) -> bytes:
    """The answer: all features from `start` on, only current ones (`which` 1), or only that one (2)."""
    body = b"".join(
        feature.encode()
        for feature in features(disc, serial)
        if feature.code >= start and (which != 2 or feature.code == start) and (which != 1 or feature.current)
    )
    return be(len(body) + 4, 4) + b"\0\0" + be(disc.profile if disc else 0, 2) + body


# --- the disc ----------------------------------------------------------------------------------------------


def disc_information(disc: Disc) -> bytes:
    """READ DISC INFORMATION (6.22): blank, appendable or finalised."""
    out = bytearray(34)
    out[0:2] = be(32, 2)
    if disc.facts.overwrites:
        out[2] = 0x10 | 0x0E
    elif disc.closed:
        out[2] = 0x0E
    elif disc.touched:
        out[2] = 0x01
    count = len(disc.tracks)
    one = disc.facts.overwrites
    out[3] = 1
    out[4] = 1 if one else disc.tracks[-1].session if disc.closed and count else disc.session
    out[5] = out[6] = 1 if one or not count else count + (not disc.closed)
    out[7] = 0 if disc.kind == "CD-R" else 0x20
    out[16:20] = b"\xff" * 4
    out[20:24] = b"\0" + msf(disc.blocks) if disc.is_cd else b"\xff" * 4
    return bytes(out)


def track_information(disc: Disc, number: int) -> bytes | None:
    """READ TRACK INFORMATION (6.26) of a track; the one after the last is the open one; else None."""
    out = bytearray(36)
    out[0:2] = be(34, 2)
    out[5], out[6] = 4, 1
    count = len(disc.tracks)
    if disc.facts.overwrites:
        out[2] = out[3] = 1
        out[24:28], out[28:32] = be(disc.blocks, 4), be(max(disc.high - 1, 0), 4)
    elif number <= count:
        session, start, end = disc.tracks[number - 1]
        out[2], out[3], out[7] = number, session, 2
        out[8:12], out[24:28], out[28:32] = be(start, 4), be(end - start, 4), be(end - 1, 4)
    elif number > count + 1 or disc.closed:
        return None
    else:
        _open_track(disc, number, out)
    return bytes(out)


def _open_track(disc: Disc, number: int, out: bytearray) -> None:
    blank = 0x40 if disc.next == disc.start else 0
    out[2], out[3], out[7] = number, disc.session, 1
    out[6] = blank | (0x0F if disc.is_cd else 1) | (0x80 if disc.reserved else 0)
    out[8:12], out[12:16] = be(disc.start, 4), be(disc.next, 4)
    out[16:20], out[24:28] = be(disc.blocks - disc.next, 4), be(disc.blocks - disc.start, 4)


def contents(disc: Disc, form: int, *, in_msf: bool) -> bytes | None:
    """READ TOC/PMA/ATIP (6.25); None where the disc has no such table."""
    if form == 4:
        return _atip(disc) if disc.is_cd else None
    if not disc.tracks:
        return None

    def place(block: int) -> bytes:
        return b"\0" + msf(block) if in_msf else be(block, 4)

    match form:
        case 0:
            entries = [(number, track.start) for number, track in enumerate(disc.tracks, 1)]
            body = b"".join(bytes([0, 0x14, n, 0]) + place(at) for n, at in [*entries, (0xAA, disc.end)])
            return be(len(body) + 2, 2) + bytes([1, len(disc.tracks)]) + body
        case 1:
            last = disc.tracks[-1].session
            number = next(n for n, track in enumerate(disc.tracks, 1) if track.session == last)
            return be(10, 2) + bytes([1, last, 0, 0x14, number, 0]) + place(disc.tracks[number - 1].start)
        case 2:
            return _full_contents(disc)
    return None


def _atip(disc: Disc) -> bytes:
    rewritable = 0x40 if disc.kind == "CD-RW" else 0
    lead_in, lead_out = bytes([97, 26, 66, 0]), msf(disc.blocks)
    return be(26, 2) + b"\0\0" + bytes([0xF0, 0, 0x80 | rewritable, 0]) + lead_in + lead_out + bytes(13)


def _full_contents(disc: Disc) -> bytes:
    body = b""
    for session in sorted({track.session for track in disc.tracks}):
        own = [(n, track) for n, track in enumerate(disc.tracks, 1) if track.session == session]
        rows = [
            (0xA0, bytes([own[0][0], 0, 0])),
            (0xA1, bytes([own[-1][0], 0, 0])),
            (0xA2, msf(own[-1][1].end)),
        ]
        rows += [(number, msf(track.start)) for number, track in own]
        body += b"".join(bytes([session, 0x14, 0, point, 0, 0, 0, 0]) + at for point, at in rows)
    return be(len(body) + 2, 2) + bytes([1, disc.tracks[-1].session]) + body


def format_capacities(disc: Disc | None) -> bytes:
    """READ FORMAT CAPACITIES (6.24): what it holds and, where it can be formatted, to what."""
    blocks = disc.blocks if disc else 0
    unformatted = disc is not None and not disc.tracks and not disc.facts.overwrites
    body = be(blocks, 4) + bytes([1 if unformatted else 2]) + be(2048, 3)
    if disc and disc.facts.overwrites:
        body += be(blocks, 4) + bytes([0x26 << 2 if disc.kind == "DVD+RW" else 0]) + be(2048, 3)
    return bytes([0, 0, 0, len(body)]) + body


def disc_structure(disc: Disc) -> bytes:
    """READ DISC STRUCTURE (6.23), format 0: physical information of a DVD."""
    book = 0xA1 if "+" in disc.kind else 0x25
    first = 0x30000
    ends = b"\0" + be(first, 3) + b"\0" + be(first + max(disc.end - 1, 0), 3)
    return be(2050, 2) + b"\0\0" + bytes([book, 0x0F, 2, 0]) + ends + bytes(2036)


# --- the drive ---------------------------------------------------------------------------------------------


def mode_page(page: int, *, session_at_once: bool, locked: bool) -> bytes | None:
    """MODE SENSE (10) of a page, 3Fh for all (7); None for one that it does not have."""
    body = b""
    if page in (0x01, 0x3F):
        body += bytes([1, 10, 0xC0, 0x20]) + bytes(8)
    if page in (0x05, 0x3F):
        body += bytes([5, 0x32, 0x42 if session_at_once else 0x41, 4, 8, 0x10]) + bytes(46)
    if page in (0x2A, 0x3F):
        body += _capabilities(locked=locked)
    return be(len(body) + 6, 2) + bytes([0x70, 0, 0, 0, 0, 0]) + body if body else None


def _capabilities(*, locked: bool) -> bytes:
    """Page 2Ah (7.11): a tray that can be locked, and speeds."""
    out = bytearray(38)
    out[0:8] = bytes([0x2A, len(out) - 2, 0x3F, 0x37, 0x71, 0x63, 0x29 | (2 if locked else 0), 0])
    speed = be(SPEED, 2)
    out[8:10], out[12:14], out[14:16] = speed, be(4096, 2), speed
    out[18:20] = out[20:22] = out[28:30] = speed
    out[27], out[30:32], out[32:36] = 1, be(1, 2), b"\0\0" + speed
    return bytes(out)


def performance(kind: int, blocks: int) -> bytes | None:
    """GET PERFORMANCE (6.7): write speeds (3) or nominal performance (0)."""
    speed = be(SPEED, 4)
    match kind:
        case 3:
            body = be(0, 4) + be(blocks, 4) + speed + speed
            return be(len(body) + 4, 4) + bytes(4) + body
        case 0:
            body = be(0, 4) + speed + be(blocks, 4) + speed
            return be(len(body) + 4, 4) + bytes([2, 0, 0, 0]) + body
    return None


def buffer_capacity() -> bytes:
    """READ BUFFER CAPACITY (6.21): 4 MiB, all of it free."""
    return be(10, 2) + bytes(2) + be(4 << 20, 4) + be(4 << 20, 4)
