"""The sectors of the system's own: partition table, boot sector, FSInfo.

Source: Microsoft's FAT specification (fatgen103). What PS3.12 has no field for, the whole File-set ID and the
token of a volume, stands where a boot sector has its program, behind an endless loop and a mark.
"""

import hashlib
import struct
from typing import Final

from burnish.contracts import VolumeFacts

from burnish_format_fat.geometry import ROOT_ENTRIES, SECTOR, Geometry

MARK: Final = b"BURNISH "
"""Begins the line of a boot sector that says what volume it is."""
CODE: Final = {16: 62, 32: 90}
"""Where the program of a boot sector begins."""
_MEDIA: Final = 0xF8
_SIGNATURE: Final = b"\x55\xaa"
_TYPES: Final = {16: 0x0E, 32: 0x0C}
"""Partition types with block addresses."""
_END_OF_CYLINDERS: Final = b"\xfe\xff\xff"
_LOOP: Final = b"\xeb\xfe"
_FSINFO: Final = 1
_BACKUP: Final = 6


def label(identifier: str) -> bytes:
    """A volume label: the first 11 characters of the File-set ID.

    >>> label("DISC_2026_0001"), label("")
    (b'DISC_2026_0', b'NO NAME    ')
    """
    return (identifier or "NO NAME").encode("ascii")[:11].ljust(11)


def serial(facts: VolumeFacts) -> int:
    """A volume serial number, which depends on what the volume is alone."""
    said = f"{facts.identifier}/{facts.token}/{facts.made.timestamp():.0f}"
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:4], "little")


def boot(geometry: Geometry, facts: VolumeFacts) -> bytes:
    """The first sector of a volume."""
    small = geometry.bits == 16 and geometry.sectors < 0x10000
    common = struct.pack(
        "<3s8sHBHBHHBHHHII",
        b"\xeb" + bytes([CODE[geometry.bits] - 2]) + b"\x90",
        b"MSWIN4.1",  # what the specification recommends
        SECTOR,
        geometry.cluster,
        geometry.reserved,
        2,
        ROOT_ENTRIES if geometry.bits == 16 else 0,
        geometry.sectors if small else 0,
        _MEDIA,
        geometry.fat if geometry.bits == 16 else 0,
        63,
        255,
        geometry.hidden,
        0 if small else geometry.sectors,
    )
    kind = b"FAT16   " if geometry.bits == 16 else b"FAT32   "
    own = struct.pack("<BBBI11s8s", 0x80, 0, 0x29, serial(facts), label(facts.identifier), kind)
    if geometry.bits == 32:
        own = struct.pack("<IHHIHH12x", geometry.fat, 0, 0, 2, _FSINFO, _BACKUP) + own
    said = MARK + f"{facts.identifier} {facts.token} {facts.made:%Y%m%dT%H%M%S}\n".encode("ascii")
    return (common + own + _LOOP + said).ljust(SECTOR - 2, b"\0") + _SIGNATURE


def reserved(geometry: Geometry, facts: VolumeFacts) -> bytes:
    """Everything before the first FAT: on FAT32 the boot sector and FSInfo, and both once more."""
    first = boot(geometry, facts)
    if geometry.bits == 16:
        return first
    start = first + _fsinfo() + bytes(SECTOR - 2) + _SIGNATURE
    return start.ljust(_BACKUP * SECTOR, b"\0") + start.ljust((geometry.reserved - _BACKUP) * SECTOR, b"\0")


def _fsinfo() -> bytes:
    """How many clusters are free, and which is the next: not known, as the specification allows."""
    unknown = 0xFFFF_FFFF
    body = b"RRaA".ljust(484, b"\0") + b"rrAa" + struct.pack("<II", unknown, unknown)
    return body.ljust(SECTOR - 4, b"\0") + b"\0\0" + _SIGNATURE


def partition_table(geometry: Geometry, facts: VolumeFacts) -> bytes:
    """The sectors before the volume: a master boot record with one partition, and nothing."""
    if not geometry.hidden:
        return b""
    entry = struct.pack(
        "<B3sB3sII",
        0,
        _END_OF_CYLINDERS,
        _TYPES[geometry.bits],
        _END_OF_CYLINDERS,
        geometry.hidden,
        geometry.sectors,
    )
    disk = struct.pack("<IH", serial(facts) ^ 0xFFFF_FFFF, 0)
    return (bytes(440) + disk + entry).ljust(SECTOR - 2, b"\0") + _SIGNATURE
