"""Made studies: two people, a CT and an MR, for a demonstration; slices of anybody for checks.

Everything in them is invented. The pixels are a phantom of discs, 128 x 128, 12 bit.
"""

import math
from array import array
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage

from burnish.requests.reference import minted_uid
from burnish.terms import IMPLEMENTATION_CLASS_UID

_SIZE = 128
_PEOPLE = (
    ("DEMO-0001", "Sample^Ada", "19551105", "F", CTImageStorage, "CT", 8, ExplicitVRLittleEndian),
    ("DEMO-0002", "Muster^J\xf6rg", "19681224", "M", MRImageStorage, "MR", 5, ImplicitVRLittleEndian),
)


def write_samples(folder: Path) -> None:
    """Write them below `folder`: the same files each time."""
    for patient, name, birth, sex, sop_class, modality, slices, syntax in _PEOPLE:
        target = folder / patient
        target.mkdir(parents=True, exist_ok=True)
        for number in range(1, slices + 1):
            dataset = made_slice(patient, sop_class, modality, number)
            dataset.PatientName, dataset.PatientBirthDate, dataset.PatientSex = name, birth, sex
            dataset.file_meta.TransferSyntaxUID = syntax
            dataset.save_as(target / f"{number:04d}.dcm", enforce_file_format=True)


def made_slice(patient: str, sop_class: str, modality: str, number: int, *, series: str = "demo") -> Dataset:
    """A slice of somebody, Explicit VR Little Endian; another `series` has other UIDs."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    dataset.SOPInstanceUID = UID(minted_uid(series, patient, number))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    dataset.PatientID, dataset.Modality = patient, modality
    dataset.StudyInstanceUID = minted_uid(series, patient, "study")
    dataset.SeriesInstanceUID = minted_uid(series, patient, "series")
    dataset.FrameOfReferenceUID = minted_uid(series, patient, "frame")
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", 1, number
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = "20260105"
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = "101500"
    dataset.AccessionNumber, dataset.StudyDescription = f"A-{patient}", f"{modality} of a phantom"
    dataset.ReferringPhysicianName, dataset.Manufacturer = "", "burnish"
    dataset.InstitutionName = "Phantom House"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.PixelSpacing, dataset.SliceThickness = [1.5, 1.5], 3
    dataset.ImagePositionPatient = [-96, -96, 3 * number]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    _pixels(dataset, number)
    return dataset


def _pixels(dataset: Dataset, number: int) -> None:
    dataset.Rows = dataset.Columns = _SIZE
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.WindowCenter, dataset.WindowWidth = 1000, 2000
    if dataset.Modality == "CT":
        dataset.RescaleIntercept, dataset.RescaleSlope = -1024, 1
    values = array("H", (_value(x, y, number) for y in range(_SIZE) for x in range(_SIZE)))
    dataset.PixelData = values.tobytes()


def _value(x: int, y: int, number: int) -> int:
    middle = _SIZE / 2
    if math.hypot(x - middle, (y - middle) * 1.2) > middle - 8:
        return 24
    turn = number / 3
    spot = math.hypot(x - middle - 30 * math.cos(turn), y - middle - 24 * math.sin(turn))
    return 1800 if spot < 6 + number else 1064 + (x * 7 + y * 13) % 40
