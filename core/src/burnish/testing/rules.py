"""Tests that every rule set must pass, wherever it lives. A plugin's whole test file can be this:

class TestMyRules(RuleSetConformance):
    @pytest.fixture
    def rules(self) -> RuleSet:
        return MyRules(Settings())

    @pytest.fixture
    def kept(self) -> MediumView:
        return view({"DICOMDIR": b"", "HOUSE.TXT": b"ours"}, [record("PATIENT", patient_id="1")])

    @pytest.fixture
    def broken(self) -> MediumView:
        return view({"DICOMDIR": b""}, [record("PATIENT", patient_id="1")])

`view`, `record` and `DICOM` make media for tests of single rules.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from burnish.contracts import (
    Breach,
    DirectoryView,
    FileKind,
    FileView,
    MediumFacts,
    MediumView,
    RecordView,
    RuleSet,
    Severity,
)
from burnish.media import MediaKind
from burnish.testing.kit import Conformance

DICOM: Final = bytes(128) + b"DICM"
"""How a DICOM file begins."""
RULE: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
SECRET: Final = "Doe^Jane"  # noqa: S105 - a patient's, and to be kept
_MANY: Final = 20_000
_PROMPT: Final = 5.0
"""Seconds that a medium of so many instances may take."""


def view(
    files: Mapping[str, bytes],
    records: Sequence[RecordView] | None = (),
    *,
    label: str | None = None,
    tags: Sequence[int] = (),
    **facts: Any,
) -> MediumView:
    """A medium of these files, by paths with `/`; with records None it has no DICOMDIR that can be read.

    `facts` are those of MediumFacts; what `records` reference is not made of itself.
    """
    made = [_file(tuple(path.split("/")), data) for path, data in files.items()]
    directory = None if records is None else DirectoryView(frozenset(tags), tuple(records))
    return MediumView(MediumFacts(**facts), {file.path: file for file in made}, directory, label)


def _file(path: tuple[str, ...], data: bytes) -> FileView:
    kind = FileKind.INSTANCE if data.startswith(DICOM) else FileKind.OTHER
    if path == ("DICOMDIR",):
        kind = FileKind.DIRECTORY
    return FileView(path, len(data), kind, lambda most: data[:most])


def record(kind: str, path: str = "", *, at: int = 400, **values: Any) -> RecordView:
    """A directory record of a type that references `path`, with the values of RecordView."""
    file_id = tuple(path.split("/")) if path else ()
    return RecordView(type=kind, at=at, file_id=file_id, **values)


def ask(rules: RuleSet, seen: MediumView) -> list[Breach]:
    """Everything that a rule set says of a medium."""
    return [*rules.check_facts(seen.facts), *rules.check(seen)]


def said(rules: RuleSet, seen: MediumView) -> set[tuple[str, Severity]]:
    """Which rules it says are not kept, and how much they matter."""
    return {(breach.rule, breach.severity) for breach in ask(rules, seen)}


class RuleSetConformance(Conformance):
    """Subclass, give `rules`, `kept` and `broken`, and run."""

    @pytest.fixture
    def rules(self) -> RuleSet:
        """The rule set."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def kept(self) -> MediumView:
        """A medium that keeps every rule."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def broken(self) -> MediumView:
        """A medium that breaks some."""
        raise NotImplementedError("the subclass supplies this fixture")

    def test_what_keeps_the_rules_is_not_refused(self, rules: RuleSet, kept: MediumView) -> None:
        """Pass it by refusing nothing but breaches; a warning may stand."""
        assert [one for one in ask(rules, kept) if one.severity is Severity.REFUSAL] == []

    def test_what_breaks_them_is_said(self, rules: RuleSet, broken: MediumView) -> None:
        """Pass it by saying so."""
        assert ask(rules, broken)

    def test_a_breach_says_which_why_and_where(self, rules: RuleSet, broken: MediumView) -> None:
        """Pass it with a word for the rule, its source, and one sentence; a path that is on the medium."""
        for one in ask(rules, broken):
            assert isinstance(one, Breach)
            assert isinstance(one.severity, Severity)
            assert RULE.fullmatch(one.rule), one
            assert one.source.strip(), one
            assert one.text.strip(), one
            assert "\n" not in one.text, one
            folders = {path[:depth] for path in broken.files for depth in range(len(path) + 1)}
            assert one.path in folders, one

    def test_its_answer_is_the_same_each_time(
        self, rules: RuleSet, kept: MediumView, broken: MediumView
    ) -> None:
        """Pass it by keeping no state between media, and by asking no clock."""
        first = ask(rules, broken)
        ask(rules, kept)
        assert ask(rules, broken) == first

    def test_it_tells_of_no_patient(self, rules: RuleSet, broken: MediumView) -> None:
        """Pass it by naming records by their offset, and never by Patient ID."""
        records = broken.directory.records if broken.directory else ()
        told = DirectoryView(frozenset(), [replace(one, patient_id=SECRET) for one in records] * 2)
        for one in ask(rules, replace(broken, directory=told)):
            assert SECRET not in one.text

    @pytest.mark.parametrize("odd", ["empty", "no directory", "names", "records", "text"])
    def test_a_medium_may_lie(self, rules: RuleSet, odd: str) -> None:
        """Pass it by believing nothing: a view of anybody's medium is answered, whatever stands in it."""
        for breach in ask(rules, _odd(odd)):
            assert isinstance(breach, Breach)

    @pytest.mark.parametrize("kind", MediaKind)
    def test_every_kind_of_medium_is_answered(self, rules: RuleSet, kind: MediaKind) -> None:
        """Pass it by answering for kinds and profiles that you have never heard of."""
        facts = MediumFacts(media=(kind,), format="stone", profiles=("PRI-STONE",))
        assert all(isinstance(breach, Breach) for breach in rules.check_facts(facts))

    def test_it_is_prompt(self, rules: RuleSet) -> None:
        """Pass it by going through files and records once."""
        paths = [f"DICOM/P{number // 1000:07}/I{number:07}" for number in range(_MANY)]
        images = [
            record("IMAGE", path, at=number, instance=f"1.2.{number}") for number, path in enumerate(paths)
        ]
        many = view({"DICOMDIR": b"", **dict.fromkeys(paths, DICOM)}, images)
        start = time.monotonic()
        ask(rules, many)
        assert time.monotonic() - start < _PROMPT


def _odd(odd: str) -> MediumView:
    match odd:
        case "empty":
            return view({})
        case "no directory":
            return view({"DICOMDIR": b"\0", "A": DICOM}, None)
        case "names":
            names = (
                "",
                "a/b/c",
                ".",
                "..",
                "DICOMDIR/X",
                "IHE_PDI",
                "\N{SNOWMAN}.\x1b[2J",
                "A." * 500,
                "A//B",
            )
            return view(dict.fromkeys(names, DICOM + b"x") | {"INDEX.HTM/": b"", "AUTORUN.INF": b"\xff"})
        case "records":
            kinds = ("", "PATIENT", "MRDR", "\x1b[2J", "IMAGE")
            odd_ones = [record(kind, "../A", at=-1, tags=frozenset((0, -1, 1 << 40))) for kind in kinds]
            return view({"DICOMDIR": b""}, odd_ones * 2, tags=(1 << 40,))
    pages = dict.fromkeys(("INDEX.HTM", "README.TXT", "IHE_PDI/A.HTM", "IHE_PDI/A.JPG"), b"href='" * 30_000)
    seen = view({**pages, "DICOMDIR": b"", "RUN.EXE": b"MZ"})
    return replace(seen, files={path: replace(file, size=file.size + 7) for path, file in seen.files.items()})
