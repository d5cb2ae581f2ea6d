"""File entries and file identifiers: ECMA-167 4/14.4, 4/14.9 and 4/14.17, UDF 2.3.4 to 2.3.6 and 3.3.3.

Units: blocks for places, bytes for lengths.
"""

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from burnish_format_udf.fields import (
    BLOCK,
    EXTENT_LIMIT,
    IMPLEMENTATION,
    LONG_AD,
    SHORT_AD,
    tagged,
    timestamp,
)
from burnish_format_udf.revisions import Revision

FILE_TYPE: Final = 5
FOLDER_TYPE: Final = 4
METADATA_TYPE: Final = 250
MIRROR_TYPE: Final = 251
"""File Type of an ICB tag (4/14.6.6, UDF 2.2.13.1)."""

SHORT, LONG, EMBEDDED = 0, 1, 3
"""What a file entry's allocation descriptors are (4/14.6.8)."""

PARENT, FOLDER = 0x08, 0x02
"""File Characteristics (4/14.4.3)."""

_ARCHIVE: Final = 0x20
"""Flag of an ICB tag: set when a file is made (4/14.6.8)."""
_READ, _READ_AND_ENTER = 0x1084, 0x14A5
"""Permissions of a file and of a folder: for everybody (4/14.9.5, PS3.12 P.2.1.5)."""
_NOBODY: Final = 0xFFFFFFFF
"""Uid and Gid that say nothing (UDF 2.3.6.1)."""
_IDENTIFIER_HEAD: Final = 38
"""Bytes of a file identifier descriptor with its tag, up to the name."""

_ICB_TAG: Final = "IHHHxB6xH"
_ENTRY: Final = struct.Struct(f"<{_ICB_TAG}IIIHBBIQQ12s12s12sI16x32sQII")
_EXTENDED: Final = struct.Struct(f"<{_ICB_TAG}IIIHBBIQQQ12s12s12s12sII16x16x32sQII")
_IDENTIFIER: Final = struct.Struct("<HBB16sH")


class Entries:
    """Writes file entries of one revision, all of one date."""

    def __init__(self, revision: Revision, made: datetime) -> None:
        self._edition = revision.edition
        self._extended = revision.extended
        self._date = timestamp(made)

    @property
    def room(self) -> int:
        """Bytes of a block behind a file entry: allocation descriptors, or a folder's identifiers."""
        return BLOCK - 16 - (_EXTENDED if self._extended else _ENTRY).size

    def write(
        self, at: int, kind: int, length: int, tail: bytes, form: int, *, unique: int = 0, links: int = 1
    ) -> bytes:
        """The file entry of block `at`, without the zeros up to the end of its block.

        `tail`: its allocation descriptors, or its data where `form` is EMBEDDED. `length`: of its data.
        """
        folder = kind == FOLDER_TYPE
        icb = (0, 4, 0, 1, kind, form if folder else form | _ARCHIVE)
        access = (_NOBODY, _NOBODY, _READ_AND_ENTER if folder else _READ, links, 0, 0, 0)
        recorded = 0 if form == EMBEDDED else -(-length // BLOCK)
        date, last = self._date, (IMPLEMENTATION, unique, 0, len(tail))
        if self._extended:
            head = _EXTENDED.pack(
                *icb, *access, length, length, recorded, date, date, date, date, 1, 0, *last
            )
            return tagged(266, self._edition, at, head + tail)
        head = _ENTRY.pack(*icb, *access, length, recorded, date, date, date, 1, *last)
        return tagged(261, self._edition, at, head + tail)


def short_extents(at: int, length: int, limit: int = EXTENT_LIMIT) -> bytes:
    """Short allocation descriptors of contiguous data: in the partition of the file entry itself."""
    return b"".join(SHORT_AD.pack(size, block) for block, size in _pieces(at, length, limit))


def long_extents(at: int, length: int, reference: int) -> bytes:
    """Long allocation descriptors of contiguous data in the partition that `reference` numbers."""
    return b"".join(LONG_AD.pack(size, block, reference, 0) for block, size in _pieces(at, length))


def _pieces(at: int, length: int, limit: int = EXTENT_LIMIT) -> Iterator[tuple[int, int]]:
    """The extents of contiguous data, none longer than `limit`: (block, bytes)."""
    for done in range(0, length, limit):
        yield at + done // BLOCK, min(limit, length - done)


def identifier_length(name: bytes) -> int:
    """Bytes of a file identifier descriptor, which ends on a multiple of four."""
    return _IDENTIFIER_HEAD + len(name) + -(_IDENTIFIER_HEAD + len(name)) % 4


def identifier(edition: int, at: int, name: bytes, kind: int, icb: bytes) -> bytes:
    """A file identifier descriptor that begins in block `at` (4/14.4).

    `name`: in OSTA compressed Unicode, empty for the parent. `icb`: the long_ad of its file entry.
    """
    body = _IDENTIFIER.pack(1, kind, len(name), icb, 0) + name
    return tagged(0x101, edition, at, body + bytes(-(16 + len(body)) % 4))
