"""The dots of a label, from a PBM and into the graphic field of ZPL.

Rows are bits from the left, padded to bytes with white; 1 is black. In ZPL a row is hexadecimal, and shorter
(ZPL II Programming Guide, "Alternative Data Compression Scheme"):

    G ... Y     the next digit 1 ... 19 times       ,   zeros up to the end of the row
    g ... z     the next digit 20 ... 400 times     !   ones up to the end of the row
                (both may stand together: gH0)      :   the same row again
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

_HEADER: Final = re.compile(rb"P4\s+(\d{1,6})\s+(\d{1,6})\s")
_RUN: Final = re.compile(r"(.)\1{2,418}")


@dataclass(frozen=True, slots=True)
class Picture:
    """A black and white picture."""

    width: int
    """Dots."""
    height: int
    rows: bytes
    """`stride` bytes a row; the bits beyond `width` are 0."""

    @property
    def stride(self) -> int:
        """Bytes of a row."""
        return -(-self.width // 8)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a PBM (`P4`) without comments. Raises ValueError."""
        if not (header := _HEADER.match(data)):
            raise ValueError("is not a PBM that begins with P4, width and height")
        width, height = int(header[1]), int(header[2])
        rows, stride = data[header.end() :], -(-width // 8)
        if not width or not height or len(rows) != stride * height:
            raise ValueError(f"has {len(rows)} bytes, which are not {width} x {height} dots")
        return cls(width, height, _white_beyond(width, rows))

    def strips(self, most: int) -> "Iterator[tuple[int, Picture]]":
        """As pictures of at most so many bytes each, with the row at which each begins."""
        height = max(1, most // self.stride)
        for top in range(0, self.height, height):
            rows = self.rows[top * self.stride : (top + height) * self.stride]
            yield top, Picture(self.width, len(rows) // self.stride, rows)

    def to_hex(self) -> str:
        """As hexadecimal, shortened: every ZPL II printer takes it."""
        return "".join(self._short_rows())

    def to_z64(self) -> str:
        """As zlib's bytes in base64 with their CRC: printers of later firmware take it."""
        packed = base64.b64encode(zlib.compress(self.rows, 9))
        return f":Z64:{packed.decode('ascii')}:{binascii.crc_hqx(packed, 0):04X}"

    def _short_rows(self) -> Iterator[str]:
        before = b""
        for start in range(0, len(self.rows), self.stride):
            row = self.rows[start : start + self.stride]
            yield ":" if row == before else _short(row.hex().upper())
            before = row


def _white_beyond(width: int, rows: bytes) -> bytes:
    """A PBM says nothing of the bits that pad a row; a printer would print them."""
    if not width % 8:
        return rows
    stride = -(-width // 8)
    white = bytearray(rows)
    mask = 0xFF << (8 - width % 8) & 0xFF
    for last in range(stride - 1, len(rows), stride):
        white[last] &= mask
    return bytes(white)


def _short(row: str) -> str:
    for digit, fill in (("0", ","), ("F", "!")):
        if row.endswith(digit):
            return _RUN.sub(_counted, row.rstrip(digit)) + fill
    return _RUN.sub(_counted, row)


def _counted(run: re.Match[str]) -> str:
    twenties, ones = divmod(len(run[0]), 20)
    return (chr(ord("f") + twenties) if twenties else "") + (chr(ord("F") + ones) if ones else "") + run[1]
