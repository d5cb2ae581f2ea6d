"""A medium under a reader: bytes that are there, descriptors that are whole.

Units: bytes from the start of the medium. Source: ECMA-167 3/7.2 (tag) and 1/7.2.12 (dstring), UDF 2.1.1.
"""

import struct
from binascii import crc_hqx
from collections.abc import Container
from dataclasses import dataclass
from typing import BinaryIO, Final

from burnish.errors import UnreadableMedium

from burnish_format_udf.fields import BLOCK

TAG: Final = 16
"""Bytes of a tag."""
_TAG = struct.Struct("<HHBxHHHI")


@dataclass
class Medium:
    """A seekable file of `end` bytes in blocks of `block`."""

    file: BinaryIO
    end: int
    block: int = BLOCK

    def take(self, offset: int, length: int) -> bytes:
        """Exactly these. Raises UnreadableMedium where the medium ends before."""
        if offset + length > self.end:
            raise UnreadableMedium(f"the medium ends before byte {offset + length}")
        self.file.seek(offset)
        data = self.file.read(length)
        if len(data) != length:
            raise UnreadableMedium(f"the medium ends before byte {offset + length}")
        return data

    def descriptor(self, offset: int, kinds: Container[int], location: int) -> bytes:
        """The block at `offset`, a descriptor of one of `kinds` that says it stands in block `location`.

        Raises UnreadableMedium where it is anything else.
        """
        data = self.take(offset, self.block)
        if kind_of(data) not in kinds or location_of(data) != location:
            raise UnreadableMedium(f"block {location} does not hold the descriptor that it should")
        return data


def kind_of(data: bytes) -> int:
    """The tag identifier of a whole descriptor; 0 where it is damaged or none."""
    if len(data) < TAG:
        return 0
    kind, _, checksum, _, crc, length, _ = _TAG.unpack_from(data)
    if (sum(data[:TAG]) - data[4]) & 0xFF != checksum or TAG + length > len(data):
        return 0
    return int(kind) if crc_hqx(data[TAG : TAG + length], 0) == crc else 0


def location_of(data: bytes) -> int:
    """Where a descriptor's tag says that it stands."""
    return int(_TAG.unpack_from(data)[-1])


def text(data: bytes) -> str:
    """OSTA compressed Unicode. Raises UnreadableMedium for another compression code."""
    if not data:
        return ""
    if data[0] == 8:
        return data[1:].decode("latin-1")
    if data[0] == 16:
        return data[1:].decode("utf-16-be", "replace")
    raise UnreadableMedium(f"a text has the compression code {data[0]}")


def field_text(data: bytes) -> str:
    """The text of a dstring. Raises UnreadableMedium where it says more than there is room."""
    if data[-1] >= len(data):
        raise UnreadableMedium("a text is longer than its field")
    return text(data[: data[-1]])
