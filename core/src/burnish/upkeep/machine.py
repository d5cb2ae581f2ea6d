"""What a doctor looks at around an installation: configuration, folder, disk, limits, clock, port."""

import fcntl
import os
import resource
import shutil
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any, Final

from burnish.config import Loaded, bundler_tables, check_plugins
from burnish.contracts.check import CheckSpec, Finding, odd, well, wrong
from burnish.errors import BurnishError, ConfigError

_ECHO_SECONDS: Final = 5.0
"""How long a server may take to accept a connection."""
_CALLING: Final = "BURNISH-DOCTOR"
_FILES_PER_ASSOCIATION: Final = 2
_FILES_BESIDES: Final = 128
"""Descriptors that a reception has open besides: database, folders, spool."""
_BUILT: Final = 1_767_225_600.0
"""UNIX seconds of 2026-01-01: no clock that is right shows less."""


def look_at_machine(loaded: Loaded) -> Iterator[Finding]:
    """Everything here, in order."""
    yield from configuration(loaded)
    yield from folder(loaded)
    yield disk(loaded)
    yield limits(loaded)
    yield clock()
    yield from port(loaded)


def configuration(loaded: Loaded) -> Iterator[Finding]:
    """Its keys, and those of every plugin that it names; no driver opens its device."""
    try:
        registry = check_plugins(loaded)
    except ConfigError as error:
        for line in str(error).splitlines():
            yield wrong("configuration", line, "mend it; `burnish config check` says the same")
        return
    yield well("configuration", str(loaded.file or "the defaults"))
    config = loaded.config
    tables: dict[str, Mapping[str, Any]] = {
        "writers": config.writers,
        "movers": config.movers,
        "printers": config.printers,
        "bundlers": bundler_tables(config.bundlers, registry),
    }
    for role, devices in tables.items():
        yield from _built(role, devices, getattr(registry, role))
    for spec in registry.checks.values():
        own = [
            device.driver_keys
            for devices in tables.values()
            for device in devices.values()
            if device.driver == spec.name
        ]
        if spec.name == config.labels.maker and any(station.labels for station in config.stations.values()):
            own.append(dict(config.label_makers.get(spec.name, {})))
        with chdir(loaded.folder):  # keys name files from there
            found = list(_checked(spec, own))
        yield from found


def _built(role: str, devices: Mapping[str, Any], specs: Mapping[str, Any]) -> Iterator[Finding]:
    for name, settings in devices.items():
        try:
            specs[settings.driver].make(settings.driver_keys)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises
            text = f"driver {settings.driver} of {name} cannot be built: {type(error).__name__}: {error}"
            yield wrong(role, text, f"mend [{role}.{name}], or the plugin")
        else:
            yield well(role, f"{name}: driver {settings.driver}")


def _checked(spec: CheckSpec, tables: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    try:
        yield from spec.look(tables)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises
        yield wrong(
            spec.name, f"its check failed: {type(error).__name__}: {error}", "tell who wrote the plugin"
        )


def folder(loaded: Loaded) -> Iterator[Finding]:
    """Whether a server could keep things there, and whether one does."""
    data = loaded.data
    if not data.is_dir():
        yield odd("data folder", f"{data} does not exist", "`burnish serve` makes it")
    elif not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield wrong("data folder", f"{data} cannot be written", "give it to the user that serves")
    else:
        yield well("data folder", f"{data}; {'a server runs' if serves(data) else 'no server runs'}")


def serves(data: Path) -> bool:
    """Whether a server has the lock of a data folder now."""
    try:
        descriptor = os.open(data / "lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def disk(loaded: Loaded) -> Finding:
    """Free space beside the reserve."""
    place = next(path for path in (loaded.data, *loaded.data.parents) if path.exists())
    free, reserve = shutil.disk_usage(place).free, loaded.config.storage.reserve
    text = f"{_size(free)} free, {_size(reserve)} reserved"
    if free < reserve:
        return wrong("disk", f"{text}: nothing more is stored", "make room, or shorten [retention]")
    if free < 2 * reserve:
        return odd("disk", text, "make room soon")
    return well("disk", text)


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} TiB"


def limits(loaded: Loaded) -> Finding:
    """Descriptors that a process may have open."""
    server = loaded.config.server
    needed = _FILES_PER_ASSOCIATION * server.max_associations + server.max_half_open + _FILES_BESIDES
    have = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if have != resource.RLIM_INFINITY and have < needed:
        text = f"{have} open files allowed, {needed} needed for {server.max_associations} associations"
        return odd("limits", text, "raise it (`ulimit -n`, LimitNOFILE=), or lower server.max_associations")
    return well("limits", f"{have} open files allowed")


def clock() -> Finding:
    """The wall clock: media and audit bear its dates. Lifetimes do not depend on it."""
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(now))
    if now < _BUILT:
        return wrong("clock", f"the clock says {shown}", "set it: media would bear that date")
    return well("clock", shown)


def port(loaded: Loaded) -> Iterator[Finding]:
    """Free where no server runs; else answered, as a peer would be, by a C-ECHO."""
    server = loaded.config.server
    address = f"{server.bind}:{server.port}"
    if server.port == 0:
        yield well("port", "any free one")
    elif serves(loaded.data):
        yield _echo(loaded, address)
    else:
        yield _free(server.bind, server.port, address)


def _free(bind: str, number: int, address: str) -> Finding:
    from burnish.server import open_listener

    try:
        open_listener(bind, number).close()
    except ConfigError as error:
        return wrong("port", str(error), "end who has it, or name another in server.port")
    return well("port", f"{address} is free")


def _echo(loaded: Loaded, address: str) -> Finding:
    from burnish.dicom.scu import Client, Reach

    server = loaded.config.server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.bind, server.bind)  # noqa: S104 - not bound here
    try:
        socket.create_connection((host, server.port), _ECHO_SECONDS).close()
        Client(Reach(host, server.port, server.ae_title, next(iter(loaded.config.aets), _CALLING))).echo()
    except (OSError, BurnishError) as error:
        text = f"{server.ae_title}@{address} does not answer: {error}"
        return wrong("port", text, "look at what the server says on stderr; start it again")
    return well("port", f"{server.ae_title}@{address} answers C-ECHO")
