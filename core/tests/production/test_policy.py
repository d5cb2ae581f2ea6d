"""What a fault of a device means: one row each, and a request that waits or fails says why."""

import pytest
from burnish.errors import FaultKind
from burnish.production.faults import POLICIES, Action
from burnish.terms import StatusInfo


def test_every_fault_has_a_row() -> None:
    """And there is none besides."""
    assert set(POLICIES) == set(FaultKind)


@pytest.mark.parametrize("kind", FaultKind)
def test_no_fault_is_normal(kind: FaultKind) -> None:
    """PENDING and FAILURE never say NORMAL, and QUEUED is said before a station has a piece only."""
    assert POLICIES[kind].info not in (StatusInfo.NORMAL, StatusInfo.QUEUED)


def test_what_writing_again_could_harm_is_held() -> None:
    """A medium with data, a wrong one, one that is too small: somebody looks at it first."""
    for kind in (FaultKind.UNSAFE_TARGET, FaultKind.WRONG_MEDIUM, FaultKind.MEDIUM_TOO_SMALL):
        assert POLICIES[kind].action is Action.HOLD
