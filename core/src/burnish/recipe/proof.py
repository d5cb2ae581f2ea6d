"""Writing a file and proving it: what is on the disk is read back while the rest is still being written.

Each stretch is synced, dropped from the cache and compared with the recipe by a second thread. Units: bytes.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from burnish.recipe.compare import Comparison
from burnish.recipe.extents import Recipe
from burnish.recipe.stream import Opener, pour

_STRETCH: Final = 32 << 20
"""What is proven at a time: so much that a disk with a head does not mind going back for it."""
_BLOCK: Final = 1 << 20
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

Report = Callable[[str, int], None]
"""Told (step, done) in the caller's thread: `writing` while there is something to write, then `proving`."""


def pour_and_prove(recipe: Recipe, opener: Opener, descriptor: int, report: Report) -> None:
    """Write `recipe` to an empty file, readable too, and prove it; durable when this returns.

    `report` may raise to stop. Raises Mismatch where the file holds something else than the recipe says,
    SourceDamaged, and OSError.
    """
    pool = ThreadPoolExecutor(1, "prover")
    try:
        proof = _Proof(recipe, descriptor, pool, report)
        pour(recipe, opener, descriptor, proof.written)
        proof.finish()
    finally:
        pool.shutdown(cancel_futures=True)


class _Proof:
    """How far a file was written, asked to be proven, and proven."""

    def __init__(self, recipe: Recipe, descriptor: int, pool: ThreadPoolExecutor, report: Report) -> None:
        self._descriptor = descriptor
        self._pool = pool
        self._report = report
        self._comparison = Comparison(recipe)
        self._block = memoryview(bytearray(min(_BLOCK, recipe.length + _PAGE)))
        self._asked = 0
        self._proven = 0
        self._stretches: deque[Future[None]] = deque()

    def written(self, done: int) -> None:
        """So much of the file was written. Raises what the proof of a stretch raised."""
        self._report("writing", done)
        if done - self._asked >= _STRETCH:
            self._ask(done - done % _PAGE)  # the cache drops whole pages
        while self._stretches and self._stretches[0].done():
            self._stretches.popleft().result()

    def finish(self) -> None:
        """All of it was written: prove the rest, and that nothing follows."""
        self._ask(os.fstat(self._descriptor).st_size)
        while self._stretches:
            self._stretches.popleft().result()
            self._report("proving", self._proven)
        self._comparison.finish()

    def _ask(self, end: int) -> None:
        self._stretches.append(self._pool.submit(self._prove, self._asked, end))
        self._asked = end

    def _prove(self, at: int, end: int) -> None:
        os.fdatasync(self._descriptor)
        if end <= at:  # the file has become shorter than what was written: the comparison says so
            return
        os.posix_fadvise(self._descriptor, at, end - at, os.POSIX_FADV_DONTNEED)
        while at < end and (count := os.preadv(self._descriptor, [self._block[: end - at]], at)):
            self._comparison.feed(self._block[:count])
            at += count
        self._proven = at
