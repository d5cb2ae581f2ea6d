"""Extents: what an image is made of.

Units: bytes. A recipe's extents follow one another without gaps from offset 0.
"""

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from burnish.recipe.codecs import Codec

_LITERAL, _RANGE, _ZEROS, _ENCODED = b"L", b"R", b"Z", b"E"


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


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a codec makes of other extents, computed while the image is poured."""

    codec: Codec
    inner: "tuple[Extent, ...]"

    @property
    def length(self) -> int:
        return self.codec.length(sum(extent.length for extent in self.inner))


Extent = Literal | Range | Zeros | Encoded


def ranges(extents: "Iterable[Extent]") -> Iterator[Range]:
    """The ranges among extents, those that are encoded too, in order."""
    for extent in extents:
        if isinstance(extent, Range):
            yield extent
        elif isinstance(extent, Encoded):
            yield from ranges(extent.inner)


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of bytes that live elsewhere."""

    length: int
    digest: bytes
    """SHA-256 of all its bytes, taken when they were received or derived."""
    crc32: int | None = field(default=None, compare=False)
    """CRC-32 of all its bytes; for formats that want sums (`Format.sums`), else not known."""


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
        used = {extent.key for extent in ranges(self.extents)}
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
        for part in self._identity(self.extents):
            running.update(part)
        return running.digest()

    def _identity(self, extents: Iterable[Extent]) -> Iterator[bytes]:
        for extent in extents:
            match extent:
                case Literal(data):
                    yield _LITERAL + struct.pack("<Q", len(data))
                    yield data
                case Range(key, start, length):
                    source = self.sources[key]
                    yield _RANGE + struct.pack("<QQQ", start, length, source.length) + source.digest
                case Zeros(length):
                    yield _ZEROS + struct.pack("<Q", length)
                case Encoded(codec, inner):
                    said = json.dumps([codec.name, codec.parameters], sort_keys=True).encode()
                    yield _ENCODED + struct.pack("<QQ", len(said), len(inner)) + said
                    yield from self._identity(inner)
