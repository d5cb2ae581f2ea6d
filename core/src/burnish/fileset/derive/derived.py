"""Whether a derived form says what its source says, element by element.

Both are read with pydicom, which shares no code with the derivation. Bulk values are compared in chunks.
Of a repeated tag the first element counts; the derived form has it once, and in order.

What may differ is little: padding to even length, byte order, group lengths, and beside decoded pixels the
attributes that speak of them. Those must agree with the pixels: so many bytes, the very ones that the decoder
gave.
"""

import hashlib
import struct
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import BinaryIO, Final

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag, Tag

from burnish.errors import Mismatch
from burnish.terms import EXPLICIT_VR_BE, IMPLICIT_VR_LE

_CHUNK: Final = 1 << 18
_DEFERRED: Final = 1 << 12
"""Longer values are left in the file until they are compared."""
_UNDEFINED: Final = 0xFFFF_FFFF
_ENDLESS: Final = 1 << 62
_ITEM: Final = 0xFFFE_E000
_SEQUENCE_END: Final = 0xFFFE_E0DD
_PIXEL_DATA: Final = 0x7FE0_0010
_MAY_CHANGE: Final = frozenset(
    (0x0028_0004, 0x0028_0006, 0x0028_0100, 0x0028_0101, 0x0028_0102, 0x0028_2110, 0x0028_2112, 0x0028_2114)
)
"""Photometric Interpretation, Planar Configuration, bits, and what was lost, beside decoded pixels."""
_MUST_GO: Final = frozenset((0x7FE0_0001, 0x7FE0_0002, 0x7FE0_0003))
"""Where compressed frames were."""
_WIDTH: Final = {
    **dict.fromkeys(("AT", "OW", "SS", "US"), "H"),
    **dict.fromkeys(("FL", "OF", "OL", "SL", "UL"), "I"),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), "Q"),
}
"""Type codes of `array` for the numbers that change with byte order, PS3.5 7.3."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two, or an item of it."""

    file: BinaryIO
    start: int
    """Where the data set begins in its file."""
    implicit: bool
    little: bool
    padded: bool
    """Whether what follows the pixels and has no VR is padding."""

    def inner(self, element: "_Element") -> "_Side":
        """How the items of a sequence are written: those of UN in Implicit VR Little Endian."""
        unknown = element.vr == "UN"
        return _Side(self.file, self.start, self.implicit or unknown, self.little or unknown, padded=False)


@dataclass(slots=True)
class _Element:
    tag: BaseTag
    vr: str | None
    """None in Implicit VR."""
    at: int
    """Of its value, in the file."""
    length: int
    """0xFFFFFFFF of sequences and fragments that end with a delimiter."""
    value: bytes | None
    """None where it is still in the file."""
    items: "list[dict[int, _Element]] | None" = None
    """Of a sequence that was read already: to know its end."""


def check_derived(
    source: BinaryIO,
    source_length: int,
    target: BinaryIO,
    target_length: int,
    syntax: str = IMPLICIT_VR_LE,
    pixels: Mapping[int, bytes] | None = None,
) -> None:
    """Compare a derived form with its source, element by element, as pydicom reads both.

    Both stand at the first element; `syntax` is that of the source, which is not deflated. `pixels` has the
    SHA-256 of what was decoded, by the offset of its fragments. Raises Mismatch, naming the element, at the
    first difference: a tag that one of them lacks, a VR that the source or the dictionary does not give, or
    a value that is not the same bytes.
    """
    place = source.tell()
    old = _Side(source, place, syntax == IMPLICIT_VR_LE, syntax != EXPLICIT_VR_BE, True)
    new = _Side(target, target.tell(), implicit=False, little=True, padded=False)
    try:
        after, end = _read(new, new.start, new.start + target_length)
        if end != new.start + target_length:
            raise Mismatch(f"the derived form ends at byte {end} for a reader, and has {target_length}")
        before, _ = _read(old, place, place + source_length)
        _Check(pixels or {}).data_sets(before, after, old, new)
    except (EOFError, KeyError, OSError, ValueError, struct.error) as error:
        raise Mismatch(f"the derived form cannot be compared with its source: {error}") from error


def _read(side: _Side, at: int, end: int) -> tuple[dict[int, _Element], int]:
    """The elements of a data set or item, and where it ends: behind its delimiter, where that counts."""
    found: dict[int, _Element] = {}
    last = 0
    while at < end:
        for element in _elements(side, at):
            if element.vr is None and not side.implicit and side.padded and last >= _PIXEL_DATA:
                return found, end
            last = element.tag
            if element.tag.element:
                found.setdefault(element.tag, element)
            at = _after(side, element)
            if at >= end or element.length == _UNDEFINED:
                break
        else:
            return found, side.file.tell() if end == _ENDLESS else at
    return found, at


def _elements(side: _Side, at: int) -> Iterator[_Element]:
    """Elements as pydicom reads them, up to the first of undefined length, or the end of the item."""
    open_end: list[_Element] = []

    def is_open(tag: BaseTag, vr: str | None, length: int) -> bool:
        if length == _UNDEFINED:
            open_end.append(_Element(tag, vr, side.file.tell(), length, None))
        return bool(open_end)

    side.file.seek(at)
    for raw in data_element_generator(side.file, side.implicit, side.little, is_open, _DEFERRED):
        assert isinstance(raw, RawDataElement), DataElement  # noqa: S101 - only undefined lengths give others
        yield _Element(
            raw.tag, raw.VR, raw.value_tell, raw.length, raw.value or (None if raw.length else b"")
        )
        side.file.seek(raw.value_tell + raw.length)
    yield from open_end


def _after(side: _Side, element: _Element) -> int:
    """Where the next element begins."""
    if element.length != _UNDEFINED:
        return element.at + element.length
    if _holds_bytes(element):
        return _after_fragments(side, element.at)
    element.items, end = _items(side.inner(element), element)
    return end


def _holds_bytes(element: _Element) -> bool:
    return element.vr in ("OB", "OW") and element.length == _UNDEFINED


def _after_fragments(side: _Side, at: int) -> int:
    while True:
        tag, length = _item(side, at)
        at += 8 + length
        if tag != _ITEM:
            _check_end(tag)
            return at


def _items(side: _Side, sequence: _Element) -> tuple[list[dict[int, _Element]], int]:
    """The items of a sequence, and where it ends."""
    found: list[dict[int, _Element]] = []
    at = sequence.at
    end = _ENDLESS if sequence.length == _UNDEFINED else at + sequence.length
    while at < end:
        tag, length = _item(side, at)
        at += 8
        if tag != _ITEM:
            _check_end(tag)
            break
        stop = _ENDLESS if length == _UNDEFINED else at + length
        item, after = _read(side, at, stop)
        at = after if stop == _ENDLESS else stop
        found.append(item)
    return found, at if end == _ENDLESS else end


def _check_end(tag: int) -> None:
    if tag != _SEQUENCE_END:
        raise ValueError(f"{Tag(tag)} stands where an item should")


def _item(side: _Side, at: int) -> tuple[int, int]:
    side.file.seek(at)
    group, element, length = struct.unpack("<HHL" if side.little else ">HHL", side.file.read(8))
    return group << 16 | element, length


class _Check:
    def __init__(self, pixels: Mapping[int, bytes]) -> None:
        self._pixels = pixels

    def data_sets(
        self, before: dict[int, _Element], after: dict[int, _Element], old: _Side, new: _Side
    ) -> None:
        decoded = _PIXEL_DATA in before and _holds_bytes(before[_PIXEL_DATA])
        if list(after) != sorted(after):
            raise Mismatch("the elements of the derived form are not in order")
        for tag in sorted({*before, *after}):
            if decoded and tag in _MUST_GO and tag not in after:
                continue
            if decoded and tag in _MAY_CHANGE and tag in after:
                continue
            if decoded and tag == _PIXEL_DATA:
                self._same_pixels(before[tag], after, old, new)
                continue
            self._same(before.get(tag), after.get(tag), old, new)

    def _same_pixels(self, was: _Element, after: dict[int, _Element], old: _Side, new: _Side) -> None:
        now = after.get(_PIXEL_DATA)
        if now is None or now.length != _pixel_bytes(after):
            raise Mismatch(f"{was.tag} has not as many bytes as the attributes beside it say")
        digest = hashlib.sha256()
        for data in _pieces(now, new, now.length):
            digest.update(data)
        if digest.digest() != self._pixels.get(was.at - old.start):
            raise Mismatch(f"{was.tag} is not what was decoded")

    def _same(self, was: _Element | None, now: _Element | None, old: _Side, new: _Side) -> None:
        if was is None or now is None:
            names = [str(one.tag) if one else "nothing" for one in (was, now)]
            raise Mismatch(f"the source has {names[0]} where its derived form has {names[1]}")
        _check_vr(was, now)
        if now.vr == "SQ":
            self._same_items(was, now, old, new)
        elif not _same_value(was, now, old, new):
            raise Mismatch(f"{now.tag} differs from its source")

    def _same_items(self, was: _Element, now: _Element, old: _Side, new: _Side) -> None:
        old = old.inner(was)
        before = _items(old, was)[0] if was.items is None else was.items
        after = _items(new, now)[0] if now.items is None else now.items
        if len(before) != len(after):
            raise Mismatch(f"{now.tag} has {len(after)} items, and its source {len(before)}")
        for one, other in zip(before, after, strict=True):
            self.data_sets(one, other, old, new)


def _pixel_bytes(elements: Mapping[int, _Element]) -> int:
    """Bytes of Pixel Data, padding and all, as Rows and the like say."""
    numbers = [_number(elements.get(tag)) for tag in (0x0028_0010, 0x0028_0011, 0x0028_0002, 0x0028_0100)]
    frames = elements.get(0x0028_0008)
    text = (frames.value or b"").strip(b" \0") if frames else b""
    length = max(1, int(text) if text.isdigit() else 1)
    for number in numbers:
        length *= number
    length = (length + 7) // 8
    return length + length % 2


def _number(element: _Element | None) -> int:
    return int.from_bytes((element.value or b"")[:2], "little") if element else 0


def _check_vr(was: _Element, now: _Element) -> None:
    """In Explicit VR it stays, or is UN. In Implicit VR it is one that the dictionary gives.

    A tag that the dictionary has not may have any: its private creator's dictionary gave it.
    """
    if now.vr == "UN" or (now.vr == "SQ" and was.vr == "UN"):
        return
    allowed = [was.vr] if was.vr else _allowed(was.tag)
    if allowed and now.vr not in allowed:
        raise Mismatch(f"{now.tag} is said to be {now.vr}, and is {' or '.join(map(str, allowed))}")


def _allowed(tag: BaseTag) -> list[str]:
    return dictionary_VR(tag).split(" or ") if dictionary_has_tag(Tag(tag)) else []


def _same_value(was: _Element, now: _Element, old: _Side, new: _Side) -> bool:
    if was.length == _UNDEFINED or now.length != was.length + was.length % 2:
        return False
    code = None if old.little else _WIDTH.get(was.vr or "")
    pairs = zip_longest(_pieces(was, old, was.length), _pieces(now, new, was.length))
    return all((_turned(one, code) if code and one else one) == other for one, other in pairs)


def _turned(data: bytes, code: str) -> bytes:
    numbers = array(code)
    whole = len(data) // numbers.itemsize * numbers.itemsize
    numbers.frombytes(data[:whole])
    numbers.byteswap()
    return numbers.tobytes() + data[whole:]


def _pieces(element: _Element, side: _Side, length: int) -> Iterator[bytes]:
    """Give the first `length` bytes of a value in pieces of one size."""
    if element.value is not None and length:
        yield element.value[:length]
        return
    for at in range(0, length, _CHUNK):
        side.file.seek(element.at + at)
        yield side.file.read(min(_CHUNK, length - at))
