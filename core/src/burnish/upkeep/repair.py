"""Mending a data folder whose database is damaged.

The damaged file is set aside, never deleted. A sound one gets every row that can be read; instances without
a row are entered again from the spool, which proves itself. What the ledger lost, nobody knows: so every
request that was started is held until an operator has looked.

    damaged-<UTC>/burnish.sqlite…   what was set aside
    burnish.sqlite.part             the sound one while it is made: with it, no server starts

A repair that is cut off is done again by the next one.
"""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnish.config import Loaded
from burnish.database import Database, record_event
from burnish.database.soundness import DATABASE_FILE, MENDING, fault_of
from burnish.errors import ConfigError
from burnish.events import EventKind
from burnish.instances.durable import sync_folder
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Spool
from burnish.requests.holding import hold_started
from burnish.server import DataFolder
from burnish.upkeep.copies import sync_all
from burnish.upkeep.salvage import salvage

_ASIDE: Final = "damaged-"
_PARTS: Final = ("-wal", "-shm", "")
"""What the names of SQLite's files end with; the database itself goes last."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of the database."""

    aside: Path
    """Where the damaged one lies."""
    kept: dict[str, int]
    """Rows of each table that could be read."""
    indexed: int
    """Instances entered again from the spool."""
    held: int
    """Requests that wait for an operator."""


def repair(loaded: Loaded) -> Repaired | None:
    """Mend the database of a data folder; None where it is sound, and nothing is done.

    Raises ConfigError where a server or one of its feeders still works there, or where there is nothing.
    """
    data = loaded.data
    if not (data / DATABASE_FILE).exists() and not (data / MENDING).exists():
        raise ConfigError(f"server.data: {data} holds no database")
    folder = DataFolder(data)
    folder.take()
    try:
        if users := list(users_of(data / DATABASE_FILE)):
            numbers = ", ".join(map(str, users))
            raise ConfigError(f"server.data: processes {numbers} still work in {data}; wait until they end")
        if not (data / MENDING).exists() and not fault_of(data / DATABASE_FILE):
            return None
        return _mend(loaded, data)
    finally:
        folder.leave()


def users_of(file: Path) -> Iterator[int]:
    """Processes besides this one that have a file open, as far as we may see."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if link.readlink() == file and (process := int(link.parts[2])) != os.getpid():
                yield process


def _mend(loaded: Loaded, data: Path) -> Repaired:
    aside = _set_aside(data)
    part = data / MENDING
    for end in ("-wal", "-shm", "-journal"):
        part.with_name(part.name + end).unlink(missing_ok=True)
    part.write_bytes(b"")
    database = Database.open(loaded.config.database, data, MENDING)
    try:
        database.migrate()
        kept = salvage(aside / DATABASE_FILE, part)
        indexed = InstanceIndex(database).rebuild(_spool(loaded))
        with database.write() as connection:
            held = hold_started(connection, f"the database was damaged; {_ADVICE}")
            record_event(connection, EventKind.DATABASE_REPAIRED, aside=aside.name, kept=kept, held=held)
    finally:
        database.close()
    sync_all([part])
    part.rename(data / DATABASE_FILE)
    sync_folder(data)
    return Repaired(aside, kept, indexed, held)


_ADVICE: Final = "look whether its media were made, then `burnish requests UID --release` or cancel"


def _spool(loaded: Loaded) -> Spool:
    spool = Spool(loaded.data / "spool", loaded.config.storage)
    spool.prepare()
    return spool


def _set_aside(data: Path) -> Path:
    """Move the damaged files into a folder; where a repair was cut off, into the folder that it made.

    Raises ConfigError where it was a restore that was cut off.
    """
    begun = (data / MENDING).exists()
    folders = sorted(data.glob(f"{_ASIDE}*")) if begun else []
    if begun and not folders and not (data / DATABASE_FILE).exists():
        raise ConfigError(f"server.data: a restore into {data} was cut off; empty it and restore again")
    aside = folders[-1] if folders else data / time.strftime(f"{_ASIDE}%Y%m%dT%H%M%SZ", time.gmtime())
    aside.mkdir(exist_ok=True)
    (data / MENDING).touch()
    sync_folder(data)
    for end in _PARTS:
        with suppress(FileNotFoundError):
            (data / (DATABASE_FILE + end)).rename(aside / (DATABASE_FILE + end))
    sync_folder(data)
    return aside
