"""Clocks, memory, rounds in turn, and how a result is told."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import Any, Final

_LOOK: Final = 0.004
"""Seconds between looks at a program that runs; its end is seen so late at most."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """One measurement."""

    seconds: float
    mib: float = 0.0
    """Peak resident memory; 0 where it was not measured."""
    parts: dict[str, float] = field(default_factory=dict)
    """Seconds of steps, by name."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    name: str
    peer: str
    ours: Sampled
    theirs: Sampled
    rounds: int
    notes: dict[str, float] = field(default_factory=dict)
    """Whatever else was measured, by name with its unit."""

    @property
    def ratio(self) -> float:
        """Ours over the peer's."""
        return self.ours.seconds / self.theirs.seconds


def in_turn(rounds: int, *measures: Callable[[], Sampled]) -> list[Sampled]:
    """Run all of them, round after round; the medians of each."""
    taken: list[list[Sampled]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, samples in zip(measures, taken, strict=True):
            samples.append(measure())
    return [_medians(samples) for samples in taken]


def _medians(samples: Sequence[Sampled]) -> Sampled:
    parts = {name: median(sample.parts[name] for sample in samples) for name in samples[0].parts}
    return Sampled(median(s.seconds for s in samples), max(s.mib for s in samples), parts)


def run(command: Sequence[str | Path]) -> Sampled:
    """A program, from its start to its end, with its peak memory. Raises CalledProcessError.

    The memory is looked at while it runs: what wait4 tells counts that of the process it was forked from.
    """
    peak = 0.0
    with TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=said)
        while process.poll() is None:
            with suppress(OSError, IndexError):  # it ended meanwhile
                peak = peak_mib(process.pid)
            time.sleep(_LOOK)
        seconds = time.perf_counter() - began
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(
                process.returncode, list(command), stderr=said.read().decode()
            )
    return Sampled(seconds, peak)


def peak_mib(process: int | str = "self") -> float:
    """Peak resident memory of a process so far."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class Worker:
    """A process of ours that measures the same thing as often as it is asked, warm as a server is."""

    def __init__(self, *arguments: str | Path) -> None:
        command = [sys.executable, "-m", "tests.bench.worker", *map(str, arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._told()  # it is ready

    def _told(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the worker ended; what it said stands above")
        return dict(json.loads(line))

    def measure(self) -> Sampled:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Sampled(**self._told())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@contextmanager
def working(*arguments: str | Path) -> Iterator[Worker]:
    """A worker, ended at the end."""
    worker = Worker(*arguments)
    try:
        yield worker
    finally:
        worker.close()


def answer(measure: Callable[[], Sampled]) -> None:
    """Be a worker: measure at each line that comes, until none does."""
    print(json.dumps({}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(asdict(measure())), flush=True)


class Laps:
    """Seconds of steps, each from the end of the last."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self._began = self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        """A step has ended."""
        now = time.perf_counter()
        self.parts[name], self._last = now - self._last, now

    def sampled(self) -> Sampled:
        """All of them."""
        return Sampled(self._last - self._began, peak_mib(), self.parts)


def table(rows: Sequence[Row]) -> str:
    """The rows as text; each with its steps below."""
    heads = ("row", "beside", "ours s", "peer s", "ratio", "ours MiB", "peer MiB", "rounds")
    lines = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    text = []
    for line, row in zip(lines, [None, *rows], strict=True):
        text.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        text += _below(row) if row else []
    return "\n".join(text)


def _cells(row: Row) -> tuple[str, ...]:
    memory = [f"{sampled.mib:.0f}" if sampled.mib else "-" for sampled in (row.ours, row.theirs)]
    seconds = [f"{sampled.seconds:.3f}" for sampled in (row.ours, row.theirs)]
    return (row.name, row.peer, *seconds, f"{row.ratio:.2f}", *memory, str(row.rounds))


def _below(row: Row) -> Iterator[str]:
    for title, values in (("ours", row.ours.parts), ("peer", row.theirs.parts), ("also", row.notes)):
        if values:
            yield f"    {title}: " + ", ".join(f"{name} {value:.3f}" for name, value in values.items())


def document(rows: Sequence[Row]) -> str:
    """The rows as JSON."""
    return json.dumps([asdict(row) | {"ratio": row.ratio} for row in rows], indent=2)
