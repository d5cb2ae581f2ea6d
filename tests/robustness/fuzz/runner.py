"""Many files over all cores: slices of a run, each in a process of its own, and the summary of all."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from tests.robustness.fuzz.batches import ON_MEDIUM
from tests.robustness.fuzz.mutator import fuzzed, fuzzed_directory
from tests.robustness.fuzz.worker import DIRECTORY, Tally

ROOT: Final = Path(__file__).parents[3]
REGRESSIONS: Final = Path(__file__).parent / "regressions"
SLICE: Final = 1000
"""Files of one process."""
SLICE_LIMIT: Final = 1800.0
"""Seconds for one slice."""


def run(files: int, seed: int, first: int = 0, processes: int | None = None) -> Tally:
    """Fuzz `files` files; what fails is kept in `regressions/`."""
    starts = range(first, first + files, SLICE)
    work = partial(_slice, seed, first + files)
    total = Tally()
    with ThreadPoolExecutor(processes or os.cpu_count() or 1) as pool:
        for tally in pool.map(work, starts):
            total.add(tally)
    for name, _ in total.faults:
        _keep(seed, name)
    return total


def _slice(seed: int, end: int, start: int) -> Tally:
    """One process; a fault of its own where it died."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        place = Path(folder, "place")
        numbers = map(str, (seed, start, min(end, start + SLICE)))
        command = [sys.executable, "-m", "tests.robustness.fuzz.worker", *numbers, str(place)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=SLICE_LIMIT, cwd=ROOT
            )
            return Tally.of_json(done.stdout.splitlines()[-1])
        except (subprocess.SubprocessError, IndexError, ValueError) as error:
            at = place.read_text("utf-8").strip() if place.exists() else f"{start} to {start}"
            told = getattr(error, "stderr", "") or ""
            return Tally(faults=[(at, f"the process ended: {error}\n{told[-3000:]}")])


def _keep(seed: int, name: str) -> None:
    """Keep the file that a fault is about, where it is about one."""
    if " to " in name:
        return
    file = name.split(" ", maxsplit=1)[0]
    make = fuzzed_directory if DIRECTORY in file else fuzzed
    data = make(seed, int(file.removesuffix(f"-{DIRECTORY}"))).data
    REGRESSIONS.joinpath(f"{seed}-{file}.dcm").write_bytes(data)


def summary(tally: Tally) -> Iterator[str]:
    """Lines for a person."""
    placed = tally.fates[ON_MEDIUM]
    yield f"{tally.files} files, {placed} on a medium, {tally.fates.total() - placed} refused"
    for reason, count in tally.fates.most_common():
        if reason != ON_MEDIUM:
            yield f"{count:8} {reason}"
    seconds, slowest = tally.slowest
    yield f"slowest: {seconds:.2f} s of CPU, file {slowest}"
    yield f"memory: {(tally.peak - tally.base) >> 20} MiB above the {tally.base >> 20} MiB of a warm process"
    yield f"{len(tally.faults)} faults"
    for name, text in tally.faults:
        yield f"\nfile {name}\n{text}"
