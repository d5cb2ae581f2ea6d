"""A backup put into an empty data folder, so that nothing is made twice unknowingly.

The backup knows a moment; what was made after it, nobody here can know. So every request that was started
comes back held (PENDING/CHECK_MCD_OP) until an operator releases it or its SCU cancels it, and a piece that
was at a station is asked about as after a crash. A request that was IDLE stays so: its SCU starts it or not.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import update

from burnish.database import Database, record_event
from burnish.database.settings import DatabaseSettings
from burnish.database.soundness import DATABASE_FILE, MENDING, SCHEMA, fault_of, schema_of
from burnish.database.tables import attempts
from burnish.errors import ConfigError, DatabaseDamaged, SourceDamaged
from burnish.events import EventKind
from burnish.instances.durable import sync_folder
from burnish.instances.files import spool_key
from burnish.instances.sources import Sources
from burnish.instances.spool import DAMAGED, DERIVED, PURGED
from burnish.requests.holding import hold_started
from burnish.server import DataFolder
from burnish.upkeep.backup import FACTS, Report
from burnish.upkeep.copies import copy_plain, copy_proven, sync_all


@dataclass(frozen=True, slots=True)
class Restored:
    """What the data folder holds now."""

    made_at: float
    """UNIX seconds of the backup's snapshot."""
    instances: int
    held: int
    """Requests that wait for an operator."""


def restore(backup: Path, data: Path, report: Report) -> Restored:
    """Fill the empty or absent folder `data`.

    Raises ConfigError where the backup is none or the folder is not empty, SourceDamaged and DatabaseDamaged
    where the backup is damaged; what was copied stays, and no server starts on it.
    """
    facts = _facts(backup)
    if data.exists() and any(path.name != "lock" for path in data.iterdir()):
        raise ConfigError(f"{data} is not empty; a backup is restored into an empty folder")
    folder = DataFolder(data)
    folder.take()
    try:
        copy_plain(backup / DATABASE_FILE, data / MENDING)
        _check(data / MENDING)
        instances = _fill(backup, data, report)
        held = _hold(data, facts)
        sync_all([data / MENDING])
        (data / MENDING).rename(data / DATABASE_FILE)
        sync_folder(data)
    finally:
        folder.leave()
    return Restored(facts["made_at"], instances, held)


def _facts(backup: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((backup / FACTS).read_text("utf-8"))
        facts["made_at"] = float(facts["made_at"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{backup} is no whole backup: {FACTS}: {error}") from error
    return facts


def _check(file: Path) -> None:
    if fault := fault_of(file):
        raise DatabaseDamaged(f"the database of the backup is damaged ({fault})")
    if schema_of(file) > SCHEMA:
        raise ConfigError("a newer burnish made this backup; restore it with that one")


def _fill(backup: Path, data: Path, report: Report) -> int:
    """Copy spool and plans, instances proven once more; returns how many there are."""
    with closing(sqlite3.connect(data / MENDING)) as copy:
        rows = copy.execute("SELECT sop_instance, version FROM instances").fetchall()
    proven = {spool_key(uid, version) for uid, version in rows}
    absent = [key for key in proven if not (backup / "spool" / key).exists()]
    if absent:
        raise SourceDamaged(f"the backup lacks {len(absent)} instances of its index; one is {absent[0]}")
    forms = {
        f"{path.parent.name}/{path.name}" for end in DERIVED for path in (backup / "spool").glob(f"*/*{end}")
    }
    sources, written = Sources(backup / "spool"), []
    for number, key in enumerate(sorted(proven | forms)):
        report("instances", number, len(proven))
        copy_proven(sources, key, data / "spool" / key)
        written.append(data / "spool" / key)
    for path in _besides(backup):
        target = data / path.relative_to(backup)
        copy_plain(path, target)
        written.append(target)
    report("syncing", 0, 0)
    sync_all(written)
    return len(proven)


def _besides(backup: Path) -> Iterator[Path]:
    """Plans, and the files that keep the numbers of versions that are not there."""
    yield from (backup / "plans").glob("*.recipe")
    for end in (PURGED, DAMAGED):
        yield from (backup / "spool").glob(f"*/*{end}")


def _hold(data: Path, facts: dict[str, Any]) -> int:
    """Hold what was started; the processes that worked on it belong to another life of the machine."""
    made = datetime.fromtimestamp(facts["made_at"], UTC).isoformat(" ", "seconds")
    message = (
        f"restored from a backup of {made}: a medium may have been made since;"
        " look for it, then `burnish requests UID --release` or cancel"
    )
    database = Database.open(DatabaseSettings(), data, MENDING)
    try:
        database.migrate()
        with database.write() as connection:
            connection.execute(update(attempts).where(attempts.c.outcome.is_(None)).values(process=None))
            held = hold_started(connection, message)
            record_event(connection, EventKind.DATABASE_RESTORED, made_at=facts["made_at"], held=held)
    finally:
        database.close()
    return held
