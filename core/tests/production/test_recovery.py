"""What a production finds that comes after one that died, and steps that fail and are tried again."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import attempts, pieces, requests
from burnish.errors import RequestFailed
from burnish.fileset.compose import Kit
from burnish.fileset.media import MediaSettings
from burnish.fileset.settings import IdentitySettings
from burnish.media import MediaKind
from burnish.production import planner as planning
from burnish.production.building import Introduction
from burnish.production.leftovers import mark_unknown
from burnish.production.outcome import CUT_OFF
from burnish.production.pair import Bench
from burnish.production.planner import Planner
from burnish.production.processes import own_identity, this_boot
from burnish.production.production import Production
from burnish.production.settings import WriterSettings
from burnish.production.stations import Station
from burnish.requests.ledger import PlannedVolume, add_volumes, ask_to_cancel, claim_piece, intend
from burnish.requests.states import Event, PieceState
from burnish.requests.store import Reference, create_request, move_request, request_row
from burnish.terms import ExecutionStatus, StatusInfo
from sqlalchemy import select, update


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A data folder without a server."""
    database = Database.open(DatabaseSettings(), tmp_path)
    database.migrate()
    for name in ("plans", "logs", "spool"):
        (tmp_path / name).mkdir()
    yield Bench(database, tmp_path, tmp_path, 2)
    database.close()


def initiated(bench: Bench, uid: str = "1.1") -> int:
    """A request that waits for its plan."""
    with bench.database.write() as connection:
        request = create_request(
            connection, sop_instance=uid, owner_ae="AE", attributes={}, wanted=[Reference("1.2", "1.3")]
        )
        row = request_row(connection, request)
        move_request(connection, row, Event.INITIATE, StatusInfo.QUEUED, initiated_at=time.time(), priority=1)
    return request


def volume(token: str = "TOKEN") -> PlannedVolume:
    """A volume as a planner enters it."""
    return PlannedVolume(
        number=1,
        file_set_id="DISC",
        file_set_uid="1.2",
        token=token,
        profile="STD-GEN-CD",
        format="iso9660",
        suffix=".iso",
        medium=MediaKind.CD_R,
        length=4096,
        digest=bytes(32),
        patients=[],
    )


def row_of(bench: Bench, request: int) -> Any:
    """A request as it stands."""
    with bench.database.read() as connection:
        return request_row(connection, request)


def spin(condition: Callable[[], bool]) -> None:
    """Wait until it is true."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def planner(bench: Bench) -> Planner:
    """A planner that knows no profile: it fails whatever it plans."""
    kit = Kit({}, {}, MediaSettings(), IdentitySettings(), {}, lambda *_: None)  # type: ignore[arg-type]
    return Planner(bench.database, bench.data, kit, lambda: None)


def refuse_to_plan(*_: object, **__: object) -> Any:
    """Stands for a planner's work: every request fails, as one does whose instances are missing."""
    raise RequestFailed("nothing is here", StatusInfo.NO_INSTANCE)


@pytest.fixture
def failing_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Composing fails at once, with a term of its own."""
    monkeypatch.setattr(planning, "compose", refuse_to_plan)


@pytest.mark.usefixtures("failing_plans")
def test_what_a_dead_planner_had_begun_is_begun_again(bench: Bench) -> None:
    """It is claimed by nobody now."""
    request = initiated(bench)
    with bench.database.write() as connection:
        connection.execute(update(requests).values(plan="claimed"))
    one = planner(bench)
    one.start()
    spin(lambda: row_of(bench, request).status == ExecutionStatus.FAILURE)
    one.stop(10)
    assert row_of(bench, request).info == StatusInfo.NO_INSTANCE


def test_a_cancel_that_a_dead_planner_was_to_settle(bench: Bench) -> None:
    """The request is gone when the next one starts; nobody else would ever come to it."""
    request = initiated(bench)
    with bench.database.write() as connection:
        connection.execute(update(requests).values(plan="claimed"))
        ask_to_cancel(connection, request)
    assert row_of(bench, request).status == ExecutionStatus.PENDING
    one = planner(bench)
    one.start()
    one.stop(10)
    assert row_of(bench, request).status == ExecutionStatus.GONE


@pytest.mark.usefixtures("failing_plans")
def test_a_planner_outlives_a_full_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot even write down that it failed; later it can."""
    request = initiated(bench)
    write, failed = bench.database.write, threading.Event()
    one = planner(bench)
    one.start()
    one.stop(10)
    with bench.database.write() as connection:
        connection.execute(
            update(requests).values(status="PENDING", plan="none", info="QUEUED", ended_at=None)
        )

    calls = iter(range(1000))

    def full() -> Any:
        if failed.is_set() or next(calls) in (0, 1):  # taking back and claiming still have room
            return write()
        failed.set()
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(bench.database, "write", full)
    two = planner(bench)
    two.start()
    spin(lambda: failed.is_set() and row_of(bench, request).status == ExecutionStatus.FAILURE)
    two.stop(10)


def test_a_sweep_keeps_the_plans_of_volumes(bench: Bench) -> None:
    """And removes those whose planner died before it entered them."""
    request = initiated(bench)
    with bench.database.write() as connection:
        add_volumes(connection, request, [volume("KNOWN")], 1)
    for name in ("KNOWN.recipe", "STRANGE.recipe", "KNOWN.recipe.part"):
        (bench.data / "plans" / name).write_bytes(b"x")
    production = Production(bench, Kit({}, {}, None, IdentitySettings(), {}, lambda *_: None), [])  # type: ignore[arg-type]
    production.start()
    assert production.stop(10)
    assert [path.name for path in (bench.data / "plans").iterdir()] == ["KNOWN.recipe"]


def test_a_piece_of_a_station_that_is_gone_is_left_to_a_person(bench: Bench) -> None:
    """PENDING/CHECK_MCD_OP: nobody can ask its medium, and it is not made again."""
    request = initiated(bench)
    with bench.database.write() as connection:
        add_volumes(connection, request, [volume()], 1)
        claim = claim_piece(connection, "sold", {MediaKind.CD_R: 1 << 20})
        assert claim
        intend(connection, claim, 1 << 30, 5, this_boot())
    production = Production(bench, Kit({}, {}, None, IdentitySettings(), {}, lambda *_: None), [])  # type: ignore[arg-type]
    production.start()
    assert production.stop(10)
    row = row_of(bench, request)
    assert (row.status, row.info) == (ExecutionStatus.PENDING, StatusInfo.CHECK_MCD_OP)
    with bench.database.read() as connection:
        assert connection.execute(select(pieces.c.state)).scalar_one() == PieceState.UNKNOWN


# --- stations ---------------------------------------------------------------------------------------------


def station(bench: Bench) -> Station:
    """One with a scripted writer."""
    settings = WriterSettings(driver="scripted", hold_retry="0.1s")  # type: ignore[arg-type]
    introduction: Introduction = {
        "plugin": "writer-scripted",
        "writer": "scripted",
        "settings": {"path": str(bench.folder / "out")},
        "folder": str(bench.folder),
        "memory": 0,
    }
    return Station("robot", settings, introduction, {MediaKind.CD_R: 1 << 20}, bench)


def test_a_living_feeder_is_not_disturbed(bench: Bench) -> None:
    """No second pair is started while one that outlived its server works with the device."""
    request = initiated(bench)
    with bench.database.write() as connection:
        add_volumes(connection, request, [volume()], 1)
        claim = claim_piece(connection, "robot", {MediaKind.CD_R: 1 << 20})
        assert claim
        intend(connection, claim, *own_identity())
    one = station(bench)
    assert not one._step()
    assert one._pair is None
    with bench.database.read() as connection:
        assert connection.execute(select(pieces.c.state)).scalar_one() == PieceState.INTENT


def test_a_dead_feeder_that_had_not_begun(bench: Bench) -> None:
    """Its piece is planned again, its attempt returned, and no fault of a device is counted."""
    request = initiated(bench)
    with bench.database.write() as connection:
        add_volumes(connection, request, [volume()], 1)
        claim = claim_piece(connection, "robot", {MediaKind.CD_R: 1 << 20})
        assert claim
        assert not mark_unknown(connection, claim.attempt, 2)
        row = connection.execute(select(attempts)).one()
        assert (row.outcome, row.fault) == ("returned", CUT_OFF)
        assert connection.execute(select(pieces.c.state)).scalar_one() == PieceState.PLANNED


def test_a_station_outlives_a_step_that_fails(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is no reason to make nothing any more."""
    one, failures = station(bench), threading.Semaphore(0)

    def locked() -> Any:
        failures.release()
        raise OSError("the database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(bench.database, "read", locked)
        one.start()
        assert failures.acquire(timeout=10)
        assert failures.acquire(timeout=10)
    spin(lambda: one._pair is not None)
    one.drain()
    assert one.join(10)
