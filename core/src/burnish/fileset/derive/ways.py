"""Which transfer syntaxes a form can be made of, which it can be made in, and what is known of each.

Explicit VR Little Endian comes first: every profile that takes uncompressed instances takes that. The others
compress without loss, for profiles that want it or have no room. Source: PS3.5 Annex A and PS3.6 table A-1.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from burnish.terms import (
    DEFLATED,
    EXPLICIT_VR_BE,
    EXPLICIT_VR_LE,
    IMPLICIT_VR_LE,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS,
    RLE_LOSSLESS,
)

Transcoding = Literal["allow", "uncompressed", "never"]
"""What may be derived: everything that can be, only what neither has nor gets compressed pixels, or
nothing."""

TARGETS: Final = (EXPLICIT_VR_LE, JPEG_LOSSLESS, JPEG_2000_LOSSLESS, RLE_LOSSLESS)
"""What a form can be made in, the preferred first."""


@dataclass(frozen=True, slots=True)
class Way:
    """A transfer syntax that a form can be made of."""

    name: str
    encapsulated: bool = False
    """Its pixels stand in fragments (PS3.5 A.4)."""
    compressed: bool = False
    """Its pixels have to be decoded."""
    lossy: str = ""
    """What Lossy Image Compression Method (0028,2114) says of a codec that always loses, PS3.3
    C.7.6.1.1.5.2; empty where it never or not always does."""


def _coded(name: str, lossy: str = "") -> Way:
    return Way(name, encapsulated=True, compressed=True, lossy=lossy)


WAYS: Final = MappingProxyType(
    {
        IMPLICIT_VR_LE: Way("Implicit VR Little Endian"),
        EXPLICIT_VR_LE: Way("Explicit VR Little Endian"),
        EXPLICIT_VR_BE: Way("Explicit VR Big Endian"),
        DEFLATED: Way("Deflated Explicit VR Little Endian"),
        "1.2.840.10008.1.2.1.98": Way("Encapsulated Uncompressed Explicit VR Little Endian", True),
        RLE_LOSSLESS: _coded("RLE Lossless"),
        "1.2.840.10008.1.2.4.50": _coded("JPEG Baseline (Process 1)", "ISO_10918_1"),
        "1.2.840.10008.1.2.4.51": _coded("JPEG Extended (Process 2 and 4)", "ISO_10918_1"),
        "1.2.840.10008.1.2.4.57": _coded("JPEG Lossless (Process 14)"),
        JPEG_LOSSLESS: _coded("JPEG Lossless (Process 14, Selection Value 1)"),
        "1.2.840.10008.1.2.4.80": _coded("JPEG-LS Lossless"),
        "1.2.840.10008.1.2.4.81": _coded("JPEG-LS Near-Lossless", "ISO_14495_1"),
        JPEG_2000_LOSSLESS: _coded("JPEG 2000 Lossless"),
        "1.2.840.10008.1.2.4.91": _coded("JPEG 2000", "ISO_15444_1"),
        "1.2.840.10008.1.2.4.201": _coded("High-Throughput JPEG 2000 Lossless"),
        "1.2.840.10008.1.2.4.202": _coded("High-Throughput JPEG 2000 RPCL Lossless"),
        "1.2.840.10008.1.2.4.203": _coded("High-Throughput JPEG 2000", "ISO_15444_15"),
    }
)
"""By Transfer Syntax UID. What is missing here (video, JPIP, SMPTE ST 2110) goes on media as it is or not at
all: PS3.11 names no uncompressed form of it."""


def derivable(transfer_syntax: str, transcoding: Transcoding) -> tuple[str, ...]:
    """The transfer syntaxes that an instance may be derived into, the preferred first.

    Pixels that lost something are not compressed again: what that keeps is the loss.

    >>> derivable("1.2.840.10008.1.2.4.80", "allow")
    ('1.2.840.10008.1.2.1', '1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.5')
    >>> derivable("1.2.840.10008.1.2.4.81", "allow"), derivable("1.2.840.10008.1.2.4.80", "uncompressed")
    (('1.2.840.10008.1.2.1',), ())
    """
    way = WAYS.get(transfer_syntax)
    if way is None or transcoding == "never" or (way.compressed and transcoding == "uncompressed"):
        return ()
    only_explicit = way.lossy or transcoding == "uncompressed"
    return tuple(to for to in TARGETS[: 1 if only_explicit else None] if to != transfer_syntax)
