"""File Meta Information of instances on media: bytes of ours, the same for the same instance.

A preamble can carry a program's header (CVE-2019-11687), so it is always zeros. Nothing here says where
an instance came from: AE titles of group 2 are left out.

Source: PS3.10 7.1.
"""

import struct
from functools import lru_cache
from typing import Final

from burnish.terms import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

PREAMBLE: Final = bytes(128) + b"DICM"


def file_meta(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    """Preamble, prefix and group 2 of a file whose data set follows."""
    body = _before(sop_class) + _text(0x0003, b"UI", sop_instance) + _after(transfer_syntax)
    return PREAMBLE + struct.pack("<HH2sHI", 2, 0x0000, b"UL", 4, len(body)) + body


@lru_cache(maxsize=256)
def _before(sop_class: str) -> bytes:
    version = struct.pack("<HH2sHI", 2, 0x0001, b"OB", 0, 2) + b"\0\1"
    return version + _text(0x0002, b"UI", sop_class)


@lru_cache(maxsize=256)
def _after(transfer_syntax: str) -> bytes:
    return (
        _text(0x0010, b"UI", transfer_syntax)
        + _text(0x0012, b"UI", IMPLEMENTATION_CLASS_UID)
        + _text(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME)
    )


def _text(element: int, vr: bytes, text: str) -> bytes:
    value = text.encode("ascii")
    if len(value) % 2:
        value += b"\0" if vr == b"UI" else b" "
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value
