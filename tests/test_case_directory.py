"""The DICOMDIR of a medium that was made: cases 106 to 111 and 118, for one instance of each kind."""

import struct
from collections.abc import Iterator

import pytest
from pydicom.dataset import Dataset

from tests.media import Medium
from tests.record_types import LEAVES, ROOTS, UPPER, rows

INSTANCES = {**LEAVES, **ROOTS}
ABOVE = {
    "PATIENT": None,
    "STUDY": "PATIENT",
    "SERIES": "STUDY",
    **dict.fromkeys(LEAVES, "SERIES"),
    **dict.fromkeys(ROOTS),
}
"""PS3.3 Table F.4-1; every type stands on the medium."""


def records(medium: Medium, kind: str) -> list[Dataset]:
    """The records of a type."""
    return [r for r in medium.directory.DirectoryRecordSequence if r.DirectoryRecordType == kind]


class Walk:
    """The directory, followed by its offsets through its bytes alone; PS3.3 F.3.2.2."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.items = dict(self._listed())
        self.first, self.last = self._long(0x1200), self._long(0x1202)

    def _long(self, element: int) -> int:
        at = self.data.index(struct.pack("<HH2sH", 4, element, b"UL", 4))
        return int(struct.unpack_from("<I", self.data, at + 8)[0])

    def _listed(self) -> Iterator[tuple[int, bytes]]:
        """Every item of the Directory Record Sequence with its place in the file."""
        at = self.data.index(struct.pack("<HH2s", 4, 0x1220, b"SQ"))
        (length,) = struct.unpack_from("<I", self.data, at + 8)
        at += 12
        end = at + length if length != 0xFFFFFFFF else len(self.data)
        while at < end and self.data[at : at + 4] == b"\xfe\xff\x00\xe0":
            (length,) = struct.unpack_from("<I", self.data, at + 4)
            assert length != 0xFFFFFFFF, "an item of undefined length"
            yield at, self.data[at + 8 : at + 8 + length]
            at += 8 + length

    def kind(self, at: int) -> str:
        """Directory Record Type of the item at an offset."""
        assert self.data[at : at + 4] == b"\xfe\xff\x00\xe0", f"{at} is no item"
        body = self.items[at]
        place = body.index(struct.pack("<HH2s", 4, 0x1430, b"CS"))
        (length,) = struct.unpack_from("<H", body, place + 6)
        return body[place + 8 : place + 8 + length].decode().strip()

    def offset(self, at: int, element: int) -> int:
        """One of the offsets of the item at an offset."""
        place = self.items[at].index(struct.pack("<HH2sH", 4, element, b"UL", 4))
        return int(struct.unpack_from("<I", self.items[at], place + 8)[0])

    def follow(self, at: int, above: str | None = None) -> Iterator[tuple[int, str, str | None]]:
        """Offset, type and the type above of every record that is reached from here."""
        while at:
            yield at, self.kind(at), above
            yield from self.follow(self.offset(at, 0x1420), self.kind(at))
            at = self.offset(at, 0x1400)


def test_case_106_and_118_meta_information_flags_and_uid(everything: Medium) -> None:
    directory = everything.directory
    assert directory.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert directory.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.1.3.10"
    assert directory.file_meta.MediaStorageSOPInstanceUID == everything.file_set_uid
    assert directory.FileSetID == everything.file_set_id
    assert directory.FileSetConsistencyFlag == 0
    assert {record.RecordInUseFlag for record in directory.DirectoryRecordSequence} == {0xFFFF}


def test_case_107_one_dicomdir_at_the_root(everything: Medium) -> None:
    named = [r.path for r in everything.image.records if b"DICOMDIR" in r.path[-1]]
    assert named == [(b"DICOMDIR.;1",)]


def test_case_108_and_109_every_record_is_reached_once_below_what_it_belongs_to(everything: Medium) -> None:
    walk = Walk(everything.files["DICOMDIR"])
    reached = list(walk.follow(walk.first))
    offsets = [at for at, _, _ in reached]
    assert len(offsets) == len(set(offsets))
    assert set(offsets) == set(walk.items)
    assert all(ABOVE[kind] == above for _, kind, above in reached)
    roots = [at for at, _, above in reached if above is None]
    assert walk.last == roots[-1]
    assert {kind for _, kind, _ in reached} == set(ABOVE)


@pytest.mark.parametrize("kind", [*UPPER, *INSTANCES])
def test_case_110_type_1_keys_have_values_and_type_2_keys_stand(everything: Medium, kind: str) -> None:
    found = records(everything, kind)
    assert found
    for record in found:
        for keyword, type_ in rows(kind):
            assert keyword in record or type_ not in ("1", "2"), (keyword, record)
            assert type_ != "1" or record[keyword].value not in ("", None, []), (keyword, record)


@pytest.mark.parametrize("kind", INSTANCES)
def test_case_110_keys_say_what_the_instance_says(everything: Medium, kind: str) -> None:
    by_uid = {ds.SOPInstanceUID: ds for ds in everything.instances.values()}
    for record in records(everything, kind):
        instance = by_uid[record.ReferencedSOPInstanceUIDInFile]
        for keyword, _ in rows(kind):
            if value := said(instance, keyword):
                assert record[keyword].value == value, keyword


def said(instance: Dataset, keyword: str) -> object:
    """What the record is to repeat of an instance; of a document's content the modifiers of its title."""
    value = instance.get(keyword)
    if keyword == "ContentSequence":
        return [item for item in value or () if item.get("RelationshipType") == "HAS CONCEPT MOD"]
    return value


def test_case_110_and_114_a_document_tells_its_modifiers_and_nothing_else(everything: Medium) -> None:
    [record] = records(everything, "KEY OBJECT DOC")
    assert [item.RelationshipType for item in record.ContentSequence] == ["HAS CONCEPT MOD"]
    assert b"not for the directory" not in everything.files["DICOMDIR"]
    for record in records(everything, "SR DOCUMENT"):
        assert {item.RelationshipType for item in record.get("ContentSequence", [])} <= {"HAS CONCEPT MOD"}


def test_case_110_and_117_text_stands_with_its_character_set(everything: Medium) -> None:
    named = [r for r in records(everything, "PATIENT") if r.PatientID == "KINDS"]
    assert [(r.SpecificCharacterSet, str(r.PatientName)) for r in named] == [
        ("ISO_IR 192", "M\u00fcller^J\u00fcrgen")
    ]


def test_case_109_patients_studies_series_and_leaves_stand_once(everything: Medium) -> None:
    for kind, keyword in (
        ("PATIENT", "PatientID"),
        ("STUDY", "StudyInstanceUID"),
        ("SERIES", "SeriesInstanceUID"),
    ):
        values = [record[keyword].value for record in records(everything, kind)]
        assert len(values) == len(set(values)), (kind, values)
    leaves = [r.ReferencedSOPInstanceUIDInFile for kind in INSTANCES for r in records(everything, kind)]
    assert sorted(leaves) == sorted(ds.SOPInstanceUID for ds in everything.sent)


def test_case_111_references_equal_the_files_and_every_file_is_referenced_once(everything: Medium) -> None:
    referenced = {}
    for kind in INSTANCES:
        for record in records(everything, kind):
            path = "/".join(
                [record.ReferencedFileID]
                if isinstance(record.ReferencedFileID, str)
                else record.ReferencedFileID
            )
            assert path not in referenced, path
            referenced[path] = (
                record.ReferencedSOPClassUIDInFile,
                record.ReferencedSOPInstanceUIDInFile,
                record.ReferencedTransferSyntaxUIDInFile,
            )
    metas = {path: ds.file_meta for path, ds in everything.instances.items()}
    assert referenced == {
        path: (m.MediaStorageSOPClassUID, m.MediaStorageSOPInstanceUID, m.TransferSyntaxUID)
        for path, m in metas.items()
    }
    for ds in everything.instances.values():
        meta = ds.file_meta
        assert (ds.SOPClassUID, ds.SOPInstanceUID) == (
            meta.MediaStorageSOPClassUID,
            meta.MediaStorageSOPInstanceUID,
        )
