"""The files of a volume, sealed while it is composed.

What stands behind a file's content is its digest, or a signature of it, so every file is read once for that.
Whoever composes a volume several times, to see how it splits, has each file sealed once.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final

from burnish.contracts import Cancel
from burnish.errors import SourceDamaged
from burnish.fileset.seal.cms import Envelope
from burnish.recipe import Encoded, Entry, Extent, Literal, Opener, Range, Zeros

_STEP: Final = 1 << 20


class Sealer:
    """Seals entries for the recipients of an envelope."""

    def __init__(self, envelope: Envelope, opener: Opener, cancel: Cancel) -> None:
        self.envelope = envelope
        self._opener = opener
        self._cancel = cancel
        self._sealed: dict[tuple[Extent, ...], tuple[Extent, ...]] = {}

    def seal(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """The same files, each readable by the recipients alone.

        Raises SourceDamaged where a source is gone or too short, and Cancelled.
        """
        missing = [entry.content for entry in entries if entry.content not in self._sealed]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for content, sealed in zip(missing, pool.map(self._around, missing), strict=True):
                self._sealed[content] = sealed
        return tuple(Entry(entry.path, self._sealed[entry.content]) for entry in entries)

    def _around(self, content: tuple[Extent, ...]) -> tuple[Extent, ...]:
        return self.envelope.around(content, self.digest(content))

    def digest(self, content: Sequence[Extent]) -> bytes:
        """SHA-256 of what extents stand for."""
        running = sha256()
        for piece in self._pieces(content):
            running.update(piece)
        return running.digest()

    def _pieces(self, content: Sequence[Extent]) -> Iterator[bytes]:
        for extent in content:
            match extent:
                case Literal(data):
                    yield data
                case Zeros(length):
                    for at in range(0, length, _STEP):
                        yield bytes(min(_STEP, length - at))
                case Range():
                    yield from self._read(extent)
                case Encoded(codec, inner):
                    encoder = codec.encoder()
                    for piece in self._pieces(inner):
                        yield encoder.update(piece)
                    yield encoder.finish()

    def _read(self, extent: Range) -> Iterator[bytes]:
        start, left = extent.start, extent.length
        with self._opener(extent.key) as located:
            while left:
                self._cancel.check()
                data = os.pread(located.descriptor, min(_STEP, left), located.offset + start)
                if not data:
                    raise SourceDamaged(f"source {extent.key} ends {left} bytes early")
                yield data
                start += len(data)
                left -= len(data)
