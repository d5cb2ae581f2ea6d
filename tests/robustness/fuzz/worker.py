"""One process that fuzzes a range of numbers, under limits of its own, and says in JSON what came of it.

    python -m tests.robustness.fuzz.worker SEED FIRST LAST PLACE

A file may take 5 s of CPU in each check. A process that hangs in code that no signal
interrupts shows where and ends; the parent finds the number at hand in the file PLACE. Address space is
limited to what the process had when warm and 1 GiB more.
"""

import faulthandler
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final, TypeVar

from tests.robustness.fuzz import batches, checks
from tests.robustness.fuzz.mutator import Fuzzed, fuzzed, fuzzed_directory
from tests.robustness.fuzz.seeds import seeds

FILE_LIMIT: Final = 5.0
"""Seconds of CPU for one file."""
SILENCE: Final = 600.0
"""Seconds for a batch, after which a process gives up."""
ROOM: Final = 1 << 30
"""Bytes of address space beyond those of a warm process."""
BATCH: Final = 100
DIRECTORY: Final = "directory"
"""Marks the number of a DICOMDIR, which come from a sequence of their own."""


T = TypeVar("T")


class TooSlow(BaseException):
    """A check took more CPU than it may; no handler of errors in between catches this."""


@dataclass
class Tally:
    """What came of some files."""

    files: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    """On a medium, or the class of the reason; each file is composed once."""
    slowest: tuple[float, str] = (0.0, "")
    """Seconds of CPU, and the file."""
    base: int = 0
    """Bytes of resident memory of a warm process, and at its peak."""
    peak: int = 0
    faults: list[tuple[str, str]] = field(default_factory=list)
    """Which file (`12`, or `12-directory`), and what happened."""

    def add(self, other: "Tally") -> None:
        """Count the files of another one, too."""
        self.files += other.files
        self.fates += other.fates
        self.slowest = max(self.slowest, other.slowest)
        if other.peak - other.base >= self.peak - self.base:
            self.base, self.peak = other.base, other.peak
        self.faults += other.faults

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(vars(self))

    @classmethod
    def of_json(cls, line: str) -> "Tally":
        """Read it back."""
        plain = json.loads(line)
        plain["fates"] = Counter(plain["fates"])
        plain["slowest"] = tuple(plain["slowest"])
        plain["faults"] = [tuple(one) for one in plain["faults"]]
        return cls(**plain)


class Worker:
    """A range of numbers of one run."""

    def __init__(self, seed: int, place: Path) -> None:
        self.tally = Tally()
        self._seed = seed
        self._place = os.open(place, os.O_WRONLY | os.O_CREAT)

    def run(self, numbers: Sequence[int]) -> Tally:
        """Fuzz all of them."""
        self._warm_up()
        for start in range(0, len(numbers), BATCH):
            faulthandler.dump_traceback_later(SILENCE, exit=True)
            some = [fuzzed(self._seed, number) for number in numbers[start : start + BATCH]]
            for one in some:
                self._check(one)
            self._compose(some)
        faulthandler.cancel_dump_traceback_later()
        self.tally.peak = _resident()
        return self.tally

    def _warm_up(self) -> None:
        """Import and open what every file needs, then limit what is left."""
        good = [Fuzzed(number, seed.name, (), seed.data) for number, seed in enumerate(seeds()[:20])]
        batches.compose_files(good, batches.ANY)
        self.tally.base = _resident()
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        limit = pages * resource.getpagesize() + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

    def _check(self, one: Fuzzed) -> None:
        random, name = Random(one.number), str(one.number)
        self.tally.files += 1
        found = self._try(name, lambda: checks.check_scan(one, random))
        self._try(name, lambda: checks.check_content(one))
        if found and not found[0].ended_early:
            self._try(name, lambda: checks.check_record(*found))
        if one.number % 5 == 0:
            self._try(name, lambda: checks.check_derivation(one))
        if one.number % 5 == 1:
            directory = fuzzed_directory(self._seed, one.number)
            neighbours = dict(checks.neighbours([one]))
            self._try(f"{name}-{DIRECTORY}", lambda: checks.check_directory(directory, neighbours))

    def _compose(self, some: Sequence[Fuzzed]) -> None:
        """All in one call; where that fails, each alone, to find out whose fault it is."""
        number = some[0].number // BATCH
        profile = batches.ANY if number % 5 else batches.STANDARD
        judged = number % 10 == 1
        name = f"{some[0].number} to {some[-1].number} on {profile}"
        before = len(self.tally.faults)
        fates = self._try(
            name, lambda: batches.compose_files(some, profile, judged=judged), FILE_LIMIT * len(some)
        )
        if fates is not None:
            self.tally.fates += fates
            return
        for one in some:
            self._try(f"{one.number} on {profile}", lambda one=one: batches.compose_files([one], profile))  # type: ignore[misc]
        if len(self.tally.faults) > before + 1:
            del self.tally.faults[before]

    def _try(self, name: str, check: Callable[[], T], limit: float = FILE_LIMIT) -> T | None:
        """Run one check under the watch; None where it fails, which is noted."""
        os.pwrite(self._place, name.encode().ljust(80), 0)
        began = time.process_time()
        try:
            with _limited(limit):
                return check()
        except (Exception, TooSlow):  # noqa: BLE001 - whatever it is, it is what we look for
            self.tally.faults.append((name, traceback.format_exc(limit=-6)))
            return None
        finally:
            if " to " not in name:
                self.tally.slowest = max(self.tally.slowest, (time.process_time() - began, name))


def _resident() -> int:
    """Bytes, at the peak so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_slow(_: int, frame: FrameType | None) -> None:
    raise TooSlow(f"at {frame.f_code.co_filename}:{frame.f_lineno}" if frame else "")


def main() -> None:
    """Run, and print the tally."""
    seed, first, last = map(int, sys.argv[1:4])
    warnings.simplefilter("ignore")  # pydicom, which makes seeds and is a judge, warns of what is broken
    signal.signal(signal.SIGPROF, _too_slow)
    print(Worker(seed, Path(sys.argv[4])).run(range(first, last)).to_json())


if __name__ == "__main__":
    main()
