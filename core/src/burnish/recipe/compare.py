"""Proof: what stands on a medium, byte by byte against the recipe.

Literals and zeros are compared with themselves; a source is hashed and compared with the digest that was
taken when its bytes were received or derived, so neither the spool nor a driver is believed.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Protocol

from burnish.errors import Mismatch
from burnish.recipe.codecs import Encoder
from burnish.recipe.extents import Encoded, Extent, Literal, Range, Recipe, Zeros, ranges

_BLOCK = 1 << 20


class _Hash(Protocol):
    def update(self, data: memoryview, /) -> None: ...
    def digest(self) -> bytes: ...


class Comparison:
    """Feed what was read, in order from offset 0, in pieces of any size; then `finish`.

    Bytes beyond the recipe are the medium's own padding: they are counted, and must be zeros.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._rest: Iterator[Extent] = iter(recipe.extents)
        self._extent: Extent | None = next(self._rest, None)
        self._within = 0
        self._offset = 0
        self._hashes: dict[str, tuple[_Hash, int]] = {}
        self._decoding: tuple[Encoder, Comparison] | None = None
        self.padding = 0
        """Zero bytes after the image."""

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Compare the next bytes. Raises Mismatch at the first difference it can see."""
        view = memoryview(data).cast("B")
        while len(view):
            if self._extent is None:
                self._trailer(view)
                return
            step = min(len(view), self._extent.length - self._within)
            self._part(self._extent, view[:step])
            view = view[step:]
            self._offset += step
            self._within += step
            if self._within == self._extent.length:
                self._extent = next(self._rest, None)
                self._within = 0

    def finish(self) -> None:
        """Say that the medium has been read. Raises Mismatch where it ended early."""
        while self._extent is not None and self._extent.length == 0:
            self._extent = next(self._rest, None)
        if self._extent is not None:
            raise Mismatch(f"the medium ends at byte {self._offset} of {self._recipe.length}")

    def _part(self, extent: Extent, view: memoryview) -> None:
        match extent:
            case Literal(data):
                if data[self._within : self._within + len(view)] != view:
                    raise Mismatch(f"file system or directory differs near byte {self._offset}")
            case Zeros():
                if any(view):
                    raise Mismatch(f"padding is not zero near byte {self._offset}")
            case Range(key):
                self._hash(key, view)
            case Encoded():
                self._decode(extent, view)

    def _decode(self, extent: Encoded, view: memoryview) -> None:
        """What is encoded is decoded, and compared with what it was made of."""
        if self._within == 0:
            inner = {part.key: self._recipe.sources[part.key] for part in ranges(extent.inner)}
            self._decoding = extent.codec.decoder(), Comparison(Recipe(extent.inner, inner))
        assert self._decoding  # noqa: S101 - set at the first byte
        decoder, comparison = self._decoding
        try:
            comparison.feed(decoder.update(view))
            if self._within + len(view) == extent.length:
                comparison.feed(decoder.finish())
                comparison.finish()
        except Mismatch as error:
            raise Mismatch(
                f"within what is encoded, before byte {self._offset + len(view)}: {error}"
            ) from error

    def _hash(self, key: str, view: memoryview) -> None:
        source = self._recipe.sources[key]
        running, seen = self._hashes.get(key) or (hashlib.sha256(), 0)
        running.update(view)
        seen += len(view)
        if seen < source.length:
            self._hashes[key] = running, seen
            return
        self._hashes.pop(key, None)
        if running.digest() != source.digest:
            raise Mismatch(f"source {key} differs from its digest, before byte {self._offset + len(view)}")

    def _trailer(self, view: memoryview) -> None:
        if any(view):
            raise Mismatch(f"the medium holds more than the image, from byte {self._offset}")
        self.padding += len(view)
        self._offset += len(view)


def compare(recipe: Recipe, descriptor: int, report: Callable[[int], None] = lambda _: None) -> None:
    """Read `descriptor` from where it stands to its end and compare; raises Mismatch or OSError."""
    comparison, buffer, done = Comparison(recipe), bytearray(_BLOCK), 0
    view = memoryview(buffer)
    while count := os.readv(descriptor, [buffer]):
        comparison.feed(view[:count])
        done += count
        report(done)
    comparison.finish()
