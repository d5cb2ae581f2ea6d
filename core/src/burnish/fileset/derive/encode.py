"""Frames compressed without loss, one at a time, and what the data set must say of them afterwards.

A frame comes as `image` gives it: samples by pixel, little endian, in cells of 8 or 16 bits. It is coded
with Bits Stored bits where every cell fits into them, else with all bits of the cell, so that no bit is lost:
signed samples that are extended into the cell, and overlays above the High Bit, take them all.

    JPEG Lossless   imagecodecs (libjpeg-turbo): Process 14, Selection Value 1, each frame with its own best
                    Huffman table; the bits of signed samples are taken as unsigned, PS3.5 8.2.1
    JPEG 2000       imagecodecs (OpenJPEG): reversible, one tile, a codestream without the boxes of a file;
                    RGB by the reversible colour transformation, PS3.5 8.2.4
    RLE             pylibjpeg-rle, PS3.5 8.2.2 and Annex G

Source: PS3.5 sections 8.2 and A.4. Units: bits of a sample.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import imagecodecs
import numpy as np
from rle.utils import encode_pixel_data

from burnish.fileset.derive.image import Image
from burnish.terms import JPEG_2000_LOSSLESS, JPEG_LOSSLESS, RLE_LOSSLESS

_SAMPLES: Final = {"MONOCHROME1": 1, "MONOCHROME2": 1, "PALETTE COLOR": 1, "RGB": 3, "YBR_FULL": 3}
"""Samples per Pixel of the Photometric Interpretations that are encoded, PS3.5 8.2."""


class Unencodable(ValueError):
    """Pixels that cannot be encoded; one sentence."""


def check_encodable(image: Image) -> None:
    """Raises Unencodable for pixels that none of the codecs is given here."""
    if image.allocated not in (8, 16):
        raise Unencodable(f"Bits Allocated is {image.allocated}; only 8 and 16 are encoded")
    if image.stored > image.allocated:
        raise Unencodable(f"Bits Stored is {image.stored} of {image.allocated}")
    if _SAMPLES.get(image.photometric) != image.samples:
        said = f"{image.photometric or 'unknown'} with {image.samples} samples per pixel"
        raise Unencodable(f"Photometric Interpretation is {said}, which is not encoded")


def photometric_in(transfer_syntax: str, photometric: str) -> str:
    """The Photometric Interpretation of encoded pixels; their decoder gives back what they were."""
    return "YBR_RCT" if (transfer_syntax, photometric) == (JPEG_2000_LOSSLESS, "RGB") else photometric


def precisions(image: Image) -> tuple[int, ...]:
    """Bits to encode a sample with: the first into which all samples fit.

    JPEG of a precision that would do with smaller cells is not made: readers differ on what they give for it.
    """
    small = image.transfer_syntax == JPEG_LOSSLESS and image.stored <= image.allocated // 2
    return tuple(dict.fromkeys((image.allocated if small else image.stored, image.allocated)))


def fits(image: Image, frame: bytes, bits: int) -> bool:
    """Whether every cell of a frame is the same after it was cut to so many bits."""
    if bits == image.allocated:
        return True
    if image.transfer_syntax == JPEG_2000_LOSSLESS and image.signed:
        cells = np.frombuffer(frame, f"<i{image.allocated // 8}")
        return bool(cells.min() >= -(1 << bits - 1) and cells.max() < 1 << bits - 1)
    return bool(np.frombuffer(frame, f"<u{image.allocated // 8}").max() < 1 << bits)


def encode(image: Image, frame: bytes, bits: int) -> bytes:
    """One frame in `image.transfer_syntax`; the image is what `check_encodable` lets through.

    Raises Unencodable where the encoder does not take it, and MemoryError.
    """
    try:
        return _ENCODERS[image.transfer_syntax](image, frame, bits)
    except MemoryError:
        raise
    except Exception as error:
        raise Unencodable(f"its pixels cannot be encoded: {error or type(error).__name__}") from error


def _array(image: Image, frame: bytes, kind: str) -> Any:
    shape = (image.rows, image.columns, image.samples)[: 2 if image.samples == 1 else 3]
    return np.frombuffer(frame, f"<{kind}{image.allocated // 8}").reshape(shape)


def _jpeg(image: Image, frame: bytes, bits: int) -> bytes:
    space = {"RGB": "RGB", "YBR_FULL": "YCBCR"}.get(image.photometric)
    return bytes(
        imagecodecs.jpeg8_encode(
            _array(image, frame, "u"),
            colorspace=space,
            outcolorspace=space,
            lossless=True,
            predictor=1,
            bitspersample=bits,
        )
    )


def _jpeg_2000(image: Image, frame: bytes, bits: int) -> bytes:
    """The encoder takes precisions of a byte only in cells of a byte."""
    kind = "i" if image.signed else "u"
    pixels = _array(image, frame, kind)
    return bytes(
        imagecodecs.jpeg2k_encode(
            pixels.astype(f"{kind}1") if bits <= 8 else pixels,
            codecformat="j2k",
            bitspersample=bits,
            reversible=True,
            mct=image.photometric == "RGB",
            numthreads=1,
        )
    )


def _runs(image: Image, frame: bytes, _: int) -> bytes:
    return encode_pixel_data(
        frame,
        byteorder="<",
        rows=image.rows,
        columns=image.columns,
        samples_per_pixel=image.samples,
        bits_allocated=image.allocated,
    )


_ENCODERS: Final[Mapping[str, Callable[[Image, bytes, int], bytes]]] = {
    JPEG_LOSSLESS: _jpeg,
    JPEG_2000_LOSSLESS: _jpeg_2000,
    RLE_LOSSLESS: _runs,
}
