"""Data sets to measure with: the same bytes each time, written fast.

One slice is made with pydicom; every other is that slice with its UIDs and numbers, which have a fixed
length, put in their places.

    slices   1,000 CT of one series, 512 x 512 x 16, 525,9xx bytes each
    small    any number of CT of 16 x 16, in 20 patients x 5 studies x 5 series
    mixed    200 files, 500 MB, of 10 patients: MR, CR of 10 MB, US of 57 frames and 53 MB, CT compressed by
             RLE, structured reports, PDF documents
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    RLELossless,
    UltrasoundMultiFrameImageStorage,
)

_ROOT = "1.2.826.0.1.3680043.10.1338"
_PLACES = 9
"""Digits of every number that is put in."""
SERIES = 500


@dataclass(frozen=True, slots=True)
class Sample:
    """One file of a set."""

    file_id: tuple[str, ...]
    """Where it lies below the set's folder, as on a medium."""
    sop_instance: str
    data: bytes
    """The whole file."""


def uid(kind: int, number: int) -> str:
    """A UID of fixed length."""
    return f"{_ROOT}.{kind}.1{number:0{_PLACES}}"


def slices(count: int = 1000) -> Iterator[Sample]:
    """CT slices of one series."""
    template = _Template(_ct(512))
    for number in range(count):
        yield template.sample(number, 0, 0, 0)


def small(count: int) -> Iterator[Sample]:
    """Small CT images of many series."""
    template = _Template(_ct(16))
    for number in range(count):
        series = number * SERIES // count
        yield template.sample(number, series, series // 5, series // 25)


def mixed(count: int = 200) -> Iterator[Sample]:
    """What a folder of several departments holds; a patient has one study, with one series of each kind."""
    templates: dict[str, _Template] = {}
    kinds = [kind for kind, files in _MIX.items() for _ in range(files)]
    for number in range(count):
        place = number * len(kinds) // count
        kind = kinds[place]
        if kind not in templates:
            templates[kind] = _Template(_KINDS[kind]())
        patient = place % _MIXED_PATIENTS
        series = patient * len(_MIX) + list(_MIX).index(kind)
        yield templates[kind].sample(number, series, patient, patient)


_MIXED_PATIENTS: Final = 10
_MIX: Final = {"MR": 110, "CT by RLE": 25, "SR": 30, "PDF": 10, "CR": 20, "US": 5}
"""Files of each kind among 200."""


def write(samples: Iterator[Sample], folder: Path) -> list[Path]:
    """Write a set; the paths, in order."""
    paths, made = [], set()
    for sample in samples:
        path = folder.joinpath(*sample.file_id)
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(sample.data)
        paths.append(path)
    return paths


class _Template:
    """A file whose UIDs and numbers are to be put in."""

    def __init__(self, ds: Dataset) -> None:
        buffer = BytesIO()
        ds.save_as(buffer, enforce_file_format=True)
        self._data = buffer.getvalue()

    def sample(self, number: int, series: int, study: int, patient: int) -> Sample:
        instance = uid(1, number)
        values = (instance, uid(2, series), uid(3, study), f"{number + 1:09}", f"P-{patient:05}")
        data = self._data
        for mark, value in zip(_MARKS, values, strict=True):
            data = data.replace(mark.encode(), value.encode())
        folders = (f"PT{patient:06}", f"ST{study:06}", f"SE{series:06}")
        return Sample(("DICOM", *folders, f"IM{number:06}"), instance, data)


_NUMBER: Final = "987654321"
_PATIENT: Final = "P-98765"
_MARKS: Final = (*(uid(kind, 10**_PLACES - 1) for kind in (1, 2, 3)), _NUMBER, _PATIENT)
"""SOP Instance, Series and Study Instance UID, Instance Number and Patient ID of a template."""


def _instance(sop_class: UID, modality: str) -> Dataset:
    """What every file has."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID(_MARKS[0])
    ds.SeriesInstanceUID, ds.StudyInstanceUID = _MARKS[1:3]
    ds.PatientID, ds.PatientName = _PATIENT, f"Bench^{_PATIENT}"
    ds.PatientSex, ds.PatientBirthDate = "O", "19700101"
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = "20260105"
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = "101500"
    ds.StudyID, ds.AccessionNumber, ds.StudyDescription = "1", "A-1", "Measured"
    ds.ReferringPhysicianName, ds.Modality, ds.Manufacturer = "", modality, "burnish"
    ds.SeriesNumber, ds.InstanceNumber = 1, _NUMBER
    return ds


def _image(sop_class: UID, modality: str, rows: int, columns: int) -> Dataset:
    """An image of 12 bits, of noise."""
    ds = _instance(sop_class, modality)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.Rows, ds.Columns = rows, columns
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelSpacing = [0.5, 0.5]
    pixels = bytearray(_noise(2 * rows * columns))
    pixels[1::2] = pixels[1::2].translate(_LOW_BITS)
    ds.PixelData = bytes(pixels)
    return ds


_LOW_BITS: Final = bytes(byte & 0x0F for byte in range(256))


def _ct(size: int) -> Dataset:
    ds = _image(CTImageStorage, "CT", size, size)
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 0]
    ds.SliceThickness, ds.RescaleIntercept, ds.RescaleSlope = 1, -1024, 1
    return ds


def _compressed() -> Dataset:
    ds = _ct(256)
    ds.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
    return ds


def _ultrasound() -> Dataset:
    ds = _image(UltrasoundMultiFrameImageStorage, "US", 480, 640)
    ds.NumberOfFrames, ds.FrameTime, ds.FrameIncrementPointer = 57, 40, 0x00181063
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8, 8, 7
    ds.PixelData = _noise(57 * 3 * 480 * 640)
    return ds


def _report() -> Dataset:
    ds = _instance(BasicTextSRStorage, "SR")
    ds.CompletionFlag, ds.VerificationFlag, ds.ValueType = "COMPLETE", "UNVERIFIED", "CONTAINER"
    ds.ContinuityOfContent = "SEPARATE"
    ds.ConceptNameCodeSequence = [_code("11528-7", "Radiology Report")]
    finding = Dataset()
    finding.RelationshipType, finding.ValueType = "CONTAINS", "TEXT"
    finding.ConceptNameCodeSequence = [_code("59776-5", "Findings")]
    finding.TextValue = "Nothing was measured but time. " * 100
    ds.ContentSequence = [finding]
    return ds


def _code(value: str, meaning: str) -> Dataset:
    ds = Dataset()
    ds.CodeValue, ds.CodingSchemeDesignator, ds.CodeMeaning = value, "LN", meaning
    return ds


def _document() -> Dataset:
    ds = _instance(EncapsulatedPDFStorage, "DOC")
    ds.BurnedInAnnotation, ds.DocumentTitle = "NO", "Measured"
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.ConceptNameCodeSequence = [_code("11528-7", "Radiology Report")]
    ds.EncapsulatedDocument = b"%PDF-1.4\n" + _noise(1_000_001)
    return ds


def _noise(length: int) -> bytes:
    return hashlib.shake_128(b"burnish").digest(length)


_KINDS: Final[dict[str, Callable[[], Dataset]]] = {
    "MR": lambda: _image(MRImageStorage, "MR", 256, 256),
    "CT by RLE": _compressed,
    "SR": _report,
    "PDF": _document,
    "CR": lambda: _image(ComputedRadiographyImageStorage, "CR", 2500, 2000),
    "US": _ultrasound,
}
