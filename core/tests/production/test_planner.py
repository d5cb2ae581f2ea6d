"""Plans that stop half way: what a cancelled and what a failed one leave behind, which is nothing."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Cancel
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import volumes
from burnish.errors import Cancelled
from burnish.fileset.compose import Kit, Volume
from burnish.fileset.media import MediaSettings
from burnish.fileset.naming import Naming
from burnish.fileset.settings import IdentitySettings
from burnish.media import MediaKind
from burnish.production import planner as planning
from burnish.production.planner import Planner
from burnish.recipe import Literal, Recipe, Tree, save_recipe
from burnish.requests.ledger import ask_to_cancel, refuse_cancel
from burnish.requests.states import Event
from burnish.requests.store import Reference, create_request, move_request, request_row
from burnish.terms import DimseStatus, ExecutionStatus, StatusInfo
from sqlalchemy import select

Compose = Callable[..., tuple[Volume, ...]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(DatabaseSettings(), tmp_path)
    database.migrate()
    (tmp_path / "plans").mkdir()
    yield database
    database.close()


def initiated(database: Database, **attributes: str) -> int:
    """A request that waits for its plan."""
    with database.write() as connection:
        request = create_request(
            connection,
            sop_instance="1.1",
            owner_ae="AE",
            attributes=attributes,
            wanted=[Reference("1.2", "1.3")],
        )
        row = request_row(connection, request)
        move_request(connection, row, Event.INITIATE, StatusInfo.QUEUED, initiated_at=time.time(), priority=1)
    return request


def row_of(database: Database, request: int) -> Any:
    with database.read() as connection:
        return request_row(connection, request)


def plan(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch, compose: Compose, **media: Any
) -> None:
    """Plan one request with this in the place of composing."""
    kit = Kit({}, {}, MediaSettings(**media), IdentitySettings(), {}, lambda *_: None)  # type: ignore[arg-type]
    monkeypatch.setattr(planning, "compose", compose)
    planner = Planner(database, folder, kit, lambda: None)
    assert planner._step()


def two_volumes(naming: Naming) -> tuple[Volume, ...]:
    return tuple(_volume(naming.numbered(number)) for number in (1, 2))


def _volume(naming: Naming) -> Volume:
    recipe = Recipe((Literal(naming.token.encode() * 100),))
    return Volume(naming, _Named(), "iso9660", ".iso", MediaKind.CD_R, (), (), Tree(()), recipe)  # type: ignore[arg-type]


class _Named:
    identifier = "STD-GEN-CD"


def test_every_volume_is_entered_with_its_plan(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = initiated(database)
    plan(database, tmp_path, monkeypatch, lambda _, naming, *__, **___: two_volumes(naming))
    with database.read() as connection:
        rows = connection.execute(select(volumes).order_by(volumes.c.number)).all()
    assert [(row.number, row.file_set_id[-2:]) for row in rows] == [(1, "_1"), (2, "_2")]
    assert {path.name for path in (tmp_path / "plans").iterdir()} == {f"{row.token}.recipe" for row in rows}
    assert row_of(database, request).plan == "done"


@pytest.mark.parametrize(
    ("asked", "default", "may"),
    [("YES", "NO", True), ("NO", "YES", False), (None, "YES", True), (None, "NO", False)],
)
def test_what_a_request_says_of_splitting_goes_before_the_settings(
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: str | None,
    default: str,
    may: bool,
) -> None:
    told = []

    def compose(_: object, naming: Naming, *__: object, may_split: bool, **___: object) -> tuple[Volume, ...]:
        told.append(may_split)
        return two_volumes(naming)

    initiated(database, **({"AllowMediaSplitting": asked} if asked else {}))
    plan(database, tmp_path, monkeypatch, compose, splitting_default=default)
    assert told == [may]


def test_case_49_a_plan_that_is_cancelled_stops_and_leaves_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_LOOK", 0.0)
    request = initiated(database)

    def compose(*_: object, cancel: Cancel, **__: object) -> tuple[Volume, ...]:
        cancel.check()
        with database.write() as connection:
            ask_to_cancel(connection, request)
        cancel.check()
        raise AssertionError("it went on")

    plan(database, tmp_path, monkeypatch, compose)
    assert row_of(database, request).status == ExecutionStatus.GONE
    assert list((tmp_path / "plans").iterdir()) == []


def test_case_49_a_cancel_between_composing_and_keeping(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = initiated(database)

    def compose(_: object, naming: Naming, *__: object, **___: object) -> tuple[Volume, ...]:
        with database.write() as connection:
            ask_to_cancel(connection, request)
        return two_volumes(naming)

    plan(database, tmp_path, monkeypatch, compose)
    assert row_of(database, request).status == ExecutionStatus.GONE
    assert list((tmp_path / "plans").iterdir()) == []


def test_a_plan_that_stopped_for_a_cancel_that_was_taken_back_is_made_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_LOOK", 0.0)
    request = initiated(database)

    def taken_back(*_: object, cancel: Cancel, **__: object) -> tuple[Volume, ...]:
        with database.write() as connection:
            ask_to_cancel(connection, request)
        asked = bool(cancel)
        with database.write() as connection:
            refuse_cancel(connection, request, DimseStatus.CANCEL_IN_PROGRESS)
        assert asked
        raise Cancelled("stopped on request")

    plan(database, tmp_path, monkeypatch, taken_back)
    assert (row_of(database, request).status, row_of(database, request).plan) == ("PENDING", "none")
    plan(database, tmp_path, monkeypatch, lambda _, naming, *__, **___: two_volumes(naming))
    assert row_of(database, request).plan == "done"


def test_case_93_a_full_disk_fails_the_request_and_leaves_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = initiated(database)
    saved: list[Path] = []

    def full(recipe: Recipe, path: Path) -> None:
        if saved:
            raise OSError(28, "No space left on device")
        save_recipe(recipe, path)
        saved.append(path)

    monkeypatch.setattr(planning, "save_recipe", full)
    plan(database, tmp_path, monkeypatch, lambda _, naming, *__, **___: two_volumes(naming))
    row = row_of(database, request)
    assert (row.status, row.info) == (ExecutionStatus.FAILURE, StatusInfo.INSUFFIC_MEMORY)
    assert saved
    assert list((tmp_path / "plans").iterdir()) == []
