"""What the standard says of directory records, written down apart from the code that it is held to.

Shape: tables of text, by Directory Record Type. Keywords are those of PS3.6; a class that the dictionary of
pydicom does not know stands as its UID.

Source: PS3.4 Tables B.5-1 and GG.3-1 (classes), PS3.3 Table F.4-1 (hierarchy), F.5 (keys and their types),
PS3.11 D and I (what a file-set creator supplies).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pydicom.uid import UID_dictionary  # type: ignore[attr-defined]

CLASSES: Final[Mapping[str, str]] = {
    "IMAGE": """
        ComputedRadiographyImageStorage DigitalXRayImageStorageForPresentation
        DigitalXRayImageStorageForProcessing DigitalMammographyXRayImageStorageForPresentation
        DigitalMammographyXRayImageStorageForProcessing DigitalIntraOralXRayImageStorageForPresentation
        DigitalIntraOralXRayImageStorageForProcessing CTImageStorage EnhancedCTImageStorage
        LegacyConvertedEnhancedCTImageStorage UltrasoundMultiFrameImageStorageRetired
        UltrasoundMultiFrameImageStorage MRImageStorage EnhancedMRImageStorage
        EnhancedMRColorImageStorage LegacyConvertedEnhancedMRImageStorage
        NuclearMedicineImageStorageRetired UltrasoundImageStorageRetired UltrasoundImageStorage
        EnhancedUSVolumeStorage PhotoacousticImageStorage SecondaryCaptureImageStorage
        MultiFrameSingleBitSecondaryCaptureImageStorage
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage
        MultiFrameTrueColorSecondaryCaptureImageStorage XRayAngiographicImageStorage
        EnhancedXAImageStorage XRayRadiofluoroscopicImageStorage EnhancedXRFImageStorage
        XRayAngiographicBiPlaneImageStorage XRay3DAngiographicImageStorage
        XRay3DCraniofacialImageStorage BreastTomosynthesisImageStorage
        BreastProjectionXRayImageStorageForPresentation BreastProjectionXRayImageStorageForProcessing
        IntravascularOpticalCoherenceTomographyImageStorageForPresentation
        IntravascularOpticalCoherenceTomographyImageStorageForProcessing NuclearMedicineImageStorage
        ParametricMapStorage SegmentationStorage VLImageStorageTrial VLMultiFrameImageStorageTrial
        VLEndoscopicImageStorage VideoEndoscopicImageStorage VLMicroscopicImageStorage
        VideoMicroscopicImageStorage VLSlideCoordinatesMicroscopicImageStorage
        VLPhotographicImageStorage VideoPhotographicImageStorage OphthalmicPhotography8BitImageStorage
        OphthalmicPhotography16BitImageStorage OphthalmicTomographyImageStorage
        WideFieldOphthalmicPhotographyStereographicProjectionImageStorage
        WideFieldOphthalmicPhotography3DCoordinatesImageStorage
        OphthalmicOpticalCoherenceTomographyEnFaceImageStorage
        OphthalmicOpticalCoherenceTomographyBscanVolumeAnalysisStorage
        VLWholeSlideMicroscopyImageStorage DermoscopicPhotographyImageStorage
        ConfocalMicroscopyImageStorage ConfocalMicroscopyTiledPyramidalImageStorage
        OphthalmicThicknessMapStorage CornealTopographyMapStorage PositronEmissionTomographyImageStorage
        LegacyConvertedEnhancedPETImageStorage EnhancedPETImageStorage RTImageStorage
        EnhancedRTImageStorage EnhancedContinuousRTImageStorage DICOSCTImageStorage
        DICOSDigitalXRayImageStorageForPresentation DICOSDigitalXRayImageStorageForProcessing
        DICOS2DAITStorage DICOS3DAITStorage EddyCurrentImageStorage EddyCurrentMultiFrameImageStorage
        1.2.840.10008.5.1.4.1.1.66.7 1.2.840.10008.5.1.4.1.1.66.8
    """,
    "RT DOSE": "RTDoseStorage",
    "RT STRUCTURE SET": "RTStructureSetStorage",
    "RT PLAN": "RTPlanStorage RTIonPlanStorage",
    "RT TREAT RECORD": """
        RTBeamsTreatmentRecordStorage RTBrachyTreatmentRecordStorage RTTreatmentSummaryRecordStorage
        RTIonBeamsTreatmentRecordStorage
    """,
    "PRESENTATION": """
        GrayscaleSoftcopyPresentationStateStorage ColorSoftcopyPresentationStateStorage
        PseudoColorSoftcopyPresentationStateStorage BlendingSoftcopyPresentationStateStorage
        XAXRFGrayscaleSoftcopyPresentationStateStorage
        GrayscalePlanarMPRVolumetricPresentationStateStorage
        CompositingPlanarMPRVolumetricPresentationStateStorage AdvancedBlendingPresentationStateStorage
        VolumeRenderingVolumetricPresentationStateStorage
        SegmentedVolumeRenderingVolumetricPresentationStateStorage
        MultipleVolumeRenderingVolumetricPresentationStateStorage
        VariableModalityLUTSoftcopyPresentationStateStorage BasicStructuredDisplayStorage
    """,
    "WF PRESENTATION": "1.2.840.10008.5.1.4.1.1.9.100.1 1.2.840.10008.5.1.4.1.1.9.100.2",
    "WAVEFORM": """
        TwelveLeadECGWaveformStorage GeneralECGWaveformStorage AmbulatoryECGWaveformStorage
        General32bitECGWaveformStorage HemodynamicWaveformStorage
        CardiacElectrophysiologyWaveformStorage BasicVoiceAudioWaveformStorage
        GeneralAudioWaveformStorage ArterialPulseWaveformStorage RespiratoryWaveformStorage
        MultichannelRespiratoryWaveformStorage RoutineScalpElectroencephalogramWaveformStorage
        ElectromyogramWaveformStorage ElectrooculogramWaveformStorage
        SleepElectroencephalogramWaveformStorage BodyPositionWaveformStorage
    """,
    "SR DOCUMENT": """
        SpectaclePrescriptionReportStorage MacularGridThicknessAndVolumeReportStorage BasicTextSRStorage
        EnhancedSRStorage ComprehensiveSRStorage Comprehensive3DSRStorage ExtensibleSRStorage
        ProcedureLogStorage MammographyCADSRStorage ChestCADSRStorage XRayRadiationDoseSRStorage
        RadiopharmaceuticalRadiationDoseSRStorage ColonCADSRStorage ImplantationPlanSRStorage
        AcquisitionContextSRStorage SimplifiedAdultEchoSRStorage PatientRadiationDoseSRStorage
        PlannedImagingAgentAdministrationSRStorage PerformedImagingAgentAdministrationSRStorage
        EnhancedXRayRadiationDoseSRStorage WaveformAnnotationSRStorage
    """,
    "KEY OBJECT DOC": "KeyObjectSelectionDocumentStorage",
    "SPECTROSCOPY": "MRSpectroscopyStorage",
    "RAW DATA": "RawDataStorage",
    "REGISTRATION": "SpatialRegistrationStorage DeformableSpatialRegistrationStorage",
    "FIDUCIAL": "SpatialFiducialsStorage",
    "VALUE MAP": "RealWorldValueMappingStorage",
    "SURFACE": "SurfaceSegmentationStorage",
    "MEASUREMENT": """
        LensometryMeasurementsStorage AutorefractionMeasurementsStorage KeratometryMeasurementsStorage
        SubjectiveRefractionMeasurementsStorage VisualAcuityMeasurementsStorage
        OphthalmicAxialMeasurementsStorage IntraocularLensCalculationsStorage
        OphthalmicVisualFieldStaticPerimetryMeasurementsStorage
    """,
    "TRACT": "TractographyResultsStorage",
    "ANNOTATION": "MicroscopyBulkSimpleAnnotationsStorage",
    "ENCAP DOC": """
        EncapsulatedPDFStorage EncapsulatedCDAStorage EncapsulatedSTLStorage EncapsulatedOBJStorage
        EncapsulatedMTLStorage
    """,
    "STEREOMETRIC": "StereometricRelationshipStorage",
    "PLAN": "RTBeamsDeliveryInstructionStorage RTBrachyApplicationSetupDeliveryInstructionStorage",
    "SURFACE SCAN": "SurfaceScanMeshStorage SurfaceScanPointCloudStorage",
    "ASSESSMENT": "ContentAssessmentResultsStorage",
    "RADIOTHERAPY": """
        RTPhysicianIntentStorage RTSegmentAnnotationStorage RTRadiationSetStorage
        CArmPhotonElectronRadiationStorage TomotherapeuticRadiationStorage RoboticArmRadiationStorage
        RTRadiationRecordSetStorage RTRadiationSalvageRecordStorage
        TomotherapeuticRadiationRecordStorage CArmPhotonElectronRadiationRecordStorage
        RoboticRadiationRecordStorage RTRadiationSetDeliveryInstructionStorage
        RTTreatmentPreparationStorage RTPatientPositionAcquisitionInstructionStorage
    """,
    "HANGING PROTOCOL": "HangingProtocolStorage",
    "PALETTE": "ColorPaletteStorage",
    "IMPLANT": "GenericImplantTemplateStorage",
    "IMPLANT ASSY": "ImplantAssemblyTemplateStorage",
    "IMPLANT GROUP": "ImplantTemplateGroupStorage",
    "INVENTORY": "InventoryStorage",
}
"""Which classes each type stands for."""

WITHOUT: Final[Mapping[str, str]] = {
    "PS3.3 F.5 has no record type for protocols": """
        CTDefinedProcedureProtocolStorage CTPerformedProcedureProtocolStorage ProtocolApprovalStorage
        XADefinedProcedureProtocolStorage XAPerformedProcedureProtocolStorage
    """,
    "its record type is retired with it (OVERLAY, CURVE, MODALITY LUT, VOI LUT)": """
        StandaloneOverlayStorage StandaloneCurveStorage StandalonePETCurveStorage
        StandaloneModalityLUTStorage StandaloneVOILUTStorage
    """,
    "a trial that never had a record type, or a retired UID without a name": """
        WaveformStorageTrial TextSRStorageTrial AudioSRStorageTrial DetailSRStorageTrial
        ComprehensiveSRStorageTrial RTBeamsDeliveryInstructionStorageTrial
        1.2.840.10008.5.1.4.1.1.12.77 1.2.840.10008.5.1.4.1.1.40
    """,
    "of security, not of medicine, and no image": """
        DICOSThreatDetectionReportStorage DICOSQuadrupoleResonanceStorage
    """,
    "a service, no storage class": """
        ProtocolApprovalInformationModelFind ProtocolApprovalInformationModelMove
        ProtocolApprovalInformationModelGet InventoryFind InventoryMove InventoryGet InventoryCreation
        RepositoryQuery RTConventionalMachineVerificationTrial RTIonMachineVerificationTrial
        RTConventionalMachineVerification RTIonMachineVerification UnifiedProcedureStepPushTrial
        UnifiedProcedureStepWatchTrial UnifiedProcedureStepPullTrial UnifiedProcedureStepEventTrial
        UnifiedProcedureStepPush UnifiedProcedureStepWatch UnifiedProcedureStepPull
        UnifiedProcedureStepEvent UnifiedProcedureStepQuery HangingProtocolInformationModelFind
        HangingProtocolInformationModelMove HangingProtocolInformationModelGet
        ColorPaletteQueryRetrieveInformationModelFind ColorPaletteQueryRetrieveInformationModelMove
        ColorPaletteQueryRetrieveInformationModelGet ProductCharacteristicsQuery SubstanceApprovalQuery
        GenericImplantTemplateInformationModelFind GenericImplantTemplateInformationModelMove
        GenericImplantTemplateInformationModelGet ImplantAssemblyTemplateInformationModelFind
        ImplantAssemblyTemplateInformationModelMove ImplantAssemblyTemplateInformationModelGet
        ImplantTemplateGroupInformationModelFind ImplantTemplateGroupInformationModelMove
        ImplantTemplateGroupInformationModelGet
    """,
}
"""Classes that no record stands for, by the reason."""

_DATED: Final = "InstanceNumber 1, ContentDate 1, ContentTime 1"
_CONTENT: Final = f"{_DATED}, ContentLabel 1, ContentDescription 2, ContentCreatorName 2"

UPPER: Final[Mapping[str, str]] = {
    "PATIENT": "PatientName 2, PatientID 1",
    "STUDY": "StudyDate 1, StudyTime 1, StudyDescription 2, StudyInstanceUID 1, StudyID 1, AccessionNumber 2",
    "SERIES": "Modality 1, SeriesInstanceUID 1, SeriesNumber 1",
}
LEAVES: Final[Mapping[str, str]] = {
    "IMAGE": "InstanceNumber 1",
    "RT DOSE": "InstanceNumber 1, DoseSummationType 1, DoseComment 3",
    "RT STRUCTURE SET": "InstanceNumber 1, StructureSetLabel 1, StructureSetDate 2, StructureSetTime 2",
    "RT PLAN": "InstanceNumber 1, RTPlanLabel 1, RTPlanDate 2, RTPlanTime 2",
    "RT TREAT RECORD": "InstanceNumber 1, TreatmentDate 2, TreatmentTime 2",
    "PRESENTATION": "PresentationCreationDate 1, PresentationCreationTime 1, InstanceNumber 1,"
    " ContentLabel 1, ContentDescription 2, ContentCreatorName 2,"
    " ReferencedSeriesSequence 1C, BlendingSequence 1C",
    "WF PRESENTATION": "InstanceNumber 1, ContentLabel 1, ContentDescription 2, PresentationCreationDate 1,"
    " PresentationCreationTime 1, ContentCreatorName 3, ReferencedSeriesSequence 1C",
    "WAVEFORM": _DATED,
    "SR DOCUMENT": f"{_DATED}, CompletionFlag 1, VerificationFlag 1, VerificationDateTime 1C,"
    " ConceptNameCodeSequence 1, ContentSequence 1C",
    "KEY OBJECT DOC": f"{_DATED}, ConceptNameCodeSequence 1, ContentSequence 1C",
    "SPECTROSCOPY": f"{_DATED}, ImageType 1, ReferencedImageEvidenceSequence 1C, NumberOfFrames 1, Rows 1,"
    " Columns 1, DataPointRows 1, DataPointColumns 1",
    "RAW DATA": "ContentDate 1, ContentTime 1, InstanceNumber 2",
    "REGISTRATION": _CONTENT,
    "FIDUCIAL": _CONTENT,
    "VALUE MAP": _CONTENT,
    "SURFACE": _CONTENT,
    "MEASUREMENT": _CONTENT,
    "TRACT": _CONTENT,
    "ANNOTATION": _CONTENT,
    "ENCAP DOC": "ContentDate 2, ContentTime 2, InstanceNumber 1, DocumentTitle 2, HL7InstanceIdentifier 1C,"
    " ConceptNameCodeSequence 2, MIMETypeOfEncapsulatedDocument 1",
    "STEREOMETRIC": "",
    "PLAN": "",
    "SURFACE SCAN": "ContentDate 1, ContentTime 1",
    "ASSESSMENT": "InstanceNumber 1, InstanceCreationDate 1, InstanceCreationTime 2",
    "RADIOTHERAPY": "InstanceNumber 1, UserContentLabel 1C, UserContentLongLabel 1C, ContentDescription 2,"
    " ContentCreatorName 2",
}
"""Keys below a SERIES, and their types; icons (3) left out."""
ROOTS: Final[Mapping[str, str]] = {
    "HANGING PROTOCOL": "HangingProtocolName 1, HangingProtocolDescription 1, HangingProtocolLevel 1,"
    " HangingProtocolCreator 1, HangingProtocolCreationDateTime 1, HangingProtocolDefinitionSequence 1,"
    " NumberOfPriorsReferenced 1, HangingProtocolUserIdentificationCodeSequence 2",
    "PALETTE": "ContentLabel 1, ContentDescription 2",
    "IMPLANT": "Manufacturer 1, ImplantName 1, ImplantSize 1C, ImplantPartNumber 1",
    "IMPLANT ASSY": "ImplantAssemblyTemplateName 1, Manufacturer 1, ProcedureTypeCodeSequence 1",
    "IMPLANT GROUP": "ImplantTemplateGroupName 1, ImplantTemplateGroupIssuer 1,"
    " ImplantTemplateGroupDescription 3",
    "INVENTORY": "ContentDate 1, ContentTime 1, InventoryLevel 1, InventoryCompletionStatus 1,"
    " TotalNumberOfStudyRecords 1, InventoryPurpose 2, ScopeOfInventorySequence 2",
}
"""Keys of what stands at the root."""

DATE, TIME = "a date of the instance", "a time of the instance"
SUPPLIED: Final[Mapping[str, str]] = {
    # PS3.11 D.3.3.1 and I.3.3.1 let a file-set creator supply these.
    "StudyDate": DATE,
    "StudyTime": TIME,
    "StudyID": "1",
    "SeriesNumber": "1",
    "InstanceNumber": "1",
    # Neutral where the instance breaks its own IOD.
    "Modality": "OT",
    "ContentDate": DATE,
    "ContentTime": TIME,
    "PresentationCreationDate": DATE,
    "PresentationCreationTime": TIME,
    "InstanceCreationDate": DATE,
    "ContentLabel": "UNNAMED",
    "StructureSetLabel": "UNNAMED",
    "RTPlanLabel": "UNNAMED",
    "NumberOfFrames": "1",
    # The weaker of two: nobody said that the document is complete, or verified.
    "CompletionFlag": "PARTIAL",
    "VerificationFlag": "UNVERIFIED",
    # The class says it, PS3.3 C.24.2.
    "MIMETypeOfEncapsulatedDocument": "application/pdf",
}
"""What stands in a record for a Type 1 key that its instance has no value of. All other Type 1 keys say
something clinical, or name something: an instance without them is refused."""


def rows(kind: str) -> list[tuple[str, str]]:
    """Keyword and type of every key of a record type."""
    text = {**UPPER, **LEAVES, **ROOTS}[kind]
    return [(row.split()[0], row.split()[1]) for row in text.split(",") if row]


def uids(names: str) -> list[str]:
    """UIDs of classes that stand in a table by keyword, or by UID."""
    return [name if name[0].isdigit() else _BY_KEYWORD[name] for name in names.split()]


_BY_KEYWORD: Final = {entry[4]: uid for uid, entry in UID_dictionary.items() if entry[4]}


def dictionary() -> Iterable[str]:
    """Every SOP class that the dictionary of pydicom has where PS3.4 puts storage classes."""
    place = re.compile(r"1\.2\.840\.10008\.5\.1\.4\.(1\.1|34|38|39|4[0-5])(\.|$)")
    return (uid for uid, entry in UID_dictionary.items() if entry[1] == "SOP Class" and place.match(uid))


def type_1(kinds: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Record type and keyword of each Type 1 key."""
    return ((kind, keyword) for kind in kinds for keyword, type_ in rows(kind) if type_ == "1")
