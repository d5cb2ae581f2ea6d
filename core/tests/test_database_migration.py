"""A data folder of an earlier burnish is taken over: its rows stay, and what came since has its default."""

import sqlite3
from contextlib import closing
from pathlib import Path

from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.database.soundness import DATABASE_FILE, SCHEMA

BACK = """
DROP INDEX attempt_unconfirmed;
ALTER TABLE attempts DROP COLUMN labels;
ALTER TABLE attempts DROP COLUMN unconfirmed;
ALTER TABLE volumes DROP COLUMN label;
INSERT INTO attempts (id, piece, station, started_at, message, done, rejected)
    VALUES (7, 1, 'desk', 0.5, '', 0, 0);
PRAGMA user_version = 1;
"""
"""To the tables of version 1."""


def migrate(folder: Path) -> None:
    database = Database.open(DatabaseSettings(), folder)
    database.migrate()
    database.close()


def test_columns_and_indexes_that_came_since_are_added(tmp_path: Path) -> None:
    migrate(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as connection:
        connection.executescript(BACK)
    for _ in range(2):
        migrate(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as connection:
        query = "SELECT id, station, labels, unconfirmed FROM attempts"
        assert connection.execute(query).fetchall() == [(7, "desk", "{}", 0)]
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        assert "label" in {row[1] for row in connection.execute("PRAGMA table_info(volumes)")}
        assert "attempt_unconfirmed" in {row[1] for row in connection.execute("PRAGMA index_list(attempts)")}
