"""What descriptors are made of: ECMA-167 1/7, 3/7 and 4/7, as UDF 2.1 narrows them.

Numbers are little-endian. Units: blocks of 2 048 bytes for places, bytes for lengths.
"""

import struct
from binascii import crc_hqx
from datetime import UTC, datetime
from typing import Final

BLOCK: Final = 2048
"""Bytes of a logical block, here always a sector."""
EXTENT_LIMIT: Final = 2**30 - BLOCK
"""Bytes of an extent at most: its length has 30 bits (4/14.14.1.1), and all but the last are whole blocks."""
DEVELOPER: Final = b"*burnish"
"""Identifies the implementation that wrote a structure (UDF 2.1.5.2)."""
DOMAIN: Final = b"*OSTA UDF Compliant"

SHORT_AD: Final = struct.Struct("<II")
"""Length and position (4/14.14.1); as extent_ad of volume descriptors too (3/7.1)."""
LONG_AD: Final = struct.Struct("<IIH2xI")
"""Length, block, partition reference, and in a file identifier the unique ID (4/14.14.2, UDF 2.3.4.3)."""
_TAG: Final = struct.Struct("<HHBxHHHI")
"""Identifier, version, checksum, serial number, CRC, its length, location (3/7.2)."""
_TIMESTAMP: Final = struct.Struct("<HhBBBBBBBB")
_LOCAL: Final = 1 << 12
"""The type of a timestamp that says its zone (1/7.3.1); the zone in the low 12 bits is 0, UTC."""

CHARACTER_SET: Final = b"\0OSTA Compressed Unicode".ljust(64, b"\0")
"""Every character set specification (UDF 2.1.2)."""


def blocks_of(length: int) -> int:
    """Blocks that so many bytes take.

    >>> blocks_of(0), blocks_of(1), blocks_of(2048), blocks_of(2049)
    (0, 1, 1, 2)
    """
    return -(-length // BLOCK)


def compressed(text: str) -> bytes:
    """OSTA compressed Unicode (UDF 2.1.1): one byte a character where that does, else two.

    >>> compressed("A"), compressed("Ω")
    (b'\\x08A', b'\\x10\\x03\\xa9')
    """
    try:
        return b"\x08" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"\x10" + text.encode("utf-16-be", "surrogatepass")


def dstring(text: str, length: int) -> bytes:
    """A field of `length` bytes whose last says how many are used (1/7.2.12); all zeros for no text.

    >>> dstring("AB", 8), dstring("", 3)
    (b'\\x08AB\\x00\\x00\\x00\\x00\\x03', b'\\x00\\x00\\x00')
    """
    if not text:
        return bytes(length)
    written = compressed(text)
    return written.ljust(length - 1, b"\0") + bytes((len(written),))


def timestamp(made: datetime) -> bytes:
    """A moment in UTC (1/7.3), without fractions of a second."""
    utc = made.astimezone(UTC)
    return _TIMESTAMP.pack(_LOCAL, utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, 0, 0, 0)


def entity(identifier: bytes, suffix: bytes = b"") -> bytes:
    """An entity identifier (1/7.4): flags, 23 bytes of name, 8 of suffix."""
    return b"\0" + identifier.ljust(23, b"\0") + suffix.ljust(8, b"\0")


def revised(identifier: bytes, revision: int) -> bytes:
    """An entity identifier whose suffix says the revision: of the domain, or of UDF itself (UDF 2.1.5.3)."""
    return entity(identifier, revision.to_bytes(2, "little"))


IMPLEMENTATION: Final = entity(DEVELOPER)


def tagged(identifier: int, edition: int, location: int, body: bytes) -> bytes:
    """A descriptor: its tag (3/7.2), then `body`, all of which the CRC covers."""
    tag = _TAG.pack(identifier, edition, 0, 1, crc_hqx(body, 0), len(body), location)
    return b"%b%c%b%b" % (tag[:4], sum(tag) & 0xFF, tag[5:], body)
