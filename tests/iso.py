"""A reader of ISO 9660 Level 1 for tests: it shares nothing with the format plugin, and believes nothing.

Source: ECMA-119 8.4 (primary volume descriptor), 9.1 (directory records).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECTOR = 2048


@dataclass(frozen=True)
class Record:
    """One directory record."""

    path: tuple[bytes, ...]
    """Identifiers as they are recorded, from the root."""
    sector: int
    length: int
    flags: int
    extended: int
    """Extended Attribute Record Length."""


class Image:
    """An image in memory."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.descriptor = self.data[16 * SECTOR : 17 * SECTOR]
        assert self.descriptor[:7] == b"\x01CD001\x01"
        self.volume_id = self.descriptor[40:72]
        self.system_id = self.descriptor[8:40]
        self.sectors = struct.unpack_from("<I", self.descriptor, 80)[0]
        self.records = tuple(self._walk(*self._extent(self.descriptor[156:190]), ()))

    @property
    def files(self) -> dict[str, bytes]:
        """Contents by path, `;1` and the full stop of a name without extension taken off."""
        return {
            "/".join(_name(part) for part in record.path): self.content(record)
            for record in self.records
            if not record.flags & 2
        }

    def content(self, record: Record) -> bytes:
        """The bytes of a file."""
        start = record.sector * SECTOR
        data = self.data[start : start + record.length]
        assert len(data) == record.length, f"{record.path} leaves the image"
        return data

    @staticmethod
    def _extent(record: bytes) -> tuple[int, int]:
        (low, high), (short, long) = (
            struct.unpack_from("<I", record, 2) + struct.unpack_from(">I", record, 6),
            struct.unpack_from("<I", record, 10) + struct.unpack_from(">I", record, 14),
        )
        assert low == high
        assert short == long
        return low, short

    def _walk(self, sector: int, length: int, above: tuple[bytes, ...]) -> Iterator[Record]:
        for start in range(sector * SECTOR, sector * SECTOR + length, SECTOR):
            yield from self._sector(start, above)

    def _sector(self, at: int, above: tuple[bytes, ...]) -> Iterator[Record]:
        end = at + SECTOR
        while at < end and (size := self.data[at]):
            record = self.data[at : at + size]
            at += size
            name = record[33 : 33 + record[32]]
            if name in (b"\x00", b"\x01"):
                continue
            sector, length = self._extent(record)
            found = Record((*above, name), sector, length, record[25], record[1])
            yield found
            if found.flags & 2:
                yield from self._walk(sector, length, found.path)


def _name(identifier: bytes) -> str:
    return identifier.decode("ascii").removesuffix(";1").removesuffix(".")
