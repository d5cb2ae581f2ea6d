"""DICOM files made for the viewer's tests, so that every value in them is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

CT, CR, MR, US = "2", "1", "4", "3.1"
CLASS = "1.2.840.10008.5.1.4.1.1."


def base(
    sop: str, modality: str, study: str, series: str, number: int, description: str, **more: object
) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CLASS + sop, generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Müller^Änne", "4711", "19700131", "F"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.StudyDate, ds.StudyTime, ds.StudyDescription, ds.Modality = (
        "20261120",
        "100500",
        "Thorax and abdomen",
        modality,
    )
    ds.SeriesNumber, ds.InstanceNumber, ds.SeriesDescription = 1, number, description
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def pixels(
    ds: FileDataset, array: np.ndarray, photometric: str = "MONOCHROME2", stored: int | None = None
) -> FileDataset:
    """Sets pixel data and its module: (rows, columns), (frames, rows, columns) or with a last axis of three samples."""
    colour = array.shape[-1] == 3 and photometric != "MONOCHROME2"
    shape = array.shape[:-1] if colour else array.shape
    if len(shape) == 3:
        ds.NumberOfFrames = shape[0]
    ds.Rows, ds.Columns = shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = (3, photometric) if colour else (1, photometric)
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = array.dtype.itemsize * 8
    ds.BitsStored = stored or ds.BitsAllocated
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(array.dtype.kind == "i")
    ds.PixelData = array.tobytes()
    return ds


def body(size: int, z: float) -> np.ndarray:
    """Hounsfield units of a made chest: skin, fat, lungs, spine, a lesion; `z` from 0 to 1 along the axis."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]

    def oval(cx: float, cy: float, rx: float, ry: float) -> np.ndarray:
        return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2

    noise = np.random.default_rng(int(z * 1000)).normal(0, 12, (size, size))
    out = np.full((size, size), -1000.0)
    out[oval(0, 0, 0.86, 0.62) < 1] = -90
    out[oval(0, 0, 0.79, 0.55) < 1] = 45
    wide = 0.28 + 0.06 * np.sin(3 * z)
    for side in (-1, 1):
        lung = oval(0.4 * side, -0.02, wide, 0.42)
        out[lung < 1] = -840
        vessels = (np.sin(22 * x + 9 * z) * np.cos(19 * y - 7 * z) > 0.93) & (lung < 0.9)
        out[vessels] = 20
        for k in range(5):
            out[oval(side * 0.72, -0.3 + 0.15 * k + 0.05 * z, 0.045, 0.03) < 1] = 600
    out[oval(0.08, -0.12 + 0.1 * z, 0.2, 0.24) < 1] = 120 + 60 * z
    out[oval(0, 0.38, 0.11, 0.1) < 1] = 500
    out[oval(0, 0.38, 0.05, 0.045) < 1] = 180
    out[oval(-0.42, 0.1, 0.05, 0.05) < 1 - abs(z - 0.5) * 2] = 60
    inside = out > -990
    return np.where(inside, out + noise, out + noise / 3)


def ct_series(count: int = 12, size: int = 512) -> list[FileDataset]:
    study, series = "1.2.826.0.1.1.1", "1.2.826.0.1.1.1.1"
    made = []
    for i in range(count):
        ds = base(CT, "CT", study, series, i + 1, "Thorax axial 1.5")
        ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
        ds.WindowCenter, ds.WindowWidth, ds.WindowCenterWidthExplanation = (
            [40, -600],
            [400, 1500],
            ["MEDIASTINUM", "LUNG"],
        )
        ds.PixelSpacing, ds.ImageOrientationPatient = [0.7, 0.7], [1, 0, 0, 0, 1, 0]
        made.append(
            pixels(ds, np.clip(body(size, i / max(1, count - 1)) + 1024, 0, 4095).astype("<u2"), stored=12)
        )
    return made


def cr() -> FileDataset:
    ds = base(
        CR,
        "CR",
        "1.2.826.0.1.1.2",
        "1.2.826.0.1.1.2.1",
        1,
        "Hand pa",
        StudyDate="20251103",
        StudyDescription="Hand",
    )
    y, x = np.mgrid[-1:1:1200j, -1:1:900j]
    hand = sum(
        np.exp(-(((x - cx) / 0.09) ** 2)) * (y > cy) * (y < 0.6)
        for cx, cy in ((-0.6, -0.2), (-0.3, -0.75), (0, -0.85), (0.3, -0.75), (0.6, -0.5))
    )
    palm = np.exp(-((x / 0.7) ** 4 + ((y - 0.55) / 0.5) ** 4))
    ds.ImagerPixelSpacing = [0.2, 0.2]
    ds.PatientOrientation = ["R", "F"]
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    return pixels(
        ds, (4000 - 1500 * np.clip(hand, 0, 1.6) - 1200 * palm).clip(0, 4095).astype("<u2"), "MONOCHROME1", 12
    )


def us() -> FileDataset:
    """Twelve frames of colour, 30 ms each."""
    ds = base(
        US, "US", "1.2.826.0.1.1.2", "1.2.826.0.1.1.2.2", 1, "Heart 4CH", StudyDate="20251103", FrameTime=30
    )
    y, x = np.mgrid[0:240, 0:320]
    frames = []
    for i in range(12):
        sector = (np.abs(np.arctan2(x - 160, y + 20)) < 0.7) & (np.hypot(x - 160, y) < 230)
        speckle = np.random.default_rng(i).gamma(2, 22, y.shape).clip(0, 200)
        chamber = np.hypot(x - 160, y - 120) < 40 + 10 * np.sin(i * np.pi / 6)
        grey = np.where(sector, np.where(chamber, speckle * 0.15, speckle), 0)
        frame = np.stack([grey] * 3, -1)
        jet = sector & (np.hypot(x - 160, y - 100 - 4 * i) < 14)
        frame[jet] = [220, 60 + 8 * i, 30]
        frames.append(frame.astype(np.uint8))
    return pixels(ds, np.stack(frames), "RGB")


def code(value: str, scheme: str, meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def content(kind: str, name: str, **values: object) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = (
        "CONTAINS",
        kind,
        code("121071", "DCM", name),
    )
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def sr(image: FileDataset) -> FileDataset:
    ds = base("88.22", "SR", "1.2.826.0.1.1.1", "1.2.826.0.1.1.1.9", 1, "Radiology report")
    ds.ValueType, ds.ConceptNameCodeSequence, ds.ContinuityOfContent = (
        "CONTAINER",
        code("18747-6", "LN", "CT Report"),
        "SEPARATE",
    )
    ds.CompletionFlag, ds.VerificationFlag, ds.ContentDate = "COMPLETE", "VERIFIED", "20261120"
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "12.5", code("mm", "UCUM", "millimeter")
    target = Dataset()
    target.ReferencedSOPClassUID, target.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    finding = content("CODE", "Finding", ConceptCodeSequence=code("27925004", "SCT", "Nodule"))
    finding.ContentSequence = Sequence(
        [
            content("NUM", "Diameter", MeasuredValueSequence=Sequence([measured])),
            content("IMAGE", "Image", ReferencedSOPSequence=Sequence([target])),
        ]
    )
    findings = content("CONTAINER", "Findings")
    findings.ContentSequence = Sequence(
        [
            content(
                "TEXT",
                "Lungs",
                TextValue="A round nodule in the right lower lobe. No effusion, no enlarged lymph nodes. <script>alert(1)</script>",
            ),
            finding,
        ]
    )
    impression = content("CONTAINER", "Impression")
    impression.ContentSequence = Sequence(
        [content("TEXT", "Conclusion", TextValue="Solitary nodule, für eine Kontrolle in 3 Monaten.")]
    )
    ds.ContentSequence = Sequence(
        [
            content("PNAME", "Person Observer", PersonName="Doe^Jane^^Dr."),
            content("DATETIME", "Observed", DateTime="20261120103000"),
            findings,
            impression,
        ]
    )
    return ds


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length 47>>stream
BT /F1 24 Tf 40 100 Td (Discharge letter) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""


def pdf() -> FileDataset:
    ds = base("104.1", "DOC", "1.2.826.0.1.1.1", "1.2.826.0.1.1.1.8", 1, "Letter")
    ds.DocumentTitle, ds.MIMETypeOfEncapsulatedDocument = "Discharge letter", "application/pdf"
    ds.EncapsulatedDocument = PDF + b"\0" * (len(PDF) % 2)
    return ds


def secondary(
    description: str, array: np.ndarray, photometric: str = "MONOCHROME2", **more: object
) -> FileDataset:
    """A small image of a series of its own; `more` are attributes that say how it is to be looked at."""
    uid = f"1.2.826.0.1.9.{sum(map(ord, description))}"
    ds = pixels(base("7", "OT", uid, uid + ".1", 1, description), array, photometric)
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def lut(first: int, entries: list[int], bits: int) -> Sequence:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    return Sequence([item])


def groups(**sequences: dict) -> Dataset:
    """One item of functional groups: sequence keyword -> attributes of its macro."""
    group = Dataset()
    for keyword, attributes in sequences.items():
        macro = Dataset()
        for name, value in attributes.items():
            setattr(macro, name, value)
        setattr(group, keyword, Sequence([macro]))
    return group


def enhanced() -> FileDataset:
    """Two frames with slopes, windows and spacing of their own."""
    ramp = np.arange(256, dtype="<u2").reshape(16, 16)
    ds = secondary("enhanced", np.stack([ramp, ramp]))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = CLASS + "4.1"
    ds.SharedFunctionalGroupsSequence = Sequence(
        [
            groups(
                PixelMeasuresSequence={"PixelSpacing": [2, 2]},
                PlaneOrientationSequence={"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]},
            )
        ]
    )
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        [
            groups(
                PixelValueTransformationSequence={
                    "RescaleSlope": slope,
                    "RescaleIntercept": -10,
                    "RescaleType": "US",
                },
                FrameVOILUTSequence={"WindowCenter": 100 * slope, "WindowWidth": 50},
            )
            for slope in (1, 3)
        ]
    )
    return ds


def write(datasets: list[FileDataset], folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for i, ds in enumerate(datasets):
        paths.append(folder / f"{i:04d}.dcm")
        ds.save_as(paths[-1], enforce_file_format=True)
    return paths


def whole() -> list[FileDataset]:
    """A patient with CT, report, letter, CR and ultrasound."""
    ct = ct_series()
    return [*ct, sr(ct[5]), pdf(), cr(), us()]
