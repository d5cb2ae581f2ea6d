"""Deflated data sets, inflated piece by piece: nothing is held, and a bomb is told from an image.

Source: PS3.5 A.5 (Deflated Explicit VR Little Endian; a null may pad it), RFC 1951. Units: bytes.
"""

import zlib
from collections.abc import Iterator
from typing import Final

from burnish.instances.scan import Bytes, Scan, Scanned, Unscannable
from burnish.terms import DEFLATED

_PIECE: Final = 1 << 20
_LEAST: Final = 256 << 20
_MOST: Final = 100
"""A data set may grow to so many bytes, and beyond them to so many times its length: images shrink to a
tenth, and only a bomb to a thousandth."""


class Inflater:
    """One data set."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._taken = self._given = 0

    def feed(self, data: Bytes) -> Iterator[bytes]:
        """Give what the next bytes stand for, in pieces. Raises Unscannable."""
        self._taken += len(data)
        left: Bytes = data
        while left and not self._inflater.eof:
            try:
                piece = self._inflater.decompress(left, _PIECE)
            except zlib.error as error:
                raise Unscannable(f"it cannot be inflated: {error}") from error
            self._given += len(piece)
            if self._given > max(_LEAST, _MOST * self._taken):
                raise Unscannable(f"{self._taken} bytes of it inflate to more than {_MOST} times as much")
            yield piece
            left = self._inflater.unconsumed_tail

    def finish(self) -> None:
        """Say that all bytes were fed. Raises Unscannable."""
        if not self._inflater.eof:
            raise Unscannable("it ends within what is deflated")


class _InflatingScan(Scan):
    """A scan over a data set that is fed as it stands, deflated."""

    def __init__(self, budget: int) -> None:
        super().__init__(DEFLATED, budget)
        self._inflater = Inflater()

    def feed(self, data: Bytes) -> None:
        for piece in self._inflater.feed(data):
            super().feed(piece)

    def finish(self) -> Scanned:
        self._inflater.finish()
        return super().finish()


def scan_of(transfer_syntax: str, budget: int) -> Scan:
    """A scan that is fed the bytes of a data set as they stand; `budget` bounds the bytes kept."""
    return _InflatingScan(budget) if transfer_syntax == DEFLATED else Scan(transfer_syntax, budget)
