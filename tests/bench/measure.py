"""Clocks, memory, rounds in turn, and how a result is told."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from typing import Any, Final

_LOOK: Final = 0.004
"""Seconds between looks at a program that runs; its end is seen so late at most."""
PATIENCE: Final = 300.0
"""Seconds that a peer gets for one turn; the table says so where it needs more."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """One measurement."""

    seconds: float
    cpu: float = 0.0
    """Seconds of computing, of all threads and, for a program, of its children; 0 where not measured."""
    mib: float = 0.0
    """Peak resident memory; 0 where it was not measured."""
    parts: dict[str, float] = field(default_factory=dict)
    """Seconds of steps, by name."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Whatever else did the same work."""

    name: str
    measure: Callable[[], Sampled]
    rounds: int | None = None
    """Turns it takes; None for as many as ours."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What became of a peer."""

    name: str
    taken: Sampled | None
    """None where it did not come to an end."""
    why: str = ""
    """Why it did not."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table, or one for each peer."""

    name: str
    ours: Sampled
    peers: tuple[Beside, ...]
    """The first is the one that a promise is about."""
    rounds: int
    promised: float | None = None
    """Ours over the first peer's is to be at most so much; None where nothing is promised."""
    notes: Mapping[str, float] = field(default_factory=dict)
    """Whatever else was measured, by name with its unit."""

    @property
    def ratios(self) -> tuple[float | None, ...]:
        """Ours over each peer's."""
        return tuple(self.ours.seconds / peer.taken.seconds if peer.taken else None for peer in self.peers)

    @property
    def kept(self) -> bool | None:
        """Whether the promise was kept; None where there is none, or nothing to compare with."""
        ratio = self.ratios[0]
        return None if ratio is None or self.promised is None else ratio <= self.promised


class TooLong(Exception):
    """A program took longer than it was given."""


def in_turn(rounds: int, ours: Callable[[], Sampled], *peers: Peer) -> tuple[Sampled, tuple[Beside, ...]]:
    """Measure ours and every peer, round after round; the medians of each. A peer that fails takes no
    further turns."""
    turns = [_Turns(peer) for peer in peers]
    samples = []
    for number in range(rounds):
        samples.append(ours())
        for turn in turns:
            turn.take(number)
    return _medians(samples), tuple(turn.result() for turn in turns)


class _Turns:
    """The turns of one peer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._samples: list[Sampled] = []
        self._why = ""

    def take(self, number: int) -> None:
        if self._why or number >= (self._peer.rounds or number + 1):
            return
        try:
            self._samples.append(self._peer.measure())
        except TooLong as error:
            self._why = str(error)
        except subprocess.CalledProcessError as error:
            self._why = f"it ended with {error.returncode}"
            print(f"{self._peer.name}: {error.stderr}", file=sys.stderr)

    def result(self) -> Beside:
        return Beside(self._peer.name, None if self._why else _medians(self._samples), self._why)


def _medians(samples: Sequence[Sampled]) -> Sampled:
    parts = {name: median(sample.parts[name] for sample in samples) for name in samples[0].parts}
    seconds, cpu = (median(getattr(sample, name) for sample in samples) for name in ("seconds", "cpu"))
    return Sampled(seconds, cpu, max(sample.mib for sample in samples), parts)


def run(command: Sequence[str | Path], patience: float = PATIENCE) -> Sampled:
    """A program, from its start to its end, with its peak memory. Raises CalledProcessError and TooLong.

    The memory is looked at while it runs: what wait4 tells counts that of the process it was forked from.
    """
    peak = 0.0
    with TemporaryFile() as said:
        began, before = time.perf_counter(), _children()
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=said)
        while process.poll() is None:
            with suppress(OSError, IndexError):  # it ended meanwhile
                peak = peak_mib(process.pid)
            if time.perf_counter() - began > patience:
                process.kill()
                process.wait()
                raise TooLong(f"over {patience:.0f} s")
            time.sleep(_LOOK)
        seconds = time.perf_counter() - began
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(
                process.returncode, list(command), stderr=said.read().decode(errors="replace")
            )
    return Sampled(seconds, _children() - before, peak)


def _children() -> float:
    """Seconds of computing of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def one_after_another(**steps: Sampled) -> Sampled:
    """What programs took that ran one after another."""
    return Sampled(
        sum(step.seconds for step in steps.values()),
        sum(step.cpu for step in steps.values()),
        max(step.mib for step in steps.values()),
        {name: step.seconds for name, step in steps.items()},
    )


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
        self._cpu = time.process_time()

    def lap(self, name: str) -> None:
        """A step has ended."""
        now = time.perf_counter()
        self.parts[name], self._last = now - self._last, now

    def sampled(self) -> Sampled:
        """All of them."""
        return Sampled(self._last - self._began, time.process_time() - self._cpu, peak_mib(), self.parts)


_HEADS: Final = (
    "row",
    "beside",
    "ours s",
    "peer s",
    "ratio",
    "promised",
    "ours CPU s",
    "peer CPU s",
    "ours MiB",
    "peer MiB",
    "rounds",
)


def table(rows: Sequence[Row]) -> str:
    """The rows as text, a line for each peer; below them what steps took."""
    lines = [_HEADS, *(cells for row in rows for cells in _lines(row))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADS))]
    text = [_aligned(_HEADS, widths)]
    for row in rows:
        text += [_aligned(cells, widths) for cells in _lines(row)]
        text += _below(row)
    return "\n".join(text)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _lines(row: Row) -> Iterator[tuple[str, ...]]:
    for number, (peer, ratio) in enumerate(zip(row.peers, row.ratios, strict=True)):
        taken = peer.taken or Sampled(0.0)
        yield (
            "" if number else row.name,
            peer.name,
            _told(row.ours.seconds),
            _told(taken.seconds) if peer.taken else peer.why,
            "-" if ratio is None else f"{ratio:.3f}",
            "" if number else _promise(row),
            _told(row.ours.cpu),
            _told(taken.cpu),
            _told(row.ours.mib, 0),
            _told(taken.mib, 0),
            str(row.rounds),
        )


def _told(measured: float, places: int = 3) -> str:
    return f"{measured:.{places}f}" if measured else "-"


def _promise(row: Row) -> str:
    if row.promised is None:
        return "-"
    return f"<= {row.promised} " + {True: "kept", False: "BROKEN", None: "unknown"}[row.kept]


def _below(row: Row) -> Iterator[str]:
    steps = [("ours", row.ours.parts), *((peer.name, peer.taken.parts) for peer in row.peers if peer.taken)]
    for title, values in (*steps, ("also", row.notes)):
        if values:
            yield f"    {title}: " + ", ".join(f"{name} {value:.3f}" for name, value in values.items())


def document(rows: Sequence[Row]) -> str:
    """The rows as JSON."""
    return json.dumps([asdict(row) | {"ratios": row.ratios, "kept": row.kept} for row in rows], indent=2)
