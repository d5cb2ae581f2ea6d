"""Keys that directory records lack, on media by other hands."""

import gc
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from burnish.fileset.verify import verify
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.uid import ExplicitVRLittleEndian

SR = "test-SR.dcm"


def medium(folder: Path, *data_sets: Dataset) -> Path:
    """A file-set by pydicom."""
    files = FileSet()
    files.ID = "KEYS"
    with warnings.catch_warnings():
        # its staging folder is left to the garbage collector, which warns
        warnings.simplefilter("ignore", ResourceWarning)
        for ds in data_sets:
            files.add(ds)
        files.write(folder, use_existing=False)
        del files
        gc.collect()
    return folder


def real(name: str) -> Dataset:
    return dcmread(str(get_testdata_file(name)))


def hanging_protocol() -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.38.1", "1.2.3.4"
    ds.HangingProtocolCreator, ds.HangingProtocolCreationDateTime = "Doe", "20200101101112"
    ds.HangingProtocolDefinitionSequence = [Dataset()]
    ds.HangingProtocolDefinitionSequence[0].Modality = "CT"
    ds.NumberOfPriorsReferenced = 0
    ds.HangingProtocolUserIdentificationCodeSequence = []
    ds.HangingProtocolName, ds.HangingProtocolDescription, ds.HangingProtocolLevel = "N", "D", "SITE"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def lacks(folder: Path) -> list[str]:
    """What records have not, in the order of the records."""
    found = verify(folder, {})
    assert found.readable
    assert all(one.clause == "PS3.3 F.5" for one in found.findings), found.findings
    return [one.text.partition(" has no ")[2] for one in found.findings]


def test_pydicom_leaves_out_type_1_keys_of_a_hanging_protocol(tmp_path: Path) -> None:
    assert lacks(medium(tmp_path, hanging_protocol())) == [
        "Hanging Protocol Name",
        "Hanging Protocol Description",
        "Hanging Protocol Level",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.replace(b"SH\x04\0001CT1", b"SH\x04\0    ", 1), ["Study ID"]),
        (lambda data: data.replace(b"\x20\0\x10\0SH", b"\x21\0\x10\0SH", 1), ["Study ID"]),
        (
            lambda data: data.replace(b"\x08\0\x50\0SH", b"\x09\0\x50\0SH", 1),
            ["Accession Number, not even an empty one"],
        ),
        (lambda data: data.replace(b"\x04\0\x12\x15UI", b"\x05\0\x12\x15UI", 1), None),
    ],
)
def test_a_key_that_is_missing_is_found(
    tmp_path: Path, change: Callable[[bytes], bytes], said: list[str] | None
) -> None:
    folder = medium(tmp_path, real("CT_small.dcm"))
    path = folder / "DICOMDIR"
    changed = change(path.read_bytes())
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    if said is None:
        texts = [one.text for one in verify(folder, {}).findings]
        assert any(text.endswith("has no Referenced Transfer Syntax UID in File") for text in texts)
    else:
        assert lacks(folder) == said


def test_a_verified_document_has_to_say_when(tmp_path: Path) -> None:
    ds = real(SR)
    ds.PatientID, ds.StudyDate, ds.StudyTime, ds.StudyID = "P", "20200101", "101112", "1"
    ds.SeriesNumber = ds.InstanceNumber = 1
    ds.VerificationFlag, ds.VerificationDateTime = "VERIFIED", "20200101"
    folder = medium(tmp_path, ds)
    assert lacks(folder) == []
    path = folder / "DICOMDIR"
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\x30\xa0DT\x08\x0020200101", b"\x30\xa0DT\x08\0        "))
    assert lacks(folder) == ["Verification DateTime"]
