"""Service time does not jump with the wall clock, nor with a boot."""

from pathlib import Path
from unittest import mock

import pytest
from burnish.database import Database, advance_clock, clock, service_time
from burnish.database.settings import DatabaseSettings


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database.open(DatabaseSettings(), tmp_path)
    database.migrate()
    return database


def served(database: Database, boot: str, uptime: float, *, advance: bool = False) -> float:
    with (
        mock.patch.object(clock, "boot_id", return_value=boot),
        mock.patch.object(clock, "_uptime", return_value=uptime),
        database.write() as connection,
    ):
        if advance:
            advance_clock(connection)
        return service_time(connection)


def test_it_counts_within_a_boot_and_stands_still_across(database: Database) -> None:
    assert served(database, "a", 1000) == 0
    assert served(database, "a", 1000, advance=True) == 0
    assert served(database, "a", 1060) == 60
    assert served(database, "a", 1060, advance=True) == 60
    assert served(database, "b", 5, advance=True) == 60
    assert served(database, "b", 15) == 70


def test_it_never_falls(database: Database) -> None:
    served(database, "a", 1000, advance=True)
    assert served(database, "a", 900) == 0
