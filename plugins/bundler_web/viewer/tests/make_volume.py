"""Builds a medium-like folder for the viewer's tests: DICOM files, VIEWER/ and VIEWER/DATA.

    make_volume.py OUT FILES... [--embed none|reduced|full] [--dist DIR] [--lower]

A test tool: the product's own Python writes the same format (see README.md) in its own way.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import shutil
import zlib
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image

DIST = Path(__file__).parents[1] / "dist"
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def script(call: str, *values: object) -> str:
    """One call of BURNISH with its arguments as JSON that no HTML parser can misread."""
    text = ", ".join(json.dumps(value, ensure_ascii=False) for value in values)
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return f"BURNISH.{call}({text});\n"


def person(value: object) -> str:
    return ", ".join(part for part in str(value or "").split("^")[:2] if part)


def iso(value: object) -> str:
    text = str(value or "")
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 else text


def delta(frame: np.ndarray) -> str:
    """16-bit words as differences to the left (column 0: above), low bytes then high bytes, deflated."""
    words = frame.astype(np.int64)
    before = np.zeros_like(words)
    before[:, 1:] = words[:, :-1]
    before[1:, 0] = words[:-1, 0]
    differences = ((words - before) % 65536).astype("<u2").ravel()
    planes = (differences & 255).astype(np.uint8).tobytes() + (differences >> 8).astype(np.uint8).tobytes()
    return base64.b64encode(zlib.compress(planes, 6)).decode()


def jpeg(frame: np.ndarray) -> str:
    out = io.BytesIO()
    Image.fromarray(frame).save(out, "JPEG", quality=90)
    return base64.b64encode(out.getvalue()).decode()


def letters(cosines: list[float]) -> str:
    names = [("L", "R"), ("P", "A"), ("H", "F")]
    ranked = sorted(((abs(v), names[i][v < 0]) for i, v in enumerate(cosines)), reverse=True)
    return "".join(letter for size, letter in ranked if size > 0.3)[:2]


def embedded_image(ds: pydicom.Dataset, step: int) -> dict:
    """The image as a script puts it; every `step`-th pixel where it is reduced."""
    pixels = ds.pixel_array
    frames = int(ds.get("NumberOfFrames") or 1)
    if frames == 1:
        pixels = pixels[np.newaxis]
    grey = ds.SamplesPerPixel == 1
    if not grey and str(ds.PhotometricInterpretation).startswith("YBR_FULL"):
        pixels = pydicom.pixels.convert_color_space(pixels, ds.PhotometricInterpretation, "RGB")
    pixels = pixels[:, ::step, ::step]
    put: dict = {
        "kind": "image",
        "rows": pixels.shape[1],
        "columns": pixels.shape[2],
        "original": [ds.Rows, ds.Columns],
        "frames": list(range(1, frames + 1)),
        "samples": ds.SamplesPerPixel,
        "signed": bool(ds.PixelRepresentation),
        "invert": ds.PhotometricInterpretation == "MONOCHROME1",
        "slope": float(ds.get("RescaleSlope") or 1),
        "intercept": float(ds.get("RescaleIntercept") or 0),
        "unit": "HU" if ds.Modality == "CT" else "",
        "function": str(ds.get("VOILUTFunction") or "LINEAR"),
        "windows": [],
        "codec": "delta" if grey else "jpeg",
    }
    if ds.get("WindowCenter") not in (None, ""):
        first = lambda v: float(v[0] if isinstance(v, pydicom.multival.MultiValue) else v)  # noqa: E731
        put["windows"] = [[first(ds.WindowCenter), first(ds.WindowWidth), ""]]
    if "FrameTime" in ds:
        put["frameTime"] = float(ds.FrameTime)
    for keyword, kind in (("PixelSpacing", "patient"), ("ImagerPixelSpacing", "detector")):
        if ds.get(keyword):
            put["spacing"], put["spacingKind"] = [float(v) * step for v in ds[keyword].value], kind
            break
    if ds.get("ImageOrientationPatient"):
        cosines = [float(v) for v in ds.ImageOrientationPatient]
        put["orientation"] = [letters(cosines[:3]), letters(cosines[3:])]
    put["data"] = [(delta if grey else jpeg)(frame) for frame in pixels]
    return put


def kind_of(ds: pydicom.Dataset) -> str:
    uid = str(ds.get("SOPClassUID", ""))
    if uid.startswith("1.2.840.10008.5.1.4.1.1.88."):
        return "sr"
    return "pdf" if uid == "1.2.840.10008.5.1.4.1.1.104.1" else "image" if "Rows" in ds else "other"


def once(items: list[dict], key: str, value: str, **more: object) -> dict:
    for item in items:
        if item[key] == value:
            return item
    items.append({key: value, **more})
    return items[-1]


def make(
    out: Path, files: list[Path], embed: str = "reduced", dist: Path = DIST, lower: bool = False
) -> dict:
    """Writes the folder and returns the volume as it stands in VOLUME.JS."""
    data = out / "VIEWER" / "DATA"
    data.mkdir(parents=True, exist_ok=True)
    for name in dist.iterdir():
        shutil.copy(name, out / "VIEWER" / name.name)
    volume: dict = {
        "fileSetId": "TEST01",
        "volume": 1,
        "volumes": 2,
        "institution": "St. Burnish Hospital",
        "created": "2026-11-22",
        "maker": "burnish 0.1",
        "language": "en",
        "embedded": embed,
        "patients": [],
    }
    for n, path in enumerate(files):
        place(volume, n, path, out, embed)
    (data / "VOLUME.JS").write_text(script("volume", volume), "utf-8")
    if lower:
        for path in sorted(out.rglob("*"), key=lambda p: -len(p.parts)):
            path.rename(path.with_name(path.name.lower()))
    return volume


def place(volume: dict, n: int, path: Path, out: Path, embed: str) -> None:
    """Copies one file into DICOM/ and enters it, embedded where asked for and possible."""
    ds = pydicom.dcmread(path, force=True)
    file = f"DICOM/F{n:07d}"
    (out / "DICOM").mkdir(exist_ok=True)
    shutil.copy(path, out / file)
    patient = once(
        volume["patients"],
        "id",
        str(ds.get("PatientID", "")),
        name=person(ds.get("PatientName")),
        birth=iso(ds.get("PatientBirthDate")),
        sex=str(ds.get("PatientSex", "") or ""),
        studies=[],
    )
    study = once(
        patient["studies"],
        "uid",
        str(ds.get("StudyInstanceUID", "")),
        date=iso(ds.get("StudyDate")),
        time="",
        description=str(ds.get("StudyDescription", "")),
        accession="",
        series=[],
    )
    series = once(
        study["series"],
        "uid",
        str(ds.get("SeriesInstanceUID", "")),
        modality=str(ds.get("Modality", "")),
        number=str(ds.get("SeriesNumber", "") or ""),
        description=str(ds.get("SeriesDescription", "")),
        instances=[],
    )
    entry = {
        "file": file,
        "kind": kind_of(ds),
        "number": str(ds.get("InstanceNumber", "") or ""),
        "uid": str(ds.get("SOPInstanceUID", "")),
        "class": pydicom.uid.UID(ds.get("SOPClassUID", "")).name,
    }
    if entry["kind"] == "image":
        entry |= {"frames": int(ds.get("NumberOfFrames") or 1), "rows": ds.Rows, "columns": ds.Columns}
    series["instances"].append(entry)
    if embed == "none":
        return
    if entry["kind"] == "image":
        value = embedded_image(ds, 2 if embed == "reduced" else 1)
    else:
        value = {"kind": "file", "data": base64.b64encode(path.read_bytes()).decode()}
    entry |= {"script": f"DATA/S0000001/I{n:07d}.JS", "n": n}
    target = out / "VIEWER" / entry["script"]
    target.parent.mkdir(exist_ok=True)
    target.write_text(script("put", n, value), "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--embed", choices=["none", "reduced", "full"], default="reduced")
    parser.add_argument("--dist", type=Path, default=DIST)
    parser.add_argument("--lower", action="store_true")
    args = parser.parse_args()
    make(args.out, args.files, args.embed, args.dist, args.lower)
