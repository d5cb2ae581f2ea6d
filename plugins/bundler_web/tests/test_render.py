"""The pieces of an instance, beside what pydicom and others say of it."""

import base64
import json
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from burnish.contracts import BundleKind
from burnish.fileset.derive.picture import opened_picture
from burnish_bundler_web.bundler import WebBundler
from burnish_bundler_web.render import delta, evenly, nearest, render
from burnish_bundler_web.settings import Settings
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

FILES = Path(pydicom.__file__).parent / "data" / "test_files"
BOTH = frozenset(BundleKind)


def pieces(path: Path | BytesIO, **settings: Any) -> dict[str, bytes]:
    """Of a file, as a worker makes them."""
    data = path.read_bytes() if isinstance(path, Path) else path.getvalue()
    start = 144 + int.from_bytes(data[140:144], "little")
    syntax = str(dcmread(BytesIO(data)).file_meta.TransferSyntaxUID)
    options = WebBundler(Settings(**settings)).renderer(BOTH).options
    with opened_picture(BytesIO(data[start:]), len(data) - start, syntax) as picture:
        return dict(render(picture, options))


def saved(ds: Dataset) -> BytesIO:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer


def undone(packed: str, rows: int, columns: int, kind: str) -> Any:
    """What `delta` packed, by the words of the viewer's documents."""
    planes = np.frombuffer(zlib.decompress(base64.b64decode(packed)), np.uint8).reshape(2, rows, columns)
    words = planes[0].astype(np.uint16) | (planes[1].astype(np.uint16) << 8)
    words[:, 0] = np.cumsum(words[:, 0], dtype=np.uint16)
    return np.cumsum(words, axis=1, dtype=np.uint16).view(kind)


@pytest.mark.parametrize("kind", ["<u2", "<i2"])
def test_delta_loses_nothing(kind: str) -> None:
    cells = np.random.default_rng(1).integers(-32768 if kind == "<i2" else 0, 32767, (37, 23)).astype(kind)
    packed = base64.b64encode(delta(cells)).decode()
    assert np.array_equal(undone(packed, 37, 23, kind), cells)


@pytest.mark.parametrize(
    "name", ["CT_small", "MR_small", "MR_small_RLE", "MR_small_bigendian", "MR_small_jp2klossless"]
)
def test_small_images_are_embedded_as_they_are(name: str) -> None:
    said = json.loads(pieces(FILES / f"{name}.dcm")["VIEW"])
    ds = dcmread(FILES / f"{name}.dcm")
    assert (said["rows"], said["columns"], said["original"]) == (ds.Rows, ds.Columns, [ds.Rows, ds.Columns])
    kind = "<i2" if said["signed"] else "<u2"
    assert np.array_equal(undone(said["data"][0], ds.Rows, ds.Columns, kind), ds.pixel_array.astype(kind))
    assert said["spacing"] == [float(one) for one in ds.PixelSpacing]
    assert (said["slope"], said["intercept"]) == (
        float(ds.get("RescaleSlope", 1)),
        float(ds.get("RescaleIntercept", 0)),
    )


def large(rows: int, columns: int, bits: int = 16) -> Dataset:
    ds = dcmread(FILES / "CT_small.dcm")
    cells = np.random.default_rng(2).integers(0, 1 << (bits - 1), (rows, columns)).astype(f"<i{bits // 8}")
    ds.Rows, ds.Columns, ds.PixelData = rows, columns, cells.tobytes()
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    return ds


def test_larger_ones_are_reduced_and_their_spacing_grows() -> None:
    said = json.loads(pieces(saved(large(301, 400)))["VIEW"])
    assert (said["rows"], said["columns"], said["original"]) == (151, 200, [301, 400])
    assert said["spacing"] == pytest.approx([2 * 0.661468] * 2)
    ds = large(301, 400)
    mean = ds.pixel_array[:2, :2].mean()
    assert abs(int(undone(said["data"][0], 151, 200, "<i2")[0, 0]) - mean) <= 0.5
    said = json.loads(pieces(saved(large(300, 2500)), embedded_size=500)["VIEW"])
    assert (said["rows"], said["columns"]) == (60, 500)


def test_a_picture_is_what_a_display_shows_at_first() -> None:
    """Within what JPEG rounds, beside pydicom's own windowing."""
    made = pieces(FILES / "CT_small.dcm", picture_quality=100)
    ds = dcmread(FILES / "CT_small.dcm")
    values = pydicom.pixels.processing.apply_rescale(ds.pixel_array, ds)
    low, high = float(values.min()), float(values.max())  # it has no window
    wanted = (values - low) / (high - low) * 255
    shown = np.asarray(Image.open(BytesIO(made["1.JPG"]))).astype(float)
    assert shown.shape == (128, 128)
    assert np.abs(shown - wanted).mean() < 1.5


@pytest.mark.parametrize(
    "name",
    [
        "examples_ybr_color",
        "SC_rgb_jpeg_dcmtk",
        "SC_rgb_rle",
        "SC_ybr_full_422_uncompressed",
        "examples_palette",
        "SC_rgb_gdcm_KY",
    ],
)
def test_colours_are_those_that_pydicom_sees(name: str) -> None:
    ds = dcmread(FILES / f"{name}.dcm")
    wanted = pydicom.pixels.pixel_array(ds, index=0, raw=False)
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        wanted = pydicom.pixels.apply_color_lut(wanted, ds)
        wanted = wanted if wanted.dtype == np.uint8 else (wanted >> 8).astype(np.uint8)
    shown = imagecodecs.jpeg8_decode(
        pieces(FILES / f"{name}.dcm", picture_quality=100, picture_size=8192)["1.JPG"]
    )
    assert shown.shape == wanted.shape
    assert np.abs(shown.astype(float) - wanted).mean() < 3


def test_frames_are_chosen_evenly() -> None:
    made = pieces(FILES / "examples_ybr_color.dcm", picture_frames=3, embedded_frames=4)
    assert sorted(name for name in made if name.endswith(".JPG")) == ["1.JPG", "15.JPG", "30.JPG", "T.JPG"]
    said = json.loads(made["VIEW"])
    assert said["frames"] == [1, 11, 20, 30]
    assert len(said["data"]) == 4
    assert (said["codec"], said["samples"]) == ("jpeg", 3)
    assert said["frameTime"] == float(dcmread(FILES / "examples_ybr_color.dcm").FrameTime)
    assert evenly(1, 1) == [1]
    assert evenly(9, 1) == [4]
    assert nearest([], 3) == 0


def test_pixels_that_are_no_squares_are_shown_as_wide_as_they_are() -> None:
    ds = dcmread(FILES / "CT_small.dcm")
    ds.PixelSpacing = [2, 1]
    made = pieces(saved(ds))
    assert Image.open(BytesIO(made["1.JPG"])).size == (128, 256)
    assert json.loads(made["VIEW"])["spacing"] == [2, 1]


def test_a_picture_is_no_larger_than_was_said() -> None:
    made = pieces(saved(large(1000, 500)), picture_size=256)
    assert Image.open(BytesIO(made["1.JPG"])).size == (128, 256)
    assert max(Image.open(BytesIO(made["T.JPG"])).size) == 128


def test_what_is_no_number_stays_out() -> None:
    """JSON has neither NaN nor infinity, and a browser would stop at it."""
    ds = dcmread(FILES / "CT_small.dcm")
    ds.add_new(0x00281053, "DS", "1e999")
    ds.add_new(0x00281050, "DS", ["1e999", "40"])
    ds.add_new(0x00281051, "DS", ["10", "400"])
    said = json.loads(pieces(saved(ds))["VIEW"], parse_constant=pytest.fail)
    assert said["slope"] == 1.0
    assert said["windows"] == [[40.0, 400.0, ""]]


def test_a_document_stands_beside_and_embedded() -> None:
    ds = dcmread(FILES / "CT_small.dcm")
    for keyword in ("PixelData", "Rows", "Columns"):
        del ds[keyword]
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    ds.EncapsulatedDocument, ds.EncapsulatedDocumentLength = b"%PDF-1.4\nxy\0", 11
    made = pieces(saved(ds))
    assert made["PDF"] == b"%PDF-1.4\nxy"
    whole = dcmread(BytesIO(base64.b64decode(json.loads(made["VIEW"])["data"])))
    assert whole.EncapsulatedDocument == b"%PDF-1.4\nxy\0"
    assert set(pieces(saved(ds), documents=False)) == {"VIEW"}
    assert set(pieces(saved(ds), embedded_documents=100)) == {"PDF"}
    ds.EncapsulatedDocument = b"MZ no document at all."
    assert "PDF" not in pieces(saved(ds))


@pytest.mark.parametrize(("embedded", "there"), [("none", False), ("full", True)])
def test_instances_are_embedded_whole_or_not_at_all(embedded: str, there: bool) -> None:
    made = pieces(FILES / "MR_small_RLE.dcm", embedded=embedded)
    assert ("VIEW" in made) == there
    if there:
        whole = dcmread(BytesIO(base64.b64decode(json.loads(made["VIEW"])["data"])))
        assert whole.file_meta.TransferSyntaxUID == pydicom.uid.RLELossless
        assert np.array_equal(whole.pixel_array, dcmread(FILES / "MR_small_RLE.dcm").pixel_array)
