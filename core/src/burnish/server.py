"""The composition root of `burnish serve`: a parent and two children that meet in tables and spool.

    parent       owns the data folder's lock and the listening socket; starts, watches and stops in order
    reception    answers DICOM: streams instances to the spool, takes orders
    production   plans requests, gives pieces to stations, whose feeders and drivers are its own children

A child that dies is started again; the port stays, because the parent holds it. When the parent dies, its
children see their lifeline close and end; feeders go on and are found again by the next server.
"""

import fcntl
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from burnish.config import Config, Loaded, check_plugins, load_plugins
from burnish.database import Database, advance_clock
from burnish.database.soundness import demand_sound
from burnish.errors import ConfigError
from burnish.instances.index import InstanceIndex
from burnish.instances.sources import Sources
from burnish.instances.spool import Spool
from burnish.registry import Registry

if TYPE_CHECKING:
    from burnish.production.production import Production

_LOCK_PATIENCE: Final = 10.0
"""Seconds that the children of a server that was killed have to let the data folder go."""
_RESTARTS: Final = 5
"""A child that ends so often within a minute is not started again."""
_STOP_SECONDS: Final = 10.0

log = logging.getLogger("burnish")


class DataFolder:
    """The one place a server keeps things in, and the lock that keeps a second server out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def take(self) -> None:
        """Lock it, for this process and those it forks. Raises ConfigError where another has it."""
        end = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    message = (
                        f"server.data: another burnish works in {self.path}; stop it, or name another folder"
                    )
                    raise ConfigError(message) from None
                time.sleep(0.1)

    def leave(self) -> None:
        """Let it go, where this process alone has it."""
        os.close(self._lock)


def open_listener(bind: str, port: int) -> socket.socket:
    """Open the listening socket. Raises ConfigError where the address cannot be had."""
    from burnish.dicom.transport import listen

    try:
        return listen(bind, port)
    except OSError as error:
        message = f"server.bind, server.port: cannot listen on {bind}:{port}: {error.strerror}"
        raise ConfigError(message) from error


class Child:
    """One of the two processes: forked, forked again where it died, stopped.

    The parent runs no thread while it may fork, and closes its database first.
    """

    def __init__(self, role: str, work: Callable[[], None]) -> None:
        self.role = role
        self._work = work
        self._deaths: list[float] = []
        self._process = 0

    def start(self) -> None:
        """Fork it."""
        self._process = os.fork()
        if self._process == 0:
            code = 1
            try:
                self._work()
                code = 0
            except BaseException:
                log.exception("%s failed", self.role)
            finally:
                os._exit(code)

    def watch(self) -> bool:
        """Fork it again where it died; False where it does so too often."""
        if not self._ended():
            return True
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if now - death < 60] + [now]
        log.error("%s ended", self.role)
        if len(self._deaths) > _RESTARTS:
            return False
        self.start()
        return True

    def ask_to_end(self) -> None:
        """Send it SIGTERM; safe to repeat."""
        self._signal(signal.SIGTERM)

    def stop(self, timeout: float, hurry: Callable[[], bool] = lambda: False) -> None:
        """Ask it to end, wait, then make it; `hurry` ends the wait."""
        self.ask_to_end()
        end = time.monotonic() + timeout
        while not self._ended() and time.monotonic() < end and not hurry():
            time.sleep(0.02)
        if not self._ended():
            self._signal(signal.SIGKILL)
            os.waitpid(self._process, 0)

    def _ended(self) -> bool:
        if self._process and os.waitpid(self._process, os.WNOHANG)[0]:
            self._process = 0
        return not self._process

    def _signal(self, number: signal.Signals) -> None:
        if self._process:
            os.kill(self._process, number)


class Server:
    """The parent."""

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._stop = threading.Event()
        self._at_once = threading.Event()
        self._children: list[Child] = []

    def run(self, say: Callable[[str], None]) -> int:
        """Serve until SIGTERM or SIGINT; returns the exit code. `say` gets the one line of readiness."""
        config = self._loaded.config
        check_plugins(self._loaded)
        folder = DataFolder(self._loaded.data)
        folder.take()
        prepare(folder.path, config)
        listener = open_listener(config.server.bind, config.server.port)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        ready = self._start(listener)
        where = f"{config.server.ae_title}@{config.server.bind}:{listener.getsockname()[1]}"
        code = self._watch(ready, lambda: say(f"ready {where}"))
        self._end()
        return code

    def _start(self, listener: socket.socket) -> socket.socket:
        lifeline, life = os.pipe()
        wake_in, wake_out = socket.socketpair()
        ready_in, ready_out = socket.socketpair()

        def child(role: str, work: Callable[[], None]) -> Child:
            def begin() -> None:
                os.close(life)
                _become(role, lifeline)
                work()

            return Child(role, begin)

        production = child("production", lambda: _production(self._loaded, wake_in))
        reception = child("reception", lambda: _reception(self._loaded, wake_out, ready_out, listener))
        self._children = [production, reception]
        for one in self._children:
            one.start()
        return ready_in

    def _on_signal(self, *_: object) -> None:
        if self._stop.is_set():
            self._at_once.set()
        self._stop.set()

    def _watch(self, ready: socket.socket, say: Callable[[], None]) -> int:
        ready.settimeout(0.2)
        while not self._stop.is_set():
            with suppress(TimeoutError):
                if ready.recv(1):
                    say()
                    break
            if not self._alive():
                return 1
        while not self._stop.wait(0.2):
            if not self._alive():
                return 1
        return 0

    def _alive(self) -> bool:
        watched = [child.watch() for child in self._children]
        if not all(watched):
            log.error("a part of the server cannot be kept running")
        return all(watched)

    def _end(self) -> None:
        """Stop receiving and claiming; production finishes what it makes. A second signal ends the wait."""
        production, reception = self._children
        production.ask_to_end()
        reception.stop(_STOP_SECONDS)
        drain = self._loaded.config.queue.drain_timeout.total_seconds()
        production.stop(drain + _STOP_SECONDS, self._at_once.is_set)


def prepare(data: Path, config: Config) -> None:
    """Make or migrate what the data folder holds; done under its lock, before anybody works in it.

    Raises DatabaseDamaged where nothing may be served before a repair.
    """
    demand_sound(data)
    spool = Spool(data / "spool", config.storage)
    spool.prepare()
    database = Database.open(config.database, data)
    database.migrate()
    with database.write() as connection:
        advance_clock(connection)
    database.close()


# --- the children ------------------------------------------------------------------------------------------


def _become(role: str, lifeline: int) -> None:
    """Be a process of one's own: a name, no signals of the parent's, an end when the parent ends."""
    Path("/proc/self/comm").write_text(f"burnish-{role[:4]}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until there is something to be ended in order
    threading.Thread(target=_die_with_parent, args=[lifeline], daemon=True).start()
    logging.basicConfig(format=f"%(asctime)s {role} %(levelname)s %(message)s", level=logging.WARNING)


def _die_with_parent(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os._exit(1)


def _terminated() -> threading.Event:
    event = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: event.set())
    return event


def _reception(loaded: Loaded, wake: socket.socket, ready: socket.socket, listener: socket.socket) -> None:
    from burnish.dicom.reception import Reception
    from burnish.orders.orders import Orders
    from burnish.orders.retention import Retention
    from burnish.orders.settings import MediaLimits

    config, stop = loaded.config, _terminated()
    wake.setblocking(False)

    def wake_production() -> None:
        with suppress(BlockingIOError):  # it has wakes enough to read
            wake.send(b"!")

    database = Database.open(config.database, loaded.data)
    index = InstanceIndex(database)
    spool = Spool(loaded.data / "spool", config.storage, index.add, index.tell_failure)
    database.failed = spool.health.condemn
    spool.sweep()
    index.rebuild(spool)
    index.start()
    retention = Retention(database, index, spool, loaded.data / "plans", config.retention)
    retention.start()
    orders = Orders(
        database,
        index,
        queue=config.queue,
        limits=MediaLimits(
            max_copies=config.media.max_copies,
            preserve_default=config.retention.preserve_default,
            terms={"IncludeNonDICOMObjects": config.bundles.terms},
        ),
        aets=config.aets,
        wake=wake_production,
        room=spool.health.demand,
    )
    reception = Reception(config.server, config.storage, spool, orders, listener, config.aets or None)
    reception.start()
    ready.send(b"!")
    stop.wait()
    reception.stop(_STOP_SECONDS / 2)
    retention.stop(_STOP_SECONDS / 4)
    index.stop()


def _production(loaded: Loaded, wake: socket.socket) -> None:
    config, stop = loaded.config, _terminated()
    database = Database.open(config.database, loaded.data)
    production = _assemble(loaded, database, load_plugins(loaded))
    production.start()

    def listen_for_wakes() -> None:
        while wake.recv(4096):
            production.wake()

    threading.Thread(target=listen_for_wakes, daemon=True).start()
    stop.wait()
    production.stop(config.queue.drain_timeout.total_seconds())


def _assemble(loaded: Loaded, database: Database, registry: Registry) -> "Production":
    from burnish.fileset.bundles.programs import Programs
    from burnish.fileset.derive.forms import IconKeeper, Keeper, PieceKeeper
    from burnish.fileset.derive.workers import Workers
    from burnish.kit import make_kit
    from burnish.production.composing import compose_stations
    from burnish.production.pair import Bench, limits_of
    from burnish.production.production import Production

    config = loaded.config
    retries, limits = config.queue.retries_per_piece, limits_of(config.queue)
    bench = Bench(database, loaded.data, loaded.folder, retries, limits)
    (loaded.data / "locks").mkdir(exist_ok=True)
    stations = list(compose_stations(config.devices, registry, bench, config.labels))
    sources = Sources(loaded.data / "spool")
    workers = Workers(config.media)
    derive, icons = Keeper(sources, workers), IconKeeper(sources, workers)
    kit = make_kit(config, registry, loaded.folder)
    programs = Programs(sources)
    if not any((loaded.data / "plans").glob("*.recipe")):
        programs.clear()
    bundles = replace(kit.bundles, pieces=PieceKeeper(sources, workers), programs=programs.keep)
    kit = replace(kit, derive=derive, icons=icons, opener=sources.open, bundles=bundles)
    return Production(bench, kit, stations, config.labels)
