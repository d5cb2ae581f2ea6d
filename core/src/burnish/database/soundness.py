"""Whether the database file can be worked with, asked before anything is.

A file that SQLite itself calls damaged is not served: an answer out of it could be wrong, and an empty one in
its place would forget what was made. `burnish repair` sets it aside and keeps what can still be read. While
a file of the name `MENDING` lies there, a repair or a restore has not come to its end.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from burnish.errors import ConfigError, DatabaseDamaged

DATABASE_FILE: Final = "burnish.sqlite"
MENDING: Final = "burnish.sqlite.part"
"""The database that a repair or a restore makes, until it has its name."""
SCHEMA: Final = 2
"""Number of the shape of the tables, kept in the file as `PRAGMA user_version`; 0 there: none made yet."""


def demand_sound(data: Path) -> None:
    """Check the database of a data folder, where there is one; call it under the folder's lock.

    Raises DatabaseDamaged where it must be repaired first, ConfigError where a newer burnish made it.
    """
    if (data / MENDING).exists():
        raise DatabaseDamaged(f"{data / MENDING}: a repair or restore was cut off here; run it again")
    file = data / DATABASE_FILE
    if not file.exists():
        return
    if fault := fault_of(file):
        raise DatabaseDamaged(f"{file} is damaged ({fault}); `burnish repair` keeps what can be read")
    if (schema := schema_of(file)) > SCHEMA:
        raise ConfigError(
            f"server.data: a newer burnish made {file} (tables {schema}, this one knows {SCHEMA});"
            " install that one, or name another folder"
        )


def fault_of(file: Path, *, thorough: bool = False) -> str:
    """What SQLite finds wrong with a database, empty where nothing; `thorough` compares indexes as well."""
    check = "integrity_check" if thorough else "quick_check"
    try:
        with closing(_look(file)) as connection:
            [found] = connection.execute(f"PRAGMA {check}(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else " ".join(str(found).split())


def schema_of(file: Path) -> int:
    """Number of the shape of its tables."""
    with closing(_look(file)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _look(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
