"""Partitions as a reader sees them: from blocks of a partition to bytes of the medium.

Units: blocks count from the start of the partition, offsets are bytes of the medium. A stretch is
(offset, length) in bytes.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from burnish.errors import UnreadableMedium

Stretch = tuple[int, int]


class Space(Protocol):
    """A partition."""

    def stretches(self, block: int, length: int) -> Iterator[Stretch]:
        """Where `length` bytes from `block` on stand, in order. Raises UnreadableMedium beyond its end."""


@dataclass(frozen=True, slots=True)
class Physical(Space):
    """A partition that a partition map of type 1 names."""

    start: int
    """Byte of the medium at which it begins."""
    length: int
    """Bytes."""
    block: int
    """Bytes of a block."""

    def stretches(self, block: int, length: int) -> Iterator[Stretch]:
        """One."""
        at = block * self.block
        if at + length > self.length:
            raise UnreadableMedium(f"block {block} and {length} bytes are beyond the end of the partition")
        yield self.start + at, length


class Mapped(Space):
    """A metadata partition: the content of a file (UDF 2.2.13)."""

    def __init__(self, pieces: Sequence[Stretch], block: int) -> None:
        """`pieces`: where the file stands, in its order."""
        self._pieces = pieces
        self._block = block
        self._starts = list(accumulate((length for _, length in pieces), initial=0))
        """Bytes of the file in front of each piece, and of all of it."""

    def stretches(self, block: int, length: int) -> Iterator[Stretch]:
        """As many as the file's pieces it touches."""
        at, end = block * self._block, block * self._block + length
        if end > self._starts[-1]:
            raise UnreadableMedium(f"block {block} is beyond the end of the metadata")
        number = bisect_right(self._starts, at) - 1
        while at < end:
            start, size = self._pieces[number]
            into = at - self._starts[number]
            step = min(size - into, end - at)
            yield start + into, step
            at, number = at + step, number + 1


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Stretches of which none goes on where the one before it ends.

    >>> joined([(0, 2), (2, 3), (9, 1)])
    [(0, 5), (9, 1)]
    """
    found: list[Stretch] = []
    for start, length in stretches:
        if found and sum(found[-1]) == start:
            found[-1] = (found[-1][0], found[-1][1] + length)
        else:
            found.append((start, length))
    return found
