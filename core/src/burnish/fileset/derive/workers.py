"""Processes that derive: as many as there are cores, each with one instance at a time.

Decoders are C code that reads what anybody sent. One that crashes, hangs or wants all memory ends its process
and fails its instance; the others go on, and the next instance gets another process. Processes are started
when there is work, and ended when there was none for a while; they end with their parent, however that ends.

    parent -> worker   a task, one JSON object a line
    worker -> parent   that it has it, then what came of it, one JSON object a line each (`worker`)

Times are seconds of the monotonic clock.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from burnish.contracts import Cancel, IconRule, Renderer
from burnish.fileset.media import MediaSettings
from burnish.instances.files import Facts
from burnish.terms import EXPLICIT_VR_LE, FailureReason

_LOOK: Final = 0.1
"""Between looks at the clock and at the token of the caller."""
_IDLE: Final = 30.0
"""A worker without work is kept so long."""
_LINE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Task:
    """One form to be made."""

    source: Path
    offset: int
    """Where the data set begins in `source`."""
    length: int
    digest: bytes
    """SHA-256 of the source's data set; what has changed since is not derived."""
    transfer_syntax: str
    target: Path
    """What it is called once it is whole, checked and durable."""
    facts: Facts | None
    """What the trailer of a spool file says of it; None for a file without a trailer."""
    to: str = EXPLICIT_VR_LE
    """Transfer Syntax UID of the form."""
    icon: IconRule | None = None
    """What the icon must be that is to be made instead of a form."""
    renderer: Renderer | None = None
    """What makes pieces of it instead of a form."""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        facts = asdict(self.facts) if self.facts else None
        paths = {"source": str(self.source), "target": str(self.target)}
        numbers = {"offset": self.offset, "length": self.length, "digest": self.digest.hex()}
        syntaxes = {"transfer_syntax": self.transfer_syntax, "to": self.to}
        icon = asdict(self.icon) if self.icon else None
        renderer = asdict(self.renderer) if self.renderer else None
        return {**paths, **numbers, **syntaxes, "facts": facts, "icon": icon, "renderer": renderer}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Task":
        """From what `to_json` gave."""
        facts = Facts(**values["facts"]) if values["facts"] else None
        paths = {"source": Path(values["source"]), "target": Path(values["target"])}
        icon = IconRule(**values["icon"]) if values["icon"] else None
        renderer = Renderer(**values["renderer"]) if values["renderer"] else None
        digest = bytes.fromhex(values["digest"])
        said = {"digest": digest, "facts": facts, "icon": icon, "renderer": renderer}
        return cls(**{**values, **paths, **said})

    @property
    def part(self) -> Path:
        """What it is called until then."""
        return self.target.with_name(self.target.name + ".part")


@dataclass(frozen=True, slots=True)
class Made:
    """A form that stands at its target."""

    length: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing stands at the target."""

    why: str
    """One sentence."""
    reason: FailureReason = FailureReason.PROFILE_COMPRESSION_CONFLICT


Result = Made | Failed


class Workers:
    """The processes. Opens nothing until there is work; `close` when there will be none."""

    def __init__(self, settings: MediaSettings, idle: float = _IDLE) -> None:
        self._settings = settings
        self._most = settings.transcoders or os.cpu_count() or 1
        self._idle = idle
        self._workers: list[_Worker] = []
        self._turn = threading.Lock()
        self._rest: threading.Timer | None = None

    def run(self, tasks: Sequence[Task], cancel: Cancel) -> Iterator[Result]:
        """Do all tasks, several at a time; what came of each, in their order.

        Raises Cancelled soon after `cancel` is asked for, and OSError where the disk is full. Tasks at hand
        are broken off then, and leave nothing.
        """
        if not tasks:
            return
        with self._turn:
            self._wake()
            try:
                yield from _Run(self, tasks, cancel).results()
            finally:
                self._settle()

    def close(self) -> None:
        """End all processes. Safe to repeat."""
        with self._turn:
            self._wake()
            self._end_all()

    def free(self) -> "_Worker | None":
        """A worker without a task, started where there may be another; None where all are busy."""
        for worker in [one for one in self._workers if not one.task and not one.is_alive()]:
            self.drop(worker)
        idle = next((one for one in self._workers if not one.task), None)
        if idle is None and len(self._workers) < self._most:
            idle = _Worker(self._settings)
            self._workers.append(idle)
        return idle

    @property
    def busy(self) -> "list[_Worker]":
        """The workers with a task."""
        return [one for one in self._workers if one.task]

    def drop(self, worker: "_Worker") -> int:
        """Kill a worker; returns what ended it, as `subprocess` does."""
        self._workers.remove(worker)
        return worker.kill()

    def _wake(self) -> None:
        if self._rest:
            self._rest.cancel()
            self._rest = None

    def _settle(self) -> None:
        """Break off what is not wanted any more, and let the others rest."""
        for worker in self.busy:
            task = worker.task
            self.drop(worker)
            if task:
                task.part.unlink(missing_ok=True)
        self._rest = threading.Timer(self._idle, self._retire)
        self._rest.daemon = True
        self._rest.start()

    def _retire(self) -> None:
        if self._turn.acquire(blocking=False):  # else there is work again
            try:
                self._end_all()
            finally:
                self._turn.release()

    def _end_all(self) -> None:
        while self._workers:
            self.drop(self._workers[-1])


class _Run:
    """One call of `run`."""

    def __init__(self, workers: Workers, tasks: Sequence[Task], cancel: Cancel) -> None:
        self._workers = workers
        self._cancel = cancel
        self._waiting = deque(enumerate(tasks))
        self._count = len(tasks)
        self._results: dict[int, Result] = {}

    def results(self) -> Iterator[Result]:
        for place in range(self._count):
            while place not in self._results:
                self._cancel.check()
                self._hand_out()
                self._collect()
            yield self._results.pop(place)

    def _hand_out(self) -> None:
        while self._waiting and (worker := self._workers.free()):
            worker.begin(*self._waiting.popleft())

    def _collect(self) -> None:
        busy = self._workers.busy
        with selectors.DefaultSelector() as selector:
            for worker in busy:
                selector.register(worker.answers, selectors.EVENT_READ, worker)
            for key, _ in selector.select(_LOOK):
                self._hear(key.data)
        for worker in busy:
            if worker.task and worker.is_late():
                self._fail(worker, f"deriving it took longer than {worker.limit:g} seconds")

    def _hear(self, worker: "_Worker") -> None:
        answers = worker.hear()
        if answers is None:
            self._lost(worker)
        for answer in answers or ():
            place, _ = worker.done()
            self._results[place] = _result(answer)

    def _lost(self, worker: "_Worker") -> None:
        """It is gone. What it never began is not at fault, where it has worked before."""
        if worker.begun or worker.fresh:
            self._fail(worker, "")
        else:
            self._waiting.appendleft(worker.done())
            self._workers.drop(worker)

    def _fail(self, worker: "_Worker", why: str) -> None:
        place, task = worker.done()
        ended = self._workers.drop(worker)
        task.part.unlink(missing_ok=True)
        self._results[place] = Failed(why or f"deriving it {_how(ended)}")


class _Worker:
    """One process."""

    def __init__(self, settings: MediaSettings) -> None:
        self.limit = settings.transcoder_timeout.total_seconds()
        """Seconds for one task."""
        twice = str(int(settings.compare_decoders))
        command = [sys.executable, "-m", "burnish.fileset.derive.worker"]
        self._process = subprocess.Popen(
            [*command, str(os.getpid()), str(settings.transcoder_memory), twice],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"),
        )
        assert self._process.stdin  # noqa: S101 - it is a pipe
        assert self._process.stdout  # noqa: S101 - it is a pipe
        self._orders = self._process.stdin
        self.answers = self._process.stdout
        self._heard = b""
        self._place = 0
        self.fresh = True
        """Whether it has never begun a task: one that cannot even start is not tried again."""
        self.begun = False
        """Whether it has its task, and answers for it."""
        self._deadline = 0.0
        self.task: Task | None = None

    def begin(self, place: int, task: Task) -> None:
        """Hand over a task. A worker that is gone is heard of by its silence."""
        self.task, self._place, self.begun = task, place, False
        self._deadline = time.monotonic() + self.limit
        with suppress(BrokenPipeError):
            self._orders.write(json.dumps(task.to_json()).encode() + b"\n")
            self._orders.flush()

    def hear(self) -> list[dict[str, Any]] | None:
        """What it answered, None where it will answer no more."""
        data = os.read(self.answers.fileno(), _LINE)
        if not data:
            return None
        *lines, self._heard = (self._heard + data).split(b"\n")
        answers = [json.loads(line) for line in lines]
        if any("begun" in one for one in answers):
            self.begun, self.fresh = True, False
            self._deadline = time.monotonic() + self.limit
        return [one for one in answers if "begun" not in one]

    def done(self) -> tuple[int, Task]:
        """The task is over; its place and itself."""
        task, self.task = self.task, None
        assert task  # noqa: S101 - only a busy worker is asked
        return self._place, task

    def is_late(self) -> bool:
        """Whether its task has taken too long."""
        return time.monotonic() > self._deadline

    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def kill(self) -> int:
        """End it at once and leave no trace; returns what ended it."""
        with suppress(OSError):
            self._orders.close()
        self._process.kill()
        self.answers.close()
        return self._process.wait()


def _how(ended: int) -> str:
    """What became of a process."""
    if ended >= 0:
        return f"ended its process with status {ended}"
    return f"crashed its process ({signal.Signals(-ended).name})"


def _result(answer: Mapping[str, Any]) -> Result:
    if "errno" in answer:
        raise OSError(answer["errno"], answer["why"])
    if "why" in answer:
        return Failed(answer["why"], FailureReason(answer["reason"]))
    return Made(answer["length"], bytes.fromhex(answer["digest"]))
