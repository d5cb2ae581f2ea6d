"""Barcodes on a label are read by a program that nobody here wrote, as another has drawn our ZPL."""

from collections.abc import Callable

import numpy as np
import pytest
import zxingcpp
from burnish_printer_zebra.picture import Picture
from burnish_printer_zebra.words import END, label
from zebrafy import ZebrafyZPL

WIDTH, HEIGHT = 400, 320
CODE = "7KQ2M4XW9A3TB8ZC-1"


def picture_of(kind: zxingcpp.BarcodeFormat) -> Picture:
    """A label with one code in its middle."""
    made = zxingcpp.write_barcode_to_image(zxingcpp.create_barcode(CODE, kind), scale=1)
    code = np.array(made)
    times = min(WIDTH // code.shape[1], HEIGHT // code.shape[0])
    code = code.repeat(times, 0).repeat(times, 1)
    page = np.full((HEIGHT, WIDTH), 255, np.uint8)
    top, left = (HEIGHT - code.shape[0]) // 2, (WIDTH - code.shape[1]) // 2
    page[top : top + code.shape[0], left : left + code.shape[1]] = code
    return Picture.parse(b"P4 %d %d\n" % (WIDTH, HEIGHT) + np.packbits(page < 128, axis=1).tobytes())


@pytest.mark.parametrize("coding", [Picture.to_hex, Picture.to_z64])
@pytest.mark.parametrize("kind", [zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.QRCode])
def test_a_code_is_read_back(kind: zxingcpp.BarcodeFormat, coding: Callable[[Picture], str]) -> None:
    picture = picture_of(kind)
    zpl = label(picture, coding) + END
    [image] = ZebrafyZPL(zpl.decode("ascii")).to_images()
    [found] = zxingcpp.read_barcodes(np.array(image.convert("L")))
    assert (found.text, found.format) == (CODE, kind)
