"""The tables of a request and of a piece, against a second writing of what they must say."""

import pytest
from burnish.errors import InvalidMove, Refused
from burnish.requests.states import (
    AT_A_STATION,
    MOVES,
    PIECE_MOVES,
    REFUSALS,
    TOUCHED,
    Event,
    PieceState,
    after,
    check_info,
)
from burnish.terms import ExecutionStatus, StatusInfo

GRID = """
          create initiate cancel expire claim    hold    finish fail
IDLE      0111   PENDING  GONE   GONE   -        -       -      -
PENDING   A510   A510     GONE   -      CREATING PENDING -      FAILURE
CREATING  A510   A510     GONE   -      CREATING PENDING DONE   FAILURE
DONE      A510   A510     C201   GONE   -        -       -      -
FAILURE   A510   A510     C201   GONE   -        -       -      -
GONE      -      0112     0112   -      -        -       -      -
"""
"""PS3.4 S.3.2: a state it leads to, a status it is refused with, or `-` for a fault of ours. Create under
the UID of a deleted instance is a new instance, so it never comes to the table."""


def _cells() -> list[tuple[ExecutionStatus, Event, str]]:
    [_, head, *lines] = GRID.rstrip().split("\n")
    table = [line.split() for line in lines]
    return [
        (ExecutionStatus(status), Event(event), cell)
        for status, *cells in table
        for event, cell in zip(head.split(), cells, strict=True)
    ]


def test_the_grid_is_whole() -> None:
    """Every state meets every event, and no pair is in both tables."""
    assert {(status, event) for status, event, _ in _cells()} == {
        (status, event) for status in ExecutionStatus for event in Event
    }
    assert not MOVES.keys() & REFUSALS.keys()


@pytest.mark.parametrize(("status", "event", "cell"), _cells())
def test_every_pair(status: ExecutionStatus, event: Event, cell: str) -> None:
    """A move, a refusal with its status, or a fault."""
    if cell == "-":
        with pytest.raises(InvalidMove):
            after(status, event)
    elif cell in list(ExecutionStatus):
        assert after(status, event) is ExecutionStatus(cell)
    else:
        with pytest.raises(Refused) as refused:
            after(status, event)
        assert refused.value.status == int(cell, 16)


def test_what_has_ended_stays_ended() -> None:
    """DONE and FAILURE are left by expiry alone, GONE by nothing."""
    ended = {ExecutionStatus.DONE, ExecutionStatus.FAILURE, ExecutionStatus.GONE}
    assert {(status, event) for status, event in MOVES if status in ended} == {
        (ExecutionStatus.DONE, Event.EXPIRE),
        (ExecutionStatus.FAILURE, Event.EXPIRE),
    }


def test_every_piece_state_has_a_row() -> None:
    """And leads to states that have one."""
    assert set(PIECE_MOVES) == set(PieceState)
    assert set().union(*PIECE_MOVES.values()) <= set(PieceState)


def test_a_piece_is_written_after_its_intent_only() -> None:
    """P2: nothing leads to WRITTEN but INTENT, and to INTENT but CLAIMED."""
    assert [state for state in PieceState if PieceState.WRITTEN in PIECE_MOVES[state]] == [PieceState.INTENT]
    assert [state for state in PieceState if PieceState.INTENT in PIECE_MOVES[state]] == [PieceState.CLAIMED]


def test_a_piece_is_delivered_after_its_proof_only() -> None:
    """P5: and nothing comes after a delivery."""
    sources = {state for state in PieceState if PieceState.DELIVERED in PIECE_MOVES[state]}
    assert sources == {PieceState.PROVEN, PieceState.LABELLED}
    assert PIECE_MOVES[PieceState.DELIVERED] == frozenset()


@pytest.mark.parametrize("state", TOUCHED)
def test_a_touched_medium_is_never_simply_planned_again(state: PieceState) -> None:
    """It is spoilt or unknown first; INTENT may go back to CLAIMED where the medium proves untouched."""
    assert state in AT_A_STATION
    assert PieceState.PLANNED not in PIECE_MOVES[state]
    assert {PieceState.SPOILT, PieceState.UNKNOWN} <= PIECE_MOVES[state]


@pytest.mark.parametrize("status", list(ExecutionStatus))
@pytest.mark.parametrize("info", list(StatusInfo))
def test_every_state_says_what_it_may(status: ExecutionStatus, info: StatusInfo) -> None:
    """PS3.3 C.22.1.2: NORMAL with IDLE, CREATING and DONE, with PENDING and FAILURE anything else."""
    says_why = status in (ExecutionStatus.PENDING, ExecutionStatus.FAILURE)
    if status is ExecutionStatus.GONE or says_why == (info is not StatusInfo.NORMAL):
        check_info(status, Event.INITIATE, info)
    else:
        with pytest.raises(InvalidMove):
            check_info(status, Event.INITIATE, info)


@pytest.mark.parametrize("event", [Event.HOLD, Event.FAIL])
def test_nothing_goes_back_to_the_queue(event: Event) -> None:
    """Once a station has had a piece, or a device is waited for, QUEUED would hide why."""
    with pytest.raises(InvalidMove):
        check_info(ExecutionStatus.PENDING, event, StatusInfo.QUEUED)
