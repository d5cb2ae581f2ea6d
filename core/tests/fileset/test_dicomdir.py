"""The DICOMDIR, walked by its offsets and put before judges."""

import gc
import io
import shutil
import struct
import subprocess
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from burnish.contracts.profile import DirectoryKey
from burnish.errors import RequestFailed
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.names import file_ids
from burnish.fileset.records import KEYS, ROOT_RECORDS, record_type, slots
from burnish.instances.head import KeptHead
from burnish.instances.scan import Scan
from burnish.terms import FailureReason, StatusInfo
from pydicom import Dataset, dcmread
from pydicom.charset import convert_encodings
from pydicom.data import get_testdata_file
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.filebase import DicomBytesIO
from pydicom.fileset import FileSet
from pydicom.filewriter import write_dataset

EXPLICIT = "1.2.840.10008.1.2.1"
CT, SR, GSPS = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.88.11", "1.2.840.10008.5.1.4.1.1.11.1"
FILE_SET_UID = "1.2.3.4"
REAL = (
    *("CT_small.dcm", "MR_small_implicit.dcm", "693_J2KI.dcm", "JPEG2000.dcm", "liver_1frame.dcm"),
    *(
        "rtdose_1frame.dcm",
        "rtplan.dcm",
        "reportsi.dcm",
        "test-SR.dcm",
        "waveform_ecg.dcm",
        "SC_rgb_small_odd.dcm",
    ),
)

SUFFIX = "1.2.840.10008.5.1.4."
CLASSES = {
    "IMAGE": "1.1.2",
    "RT DOSE": "1.1.481.2",
    "RT STRUCTURE SET": "1.1.481.3",
    "RT PLAN": "1.1.481.5",
    "RT TREAT RECORD": "1.1.481.4",
    "PRESENTATION": "1.1.11.4",
    "WF PRESENTATION": "1.1.9.100.1",
    "WAVEFORM": "1.1.9.1.1",
    "SR DOCUMENT": "1.1.88.11",
    "KEY OBJECT DOC": "1.1.88.59",
    "SPECTROSCOPY": "1.1.4.2",
    "RAW DATA": "1.1.66",
    "REGISTRATION": "1.1.66.1",
    "FIDUCIAL": "1.1.66.2",
    "VALUE MAP": "1.1.67",
    "SURFACE": "1.1.66.5",
    "MEASUREMENT": "1.1.78.1",
    "TRACT": "1.1.66.6",
    "ANNOTATION": "1.1.91.1",
    "ENCAP DOC": "1.1.104.1",
    "STEREOMETRIC": "1.1.77.1.5.3",
    "PLAN": "34.7",
    "SURFACE SCAN": "1.1.68.1",
    "ASSESSMENT": "1.1.90.1",
    "RADIOTHERAPY": "1.1.481.10",
    "HANGING PROTOCOL": "38.1",
    "PALETTE": "39.1",
    "IMPLANT": "43.1",
    "IMPLANT ASSY": "44.1",
    "IMPLANT GROUP": "45.1",
    "INVENTORY": "1.1.201.1",
}
LEAVES = sorted(CLASSES)
VALUES = {
    "CS": "TERM",
    "LO": "text",
    "SH": "text",
    "ST": "text",
    "LT": "text",
    "PN": "Name^A",
    "UI": "1.2.9",
    "DA": "20240102",
    "TM": "030405",
    "DT": "20240102030405",
    "IS": "7",
    "DS": "1.5",
    "US": 3,
    "UL": 4,
    "UV": 5,
}
MADE_UP = (
    *("DoseSummationType", "ConceptNameCodeSequence", "ImageType", "Rows", "Columns", "DataPointRows"),
    *("DataPointColumns", "Manufacturer", "ImplantName", "ImplantPartNumber", "InventoryLevel"),
)
"""Type 1 keys that no creator may supply, as far as tests leave everything else out."""


def written(dataset: Dataset) -> bytes:
    out = DicomBytesIO()
    out.is_implicit_VR, out.is_little_endian = False, True
    write_dataset(out, dataset, convert_encodings(dataset.get("SpecificCharacterSet", "ISO_IR 6")))
    return out.getvalue()


def head_of(data: bytes, syntax: str = EXPLICIT) -> KeptHead:
    scan = Scan(syntax)
    scan.feed(data)
    return KeptHead(scan.finish().head)


def member(dataset: Dataset, number: int = 0, patient: str = "p", patient_id: str = "") -> Member:
    """A member as the planner would describe it."""
    head = head_of(written(dataset))
    name = ("DICOM", f"IM{number:06d}")
    return Member(name, dataset.SOPClassUID, dataset.SOPInstanceUID, EXPLICIT, head, patient, patient_id)


def bare(sop_class: str = CT, number: int = 1, study: str = "1.2.1", series: str = "1.2.1.1") -> Dataset:
    """What a C-STORE needs and no more, but a Patient ID."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, f"1.2.1.1.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.PatientID = "ID1"
    return dataset


def code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "99TEST", f"Meaning {value}"
    return item


def reference(relationship: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = relationship, "CODE", [code("c")]
    item.ConceptCodeSequence = [code("d")]
    return item


def full(record: str, keywords: Sequence[str] | None = None) -> Dataset:
    """An instance with every key of its record, or with the keys named."""
    dataset = bare(SUFFIX + CLASSES[record])
    for level in ("PATIENT", "STUDY", "SERIES", record):
        for keyword, _ in KEYS[level]:
            if keyword not in dataset and (keywords is None or keyword in keywords):
                vr = dictionary_VR(keyword)
                setattr(dataset, keyword, [code("1")] if vr == "SQ" else VALUES[vr])
    return dataset


def directory(members: Sequence[Member], keys: Sequence[DirectoryKey] = (), missing: str = "supply") -> bytes:
    assert missing in {"supply", "fail"}
    return build(
        members,
        file_set_id="DISC_7A",
        file_set_uid=FILE_SET_UID,
        keys=keys,
        missing="supply" if missing == "supply" else "fail",
    )


def parsed(data: bytes) -> Dataset:
    return dcmread(io.BytesIO(data))


def walk(data: bytes) -> Iterator[tuple[tuple[str, ...], Dataset]]:
    """Every record that the offsets reach, with the types on the way to it; nothing may be reached twice."""
    whole = parsed(data)
    by_offset = {item.seq_item_tell: item for item in whole.DirectoryRecordSequence}
    reached: set[int] = set()

    def siblings(offset: int, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Dataset]]:
        last = 0
        while offset:
            assert data[offset : offset + 4] == b"\xfe\xff\x00\xe0"
            assert offset not in reached
            reached.add(offset)
            item = by_offset[offset]
            path = (*above, item.DirectoryRecordType)
            yield path, item
            yield from siblings(item.OffsetOfReferencedLowerLevelDirectoryEntity, path)
            last, offset = offset, item.OffsetOfTheNextDirectoryRecord
        if not above:
            assert last == whole.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity

    yield from siblings(whole.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, ())
    assert reached == by_offset.keys()


def records(data: bytes, kind: str) -> list[Dataset]:
    return [item for path, item in walk(data) if path[-1] == kind]


def real(names: Sequence[str] = REAL) -> tuple[list[Member], list[Path]]:
    """Members of pydicom's files, and where they lie."""
    paths = [Path(str(get_testdata_file(name, download=False))) for name in names]
    found = []
    for path in paths:
        meta = dcmread(path, stop_before_pixels=True).file_meta
        start = 132 + 12 + meta.FileMetaInformationGroupLength
        syntax = str(meta.TransferSyntaxUID)
        head = head_of(path.read_bytes()[start:], syntax)
        uid = str(head["SOPInstanceUID"])
        found.append(
            Member((), str(head["SOPClassUID"]), uid, syntax, head, str(head.get("PatientID")), path.stem)
        )
    names_on_medium = file_ids(
        [(m.patient, m.head["StudyInstanceUID"], m.head["SeriesInstanceUID"]) for m in found]
    )
    return [m._replace(file_id=name) for m, name in zip(found, names_on_medium, strict=True)], paths


def test_the_meta_information_names_the_file_set() -> None:
    data = directory([member(bare())])
    whole = parsed(data)
    assert data[:132] == bytes(128) + b"DICM"
    assert whole.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.1.3.10"
    assert whole.file_meta.MediaStorageSOPInstanceUID == FILE_SET_UID
    assert whole.file_meta.TransferSyntaxUID == EXPLICIT
    assert whole.file_meta.FileMetaInformationVersion == b"\0\1"
    assert (whole.FileSetID, whole.FileSetConsistencyFlag) == ("DISC_7A", 0)


def test_no_instances_are_an_empty_directory() -> None:
    whole = parsed(directory([]))
    assert whole.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity == 0
    assert whole.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity == 0
    assert len(whole.DirectoryRecordSequence) == 0


def test_the_same_members_make_the_same_bytes() -> None:
    members, _ = real()
    assert directory(members) == directory(members)


def test_real_files_are_all_reached_and_described_as_they_are() -> None:
    members, _ = real()
    found = {}
    for path, item in walk(directory(members)):
        assert item.RecordInUseFlag == 0xFFFF
        if "ReferencedFileID" in item:
            found[item.ReferencedSOPInstanceUIDInFile] = (path, item)
    assert len(found) == len(members)
    for one in members:
        path, item = found[one.sop_instance]
        assert path == ("PATIENT", "STUDY", "SERIES", record_type(one.sop_class))
        assert tuple(item.ReferencedFileID) == one.file_id
        assert item.ReferencedSOPClassUIDInFile == one.sop_class
        assert item.ReferencedTransferSyntaxUIDInFile == one.transfer_syntax


def test_records_stand_in_order_of_first_appearance_however_members_come() -> None:
    rows = [
        ("b", "2", "1"),
        ("a", "1", "1"),
        ("b", "1", "1"),
        ("b", "2", "1"),
        ("b", "2", "2"),
        ("a", "1", "1"),
    ]
    members = []
    for number, (patient, study, series) in enumerate(rows):
        dataset = bare(
            number=number,
            study=f"1.{patient == 'a':d}.{study}",
            series=f"1.{patient == 'a':d}.{study}.{series}",
        )
        dataset.PatientID = patient
        members.append(member(dataset, number, patient))
    data = directory(members)
    assert [item.PatientID for item in records(data, "PATIENT")] == ["b", "a"]
    assert [item.StudyInstanceUID for item in records(data, "STUDY")] == ["1.0.2", "1.0.1", "1.1.1"]
    assert [item.SeriesInstanceUID for item in records(data, "SERIES")] == [
        "1.0.2.1",
        "1.0.2.2",
        "1.0.1.1",
        "1.1.1.1",
    ]
    leaves = [int(item.ReferencedFileID[1][2:]) for item in records(data, "IMAGE")]
    assert leaves == [0, 3, 4, 2, 1, 5]


@pytest.mark.parametrize("record", LEAVES)
def test_each_record_type_stands_where_it_belongs_with_all_its_keys(record: str) -> None:
    data = directory([member(full(record))])
    path = (record,) if record in ROOT_RECORDS else ("PATIENT", "STUDY", "SERIES", record)
    assert [found for found, _ in walk(data)][-1] == path
    for found, item in walk(data):
        tags = [int(element.tag) for element in item]
        assert tags == sorted(tags)
        for slot in slots(found[-1]):
            if slot.kind == "1":
                assert not item[slot.tag].is_empty, slot
            if slot.kind == "2":
                assert slot.tag in item, slot


@pytest.mark.parametrize("record", [name for name in LEAVES if name not in ROOT_RECORDS])
def test_type_1_keys_are_supplied_and_type_2_keys_stand_empty_where_an_instance_has_none(record: str) -> None:
    data = directory([member(full(record, MADE_UP))])
    for found, item in walk(data):
        for slot in slots(found[-1]):
            if slot.kind == "1":
                assert not item[slot.tag].is_empty, slot
            if slot.kind == "2" and slot.tag != tag_for_keyword("ConceptNameCodeSequence"):
                assert item[slot.tag].is_empty, slot


def test_supplied_values_come_from_the_instance_or_its_place_and_never_from_a_clock() -> None:
    first, second, other = bare(number=1), bare(number=2), bare(number=3, series="1.2.1.2")
    first.SeriesDate, first.AcquisitionTime = "20200304", "112233"
    data = directory([member(first), member(second), member(other)])
    (study,) = records(data, "STUDY")
    assert (study.StudyDate, study.StudyTime, study.StudyID) == ("20200304", "112233", "1")
    assert [(item.SeriesNumber, item.Modality) for item in records(data, "SERIES")] == [(1, "OT"), (2, "OT")]
    assert [item.InstanceNumber for item in records(data, "IMAGE")] == [1, 2, 1]
    (undated,) = records(directory([member(bare())]), "STUDY")
    assert (undated.StudyDate, undated.StudyTime) == ("19000101", "000000")


def test_with_fail_each_instance_is_named_with_its_tags() -> None:
    absent, empty, whole = bare(number=1), full("IMAGE"), full("IMAGE")
    empty.SOPInstanceUID, empty.StudyInstanceUID, empty.StudyID = "1.9.1", "1.9", ""
    whole.SOPInstanceUID, whole.StudyInstanceUID = "1.8.1", "1.8"
    members = [member(absent), member(empty, 1), member(whole, 2)]
    with pytest.raises(RequestFailed) as caught:
        directory(members, missing="fail")
    assert caught.value.info is StatusInfo.DIR_PROC_ERR
    first, second = caught.value.failed
    assert (first.sop_instance, first.reason) == ("1.2.1.1.1", FailureReason.MISSING_ATTRIBUTE)
    assert first.attributes == (0x00080020, 0x00080030, 0x00080060, 0x00200010, 0x00200011, 0x00200013)
    assert (second.sop_instance, second.reason) == ("1.9.1", FailureReason.MISSING_ATTRIBUTE_VALUE)
    assert second.attributes == (0x00200010,)
    assert "(0020,0010)" in second.why


def test_what_is_clinical_is_never_made_up() -> None:
    with pytest.raises(RequestFailed) as caught:
        directory([member(bare(SUFFIX + CLASSES["RT DOSE"]))])
    (failed,) = caught.value.failed
    assert (failed.reason, failed.attributes) == (FailureReason.MISSING_ATTRIBUTE, (0x3004000A,))


def test_a_class_without_a_record_fails_and_is_named() -> None:
    odd = bare("1.2.840.10008.5.1.4.1.1.200.1", 5)
    with pytest.raises(RequestFailed) as caught:
        directory([member(bare()), member(odd)])
    (failed,) = caught.value.failed
    assert (failed.sop_instance, failed.reason) == ("1.2.1.1.5", FailureReason.SOP_CLASS_NOT_SUPPORTED)


def test_an_upper_record_takes_each_key_from_the_first_below_that_has_it() -> None:
    first, second, third = bare(number=1), bare(number=2), bare(number=3)
    first.PatientName, second.PatientName, third.PatientName = "", "Doe^J", "Doe^Jane"
    second.PatientSex, third.StudyDescription = "F", "Thorax"
    first.InstitutionName, third.InstitutionName = " ", "Clinic"
    keys = [
        DirectoryKey("PatientSex", ("PATIENT",), "1C"),
        DirectoryKey("PatientBirthDate", ("PATIENT",), "1C"),
    ]
    keys += [
        DirectoryKey("InstitutionName", ("SERIES",), "2"),
        DirectoryKey("InstitutionAddress", ("SERIES",), "2"),
    ]
    data = directory([member(one) for one in (first, second, third)], keys)
    (patient,), (study,), (series,) = (records(data, kind) for kind in ("PATIENT", "STUDY", "SERIES"))
    assert (str(patient.PatientName), patient.PatientSex) == ("Doe^J", "F")
    assert "PatientBirthDate" not in patient
    assert study.StudyDescription == "Thorax"
    assert (series.InstitutionName, series.InstitutionAddress) == ("Clinic", "")


def test_a_made_patient_id_stands_only_where_the_instance_has_none() -> None:
    nobody, somebody = bare(number=1), bare(number=2, study="1.5", series="1.5.1")
    nobody.PatientID = ""
    data = directory([member(nobody, 0, "n", "MADE_1"), member(somebody, 1, "s", "MADE_2")])
    assert [item.PatientID for item in records(data, "PATIENT")] == ["MADE_1", "ID1"]
    with pytest.raises(RequestFailed) as caught:
        directory([member(nobody, 0, "n")])
    assert caught.value.failed[0].attributes == (0x00100020,)


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        ("ISO_IR 100", "Buc^Jérôme"),
    ],
)
def test_names_decode_as_in_the_instance(charset: str | list[str], name: str) -> None:
    dataset = bare()
    dataset.SpecificCharacterSet, dataset.PatientName = charset, name
    (patient,) = records(directory([member(dataset)]), "PATIENT")
    assert patient.SpecificCharacterSet == charset
    assert str(patient.PatientName) == name


def test_text_of_another_character_set_is_not_mixed_in() -> None:
    latin, utf = bare(number=1), bare(number=2)
    latin.SpecificCharacterSet, utf.SpecificCharacterSet = "ISO_IR 100", "ISO_IR 192"
    latin.PatientName, utf.PatientName = "Müller", "Müller"
    utf.StudyDescription, utf.AccessionNumber = "Schädel", "A1"
    latin.StudyID = "Ä1"
    data = directory([member(latin), member(utf)])
    (study,) = records(data, "STUDY")
    assert (study.SpecificCharacterSet, study.StudyID) == ("ISO_IR 100", "Ä1")
    assert (study.StudyDescription, study.AccessionNumber) == ("", "A1")


def test_a_record_whose_own_text_is_plain_can_take_another_character_set() -> None:
    plain, utf = bare(number=1), bare(number=2)
    utf.SpecificCharacterSet, utf.PatientName = "ISO_IR 192", "Müller"
    (patient,) = records(directory([member(plain), member(utf)]), "PATIENT")
    assert (patient.SpecificCharacterSet, str(patient.PatientName)) == ("ISO_IR 192", "Müller")


def test_related_classes_stand_in_the_record() -> None:
    dataset = bare()
    dataset.RelatedGeneralSOPClassUID = ["1.2.8.1", "1.2.8.2"]
    (image,) = records(directory([member(dataset)]), "IMAGE")
    assert list(image.ReferencedRelatedGeneralSOPClassUIDInFile) == ["1.2.8.1", "1.2.8.2"]


def test_a_document_says_its_title_its_last_verification_and_its_modifiers_only() -> None:
    dataset = full("SR DOCUMENT")
    observers = [Dataset(), Dataset(), Dataset()]
    for observer, when in zip(observers, ("20240101", "20240301120000", "202402"), strict=True):
        observer.VerificationDateTime = when
    dataset.VerifyingObserverSequence, dataset.VerificationFlag = observers, "VERIFIED"
    del dataset.VerificationDateTime
    dataset.ConceptNameCodeSequence = [code("1"), code("2")]
    dataset.ContentSequence = [
        reference("HAS CONCEPT MOD"),
        reference("CONTAINS"),
        reference("HAS OBS CONTEXT"),
    ]
    (item,) = records(directory([member(dataset)]), "SR DOCUMENT")
    assert item.VerificationDateTime == "20240301120000"
    assert [title.CodeValue for title in item.ConceptNameCodeSequence] == ["1"]
    assert [content.RelationshipType for content in item.ContentSequence] == ["HAS CONCEPT MOD"]
    dataset.VerificationFlag = "UNVERIFIED"
    (item,) = records(directory([member(dataset)]), "SR DOCUMENT")
    assert "VerificationDateTime" not in item


def referenced_series() -> Dataset:
    image, series = Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = CT, "1.2.7"
    image.PurposeOfReferenceCodeSequence = [code("p")]
    series.SeriesInstanceUID, series.StationName, series.ReferencedImageSequence = "1.2.6", "X", [image]
    return series


def blended() -> Dataset:
    item = Dataset()
    item.StudyInstanceUID, item.BlendingPosition = "1.2.5", "SUPERIMPOSED"
    item.ReferencedSeriesSequence = [referenced_series()]
    return item


def test_a_presentation_state_refers_to_images_and_says_no_more_of_them() -> None:
    dataset = full("PRESENTATION")
    dataset.ReferencedSeriesSequence, dataset.BlendingSequence = [referenced_series()], [blended(), blended()]
    (item,) = records(directory([member(dataset)]), "PRESENTATION")
    assert [set(one.dir()) for one in item.BlendingSequence] == [
        {"StudyInstanceUID", "ReferencedSeriesSequence"}
    ] * 2
    for series in (*item.ReferencedSeriesSequence, item.BlendingSequence[1].ReferencedSeriesSequence[0]):
        assert set(series.dir()) == {"SeriesInstanceUID", "ReferencedImageSequence"}
        assert set(series.ReferencedImageSequence[0].dir()) == {
            "ReferencedSOPClassUID",
            "ReferencedSOPInstanceUID",
        }


IMAGE_KEYS = [
    DirectoryKey("ImageType", ("IMAGE",), "1C"),
    DirectoryKey("CalibrationImage", ("IMAGE",), "2C"),
    DirectoryKey("PixelSpacing", ("IMAGE",), "1C"),
    DirectoryKey("ReferencedImageSequence", ("IMAGE",), "1C"),
    DirectoryKey("LossyImageCompressionRatio", ("IMAGE",), "2"),
    DirectoryKey("Rows", ("IMAGE",), "1"),
]


def test_profile_keys_stand_exactly_where_their_type_says() -> None:
    rich, poor = bare(number=1), bare(number=2)
    rich.ImageType, rich.CalibrationImage, rich.PixelSpacing, rich.Rows = (
        ["DERIVED", "PRIMARY"],
        "",
        [0.5, 0.25],
        2,
    )
    poor.ImageType, poor.Rows = "", 3
    data = directory([member(rich), member(poor)], IMAGE_KEYS)
    first, second = records(data, "IMAGE")
    assert (list(first.ImageType), first.CalibrationImage, first.Rows) == (["DERIVED", "PRIMARY"], "", 2)
    assert list(first.PixelSpacing) == [0.5, 0.25]
    assert "ImageType" not in second
    assert "CalibrationImage" not in second
    assert (second.LossyImageCompressionRatio, second.Rows) == (None, 3)


def test_profile_keys_are_found_in_the_shared_functional_groups() -> None:
    measures, image, shared = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = CT, "1.2.7"
    shared.PixelMeasuresSequence, shared.ReferencedImageSequence = [measures], [image]
    dataset = bare()
    dataset.SharedFunctionalGroupsSequence, dataset.Rows = [shared], 1
    (item,) = records(directory([member(dataset)], IMAGE_KEYS), "IMAGE")
    assert list(item.PixelSpacing) == [0.5, 0.25]
    assert item.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.7"


def test_a_profile_key_of_type_1_that_is_absent_fails() -> None:
    with pytest.raises(RequestFailed) as caught:
        directory([member(bare())], IMAGE_KEYS)
    assert caught.value.failed[0].attributes == (0x00280010,)


def test_values_too_long_for_their_representation_are_copied_as_they_are() -> None:
    dataset = bare()
    data = written(dataset) + struct.pack("<HH2sH", 0x0020, 0x0010, b"SH", 40) + b"A" * 40
    one = member(dataset)._replace(head=head_of(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (study,) = records(directory([one]), "STUDY")
        assert study.StudyID == "A" * 40


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """A folder as it would stand on a medium; returns the path of its DICOMDIR."""
    members, paths = real()
    for one, path in zip(members, paths, strict=True):
        target = tmp_path.joinpath(*one.file_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (tmp_path / "DICOMDIR").write_bytes(directory(members, IMAGE_KEYS[:4]))
    return tmp_path / "DICOMDIR"


def test_pydicom_loads_the_file_set_whole(volume: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = FileSet(volume)
        assert len(found) == len(REAL)
        assert all(Path(one.path).is_file() for one in found)
        assert all(one.load().SOPInstanceUID == one.SOPInstanceUID for one in found)
        assert (found.ID, found.UID) == ("DISC_7A", FILE_SET_UID)
        del found  # it warns of the temporary folder that it leaves to be collected
        gc.collect()


def asked(*command: str) -> str:
    """What a judge says; it must not fail."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.mark.judge("dcmdump")
def test_dcmdump_reads_it_without_a_word(volume: Path) -> None:
    said = asked("dcmdump", str(volume))
    assert not [line for line in said.splitlines() if line.startswith(("W:", "E:", "F:"))]
    assert said.count("ReferencedSOPInstanceUIDInFile") == len(REAL)


@pytest.mark.judge("dcmftest")
def test_dcmftest_knows_the_file_format(volume: Path) -> None:
    assert asked("dcmftest", str(volume)).startswith("yes:")


@pytest.mark.judge("dcdirdmp")
def test_dcdirdmp_finds_every_file(volume: Path) -> None:
    said = asked("dcdirdmp", str(volume))
    assert "Error" not in said
    assert said.count("->") == len(REAL)


@pytest.mark.judge("dciodvfy")
@pytest.mark.parametrize(
    "record", ["IMAGE", "SR DOCUMENT", "PRESENTATION", "WAVEFORM", "RT PLAN", "ENCAP DOC"]
)
def test_dciodvfy_finds_no_error(tmp_path: Path, record: str) -> None:
    dataset = full(record)
    dataset.Modality, dataset.HL7InstanceIdentifier = "OT", ""
    if record == "SR DOCUMENT":
        dataset.ContentSequence = [reference("HAS CONCEPT MOD")]
        dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
    if record == "PRESENTATION":
        dataset.ReferencedSeriesSequence = [referenced_series()]
        del dataset.BlendingSequence
    (tmp_path / "DICOMDIR").write_bytes(directory([member(dataset)]))
    said = asked("dciodvfy", str(tmp_path / "DICOMDIR"))
    assert not [line for line in said.splitlines() if line.startswith("Error")], said
