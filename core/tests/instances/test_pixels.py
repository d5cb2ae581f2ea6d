"""Pixel Data beside the attributes that speak of it."""

import pytest
from burnish.instances.pixels import ENCAPSULATED, flaw_of, native_length
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import JPEGBaseline8Bit, RLELossless

Values = dict[str, int | str]
IMAGE: Values = {"Rows": 10, "Columns": 11, "SamplesPerPixel": 1, "BitsAllocated": 16}
"""An image of 220 bytes."""


@pytest.mark.parametrize(
    ("changes", "length"),
    [
        ({}, 220),
        ({"NumberOfFrames": 3}, 660),
        ({"SamplesPerPixel": 3, "BitsAllocated": 8}, 330),
        ({"SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "YBR_FULL_422"}, 220),
        ({"SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "YBR_FULL"}, 330),
        ({"BitsAllocated": 1}, 14),
        ({"BitsAllocated": 1, "NumberOfFrames": 3}, 42),
        ({"BitsAllocated": 12}, 165),
        ({"Rows": 0}, 0),
        ({"Rows": "many"}, 0),
    ],
)
def test_how_long_pixel_data_is(changes: Values, length: int) -> None:
    assert native_length(IMAGE | changes) == length


def test_attributes_that_do_not_say() -> None:
    assert native_length({}) == 0


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LE, EXPLICIT_VR_LE, EXPLICIT_VR_BE, DEFLATED])
@pytest.mark.parametrize(
    ("pixels", "flaw"),
    [
        (None, ""),
        (220, ""),
        (222, ""),
        (219, "its Pixel Data has 219 bytes, and its attributes speak of 220"),
        (0, "its Pixel Data has 0 bytes, and its attributes speak of 220"),
        (ENCAPSULATED, "its Pixel Data is in fragments, as compressed ones are, and its transfer syntax is "),
    ],
)
def test_native_pixels(syntax: str, pixels: int | None, flaw: str) -> None:
    found = flaw_of(IMAGE, syntax, pixels)
    assert found.startswith(flaw)
    assert bool(found) == bool(flaw)


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, RLELossless])
def test_compressed_pixels(syntax: str) -> None:
    assert flaw_of(IMAGE, syntax, ENCAPSULATED) == ""
    assert flaw_of(IMAGE, syntax, None) == ""
    assert flaw_of(IMAGE, syntax, 220).startswith("its Pixel Data is not compressed, and its transfer syntax")


@pytest.mark.parametrize(
    "name",
    ["CT_small.dcm", "SC_rgb_small_odd.dcm", "SC_ybr_full_422_uncompressed.dcm", "liver_1frame.dcm"],
)
def test_real_images_have_their_pixels(name: str) -> None:
    ds = dcmread(str(get_testdata_file(name)))
    head = {one.keyword: one.value for one in ds if one.VR in ("US", "IS", "CS")}
    assert 0 <= len(ds.PixelData) - native_length(head) <= 1
    assert flaw_of(head, ds.file_meta.TransferSyntaxUID, len(ds.PixelData)) == ""
