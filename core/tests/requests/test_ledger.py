"""The ledger under random histories: stations that claim, write, die and recover, SCUs that cancel, faults.

A history has only what stations, feeders and receptions do; whatever the order, the invariants hold.
"""

import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import attempts, events, pieces, requests
from burnish.errors import FaultKind, InvalidMove
from burnish.media import MediaKind
from burnish.production.leftovers import mark_unknown
from burnish.production.outcome import settle_fault, settle_stop
from burnish.requests.ledger import (
    Claim,
    PlannedVolume,
    add_volumes,
    ask_to_cancel,
    claim_piece,
    deliver,
    give_back,
    intend,
    move_piece,
    refuse_cancel,
    sign_attempt,
    spoil,
)
from burnish.requests.states import AT_A_STATION, Event, PieceState
from burnish.requests.store import Reference, create_request, made_media, move_request, request_row
from burnish.terms import DimseStatus, ExecutionStatus, StatusInfo
from sqlalchemy import func, select

P = PieceState
STATIONS = ("left", "right")
RETRIES = 2
LIVE = (ExecutionStatus.PENDING, ExecutionStatus.CREATING)


def planned(number: int = 1) -> PlannedVolume:
    """A volume as a planner enters it."""
    return PlannedVolume(
        number=number,
        file_set_id="DISC",
        file_set_uid="1.2",
        token="TOKEN",
        profile="STD-GEN-CD",
        format="iso9660",
        suffix=".iso",
        medium=MediaKind.CD_R,
        length=4096,
        digest=bytes(32),
        patients=[],
    )


def started(database: Database, uid: str, copies: int) -> int:
    """A request that was initiated and planned."""
    with database.write() as connection:
        request = create_request(
            connection,
            sop_instance=uid,
            owner_ae="AE",
            attributes={},
            wanted=[Reference("1.2", "1.3")],
        )
        row = request_row(connection, request)
        now = time.time()
        move_request(
            connection, row, Event.INITIATE, StatusInfo.QUEUED, initiated_at=now, copies=copies, priority=1
        )
        add_volumes(connection, request, [planned()], copies)
    return request


@pytest.fixture
def database(tmp_path: Path) -> Any:
    """An empty one."""
    found = Database.open(DatabaseSettings(), tmp_path)
    found.migrate()
    yield found
    found.close()


class History:
    """Two stations and as many requests as come, by a seeded generator."""

    def __init__(self, database: Database, random: Random) -> None:
        self.database = database
        self.random = random
        self.story: list[str] = []
        self.requests: list[int] = []
        self.at: dict[str, tuple[Claim, PieceState]] = {}
        self.spoilt: dict[int, int] = {}
        self.made: dict[int, int] = {}
        self.ended: dict[int, str] = {}

    def go_on(self) -> None:
        """Let something happen that can."""
        can = {self.start: 4 * (len(self._live()) < 2), self.claim: 6 * (len(self.at) < len(STATIONS))}
        can |= {self.work: 10 * len(self.at), self.fault: 2 * len(self.at), self.die: 2 * len(self.at)}
        can |= {self.stop: len(self._held(P.INTENT, P.WRITTEN))}
        can |= {self.cancel: 2 * bool(self._live()), self.take_back: bool(self._live())}
        [chosen] = self.random.choices(list(can), list(can.values()))
        self.story.append(chosen.__name__)
        chosen()

    def check(self) -> None:
        """All that must hold at any moment."""
        self.the_ledger_knows_who_works_on_what()
        self.every_spoilt_medium_is_counted()
        self.a_status_is_what_the_pieces_say()
        self.a_live_request_can_go_on()

    # --- what happens

    def start(self) -> None:
        copies = self.random.randint(1, 3)
        self.requests.append(started(self.database, f"1.{len(self.requests) + 1}", copies))

    def _held(self, *states: PieceState) -> list[str]:
        """Stations with a piece, in any of these states."""
        return [name for name, (_, state) in sorted(self.at.items()) if not states or state in states]

    def _live(self) -> list[int]:
        with self.database.read() as connection:
            return [request for request in self.requests if request_row(connection, request).status in LIVE]

    def claim(self) -> None:
        station = next(name for name in STATIONS if name not in self.at)
        with self.database.write() as connection:
            claim = claim_piece(connection, station, {MediaKind.CD_R: 1 << 20})
            if claim:
                row = request_row(connection, claim.request)
                assert row.status == ExecutionStatus.CREATING
                assert not row.cancel_asked
        if claim:
            self.at[station] = claim, P.CLAIMED

    def work(self) -> None:
        """The next steps of a feeder for which all goes well."""
        station = self.random.choice(self._held())
        for _ in range(self.random.randint(1, 4)):
            if station in self.at:
                self._advance(station)

    def _advance(self, station: str) -> None:
        claim, state = self.at[station]
        with self.database.write() as connection:
            match state:
                case P.CLAIMED:
                    going = intend(connection, claim, 1, 1)
                    after = P.INTENT if going else None
                case P.PROVEN:
                    deliver(connection, claim, state, "somewhere", "host")
                    after = None
                case P.INTENT | P.WRITTEN | P.UNKNOWN:
                    after = P.WRITTEN if state is P.INTENT else P.PROVEN
                    move_piece(connection, claim.piece, state, after)
        self._now(station, claim, after)

    def fault(self) -> None:
        station = self.random.choice(self._held())
        claim, state = self.at[station]
        kind = self.random.choice(list(FaultKind))
        touched = state in (P.WRITTEN, P.PROVEN) or (state is not P.CLAIMED and self.random.random() < 0.5)
        with self.database.write() as connection:
            settle_fault(connection, claim, state, kind, "a fault", touched=touched, retries=RETRIES)
        self._ended(station, claim, touched)

    def stop(self) -> None:
        """The driver heeded its token."""
        station = self.random.choice(self._held(P.INTENT, P.WRITTEN))
        claim, state = self.at[station]
        touched = state is P.WRITTEN or self.random.random() < 0.5
        with self.database.write() as connection:
            settle_stop(connection, claim, state, touched=touched, retries=RETRIES)
        self._ended(station, claim, touched)

    def die(self) -> None:
        """The feeder is killed; the station looks at what it left."""
        station = self.random.choice(self._held())
        claim, _ = self.at[station]
        with self.database.write() as connection:
            unknown = mark_unknown(connection, claim.attempt, RETRIES)
        self._now(station, claim, P.UNKNOWN if unknown else None)

    def cancel(self) -> None:
        request = self.random.choice(self._live())
        with self.database.write() as connection:
            ask_to_cancel(connection, request)

    def take_back(self) -> None:
        """`cancel_wait` is over, or the owner says that it cannot be stopped."""
        request = self.random.choice(self._live())
        with self.database.write() as connection:
            refuse_cancel(connection, request, DimseStatus.CANCEL_IN_PROGRESS)

    def _ended(self, station: str, claim: Claim, touched: bool) -> None:
        if touched:
            self.spoilt[claim.piece] = self.spoilt.get(claim.piece, 0) + 1
        self._now(station, claim, None)

    def _now(self, station: str, claim: Claim, state: PieceState | None) -> None:
        self.at.pop(station, None)
        if state:
            self.at[station] = claim, state

    # --- what must hold

    def the_ledger_knows_who_works_on_what(self) -> None:
        """A piece is held, or unknown, exactly where a station has it; every other attempt ended."""
        at_work = {claim.piece: state for claim, state in self.at.values()}
        assert len(at_work) == len(self.at)
        open_attempts = {claim.attempt for claim, _ in self.at.values()}
        with self.database.read() as connection:
            held = connection.execute(select(pieces).where(pieces.c.state.in_([*AT_A_STATION, P.UNKNOWN])))
            assert {row.id: row.state for row in held} == at_work
            query = select(attempts.c.id).where(attempts.c.outcome.is_(None))
            assert set(connection.execute(query).scalars()) == open_attempts

    def every_spoilt_medium_is_counted(self) -> None:
        with self.database.read() as connection:
            for row in connection.execute(select(pieces)):
                assert row.spoilt == self.spoilt.get(row.id, 0)
                query = select(func.count()).where(events.c.piece == row.id, events.c.kind == "piece-spoilt")
                assert connection.execute(query).scalar_one() == row.spoilt

    def a_status_is_what_the_pieces_say(self) -> None:
        with self.database.read() as connection:
            for row in connection.execute(select(requests)):
                query = select(pieces.c.state).where(pieces.c.request == row.id)
                states = list(connection.execute(query).scalars())
                self._check(row, states)
                made = made_media(connection, row.id).pieces
                assert made == states.count(P.DELIVERED) >= self.made.get(row.id, 0), "the total fell"
                self.made[row.id] = made

    def _check(self, row: Any, states: list[str]) -> None:
        normal = row.status in (ExecutionStatus.CREATING, ExecutionStatus.DONE)
        assert row.status == ExecutionStatus.GONE or (row.info == StatusInfo.NORMAL) == normal
        assert (row.status == ExecutionStatus.DONE) == (set(states) == {P.DELIVERED}) or (
            row.status in (ExecutionStatus.FAILURE, ExecutionStatus.GONE)
        )
        if row.status == ExecutionStatus.GONE:
            assert set(states) <= {P.CANCELLED, P.DELIVERED}
        if row.status in LIVE and row.cancel_asked:
            assert set(states) & {*AT_A_STATION, P.UNKNOWN}, "nobody is left to settle the cancel"
        if row.status not in LIVE:
            assert self.ended.setdefault(row.id, row.status) == row.status, "what had ended went on"
            assert not row.cancel_asked

    def a_live_request_can_go_on(self) -> None:
        """Some piece is worked on, or can be claimed: nothing waits for ever."""
        with self.database.read() as connection:
            for row in connection.execute(select(requests).where(requests.c.status.in_(LIVE))):
                query = select(pieces.c.state).where(pieces.c.request == row.id)
                states = set(connection.execute(query).scalars())
                assert states & {*AT_A_STATION, P.UNKNOWN, P.PLANNED}, states


@pytest.mark.parametrize("seed", range(8))
def test_histories(database: Database, seed: int) -> None:
    """Seventy steps each; a failure prints what had happened."""
    history = History(database, Random(seed))
    for _ in range(70):
        history.go_on()
        try:
            history.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, after {history.story}: {error}") from error


# --- one step each ----------------------------------------------------------------------------------------


def _claimed(database: Database, uid: str = "1.1") -> Claim:
    started(database, uid, 1)
    with database.write() as connection:
        claim = claim_piece(connection, "left", {MediaKind.CD_R: 1 << 20})
    assert claim
    return claim


def test_an_attempt_that_is_over_touches_nothing(database: Database) -> None:
    """A feeder that outlived its server meets a piece that another attempt has."""
    late = _claimed(database)
    with database.write() as connection:
        assert not mark_unknown(connection, late.attempt, RETRIES)
        claim_piece(connection, "right", {MediaKind.CD_R: 1 << 20})
    with pytest.raises(InvalidMove), database.write() as connection:
        intend(connection, late, 1, 1)
    with database.write() as connection:
        ask_to_cancel(connection, late.request)
    with pytest.raises(InvalidMove), database.write() as connection:
        intend(connection, late, 1, 1)
    with pytest.raises(InvalidMove), database.write() as connection:
        sign_attempt(connection, late.attempt, 1, 1)


def test_a_cancel_before_the_intent_leaves_the_medium_alone(database: Database) -> None:
    """The feeder hears of it when it wants to begin."""
    claim = _claimed(database)
    with database.write() as connection:
        ask_to_cancel(connection, claim.request)
        assert request_row(connection, claim.request).status == ExecutionStatus.CREATING
    with database.write() as connection:
        assert not intend(connection, claim, 1, 1)
        assert request_row(connection, claim.request).status == ExecutionStatus.GONE


def test_a_cancel_survives_the_death_of_its_owner(database: Database) -> None:
    """The station finds the piece untouched, and the request is gone: nobody would settle it later."""
    claim = _claimed(database)
    with database.write() as connection:
        ask_to_cancel(connection, claim.request)
    with database.write() as connection:
        mark_unknown(connection, claim.attempt, RETRIES)
        assert request_row(connection, claim.request).status == ExecutionStatus.GONE


def test_a_move_from_another_state_is_undone(database: Database) -> None:
    """The transaction with its events."""
    claim = _claimed(database)
    with pytest.raises(InvalidMove), database.write() as connection:
        spoil(connection, claim, P.WRITTEN, fault=None, message="", retries=0)
    with database.read() as connection:
        assert connection.execute(select(pieces.c.state)).scalar_one() == P.CLAIMED
        assert connection.execute(select(attempts.c.outcome)).scalar_one() is None


def test_a_request_with_a_made_piece_comes_first(database: Database) -> None:
    """Nobody waits for the second copy behind a request that has none."""
    first = started(database, "1.1", 2)
    with database.write() as connection:
        claim = claim_piece(connection, "left", {MediaKind.CD_R: 1 << 20})
        assert claim
        give_back(connection, claim, P.CLAIMED, fault=None, message="")
    second = started(database, "1.2", 2)
    with database.write() as connection:
        connection.execute(requests.update().where(requests.c.id == second).values(priority=0))
        hasty = claim_piece(connection, "left", {MediaKind.CD_R: 1 << 20})
        assert hasty
        assert hasty.request == second
        following = claim_piece(connection, "right", {MediaKind.CD_R: 1 << 20})
    assert following
    assert following.request == second != first


def test_a_station_claims_only_what_it_can_make(database: Database) -> None:
    """A stick is no disc."""
    started(database, "1.1", 1)
    with database.write() as connection:
        assert claim_piece(connection, "left", {MediaKind.USB: 1 << 20}) is None


def test_a_row_that_changed_is_not_moved(database: Database) -> None:
    """The epoch tells a late writer from a current one."""
    request = started(database, "1.1", 1)
    with database.write() as connection:
        stale = request_row(connection, request)
        move_request(connection, stale, Event.HOLD, StatusInfo.MCD_BUSY)
        with pytest.raises(InvalidMove):
            move_request(connection, stale, Event.CLAIM)
