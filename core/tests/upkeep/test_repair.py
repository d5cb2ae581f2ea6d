"""A database that is damaged is not served; a repair keeps what can be read and holds what was started."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from burnish.config import Loaded
from burnish.database.soundness import SCHEMA, demand_sound, fault_of, schema_of
from burnish.database.tables import events, instances, pins, references, requests
from burnish.errors import ConfigError, DatabaseDamaged
from burnish.events import EventKind
from burnish.server import prepare
from burnish.upkeep import repair as repairing
from burnish.upkeep.repair import Repaired, repair
from sqlalchemy import func, select

from core.tests.upkeep.house import House


def mended(loaded: Loaded) -> Repaired:
    """A repair that found something to do; the database is sound after it and can be served."""
    done = repair(loaded)
    assert done
    assert fault_of(loaded.data / "burnish.sqlite", thorough=True) == ""
    assert not (loaded.data / "burnish.sqlite.part").exists()
    demand_sound(loaded.data)
    with closing(sqlite3.connect(loaded.data / "burnish.sqlite")) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    return done


# --- at start ----------------------------------------------------------------------------------------------


def test_a_damaged_database_is_not_served(house: House) -> None:
    """The sentence names the file and the command, and nothing has changed."""
    house.fill(300)
    house.damage(b"y" * 100)
    before = (house.data / "burnish.sqlite").read_bytes()
    with pytest.raises(DatabaseDamaged, match=r"burnish\.sqlite is damaged .*`burnish repair`"):
        prepare(house.data, house.loaded.config)
    assert (house.data / "burnish.sqlite").read_bytes() == before


def test_a_file_that_is_no_database(house: House) -> None:
    house.close()
    (house.data / "burnish.sqlite").write_bytes(b"this is no database " * 500)
    with pytest.raises(DatabaseDamaged, match="not a database"):
        prepare(house.data, house.loaded.config)


def test_a_database_of_a_newer_burnish(house: House) -> None:
    house.close()
    file = house.data / "burnish.sqlite"
    assert schema_of(file) == SCHEMA
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    with pytest.raises(ConfigError, match=r"server\.data: a newer burnish made .*install that one"):
        prepare(house.data, house.loaded.config)
    assert schema_of(file) == SCHEMA + 1


def test_a_repair_that_was_cut_off_is_not_served(house: House) -> None:
    (house.data / "burnish.sqlite.part").touch()
    with pytest.raises(DatabaseDamaged, match="was cut off here; run it again"):
        prepare(house.data, house.loaded.config)


# --- repair ------------------------------------------------------------------------------------------------


def test_a_sound_database_is_left_alone(house: House) -> None:
    house.fill(5)
    house.close()
    before = (house.data / "burnish.sqlite").read_bytes()
    assert repair(house.loaded) is None
    assert (house.data / "burnish.sqlite").read_bytes() == before


def test_most_rows_outlive_a_lost_page(house: House) -> None:
    """What was started is held; the damaged file lies aside as it was; the event says how much was kept."""
    house.store("1.1")
    started = house.plan("2.1", "1.1")
    house.fill(400)
    all_of_them = house.uids()
    house.damage(b"x" * 100)
    damaged = (house.data / "burnish.sqlite").read_bytes()
    done = mended(house.loaded)
    assert (done.aside / "burnish.sqlite").read_bytes() == damaged
    kept = house.uids()
    assert kept < all_of_them
    assert len(kept) > len(all_of_them) - 50
    assert done.kept["requests"] == len(kept)
    row = house.row(started)
    assert (row.status, row.info, row.plan) == ("PENDING", "CHECK_MCD_OP", "held")
    assert "the database was damaged" in row.message
    assert done.held == 1
    with house.database.read() as connection:
        query = select(events.c.data).where(events.c.kind == EventKind.DATABASE_REPAIRED)
        told = connection.execute(query).scalar_one()
        assert told["kept"]["requests"] == len(kept)
        orphans = select(references).where(references.c.request.not_in(select(requests.c.id)))
        assert connection.execute(orphans).all() == []
        assert connection.execute(select(func.count()).select_from(pins)).scalar_one() == 1


def test_instances_come_back_from_the_spool(house: House) -> None:
    """Where nothing can be read, every instance that proves itself is indexed again."""
    for uid in ("1.1", "1.2"):
        house.store(uid)
    house.store("1.3").write_bytes(b"damaged too")
    house.close()
    (house.data / "burnish.sqlite").write_bytes(b"\xff" * 40960)
    done = mended(house.loaded)
    assert (sum(done.kept.values()), done.held) == (0, 0)
    with house.database.read() as connection:
        assert set(connection.execute(select(instances.c.sop_instance)).scalars()) == {"1.1", "1.2"}
    prepare(house.data, house.loaded.config)


def test_what_is_only_in_the_log_of_writes_is_kept(house: House, tmp_path: Path) -> None:
    """The files of a server that was killed: rows of the last moment stand beside the database."""
    house.fill(300)
    with closing(sqlite3.connect(house.data / "burnish.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    house.ask("2.1", "1.1")
    (tmp_path / "killed").mkdir()
    killed = House(tmp_path / "killed")
    killed.close()
    for end in ("", "-wal"):
        shutil.copy(house.data / f"burnish.sqlite{end}", killed.data / f"burnish.sqlite{end}")
    log = (killed.data / "burnish.sqlite-wal").read_bytes()
    killed.damage(b"y" * 100)
    assert fault_of(killed.data / "burnish.sqlite")
    assert (killed.data / "burnish.sqlite-wal").read_bytes() == log != b""
    mended(killed.loaded)
    assert "2.1" in killed.uids()
    killed.close()


@pytest.mark.parametrize("cut", ["salvage", "hold_started", "sync_all"])
def test_a_repair_that_is_cut_off(house: House, monkeypatch: pytest.MonkeyPatch, cut: str) -> None:
    """Nothing is served between, and the next one ends what it began, with the same rows."""
    house.plan("2.1", "1.1")
    house.fill(300)
    house.damage(b"y" * 100)

    def die(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(repairing, cut, die)
        with pytest.raises(KeyboardInterrupt):
            repair(house.loaded)
    with pytest.raises(DatabaseDamaged, match="cut off"):
        prepare(house.data, house.loaded.config)
    done = mended(house.loaded)
    assert done.held == 1
    assert "2.1" in house.uids()
    assert [path.name for path in house.data.glob("damaged-*")] == [done.aside.name]


def test_a_repair_waits_for_who_works_there(house: House) -> None:
    """A feeder that outlived its server still writes down what it makes."""
    house.fill(300)
    house.damage(b"y" * 100)
    command = [sys.executable, "-c", "import sys; file = open(sys.argv[1]); print(flush=True); input()"]
    feeder = subprocess.Popen(
        [*command, house.data / "burnish.sqlite"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert feeder.stdout
    feeder.stdout.readline()
    with pytest.raises(ConfigError, match=rf"server\.data: processes {feeder.pid} still work"):
        repair(house.loaded)
    feeder.communicate(b"\n", timeout=20)
    mended(house.loaded)


def test_a_restore_that_was_cut_off_is_no_repair(house: House) -> None:
    house.close()
    (house.data / "burnish.sqlite").rename(house.data / "burnish.sqlite.part")
    with pytest.raises(ConfigError, match=r"a restore into .* was cut off"):
        repair(house.loaded)


def test_where_there_is_nothing_to_repair(house: House) -> None:
    house.close()
    shutil.rmtree(house.data)
    house.data.mkdir()
    with pytest.raises(ConfigError, match=r"server\.data: .* holds no database"):
        repair(house.loaded)
    assert {path.name for path in house.data.iterdir()} <= {"lock"}
