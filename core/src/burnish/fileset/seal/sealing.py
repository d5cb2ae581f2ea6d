"""The files of a volume, sealed while it is composed.

What stands behind a file's content is its digest, or a signature of it, so every file is read once for that.
Whoever composes a volume several times, to see how it splits, has each file sealed once.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from burnish.contracts import Cancel
from burnish.fileset.seal.cms import Envelope
from burnish.recipe import Entry, Extent, Opener, pieces


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
        for piece in pieces(content, self._opener):
            self._cancel.check()
            running.update(piece)
        return running.digest()
