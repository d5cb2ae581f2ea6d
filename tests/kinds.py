"""One instance of each kind that a directory tells apart: real files, and made ones where there are none."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

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
    "WF PRESENTATION": "1.2.840.10008.5.1.4.1.1.9.100.1",
    "SPECTROSCOPY": "1.2.840.10008.5.1.4.1.1.4.2",
    "RAW DATA": "1.2.840.10008.5.1.4.1.1.66",
    "REGISTRATION": "1.2.840.10008.5.1.4.1.1.66.1",
    "FIDUCIAL": "1.2.840.10008.5.1.4.1.1.66.2",
    "VALUE MAP": "1.2.840.10008.5.1.4.1.1.67",
    "SURFACE": "1.2.840.10008.5.1.4.1.1.66.5",
    "SURFACE SCAN": "1.2.840.10008.5.1.4.1.1.68.1",
    "MEASUREMENT": "1.2.840.10008.5.1.4.1.1.78.1",
    "TRACT": "1.2.840.10008.5.1.4.1.1.66.6",
    "ANNOTATION": "1.2.840.10008.5.1.4.1.1.91.1",
    "ENCAP DOC": "1.2.840.10008.5.1.4.1.1.104.1",
    "STEREOMETRIC": "1.2.840.10008.5.1.4.1.1.77.1.5.3",
    "PLAN": "1.2.840.10008.5.1.4.34.7",
    "ASSESSMENT": "1.2.840.10008.5.1.4.1.1.90.1",
    "RADIOTHERAPY": "1.2.840.10008.5.1.4.1.1.481.10",
    "HANGING PROTOCOL": "1.2.840.10008.5.1.4.38.1",
    "PALETTE": "1.2.840.10008.5.1.4.39.1",
    "IMPLANT": "1.2.840.10008.5.1.4.43.1",
    "IMPLANT ASSY": "1.2.840.10008.5.1.4.44.1",
    "IMPLANT GROUP": "1.2.840.10008.5.1.4.45.1",
    "INVENTORY": "1.2.840.10008.5.1.4.1.1.201.1",
}
"""One class of each record type that no real file is of, PS3.4 Tables B.5-1 and GG.3-1."""
ROOTS = ("HANGING PROTOCOL", "PALETTE", "IMPLANT", "IMPLANT ASSY", "IMPLANT GROUP", "INVENTORY")
"""Record types of what belongs to no patient."""
CT = "1.2.840.10008.5.1.4.1.1.2"


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


def everything() -> list[Dataset]:
    """An instance of each record type there is."""
    return [*(ds for _, ds in real()), *map(made, CLASSES)]


def made(kind: str) -> Dataset:
    """A small instance of a kind that pydicom has no file of; Explicit VR LE."""
    sop_class = CLASSES[kind]
    ds = data_set(
        {"SpecificCharacterSet": "ISO_IR 192", "SOPClassUID": sop_class, "SOPInstanceUID": generate_uid()}
    )
    if kind not in ROOTS:
        ds.update(_of_a_patient())
    ds.update(_MAKERS[kind]())
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def _of_a_patient() -> Dataset:
    return data_set(
        {
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
            "Laterality": "",
            "OperatorsName": "",
            "Manufacturer": "ACME",
            "ManufacturerModelName": "Maker",
            "DeviceSerialNumber": "1",
            "SoftwareVersions": "1.0",
            "FrameOfReferenceUID": generate_uid(),
            "PositionReferenceIndicator": "",
            "ReferencedPerformedProcedureStepSequence": [],
            "AcquisitionContextSequence": [],
        }
    )


def code(value: str, meaning: str, scheme: str = "DCM") -> Dataset:
    """An item of a code sequence, PS3.3 8.8."""
    return data_set({"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})


def _reference(sop_class: str = CT, uid: str = "1.2.3.4") -> Dataset:
    return data_set({"ReferencedSOPClassUID": sop_class, "ReferencedSOPInstanceUID": uid})


def _referenced_series() -> Dataset:
    return data_set({"SeriesInstanceUID": "1.2.3", "ReferencedImageSequence": [_reference()]})


def _content(modality: str) -> dict[str, object]:
    """What the Content Identification macro says, PS3.3 Table 10-12, and when."""
    return {
        "Modality": modality,
        "ContentDate": "20200106",
        "ContentTime": "151617",
        "ContentLabel": "LABEL",
        "ContentDescription": "Gr\u00fcn",
        "ContentCreatorName": "Doe^Jane",
    }


def content_item(relationship: str, concept: Dataset, value: Dataset | str) -> Dataset:
    """A content item of PS3.3 C.17.3: of type CODE, or TEXT where `value` is text."""
    ds = data_set(
        {"RelationshipType": relationship, "ValueType": "CODE", "ConceptNameCodeSequence": [concept]}
    )
    if isinstance(value, str):
        ds.ValueType, ds.TextValue = "TEXT", value
    else:
        ds.ConceptCodeSequence = [value]
    return ds


def _key_object() -> Dataset:
    modifier = code("113011", "Document Title Modifier"), code("113012", "Quality Issue")
    text = code("113012", "Key Object Description"), "not for the directory"
    return data_set(
        {
            "Modality": "KO",
            "ContentDate": "20200102",
            "ContentTime": "111213",
            "ValueType": "CONTAINER",
            "ConceptNameCodeSequence": [code("113000", "Of Interest")],
            "ContinuityOfContent": "SEPARATE",
            "CurrentRequestedProcedureEvidenceSequence": [_referenced_study()],
            "ContentSequence": [content_item("HAS CONCEPT MOD", *modifier), content_item("CONTAINS", *text)],
        }
    )


def _treatment() -> Dataset:
    return data_set({"Modality": "RTRECORD", "TreatmentDate": "20200103", "TreatmentTime": "121314"})


def _presentation() -> Dataset:
    return data_set(
        {
            "Modality": "PR",
            "PresentationCreationDate": "20200104",
            "PresentationCreationTime": "131415",
            "ContentLabel": "LABEL",
            "ContentDescription": "Gr\u00fcn",
            "ContentCreatorName": "Doe^Jane",
            "ReferencedSeriesSequence": [_referenced_series()],
        }
    )


def blending() -> Dataset:
    """A presentation state that blends two series, and says so in a Blending Sequence of two items."""
    ds = made("PRESENTATION")
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.11.4")
    del ds.ReferencedSeriesSequence
    ds.BlendingSequence = [
        data_set(
            {
                "BlendingPosition": position,
                "StudyInstanceUID": "1.2.5",
                "ReferencedSeriesSequence": [_referenced_series()],
            }
        )
        for position in ("SUPERIMPOSED", "UNDERLYING")
    ]
    return ds


def _spectroscopy() -> Dataset:
    return data_set(
        {
            "Modality": "MR",
            "ImageType": ["ORIGINAL", "PRIMARY", "SPECTROSCOPY", "NONE"],
            "ContentDate": "20200107",
            "ContentTime": "161718",
            "ReferencedImageEvidenceSequence": [_referenced_study()],
            "NumberOfFrames": 1,
            "Rows": 1,
            "Columns": 1,
            "DataPointRows": 1,
            "DataPointColumns": 2,
            "DataRepresentation": "COMPLEX",
            "SpectroscopyData": bytes(16),
        }
    )


def _referenced_study() -> Dataset:
    series = data_set({"SeriesInstanceUID": "1.2.3", "ReferencedSOPSequence": [_reference()]})
    return data_set({"StudyInstanceUID": "1.2.5", "ReferencedSeriesSequence": [series]})


def _raw_data() -> Dataset:
    """Instance Number is of Type 2 here."""
    return data_set(
        {
            "Modality": "MR",
            "InstanceNumber": "",
            "ContentDate": "20200108",
            "ContentTime": "171819",
            "CreatorVersionUID": "1.2.3.9",
        }
    )


def _surface_scan() -> Dataset:
    return data_set({"Modality": "OSS", "ContentDate": "20200109", "ContentTime": "181920"})


def _document() -> Dataset:
    ds = data_set(
        {"Modality": "DOC", "ContentDate": "20200105", "ContentTime": "141516", "DocumentTitle": "T"}
    )
    ds.ConceptNameCodeSequence = [code("11528-7", "Radiology Report", "LN")]
    ds.ConversionType, ds.AcquisitionDateTime, ds.BurnedInAnnotation = "WSD", "", "NO"
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.add_new("EncapsulatedDocument", "OB", b"%PDF-1.4 ")
    return ds


def _assessment() -> Dataset:
    return data_set(
        {"Modality": "ASMT", "InstanceCreationDate": "20200110", "InstanceCreationTime": "192021"}
    )


def _intent() -> Dataset:
    return data_set(
        {
            "Modality": "RTINTENT",
            "ContentDescription": "Gr\u00fcn",
            "ContentCreatorName": "Doe^Jane",
            "UserContentLabel": "INTENT",
            "UserContentLongLabel": "Intent of a physician",
        }
    )


def _hanging_protocol() -> Dataset:
    definition = {
        "Modality": "CT",
        "ProcedureCodeSequence": [code("24627-2", "Chest CT", "LN")],
        "ReasonForRequestedProcedureCodeSequence": [code("29857009", "Chest pain", "SCT")],
    }
    return data_set(
        {
            "HangingProtocolName": "Two up",
            "HangingProtocolDescription": "Two up, prior at the left",
            "HangingProtocolLevel": "SITE",
            "HangingProtocolCreator": "Doe",
            "HangingProtocolCreationDateTime": "20200111202122",
            "HangingProtocolDefinitionSequence": [data_set(definition)],
            "NumberOfPriorsReferenced": 0,
            "HangingProtocolUserIdentificationCodeSequence": [],
        }
    )


def _palette() -> Dataset:
    return data_set({"ContentLabel": "HOT_IRON", "ContentDescription": "", "ContentCreatorName": "Doe^Jane"})


def _implant() -> Dataset:
    return data_set(
        {"Manufacturer": "ACME", "ImplantName": "Stem", "ImplantSize": "12", "ImplantPartNumber": "S-12"}
    )


def _assembly() -> Dataset:
    return data_set(
        {
            "ImplantAssemblyTemplateName": "Hip",
            "Manufacturer": "ACME",
            "ProcedureTypeCodeSequence": [code("52734007", "Total replacement of hip", "SCT")],
        }
    )


def _implant_group() -> Dataset:
    return data_set(
        {
            "ImplantTemplateGroupName": "Stems",
            "ImplantTemplateGroupIssuer": "ACME",
            "ImplantTemplateGroupDescription": "By size",
        }
    )


def _inventory() -> Dataset:
    return data_set(
        {
            "ContentDate": "20200112",
            "ContentTime": "212223",
            "InventoryLevel": "STUDY",
            "InventoryCompletionStatus": "COMPLETE",
            "TotalNumberOfStudyRecords": 0,
            "InventoryPurpose": "",
            "ScopeOfInventorySequence": [],
        }
    )


_MAKERS: Mapping[str, Callable[[], Dataset]] = {
    "KEY OBJECT DOC": _key_object,
    "RT TREAT RECORD": _treatment,
    "PRESENTATION": _presentation,
    "WF PRESENTATION": _presentation,
    "SPECTROSCOPY": _spectroscopy,
    "RAW DATA": _raw_data,
    "REGISTRATION": lambda: data_set(_content("REG")),
    "FIDUCIAL": lambda: data_set(_content("FID")),
    "VALUE MAP": lambda: data_set(_content("RWV")),
    "SURFACE": lambda: data_set(_content("SEG")),
    "SURFACE SCAN": _surface_scan,
    "MEASUREMENT": lambda: data_set(_content("LEN")),
    "TRACT": lambda: data_set(_content("MR")),
    "ANNOTATION": lambda: data_set(_content("ANN")),
    "ENCAP DOC": _document,
    "STEREOMETRIC": lambda: data_set({"Modality": "SMR"}),
    "PLAN": lambda: data_set({"Modality": "PLAN"}),
    "ASSESSMENT": _assessment,
    "RADIOTHERAPY": _intent,
    "HANGING PROTOCOL": _hanging_protocol,
    "PALETTE": _palette,
    "IMPLANT": _implant,
    "IMPLANT ASSY": _assembly,
    "IMPLANT GROUP": _implant_group,
    "INVENTORY": _inventory,
}
