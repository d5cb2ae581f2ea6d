"""imagecodecs' libjpeg-turbo as a decoder of pydicom's: every JPEG process of DICOM, 8 to 16 bits.

pydicom has none of its own for 12 bits (Process 4) that is free of the GPL. The samples are given as they
were coded: which colours they are is pydicom's to say, from the photometric interpretation and the markers.

Source: pydicom's "decoding plugins"; PS3.5 8.2.1 and A.4.1.
"""

from typing import Final

import imagecodecs
from pydicom.pixels.decoders.base import DecodeRunner

DECODER_DEPENDENCIES: Final = {
    "1.2.840.10008.1.2.4.50": ("imagecodecs",),
    "1.2.840.10008.1.2.4.51": ("imagecodecs",),
    "1.2.840.10008.1.2.4.57": ("imagecodecs",),
    "1.2.840.10008.1.2.4.70": ("imagecodecs",),
}


def is_available(uid: str) -> bool:
    """Whether it decodes a transfer syntax; asked by pydicom."""
    return uid in DECODER_DEPENDENCIES


def decode_frame(source: bytes, runner: DecodeRunner) -> bytearray:
    """One frame, sample by sample, in cells of one byte or two."""
    space = None
    if runner.samples_per_pixel == 3:
        space = "YCBCR" if runner.photometric_interpretation.startswith("YBR") else "RGB"
    pixels = imagecodecs.jpeg8_decode(source, colorspace=space, outcolorspace=space)
    wanted = (runner.rows, runner.columns, runner.samples_per_pixel)
    if (*pixels.shape, 1)[:3] != wanted:
        raise ValueError(f"the codestream is {_size(pixels.shape)} where the attributes say {_size(wanted)}")
    runner.set_option("bits_allocated", 8 * pixels.dtype.itemsize)
    runner.set_option("planar_configuration", 0)
    return bytearray(pixels.tobytes())


def _size(shape: tuple[int, ...]) -> str:
    """Rows, columns and samples."""
    return " x ".join(str(one) for one in shape)
