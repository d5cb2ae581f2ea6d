"""A backup holds one moment, proven; restored, nothing of it is made twice unknowingly."""

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from burnish.database import Database
from burnish.database.soundness import demand_sound
from burnish.database.tables import attempts, events, instances
from burnish.errors import ConfigError, DatabaseDamaged, SourceDamaged
from burnish.events import EventKind
from burnish.instances.files import spool_key
from burnish.requests.holding import release
from burnish.requests.ledger import ask_to_cancel, claim_piece
from burnish.requests.overview import find_row
from burnish.requests.states import PieceState
from burnish.terms import ExecutionStatus, StatusInfo
from burnish.upkeep import backup as backing_up
from burnish.upkeep.backup import BackedUp, back_up
from burnish.upkeep.restore import restore
from sqlalchemy import select

from core.tests.upkeep.house import MEDIA, House


def silent(_step: str, _done: int, _total: int) -> None:
    """Nobody watches."""


def backed_up(house: House, name: str = "copy") -> tuple[BackedUp, Path]:
    out = house.folder / name
    return back_up(house.loaded, out, silent), out


def restored(out: Path, data: Path) -> Database:
    """The database of a data folder that was filled from a backup."""
    restore(out, data, silent)
    return Database.look(data)


def rows(database: Database, query: Any) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(query).all())


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# --- backup ------------------------------------------------------------------------------------------------


def test_what_is_in_a_backup(house: House) -> None:
    """Instances, the form that a plan needs, plans of what has not ended, configuration, marks, facts."""
    paths = [house.store(uid) for uid in ("1.1", "1.2", "1.3")]
    key = spool_key("1.1", 1) + ".jpeg"
    (house.data / "spool" / key).write_bytes(paths[0].read_bytes())
    paths[2].with_name(paths[2].name + ".explicit").write_bytes(b"that no plan needs")
    mark = paths[1].with_name(paths[1].name.replace("-1", "-2") + ".purged")
    mark.touch()
    request = house.plan("2.1", "1.1", "1.2", forms=(key,))
    house.start("2.2", "1.3")
    (house.data / "plans" / "OTHER.recipe").write_bytes(b"of a request that has ended")
    made, out = backed_up(house)
    assert (made.instances, made.plans, made.damaged, made.purged) == (3, 1, [], 0)
    expected = {str(path.relative_to(house.data)) for path in [*paths, mark]}
    expected |= {f"spool/{key}", f"plans/T{request}.recipe"}
    expected |= {"burnish.sqlite", "burnish.toml", "backup.json"}
    assert tree(out).keys() == expected
    assert (out / "spool" / key).read_bytes() == paths[0].read_bytes()
    assert json.loads((out / "backup.json").read_text())["instances"] == 3
    assert stat.S_IMODE(out.stat().st_mode) == 0o700


def test_a_backup_is_of_one_moment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while it is made is not in it, neither row nor file."""
    house.store("1.1")
    plain = backing_up.copy_proven

    def slow(*arguments: Any) -> int:
        house.store("1.9")
        monkeypatch.setattr(backing_up, "copy_proven", plain)
        return plain(*arguments)

    monkeypatch.setattr(backing_up, "copy_proven", slow)
    made, out = backed_up(house)
    assert made.instances == 1
    assert spool_key("1.9", 1) not in {name.removeprefix("spool/") for name in tree(out)}
    with closing(sqlite3.connect(out / "burnish.sqlite")) as copy:
        assert copy.execute("SELECT sop_instance FROM instances").fetchall() == [("1.1",)]


def test_what_retention_purges_meanwhile(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row is taken out of the backup, and nothing is wrong."""
    house.store("1.1")
    gone = house.store("1.2")
    plain = backing_up.copy_proven

    def purge(*arguments: Any) -> int:
        with house.database.write() as connection:
            connection.execute(instances.delete().where(instances.c.sop_instance == "1.2"))
        gone.unlink(missing_ok=True)
        return plain(*arguments)

    monkeypatch.setattr(backing_up, "copy_proven", purge)
    made, out = backed_up(house)
    assert (made.instances, made.purged, made.damaged) == (1, 1, [])
    database = restored(out, house.folder / "again")
    assert rows(database, select(instances.c.sop_instance)) == [("1.1",)]
    database.close()


def test_a_damaged_instance_is_left_out_and_named(house: House) -> None:
    """A changed byte, a file that was cut short, one that is gone: none is restored as if it were whole."""
    house.store("1.1")
    changed, short, lost = (house.store(f"1.{number}") for number in (2, 3, 4))
    changed.write_bytes(b"D" + changed.read_bytes()[1:])
    short.write_bytes(short.read_bytes()[:-1])
    lost.unlink()
    request = house.start("2.1", "1.1", "1.2")
    made, out = backed_up(house)
    assert made.instances == 1
    assert [sentence.split(":")[0] for sentence in made.damaged] == ["1.2", "1.3", "1.4"]
    assert [name for name in tree(out) if name.startswith("spool/")] == [f"spool/{spool_key('1.1', 1)}"]
    database = restored(out, house.folder / "again")
    assert rows(database, select(instances.c.sop_instance)) == [("1.1",)]
    database.close()
    assert house.row(request).status == ExecutionStatus.PENDING


def test_a_plan_that_goes_meanwhile(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its request has ended since: another snapshot is taken, which says so."""
    house.store("1.1")
    request = house.plan("2.1", "1.1")
    plain = backing_up.copy_plain

    def end(*arguments: Any) -> None:
        monkeypatch.setattr(backing_up, "copy_plain", plain)
        with house.database.write() as connection:
            ask_to_cancel(connection, request)
        (house.data / "plans" / f"T{request}.recipe").unlink()
        plain(*arguments)

    monkeypatch.setattr(backing_up, "copy_plain", end)
    made, out = backed_up(house)
    assert made.plans == 0
    with closing(sqlite3.connect(out / "burnish.sqlite")) as copy:
        assert copy.execute("SELECT status FROM requests").fetchall() == [("GONE",)]


def test_where_no_backup_can_be_made(house: House) -> None:
    """Nothing is overwritten, and nothing is left of one that fails."""
    with pytest.raises(ConfigError, match="var exists; name another"):
        back_up(house.loaded, house.data, silent)
    (house.folder / "copy.part").mkdir()
    with pytest.raises(ConfigError, match=r"copy\.part is left of a backup"):
        backed_up(house)
    with pytest.raises(ConfigError, match="No such file"):
        back_up(house.loaded, house.folder / "no" / "where", silent)
    (house.data / "burnish.sqlite").rename(house.folder / "kept")
    with pytest.raises(ConfigError, match=r"server\.data: .* nothing to back up"):
        backed_up(house, "other")
    assert not (house.folder / "other").exists()


def test_a_full_disk_leaves_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.store("1.1")

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backing_up, "copy_proven", full)
    with pytest.raises(OSError, match="No space left"):
        backed_up(house)
    assert {path.name for path in house.folder.iterdir()} == {"burnish.toml", "var"}


def test_a_damaged_database_is_not_backed_up(house: House) -> None:
    house.fill(200)
    house.damage(b"x" * 100)
    with pytest.raises(DatabaseDamaged, match="burnish repair"):
        backed_up(house)
    assert {path.name for path in house.folder.iterdir()} == {"burnish.toml", "var"}


# --- restore -----------------------------------------------------------------------------------------------


def test_what_was_started_comes_back_held(house: House) -> None:
    """Not planned, not claimed; released, it goes on where it stood. What was IDLE is IDLE."""
    house.store("1.1")
    house.ask("2.1", "1.1")
    house.start("2.2", "1.1")
    house.plan("2.3", "1.1")
    _, out = backed_up(house)
    told = restore(out, house.folder / "again", silent)
    assert (told.instances, told.held) == (1, 2)
    database = Database.open(house.loaded.config.database, house.folder / "again")
    with database.write() as connection:
        assert claim_piece(connection, "shelf", MEDIA) is None
        idle, waiting, planned = (find_row(connection, uid) for uid in ("2.1", "2.2", "2.3"))
        assert idle
        assert waiting
        assert planned
        assert idle.status == ExecutionStatus.IDLE
        for row in (waiting, planned):
            assert (row.status, row.info) == (ExecutionStatus.PENDING, StatusInfo.CHECK_MCD_OP)
            assert row.plan == "held"
            assert "restored from a backup of " in row.message
            release(connection, row)
        assert [find_row(connection, uid).plan for uid in ("2.2", "2.3")] == ["none", "done"]  # type: ignore[union-attr]
        claim = claim_piece(connection, "shelf", MEDIA)
        assert claim
        assert claim.request == planned.id
        told_of = connection.execute(select(events.c.kind)).scalars().all()
        assert told_of.count(EventKind.DATABASE_RESTORED) == 1
        assert told_of.count(EventKind.REQUEST_RELEASED) == 2
    database.close()
    assert (house.folder / "again" / "plans" / f"T{planned.id}.recipe").exists()


def test_a_held_request_can_be_cancelled(house: House) -> None:
    house.store("1.1")
    house.plan("2.1", "1.1")
    _, out = backed_up(house)
    restore(out, house.folder / "again", silent)
    database = Database.open(house.loaded.config.database, house.folder / "again")
    with database.write() as connection:
        row = find_row(connection, "2.1")
        assert row
        ask_to_cancel(connection, row.id)
        assert find_row(connection, "2.1").status == ExecutionStatus.GONE  # type: ignore[union-attr]
    database.close()


def test_a_piece_that_was_at_a_station(house: House) -> None:
    """Nobody works on it any more, whatever process has that number here."""
    house.store("1.1")
    house.plan("2.1", "1.1")
    house.claim()
    _, out = backed_up(house)
    database = restored(out, house.folder / "again")
    assert rows(database, select(attempts.c.process, attempts.c.outcome)) == [(None, None)]
    with database.read() as connection:
        row = find_row(connection, "2.1")
    assert row
    assert (row.status, row.info, row.plan) == ("PENDING", "CHECK_MCD_OP", "held")
    database.close()
    assert house.piece(row.id) == PieceState.INTENT


def test_where_nothing_is_restored(house: House) -> None:
    """Into a folder that holds anything, out of one that is no whole backup; nothing changes."""
    _, out = backed_up(house)
    with pytest.raises(ConfigError, match="var is not empty"):
        restore(out, house.data, silent)
    with pytest.raises(ConfigError, match=r"is no whole backup: backup\.json"):
        restore(house.folder / "var", house.folder / "again", silent)
    (out / "backup.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"is no whole backup: backup\.json"):
        restore(out, house.folder / "again", silent)
    assert not (house.folder / "again").exists()


@pytest.mark.parametrize("hurt", ["changed", "absent", "database"])
def test_a_damaged_backup(house: House, hurt: str) -> None:
    """It is told, and no server starts on what was copied."""
    house.store("1.1")
    _, out = backed_up(house)
    file = out / "spool" / spool_key("1.1", 1)
    data = file.read_bytes()
    match hurt:
        case "changed":
            file.write_bytes(b"D" + data[1:])
        case "absent":
            file.unlink()
        case "database":
            (out / "burnish.sqlite").write_bytes(b"\xff" * 8192)
    with pytest.raises((SourceDamaged, DatabaseDamaged)):
        restore(out, house.folder / "again", silent)
    with pytest.raises(DatabaseDamaged, match="cut off"):
        demand_sound(house.folder / "again")
