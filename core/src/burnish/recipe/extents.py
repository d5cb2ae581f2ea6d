"""Extents: the three things an image is made of.

Units: bytes. A recipe's extents follow one another without gaps from offset 0.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

_LITERAL, _RANGE, _ZEROS = b"L", b"R", b"Z"


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes made here: file system structures, a DICOMDIR, file meta information."""

    data: bytes

    @property
    def length(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Range:
    """Bytes of a source, from `start` within it. A source's ranges appear once each, in order."""

    key: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Zeros:
    """Padding."""

    length: int


Extent = Literal | Range | Zeros


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of bytes that live elsewhere."""

    length: int
    digest: bytes
    """SHA-256 of all its bytes, taken when they were received or derived."""


class FileSpan(NamedTuple):
    """Where a file stands in an image: contiguous."""

    path: tuple[str, ...]
    offset: int
    length: int


@dataclass(frozen=True)
class Recipe:
    """A laid-out tree. Raises ValueError where an extent names a source that is not given."""

    extents: tuple[Extent, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
    """By key; every one is used by at least one Range."""
    files: tuple[FileSpan, ...] = field(default=(), compare=False)
    """Where the files of the tree stand, as the format says; empty where it does not."""

    def __post_init__(self) -> None:
        used = {extent.key for extent in self.extents if isinstance(extent, Range)}
        if used != self.sources.keys():
            raise ValueError(f"sources and ranges differ: {sorted(used ^ self.sources.keys())[:3]}")

    @cached_property
    def length(self) -> int:
        """Bytes of the image."""
        return sum(extent.length for extent in self.extents)

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 that names the content, found without reading a source.

        It runs over the extents with each source stood for by its own digest, so equal recipes have equal
        digests and any difference in any byte of the image shows.
        """
        running = hashlib.sha256()
        for part in self._identity():
            running.update(part)
        return running.digest()

    def _identity(self) -> Iterator[bytes]:
        for extent in self.extents:
            match extent:
                case Literal(data):
                    yield _LITERAL + struct.pack("<Q", len(data))
                    yield data
                case Range(key, start, length):
                    source = self.sources[key]
                    yield _RANGE + struct.pack("<QQQ", start, length, source.length) + source.digest
                case Zeros(length):
                    yield _ZEROS + struct.pack("<Q", length)
