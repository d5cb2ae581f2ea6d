"""Rows over the spool: written in groups, rebuilt from the files, never in the way of who waits for them."""

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from burnish.database import Database, advance_clock, clock
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import events, instances
from burnish.instances.files import Facts, Trailer, spool_key, write_trailer
from burnish.instances.head import KeptHead
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Arrival, Kept, Spool
from sqlalchemy import select

from core.tests.instances.test_head import element

HEAD = b"\x08\x00\x60\x00CS\x02\x00CT"
"""Modality, encoded."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one."""
    found = Database.open(DatabaseSettings(), tmp_path)
    found.migrate()
    yield found
    found.close()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """An empty one."""
    found = Spool(tmp_path / "spool")
    found.prepare()
    return found


def kept(uid: str, version: int = 1, digest: bytes = b"d" * 32) -> Kept:
    """What a spool tells of an instance."""
    facts = Facts("1.2", uid, "1.4", "1.5", "1.2.840.10008.1.2.1", "CT1", 12.5, version)
    return Kept(spool_key(uid, version), Trailer(facts, HEAD, 4, digest), fresh=True)


def put(spool: Spool, one: Kept) -> Path:
    """The file of an instance, as a reception that died left it."""
    path = spool.root / one.key
    with path.open("wb") as file:
        file.write(b"data")
        write_trailer(file, one.trailer)
    return path


def again(uid: str, version: int = 1) -> Kept:
    """The same, received once more."""
    return replace(kept(uid, version), fresh=False)


def at(uptime: float, boot: str = "a") -> AbstractContextManager[object]:
    """The machine has run for so many seconds."""
    values = {"_uptime": mock.Mock(return_value=uptime), "boot_id": mock.Mock(return_value=boot)}
    return mock.patch.multiple(clock, **values)


def found(database: Database) -> dict[tuple[str, int], Any]:
    """The rows by UID and version."""
    with database.read() as connection:
        return {(row.sop_instance, row.version): row for row in connection.execute(select(instances))}


def test_a_flush_writes_all_that_came_before(database: Database) -> None:
    """From many threads, whoever flushes."""
    index = InstanceIndex(database)

    def come(number: int) -> None:
        for version in range(1, 6):
            index.add(kept(f"1.{number}", version))
            index.flush()
            assert (f"1.{number}", version) in found(database)

    threads = [threading.Thread(target=come, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found(database)) == 20


def test_rows_come_by_themselves_and_at_the_end(database: Database) -> None:
    """In groups while it runs, the rest when it stops."""
    index = InstanceIndex(database)
    index.start()
    index.add(kept("1.1"))
    end = time.monotonic() + 10
    while not found(database):
        assert time.monotonic() < end
        time.sleep(0.01)
    index.add(kept("1.2"))
    index.stop()
    assert set(found(database)) == {("1.1", 1), ("1.2", 1)}


def test_a_version_that_follows_is_told_as_such(database: Database) -> None:
    """`instance-stored`, then `instance-replaced`."""
    index = InstanceIndex(database)
    index.add(kept("1.1"))
    index.add(kept("1.1", 2))
    index.flush()
    with database.read() as connection:
        kinds = connection.execute(select(events.c.kind).order_by(events.c.id)).scalars().all()
    assert kinds == ["instance-stored", "instance-replaced"]


def test_a_group_that_could_not_be_written_is_not_forgotten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk was full; who relied on the row heard of it, and the thread lives on."""
    index = InstanceIndex(database)
    failures = threading.Semaphore(0)

    def full() -> None:
        failures.release()
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(database, "write", full)
        index.start()
        index.add(kept("1.1"))
        assert failures.acquire(timeout=10)
        with pytest.raises(OSError, match="no space"):
            index.flush()
    index.add(kept("1.2"))
    index.stop()
    assert set(found(database)) == {("1.1", 1), ("1.2", 1)}


def test_a_file_that_came_again_wins_over_its_row(database: Database) -> None:
    """The spool lost a version that the index knew, and got it again: nothing may stop at that."""
    index = InstanceIndex(database)
    index.add(kept("1.1"))
    index.flush()
    index.add(kept("1.1", 1, b"e" * 32))
    index.add(kept("1.2"))
    index.flush()
    assert found(database)["1.1", 1].digest == b"e" * 32
    assert ("1.2", 1) in found(database)


def test_a_rebuild_adds_what_the_spool_has(database: Database, spool: Spool) -> None:
    """What no row tells of was acknowledged all the same; a second rebuild finds nothing to do."""
    index = InstanceIndex(database)
    for one in (kept("1.1"), kept("1.1", 2), kept("1.2")):
        put(spool, one)
    index.add(kept("1.2"))
    index.flush()
    assert index.rebuild(spool) == 2
    assert set(found(database)) == {("1.1", 1), ("1.1", 2), ("1.2", 1)}
    assert index.rebuild(spool) == 0
    assert found(database)["1.1", 2].head == HEAD


def test_a_rebuild_sets_aside_what_does_not_prove_itself(database: Database, spool: Spool) -> None:
    """It was never acknowledged, or is damaged; derived forms are no instances."""
    whole, torn = put(spool, kept("1.1")), put(spool, kept("1.2"))
    torn.write_bytes(torn.read_bytes()[:-1])
    whole.with_name(whole.name + ".explicit").write_bytes(whole.read_bytes())
    index = InstanceIndex(database)
    index.rebuild(spool)
    assert set(found(database)) == {("1.1", 1)}
    assert not torn.exists()
    assert torn.with_name(torn.name + ".damaged").exists()
    assert index.rebuild(spool) == 0


# --- which version serves, and since when -------------------------------------------------------------------


def serving(database: Database, uid: str = "1.1") -> set[int]:
    """The versions that a later request would be given."""
    return {version for (one, version), row in found(database).items() if one == uid and not row.superseded}


def test_the_newest_version_serves(database: Database) -> None:
    """In one group or in several."""
    index = InstanceIndex(database)
    for one in (kept("1.1"), kept("1.1", 2), kept("1.2")):
        index.add(one)
    index.flush()
    assert serving(database) == {2}
    index.add(kept("1.1", 3))
    index.flush()
    assert serving(database) == {3}
    assert serving(database, "1.2") == {1}


def test_what_comes_again_begins_its_lifetime_again(database: Database) -> None:
    """In service time, and without an event: nothing is new about it."""
    index = InstanceIndex(database)
    with at(100), database.write() as connection:
        advance_clock(connection)
    for seconds, one in ((110, kept("1.1")), (150, again("1.1")), (170, kept("1.2"))):
        with at(seconds):
            index.add(one)
            index.flush()
    assert {uid: row.kept_served for (uid, _), row in found(database).items()} == {"1.1": 50, "1.2": 70}
    with database.read() as connection:
        assert len(connection.execute(select(events)).all()) == 2


def test_what_comes_again_without_a_row_gets_one(database: Database) -> None:
    """Also in the group that it came with first."""
    index = InstanceIndex(database)
    for one in (again("1.1"), kept("1.2"), again("1.2")):
        index.add(one)
    index.flush()
    assert set(found(database)) == {("1.1", 1), ("1.2", 1)}


def test_a_rebuild_knows_the_newest(database: Database, spool: Spool) -> None:
    """Whatever the order of the files; one whose newer version was purged serves nobody."""
    for one in (kept("1.1"), kept("1.1", 2), kept("1.1", 3), kept("1.2")):
        put(spool, one)
    with spool.turn(kept("1.2").key):
        put(spool, kept("1.2", 2))
        spool.remove(kept("1.2", 2).key)
    InstanceIndex(database).rebuild(spool)
    assert serving(database) == {3}
    assert ("1.2", 1) in found(database)
    assert serving(database, "1.2") == set()


def test_the_failure_of_a_spool_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database can be written; where not, nothing worse comes of it."""
    index = InstanceIndex(database)
    index.tell_failure("the disk is gone")
    monkeypatch.setattr(database, "write", mock.Mock(side_effect=OSError(errno.EIO, "input/output error")))
    index.tell_failure("the disk is gone")
    with database.read() as connection:
        [row] = connection.execute(select(events)).all()
    assert (row.kind, row.data) == ("spool-failed", {"message": "the disk is gone"})


def test_a_row_that_is_made_again_is_read_in_the_set_that_was_assumed(
    database: Database, spool: Spool
) -> None:
    """The spool alone knows what was assumed of an AE when an instance came."""
    values = ((0x00080016, "UI", b"1.2"), (0x00080018, "UI", b"1.3"), (0x00100010, "PN", b"M\xfcller"))
    studies = ((0x0020000D, "UI", b"1.4"), (0x0020000E, "UI", b"1.5"))
    data = b"".join(element(*value) for value in (*values, *studies))
    incoming = spool.begin(Arrival("1.2", "1.3", "1.2.840.10008.1.2.1", "OLD", b"ISO_IR 100"))
    incoming.write(data)
    incoming.commit()
    assert InstanceIndex(database).rebuild(spool) == 1
    with database.read() as connection:
        [row] = connection.execute(select(instances))
    head = KeptHead(row.head)
    assert head["PatientName"] == "Müller"
    assert row.identity_mark == head.identity_mark
    assert spool.path(spool_key("1.3", 1)).read_bytes().startswith(data)
