"""Data sets to measure with: the same bytes each time, written fast.

One slice is made with pydicom; every other is that slice with its UIDs and numbers, which have a fixed
length, put in their places.

    slices   1,000 CT of one series, 512 x 512 x 16, 525,9xx bytes each
    small    any number of CT of 16 x 16, in 20 patients x 5 studies x 5 series
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

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
    template = _Template(512)
    for number in range(count):
        yield template.sample(number, 0, 0, 0)


def small(count: int) -> Iterator[Sample]:
    """Small CT images of many series."""
    template = _Template(16)
    for number in range(count):
        series = number * SERIES // count
        yield template.sample(number, series, series // 5, series // 25)


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
    """A slice whose UIDs and numbers are to be put in."""

    def __init__(self, size: int) -> None:
        marks = [uid(kind, 10**_PLACES - 1) for kind in (1, 2, 3)]
        self._numbers = {"instance": b"987654321", "patient": b"P-98765"}
        buffer = BytesIO()
        _slice(size, marks).save_as(buffer, enforce_file_format=True)
        self._data = buffer.getvalue()
        self._marks = [mark.encode() for mark in marks]

    def sample(self, number: int, series: int, study: int, patient: int) -> Sample:
        instance = uid(1, number)
        values = [instance, uid(2, series), uid(3, study)]
        data = self._data
        for mark, value in zip(self._marks, values, strict=True):
            data = data.replace(mark, value.encode())
        data = data.replace(self._numbers["instance"], f"{number + 1:09}".encode())
        data = data.replace(self._numbers["patient"], f"P-{patient:05}".encode())
        folders = (f"PT{patient:06}", f"ST{study:06}", f"SE{series:06}")
        return Sample(("DICOM", *folders, f"IM{number:06}"), instance, data)


def _slice(size: int, marks: list[str]) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CTImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID(marks[0])
    ds.SeriesInstanceUID, ds.StudyInstanceUID = marks[1:]
    ds.PatientID, ds.PatientName, ds.PatientSex, ds.PatientBirthDate = (
        "P-98765",
        "Bench^P-98765",
        "O",
        "19700101",
    )
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = "20260105"
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = "101500"
    ds.StudyID, ds.AccessionNumber, ds.StudyDescription = "1", "A-1", "Measured"
    ds.ReferringPhysicianName, ds.Modality, ds.Manufacturer = "", "CT", "burnish"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SeriesNumber, ds.InstanceNumber = 1, "987654321"
    ds.Rows = ds.Columns = size
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelSpacing, ds.ImageOrientationPatient = [0.5, 0.5], [1, 0, 0, 0, 1, 0]
    ds.ImagePositionPatient, ds.SliceThickness = [0, 0, 0], 1
    ds.RescaleIntercept, ds.RescaleSlope = -1024, 1
    ds.PixelData = bytes(
        byte & 0x0F if place % 2 else byte for place, byte in enumerate(_noise(2 * size * size))
    )
    return ds


def _noise(length: int) -> bytes:
    return hashlib.shake_128(b"burnish").digest(length)
