"""Icons: of every kind of picture, of what is no picture, and those that came along."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from burnish.contracts import IconRule
from burnish.fileset.derive.icon import make_icon
from burnish.fileset.icons import icon_element, icon_fault
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

ANY = IconRule(required=False)
CARDIAC = IconRule(required=True, size=128, bits=8, photometric=("MONOCHROME2",))


def image(cells: "np.ndarray[Any, Any]", photometric: str = "MONOCHROME2", **more: Any) -> Dataset:
    """An image of these cells: rows x columns, or frames x rows x columns, the last 3 for colours."""
    ds = Dataset()
    samples = 3 if photometric in ("RGB", "YBR_FULL") else 1
    shape = cells.shape[:-1] if samples == 3 else cells.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = samples, photometric
    if samples == 3:
        ds.PlanarConfiguration = 0
    if len(shape) == 3:
        ds.NumberOfFrames = shape[0]
    ds.Rows, ds.Columns = shape[-2:]
    ds.BitsAllocated = ds.BitsStored = cells.dtype.itemsize * 8
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(cells.dtype.kind == "i")
    ds.PixelData = cells.tobytes()
    ds["PixelData"].VR = "OW"
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    return ds


def data_set(ds: Dataset, syntax: UID = ExplicitVRLittleEndian) -> bytes:
    buffer = BytesIO()
    implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
    ds.save_as(buffer, implicit_vr=implicit, little_endian=little)
    return buffer.getvalue()


def icon(ds: Dataset | bytes, rule: IconRule = ANY, syntax: UID = ExplicitVRLittleEndian) -> Dataset:
    data = ds if isinstance(ds, bytes) else data_set(ds, syntax)
    element = make_icon(BytesIO(data), len(data), syntax, rule)
    [item] = read_dataset(BytesIO(element), False, True).IconImageSequence
    assert isinstance(item, Dataset)
    assert icon_fault(item, rule) == ""
    return item


def picture(item: Dataset) -> "np.ndarray[Any, Any]":
    return np.frombuffer(item.PixelData, np.uint8).reshape(item.Rows, item.Columns)


def ramp(side: int = 256) -> "np.ndarray[Any, Any]":
    """Dark on the left, bright on the right, 12 bits."""
    return np.tile(np.linspace(0, 4095, side).astype(np.uint16), (side, 1))


def test_a_ramp_stays_a_ramp() -> None:
    item = icon(image(ramp()))
    assert (item.Rows, item.Columns) == (64, 64)
    found = picture(item).astype(int)
    assert found[0, 0] < 4
    assert found[0, -1] > 251
    assert (np.diff(found, axis=1) >= 0).all()
    assert abs(found[32, 32] - 128) < 4


def test_a_window_is_looked_through() -> None:
    found = picture(icon(image(ramp(), WindowCenter="1024", WindowWidth="1024")))
    assert (found[:, :6] == 0).all()
    assert (found[:, 26:] == 255).all()
    rescaled = image(ramp(), WindowCenter="0", WindowWidth="1024", RescaleSlope="1", RescaleIntercept="-1024")
    assert (picture(icon(rescaled)) == found).all()


def test_a_window_beside_the_values_shows_the_values() -> None:
    found = picture(icon(image(ramp(), WindowCenter="60000", WindowWidth="10")))
    assert found.max() > 250
    assert found.min() < 5


def test_monochrome1_is_turned_around() -> None:
    turned = 255 - picture(icon(image(ramp()))).astype(int)
    assert abs(picture(icon(image(ramp(), "MONOCHROME1"))) - turned).max() <= 1


def test_signed_cells() -> None:
    found = picture(icon(image((ramp().astype(np.int32) - 2048).astype(np.int16))))
    assert (found == picture(icon(image(ramp())))).all()


def test_bits_above_bits_stored_are_not_seen() -> None:
    overlaid = ramp() | 0x8000
    assert (picture(icon(image(overlaid, BitsStored=12, HighBit=11))) == picture(icon(image(ramp())))).all()


@pytest.mark.parametrize(("rows", "columns"), [(64, 256), (256, 64), (1, 500), (40, 30)])
def test_proportions_are_kept(rows: int, columns: int) -> None:
    found = picture(icon(image(np.full((rows, columns), 200, np.uint8), WindowCenter="50", WindowWidth="20")))
    filled = np.argwhere(found == 255)
    height, width = np.ptp(filled, axis=0) + 1
    assert max(height, width) == 64
    assert min(height, width) == max(1, round(64 * min(rows, columns) / max(rows, columns)))


def test_cells_that_are_not_square() -> None:
    ds = image(np.full((64, 64), 200, np.uint8), WindowCenter="50", WindowWidth="20", PixelSpacing=[2, 1])
    filled = np.argwhere(picture(icon(ds)) == 255)
    assert tuple(np.ptp(filled, axis=0) + 1) == (64, 32)


def test_colours_become_grey() -> None:
    bars = np.zeros((30, 90, 3), np.uint8)
    for number in range(3):
        bars[:, 30 * number : 30 * number + 30, number] = 255
    found = picture(icon(image(bars, "RGB")))
    assert [found[32, at] for at in (10, 32, 54)] == [76, 150, 29]
    grey = np.full((10, 10, 3), 128, np.uint8)
    grey[..., 0] = 77
    assert set(picture(icon(image(grey, "YBR_FULL"))).flat) == {77}


def test_a_palette_is_looked_up() -> None:
    ds = image(np.tile(np.arange(2, dtype=np.uint8), (8, 4)), "PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [2, 0, 16])
        setattr(ds, f"{colour}PaletteColorLookupTableData", np.array([0, 65535], "<u2").tobytes())
    assert set(picture(icon(ds)).flat) == {0, 255}


def test_the_representative_frame_or_one_a_third_in() -> None:
    frames = np.stack([np.full((8, 8), 20 * number, np.uint8) for number in range(9)])
    look = {"WindowCenter": "128", "WindowWidth": "256"}
    assert picture(icon(image(frames, **look)))[4, 4] == pytest.approx(60, abs=1)
    chosen = image(frames, RepresentativeFrameNumber=8, **look)
    assert picture(icon(chosen))[4, 4] == pytest.approx(140, abs=1)


def test_single_bits() -> None:
    mask = np.zeros((10, 10), np.uint8)
    mask[:, 5:] = 1
    ds = image(mask, BitsAllocated=1, BitsStored=1, HighBit=0, NumberOfFrames=1)
    ds.PixelData = np.packbits(mask.reshape(-1), bitorder="little").tobytes() + b"\0"
    found = picture(icon(ds))
    assert (found[:, :30] == 0).all()
    assert (found[:, 34:] == 255).all()


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_encodings(syntax: UID) -> None:
    ds = image(ramp())
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = ramp().byteswap().tobytes()
    assert (picture(icon(ds, syntax=syntax)) == picture(icon(image(ramp())))).all()


REAL = [
    "CT_small.dcm",
    "MR_small_RLE.dcm",
    "JPEG2000.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_ybr_full_422_uncompressed.dcm",
    "examples_palette.dcm",
    "examples_ybr_color.dcm",
    "liver_1frame.dcm",
    "rtdose_rle.dcm",
    "JPGExtended.dcm",
    "SC_rgb_rle_16bit.dcm",
    "image_dfl.dcm",
]


@pytest.mark.parametrize("name", REAL)
def test_real_files(name: str) -> None:
    path = get_testdata_file(name)
    assert isinstance(path, str)
    with open(path, "rb") as file:
        data = file.read()
    meta = dcmread(path, stop_before_pixels=True).file_meta
    start = 144 + int.from_bytes(data[140:144], "little")
    item = icon(data[start:], CARDIAC, meta.TransferSyntaxUID)
    assert (item.Rows, item.Columns) == (128, 128)
    assert len(set(picture(item).flat)) > 1


def test_an_icon_that_came_along_is_taken_where_it_keeps_to_the_rule() -> None:
    own = read_dataset(BytesIO(icon_element(128, 128, bytes(range(256)) * 64)), False, True)
    ds = image(ramp(), IconImageSequence=own.IconImageSequence)
    assert picture(icon(ds, CARDIAC)).tobytes() == bytes(range(256)) * 64
    small = IconRule(required=False, size=64)
    assert (picture(icon(ds, small)) == picture(icon(image(ramp()), small))).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Rows": 64}, "Rows of its icon is 64"),
        ({"BitsStored": 7}, "BitsStored of its icon is 7"),
        ({"HighBit": 6}, "HighBit of its icon is 6"),
        ({"SamplesPerPixel": 3}, "SamplesPerPixel of its icon is 3"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PhotometricInterpretation"),
        ({"PixelRepresentation": 1}, "PixelRepresentation of its icon is 1"),
        ({"PixelData": b"\0\0"}, "PixelData of its icon has not 16384 bytes"),
    ],
)
def test_what_is_wrong_with_an_icon_is_told(change: dict[str, Any], said: str) -> None:
    [own] = read_dataset(BytesIO(icon_element(128, 128, bytes(128 * 128))), False, True).IconImageSequence
    assert icon_fault(own, CARDIAC) == ""
    for keyword, value in change.items():
        setattr(own, keyword, value)
    assert said in icon_fault(own, CARDIAC)


@pytest.mark.parametrize(
    ("ds", "said"),
    [
        (Dataset(), "it has no Pixel Data"),
        (image(np.zeros((4, 4), np.uint8), Rows=9), "its pixels have 16 bytes"),
        (image(np.zeros((4, 4), np.uint8), SamplesPerPixel=2), "Samples per Pixel is 2"),
    ],
)
def test_what_is_no_picture_is_told(ds: Dataset, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        icon(ds)
