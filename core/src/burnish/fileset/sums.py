"""CRC-32 of forms, for the formats that want it in front of a file (`Format.sums`)."""

import os
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from burnish.contracts import Cancel
from burnish.fileset.fit import Form
from burnish.recipe import Opener, Range, Source, pieces


class Sums:
    """Sums that were taken; each form is read once, several at a time."""

    def __init__(self, opener: Opener, cancel: Cancel) -> None:
        self._opener = opener
        self._cancel = cancel
        self._known: dict[str, int] = {}

    def sources(self, forms: Sequence[Form]) -> dict[str, Source]:
        """What a recipe must know of each form, with its sum.

        Raises SourceDamaged where one is gone or too short, and Cancelled.
        """
        missing = [form for form in forms if form.key not in self._known]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for form, value in zip(missing, pool.map(self._sum, missing), strict=True):
                self._known[form.key] = value
        return {form.key: Source(form.length, form.digest, self._known[form.key]) for form in forms}

    def _sum(self, form: Form) -> int:
        running = 0
        for piece in pieces((Range(form.key, 0, form.length),), self._opener):
            self._cancel.check()
            running = zlib.crc32(piece, running)
        return running
