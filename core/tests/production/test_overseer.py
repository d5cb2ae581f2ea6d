"""No request waits for ever: what the overseer says and ends, in service time that a test moves on."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import clock, requests
from burnish.errors import FaultKind
from burnish.media import MediaKind
from burnish.production import roster
from burnish.production.outcome import CUT_OFFS, leave_unknown, settle_cut_off, settle_fault
from burnish.production.overseer import Overseer
from burnish.production.roster import StationState
from burnish.requests.ledger import (
    Claim,
    PlannedVolume,
    add_volumes,
    ask_to_cancel,
    claim_piece,
    deliver,
    hold_request,
    intend,
    move_piece,
    pieces_in,
)
from burnish.requests.states import Event, PieceState
from burnish.requests.store import Reference, create_request, move_request, request_row
from burnish.requests.waits import Wait, waits_of
from burnish.terms import ExecutionStatus, StatusInfo
from sqlalchemy import update

P = PieceState
LENGTH = 4096
MEDIA = {MediaKind.CD_R: LENGTH}
LIMITS = {
    Wait.SUPPLIES: timedelta(hours=72),
    Wait.DRAINED: timedelta(hours=72),
    Wait.OFFLINE: timedelta(hours=1),
    Wait.STRANDED: timedelta(hours=1),
}


class Desk:
    """Tables, an overseer that is asked to look, and a clock that is moved."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.overseer = Overseer(database, LIMITS)
        with database.write() as connection:
            for name in ("left", "right"):
                roster.enroll(connection, name, MEDIA, 3)

    def start(self, uid: str = "1.1", copies: int = 1, length: int = LENGTH) -> int:
        """A request that was started and planned."""
        with self.database.write() as connection:
            wanted = [Reference("1.2", "1.3")]
            request = create_request(
                connection, sop_instance=uid, owner_ae="AE", attributes={}, wanted=wanted
            )
            row = request_row(connection, request)
            move_request(connection, row, Event.INITIATE, StatusInfo.QUEUED, initiated_at=1.0, copies=copies)
            volume = PlannedVolume(
                number=1,
                file_set_id="DISC",
                file_set_uid="1.2",
                token=f"TOKEN{request}",
                profile="STD-GEN-CD",
                format="iso9660",
                suffix=".iso",
                medium=MediaKind.CD_R,
                length=length,
                digest=bytes(32),
                patients=[],
            )
            add_volumes(connection, request, [volume], copies)
        return request

    def claim(self, station: str = "left") -> Claim:
        """A piece that a station begins to write."""
        with self.database.write() as connection:
            claim = claim_piece(connection, station, MEDIA)
            assert claim
            assert intend(connection, claim, 1, 1, "boot")
        return claim

    def fault(self, claim: Claim, kind: FaultKind, *, touched: bool = False) -> None:
        """What became of it."""
        with self.database.write() as connection:
            settle_fault(connection, claim, P.INTENT, kind, "a fault", touched=touched, retries=2)

    def deliver(self, claim: Claim) -> None:
        """It was proven, and lies where it belongs."""
        with self.database.write() as connection:
            for source, target in pairwise([P.INTENT, P.WRITTEN, P.PROVEN]):
                move_piece(connection, claim.piece, source, target)
            deliver(connection, claim, P.PROVEN, "a tray", "host")

    def put(self, station: str, state: StationState) -> None:
        """A station in this state."""
        with self.database.write() as connection:
            assert roster.set_state(connection, station, state, "because")

    def later(self, **time: float) -> None:
        """So much more has been served, and the overseer looks."""
        with self.database.write() as connection:
            served = clock.c.served + timedelta(**time).total_seconds()
            connection.execute(update(clock).values(served=served))
        self.overseer.look()

    def state(self, request: int) -> tuple[str, str]:
        """What an SCU reads."""
        with self.database.read() as connection:
            row = request_row(connection, request)
        return row.status, row.info

    def station(self, name: str = "left") -> Any:
        """Its row."""
        with self.database.read() as connection:
            return roster.station_row(connection, name)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """With two stations."""
    database = Database.open(DatabaseSettings(), tmp_path)
    database.migrate()
    with database.write() as connection:
        connection.execute(clock.insert().values(id=1, served=0.0, boot="another", uptime=0.0))
    yield Desk(database)
    database.close()


def test_a_turn_in_the_queue_has_no_limit(desk: Desk) -> None:
    """All stations are busy, for years."""
    request = desk.start()
    desk.later(days=1000)
    assert desk.state(request) == ("PENDING", "QUEUED")


@pytest.mark.parametrize(
    ("kind", "waiting", "hours", "failing"),
    [
        (FaultKind.NO_BLANK_MEDIA, "OUT_OF_SUPPLIES", 72, "OUT_OF_SUPPLIES"),
        (FaultKind.OPERATOR_ACTION, "CHECK_MCD_OP", 72, "CHECK_MCD_OP"),
        (FaultKind.DEVICE_BUSY, "MCD_BUSY", 72, "MCD_BUSY"),
        (FaultKind.DEVICE_OFFLINE, "MCD_BUSY", 1, "MCD_FAILURE"),
    ],
)
def test_a_condition_lasts_until_its_limit(
    desk: Desk, kind: FaultKind, waiting: str, hours: float, failing: str
) -> None:
    """However often the device is tried meanwhile: that it is tried is no progress."""
    request = desk.start()
    desk.fault(desk.claim(), kind)
    assert desk.station().state == StationState.WAITING
    desk.later(hours=hours / 2)
    desk.fault(desk.claim(), kind)
    desk.later(hours=hours / 2 - 0.1)
    assert desk.state(request) == ("PENDING", waiting)
    desk.later(hours=0.2)
    assert desk.state(request) == ("FAILURE", failing)


def test_a_medium_that_was_written_ends_the_wait(desk: Desk) -> None:
    """The next condition has all its time again, and the station waits for nothing."""
    request = desk.start()
    desk.fault(desk.claim(), FaultKind.NO_BLANK_MEDIA)
    desk.later(hours=71)
    claim = desk.claim()
    with desk.database.write() as connection:
        assert waits_of(connection, request) == {Wait.SUPPLIES}
        move_piece(connection, claim.piece, P.INTENT, P.WRITTEN)
        roster.note_progress(connection, "left", P.WRITTEN)
        assert waits_of(connection, request) == set()
    assert desk.station().state == StationState.READY


def test_a_device_that_asks_for_supplies_is_on_line(desk: Desk) -> None:
    """Its silence before is forgotten; the supplies are not, whatever it says between."""
    request = desk.start()
    desk.fault(desk.claim(), FaultKind.DEVICE_OFFLINE)
    desk.later(hours=0.9)
    desk.fault(desk.claim(), FaultKind.NO_BLANK_MEDIA)
    desk.later(hours=71)
    desk.fault(desk.claim(), FaultKind.DEVICE_OFFLINE)
    desk.later(hours=0.9)
    assert desk.state(request) == ("PENDING", "MCD_BUSY")
    desk.later(hours=0.2)
    assert desk.state(request)[0] == "FAILURE"


def test_what_is_being_made_is_not_ended(desk: Desk) -> None:
    """A limit that is over meets a station that works: the medium may be a good one."""
    request = desk.start()
    desk.fault(desk.claim(), FaultKind.NO_BLANK_MEDIA)
    desk.claim()
    desk.later(hours=100)
    assert desk.state(request) == ("CREATING", "NORMAL")


@pytest.mark.parametrize(
    ("state", "waiting", "hours", "failing"),
    [
        (StationState.QUARANTINED, "MCD_BUSY", 1, "MCD_FAILURE"),
        (StationState.FAILED, "MCD_BUSY", 1, "MCD_FAILURE"),
        (StationState.DRAINING, "CHECK_MCD_OP", 72, "CHECK_MCD_OP"),
    ],
)
def test_a_request_that_no_station_can_make(
    desk: Desk, state: StationState, waiting: str, hours: float, failing: str
) -> None:
    """It says so, and forgets it where a station comes back; else it fails in the end."""
    request = desk.start()
    for name in ("left", "right"):
        desk.put(name, state)
    desk.later(seconds=1)
    assert desk.state(request) == ("PENDING", waiting)
    desk.put("right", StationState.READY)
    desk.later(hours=2 * hours)
    assert desk.state(request)[0] == "PENDING"
    desk.put("right", state)
    desk.later(seconds=1)
    desk.later(hours=hours, seconds=1)
    assert desk.state(request) == ("FAILURE", failing)


def test_one_station_of_two_is_enough(desk: Desk) -> None:
    """And one that is configured no more is none; nor one whose media are too small."""
    request, large = desk.start(), desk.start("1.2", length=LENGTH + 1)
    desk.put("left", StationState.QUARANTINED)
    desk.later(seconds=1)
    assert desk.state(request) == ("PENDING", "QUEUED")
    assert desk.state(large) == ("PENDING", "MCD_BUSY")
    with desk.database.write() as connection:
        roster.retire_others(connection, ["left"])
    desk.later(seconds=1)
    assert desk.state(request) == ("PENDING", "MCD_BUSY")


def test_a_piece_that_nobody_can_ask_about_fails_its_request_at_last(desk: Desk) -> None:
    """Its station is gone. What comes to light later changes nothing that an SCU has read."""
    request = desk.start()
    claim = desk.claim()
    with desk.database.write() as connection:
        move_piece(connection, claim.piece, P.INTENT, P.UNKNOWN)
        hold_request(connection, request, StatusInfo.CHECK_MCD_OP, "who knows")
    desk.later(hours=73)
    assert desk.state(request) == ("FAILURE", "CHECK_MCD_OP")


def test_a_medium_in_doubt_is_told_of_when_the_last_good_one_is_made(desk: Desk) -> None:
    """Its station asks no more. While another one made the rest it was CREATING; now nobody works on it."""
    request = desk.start(copies=3)
    lost = desk.claim()
    good = desk.claim("right")
    with desk.database.write() as connection:
        move_piece(connection, lost.piece, P.INTENT, P.UNKNOWN)
        leave_unknown(connection, lost, FaultKind.DRIVER_FAULT, "nonsense")
    desk.later(seconds=1)
    assert desk.state(request) == ("CREATING", "NORMAL")
    desk.deliver(good)
    desk.later(seconds=1)
    assert desk.state(request) == ("CREATING", "NORMAL")  # another copy is to be made
    desk.deliver(desk.claim("right"))
    desk.later(seconds=1)
    assert desk.state(request) == ("PENDING", "CHECK_MCD_OP")
    desk.later(hours=73)
    assert desk.state(request) == ("FAILURE", "CHECK_MCD_OP")


# --- stations -------------------------------------------------------------------------------------------


def test_a_broken_drive_is_left_and_another_one_taken(desk: Desk) -> None:
    """PENDING/CHECK_MCD_SRV while there is another; the second one that breaks ends the request."""
    request = desk.start()
    desk.fault(desk.claim(), FaultKind.DRIVE_FAULT)
    assert desk.state(request) == ("PENDING", "CHECK_MCD_SRV")
    assert desk.station().state == StationState.QUARANTINED
    desk.fault(desk.claim("right"), FaultKind.SERVICE_ACTION)
    assert desk.state(request) == ("FAILURE", "CHECK_MCD_SRV")


def test_bad_media_in_a_row_are_the_fault_of_the_drive(desk: Desk) -> None:
    """Of different requests; one good medium between them begins the row anew."""
    for number in range(2):
        desk.start(f"1.{number}")
    for _ in range(2):
        desk.fault(desk.claim(), FaultKind.MEDIA_DEFECT, touched=True)
    with desk.database.write() as connection:
        roster.note_progress(connection, "left", P.PROVEN)
    for _ in range(2):
        assert desk.station().state == StationState.READY
        claim = desk.claim()
        desk.fault(claim, FaultKind.MEDIA_DEFECT, touched=True)
    assert (desk.station().state, desk.station().faults_in_a_row) == (StationState.READY, 2)
    desk.start("1.9")
    claim = desk.claim()
    desk.fault(claim, FaultKind.MEDIA_DEFECT, touched=True)
    assert desk.station().state == StationState.QUARANTINED
    assert "3 faults in a row" in desk.station().reason
    with desk.database.write() as connection:
        assert roster.resume(connection, "left")
        assert not roster.resume(connection, "middle")
    assert (desk.station().state, desk.station().faults_in_a_row) == (StationState.READY, 0)


def test_an_operators_word_outlives_a_restart_and_a_fault_does_not(desk: Desk) -> None:
    """What a device said last is asked again; what was decided stays."""
    for state, after in [
        (StationState.QUARANTINED, StationState.QUARANTINED),
        (StationState.DRAINING, StationState.DRAINING),
        (StationState.WAITING, StationState.READY),
        (StationState.FAILED, StationState.READY),
    ]:
        desk.put("left", state)
        with desk.database.write() as connection:
            roster.note_started(connection, "right")
            roster.enroll(connection, "left", MEDIA, 3)
        assert desk.station().state == after


def test_a_fault_puts_no_station_back_into_service(desk: Desk) -> None:
    """It was drained while it worked; then its magazine is empty."""
    desk.start()
    claim = desk.claim()
    desk.put("left", StationState.DRAINING)
    desk.fault(claim, FaultKind.NO_BLANK_MEDIA)
    assert desk.station().state == StationState.DRAINING


def test_what_waits_for_a_person_is_left_alone(desk: Desk) -> None:
    """No station takes a piece of it, none being in service changes nothing, and it has no limit."""
    request = desk.start()
    with desk.database.write() as connection:
        connection.execute(update(requests).values(plan="held"))
        hold_request(connection, request, StatusInfo.CHECK_MCD_OP, "somebody must decide", wait=None)
        assert claim_piece(connection, "left", MEDIA) is None
    for name in ("left", "right"):
        desk.put(name, StationState.QUARANTINED)
    desk.later(days=1000)
    assert desk.state(request) == ("PENDING", "CHECK_MCD_OP")


# --- what cannot go on ----------------------------------------------------------------------------------


def test_a_feeder_that_always_dies_is_not_asked_for_ever(desk: Desk) -> None:
    """Nothing was written, and no device is at fault: what it is made of is."""
    request = desk.start()
    for _ in range(CUT_OFFS):
        assert desk.state(request)[0] != "FAILURE"
        claim = desk.claim()
        with desk.database.write() as connection:
            settle_cut_off(connection, claim, P.INTENT, "it died", touched=False, retries=2)
    assert desk.state(request) == ("FAILURE", "PROC_FAILURE")
    assert desk.station().faults_in_a_row == 0


def test_a_failure_waits_for_what_is_being_made(desk: Desk) -> None:
    """And a cancel that comes meanwhile ends the request when the last station has."""
    request = desk.start(copies=3)
    bad, good = desk.claim("left"), desk.claim("right")
    desk.fault(bad, FaultKind.BAD_REQUEST)
    assert desk.state(request) == ("CREATING", "NORMAL")
    with desk.database.write() as connection:
        assert claim_piece(connection, "left", MEDIA) is None
        assert len(pieces_in(connection, request, [P.CANCELLED])) == 2
        ask_to_cancel(connection, request)
    desk.fault(good, FaultKind.NO_BLANK_MEDIA)
    assert desk.state(request) == (ExecutionStatus.GONE, StatusInfo.NORMAL)


def test_waits_end_with_their_request(desk: Desk) -> None:
    """What has ended waits for nothing, and nothing ends it twice."""
    request = desk.start()
    desk.fault(desk.claim(), FaultKind.NO_BLANK_MEDIA)
    with desk.database.write() as connection:
        assert waits_of(connection, request) == {Wait.SUPPLIES}
        ask_to_cancel(connection, request)
        assert waits_of(connection, request) == set()
    desk.later(hours=100)
    assert desk.state(request)[0] == ExecutionStatus.GONE
