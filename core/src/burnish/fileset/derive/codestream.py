"""What a codestream says of itself, and whether that is what its transfer syntax and its attributes ask for.

A decoder takes more than a transfer syntax allows: every predictor of JPEG Lossless, a JPEG 2000 that lost
something. So this is looked at in the bytes.

Source: ISO/IEC 10918-1 B.2.2 and B.2.3 (SOF3, SOS), 15444-1 A.5.1 and A.6.1 (SIZ, COD), PS3.5 G.5 (RLE
header).
"""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from burnish.fileset.derive.image import Image
from burnish.terms import JPEG_2000_LOSSLESS, JPEG_LOSSLESS, RLE_LOSSLESS

_SOI: Final = b"\xff\xd8"
_EOI: Final = b"\xff\xd9"
_SOF3, _SOS = 0xC3, 0xDA
_SOC_SIZ: Final = b"\xff\x4f\xff\x51"
_COD, _SOT = 0xFF52, 0xFF90
_REVERSIBLE_5_3: Final = 1
_FIRST_SEGMENT: Final = 64


def fault_of(image: Image, frame: bytes) -> str:
    """What is wrong with a codestream of `image.transfer_syntax`; empty where nothing is."""
    return _LOOKS[image.transfer_syntax](image, frame)


def _jpeg(image: Image, frame: bytes) -> str:
    """One frame of Process 14 in one scan, all samples, Selection Value 1, no point transform."""
    segments = _segments(frame)
    if _SOF3 not in segments or _SOS not in segments or not frame.rstrip(b"\0").endswith(_EOI):
        return "it is no whole JPEG Lossless"
    if len(segments[_SOF3]) < 6 or len(segments[_SOS]) < 2 * image.samples + 4:
        return "its JPEG headers are cut off"
    bits, rows, columns, samples = struct.unpack_from(">BHHB", segments[_SOF3])
    in_scan, (predictor, _, point) = segments[_SOS][0], segments[_SOS][-3:]
    if (rows, columns, samples, in_scan) != (image.rows, image.columns, image.samples, image.samples):
        return "its JPEG header has another size"
    if not 2 <= bits <= image.allocated:
        return f"its JPEG header has {bits} bits"
    return "" if (predictor, point) == (1, 0) else f"its Selection Value is {predictor}"


def _segments(frame: bytes) -> dict[int, bytes]:
    """Marker segments up to the first scan, by the second byte of their marker; the first of each counts."""
    found: dict[int, bytes] = {}
    at = 2 if frame.startswith(_SOI) else len(frame)
    while at + 4 <= len(frame) and frame[at] == 0xFF and _SOS not in found:
        length = max(2, int.from_bytes(frame[at + 2 : at + 4]))
        found.setdefault(frame[at + 1], frame[at + 4 : at + 2 + length])
        at += 2 + length
    return found


def _jpeg_2000(image: Image, frame: bytes) -> str:
    """A codestream that is reversible, with the colour transformation that the attributes tell of."""
    if not frame.startswith(_SOC_SIZ) or len(frame) < 42:
        return "it is no JPEG 2000 codestream"
    columns, rows, left, top = struct.unpack_from(">4L", frame, 8)
    [samples] = struct.unpack_from(">H", frame, 40)
    if (rows - top, columns - left, samples) != (image.rows, image.columns, image.samples):
        return "its JPEG 2000 header has another size"
    coding = _coding(frame)
    if len(coding) < 10 or coding[9] != _REVERSIBLE_5_3:
        return "its JPEG 2000 is not reversible"
    return "" if bool(coding[4]) == (image.photometric == "YBR_RCT") else "its colours are others"


def _coding(frame: bytes) -> bytes:
    """The value of COD; empty where there is none in the main header."""
    at = 2
    while at + 4 <= len(frame):
        marker, length = struct.unpack_from(">HH", frame, at)
        if marker == _COD:
            return frame[at + 4 : at + 2 + length]
        if marker == _SOT:
            break
        at += 2 + max(2, length)
    return b""


def _runs(image: Image, frame: bytes) -> str:
    """A segment for each byte of each sample."""
    if len(frame) < _FIRST_SEGMENT:
        return "its RLE header is cut off"
    count, first = struct.unpack_from("<2L", frame)
    wanted = image.samples * image.allocated // 8
    return "" if (count, first) == (wanted, _FIRST_SEGMENT) else "its RLE header has other segments"


_LOOKS: Final[Mapping[str, Callable[[Image, bytes], str]]] = {
    JPEG_LOSSLESS: _jpeg,
    JPEG_2000_LOSSLESS: _jpeg_2000,
    RLE_LOSSLESS: _runs,
}
