"""A whole server in one process and one thread: what `burnish serve` does in four, step by step.

The rooms are the real ones and are put together as `burnish.server` does it. Two things differ: threads are
not started, their objects are stepped by hand; and the pair of a station, feeder and driver, works in this
process, the pipe between them being large enough for a whole small image.
"""

import json
import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, ClassVar, Final

from burnish.config import Loaded
from burnish.contracts import Cancel, DeviceState, Found, Job, Writer
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.errors import Cancelled, DeviceFault, InvalidMove, Refused
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Arrival, Spool
from burnish.orders.orders import Orders
from burnish.orders.retention import Retention
from burnish.orders.settings import MediaLimits
from burnish.production import stations
from burnish.production.feeder import Feeder
from burnish.production.planner import Planner
from burnish.production.proxy import IDLE, Reply, Watch
from burnish.production.stations import Station
from burnish.registry import Registry
from burnish.server import _assemble, prepare

from tests.robustness.harness.points import Points
from tests.robustness.harness.script import AE, CT, EXPLICIT, Step

_WRITE: Final = os.write
"""The system's own: what the harness notes is no point."""
_PIPE: Final = 1 << 20
Answer = int | list[Any]


class Still(threading.Thread):
    """A thread that does not run: whoever wanted it is noted, to be stepped by hand."""

    owners: ClassVar[list[Any]] = []

    def start(self) -> None:
        target = self._target  # type: ignore[attr-defined]
        Still.owners.append(target.__self__)

    def join(self, timeout: float | None = None) -> None:
        pass


class Medium:
    """Notes of what physically happens at a device, as a witness beside it would take them."""

    def __init__(self, file: Path, out: Path) -> None:
        self._out = str(out)
        self._notes = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def about(self, job: Job) -> None:
        """A write is about to begin."""
        self._note(["about", job.token, job.volume, job.copy])

    def trace(self, call: str, args: tuple[Any, ...]) -> None:
        """A call was made: where it opened a medium, that one was touched."""
        if call == "open" and str(args[0]).startswith(self._out):
            path = Path(args[0])
            _, volume, copy = path.name.split(".")[1].rsplit("-", 2)
            self._note(["touched", path.parent.name, int(volume), int(copy)])

    def _note(self, line: list[Any]) -> None:
        _WRITE(self._notes, json.dumps(line).encode() + b"\n")


@dataclass
class Driver:
    """A driver as a feeder sees it, but here: stands in for `DriverProcess`."""

    writer: Writer
    points: Points
    medium: Medium
    random: Random
    meanwhile: list[Callable[[], None]]
    """What happens while a medium is written, each once."""
    interruptible = True
    takes_files = False
    ready = Reply()
    _asked = False

    def order(
        self,
        what: str,
        job: Job | None = None,
        descriptor: int | None = None,
        work: Callable[[], None] = lambda: None,
        watch: Watch = IDLE,
    ) -> Reply:
        """Do `what`; first `work` where it fills the pipe, last where it empties it."""
        try:
            if job is None:
                return Reply(done=self.writer.look().to_json())
            assert job.length <= _PIPE
            return Reply(done=self._carry_out(what, job, descriptor, work, watch))
        except DeviceFault as fault:
            return Reply(fault=fault.kind, message=str(fault))
        except Cancelled:
            return Reply(cancelled=True)

    def _carry_out(
        self, what: str, job: Job, descriptor: int | None, work: Callable[[], None], watch: Watch
    ) -> Any:
        match what:
            case "prepare":
                self.writer.prepare(job, Cancel(lambda: self._asked))
            case "write":
                self._write(job, _stream(descriptor, "rb"), work, watch)
            case "read_back":
                self.points.phase = "prove"
                self._read_back(job, _stream(descriptor, "wb"))
                work()
            case "accept":
                self.points.phase = "finish"
                return self.writer.accept(job)
            case "reject":
                self.writer.reject(job)
            case "examine":
                return self.writer.examine(job)
        return None

    def _write(self, job: Job, source: BinaryIO, work: Callable[[], None], watch: Watch) -> None:
        self._asked = False
        self.medium.about(job)
        with source:
            work()
            if self.meanwhile:
                self.meanwhile.pop()()
            watch.tick()
            self.writer.write(job, source, lambda _: None, Cancel(lambda: self._asked))

    def _read_back(self, job: Job, sink: BinaryIO) -> None:
        """Now and then a bad medium: a byte differs. What was proven once stays good."""
        fresh = self.writer.examine(job) is Found.PARTIAL
        with sink:
            if fresh and self.random.random() < 0.05:
                sink.write(b"\x01")
            else:
                self.writer.read_back(job, sink, lambda _: None)

    def cancel(self) -> None:
        """Somebody wants it stopped."""
        self._asked = True


def _stream(descriptor: int | None, mode: str) -> BinaryIO:
    assert descriptor is not None
    return open(descriptor, mode, buffering=0)  # type: ignore[return-value]


class Pair:
    """Feeder and driver, here: stands in for the two processes of a station."""

    driver: Driver

    def __init__(self, bench: Any, *_: object) -> None:
        self.process = self
        self._feeder = Feeder(bench.data, self.driver, bench.retries)  # type: ignore[arg-type]

    def poll(self) -> None:
        """It runs."""

    def await_ready(self) -> str:
        """It is."""
        return ""

    def do(self, what: str, attempt: int) -> bool:
        """As the feeder's own loop does it."""
        self.driver.points.phase = "write" if what == "make" else "recover"
        try:
            return self._feeder.make(attempt) if what == "make" else self._feeder.settle(attempt)
        except InvalidMove:
            return False

    def look(self) -> DeviceState:
        """As the feeder's own loop does it."""
        self.driver.points.phase = "write"
        return DeviceState.from_json(self.driver.order("look").done)

    def end(self) -> None:
        """It lets its database go."""
        self._feeder.database.close()


class Chain:
    """Opened in a data folder as a server that starts; then told its steps."""

    def __init__(
        self, loaded: Loaded, registry: Registry, points: Points, medium: Medium, random: Random
    ) -> None:
        Still.owners.clear()
        threading.Thread = Still  # type: ignore[misc]
        self._loaded, self._points = loaded, points
        prepare(loaded.data, loaded.config)
        self._receive()
        self._produce(registry, medium, random)

    def _receive(self) -> None:
        config, data = self._loaded.config, self._loaded.data
        self._database = database = Database.open(config.database, data)
        self._index = InstanceIndex(database)
        self._spool = Spool(data / "spool", config.storage, self._index.add)
        self._spool.sweep()
        self._index.rebuild(self._spool)
        limits = MediaLimits(max_copies=config.media.max_copies)
        self._orders = Orders(database, self._index, queue=config.queue, limits=limits)
        self._retention = Retention(database, self._index, self._spool, data / "plans", config.retention)

    def _produce(self, registry: Registry, medium: Medium, random: Random) -> None:
        [settings] = self._loaded.config.writers.values()
        writer = registry.writers[settings.driver].make(settings.driver_keys)
        Pair.driver = Driver(writer, self._points, medium, random, [])
        stations.Pair = Pair  # type: ignore[misc, assignment]
        database = Database.open(self._loaded.config.database, self._loaded.data)
        _assemble(self._loaded, database, registry).start()
        [self._planner] = [one for one in Still.owners if isinstance(one, Planner)]
        [self._station] = [one for one in Still.owners if isinstance(one, Station)]

    def close(self) -> None:
        """Let the database go."""
        self._database.close()

    def do(self, step: Step) -> Answer:
        """Take a step as an SCU, a thread or the clock would have it taken; the status that answers it."""
        self._points.phase = step.phase
        try:
            return self._steps[step.kind](self, step) or 0
        except Refused as refused:
            return int(refused.status)

    def store(self, step: Step) -> None:
        """C-STORE, in two fragments."""
        incoming = self._spool.begin(Arrival(CT, step.uid, EXPLICIT, AE))
        middle = len(step.body) // 2
        incoming.write(step.body[:middle])
        incoming.write(step.body[middle:])
        incoming.commit()

    def create(self, step: Step) -> None:
        """N-CREATE."""
        items = [
            {
                "ReferencedSOPClassUID": CT,
                "ReferencedSOPInstanceUID": uid,
                "RequestedMediaApplicationProfile": "STD-GEN-CD",
            }
            for uid in step.references
        ]
        self._orders.create({"ReferencedSOPSequence": items}, sop_instance=step.uid, ae=AE)

    def initiate(self, step: Step) -> None:
        """N-ACTION 1."""
        self._orders.initiate(step.uid, {"NumberOfCopies": step.copies}, ae=AE)

    def cancel(self, step: Step) -> None:
        """N-ACTION 2."""
        self._orders.cancel(step.uid, ae=AE)

    def cancel_amid(self, step: Step) -> None:
        """N-ACTION 2 while the next medium is written, by an SCU that does not wait for the answer."""

        def ask() -> None:
            phase, self._points.phase = self._points.phase, "cancel"
            with suppress(Refused):  # it has ended or is gone, or its owner was not as quick as that
                self._orders.cancel(step.uid, ae=AE)
            self._points.phase = phase

        Pair.driver.meanwhile.append(ask)

    def look(self, step: Step) -> list[Any]:
        """N-GET."""
        told = self._orders.look(step.uid, ae=AE).values
        return [told["ExecutionStatus"], told["TotalNumberOfPiecesOfMediaCreated"]]

    def index(self, _: Step) -> None:
        """The thread of the index comes to its turn."""
        self._index.flush()

    def plan(self, _: Step) -> bool:
        """The planner comes to its turn."""
        return bool(self._planner._step())

    def make(self, _: Step) -> bool:
        """The station comes to its turn."""
        return bool(self._station._step())

    def purge(self, _: Step) -> None:
        """Retention comes to its turn."""
        self._retention.sweep()

    def rest(self, _: Step) -> None:
        """Everything that can be done is done."""
        self._index.flush()
        while self._planner._step() or self._station._step():
            pass

    _steps: Mapping[str, Callable[["Chain", Step], Any]] = {
        "store": store,
        "create": create,
        "initiate": initiate,
        "cancel": cancel,
        "cancel-amid": cancel_amid,
        "look": look,
        "index": index,
        "plan": plan,
        "make": make,
        "purge": purge,
        "rest": rest,
    }


def share_engine(data: Path) -> None:
    """Have one engine serve every life in this folder, with all statements that were ever compiled.

    No connection is shared: the engine of a life that begins has none.
    """
    data.mkdir()
    shared = Database.open(DatabaseSettings(), data)
    Database.open = classmethod(lambda *_: shared)  # type: ignore[method-assign, assignment]


def last_event(data: Path) -> int:
    """The number of the last event that is durable."""
    with closing(sqlite3.Connection(data / "burnish.sqlite")) as connection:
        [number] = connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    return int(number)


class Complaints(logging.Handler):
    """Has whatever the rooms log as an error told."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(self.format(record))
