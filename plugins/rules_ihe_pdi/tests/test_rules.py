"""Each rule of PDI: a medium that keeps it and one that breaks it."""

from collections.abc import Mapping
from typing import Any

import pytest
from burnish.contracts import MediumFacts, MediumView, RecordView, Severity
from burnish.testing.rules import DICOM, ask, record, said, view
from burnish_rules_ihe_pdi import IhePdi, Settings, burnish_rule_sets

REFUSAL, WARNING = Severity.REFUSAL, Severity.WARNING
PDI = IhePdi(Settings(readme="require"))
PAGE, PICTURE = b"\xef\xbb\xbf\r\n<?xml version='1.0'?>", b"\xff\xd8\xff\xe0"
PLAIN = {"DICOMDIR": b"", "README.TXT": b"ours\r\n", "DICOM/PT000000/IM000000": DICOM}
WEB = {"INDEX.HTM": PAGE, "IHE_PDI/A.HTM": PAGE, "IHE_PDI/PICTURES/A.JPG": PICTURE}
VIEWER = {"VIEWER/START.EXE": b"MZ", "SUPPORT.DLL": b"MZ"}
RECORDS = (
    record("PATIENT", patient_id="1"),
    record("STUDY", at=500, study="1.2.3"),
    record("SERIES", at=600, series="1.2.3.4"),
    record("IMAGE", "DICOM/PT000000/IM000000", at=700, instance="1.2.3.4.5"),
)


def medium(more: Mapping[str, bytes] | None = None, *records: RecordView, **facts: Any) -> MediumView:
    """One that keeps all rules, and more."""
    return view({**PLAIN, **(more or {})}, [*RECORDS, *records], **facts)


def without(name: str) -> MediumView:
    """One that keeps all rules, but for a file that is not there."""
    return view({path: data for path, data in PLAIN.items() if path != name}, RECORDS)


@pytest.mark.parametrize(
    "seen",
    [
        medium(),
        medium(profiles=("STD-GEN-CD",)),
        medium(profiles=("STD-GEN-DVD-JPEG",)),
        medium(profiles=("STD-GEN-USB-J2K",)),
        medium(WEB),
        medium(VIEWER),
        medium(label="Doe, dicom only"),
        medium(WEB, label="DICOM PLUS WEB\nDoe"),
        medium({"README.TXT": b""}),
        medium({"IHE_PDI/EMPTY.HTM": b"", "INDEX.HTM": PAGE}),
        medium({"DICOM/B": DICOM}, record("KEY OBJECT DOC", "DICOM/B", at=800)),
    ],
)
def test_case_134_what_keeps_the_rules(seen: MediumView) -> None:
    assert ask(PDI, seen) == []


@pytest.mark.parametrize(
    ("seen", "rule", "severity", "path"),
    [
        (medium(profiles=("STD-GEN-SEC-CD",)), "profile", REFUSAL, ""),
        (without("DICOMDIR"), "dicomdir", REFUSAL, ""),
        (view({**PLAIN, "DICOMDIR": b"x"}, None), "dicomdir", REFUSAL, "DICOMDIR"),
        (without("README.TXT"), "readme", REFUSAL, ""),
        (medium({"README.TXT": "Röntgen".encode()}), "readme-ascii", WARNING, "README.TXT"),
        (medium({"A": DICOM}, record("IMAGE", "A", at=800)), "root", REFUSAL, "A"),
        (medium({"DICOM/A": DICOM}), "unreferenced", REFUSAL, "DICOM/A"),
        (
            medium({"DICOM/A.DCM": DICOM}, record("IMAGE", "DICOM/A.DCM")),
            "dicom-name",
            REFUSAL,
            "DICOM/A.DCM",
        ),
        (
            medium({"X/LONGISHER": DICOM}, record("IMAGE", "X/LONGISHER")),
            "dicom-name",
            REFUSAL,
            "X/LONGISHER",
        ),
        (medium({"x/A": DICOM}, record("IMAGE", "x/A")), "dicom-name", REFUSAL, "x/A"),
        (medium({"support_for.dll": b""}), "other-name", REFUSAL, "support_for.dll"),
        (medium({"A.B/C.TXT": b""}), "other-name", REFUSAL, "A.B/C.TXT"),
        (medium({"A.B.C": b""}), "other-name", REFUSAL, "A.B.C"),
        (medium({"IHE_XDM/A.XML": b""}), "reserved-name", REFUSAL, "IHE_XDM"),
        (medium(None, record("PRIVATE")), "record-type", REFUSAL, "DICOMDIR"),
        (medium(None, record("STORED PRINT")), "record-type", REFUSAL, "DICOMDIR"),
        (medium(VIEWER, record("IMAGE", "SUPPORT.DLL")), "not-dicom", REFUSAL, "SUPPORT.DLL"),
        (medium({"DICOM/A.TXT": b""}), "dicom-directory", REFUSAL, "DICOM/A.TXT"),
        (medium({"AUTORUN.INF": b""}), "autorun", WARNING, "AUTORUN.INF"),
        (medium(None, record("PATIENT", at=900, patient_id="2")), "patients", WARNING, ""),
        (medium({"IHE_PDI/A.HTM": PAGE}), "index", REFUSAL, ""),
        (medium({"INDEX.HTM": PAGE}), "index", WARNING, "INDEX.HTM"),
        (medium({"IHE_PDI": b""}), "web-directory", REFUSAL, "IHE_PDI"),
        (
            medium({**WEB, "IHE_PDI/A": DICOM}, record("IMAGE", "IHE_PDI/A")),
            "web-dicom",
            REFUSAL,
            "IHE_PDI/A",
        ),
        (medium({**WEB, "IHE_PDI/A.EXE": b"MZ"}), "web-content", REFUSAL, "IHE_PDI/A.EXE"),
        (medium({**WEB, "IHE_PDI/NONE": b""}), "web-content", REFUSAL, "IHE_PDI/NONE"),
        (medium({**WEB, "IHE_PDI/B.JPG": b"MZ"}), "web-content", REFUSAL, "IHE_PDI/B.JPG"),
        (medium({**WEB, "IHE_PDI/B.HTM": PICTURE}), "web-content", REFUSAL, "IHE_PDI/B.HTM"),
        (medium({**WEB, "IHE_PDI/B.CSS": b""}), "web-content", WARNING, "IHE_PDI/B.CSS"),
        (medium(label="DICOM PLUS WEB"), "label", WARNING, ""),
        (medium(WEB, label="DICOM ONLY"), "label", WARNING, ""),
    ],
)
def test_case_134_what_breaks_a_rule(seen: MediumView, rule: str, severity: Severity, path: str) -> None:
    assert [(one.rule, one.severity, "/".join(one.path)) for one in ask(PDI, seen)] == [
        (rule, severity, path)
    ]


def test_one_person_may_have_two_records() -> None:
    assert said(PDI, medium(None, record("PATIENT", at=900, patient_id="1"))) == set()


def test_a_readme_that_is_missing_is_refused_where_nothing_else_is_said() -> None:
    [spec] = burnish_rule_sets()
    assert said(spec.make({}), without("README.TXT")) == {("readme", REFUSAL)}
    assert said(spec.make({"readme": "warn"}), without("README.TXT")) == {("readme", WARNING)}


def test_a_readme_that_is_not_at_hand_is_not_judged() -> None:
    """Its bytes may be a source's, before the medium is made."""
    from dataclasses import replace

    seen = medium()
    readme = replace(seen.files["README.TXT",], read=lambda most: b"")
    assert ask(PDI, replace(seen, files={**seen.files, readme.path: readme})) == []


def test_other_kinds_of_medium_can_be_chosen_early() -> None:
    assert list(PDI.check_facts(MediumFacts(profiles=("STD-GEN-CD",)))) == []
    [breach] = PDI.check_facts(MediumFacts(profiles=("STD-GEN-BD",)))
    assert breach.severity is REFUSAL
    assert "STD-GEN-BD" in breach.text


def test_every_refusal_cites_its_source() -> None:
    """Practice, which no text here says, refuses nothing."""
    from burnish_rules_ihe_pdi import sources

    seen = [medium({"Autorun.inf": b"", "INDEX.HTM": PAGE, "README.TXT": b"\xff"}, label="")]
    breaches = [one for medium in seen for one in ask(PDI, medium)]
    assert {one.severity for one in breaches if one.source == sources.PRACTICE} == {WARNING}
