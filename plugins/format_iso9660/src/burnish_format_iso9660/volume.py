"""Volume descriptors of ECMA-119 8.3, 8.4 and 8.5, and of Joliet.

The primary volume descriptor names the primary hierarchy; with Joliet a supplementary volume descriptor names
the second one, in UCS-2. Units: bytes for lengths, sectors for places.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError

from burnish_format_iso9660.hierarchy import FIRST_VOLUME, Hierarchy, both16, both32
from burnish_format_iso9660.names import APPLICATION, BLOCK, SET_PREFIX

SYSTEM_AREA: Final = 16
"""Sectors in front of the descriptors (ECMA-119 6.2.1)."""
TERMINATOR: Final = b"\xffCD001\x01".ljust(BLOCK, b"\0")
"""The volume descriptor set terminator (8.3)."""
_YEARS: Final = range(1900, 2156)
"""What the first byte of a date counts (9.1.5)."""
_DESCRIPTOR: Final = struct.Struct(
    "<B5sBx 32s32s 8x 8s 32s 4s4s4s 8sII4s4s 34s 128s128s128s128s 37s37s37s 17s17s17s17s Bx 512s653x"
)
"""The primary and the supplementary volume descriptor (8.4, 8.5)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """In what two volume descriptors differ."""

    type: int
    """Volume Descriptor Type (8.1.1)."""
    escapes: bytes
    """Escape Sequences (8.5.6): the coded character set; none in a primary descriptor."""
    padded: Callable[[str, int], bytes]
    """Writes a text into a field of so many bytes."""


def _ascii(text: str, length: int) -> bytes:
    return text.encode().ljust(length)


def _ucs2(text: str, length: int) -> bytes:
    """Cut short where it does not fit; a field of odd length ends with a zero byte.

    >>> _ucs2("AB", 7)
    b'\\x00A\\x00B\\x00 \\x00'
    """
    return text.ljust(length // 2)[: length // 2].encode("utf-16-be").ljust(length, b"\0")


PRIMARY: Final = Kind(1, b"", _ascii)
JOLIET: Final = Kind(2, b"%/E", _ucs2)
"""UCS-2 Level 3 of ISO/IEC 10646 (Joliet specification, "SVD Escape Sequences field")."""


def descriptor(kind: Kind, hierarchy: Hierarchy, facts: VolumeFacts, sectors: int) -> bytes:
    """A volume descriptor of a volume of so many sectors, once `hierarchy` is placed."""
    made, padded = _long_date(facts.made), kind.padded
    return _DESCRIPTOR.pack(
        kind.type,
        b"CD001",
        1,  # Volume Descriptor Version
        padded("", 32),  # System Identifier
        padded(facts.identifier, 32),
        both32(sectors),
        kind.escapes,
        both16(1),  # Volume Set Size
        FIRST_VOLUME,
        both16(BLOCK),
        both32(hierarchy.table_size),
        hierarchy.table,
        0,  # no optional path table, here and below
        (hierarchy.table + hierarchy.table_sectors).to_bytes(4, "big"),
        bytes(4),
        hierarchy.record_root(short_date(facts.made)),
        padded(SET_PREFIX + facts.token, 128),
        padded("", 128),  # Publisher Identifier
        padded("", 128),  # Data Preparer Identifier
        padded(APPLICATION, 128),
        *[padded("", 37)] * 3,  # Copyright, Abstract and Bibliographic File Identifiers
        made,
        made,
        b"0" * 16 + b"\0",  # it does not expire
        made,
        1,  # File Structure Version
        _ascii("", 512),  # Application Use
    )


def short_date(made: datetime) -> bytes:
    """9.1.5, in UTC. Raises LayoutError for a year that it cannot say."""
    utc = made.astimezone(UTC)
    if utc.year not in _YEARS:
        raise LayoutError(f"a volume cannot be of the year {utc.year}, only of {_YEARS[0]} to {_YEARS[-1]}")
    return bytes((utc.year - _YEARS[0], utc.month, utc.day, utc.hour, utc.minute, utc.second, 0))


def _long_date(made: datetime) -> bytes:
    """8.4.26.1, in UTC, without hundredths."""
    return f"{made.astimezone(UTC):%Y%m%d%H%M%S}00".encode() + b"\0"
