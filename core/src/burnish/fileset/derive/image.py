"""Compressed pixels, decoded frame by frame, and what the data set must say of them afterwards.

The codecs are others' (decision 010); pydicom's decoder interface knows their peculiarities. What a decoder
gives is in the byte order, the planes and the colours that the attributes of `Decoded` name:

* colours of a codec that always loses (JPEG) become RGB: an uncompressed YBR_FULL is no Photometric
  Interpretation of the VL and US images that most often come so (PS3.3 C.8.12.1.1.1, C.8.5.6.1.2)
* colours of the others stay what they are, exactly; YBR_RCT and YBR_ICT belong to their codec, which undoes
  them
* samples stand by pixel, Planar Configuration 0
* Bits Allocated stays, or grows to what the codestream holds; so do Bits Stored and High Bit

Source: PS3.5 section 8.2 and Annex A.4, PS3.3 C.7.6.3 and C.7.6.1.1.5. Units: bytes, and pixels.
"""

import resource
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from burnish.fileset.derive.anatomy import Window

ENCAPSULATED_UNCOMPRESSED: Final = "1.2.840.10008.1.2.1.98"
_COPIES: Final = 5
"""Frames that stand in memory while one is decoded: what the decoder gives, turned, widened, and as bytes."""
_ITEM: Final = struct.Struct("<HHL")

_DECODERS: Final[Mapping[str, tuple[str, str]]] = {
    "1.2.840.10008.1.2.5": ("pylibjpeg", "pydicom"),
    "1.2.840.10008.1.2.4.50": ("imagecodecs", ""),
    "1.2.840.10008.1.2.4.51": ("imagecodecs", ""),
    "1.2.840.10008.1.2.4.57": ("imagecodecs", "gdcm"),
    "1.2.840.10008.1.2.4.70": ("imagecodecs", "gdcm"),
    "1.2.840.10008.1.2.4.80": ("pyjpegls", "gdcm"),
    "1.2.840.10008.1.2.4.81": ("pyjpegls", ""),
    "1.2.840.10008.1.2.4.90": ("pylibjpeg", "gdcm"),
    "1.2.840.10008.1.2.4.91": ("pylibjpeg", ""),
    "1.2.840.10008.1.2.4.201": ("pylibjpeg", ""),
    "1.2.840.10008.1.2.4.202": ("pylibjpeg", ""),
    "1.2.840.10008.1.2.4.203": ("pylibjpeg", ""),
}
"""Of each transfer syntax the decoder that is used, as pydicom names it, and the second one that must agree
with it to the bit, where it is installed. Of codecs that lose there is none: two good ones differ by what
they round, up to 3 levels where colours were subsampled, and a tolerance for that would prove nothing."""


class Undecodable(ValueError):
    """Pixels that cannot be decoded; one sentence."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a data set says of its compressed pixels."""

    transfer_syntax: str
    rows: int
    columns: int
    samples: int
    photometric: str
    allocated: int
    stored: int
    signed: int
    planar: int
    frames: int
    offsets: tuple[bytes, bytes] | None
    """Extended Offset Table and its lengths; None where there is none."""
    exact: bool = False
    """Whether the bits of a cell above Bits Stored are given as they were coded."""

    @property
    def options(self) -> dict[str, Any]:
        """As pydicom's decoders take them, for one frame."""
        return {
            "rows": self.rows,
            "columns": self.columns,
            "samples_per_pixel": self.samples,
            "photometric_interpretation": self.photometric,
            "bits_allocated": self.allocated,
            "bits_stored": self.stored,
            "pixel_representation": self.signed,
            "planar_configuration": self.planar,
            "number_of_frames": 1,
            "pixel_keyword": "PixelData",
            "correct_unused_bits": not self.exact,
        }

    @property
    def frame_length(self) -> int:
        """Bytes of a frame as the attributes have it."""
        return (self.rows * self.columns * self.samples * self.allocated + 7) // 8


@dataclass(frozen=True, slots=True)
class Decoded:
    """What is true of decoded frames. It is the same for all frames of an image."""

    photometric: str
    planar: int
    allocated: int
    stored: int
    frame_length: int


def decode(image: Image, fragments: Window, *, twice: bool) -> Iterator[tuple[bytes, Decoded]]:
    """Decode every frame; `fragments` stands at the Basic Offset Table.

    Where `twice`, a second decoder must agree if there is one. Raises Undecodable with one sentence, and
    MemoryError where a frame would take more than this process may have.
    """
    check_image(image)
    if image.transfer_syntax not in (*_DECODERS, ENCAPSULATED_UNCOMPRESSED):
        raise Undecodable("its pixels are in fragments, and its transfer syntax compresses nothing")
    count = 0
    for count, frame in enumerate(_frames(image, fragments), 1):
        if count > image.frames:
            break
        yield _decode(image, frame, count, twice=twice)
    if count != image.frames:
        more = "more" if count > image.frames else str(count)
        raise Undecodable(f"its pixels hold {more} frames where Number of Frames says {image.frames}")


def decode_each(image: Image, fragments: Window) -> Iterator[Callable[[], tuple[bytes, Decoded]]]:
    """What decodes each frame, in their order. Raises as `decode`, here and there; that there are as many
    frames as Number of Frames says is not looked at."""
    check_image(image)
    if image.transfer_syntax not in (*_DECODERS, ENCAPSULATED_UNCOMPRESSED):
        raise Undecodable("its pixels are in fragments, and its transfer syntax compresses nothing")
    for number, frame in enumerate(_frames(image, fragments), 1):
        yield partial(_decode, image, frame, number, twice=False)


def check_image(image: Image) -> None:
    """Raises Undecodable for an image of which nothing can be made, MemoryError for too large a one."""
    missing = [said for name, said in _NEEDED.items() if not getattr(image, name)]
    if missing:
        raise Undecodable(f"its pixels cannot be decoded without {', '.join(missing)}")
    if _COPIES * image.frame_length > _memory():
        raise MemoryError(f"frames of {image.frame_length} bytes")
    if image.samples not in (1, 3):
        raise Undecodable(f"Samples per Pixel is {image.samples}; only 1 and 3 are decoded")


def _memory() -> int:
    """Bytes of address space that this process may have."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


_NEEDED: Final = {
    "rows": "Rows",
    "columns": "Columns",
    "samples": "Samples per Pixel",
    "allocated": "Bits Allocated",
    "stored": "Bits Stored",
}


def _frames(image: Image, fragments: Window) -> Iterator[bytes]:
    """Compressed frames. Whatever pydicom raises over odd offset tables is the file's fault."""
    try:
        yield from generate_frames(fragments, number_of_frames=image.frames, extended_offsets=image.offsets)
    except (ValueError, EOFError, struct.error, IndexError, OverflowError) as error:
        raise Undecodable(f"its pixels cannot be told into frames: {_sentence(error)}") from error


def _decode(image: Image, frame: bytes, number: int, *, twice: bool) -> tuple[bytes, Decoded]:
    if image.transfer_syntax == ENCAPSULATED_UNCOMPRESSED:
        return _plain(image, frame, number)
    first, second = _DECODERS[image.transfer_syntax]
    pixels, decoded = _run(image, frame, number, first)
    if twice and second and _is_there(image.transfer_syntax, second):
        other, _ = _run(image, frame, number, second)
        if other != pixels:
            raise Undecodable(f"two decoders do not agree on frame {number}")
    return pixels, decoded


def _plain(image: Image, frame: bytes, number: int) -> tuple[bytes, Decoded]:
    """A frame of Encapsulated Uncompressed, PS3.5 A.4.11: a byte of padding at its end goes."""
    length = image.frame_length
    if len(frame) - length not in (0, 1) or image.allocated % 8:
        raise Undecodable(f"frame {number} has {len(frame)} bytes where its attributes ask for {length}")
    decoded = Decoded(image.photometric, image.planar, image.allocated, image.stored, length)
    return frame[:length], decoded


def _run(image: Image, frame: bytes, number: int, plugin: str) -> tuple[bytes, Decoded]:
    source = _ITEM.pack(0xFFFE, 0xE000, 0) + _ITEM.pack(0xFFFE, 0xE000, len(frame)) + frame
    as_rgb = bool(_LOSES_COLOUR.get(image.transfer_syntax))
    try:
        pixels, said = _decoder(image.transfer_syntax).as_array(
            source, index=0, decoding_plugin=plugin, as_rgb=as_rgb, **image.options
        )
    except MemoryError:
        raise
    except Exception as error:
        raise Undecodable(f"frame {number} cannot be decoded: {_sentence(error)}") from error
    return _fitted(image, frame, pixels, str(said["photometric_interpretation"]))


_LOSES_COLOUR: Final = {"1.2.840.10008.1.2.4.50": True, "1.2.840.10008.1.2.4.51": True}


def _fitted(image: Image, frame: bytes, pixels: Any, photometric: str) -> tuple[bytes, Decoded]:
    """A frame's bytes, in cells no smaller than Bits Allocated says."""
    cell = pixels.dtype.itemsize * 8
    allocated = max(cell, image.allocated)
    if allocated != cell:
        pixels = pixels.astype(np.dtype(f"<{'iu'[not image.signed]}{allocated // 8}"))
    stored = max(image.stored, _precision(image.transfer_syntax, frame))
    data = np.ascontiguousarray(pixels).tobytes()
    said = {"YBR_FULL_422": "YBR_FULL", "PALETTE_COLOR": "PALETTE COLOR"}.get(photometric, photometric)
    return data, Decoded(said, 0, allocated, min(stored, allocated), len(data))


def _precision(transfer_syntax: str, frame: bytes) -> int:
    """Bits of a sample as the codestream has them; 0 where it does not say.

    JPEG and JPEG-LS: the frame header (ISO/IEC 10918-1 B.2.2, 14495-1 C.2.2); JPEG 2000: Ssiz of the first
    component (ISO/IEC 15444-1 A.5.1).
    """
    if transfer_syntax.startswith(("1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20")):
        at = frame.find(b"\xff\x4f\xff\x51")
        return (frame[at + 42] & 0x7F) + 1 if 0 <= at < len(frame) - 42 else 0
    at = 2
    while at + 5 <= len(frame) and frame[at] == 0xFF and frame[:2] == b"\xff\xd8":
        marker = frame[at + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return frame[at + 4]
        at += 2 + int.from_bytes(frame[at + 2 : at + 4]) if marker != 0xFF else 1
    return 0


def _decoder(transfer_syntax: str) -> Any:
    decoder = get_decoder(UID(transfer_syntax))
    if _DECODERS[transfer_syntax][0] == "imagecodecs" and "imagecodecs" not in decoder.available_plugins:
        decoder.add_plugin("imagecodecs", ("burnish.fileset.derive.jpeg", "decode_frame"))
    return decoder


def _is_there(transfer_syntax: str, plugin: str) -> bool:
    return plugin in _decoder(transfer_syntax).available_plugins


def _sentence(error: BaseException) -> str:
    """The last line of what a library says: pydicom lists each plugin it asked, one a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:200]
