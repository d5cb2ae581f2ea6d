"""Requests that are accepted and fail, each with its reason: cases 71, 72, 76, 79, 112, and 73."""

from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.histories import Watched
from tests.iso import Image
from tests.lab import Installation, ct, mr, reference, request

PROTOCOL = "1.2.840.10008.5.1.4.1.1.200.1"
"""CT Defined Procedure Protocol Storage: an instance that no directory record describes."""


def made(scu: Watched, attributes: Dataset) -> tuple[str, tuple[str, str, int]]:
    """Create, start and wait; the UID and the last state."""
    uid = str(generate_uid())
    assert scu.create(attributes, uid) == 0
    assert scu.initiate(uid) == 0
    return uid, scu.wait(uid)


def failed(scu: Watched, attributes: Dataset, info: str) -> list[tuple[str, str, int, tuple[int, ...]]]:
    """The request fails with this info and no medium; its failed items."""
    uid, last = made(scu, attributes)
    assert last == ("FAILURE", info, 0)
    told = scu.get(uid)[1]
    assert list(told.ReferencedStorageMediaSequence) == []
    return [_item(item) for item in told.FailedSOPSequence]


def _item(item: Dataset) -> tuple[str, str, int, tuple[int, ...]]:
    tags = item.get("FailureAttributes", ())
    listed = (tags,) if isinstance(tags, int) else tuple(tags or ())
    return (
        item.ReferencedSOPClassUID,
        item.ReferencedSOPInstanceUID,
        item.FailureReason,
        tuple(int(tag) for tag in listed),
    )


def stored(scu: Watched, *instances: Dataset) -> list[Dataset]:
    assert set(scu.store(*instances)) == {0}
    return list(instances)


def test_case_71_a_missing_instance_is_named(scu: Watched) -> None:
    here, [absent] = stored(scu, *ct(2)), ct(1)
    items = failed(scu, request([here[0], absent, here[1]]), "NO_INSTANCE")
    assert items == [(absent.SOPClassUID, absent.SOPInstanceUID, 0x0112, ())]


def test_case_71_every_missing_instance_is_named(scu: Watched) -> None:
    absent = ct(3)
    items = failed(scu, request([*stored(scu, *mr(1)), *absent]), "NO_INSTANCE")
    assert {item[1] for item in items} == {ds.SOPInstanceUID for ds in absent}


def test_case_72_an_unknown_profile_names_its_attribute(scu: Watched) -> None:
    slices = stored(scu, *ct(2))
    items = failed(scu, request(slices, "STD-FOO"), "NOT_SUPPORTED")
    assert items == [(ds.SOPClassUID, ds.SOPInstanceUID, 0x0204, (0x2200000C,)) for ds in slices]


def test_case_73_a_class_that_no_record_describes(scu: Watched) -> None:
    [odd] = ct(1, SOPClassUID=PROTOCOL)
    odd.file_meta.MediaStorageSOPClassUID = PROTOCOL
    items = failed(scu, request(stored(scu, odd)), "NOT_SUPPORTED")
    assert items == [(PROTOCOL, odd.SOPInstanceUID, 0x0122, ())]


def test_case_74_a_reference_with_another_class(scu: Watched) -> None:
    right, wrong = stored(scu, *ct(2))
    attributes = request([right, wrong])
    named = mr(1)[0].SOPClassUID
    attributes.ReferencedSOPSequence[1].ReferencedSOPClassUID = named
    items = failed(scu, attributes, "INST_AP_CONFLICT")
    assert items == [(named, wrong.SOPInstanceUID, 0x0119, ())]


def test_case_79_an_instance_that_is_named_twice(scu: Watched) -> None:
    slices = stored(scu, *ct(2))
    attributes = request(slices)
    attributes.ReferencedSOPSequence.append(reference(slices[0]))
    items = failed(scu, attributes, "DUPL_REF_INST")
    assert [item[1] for item in items] == [slices[0].SOPInstanceUID]


@pytest.mark.parametrize(
    ("attributes", "tags"),
    [
        ({"PatientName": "Other^Person"}, (0x00100010,)),
        ({"PatientBirthDate": "19010101"}, (0x00100030,)),
        ({"PatientSex": "F"}, (0x00100040,)),
        ({"PatientName": "Other^Person", "PatientSex": "F"}, (0x00100010, 0x00100040)),
        ({"IssuerOfPatientID": "B"}, (0x00100021,)),
    ],
    ids=str,
)
def test_case_112_one_patient_id_for_two_people_is_a_conflict_and_names_no_one(
    scu: Watched, burnish: Installation, attributes: dict[str, Any], tags: tuple[int, ...]
) -> None:
    known = {"PatientID": "P112", "PatientBirthDate": "19500101", "PatientSex": "M", "IssuerOfPatientID": "A"}
    right, [wrong] = stored(scu, *ct(2, **known)), stored(scu, *ct(1, **{**known, **attributes}))
    before = set(burnish.out.rglob("*.iso"))
    items = failed(scu, request([*right, wrong]), "PROC_FAILURE")
    assert items == [(wrong.SOPClassUID, wrong.SOPInstanceUID, 0x0110, tags)]
    assert set(burnish.out.rglob("*.iso")) == before


def test_case_112_compatible_spellings_are_one_patient(scu: Watched, burnish: Installation) -> None:
    known = {"PatientID": "P112B", "PatientBirthDate": "19500101"}
    spelt = [
        {**known, "PatientName": "Doe^Jane^^^"},
        {**known, "PatientName": "DOE^Jane"},
        {"PatientID": "P112B", "PatientName": "doe^J", "PatientBirthDate": ""},
    ]
    slices = [ds for attributes in spelt for ds in stored(scu, *ct(1, **attributes))]
    uid, last = made(scu, request(slices))
    assert last == ("DONE", "NORMAL", 1)
    [medium] = scu.get(uid)[1].ReferencedStorageMediaSequence
    [path] = burnish.out.glob(f"*/{medium.StorageMediaFileSetID}-1-1.iso")
    records = dcmread(BytesIO(Image(path).files["DICOMDIR"])).DirectoryRecordSequence
    kinds = [record.DirectoryRecordType for record in records]
    assert kinds.count("PATIENT") == 1
    assert kinds.count("IMAGE") == 3


def test_pixels_that_are_not_there_are_missed(scu: Watched) -> None:
    """An instance whose Pixel Data is shorter than its attributes say is kept, and put on no medium."""
    whole, short = ct(2)
    short.PixelData = short.PixelData[:-2]
    stored(scu, whole, short)
    items = failed(scu, request([whole, short]), "PROC_FAILURE")
    assert items == [(short.SOPClassUID, short.SOPInstanceUID, 0x0110, (0x7FE00010,))]
    assert made(scu, request([whole]))[1] == ("DONE", "NORMAL", 1)


def test_compressed_pixels_that_say_they_are_not(scu: Watched) -> None:
    """Fragments in Explicit VR Little Endian: a viewer would show noise, or nothing."""
    [odd] = ct(1)
    fragment = b"\xfe\xff\x00\xe0" + (4).to_bytes(4, "little") + b"\xff\xd8\xff\xd9"
    odd.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0" + fragment + b"\xfe\xff\xdd\xe0\0\0\0\0"
    odd["PixelData"].VR = "OB"
    odd["PixelData"].is_undefined_length = True
    stored(scu, odd)
    items = failed(scu, request([odd]), "PROC_FAILURE")
    assert items == [(odd.SOPClassUID, odd.SOPInstanceUID, 0x0110, (0x7FE00010,))]
