"""Each rule of the DRG: a medium that keeps it and one that breaks it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from burnish.contracts import FileKind, FileView, MediumFacts, MediumView, RecordView, Severity
from burnish.media import MediaKind
from burnish.testing.rules import DICOM, ask, record, view
from burnish_rules_drg import Drg, Settings, burnish_rule_sets
from burnish_rules_drg.directory import FORBIDDEN
from burnish_rules_drg.web import links_of

REFUSAL, WARNING = Severity.REFUSAL, Severity.WARNING
DRG = Drg(Settings(viewers=("VIEWER/START.EXE", "ABSENT.EXE")))
CD, DVD = (MediaKind.CD_R,), (MediaKind.DVD_R, MediaKind.DVD_R_DL)
STARTING = {"INDEX.HTM": b'<a href="viewer/start.exe">', "VIEWER/START.EXE": b"MZ"}
PRIVATE = frozenset((0x0008_0005, 0x0009_1001))
RECORDS = (
    record("PATIENT", patient_id="1"),
    record("STUDY", at=500, study="1.2.3"),
    record("SERIES", at=600, series="1.2.3.4"),
    record("IMAGE", "DICOM/A", at=700, instance="1.2.3.4.5", tags=frozenset((0x0008_0005, 0x0088_0200))),
)


def medium(more: Mapping[str, bytes] | None = None, *records: RecordView, **facts: Any) -> MediumView:
    """One that keeps all rules, and more."""
    return view({"DICOMDIR": b"", "DICOM/A": DICOM, **(more or {})}, [*RECORDS, *records], **facts)


def large(size: int, **facts: Any) -> MediumView:
    """One with a large file."""
    seen, file = medium(**facts), FileView(("DICOM", "A"), size, FileKind.INSTANCE)
    return replace(seen, files={**seen.files, file.path: file})


@pytest.mark.parametrize(
    "seen",
    [
        medium(),
        medium(media=CD, format="iso9660"),
        medium(media=CD, format="bridge"),
        medium(STARTING),
        medium({"VIEWER/START.EXE": b"MZ"}),
        medium({"INDEX.HTM": b"", "IHE_PDI/A.HTM": b""}),
        medium(None, record("STUDY", at=800, study="1.2.4"), record("SR DOCUMENT", at=900, instance="1.2.5")),
        medium(None, record("PATIENT", at=800), record("PATIENT", at=900)),
        large(700_000_000),
        large(1 << 40, media=CD),
        view({}, None),
    ],
)
def test_case_135_what_keeps_the_rules(seen: MediumView) -> None:
    assert ask(DRG, seen) == []


@pytest.mark.parametrize(
    ("seen", "rule", "severity", "path"),
    [
        (medium(media=DVD), "medium", REFUSAL, ""),
        (medium(media=(MediaKind.USB,)), "medium", REFUSAL, ""),
        (large(4_000_000_000), "medium", WARNING, ""),
        (medium(media=CD, format="udf150"), "format", REFUSAL, ""),
        (medium(format="fat"), "format", REFUSAL, ""),
        (medium({"AUTORUN.INF": b""}), "autostart", WARNING, "AUTORUN.INF"),
        (medium({"autorun.inf": b""}), "autostart", WARNING, "autorun.inf"),
        (medium(None, record("IMAGE", at=900, tags=PRIVATE)), "private-element", REFUSAL, "DICOMDIR"),
        (medium(tags=(0x0004_1130, 0x0011_0010)), "private-element", WARNING, "DICOMDIR"),
        (medium(None, record("PATIENT", at=900, patient_id="1")), "double", REFUSAL, "DICOMDIR"),
        (medium(None, record("STUDY", at=900, study="1.2.3")), "double", REFUSAL, "DICOMDIR"),
        (medium(None, record("SERIES", at=900, series="1.2.3.4")), "double", REFUSAL, "DICOMDIR"),
        (medium(None, record("IMAGE", at=900, instance="1.2.3.4.5")), "double", REFUSAL, "DICOMDIR"),
        (medium(None, record("WAVEFORM", at=900, instance="1.2.3.4.5")), "double", REFUSAL, "DICOMDIR"),
        (medium({"IHE_PDI/A.HTM": b""}), "index", REFUSAL, ""),
        (medium({**STARTING, "INDEX.HTM": b"<a href='other.exe'>"}), "viewer", REFUSAL, "VIEWER/START.EXE"),
        (medium({"INDEX.HTM": b"", "LIGHT/RUN.BAT": b""}), "viewer", WARNING, "LIGHT/RUN.BAT"),
        *[
            (medium(None, record(kind, at=900, reached=False)), "record-type", REFUSAL, "DICOMDIR")
            for kind in sorted(FORBIDDEN)
        ],
    ],
)
def test_case_135_what_breaks_a_rule(seen: MediumView, rule: str, severity: Severity, path: str) -> None:
    assert [(one.rule, one.severity, "/".join(one.path)) for one in ask(DRG, seen)] == [
        (rule, severity, path)
    ]


def test_a_private_element_is_named() -> None:
    [breach] = ask(DRG, medium(None, record("IMAGE", at=900, tags=PRIVATE)))
    assert breach.text == "the IMAGE record at byte 900 has the private element (0009,1001)"
    assert breach.source == "DRG Anforderungskatalog 2006, 3.1.2.4"


def test_a_record_that_was_taken_out_is_no_double() -> None:
    assert ask(DRG, medium(None, record("PATIENT", at=900, patient_id="1", reached=False))) == []


def test_one_program_of_a_directory_is_enough_where_nobody_said_which() -> None:
    helper = {**STARTING, "VIEWER/HELPER.EXE": b"MZ", "VIEWER/BIN/MORE.EXE": b"MZ"}
    [spec] = burnish_rule_sets()
    assert ask(spec.make({}), medium(helper)) == []


def test_other_kinds_of_medium_can_be_chosen_early() -> None:
    assert list(DRG.check_facts(MediumFacts(media=CD, format="iso9660"))) == []
    assert [one.rule for one in DRG.check_facts(MediumFacts(media=DVD, format="udf150"))] == [
        "medium",
        "format",
    ]


@pytest.mark.parametrize(
    "link",
    [
        b'<a href="viewer/start.exe">',
        b"<A HREF = 'VIEWER/START.EXE'>",
        b'<a class="x" href="./viewer/start.exe?full#top">',
        b'<a href="viewer%2Fstart.exe">',
        b'<a href="viewer\\start.exe">',
    ],
)
def test_links(link: bytes) -> None:
    assert links_of(b"<p>" + link + b"Start</a>") == {("viewer", "start.exe")}


@pytest.mark.parametrize("page", [b"", b"href=", b"href='", b'href=""', b"href='#top'", b"\xff" * 99])
def test_pages_without_links(page: bytes) -> None:
    assert links_of(page) == frozenset()
