"""The kit for rule sets: it takes the one of the hook's docstring, and catches what it is for."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from burnish.contracts import Breach, FileKind, MediumView, RuleSet, Severity
from burnish.testing.rules import DICOM, RuleSetConformance, record, view

KEPT = view({"DICOMDIR": b"", "HOUSE.TXT": b""}, [record("PATIENT", patient_id="1")])
BROKEN = view({"DICOMDIR": b"", "DICOM/A": DICOM}, [record("PATIENT", patient_id="1")])


class House(RuleSet):
    """Every medium has a file HOUSE.TXT; a test makes it worse."""

    worse: dict[str, Any]
    counted = itertools.count()

    def __init__(self, **worse: Any) -> None:
        self.worse = worse

    def check(self, view: MediumView) -> Iterator[Breach]:
        if ("HOUSE.TXT",) not in view.files:
            good = {
                "rule": "house",
                "severity": Severity.REFUSAL,
                "source": "rule 7",
                "text": "it is not ours",
            }
            yield Breach(**good | self.worse)


class Forgetful(House):
    def check(self, view: MediumView) -> Iterator[Breach]:
        yield from House(text=f"no. {next(self.counted)}").check(view)


class Talkative(House):
    def check(self, view: MediumView) -> Iterator[Breach]:
        for one in view.directory.records if view.directory else ():
            yield from House(text=f"it has {one.patient_id}").check(view)


class Strict(House):
    def check(self, view: MediumView) -> Iterator[Breach]:
        yield Breach(rule="all", severity=Severity.REFUSAL, source="rule 1", text="none is good")


class Trusting(House):
    def check(self, view: MediumView) -> Iterator[Breach]:
        assert view.directory
        yield from super().check(view)


class TestHouse(RuleSetConformance):
    @pytest.fixture
    def rules(self) -> RuleSet:
        return House()

    @pytest.fixture
    def kept(self) -> MediumView:
        return KEPT

    @pytest.fixture
    def broken(self) -> MediumView:
        return BROKEN


@pytest.mark.parametrize(
    ("rules", "test", "more"),
    [
        (Strict(), "test_what_keeps_the_rules_is_not_refused", {"kept": KEPT}),
        (House(rule="No Word"), "test_a_breach_says_which_why_and_where", {"broken": BROKEN}),
        (House(source=""), "test_a_breach_says_which_why_and_where", {"broken": BROKEN}),
        (House(text="two\nlines"), "test_a_breach_says_which_why_and_where", {"broken": BROKEN}),
        (House(path=("X",)), "test_a_breach_says_which_why_and_where", {"broken": BROKEN}),
        (Forgetful(), "test_its_answer_is_the_same_each_time", {"kept": KEPT, "broken": BROKEN}),
        (Talkative(), "test_it_tells_of_no_patient", {"broken": BROKEN}),
        (Trusting(), "test_a_medium_may_lie", {"odd": "no directory"}),
    ],
)
def test_what_a_rule_set_must_not_do_is_caught(rules: RuleSet, test: str, more: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        getattr(RuleSetConformance(), test)(rules, **more)


def test_a_rule_set_that_says_nothing_is_caught() -> None:
    with pytest.raises(AssertionError):
        RuleSetConformance().test_what_breaks_them_is_said(House(), KEPT)


def test_the_media_of_the_kit() -> None:
    kinds = [file.kind for file in BROKEN.files.values()]
    assert kinds == [FileKind.DIRECTORY, FileKind.INSTANCE]
    assert BROKEN.files["DICOM", "A"].whole(200) == DICOM
    assert [file.extension for file in KEPT.files.values()] == ["", "TXT"]
    assert KEPT.patients == 1
    assert view({}, None).patients == 0
