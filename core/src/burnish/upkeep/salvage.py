"""Rows out of a database file that SQLite calls damaged, into a sound one.

A table is read from its first row until a page cannot be read, then from its last row backwards; what lies
between is asked for row by row. A row that a table refuses, or whose parent is lost, is lost too. What SQLite
cannot see, a changed byte within a value, nobody can see: such a row is kept.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Table

from burnish.database.tables import metadata

_GAP = 1_000_000
"""Row numbers that are tried one by one at most in a table that cannot be walked through."""
_Row = tuple[Any, ...]


def salvage(damaged: Path, sound: Path) -> dict[str, int]:
    """Copy what can be read of every table of ours into the empty tables of `sound`; the rows of each."""
    with closing(sqlite3.connect(sound, isolation_level=None)) as target:
        target.execute("PRAGMA foreign_keys = OFF").close()
        target.execute("BEGIN").close()
        for table in metadata.sorted_tables:
            with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(damaged)) as source:
                _copy_table(source, target, table)
        _drop_orphans(target)
        target.execute("COMMIT").close()
        return {table.name: _count(target, table.name) for table in metadata.sorted_tables}


def _copy_table(source: sqlite3.Connection, target: sqlite3.Connection, table: Table) -> None:
    here = {row[1] for row in source.execute(f"PRAGMA table_info({table.name})")}
    columns = [column.name for column in table.c if column.name in here]
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - ours
    documents = [columns.index(c.name) for c in table.c if isinstance(c.type, JSON) and c.name in here]
    for row in _readable(source, table.name, columns):
        if all(_is_document(row[place]) for place in documents):
            with suppress(sqlite3.IntegrityError):
                target.execute(insert, row).close()


def _readable(source: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[_Row]:
    """Every row that can be read, each once."""
    select = f"SELECT rowid, {', '.join(columns)} FROM {table}"  # noqa: S608 - names of ours
    first, last = 0, 0
    with suppress(sqlite3.DatabaseError):
        for number, *row in source.execute(f"{select} ORDER BY rowid"):
            first = number
            yield tuple(row)
        return
    with suppress(sqlite3.DatabaseError):
        for number, *row in source.execute(f"{select} WHERE rowid > ? ORDER BY rowid DESC", (first,)):
            last = number
            yield tuple(row)
    for number in range(first + 1, min(last, first + _GAP)):
        with suppress(sqlite3.DatabaseError):
            for _, *row in source.execute(f"{select} WHERE rowid = ?", (number,)):
                yield tuple(row)


def _is_document(value: Any) -> bool:
    try:
        json.loads(value)
    except (ValueError, TypeError):
        return False
    return True


def _drop_orphans(target: sqlite3.Connection) -> None:
    """Delete rows whose parent is lost, and then those whose parent they were."""
    while orphans := {(row[0], row[1]) for row in target.execute("PRAGMA foreign_key_check")}:
        for table, row in orphans:
            target.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,)).close()  # noqa: S608 - names of ours


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - names of ours
