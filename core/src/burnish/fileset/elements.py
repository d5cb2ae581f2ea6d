"""Explicit VR Little Endian in memory, element by element: File Meta Information and a DICOMDIR.

Both come from a medium that nobody vouches for: every length is checked before it is used, nesting is
bounded, and whatever breaks raises Broken with the byte at which it does.

Source: PS3.5 7.1.2, 7.5; PS3.10 7.1.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_UNDEFINED: Final = 0xFFFF_FFFF
_ITEM: Final = 0xFFFE_E000
_ITEM_END: Final = 0xFFFE_E00D
_SEQUENCE_END: Final = 0xFFFE_E0DD
_DEEPEST: Final = 16

_EXPLICIT: Final = struct.Struct("<HH2sH").unpack_from
_TAG_LENGTH: Final = struct.Struct("<HHL").unpack_from
_LENGTH: Final = struct.Struct("<L").unpack_from
_LONG_VRS: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)

PREFIX: Final = b"DICM"
META_START: Final = 132
"""Where File Meta Information begins: after preamble and prefix."""

_HARMLESS: Final = (bytes(4), b"II*\0", b"MM\0*")
"""How a preamble may begin. PS3.10 7.1 leaves it to implementations, and names TIFF; but one that begins
as a program or an archive does makes the file one, too (CVE-2019-11687)."""


class Broken(ValueError):
    """Bytes that are no Explicit VR Little Endian."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element, by where it stands."""

    tag: int
    vr: bytes
    at: int
    """Offset of its tag."""
    start: int
    """Offset of its value."""
    end: int
    """Offset behind its value, a delimiter included."""


@dataclass(frozen=True, slots=True)
class Meta:
    """File Meta Information."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    end: int
    """Offset of the data set in the file."""
    findings: tuple[str, ...]
    """What breaks PS3.10 7.1 though it could be read."""


def elements(data: bytes, start: int, end: int) -> Iterator[Element]:
    """Walk over the elements between two offsets. Raises Broken."""
    while start < end:
        found = _element(data, start, end, 0)
        yield found
        start = found.end


def items(data: bytes, sequence: Element) -> Iterator[tuple[int, int, int]]:
    """Walk over a sequence: offsets of each item's tag, of its first element and behind its last.

    Raises Broken.
    """
    at = sequence.start
    while at < sequence.end:
        tag, length = _header(data, at, sequence.end)
        if tag == _SEQUENCE_END:
            return
        end = _item_end(data, at, length, sequence.end, 0)
        yield at, at + 8, end - 8 if length == _UNDEFINED else end
        at = end


def has_prefix(data: bytes) -> bool:
    """Whether a file's first bytes are a preamble and the prefix, PS3.10 7.1."""
    return data[META_START - len(PREFIX) : META_START] == PREFIX


def read_meta(data: bytes) -> Meta:
    """Read File Meta Information from a file's first bytes. Raises Broken."""
    if not has_prefix(data):
        raise Broken("the prefix DICM is missing")
    return meta_at(data, META_START)


def meta_at(data: bytes, start: int) -> Meta:
    """Read File Meta Information that begins at `start`. Raises Broken.

    Where it ends its last element says; that its group's length says the same is checked. Some files of the
    last century have it in Implicit VR.
    """
    texts: dict[int, str] = {}
    findings = []
    if start == META_START and data[:4] not in _HARMLESS:
        findings.append("the preamble begins like a file of another kind")
    at, said = start, 0
    while at + 8 <= len(data) and data[at : at + 2] == b"\2\0":
        found = _meta_element(data, at)
        value = data[found.start : found.end]
        if found.tag == 0x0002_0000 and len(value) == 4:
            said = found.end + int.from_bytes(value, "little")
        texts[found.tag] = value.strip(b" \0").decode("ascii", "replace")
        at = found.end
    if said != at:
        findings.append("File Meta Information Group Length is missing or wrong")
    findings += [f"{name} is missing" for tag, name in _META_TYPE_1.items() if not texts.get(tag)]
    return Meta(
        texts.get(0x0002_0002, ""),
        texts.get(0x0002_0003, ""),
        texts.get(0x0002_0010, ""),
        at,
        tuple(findings),
    )


def _meta_element(data: bytes, at: int) -> Element:
    vr = data[at + 4 : at + 6]
    if vr.isalpha() and vr.isupper():
        return _element(data, at, len(data), 0)
    group, element, length = _TAG_LENGTH(data, at)
    if at + 8 + length > len(data):
        raise Broken(f"({group:04X},{element:04X}) at byte {at} runs past the end")
    return Element(group << 16 | element, b"", at, at + 8, at + 8 + length)


_META_TYPE_1: Final = {
    0x0002_0001: "File Meta Information Version",
    0x0002_0002: "Media Storage SOP Class UID",
    0x0002_0003: "Media Storage SOP Instance UID",
    0x0002_0010: "Transfer Syntax UID",
    0x0002_0012: "Implementation Class UID",
}
"""PS3.10 Table 7.1-1."""


def _header(data: bytes, at: int, end: int) -> tuple[int, int]:
    if at + 8 > end:
        raise Broken(f"an item is cut off at byte {at}")
    group, element, length = _TAG_LENGTH(data, at)
    return group << 16 | element, length


def _element(data: bytes, at: int, end: int, depth: int) -> Element:
    if at + 8 > end:
        raise Broken(f"an element is cut off at byte {at}")
    group, element, vr, length = _EXPLICIT(data, at)
    tag, start = group << 16 | element, at + 8
    if vr in _LONG_VRS:
        start = at + 12
        length = _LENGTH(data, at + 8)[0] if start <= end else end
    elif not (vr.isalpha() and vr.isupper()):
        raise Broken(f"({group:04X},{element:04X}) at byte {at} has no value representation")
    if length == _UNDEFINED:
        return Element(tag, vr, at, start, _sequence_end(data, start, end, depth + 1))
    if start + length > end:
        raise Broken(f"({group:04X},{element:04X}) at byte {at} runs past the end")
    return Element(tag, vr, at, start, start + length)


def _sequence_end(data: bytes, at: int, end: int, depth: int) -> int:
    """Find the end of a sequence of undefined length, behind its delimiter."""
    if depth > _DEEPEST:
        raise Broken(f"sequences are nested more than {_DEEPEST} deep at byte {at}")
    while True:
        tag, length = _header(data, at, end)
        if tag == _SEQUENCE_END:
            return at + 8
        at = _item_end(data, at, length, end, depth)


def _item_end(data: bytes, at: int, length: int, end: int, depth: int) -> int:
    """Find the end of the item at `at`, behind its delimiter where it has one."""
    tag, _ = _header(data, at, end)
    if tag != _ITEM:
        raise Broken(f"no item stands at byte {at}")
    if length != _UNDEFINED:
        if at + 8 + length > end:
            raise Broken(f"the item at byte {at} runs past the end")
        return at + 8 + length
    at += 8
    while _header(data, at, end)[0] != _ITEM_END:
        at = _element(data, at, end, depth).end
    return at + 8
