"""What a fault of a device means, against a second writing of the table."""

import pytest
from burnish.errors import FaultKind
from burnish.production.faults import POLICIES, Action, Blank, Next, Policy
from burnish.requests.waits import Wait
from burnish.terms import StatusInfo

TABLE = """
fault              action       waiting          failing          limit     station     blank
NO_BLANK_MEDIA     HOLD         OUT_OF_SUPPLIES  OUT_OF_SUPPLIES  SUPPLIES  WAIT        KEPT
NO_PRINT_SUPPLIES  HOLD         OUT_OF_SUPPLIES  OUT_OF_SUPPLIES  SUPPLIES  WAIT        KEPT
WRONG_MEDIUM       HOLD         OUT_OF_SUPPLIES  OUT_OF_SUPPLIES  SUPPLIES  WAIT        KEPT
OUTPUT_FULL        HOLD         CHECK_MCD_OP     CHECK_MCD_OP     SUPPLIES  WAIT        KEPT
MEDIUM_TOO_SMALL   HOLD         CHECK_MCD_OP     CHECK_MCD_OP     SUPPLIES  WAIT        KEPT
UNSAFE_TARGET      HOLD         CHECK_MCD_OP     CHECK_MCD_OP     SUPPLIES  WAIT        KEPT
OPERATOR_ACTION    HOLD         CHECK_MCD_OP     CHECK_MCD_OP     SUPPLIES  WAIT        KEPT
LABEL_FAILED       HOLD         CHECK_MCD_OP     CHECK_MCD_OP     SUPPLIES  WAIT        KEPT
UNKNOWN_REPLY      HOLD         CHECK_MCD_OP     CHECK_MCD_OP     SUPPLIES  QUARANTINE  KEPT
DEVICE_BUSY        HOLD         MCD_BUSY         MCD_BUSY         SUPPLIES  BACK_OFF    KEPT
DEVICE_OFFLINE     HOLD         MCD_BUSY         MCD_FAILURE      OFFLINE   BACK_OFF    KEPT
MEDIA_DEFECT       NEXT_MEDIUM  -                MCD_FAILURE      -         GO_ON       REJECTED
DRIVER_FAULT       NEXT_MEDIUM  -                MCD_FAILURE      -         GO_ON       KEPT
DRIVE_FAULT        REROUTE      CHECK_MCD_SRV    CHECK_MCD_SRV    -         QUARANTINE  KEPT
SERVICE_ACTION     REROUTE      CHECK_MCD_SRV    CHECK_MCD_SRV    -         QUARANTINE  KEPT
STORAGE_FULL       FAIL         -                INSUFFIC_MEMORY  -         GO_ON       KEPT
BAD_REQUEST        FAIL         -                PROC_FAILURE     -         GO_ON       KEPT
"""
"""What a device says, what an SCU reads, and what the station does."""


def _rows() -> dict[str, Policy]:
    [_, *lines] = TABLE.strip().split("\n")
    return {line.split()[0]: _policy(*line.split()[1:]) for line in lines}


def _policy(action: str, waiting: str, failing: str, limit: str, station: str, blank: str) -> Policy:
    return Policy(
        Action[action],
        None if waiting == "-" else StatusInfo(waiting),
        StatusInfo(failing),
        None if limit == "-" else Wait[limit],
        Next[station],
        Blank[blank],
    )


def test_every_fault_has_a_row() -> None:
    """And there is none besides."""
    assert set(POLICIES) == set(FaultKind) == set(_rows())


@pytest.mark.parametrize("kind", FaultKind)
def test_every_row(kind: FaultKind) -> None:
    """Cell by cell."""
    assert POLICIES[kind] == _rows()[kind]


@pytest.mark.parametrize("kind", FaultKind)
def test_what_is_told_is_never_normal(kind: FaultKind) -> None:
    """PENDING and FAILURE never say NORMAL, and QUEUED is said before a station has a piece only."""
    told = {POLICIES[kind].waiting, POLICIES[kind].failing}
    assert not told & {StatusInfo.NORMAL, StatusInfo.QUEUED}


@pytest.mark.parametrize("kind", FaultKind)
def test_nothing_is_waited_for_without_end(kind: FaultKind) -> None:
    """What is held has a limit, and what is not held has none."""
    assert (POLICIES[kind].action is Action.HOLD) == (POLICIES[kind].limit is not None)
