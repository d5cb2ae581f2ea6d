"""The records of an archive. Numbers are little-endian; offsets count from the archive's first byte.

Source: PKWARE's APPNOTE 6.3 (sections 4.3 and 4.5.3), which PS3.12 Annex V refers to.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from burnish_format_zip.aes import EXTRA, METHOD, MORE

LOCAL: Final = struct.Struct("<4s5H3I2H")
"""Signature, version, flags, method, time, date, CRC-32, sizes, lengths of name and extra field."""
CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
END: Final = struct.Struct("<4s4H2IH")
END_64: Final = struct.Struct("<4sQ2H2I4Q")
LOCATOR_64: Final = struct.Struct("<4sIQI")
LOCAL_MARK: Final = b"PK\3\4"
CENTRAL_MARK: Final = b"PK\1\2"
END_MARK: Final = b"PK\5\6"
END_64_MARK: Final = b"PK\6\6"
LOCATOR_64_MARK: Final = b"PK\6\7"

FULL_2: Final = 0xFFFF
FULL_4: Final = 0xFFFF_FFFF
"""In a field: look at its ZIP64 companion."""
UTF_8: Final = 0x0800
ENCRYPTED: Final = 0x0001
ZIP64: Final = 0x0001
"""Of an extra field."""
_PLAIN, _WIDE, _AES = 20, 45, 51
"""Versions needed: folders in names, ZIP64, AES."""
_UNIX: Final = 3 << 8
_REGULAR: Final = 0o100644 << 16


def dos(made: datetime) -> tuple[int, int]:
    """Time and date as MS-DOS counts them, in UTC, to two seconds."""
    made = made.astimezone(UTC)
    date = (max(made.year, 1980) - 1980) << 9 | made.month << 5 | made.day
    return made.hour << 11 | made.minute << 5 | made.second // 2, date


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive, and where its local header begins."""

    name: bytes
    crc32: int
    size: int
    at: int
    made: tuple[int, int]
    aes: bool = False
    """Whether it is enciphered; there is no CRC-32 then."""

    @property
    def flags(self) -> int:
        """UTF-8 where the name is not ASCII, and whether it is enciphered."""
        return (0 if self.name.isascii() else UTF_8) | (ENCRYPTED if self.aes else 0)

    @property
    def taken(self) -> int:
        """Bytes between this header and the next."""
        return self.size + (MORE if self.aes else 0)

    @property
    def _method(self) -> int:
        return METHOD if self.aes else 0

    def _version(self, *, wide: bool) -> int:
        return _AES if self.aes else _WIDE if wide else _PLAIN

    def local(self) -> bytes:
        """The header before the bytes of the file."""
        wide = self.taken >= FULL_4
        extra = struct.pack("<2H2Q", ZIP64, 16, self.size, self.taken) if wide else b""
        extra += EXTRA if self.aes else b""
        head = LOCAL.pack(
            LOCAL_MARK,
            self._version(wide=wide),
            self.flags,
            self._method,
            *self.made,
            self.crc32,
            FULL_4 if wide else self.taken,
            FULL_4 if wide else self.size,
            len(self.name),
            len(extra),
        )
        return head + self.name + extra

    def central(self) -> bytes:
        """The record in the directory."""
        wide = self.taken >= FULL_4
        numbers = [self.size, self.taken] * wide + [self.at] * (self.at >= FULL_4)
        extra = struct.pack(f"<2H{len(numbers)}Q", ZIP64, 8 * len(numbers), *numbers) if numbers else b""
        extra += EXTRA if self.aes else b""
        version = self._version(wide=bool(numbers))
        head = CENTRAL.pack(
            CENTRAL_MARK,
            _UNIX | version,
            version,
            self.flags,
            self._method,
            *self.made,
            self.crc32,
            FULL_4 if wide else self.taken,
            FULL_4 if wide else self.size,
            len(self.name),
            len(extra),
            0,
            0,
            0,
            _REGULAR,
            min(self.at, FULL_4),
        )
        return head + self.name + extra


def ending(count: int, size: int, at: int, comment: bytes) -> bytes:
    """What follows the directory: `count` records of `size` bytes that begin at `at`."""
    end = END.pack(
        END_MARK,
        0,
        0,
        min(count, FULL_2),
        min(count, FULL_2),
        min(size, FULL_4),
        min(at, FULL_4),
        len(comment),
    )
    if count < FULL_2 and size < FULL_4 and at < FULL_4:
        return end + comment
    versions = _UNIX | _WIDE, _WIDE
    wide = END_64.pack(END_64_MARK, END_64.size - 12, *versions, 0, 0, count, count, size, at)
    return wide + LOCATOR_64.pack(LOCATOR_64_MARK, 0, at + size, 1) + end + comment
