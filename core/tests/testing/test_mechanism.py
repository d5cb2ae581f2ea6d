"""What cannot be done with real discs cannot be done with these."""

from collections.abc import Callable

import pytest
from burnish.testing.mechanism import (
    HandFull,
    Impossible,
    InputEmpty,
    Jammed,
    Mechanism,
    Mood,
    NothingHeld,
    Pile,
    Slot,
    TrayEmpty,
    TrayFull,
    TrayIn,
    Trouble,
)

Arm = Mechanism[str]


@pytest.fixture
def arm() -> Arm:
    """Two blanks, one drive with its tray out."""
    return Mechanism(input=["one", "two"], drives=[Slot(tray_open=True)])


def test_a_disc_goes_all_the_way(arm: Arm) -> None:
    arm.pick()
    arm.place()
    arm.lift()
    arm.drop(Pile.OUTPUT)
    arm.feed()
    arm.lift()
    arm.drop(Pile.REJECT)
    assert (arm.input, arm.output, arm.rejected, arm.held) == ([], ["one"], ["two"], None)
    assert arm.motions == 7


IMPOSSIBLE: list[tuple[type[Impossible], Callable[[Arm], object], Callable[[Arm], object]]] = [
    (HandFull, lambda arm: arm.pick(), lambda arm: arm.pick()),
    (InputEmpty, lambda arm: arm.input.clear(), lambda arm: arm.pick()),
    (InputEmpty, lambda arm: arm.input.clear(), lambda arm: arm.feed()),
    (NothingHeld, lambda arm: None, lambda arm: arm.place()),
    (NothingHeld, lambda arm: None, lambda arm: arm.drop(Pile.OUTPUT)),
    (TrayIn, lambda arm: setattr(arm.drives[0], "tray_open", False), lambda arm: arm.feed()),
    (TrayIn, lambda arm: setattr(arm.drives[0], "tray_open", False), lambda arm: arm.lift()),
    (TrayFull, lambda arm: arm.feed(), lambda arm: arm.feed()),
    (TrayFull, lambda arm: (arm.feed(), arm.pick()), lambda arm: arm.place()),
    (TrayEmpty, lambda arm: None, lambda arm: arm.lift()),
    (HandFull, lambda arm: (arm.feed(), arm.pick()), lambda arm: arm.lift()),
    (Jammed, lambda arm: setattr(arm, "jammed", True), lambda arm: arm.feed()),
]


@pytest.mark.parametrize(("error", "before", "motion"), IMPOSSIBLE)
def test_the_impossible_is_refused_and_moves_nothing(
    arm: Arm, error: type[Impossible], before: Callable[[Arm], object], motion: Callable[[Arm], object]
) -> None:
    before(arm)
    seen = repr(arm)
    with pytest.raises(error):
        motion(arm)
    assert repr(arm) == seen


def test_trouble_comes_at_the_answer_that_was_meant() -> None:
    noticed: list[int] = []
    trouble = Trouble(silent_from=3, garbage_at=1, noticed=lambda: noticed.append(trouble.answers))
    moods = [trouble.next() for _ in range(5)]
    assert moods == [Mood.WELL, Mood.GARBAGE, Mood.WELL, Mood.SILENT, Mood.SILENT]
    assert noticed == [2, 4, 5]
