"""One file for every transfer syntax and pixel layout the viewer decodes, with the pixels pydicom sees.

files(folder) -> {name: path}       pydicom's own test files, and files compressed here by pylibjpeg, pyjpegls and dcmtk
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pydicom
import viewer_samples as samples
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"

THEIRS = [
    "CT_small",
    "MR_small",
    "MR_small_implicit",
    "MR_small_bigendian",
    "MR_small_RLE",
    "MR_small_jp2klossless",
    "MR_small_jpeg_ls_lossless",
    "MR_small_padded",
    "image_dfl",
    "JPEG-lossy",
    "JPGExtended",
    "JPEG2000",
    "JPEGLSNearLossless_08",
    "JPEGLSNearLossless_16",
    "693_J2KI",
    "J2K_pixelrep_mismatch",
    "GDCMJ2K_TextGBR",
    "SC_rgb_rle",
    "SC_rgb_rle_16bit",
    "SC_rgb_small_odd",
    "SC_rgb_small_odd_big_endian",
    "SC_rgb_small_odd_jpeg",
    "SC_ybr_full_422_uncompressed",
    "SC_rgb_jpeg_dcmtk",
    "SC_rgb_jpeg_gdcm",
    "SC_rgb_jpeg_lossy_gdcm",
    "SC_rgb_dcmtk_+eb+cr",
    "SC_rgb_dcmtk_+eb+cy+n1",
    "SC_rgb_dcmtk_+eb+cy+np",
    "SC_rgb_dcmtk_+eb+cy+s2",
    "SC_rgb_dcmtk_+eb+cy+s4",
    "SC_rgb_jls_lossy_line",
    "SC_rgb_jls_lossy_sample",
    "SC_rgb_gdcm_KY",
    "examples_palette",
    "examples_rgb_color",
    "examples_ybr_color",
    "examples_jpeg2k",
    "examples_overlay",
    "liver_1frame",
    "rtdose_1frame",
    "rtdose",
    "ExplVR_BigEnd",
    "SC_rgb_rle_2frame",
    "emri_small",
    "SC_rgb_jpeg_app14_dcmd",
    "SC_rgb_jpeg_dcmd",
]

#: Files whose colour is subsampled or lossy: decoders differ in how they fill in between.
LOSSY = {"JPEG-lossy": 6, "JPGExtended": 6}


def files(folder: Path) -> dict[str, Path]:
    found = {name: TEST_FILES / f"{name}.dcm" for name in THEIRS if (TEST_FILES / f"{name}.dcm").exists()}
    return {**found, **made(folder)}


def made(folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    source = samples.ct_series(1, 128)[0]
    source.PixelSpacing = [1, 1]
    plain = folder / "plain.dcm"
    source.save_as(plain, enforce_file_format=True)
    signed = pydicom.dcmread(plain)
    values = signed.pixel_array.astype("<i2") - 1024
    samples.pixels(signed, values, stored=16)
    signed.RescaleIntercept = 0
    out = {"made plain": plain, "made signed": store(signed, folder / "signed.dcm")}
    for name, syntax in {
        "implicit": ImplicitVRLittleEndian,
        "deflated": DeflatedExplicitVRLittleEndian,
    }.items():
        ds = pydicom.dcmread(plain)
        ds.file_meta.TransferSyntaxUID = syntax
        out[f"made {name}"] = store(ds, folder / f"{name}.dcm")
    for sign, path in (("", plain), (" signed", out["made signed"])):
        for name, syntax in {
            "rle": RLELossless,
            "jpegls": JPEGLSLossless,
            "near": JPEGLSNearLossless,
            "j2k": JPEG2000Lossless,
        }.items():
            ds = pydicom.dcmread(path)
            try:
                ds.compress(syntax, **({"jls_error": 3} if name == "near" else {}))
            except Exception:  # noqa: BLE001  (an encoder that refuses this layout tests nothing here)
                continue
            out[f"made {name}{sign}"] = store(ds, folder / f"{name}{sign.strip()}.dcm")
    lossy = pydicom.dcmread(plain)
    lossy.compress(JPEG2000, j2k_cr=[5])
    out["made j2k lossy"] = store(lossy, folder / "j2klossy.dcm")
    LOSSY["made j2k lossy"] = 2
    colour = samples.us()
    colour.save_as(folder / "us.dcm", enforce_file_format=True)
    out["made us"] = folder / "us.dcm"
    if shutil.which("dcmcjpeg"):
        for name, option, path in (
            ("sv1", "+e1", plain),
            ("p14", "+el", plain),
            ("extended", "+ee", plain),
            ("baseline", "+eb", folder / "us.dcm"),
            ("progressive", "+ep", folder / "us.dcm"),
        ):
            target = folder / f"{name}.dcm"
            if (
                subprocess.run(["dcmcjpeg", option, path, target], capture_output=True, timeout=60).returncode
                == 0
            ):
                out[f"made jpeg {name}"] = target
        LOSSY["made jpeg extended"] = 3
    return {**out, **htj2k(folder)}


#: Codestreams of OpenJPH 0.31, lossless, of the values in `htj2k`: no Python encoder writes HTJ2K.
HT_GREY = "/0//UQApQAAAAAAwAAAAKAAAAAAAAAAAAAAAMAAAACgAAAAAAAAAAAABjwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4zMS4wLv+QAAoAAAAAAOcAAf+TwAAqQAOUHvL6Awl0AMAAE0AAEgDT6QCLdAAYMjMAwAAVUAAEwKKKEvWCD+ILdgAY8Qp3VADAABWQAAVwUFBQUFDcYjpxgncA0dHR0dHR9BDeIQG+uADAABaUAAFsACQSiUQikUgk0vP6enp6cQJ5AOfzPM/zPM/zPP9MAQge/YQge/YQgey/AMAALegABdWACIIgCIIgCIIgCIIgCIIg/X/Kenp6enp6enpwgn8AbWuttdZaa6211lprrbXW/v99cAAAe/YAAe/YAAe/YAAe/YAAe/YAAey7Af/Z"
HT_COLOUR = "/0//UQAvQAAAAAAYAAAAFAAAAAAAAAAAAAAAGAAAABQAAAAAAAAAAAADBwEBBwEBBwEB/1AACAACAAAAA/9SAAwAAgABAQUEBEAB/1wAEyBQWFhYWFhYWFhYWFhYUFBQ/2QAFwABT3BlbkpQSCBWZXIgMC4zMS4wLv+QAAoAAAAAA6EAAf+TwBKA8wAHdADAEoDAAId0AMASgPkAx3QAwAlgBKDKAId0AMoBB3QAwAlgBLACMO0AB3QAbwGHdAAAYwDACWAEoFYBh3QAiQGHdADACWAEkAJA6gDLdAD+AGMA/SdzAMAJoASwAlC8+QCLdACIAMF0APcAx3QAwAlgBIC7AEt0APYKMwDACsgBUQAnOw4V8iEAYW5I/rcAIsG96ym9lAAJWcAbfzQAwAr4AVcAKoB1QwQ5Rg5uACEvf5D+uACMHvA4D/4QQb2VACkONxj8AZN/NQDACpgBKFpN+4CP4It2ANZKd1QAwAteAFvwAtcxmpoQLDFFCyhwsf0A5zvCxlHEdpt7AFAfqYwzPLIkhQoNBds6CQqnfv4Jf+57fdCAGyQWvADDNYTQBg0BcGEcgKXHDqnnl2SZElCaAMALoIAXUQAugMcDwnqu0TtZ45kINES5PCshEAhI2gfbOqYSjiOkWZsARvfJaTP5TPQiLyT12Ao5WMHb7FMCMM33P6j8Avb1233QiBsAABa9ABE+gMfhcHOAJgwAQMwYND4GXtsfAHZTzs4snkAAEZwAwAq4AVqMMcb+3AI6cAJ3AHVd13X99ADeAAG+uADAF1UAXtcAXQD+p47xusej1nmdPmvnjDrG+Sz7SMZlL2lxaNH6nEXqMtOlZHuLmX0PdwE+z3/9999//13Hc/z/f/9tMAyf7x++7fqP/3t//3t/5++9f+P/f+Nw2L7v+77hGC//e7//ft/53/s3/v99v/87P4br9Xo9g9t4/O8AV9bqkUa08XJYew26dZPsegABzhEsKKSaZpNjMhmQAv5/77/f+/9e9z3P9/5fAiOx0rq+CwQRxquJgAfAD3MBwBdnAF9EQBdI/v8RfTx+fT9+SK/Pvz7y5/U+n4f08fj8eTFIE5lL2lxcjR+pxF7Iy06Vke0LgRfAD3kB/vz8f/1//1//b/93+/Hz8f9//3//duHh4c/f/0O/t6//D/9//v9+/37/ffz3+/3v8f9//3HDh7e/v7+/v4ePxy//P/8//1//P5//X9//Hv7/R/8P/x/+PvSws2nTpo0Hux6H/scAV9bqkUa08XJYew26dZPseiABzhEsKKAAGmQgA2MAIBmTAv7/X9//d9/v/3/9fn8/P3+/XyI7HSur4KEQEcariYIHxA9zAcAV0AWmIiIiIiLz+Kenp6fCeQD37u7u7u7+/0wcnv3ye/fJ7LwA/9k="


def htj2k(folder: Path) -> dict[str, Path]:
    y, x = np.mgrid[0:40, 0:48]
    grey = samples.base("7", "OT", "1.2.826.0.1.5", "1.2.826.0.1.5.1", 1, "HTJ2K")
    samples.pixels(grey, (x * 37 - y * 23 - 500).astype("<i2"))
    y, x = np.mgrid[0:20, 0:24]
    colour = samples.base("7", "OT", "1.2.826.0.1.5", "1.2.826.0.1.5.2", 1, "HTJ2K colour")
    samples.pixels(
        colour, np.stack([x * 10, y * 12, ((y * 24 + x) * 7) % 256], -1).astype(np.uint8), "YBR_RCT"
    )
    for ds, stream in ((grey, HT_GREY), (colour, HT_COLOUR)):
        ds.file_meta.TransferSyntaxUID = HTJ2KLossless
        ds.PixelData = encapsulate([base64.b64decode(stream)])
        ds["PixelData"].VR = "OB"
    return {
        "made htj2k": store(grey, folder / "ht.dcm"),
        "made htj2k colour": store(colour, folder / "htc.dcm"),
    }


def store(ds: pydicom.Dataset, path: Path) -> Path:
    ds.save_as(path, enforce_file_format=True)
    return path


def expected(path: Path) -> np.ndarray:
    """Modality values or RGB of the first frame, as pydicom decodes them; it warns of padding that is meant to be there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return decoded(path)


def decoded(path: Path) -> np.ndarray:
    ds = pydicom.dcmread(path, force=True)
    if not getattr(ds.file_meta, "TransferSyntaxUID", None):
        ds.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    try:
        array = pydicom.pixels.pixel_array(ds, index=0, raw=False)
    except (RuntimeError, NotImplementedError):  # what pydicom's plugins refuse, dcmtk decodes
        target = (
            path.with_name(path.stem + "-dcmtk.dcm")
            if path.parent != TEST_FILES
            else Path(tempfile.mkdtemp()) / "x.dcm"
        )
        subprocess.run(["dcmdjpeg", path, target], check=True, timeout=60)
        array = pydicom.pixels.pixel_array(target, index=0, raw=False)
    if str(ds.PhotometricInterpretation) == "PALETTE COLOR":
        array = pydicom.pixels.apply_color_lut(array, ds)
    if array.ndim == 3:
        return array.astype(float) * 255 / (2 ** (8 * array.dtype.itemsize) - 1)
    return array.astype(float) * float(ds.get("RescaleSlope") or 1) + float(ds.get("RescaleIntercept") or 0)
