"""What a directory says of single instances: cases 73, 80, 109, 113, 114 and 120."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from tests import kinds
from tests.histories import Watched
from tests.iso import Image
from tests.lab import FILE_WRITER, Installation, Scu, body, ct, request, serving
from tests.media import Medium, data_set_of, medium_of
from tests.record_types import LEAVES, ROOTS, UPPER

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # one of the real files has such

STUDY_ID = 0x00200010
STRICT = f'[media]\nmissing_keys = "fail"\n[identity]\nseveral = "fail"\n{FILE_WRITER}'


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A server that supplies nothing, and puts one person on a medium."""
    with serving(tmp_path_factory.mktemp("strict"), STRICT) as installation:
        yield installation


def medium(burnish: Installation, scu: Scu, sent: Sequence[Dataset], **attributes: str) -> Medium:
    """The medium of these instances."""
    assert set(scu.store(*sent)) == {0}
    uid = str(generate_uid())
    assert scu.create(request(sent, **attributes), uid) == 0
    assert scu.initiate(uid) == 0
    assert scu.wait(uid) == ("DONE", "NORMAL", 1)
    return medium_of(burnish, scu, uid, sent)


def records(found: Medium, kind: str) -> list[Dataset]:
    """The records of a type."""
    return [r for r in found.directory.DirectoryRecordSequence if r.DirectoryRecordType == kind]


def failed(scu: Scu, sent: Sequence[Dataset]) -> list[tuple[str, int, int]]:
    """The request fails for its directory: of each failed item instance, reason and the tag at fault."""
    assert set(scu.store(*sent)) == {0}
    uid, last = scu.make(sent)
    assert last == ("FAILURE", "DIR_PROC_ERR", 0)
    items = scu.get(uid)[1].FailedSOPSequence
    return [(i.ReferencedSOPInstanceUID, i.FailureReason, int(i.FailureAttributes)) for i in items]


# Case 80: a key of the directory that the instance lacks


def test_case_80_a_missing_study_id_is_supplied_and_the_file_is_as_it_was(
    burnish: Installation, scu: Watched
) -> None:
    sent = ct(1, StudyID="")
    found = medium(burnish, scu, sent)
    assert [record.StudyID for record in records(found, "STUDY")] == ["1"]
    [file] = found.instances
    assert data_set_of(found.files[file]) == body(sent[0])


def test_case_80_an_empty_study_id_fails_where_nothing_is_supplied(strict: Installation) -> None:
    scu, sent = Scu(strict.port), ct(1, StudyID="")
    assert failed(scu, sent) == [(sent[0].SOPInstanceUID, 0x0121, STUDY_ID)]


def test_case_80_an_absent_study_id_fails_where_nothing_is_supplied(strict: Installation) -> None:
    scu, [one] = Scu(strict.port), ct(1)
    del one.StudyID
    assert failed(scu, [one]) == [(one.SOPInstanceUID, 0x0120, STUDY_ID)]


def test_case_80_what_is_clinical_is_never_supplied(scu: Watched) -> None:
    [dose] = (ds for _, ds in kinds.real() if ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.481.2")
    dose.SOPInstanceUID = dose.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    del dose.DoseSummationType
    assert failed(scu, [dose]) == [(dose.SOPInstanceUID, 0x0120, 0x3004000A)]


# Case 113: one study of two series


def test_case_113_two_series_of_a_study_stand_below_one_record(burnish: Installation, scu: Watched) -> None:
    first, second = ct(2), ct(2)
    for ds in second:
        ds.StudyInstanceUID = first[0].StudyInstanceUID
    found = medium(burnish, scu, [first[0], second[0], first[1], second[1]])
    types = [record.DirectoryRecordType for record in found.directory.DirectoryRecordSequence]
    assert types == ["PATIENT", "STUDY", *(["SERIES", "IMAGE", "IMAGE"] * 2)]
    assert [record.SeriesInstanceUID for record in records(found, "SERIES")] == [
        first[0].SeriesInstanceUID,
        second[0].SeriesInstanceUID,
    ]


# Case 114: what a document's record says


def test_case_114_the_latest_verification_and_the_modifiers_only(burnish: Installation, scu: Watched) -> None:
    ds = document("20191231235959.5", "20200102030405", "20200102")
    found = medium(burnish, scu, [ds])
    [record] = records(found, "SR DOCUMENT")
    assert record.VerificationDateTime == "20200102030405"
    assert list(record.ContentSequence) == [ds.ContentSequence[1]]
    assert b"nobody's business" not in found.files["DICOMDIR"]


def test_case_114_a_verified_document_that_does_not_say_when_fails(scu: Watched) -> None:
    ds = document()
    assert failed(scu, [ds]) == [(ds.SOPInstanceUID, 0x0120, 0x0040A030)]


def document(*verified: str) -> Dataset:
    """A Basic Text SR, verified at these times."""
    ds = kinds.made("KEY OBJECT DOC")
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.88.11")
    ds.Modality, ds.CompletionFlag, ds.VerificationFlag = "SR", "COMPLETE", "VERIFIED"
    ds.VerifyingObserverSequence = []
    for when in verified:
        observer = Dataset()
        observer.VerifyingObserverName, observer.VerifyingOrganization = "Doe^Jane", "Clinic"
        observer.VerificationDateTime = when
        ds.VerifyingObserverSequence.append(observer)
    language = kinds.code("121049", "Language"), kinds.code("de", "German", "RFC5646")
    finding = kinds.code("121071", "Finding"), "nobody's business"
    ds.ContentSequence = [
        kinds.content_item("CONTAINS", *finding),
        kinds.content_item("HAS CONCEPT MOD", *language),
    ]
    return ds


# Cases 73 and 109: what has a record, and what has none


def test_case_109_compose_puts_every_record_type_on_a_medium(tmp_path: Path) -> None:
    folder, image = tmp_path / "files", tmp_path / "all.iso"
    folder.mkdir()
    for number, ds in enumerate(kinds.everything()):
        ds.save_as(folder / f"{number:02}.dcm", enforce_file_format=True)
    assert burnish_says("compose", folder, "--profile", "STD-GEN-CD", "--out", image)["files"]
    verdict = burnish_says("verify", image)
    assert verdict["findings"] == []
    found = [record.DirectoryRecordType for record in directory_of(image).DirectoryRecordSequence]
    assert set(found) == {*UPPER, *LEAVES, *ROOTS}


def burnish_says(*words: object) -> Any:
    """The document that a command prints, which has to succeed."""
    command = [sys.executable, "-m", "burnish.cli", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def directory_of(image: Path) -> Dataset:
    """The DICOMDIR of an image."""
    return dcmread(BytesIO(Image(image).files["DICOMDIR"]))


@pytest.mark.parametrize("sop_class", ["1.3.12.2.1107.5.9.1", "1.2.840.10008.5.1.4.1.1.200.1"])
def test_case_73_a_class_without_a_record_is_left_out_with_its_reason(tmp_path: Path, sop_class: str) -> None:
    [good], [odd] = ct(1), ct(1)
    odd.SOPClassUID = odd.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    for name, ds in (("good", good), ("odd", odd)):
        ds.save_as(tmp_path / name, enforce_file_format=True)
    files = tmp_path / "good", tmp_path / "odd"
    said = burnish_says("compose", *files, "--profile", "STD-GEN-CD", "--out", tmp_path / "one.iso")
    told = {Path(file["path"]).name: file["reason"] or "" for file in said["files"]}
    assert told["good"] == ""
    assert "SOP class" in told["odd"] or "SOP Class" in told["odd"]


# Case 120: what belongs to no patient


@pytest.mark.parametrize("kind", kinds.ROOTS)
def test_case_120_it_stands_at_the_root_and_may_stand_alone(
    burnish: Installation, scu: Watched, kind: str
) -> None:
    sent = [kinds.made(kind)]
    found = medium(burnish, scu, sent)
    [record] = found.directory.DirectoryRecordSequence
    assert record.DirectoryRecordType == kind
    assert record.ReferencedSOPInstanceUIDInFile == sent[0].SOPInstanceUID
    assert [ds.SOPInstanceUID for ds in found.instances.values()] == [sent[0].SOPInstanceUID]


def test_case_120_it_is_no_second_person(strict: Installation) -> None:
    scu, sent = Scu(strict.port), [kinds.made("HANGING PROTOCOL"), *ct(1), kinds.made("PALETTE")]
    found = medium(strict, scu, sent)
    types = [record.DirectoryRecordType for record in found.directory.DirectoryRecordSequence]
    assert types == ["HANGING PROTOCOL", "PALETTE", "PATIENT", "STUDY", "SERIES", "IMAGE"]
