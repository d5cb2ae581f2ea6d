"""Whether an instance has the pixels that its attributes speak of.

A scan counts the bytes of Pixel Data (7FE0,0010) as they pass, without looking at one. ENCAPSULATED stands
for Pixel Data in fragments, None for a data set without any.

Source: PS3.5 8.1 (native: cells of Bits Allocated, frame after frame) and 8.2 (encapsulated).
"""

from typing import Final

from pydicom.config import IGNORE
from pydicom.uid import UID

from burnish.contracts.head import Head
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE

ENCAPSULATED: Final = -1
_NATIVE: Final = frozenset((IMPLICIT_VR_LE, EXPLICIT_VR_LE, EXPLICIT_VR_BE, DEFLATED))
_HALVED: Final = frozenset(("YBR_FULL_422", "YBR_PARTIAL_422"))
"""Photometric Interpretations of two samples a pixel, PS3.3 C.7.6.3.1.2."""
_COUNTS: Final = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")


def flaw_of(head: Head, transfer_syntax: str, pixels: int | None) -> str:
    """What is wrong with the pixels of an instance, in one sentence; empty where nothing is."""
    if pixels is None:
        return ""
    if (pixels == ENCAPSULATED) == (transfer_syntax in _NATIVE):
        how = "in fragments, as compressed ones are" if pixels == ENCAPSULATED else "not compressed"
        return f"its Pixel Data is {how}, and its transfer syntax is {UID(transfer_syntax, IGNORE).name}"
    wanted = native_length(head)
    if 0 <= pixels < wanted:
        return f"its Pixel Data has {pixels} bytes, and its attributes speak of {wanted}"
    return ""


def native_length(head: Head) -> int:
    """Bytes of Pixel Data that is not compressed; 0 where the attributes do not say."""
    counts = [_count(head, keyword) for keyword in _COUNTS]
    rows, columns, samples, bits = counts
    if samples == 3 and head.get("PhotometricInterpretation") in _HALVED:
        samples = 2
    frames = _count(head, "NumberOfFrames") if head.get("NumberOfFrames") else 1
    return (rows * columns * samples * bits * frames + 7) // 8


def _count(head: Head, keyword: str) -> int:
    value = head.get(keyword)
    return value if isinstance(value, int) and value > 0 else 0
