"""The composition root of `burnish serve`: a parent and two children that meet in tables and spool.

    parent       owns the data folder's lock and the listening socket; starts, watches and stops in order
    reception    answers DICOM: streams instances to the spool, takes orders
    production   plans requests, gives pieces to stations, whose feeders and drivers are its own children

A child that dies is started again; the port stays, because the parent holds it. When the parent dies, its
children see their lifeline close and end; feeders go on and are found again by the next server.
"""

import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from burnish.config import Config, Loaded, check_plugins
from burnish.database import Database
from burnish.errors import ConfigError
from burnish.instances import InstanceIndex, Spool
from burnish.registry import Registry

if TYPE_CHECKING:
    from burnish.fileset.compose import Kit
    from burnish.production.production import Production

_LOCK_PATIENCE: Final = 10.0
"""Seconds that the children of a server that was killed have to let the data folder go."""
_RESTARTS: Final = 5
"""A child that ends so often within a minute is not started again."""
_STOP_SECONDS: Final = 10.0
BACKLOG: Final = 128

log = logging.getLogger("burnish")


class DataFolder:
    """The one place a server keeps things in, and the lock that keeps a second server out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def take(self) -> int:
        """Lock it and return the descriptor that holds the lock. Raises ConfigError where another has it."""
        end = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self._lock
            except BlockingIOError:
                if time.monotonic() > end:
                    message = (
                        f"server.data: another burnish works in {self.path}; stop it, or name another folder"
                    )
                    raise ConfigError(message) from None
                time.sleep(0.1)


def listen(bind: str, port: int) -> socket.socket:
    """Open the listening socket. Raises ConfigError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((bind, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"server.bind, server.port: cannot listen on {bind}:{port}: {error.strerror}"
        ) from error
    return listener


class Child:
    """One of the two processes: started, started again, stopped."""

    def __init__(self, role: str, first: Mapping[str, Any], descriptors: Mapping[str, int]) -> None:
        self.role = role
        self._first = {**first, "descriptors": dict(descriptors)}
        self._deaths: list[float] = []
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it says `ready` on the descriptor of that name."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "burnish.server", self.role],
            stdin=subprocess.PIPE,
            pass_fds=list(self._first["descriptors"].values()),
        )
        assert self._process.stdin  # noqa: S101 - it was asked for
        self._process.stdin.write(json.dumps(self._first).encode())
        self._process.stdin.close()

    def watch(self) -> bool:
        """Start it again where it died; False where it does so too often."""
        assert self._process  # noqa: S101 - watched after start
        code = self._process.poll()
        if code is None:
            return True
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if now - death < 60] + [now]
        log.error("%s ended with %s", self.role, code)
        if len(self._deaths) > _RESTARTS:
            return False
        self.start()
        return True

    def stop(self, timeout: float) -> None:
        """Ask it to end, wait, then make it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


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
        lock = folder.take()
        prepare(folder.path, config)
        listener = listen(config.server.bind, config.server.port)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        ready = self._start(lock, listener)
        where = f"{config.server.ae_title}@{config.server.bind}:{listener.getsockname()[1]}"
        code = self._watch(ready, lambda: say(f"ready {where}"))
        self._end()
        return code

    def _start(self, lock: int, listener: socket.socket) -> socket.socket:
        lifeline, self._life = os.pipe()
        wake_in, wake_out = socket.socketpair()
        ready_in, ready_out = socket.socketpair()
        first = {"config": self._loaded.config.model_dump(mode="json"), "folder": str(self._loaded.folder)}
        common = {"lifeline": lifeline, "lock": lock}
        production = Child("production", first, {**common, "wake": wake_in.fileno()})
        descriptors = {"wake": wake_out.fileno(), "ready": ready_out.fileno(), "listener": listener.fileno()}
        reception = Child("reception", first, {**common, **descriptors})
        self._keep = (wake_in, wake_out, ready_out, listener)
        self._children = [production, reception]
        for child in self._children:
            child.start()
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
        """Stop receiving, then let production finish what it makes; a second signal ends the wait."""
        production, reception = self._children
        reception.stop(_STOP_SECONDS)
        drain = self._loaded.config.queue.drain_timeout.total_seconds() + _STOP_SECONDS
        stopper = threading.Thread(target=production.stop, args=[drain], daemon=True)
        stopper.start()
        while stopper.is_alive() and not self._at_once.is_set():
            stopper.join(0.1)
        production.kill()


def prepare(data: Path, config: Config) -> None:
    """Make or migrate what the data folder holds; done under its lock, before anybody works in it."""
    spool = Spool(data / "spool", config.storage)
    spool.prepare()
    database = Database.open(config.database, data)
    database.migrate()
    database.close()


# --- the children ------------------------------------------------------------------------------------------


def _child(role: str) -> None:
    first = json.loads(sys.stdin.buffer.read())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    descriptors = first["descriptors"]
    threading.Thread(target=_die_with_parent, args=[descriptors["lifeline"]], daemon=True).start()
    loaded = Loaded(Config(**first["config"]), Path(first["folder"]), None)
    logging.basicConfig(format=f"%(asctime)s {role} %(levelname)s %(message)s", level=logging.WARNING)
    {"reception": _reception, "production": _production}[role](loaded, descriptors)


def _die_with_parent(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os._exit(1)


def _terminated() -> threading.Event:
    event = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: event.set())
    return event


def _reception(loaded: Loaded, descriptors: Mapping[str, int]) -> None:
    from burnish.dicom.reception import Reception
    from burnish.orders import MediaLimits, Orders

    config, stop = loaded.config, _terminated()
    wake = socket.socket(fileno=descriptors["wake"])
    wake.setblocking(False)

    def wake_production() -> None:
        with suppress(BlockingIOError):  # it has wakes enough to read
            wake.send(b"!")

    database = Database.open(config.database, loaded.data)
    index = InstanceIndex(database)
    spool = Spool(loaded.data / "spool", config.storage, index.add)
    index.rebuild(spool)
    index.start()
    orders = Orders(
        database,
        index,
        queue=config.queue,
        limits=MediaLimits(max_copies=config.media.max_copies),
        aets=config.aets,
        wake=wake_production,
    )
    listener = socket.socket(fileno=descriptors["listener"])
    reception = Reception(config.server, config.storage, spool, orders, listener, config.aets or None)
    reception.start()
    with suppress(OSError):
        socket.socket(fileno=descriptors["ready"]).send(b"!")
    stop.wait()
    reception.stop(_STOP_SECONDS / 2)
    index.stop()


def _production(loaded: Loaded, descriptors: Mapping[str, int]) -> None:
    config, stop = loaded.config, _terminated()
    database = Database.open(config.database, loaded.data)
    production = _assemble(loaded, database, Registry.load(config.plugins))
    production.start()
    wake = socket.socket(fileno=descriptors["wake"])

    def listen_for_wakes() -> None:
        while wake.recv(4096):
            production.wake()

    threading.Thread(target=listen_for_wakes, daemon=True).start()
    stop.wait()
    production.stop(config.queue.drain_timeout.total_seconds())


def _assemble(loaded: Loaded, database: Database, registry: Registry) -> "Production":
    from burnish.fileset.forms import keeper
    from burnish.production.production import Production
    from burnish.production.stations import Bench, Station

    config = loaded.config
    bench = Bench(database, loaded.data, loaded.folder, config.queue.retries_per_piece)
    stations = []
    for name, settings in config.writers.items():
        spec = registry.writers[settings.driver]
        stations.append(Station(name, settings, spec, registry.origin[f"writer {spec.name}"], bench))
    derive = keeper(Spool(loaded.data / "spool", config.storage))
    return Production(bench, replace(make_kit(config, registry), derive=derive), stations)


def make_kit(config: Config, registry: Registry) -> "Kit":
    """What composing needs of a configuration; who composes adds what can be made and derived there."""
    from burnish.fileset.compose import Kit

    def underivable(*_: object) -> NoReturn:
        raise ValueError("nothing is derived here")

    formats = make_formats(config, registry)
    return Kit(registry.profiles, formats, config.media, config.identity, {}, underivable)


def make_formats(config: Config, registry: Registry) -> dict[str, Any]:
    """Every format that the loaded plugins offer, built with its keys."""
    return {name: (spec, spec.make(config.formats.get(name, {}))) for name, spec in registry.formats.items()}


if __name__ == "__main__":
    _child(sys.argv[1])
