"""What is kept of an instance: the table that the scan, the directory, profiles and labels share.

Shape: KEYS lists the attributes of the data set's root, by tag. A sequence is kept whole (private
elements apart) unless KEPT names what is kept within its items.

Source: the keys of every Directory Record Type of PS3.3 F.5, the keys that PS3.11 adds to them (Tables A,
B, D, E, H, I), the attributes that PS3.11 constrains, what identifies a person, what a label says, and
the dates from which a missing Type 1 key can be supplied. A key that is added here is found in instances
received from then on; the spool would have to be scanned again for the others.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple, Optional

Kept = Mapping[int, Optional["Kept"]]
"""What is kept in a data set, by tag; for a sequence what is kept in its items, None for everything."""


class Key(NamedTuple):
    """One attribute of PS3.6."""

    tag: int
    vr: str
    keyword: str


KEYS: Final[tuple[Key, ...]] = (
    # Character set, identity of the instance, dates to fall back on.
    Key(0x00080005, "CS", "SpecificCharacterSet"),
    Key(0x00080008, "CS", "ImageType"),
    Key(0x00080012, "DA", "InstanceCreationDate"),
    Key(0x00080013, "TM", "InstanceCreationTime"),
    Key(0x00080016, "UI", "SOPClassUID"),
    Key(0x00080018, "UI", "SOPInstanceUID"),
    Key(0x0008001A, "UI", "RelatedGeneralSOPClassUID"),
    Key(0x00080020, "DA", "StudyDate"),
    Key(0x00080021, "DA", "SeriesDate"),
    Key(0x00080022, "DA", "AcquisitionDate"),
    Key(0x00080023, "DA", "ContentDate"),
    Key(0x0008002A, "DT", "AcquisitionDateTime"),
    Key(0x00080030, "TM", "StudyTime"),
    Key(0x00080031, "TM", "SeriesTime"),
    Key(0x00080032, "TM", "AcquisitionTime"),
    Key(0x00080033, "TM", "ContentTime"),
    Key(0x00080050, "SH", "AccessionNumber"),
    Key(0x00080060, "CS", "Modality"),
    Key(0x00080070, "LO", "Manufacturer"),
    Key(0x00080080, "LO", "InstitutionName"),
    Key(0x00080081, "ST", "InstitutionAddress"),
    Key(0x00080090, "PN", "ReferringPhysicianName"),
    Key(0x00080400, "SQ", "ScopeOfInventorySequence"),
    Key(0x00080401, "LT", "InventoryPurpose"),
    Key(0x00080403, "CS", "InventoryLevel"),
    Key(0x00080426, "CS", "InventoryCompletionStatus"),
    Key(0x00080428, "UV", "TotalNumberOfStudyRecords"),
    Key(0x00081030, "LO", "StudyDescription"),
    Key(0x0008103E, "LO", "SeriesDescription"),
    Key(0x00081050, "PN", "PerformingPhysicianName"),
    Key(0x00081090, "LO", "ManufacturerModelName"),
    Key(0x00081115, "SQ", "ReferencedSeriesSequence"),
    Key(0x00081140, "SQ", "ReferencedImageSequence"),
    Key(0x00089092, "SQ", "ReferencedImageEvidenceSequence"),
    # Patient.
    Key(0x00100010, "PN", "PatientName"),
    Key(0x00100020, "LO", "PatientID"),
    Key(0x00100021, "LO", "IssuerOfPatientID"),
    Key(0x00100030, "DA", "PatientBirthDate"),
    Key(0x00100040, "CS", "PatientSex"),
    # Acquisition: profile keys and constraints.
    Key(0x00180015, "CS", "BodyPartExamined"),
    Key(0x00181800, "CS", "AcquisitionTimeSynchronized"),
    Key(0x00186011, "SQ", "SequenceOfUltrasoundRegions"),
    Key(0x0018700A, "SH", "DetectorID"),
    Key(0x0018702A, "LO", "DetectorManufacturerName"),
    Key(0x0018702B, "LO", "DetectorManufacturerModelName"),
    # Relationship.
    Key(0x0020000D, "UI", "StudyInstanceUID"),
    Key(0x0020000E, "UI", "SeriesInstanceUID"),
    Key(0x00200010, "SH", "StudyID"),
    Key(0x00200011, "IS", "SeriesNumber"),
    Key(0x00200013, "IS", "InstanceNumber"),
    Key(0x00200032, "DS", "ImagePositionPatient"),
    Key(0x00200037, "DS", "ImageOrientationPatient"),
    Key(0x00200052, "UI", "FrameOfReferenceUID"),
    Key(0x00200200, "UI", "SynchronizationFrameOfReferenceUID"),
    Key(0x00221095, "LO", "ImplantName"),
    Key(0x00221097, "LO", "ImplantPartNumber"),
    # Image pixels, as profiles constrain them.
    Key(0x00280002, "US", "SamplesPerPixel"),
    Key(0x00280004, "CS", "PhotometricInterpretation"),
    Key(0x00280006, "US", "PlanarConfiguration"),
    Key(0x00280008, "IS", "NumberOfFrames"),
    Key(0x00280010, "US", "Rows"),
    Key(0x00280011, "US", "Columns"),
    Key(0x00280030, "DS", "PixelSpacing"),
    Key(0x00280100, "US", "BitsAllocated"),
    Key(0x00280101, "US", "BitsStored"),
    Key(0x00280102, "US", "HighBit"),
    Key(0x00280103, "US", "PixelRepresentation"),
    Key(0x00280301, "CS", "BurnedInAnnotation"),
    Key(0x00282110, "CS", "LossyImageCompression"),
    Key(0x00282112, "DS", "LossyImageCompressionRatio"),
    Key(0x00282114, "CS", "LossyImageCompressionMethod"),
    Key(0x00286010, "US", "RepresentativeFrameNumber"),
    Key(0x00289001, "UL", "DataPointRows"),
    Key(0x00289002, "UL", "DataPointColumns"),
    # Documents.
    Key(0x0040A030, "DT", "VerificationDateTime"),
    Key(0x0040A043, "SQ", "ConceptNameCodeSequence"),
    Key(0x0040A073, "SQ", "VerifyingObserverSequence"),
    Key(0x0040A491, "CS", "CompletionFlag"),
    Key(0x0040A493, "CS", "VerificationFlag"),
    Key(0x0040A730, "SQ", "ContentSequence"),
    Key(0x0040E001, "ST", "HL7InstanceIdentifier"),
    Key(0x00420010, "ST", "DocumentTitle"),
    Key(0x00420012, "LO", "MIMETypeOfEncapsulatedDocument"),
    Key(0x00500004, "CS", "CalibrationImage"),
    Key(0x00686210, "LO", "ImplantSize"),
    # Presentation states, hanging protocols, implants, icons.
    Key(0x00700080, "CS", "ContentLabel"),
    Key(0x00700081, "LO", "ContentDescription"),
    Key(0x00700082, "DA", "PresentationCreationDate"),
    Key(0x00700083, "TM", "PresentationCreationTime"),
    Key(0x00700084, "PN", "ContentCreatorName"),
    Key(0x00700402, "SQ", "BlendingSequence"),
    Key(0x00720002, "SH", "HangingProtocolName"),
    Key(0x00720004, "LO", "HangingProtocolDescription"),
    Key(0x00720006, "CS", "HangingProtocolLevel"),
    Key(0x00720008, "LO", "HangingProtocolCreator"),
    Key(0x0072000A, "DT", "HangingProtocolCreationDateTime"),
    Key(0x0072000C, "SQ", "HangingProtocolDefinitionSequence"),
    Key(0x0072000E, "SQ", "HangingProtocolUserIdentificationCodeSequence"),
    Key(0x00720014, "US", "NumberOfPriorsReferenced"),
    Key(0x00760001, "LO", "ImplantAssemblyTemplateName"),
    Key(0x00760020, "SQ", "ProcedureTypeCodeSequence"),
    Key(0x00780001, "LO", "ImplantTemplateGroupName"),
    Key(0x00780010, "ST", "ImplantTemplateGroupDescription"),
    Key(0x00780020, "LO", "ImplantTemplateGroupIssuer"),
    Key(0x00880200, "SQ", "IconImageSequence"),
    # Radiotherapy and functional groups.
    Key(0x30040006, "LO", "DoseComment"),
    Key(0x3004000A, "CS", "DoseSummationType"),
    Key(0x30060002, "SH", "StructureSetLabel"),
    Key(0x30060004, "LO", "StructureSetName"),
    Key(0x30060008, "DA", "StructureSetDate"),
    Key(0x30060009, "TM", "StructureSetTime"),
    Key(0x30080250, "DA", "TreatmentDate"),
    Key(0x30080251, "TM", "TreatmentTime"),
    Key(0x300A0002, "SH", "RTPlanLabel"),
    Key(0x300A0003, "LO", "RTPlanName"),
    Key(0x300A0006, "DA", "RTPlanDate"),
    Key(0x300A0007, "TM", "RTPlanTime"),
    Key(0x30100033, "SH", "UserContentLabel"),
    Key(0x30100034, "LO", "UserContentLongLabel"),
    Key(0x52009229, "SQ", "SharedFunctionalGroupsSequence"),
)

# PS3.3 Table 10-11 (SOP Instance Reference), and 10-3 with frames and segments.
_REFERENCE: Final[Kept] = {0x00081150: None, 0x00081155: None}
_IMAGE_REFERENCE: Final[Kept] = {**_REFERENCE, 0x00081160: None, 0x0062000B: None}
_REFERENCED_SERIES: Final[Kept] = {0x0020000E: None, 0x00081140: _IMAGE_REFERENCE}

_WITHIN: Final[Kept] = {
    # Referenced Series Sequence and Blending Sequence, as PS3.3 F.5 reduces them in a PRESENTATION record.
    0x00081115: _REFERENCED_SERIES,
    0x00081140: _REFERENCE,
    0x00700402: {0x0020000D: None, 0x00081115: _REFERENCED_SERIES},
    # Sequence of Ultrasound Regions: what PS3.11 C.3 demands of spatial and of combined calibration.
    0x00186011: dict.fromkeys(
        (
            *(0x00186012, 0x00186014, 0x00186016, 0x00186018, 0x0018601A, 0x0018601C, 0x0018601E),
            *(0x00186024, 0x00186026, 0x0018602C, 0x0018602E, 0x00186044, 0x0018604C, 0x0018604E),
        )
    ),
    # Verifying Observer Sequence: date and time, name, organization.
    0x0040A073: {0x0040A027: None, 0x0040A030: None, 0x0040A075: None},
    # Shared Functional Groups Sequence: the keys that PS3.11 Table H looks for there too.
    0x52009229: {
        0x00081140: _REFERENCE,
        0x00209113: {0x00200032: None},
        0x00209116: {0x00200037: None},
        0x00289110: {0x00280030: None},
    },
}

KEPT: Final[Kept] = {key.tag: _WITHIN.get(key.tag) for key in KEYS}
VR: Final[Mapping[int, str]] = {key.tag: key.vr for key in KEYS}
