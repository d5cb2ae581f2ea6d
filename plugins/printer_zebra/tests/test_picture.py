"""Dots survive their codings, as the simulator and a judge that nobody here wrote read them."""

import re
import time
from collections.abc import Callable
from random import Random

import pytest
from burnish_printer_zebra.picture import Picture
from burnish_printer_zebra.simulator import Sticker, Zebra
from burnish_printer_zebra.words import END, label
from hypothesis import example, given
from hypothesis import strategies as st
from zebrafy import ZebrafyZPL

CODINGS = [Picture.to_hex, Picture.to_z64]
BYTES = st.sampled_from([0x00, 0xFF, 0x0F, 0xAA]) | st.integers(0, 255)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Of rows in which bytes repeat, and rows that repeat."""
    width, height = draw(st.integers(1, 120)), draw(st.integers(1, 12))
    stride = -(-width // 8)
    few = st.lists(BYTES, min_size=1, max_size=3).map(lambda some: bytes((some * stride)[:stride]))
    any_row = few | st.binary(min_size=stride, max_size=stride)
    rows = draw(st.lists(any_row, min_size=1, max_size=height))
    return Picture.parse(b"P4 %d %d\n" % (width, height) + b"".join((rows * height)[:height]))


def by_zebra(zpl: bytes) -> Sticker:
    zebra = Zebra()
    zebra.answer(zpl)
    zebra.suffer(None)
    assert zebra.strange == []
    [sticker] = zebra.printed
    return sticker


def by_zebrafy(zpl: bytes) -> bytes:
    """Rows, 1 is black."""
    strips = ZebrafyZPL(zpl.decode("ascii")).to_images()
    return bytes(byte ^ 0xFF for strip in strips for byte in strip.tobytes())


def rows_of(sticker: Sticker) -> bytes:
    stride = -(-sticker.width // 8)
    rows = bytearray(stride * sticker.height)
    for across, down in sticker.black:
        rows[down * stride + across // 8] |= 0x80 >> across % 8
    return bytes(rows)


@pytest.mark.parametrize("coding", CODINGS)
@given(picture=pictures())
@example(picture=Picture(8, 1, b"\x00"))
@example(picture=Picture(8, 2, b"\xff\xff"))
@example(picture=Picture(3400, 2, b"\xf0" + b"\xaa" * 424 + b"\x33" * 425))
@example(picture=Picture(8000, 2, b"\x00" * 999 + b"\x01" + b"\xff" * 999 + b"\xfe"))
@example(picture=Picture(8000, 1, b"\x22" * 1000))
def test_any_picture_is_read_back_by_both(coding: Callable[[Picture], str], picture: Picture) -> None:
    zpl = label(picture, coding) + END
    sticker = by_zebra(zpl)
    assert (sticker.width, sticker.height) == (picture.width, picture.height)
    assert rows_of(sticker) == by_zebrafy(zpl) == picture.rows


@pytest.mark.parametrize("coding", CODINGS)
def test_a_large_label_goes_in_strips(coding: Callable[[Picture], str]) -> None:
    """In fields of 99,999 bytes at most."""
    picture = Picture(2480, 700, (Random(2).randbytes(310) + bytes(310)) * 350)
    zpl = label(picture, coding) + END
    sizes = [int(size) for size in re.findall(rb"\^GFA,(\d+)", zpl)]
    assert (sum(sizes), len(sizes), max(sizes) <= 99_999) == (len(picture.rows), 3, True)
    assert rows_of(by_zebra(zpl)) == by_zebrafy(zpl) == picture.rows


def test_what_pads_a_row_is_white() -> None:
    assert Picture.parse(b"P4\n3 2\n\xff\x1f").rows == b"\xe0\x00"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"P5\n8 1\n\0",
        b"P4\n8 1\n",
        b"P4\n8 1\n\0\0",
        b"P4\n0 1\n",
        b"P4\n8 0\n",
        b"P4\n-8 1\n\0",
        b"P4\n9999999 1\n\0",
        b"P4\n# a comment\n8 1\n\0",
        b"P4\n999999 999999\n\0",
    ],
)
def test_what_is_no_bitmap_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"PBM|dots"):
        Picture.parse(data)


def test_a_large_label_of_noise_is_written_in_time() -> None:
    """Nothing is gained, and little lost."""
    rows = Random(1).randbytes(300 * 2400)
    began = time.monotonic()
    text = Picture(2400, 2400, rows).to_hex()
    assert time.monotonic() - began < 10
    assert len(text) <= 2 * len(rows) + 2400
