"""One instance of each kind that a directory tells apart: real files, and made ones where there are none."""

from collections.abc import Iterator
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

from tests.lab import data_set

REAL = (
    "rtdose_1frame.dcm",
    "rtstruct.dcm",
    "rtplan.dcm",
    "reportsi.dcm",
    "test-SR.dcm",
    "waveform_ecg.dcm",
    "MR_small_implicit.dcm",
    "SC_rgb_small_odd.dcm",
    "liver_1frame.dcm",
    "examples_palette.dcm",
)
"""Files that come with pydicom; implicit and explicit, one without group 2."""

CLASSES = {
    "KEY OBJECT DOC": "1.2.840.10008.5.1.4.1.1.88.59",
    "RT TREAT RECORD": "1.2.840.10008.5.1.4.1.1.481.4",
    "PRESENTATION": "1.2.840.10008.5.1.4.1.1.11.1",
    "ENCAP DOC": "1.2.840.10008.5.1.4.1.1.104.1",
}


def path_of(name: str) -> Path:
    """A file that comes with pydicom."""
    found = get_testdata_file(name)
    assert isinstance(found, str), name
    return Path(found)


def real() -> Iterator[tuple[Path, Dataset]]:
    """The real files."""
    for name in REAL:
        path = path_of(name)
        ds = dcmread(path, force=True)  # one of them is a bare data set
        if "TransferSyntaxUID" not in ds.file_meta:
            ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        yield path, ds


def made(kind: str) -> Dataset:
    """A small instance of a kind that pydicom has no file of; Explicit VR LE."""
    ds = data_set(
        {
            "SpecificCharacterSet": "ISO_IR 192",
            "SOPClassUID": CLASSES[kind],
            "SOPInstanceUID": generate_uid(),
            "PatientName": "M\u00fcller^J\u00fcrgen",
            "PatientID": "KINDS",
            "PatientBirthDate": "19600229",
            "PatientSex": "O",
            "StudyInstanceUID": generate_uid(),
            "SeriesInstanceUID": generate_uid(),
            "StudyDate": "20200101",
            "StudyTime": "101112",
            "StudyID": "S1",
            "StudyDescription": "Kinds",
            "AccessionNumber": "A1",
            "ReferringPhysicianName": "",
            "SeriesNumber": 7,
            "InstanceNumber": 3,
            "Manufacturer": "",
        }
    )
    ds.update(_MAKERS[kind]())
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def _code(value: str, meaning: str, scheme: str = "DCM") -> Dataset:
    return data_set({"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})


def _key_object() -> Dataset:
    modifier = data_set({"RelationshipType": "HAS CONCEPT MOD", "ValueType": "CODE"})
    modifier.ConceptNameCodeSequence = [_code("113011", "Document Title Modifier")]
    modifier.ConceptCodeSequence = [_code("113012", "Quality Issue")]
    text = data_set(
        {"RelationshipType": "CONTAINS", "ValueType": "TEXT", "TextValue": "not for the directory"}
    )
    text.ConceptNameCodeSequence = [_code("113012", "Key Object Description")]
    ds = data_set(
        {"Modality": "KO", "ContentDate": "20200102", "ContentTime": "111213", "ValueType": "CONTAINER"}
    )
    ds.ConceptNameCodeSequence = [_code("113000", "Of Interest")]
    ds.ContinuityOfContent = "SEPARATE"
    ds.ContentSequence = [modifier, text]
    return ds


def _treatment() -> Dataset:
    return data_set({"Modality": "RTRECORD", "TreatmentDate": "20200103", "TreatmentTime": "121314"})


def _presentation() -> Dataset:
    image = {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "1.2.3.4"}
    series = data_set({"SeriesInstanceUID": "1.2.3", "ReferencedImageSequence": [data_set(image)]})
    return data_set(
        {
            "Modality": "PR",
            "PresentationCreationDate": "20200104",
            "PresentationCreationTime": "131415",
            "ContentLabel": "LABEL",
            "ContentDescription": "Gr\u00fcn",
            "ContentCreatorName": "Doe^Jane",
            "ReferencedSeriesSequence": [series],
        }
    )


def _document() -> Dataset:
    ds = data_set(
        {"Modality": "DOC", "ContentDate": "20200105", "ContentTime": "141516", "DocumentTitle": "T"}
    )
    ds.ConceptNameCodeSequence = [_code("11528-7", "Radiology Report", "LN")]
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.add_new("EncapsulatedDocument", "OB", b"%PDF-1.4 ")
    return ds


_MAKERS = {
    "KEY OBJECT DOC": _key_object,
    "RT TREAT RECORD": _treatment,
    "PRESENTATION": _presentation,
    "ENCAP DOC": _document,
}
