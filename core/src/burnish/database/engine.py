"""Opening the database and the two kinds of transaction.

SQLite runs in WAL mode with synchronous=FULL, so a committed row survives a power cut. A writing
transaction begins IMMEDIATE: it waits for its turn at its first statement instead of failing in its
middle, when a reader has become a writer (SQLITE_BUSY_SNAPSHOT).

After a sync that failed a process writes nothing more until it is started again: the kernel may have called
lost pages clean, so that a second sync which succeeds proves nothing. It goes on reading.
"""

import errno
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.schema import CreateColumn

from burnish.database.settings import DatabaseSettings
from burnish.database.soundness import DATABASE_FILE, SCHEMA
from burnish.database.tables import metadata

LOGGER = logging.getLogger(__name__)

_SYNC_FAILED = (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC)
_HARDLY_ANYTHING = "UPDATE clock SET served = served + 0.001"
"""The smallest change: one that changes no byte writes nothing."""
_BUSY_SECONDS = 60
"""How long a writing transaction waits for another process to end its own."""


class Database:
    """Both kinds of transaction, from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._failure = ""
        self.failed: Callable[[str], None] = lambda _: None
        """Told once why nothing more can be written."""

    @classmethod
    def open(cls, settings: DatabaseSettings, data: Path, name: str = DATABASE_FILE) -> "Database":
        """Open the database of the data folder `data`, which must exist; `name` while it is mended."""
        engine = create_engine(
            f"{settings.url}:///{data / name}",
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            pool_size=8,
            max_overflow=300,
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "handle_error", _part)
        event.listen(engine, "begin", _begin)
        return cls(engine)

    @classmethod
    def look(cls, data: Path) -> "Database":
        """Open the database of a data folder to read only, beside a server or without one. It must exist."""
        engine = create_engine(
            f"sqlite:///file:{quote(str(data / DATABASE_FILE))}?mode=ro&uri=true",
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _without_transactions)
        event.listen(engine, "begin", _begin)
        return cls(engine)

    def migrate(self) -> None:
        """Make what is missing. Called once at start, under the single-writer lock."""
        with self.write() as connection:
            metadata.create_all(connection)
            _add_columns(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is alone in writing; durable when the block ends, undone when it raises.

        Raises OSError where the disk is full, or a sync has failed.
        """
        if self._failure:
            raise OSError(errno.EIO, self._failure)
        try:
            with self._engine.connect() as plain:
                connection = plain.execution_options(burnish_begin="BEGIN IMMEDIATE")
                with connection.begin():
                    yield connection
        except OperationalError as error:
            code = getattr(error.orig, "sqlite_errorcode", 0)
            if code == sqlite3.SQLITE_FULL:
                raise OSError(errno.ENOSPC, "the database cannot grow") from error
            if code in _SYNC_FAILED:
                self._fail("a sync of the database failed")
                raise OSError(errno.EIO, self._failure) from error
            raise

    def _fail(self, message: str) -> None:
        first, self._failure = not self._failure, message
        if first:
            LOGGER.critical("%s; nothing more is written until the server is started again", message)
            self._bury_refused()
            self.failed(message)

    def _bury_refused(self) -> None:
        """Put another transaction where the refused one stands in the log, without a sync.

        A commit whose sync failed has all its frames in the log: the next start would find it, and a request
        that was refused would come to life.
        """
        try:
            with closing(self._engine.raw_connection()) as raw:
                for statement in ("PRAGMA synchronous=OFF", "BEGIN IMMEDIATE", _HARDLY_ANYTHING, "COMMIT"):
                    raw.cursor().execute(statement).close()
                raw.invalidate()
        except (SQLAlchemyError, sqlite3.Error):
            LOGGER.exception("what was refused may be found by the next start")


def _without_transactions(connection: sqlite3.Connection, _record: object) -> None:
    """Take transaction control away from the sqlite3 module, which would begin in its own time."""
    connection.isolation_level = None


def _prepare(connection: sqlite3.Connection, record: object) -> None:
    _without_transactions(connection, record)
    [mode] = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":  # it says so in no other way
        raise sqlite3.OperationalError("the database cannot be brought into WAL mode")
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _part(context: ExceptionContext) -> None:
    """Let a connection go that can only read: SQLite opens a file so where, for a moment, it could not open
    it to write (os_unix.c, unixOpen), and never tries again."""
    code = getattr(context.original_exception, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_READONLY:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def _begin(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql(options.get("burnish_begin", "BEGIN"))


def _add_columns(connection: Connection) -> None:
    """Give tables of an earlier burnish the columns and indexes that came since.

    Each column has a default of the database's own.
    """
    for table in metadata.sorted_tables:
        there = {row.name for row in connection.exec_driver_sql(f"PRAGMA table_info({table.name})")}
        for column in table.columns:
            if column.name not in there:
                statement = str(CreateColumn(column).compile(dialect=connection.dialect))
                connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {statement}")
        for index in table.indexes:
            index.create(connection, checkfirst=True)
