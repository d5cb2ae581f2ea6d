"""Directory records of every class and type, held to the tables of `record_types` and to dcmtk."""

import io
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Final

import pytest
from burnish.errors import FailedItem, RequestFailed
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.records import KEYS, LEAF_RECORDS, ROOT_RECORDS, record_type
from burnish.fileset.supply import NO_DATE, NO_TIME
from burnish.instances.head import KeptHead
from burnish.instances.scan import Scan
from burnish.terms import FailureReason, StatusInfo
from pydicom import dcmread
from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from tests import kinds
from tests.record_types import (
    CLASSES,
    DATE,
    LEAVES,
    ROOTS,
    SUPPLIED,
    TIME,
    UPPER,
    WITHOUT,
    dictionary,
    rows,
    type_1,
    uids,
)

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR UI")  # one of the real files has such

CDA = "1.2.840.10008.5.1.4.1.1.104.2"


def expected() -> dict[str, str | None]:
    """Every class that a table names, and its record type."""
    with_record = {uid: kind for kind, names in CLASSES.items() for uid in uids(names)}
    return with_record | {uid: None for names in WITHOUT.values() for uid in uids(names)}


def test_the_tables_name_every_class_of_the_dictionary_once() -> None:
    named = [uid for names in (*CLASSES.values(), *WITHOUT.values()) for uid in uids(names)]
    assert len(named) == len(set(named))
    assert set(dictionary()) <= set(named)


@pytest.mark.parametrize("kind", CLASSES)
def test_classes_have_their_record_type(kind: str) -> None:
    assert {uid: record_type(uid) for uid in uids(CLASSES[kind])} == dict.fromkeys(uids(CLASSES[kind]), kind)


@pytest.mark.parametrize("reason", WITHOUT)
def test_classes_without_a_record_type_have_none(reason: str) -> None:
    assert {record_type(uid) for uid in uids(WITHOUT[reason])} == {None}


@pytest.mark.parametrize("uid", ["1.3.12.2.1107.5.9.1", "2.25.1", "1.2.840.10008.5.1.4.1.1.9999", "", "CT"])
def test_private_and_unknown_classes_have_none(uid: str) -> None:
    assert record_type(uid) is None


def test_keys_and_hierarchy_are_those_of_the_tables() -> None:
    assert KEYS.keys() == {**UPPER, **LEAVES, **ROOTS}.keys()
    assert (frozenset(LEAVES), frozenset(ROOTS)) == (LEAF_RECORDS, ROOT_RECORDS)
    for kind, found in KEYS.items():
        assert sorted(found) == sorted(rows(kind)), kind


# One instance of each type, and its directory


@cache
def real() -> Mapping[str | None, Dataset]:
    """A real file of each record type that there is one of."""
    return {record_type(ds.SOPClassUID): ds for _, ds in kinds.real()}


def instance(kind: str) -> Dataset:
    """An instance of a record type with every Type 1 key; a CT, real or made, for what stands above."""
    if kind in kinds.CLASSES:
        return kinds.made(kind)
    return deepcopy(real()["IMAGE" if kind in UPPER else kind])


def member(ds: Dataset, number: int = 0) -> Member:
    """A member as the planner describes it; without Patient ID it gets a made one."""
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = False, True
    body = Dataset({element.tag: element for element in ds if element.tag < 0x7FE00000})
    write_dataset(out, body, convert_encodings(ds.get("SpecificCharacterSet", "ISO_IR 6")))
    scan = Scan(str(ExplicitVRLittleEndian))
    scan.feed(out.getvalue())
    head = KeptHead(scan.finish().head)
    name = ("DICOM", f"IM{number:06d}")
    return Member(name, ds.SOPClassUID, ds.SOPInstanceUID, str(ExplicitVRLittleEndian), head, "p", "MADE")


def directory(*data_sets: Dataset) -> list[Dataset]:
    """The records of a DICOMDIR of these."""
    members = [member(ds, number) for number, ds in enumerate(data_sets)]
    data = build(members, file_set_id="", file_set_uid="1.2.3")
    return list(dcmread(io.BytesIO(data)).DirectoryRecordSequence)


def refused(ds: Dataset) -> FailedItem:
    """Why it cannot be recorded."""
    with pytest.raises(RequestFailed) as caught:
        directory(ds)
    assert caught.value.info is StatusInfo.DIR_PROC_ERR
    [item] = caught.value.failed
    return item


def missing() -> Iterator[tuple[str, str, str]]:
    """Each Type 1 key that can miss its value, and each way to miss it."""
    for kind, keyword in type_1([*UPPER, *LEAVES, *ROOTS]):
        if not keyword.endswith("InstanceUID"):  # nothing without is received
            yield from ((kind, keyword, way) for way in ("absent", "empty"))
            if dictionary_VR(keyword) in ("CS", "LO", "SH", "IS"):
                yield kind, keyword, "blank"


@pytest.mark.parametrize(("kind", "keyword", "way"), list(missing()))
def test_a_type_1_key_without_a_value_is_supplied_or_refused(kind: str, keyword: str, way: str) -> None:
    ds = instance(kind)
    ds.add_new(keyword, dictionary_VR(keyword), "  " if way == "blank" else None)
    if way == "absent":
        del ds[keyword]
    value = "MADE" if keyword == "PatientID" else SUPPLIED.get(keyword)
    if value is None:
        item = refused(ds)
        absent = way == "absent"
        assert item.reason is (
            FailureReason.MISSING_ATTRIBUTE if absent else FailureReason.MISSING_ATTRIBUTE_VALUE
        )
        assert item.attributes == (tag_for_keyword(keyword),)
        return
    [record] = [record for record in directory(ds) if record.DirectoryRecordType == kind]
    assert str(record[keyword].value) in {DATE: dates(ds), TIME: times(ds)}.get(value, {value})


def dates(ds: Dataset) -> set[str]:
    """What may stand for a date: another one of the instance, or the one that means none."""
    return {NO_DATE} | {str(element.value) for element in ds if element.VR == "DA" and element.value}


def times(ds: Dataset) -> set[str]:
    """The same for times."""
    return {NO_TIME} | {str(element.value) for element in ds if element.VR == "TM" and element.value}


@pytest.mark.parametrize("kind", [*LEAVES, *ROOTS])
def test_type_2_keys_stand_empty_where_the_instance_has_none(kind: str) -> None:
    ds = instance(kind)
    type_2 = [keyword for keyword, type_ in rows(kind) if type_ == "2"]
    for keyword in type_2:
        if keyword in ds:
            del ds[keyword]
    record = directory(ds)[-1]
    assert record.DirectoryRecordType == kind
    assert all(record[keyword].is_empty for keyword in type_2)


def test_a_verified_document_says_when_or_is_refused() -> None:
    ds = instance("SR DOCUMENT")
    ds.VerificationFlag = "VERIFIED"
    ds.VerifyingObserverSequence = []
    item = refused(ds)
    assert (item.reason, item.attributes) == (FailureReason.MISSING_ATTRIBUTE, (0x0040A030,))
    ds.VerifyingObserverSequence = [Dataset(), Dataset()]
    ds.VerifyingObserverSequence[0].VerificationDateTime = "20200102030405"
    ds.VerifyingObserverSequence[1].VerificationDateTime = "20191231"
    assert directory(ds)[-1].VerificationDateTime == "20200102030405"


def test_a_structured_document_has_its_identifier_or_is_refused() -> None:
    ds = instance("ENCAP DOC")
    assert "HL7InstanceIdentifier" not in directory(ds)[-1]
    ds.SOPClassUID = CDA
    item = refused(ds)
    assert (item.reason, item.attributes) == (FailureReason.MISSING_ATTRIBUTE, (0x0040E001,))
    ds.HL7InstanceIdentifier = "1.2.3^4"
    assert directory(ds)[-1].HL7InstanceIdentifier == "1.2.3^4"


@pytest.mark.parametrize(
    ("kind", "keyword"),
    [
        (kind, keyword)
        for kind in (*LEAVES, *ROOTS)
        for keyword, type_ in rows(kind)
        if type_ in ("1C", "3") and keyword not in ("VerificationDateTime", "HL7InstanceIdentifier")
    ],
)
def test_a_key_of_type_1c_or_3_stands_where_the_instance_has_it(kind: str, keyword: str) -> None:
    ds = kinds.blending() if keyword == "BlendingSequence" else instance(kind)
    if keyword == "ContentSequence":
        concept, value = kinds.code("121049", "Language"), kinds.code("de", "German", "RFC5646")
        ds.ContentSequence = [kinds.content_item("HAS CONCEPT MOD", concept, value)]
    if keyword == "DoseComment":
        ds.DoseComment = "estimated"
    record = directory(ds)[-1]
    for item in ds.get("BlendingSequence", []):
        del item.BlendingPosition  # the record says what is blended, not how
    assert record[keyword] == ds[keyword]
    del ds[keyword]
    assert keyword not in directory(ds)[-1]


# Beside dcmtk 3.6.7

UNKNOWN_TO_DCMTK: Final = """
    PhotoacousticImageStorage General32bitECGWaveformStorage
    VariableModalityLUTSoftcopyPresentationStateStorage ConfocalMicroscopyImageStorage
    ConfocalMicroscopyTiledPyramidalImageStorage WaveformAnnotationSRStorage InventoryStorage
    EnhancedRTImageStorage EnhancedContinuousRTImageStorage RTPatientPositionAcquisitionInstructionStorage
    1.2.840.10008.5.1.4.1.1.66.7 1.2.840.10008.5.1.4.1.1.66.8
    1.2.840.10008.5.1.4.1.1.9.100.1 1.2.840.10008.5.1.4.1.1.9.100.2
"""
"""Classes that are younger than the release."""
REFUSED_BY_DCMTK: Final = """
    EncapsulatedOBJStorage EncapsulatedMTLStorage TomotherapeuticRadiationStorage RoboticArmRadiationStorage
    RTRadiationRecordSetStorage RTRadiationSalvageRecordStorage TomotherapeuticRadiationRecordStorage
    CArmPhotonElectronRadiationRecordStorage RoboticRadiationRecordStorage
    RTRadiationSetDeliveryInstructionStorage RTTreatmentPreparationStorage
    DICOS2DAITStorage DICOS3DAITStorage
"""
"""Classes that it knows and has no record for. PS3.4 Table B.5-1 names all but the last two among the
encapsulated documents and the second generation of radiotherapy; those two are images, and said to be."""
OTHER_TYPE: Final[Mapping[str, str | None]] = {
    "ImplantAssemblyTemplateStorage": "IMPLANT GROUP",
    "ImplantTemplateGroupStorage": None,
}
"""It takes IMPLANT ASSY and IMPLANT GROUP for one another (PS3.3 F.5.42 and F.5.43), and so wants keys of
the one in instances of the other."""
ONLY_DCMTK: Final[Mapping[str, set[str]]] = {"IMAGE": {"ImageType"}}
"""Keys that only dcmtk writes: those of its default profile, STD-GEN-CD (PS3.11 Table D.3-2)."""
ONLY_OURS: Final = {"SpecificCharacterSet"}
"""Keys that only we write: dcmtk leaves the character set out of records whose keys are no text."""


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Dataset, Dataset | None]]:
    """By class: our record of an instance, and that of dcmmkdir; None where it makes none."""
    folder = tmp_path_factory.mktemp("beside")
    data_sets = [full(uid, number) for number, uid in enumerate(sorted(expected())) if expected()[uid]]
    names = [f"IM{number:06d}" for number in range(len(data_sets))]
    for name, ds in zip(names, data_sets, strict=True):
        ds.save_as(folder / name, enforce_file_format=True)
    command = ["dcmmkdir", "--quiet", "--allow-retired-sop", *names]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    theirs = leaves(list(dcmread(folder / "DICOMDIR").DirectoryRecordSequence))
    ours = leaves(directory(*data_sets))
    assert ours.keys() == {ds.SOPInstanceUID for ds in data_sets}
    return {ds.SOPClassUID: (ours[ds.SOPInstanceUID], theirs.get(ds.SOPInstanceUID)) for ds in data_sets}


def leaves(records: Sequence[Dataset]) -> dict[str, Dataset]:
    """Records of instances, by SOP Instance UID."""
    return {
        record.ReferencedSOPInstanceUIDInFile: record
        for record in records
        if "ReferencedSOPInstanceUIDInFile" in record
    }


def full(sop_class: str, number: int) -> Dataset:
    """An instance of a class with the keys of all record types, whatever its own."""
    ds = Dataset()
    for kind in (*LEAVES, *ROOTS):
        ds.update({element.tag: element for element in instance(kind) if element.tag < 0x7FE00000})
    ds.update(kinds.blending())
    ds.SOPClassUID, ds.SOPInstanceUID = UID(sop_class), UID(f"1.2.3.{number}")
    ds.HL7InstanceIdentifier = "1.2.3^4"
    ds.InstanceNumber, ds.PatientID, ds.PatientName = number, "P", "N^N"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.4", "1.2.5"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


@pytest.mark.judge("dcmmkdir")
def test_dcmtk_gives_classes_the_same_record_type(beside: dict[str, tuple[Dataset, Dataset | None]]) -> None:
    without = {*uids(UNKNOWN_TO_DCMTK), *uids(REFUSED_BY_DCMTK)}
    others = {uids(name)[0]: kind for name, kind in OTHER_TYPE.items()}
    theirs = {uid: record and record.DirectoryRecordType for uid, (_, record) in beside.items()}
    wanted = {uid: None if uid in without else kind for uid, kind in expected().items() if kind}
    assert theirs == wanted | others


@pytest.mark.judge("dcmmkdir")
@pytest.mark.parametrize("kind", [*LEAVES, *ROOTS])
def test_dcmtk_gives_records_the_same_keys(
    beside: dict[str, tuple[Dataset, Dataset | None]], kind: str
) -> None:
    for ours, theirs in beside.values():
        if ours.DirectoryRecordType == kind and theirs and theirs.DirectoryRecordType == kind:
            expected = {element.keyword for element in theirs} - ONLY_DCMTK.get(kind, set())
            assert {element.keyword for element in ours} - ONLY_OURS == expected - ONLY_OURS
