"""Which record stands for which class, and what it carries."""

import pytest
from burnish.contracts.profile import DirectoryKey
from burnish.fileset.records import KEYS, ROOT_RECORDS, record_type, slots
from burnish.instances.keys import KEYS as KEPT_KEYS
from pydicom import uid as uids
from pydicom.datadict import dictionary_has_tag, tag_for_keyword
from pydicom.uid import UID

STORAGE = "1.2.840.10008.5.1.4.1.1."

PROFILE_KEYS = (
    "ImageType ReferencedImageSequence ImagePositionPatient ImageOrientationPatient FrameOfReferenceUID"
    " PixelSpacing Rows Columns PatientBirthDate PatientSex InstitutionName InstitutionAddress"
    " PerformingPhysicianName CalibrationImage LossyImageCompressionRatio NumberOfFrames"
    " SynchronizationFrameOfReferenceUID AcquisitionTimeSynchronized AcquisitionDateTime IconImageSequence"
)


@pytest.mark.parametrize(
    ("sop_class", "record"),
    [
        (STORAGE + "2", "IMAGE"),
        (STORAGE + "4.1", "IMAGE"),
        (STORAGE + "66.4", "IMAGE"),
        (STORAGE + "30", "IMAGE"),
        (STORAGE + "481.1", "IMAGE"),
        (STORAGE + "481.2", "RT DOSE"),
        (STORAGE + "481.8", "RT PLAN"),
        (STORAGE + "88.67", "SR DOCUMENT"),
        (STORAGE + "88.59", "KEY OBJECT DOC"),
        (STORAGE + "131", "PRESENTATION"),
        (STORAGE + "104.3", "ENCAP DOC"),
        (STORAGE + "9.100.1", "WF PRESENTATION"),
        ("1.2.840.10008.5.1.4.38.1", "HANGING PROTOCOL"),
        ("1.2.840.10008.5.1.4.34.7", "PLAN"),
        (STORAGE + "200.1", None),
        (STORAGE + "200.3", None),
        (STORAGE + "9", None),
        ("1.2.840.10008.1.1", None),
        ("1.2.840.10008.1.2", None),
        ("1.2.3.4", None),
        ("no uid", None),
        ("", None),
    ],
)
def test_a_class_has_its_record(sop_class: str, record: str | None) -> None:
    assert record_type(sop_class) == record


def test_every_current_storage_class_has_a_record_but_the_protocols_and_reports_without_one() -> None:
    without = {
        UID(uid).keyword
        for uid, entry in uids.UID_dictionary.items()  # type: ignore[attr-defined]
        if entry[1] == "SOP Class"
        and "Storage" in entry[0]
        and entry[3] != "Retired"
        and not record_type(uid)
    }
    assert without == {
        "CTDefinedProcedureProtocolStorage",
        "CTPerformedProcedureProtocolStorage",
        "DICOSQuadrupoleResonanceStorage",
        "DICOSThreatDetectionReportStorage",
        "MediaStorageDirectoryStorage",
        "ProtocolApprovalStorage",
        "StorageCommitmentPushModel",
        "XADefinedProcedureProtocolStorage",
        "XAPerformedProcedureProtocolStorage",
    }


def test_every_key_of_a_record_or_a_profile_is_kept_by_the_scan() -> None:
    kept = {key.keyword for key in KEPT_KEYS}
    assert {keyword for rows in KEYS.values() for keyword, _ in rows} <= kept
    assert set(PROFILE_KEYS.split()) <= kept


@pytest.mark.parametrize("record", KEYS)
def test_rows_are_attributes_with_a_type(record: str) -> None:
    for keyword, kind in KEYS[record]:
        assert dictionary_has_tag(tag_for_keyword(keyword) or 0)
        assert kind in {"1", "1C", "2", "2C", "3"}
    assert KEYS.keys() >= ROOT_RECORDS


def test_slots_stand_in_tag_order_and_the_stricter_type_holds() -> None:
    asked = (
        DirectoryKey("Rows", ("IMAGE",), "1C"),
        DirectoryKey("Rows", ("IMAGE", "SPECTROSCOPY"), "1"),
        DirectoryKey("InstanceNumber", ("IMAGE",), "3"),
        DirectoryKey("PatientSex", ("PATIENT",), "2"),
    )
    found = [(slot.tag, slot.kind) for slot in slots("IMAGE", asked)]
    assert found == [(0x00200013, "1"), (0x00280010, "1")]
    assert 0x00100040 in {slot.tag for slot in slots("PATIENT", asked)}


def test_a_key_that_is_no_attribute_is_refused() -> None:
    with pytest.raises(ValueError, match="Rowz"):
        slots("IMAGE", [DirectoryKey("Rowz", ("IMAGE",), "1")])
