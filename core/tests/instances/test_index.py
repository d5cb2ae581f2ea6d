"""Rows over the spool: written in groups, rebuilt from the files, never in the way of who waits for them."""

import errno
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import events, instances
from burnish.instances.files import Facts, Trailer, spool_key, write_trailer
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Kept, Spool
from sqlalchemy import select

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
