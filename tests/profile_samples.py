"""Instances that the profiles of PS3.11 are for: small, made, of made people.

fitting(identifier)   what its annex takes as it is
mendable(identifier)  what has to be made to fit: another transfer syntax
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy
from imagecodecs import jpeg2k_encode, jpeg8_encode
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalIntraOralXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    MRImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
    UltrasoundImageStorage,
    UltrasoundMultiFrameImageStorage,
    VideoEndoscopicImageStorage,
    XRayAngiographicImageStorage,
    generate_uid,
)

from tests import kinds
from tests.lab import data_set

_PEOPLE: Final = {
    "PatientName": "Müller^Jürgen",
    "PatientID": "PROFILES",
    "PatientBirthDate": "19600229",
    "PatientSex": "O",
    "StudyDate": "20200101",
    "StudyTime": "101112",
    "StudyID": "S1",
    "StudyDescription": "Profiles",
    "AccessionNumber": "A1",
    "ReferringPhysicianName": "",
    "SeriesNumber": 7,
    "InstanceNumber": 3,
    "InstitutionName": "House of Images",
    "InstitutionAddress": "1 Street",
    "Manufacturer": "ACME",
    "ManufacturerModelName": "Maker",
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "ContentDate": "20200101",
    "ContentTime": "101113",
}
_VIDEOS: Final = {
    "mpeg2-main": "100",
    "mpeg2-high": "101",
    "mpeg4-41": "102",
    "mpeg4-41-bd": "103",
    "mpeg4-42-2d": "104",
    "mpeg4-42-3d": "105",
    "mpeg4-42-stereo": "106",
}


def _patient() -> Dataset:
    ds = data_set({"SpecificCharacterSet": "ISO_IR 192", **_PEOPLE})
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.SOPInstanceUID = generate_uid()
    return ds


def _named(ds: Dataset, sop_class: str, transfer_syntax: UID) -> Dataset:
    ds.SOPClassUID = sop_class
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = transfer_syntax
    return ds


def pixels(shape: tuple[int, ...], bits: int) -> "numpy.ndarray[Any, Any]":
    """A gradient with a little noise that fills `bits`."""
    count = int(numpy.prod(shape))
    noise = numpy.random.default_rng(bits).integers(0, 1 << max(bits - 3, 1), count)
    ramp = numpy.linspace(0, (1 << bits) - 1 - (1 << max(bits - 3, 1)), count).astype(numpy.int64)
    return (ramp + noise).astype(numpy.uint8 if bits <= 8 else numpy.uint16).reshape(shape)


def image(
    sop_class: str,
    modality: str,
    *,
    side: int = 64,
    bits: int = 12,
    frames: int = 0,
    photometric: str = "MONOCHROME2",
    **more: Any,
) -> Dataset:
    """An uncompressed image; `frames` other than 0: multi-frame."""
    ds = _patient()
    samples = 1 if photometric.startswith("MONO") or photometric == "PALETTE COLOR" else 3
    allocated = 8 if bits <= 8 else 16
    ds.Modality = modality
    ds.SamplesPerPixel, ds.PhotometricInterpretation = samples, photometric
    if samples == 3:
        ds.PlanarConfiguration = 0
    ds.Rows = ds.Columns = side
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = allocated, bits, bits - 1, 0
    ds.PixelSpacing = ["0.5", "0.5"]
    shape = (max(frames, 1), side, side, samples)
    if frames:
        ds.NumberOfFrames = frames
        ds.FrameTime = "40"
        ds.FrameIncrementPointer = 0x00181063
    ds.PixelData = pixels(shape, bits).tobytes()
    ds["PixelData"].VR = "OB" if allocated == 8 else "OW"
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return _named(ds, sop_class, ExplicitVRLittleEndian)


def compressed(ds: Dataset, transfer_syntax: UID) -> Dataset:
    """The same image in a compressed transfer syntax. Colour in JPEG becomes YBR_FULL_422."""
    samples, frames = ds.SamplesPerPixel, int(ds.get("NumberOfFrames", 1))
    kind = numpy.uint8 if ds.BitsAllocated == 8 else numpy.uint16
    raw = numpy.frombuffer(ds.PixelData, kind)[: frames * ds.Rows * ds.Columns * samples]
    shape = (frames, ds.Rows, ds.Columns) + ((samples,) if samples > 1 else ())
    encoded = [_ENCODERS[transfer_syntax](one, ds.BitsStored) for one in raw.reshape(shape)]
    if transfer_syntax == RLELossless:
        ds.compress(RLELossless)
        return ds
    ds.PixelData = encapsulate(encoded)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    if transfer_syntax == JPEGBaseline8Bit:
        ds.LossyImageCompression, ds.LossyImageCompressionRatio = "01", "5"
        ds.LossyImageCompressionMethod = "ISO_10918_1"
        if samples == 3:
            ds.PhotometricInterpretation = "YBR_FULL_422"
    ds.file_meta.TransferSyntaxUID = transfer_syntax
    return ds


_ENCODERS: Final[Mapping[UID, Callable[[Any, int], bytes]]] = {
    RLELossless: lambda frame, bits: b"",
    JPEGLosslessSV1: lambda frame, bits: jpeg8_encode(frame, lossless=True, predictor=1, bitspersample=bits),
    JPEGBaseline8Bit: lambda frame, bits: jpeg8_encode(frame, level=90, subsampling="422"),
    JPEG2000Lossless: lambda frame, bits: jpeg2k_encode(
        frame, level=0, reversible=True, codecformat="J2K", bitspersample=bits, mct=False
    ),
}


def video(number: str) -> Dataset:
    """A video, as far as its transfer syntax says so: its stream is of made bytes."""
    ds = image(VideoEndoscopicImageStorage, "ES", bits=8, frames=50, photometric="RGB")
    ds.PhotometricInterpretation = "YBR_PARTIAL_420"
    ds.PixelData = encapsulate([b"\0\0\1\xb3" + bytes(range(256)) * 40], has_bot=False)
    ds["PixelData"].is_undefined_length = True
    ds.CineRate = 25
    ds.LossyImageCompression, ds.LossyImageCompressionRatio = "01", "30"
    ds.file_meta.TransferSyntaxUID = UID(f"1.2.840.10008.1.2.4.{number}")
    return ds


def report() -> Dataset:
    """A structured report."""
    ds = _patient()
    ds.Modality = "SR"
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = [kinds.code("121144", "Document Title")]
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "UNVERIFIED"
    ds.PerformedProcedureCodeSequence = []
    ds.ReferencedPerformedProcedureStepSequence = []
    text = kinds.content_item("CONTAINS", kinds.code("121106", "Comment"), "Nothing to see.")
    ds.ContentSequence = [text]
    return _named(ds, BasicTextSRStorage, ExplicitVRLittleEndian)


def presentation() -> Dataset:
    """A presentation state."""
    ds = kinds.made("PRESENTATION")
    assert ds.SOPClassUID == GrayscaleSoftcopyPresentationStateStorage
    return ds


def implicit(ds: Dataset) -> Dataset:
    """The same instance as Implicit VR LE."""
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return ds


def xa(**more: Any) -> Dataset:
    """A run of three frames."""
    return image(
        XRayAngiographicImageStorage,
        "XA",
        **{"bits": 8, "frames": 3, "ImageType": ["ORIGINAL", "PRIMARY", "SINGLE PLANE"], **more},
    )


def _region() -> Dataset:
    return data_set(
        {
            "RegionSpatialFormat": 1,
            "RegionDataType": 1,
            "RegionFlags": 0,
            "RegionLocationMinX0": 0,
            "RegionLocationMinY0": 0,
            "RegionLocationMaxX1": 63,
            "RegionLocationMaxY1": 63,
            "PhysicalUnitsXDirection": 3,
            "PhysicalUnitsYDirection": 3,
            "PhysicalDeltaX": 0.01,
            "PhysicalDeltaY": 0.01,
            "PixelComponentOrganization": 0,
            "PixelComponentMask": 255,
            "PixelComponentPhysicalUnits": 0,
            "PixelComponentDataType": 10,
            "NumberOfTableBreakPoints": 2,
            "TableOfXBreakPoints": [0, 255],
            "TableOfYBreakPoints": [0.0, 1.0],
        }
    )


def _us(photometric: str = "RGB", frames: int = 0) -> Dataset:
    sop_class = UltrasoundMultiFrameImageStorage if frames else UltrasoundImageStorage
    regions = [_region()]
    return image(
        sop_class, "US", bits=8, photometric=photometric, frames=frames, SequenceOfUltrasoundRegions=regions
    )


def _tooth(bits: int = 12) -> Dataset:
    return image(
        DigitalIntraOralXRayImageStorageForPresentation,
        "IO",
        bits=bits,
        DetectorID="1",
        DetectorManufacturerName="ACME",
        DetectorManufacturerModelName="Sensor",
    )


def _capture() -> Dataset:
    return image(SecondaryCaptureImageStorage, "OT", bits=8, ConversionType="WSD")


def _ct(**more: Any) -> Dataset:
    position = {"ImagePositionPatient": [0, 0, 0], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
    return image(CTImageStorage, "CT", FrameOfReferenceUID=generate_uid(), **{**position, **more})


def _mr() -> Dataset:
    return image(MRImageStorage, "MR", bits=16)


def _general() -> list[Dataset]:
    colour = image(SecondaryCaptureImageStorage, "OT", bits=8, photometric="RGB", ConversionType="WSD")
    return [_ct(), _mr(), colour, report(), presentation(), xa(bits=10)]


def _ultrasound(*, multi: bool) -> list[Dataset]:
    found = [
        _us("MONOCHROME2"),
        _us(),
        compressed(_us("MONOCHROME2"), RLELossless),
        compressed(_us(), JPEGBaseline8Bit),
    ]
    return [*found, _us(frames=4), compressed(_us(frames=2), JPEGBaseline8Bit)] if multi else found


_FITTING: Final[Mapping[str, Callable[[], list[Dataset]]]] = {
    "xa-basic": lambda: [compressed(xa(), JPEGLosslessSV1)],
    "xa-1024-cd": lambda: [
        compressed(xa(side=128, bits=10), JPEGLosslessSV1),
        compressed(xa(bits=12, frames=0), JPEGLosslessSV1),
        _capture(),
        presentation(),
    ],
    "xa-1024-dvd": lambda: [
        compressed(xa(bits=12), JPEGLosslessSV1),
        compressed(xa(), JPEGBaseline8Bit),
        _capture(),
        presentation(),
    ],
    "us-single": lambda: _ultrasound(multi=False),
    "us-multi": lambda: _ultrasound(multi=True),
    "any-explicit": _general,
    "ct-mr": lambda: [_ct(), compressed(_ct(), JPEGLosslessSV1), _mr(), _capture(), presentation()],
    "any-stated": lambda: [*_general(), compressed(_ct(), JPEG2000Lossless), video("102")],
    "any-jpeg": lambda: [
        *_general(),
        compressed(_ct(), JPEGLosslessSV1),
        compressed(_us(), JPEGBaseline8Bit),
    ],
    "any-jpeg2000": lambda: [*_general(), compressed(_mr(), JPEG2000Lossless)],
    "dental": lambda: [
        _tooth(),
        _tooth(8),
        image(
            DigitalXRayImageStorageForPresentation,
            "DX",
            bits=16,
            DetectorID="2",
            DetectorManufacturerName="ACME",
            DetectorManufacturerModelName="Panorama",
        ),
    ],
    "dental-mail": lambda: [_tooth(), _tooth(10)],
}

_MENDABLE: Final[Mapping[str, Callable[[], list[Dataset]]]] = {
    "xa-basic": lambda: [xa(), implicit(xa(frames=0)), compressed(xa(), RLELossless)],
    "xa-1024-cd": lambda: [xa(bits=10), compressed(xa(bits=12), JPEG2000Lossless), implicit(_capture())],
    "xa-1024-dvd": lambda: [xa(bits=10), implicit(presentation())],
    "us-single": lambda: [implicit(_us()), compressed(_us("MONOCHROME2"), JPEG2000Lossless)],
    "us-multi": lambda: [implicit(_us(frames=2)), compressed(_us("MONOCHROME2", 2), JPEG2000Lossless)],
    "any-stated": lambda: [implicit(_ct()), implicit(report())],
    "ct-mr": lambda: [implicit(_ct()), compressed(_mr(), RLELossless), compressed(_ct(), JPEG2000Lossless)],
    "dental": lambda: [implicit(_tooth()), compressed(_tooth(), JPEGLosslessSV1)],
    "dental-mail": lambda: [implicit(_tooth()), compressed(_tooth(), JPEG2000Lossless)],
}


def _cr() -> Dataset:
    return image(ComputedRadiographyImageStorage, "CR", bits=10)


def fitting(syntaxes: str) -> list[Dataset]:
    """What a profile with these `syntaxes` (rules.toml) takes as it is."""
    if number := _VIDEOS.get(syntaxes.removeprefix("any-and-").removeprefix("any-")):
        return [video(number), *(_general() if syntaxes.startswith("any-and-") else [])]
    return _FITTING[syntaxes]()


def mendable(syntaxes: str) -> list[Dataset]:
    """What a profile with these `syntaxes` takes once it was made to fit; a video nothing else could be."""
    if syntaxes in _MENDABLE:
        return _MENDABLE[syntaxes]()
    if syntaxes.startswith("any-m") and not syntaxes.startswith("any-and-"):
        return []
    return [implicit(_ct()), compressed(_mr(), RLELossless), compressed(_cr(), RLELossless)]


__all__ = ["compressed", "fitting", "image", "implicit", "mendable", "pixels", "video", "xa"]
