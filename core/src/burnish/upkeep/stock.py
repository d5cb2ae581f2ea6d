"""What a doctor looks at inside a data folder: database, spool, plans. Nothing is changed.

A server may run meanwhile. So what looks wrong is asked for again before it is told, and what is younger than
`_SETTLED` seconds is not told at all: it may be on its way.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, inspect, select

from burnish.contracts.check import Finding, odd, some, well, wrong
from burnish.database import Database
from burnish.database.soundness import DATABASE_FILE, MENDING, SCHEMA, fault_of, schema_of
from burnish.database.tables import instances, metadata, requests, volumes
from burnish.errors import SourceDamaged
from burnish.instances.files import spool_key
from burnish.instances.sources import Sources
from burnish.instances.spool import DAMAGED
from burnish.requests.states import LIVE
from burnish.upkeep.machine import serves

_SETTLED: Final = 30.0
_REPAIR: Final = "stop the server and run `burnish repair`"

Report = Callable[[str, int, int], None]


def look_at_database(data: Path, *, deep: bool) -> Iterator[Finding]:
    """The file as SQLite sees it, and its tables."""
    file = data / DATABASE_FILE
    if (data / MENDING).exists():
        yield wrong("database", f"{data / MENDING}: a repair or restore was cut off", "run it again")
    elif not file.exists():
        yield odd("database", "there is none", "`burnish serve` makes it")
    elif fault := fault_of(file, thorough=deep):
        yield wrong("database", f"{file} is damaged: {fault}", _REPAIR)
    elif schema_of(file) > SCHEMA:
        yield wrong("database", "a newer burnish made it", "install that one")
    else:
        yield _tables(data)
    for folder in sorted(data.glob("damaged-*")):
        yield odd("database", f"{folder} holds a damaged one", "keep it until nobody misses anything")


def _tables(data: Path) -> Finding:
    database = Database.look(data)
    try:
        with database.read() as connection:
            there = inspect(connection)
            names = set(there.get_table_names())
            missing = [table.name for table in metadata.sorted_tables if table.name not in names]
            for table in (table for table in metadata.sorted_tables if table.name in names):
                have = {column["name"] for column in there.get_columns(table.name)}
                missing += [f"{table.name}.{column.name}" for column in table.c if column.name not in have]
    finally:
        database.close()
    if missing:
        return wrong("database", f"lacks {some(missing)}", "start the server with the burnish that made it")
    return well("database", f"sound, {(data / DATABASE_FILE).stat().st_size >> 20} MiB")


def look_at_spool(data: Path, database: Database, *, deep: bool, report: Report) -> Iterator[Finding]:
    """Every indexed instance has its file and the reverse; with `deep` each file is hashed again."""
    spool = data / "spool"
    files = {path for path in spool.glob("[0-9a-f][0-9a-f]/*") if "." not in path.name}
    with database.read() as connection:
        rows = _index(connection)
    suspects = _faults(spool, rows, deep=deep, report=report)
    with database.read() as connection:  # what was purged meanwhile has no row any more
        faults = [fault for key, fault in suspects if _still(connection, *rows[key][:2])]
    if faults:
        yield wrong("spool", some(faults), "bring them back by C-STORE or from a backup")
    else:
        how = "and prove themselves" if deep else "with their files"
        yield well("spool", f"{len(rows)} instances {how}")
    strays = [path.name for path in files if f"{path.parent.name}/{path.name}" not in rows and _settled(path)]
    if strays:
        yield odd("spool", f"{len(strays)} files are not indexed", "start the server again: it indexes them")
    damaged = sorted(str(path) for path in spool.glob(f"[0-9a-f][0-9a-f]/*{DAMAGED}"))
    if damaged:
        yield odd("spool", f"damaged files were set aside: {some(damaged)}", "have them sent again")
    yield from _arriving(data)


_Indexed = dict[str, tuple[str, int, int, bytes]]


def _index(connection: Connection) -> _Indexed:
    columns = instances.c.sop_instance, instances.c.version, instances.c.length, instances.c.digest
    return {spool_key(row[0], row[1]): tuple(row) for row in connection.execute(select(*columns))}


def _still(connection: Connection, uid: str, version: int) -> bool:
    this = (instances.c.sop_instance == uid) & (instances.c.version == version)
    return connection.execute(select(instances.c.id).where(this)).first() is not None


def _faults(spool: Path, rows: _Indexed, *, deep: bool, report: Report) -> list[tuple[str, str]]:
    """Keys whose file is not what the index says, each with a sentence."""
    found = []
    for number, (key, (uid, _, length, digest)) in enumerate(rows.items()):
        report("spool", number, len(rows))
        try:
            if not (spool / key).exists():
                raise SourceDamaged("its file is gone")
            if (spool / key).stat().st_size <= length:
                raise SourceDamaged("its file is too short")
            if deep:
                Sources(spool).trailer(key)
                Sources(spool).check(key, length, digest)
        except (SourceDamaged, OSError) as error:
            found.append((key, f"{uid}: {error}"))
    return found


def _settled(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > _SETTLED
    except FileNotFoundError:
        return False


def _arriving(data: Path) -> Iterator[Finding]:
    left = [path for path in (data / "spool" / "incoming").glob("*") if _settled(path)]
    if left and not serves(data):
        yield odd(
            "spool", f"{len(left)} files were arriving when a server died", "the next start sweeps them"
        )


def look_at_plans(data: Path, database: Database) -> Iterator[Finding]:
    """Recipes of what is still to be made, and those that nothing needs."""
    there = {path.name.removesuffix(".recipe"): path for path in (data / "plans").glob("*.recipe")}
    with database.read() as connection:
        rows: Sequence[Any] = connection.execute(
            select(volumes.c.token, requests.c.sop_instance, requests.c.status)
            .join(requests, volumes.c.request == requests.c.id)
            .where(requests.c.status.in_(LIVE))
        ).all()
        known = set(connection.execute(select(volumes.c.token)).scalars())
    lacking = sorted({row.sop_instance for row in rows if row.token not in there})
    if lacking:
        advice = "restore a backup, or have them cancelled and asked for again"
        yield wrong("plans", f"requests {some(lacking)} have lost theirs", advice)
    else:
        yield well("plans", f"{len(rows)} volumes are to be made")
    orphans = [name for name, path in there.items() if name not in known and _settled(path)]
    if orphans:
        yield odd("plans", f"{len(orphans)} belong to no request", "the next start sweeps them")
