"""Whether a derived form says what its source says, element by element.

Both are read with pydicom, which shares no code with the derivation. Bulk values are compared in chunks.
Of a repeated tag the first element counts; the derived form has it once, and in order.

What may differ is little: padding to even length, byte order, group lengths, and beside decoded pixels the
attributes that speak of them. Those must agree with the pixels: so many bytes, the very ones that the decoder
gave. Frames that the form compresses are decoded again and compared with those of the source (`refound`).
"""

import hashlib
import struct
from collections.abc import Mapping
from itertools import zip_longest
from typing import BinaryIO, Final

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.tag import BaseTag, Tag

from burnish.errors import Mismatch
from burnish.fileset.derive.refound import same_frames
from burnish.fileset.derive.reread import (
    PIXEL_DATA,
    UNDEFINED,
    Element,
    Side,
    holds_bytes,
    items_of,
    number_of,
    pieces_of,
    read,
    text_of,
    values_of,
)
from burnish.terms import EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE

_COLOURS: Final = frozenset((0x0028_0004, 0x0028_0006))
"""What may change beside pixels that were encoded: Photometric Interpretation and Planar Configuration."""
_BITS: Final = _COLOURS | {0x0028_0100, 0x0028_0101, 0x0028_0102}
"""Beside those that were decoded before, bits too."""
_MAY_CHANGE: Final = _BITS | {0x0028_2110, 0x0028_2112, 0x0028_2114}
"""Beside those that were only decoded, what was lost."""
_MUST_GO: Final = frozenset((0x7FE0_0001, 0x7FE0_0002, 0x7FE0_0003))
"""Where compressed frames were."""


def check_derived(
    source: BinaryIO,
    source_length: int,
    target: BinaryIO,
    target_length: int,
    syntax: str = IMPLICIT_VR_LE,
    pixels: Mapping[int, bytes] | None = None,
    to: str = EXPLICIT_VR_LE,
    *,
    twice: bool = True,
) -> None:
    """Compare a derived form with its source, element by element, as pydicom reads both.

    Both stand at the first element; `syntax` is that of the source, which is not deflated, `to` that of the
    form. `pixels` has the SHA-256 of what was decoded, by the offset of its fragments. Where `twice`, two
    decoders must agree on what was encoded. Raises Mismatch, naming the element, at the
    first difference: a tag that one of them lacks, a VR that the source or the dictionary does not give, or
    a value that is not the same bytes.
    """
    place = source.tell()
    old = Side(source, place, syntax == IMPLICIT_VR_LE, syntax != EXPLICIT_VR_BE, True)
    new = Side(target, target.tell(), implicit=False, little=True, padded=False)
    try:
        after, end = read(new, new.start, new.start + target_length)
        if end != new.start + target_length:
            raise Mismatch(f"the derived form ends at byte {end} for a reader, and has {target_length}")
        before, _ = read(old, place, place + source_length)
        check = _Check(pixels or {})
        if to == EXPLICIT_VR_LE:
            check.data_sets(before, after, old, new)
        else:
            check.encoded(before, after, old, new)
            same_frames(before, after, old, new, to, target_length, pixels or {}, twice=twice)
    except (EOFError, KeyError, OSError, ValueError, struct.error) as error:
        raise Mismatch(f"the derived form cannot be compared with its source: {error}") from error


class _Check:
    def __init__(self, pixels: Mapping[int, bytes]) -> None:
        self._pixels = pixels

    def data_sets(self, before: dict[int, Element], after: dict[int, Element], old: Side, new: Side) -> None:
        decoded = PIXEL_DATA in before and holds_bytes(before[PIXEL_DATA])
        _check_order(after)
        for tag in sorted({*before, *after}):
            if decoded and tag in _MUST_GO and tag not in after:
                continue
            if decoded and tag in _MAY_CHANGE and tag in after:
                continue
            if decoded and tag == PIXEL_DATA:
                self._same_pixels(before[tag], after, old, new)
                continue
            self._same(before.get(tag), after.get(tag), old, new)

    def encoded(self, before: dict[int, Element], after: dict[int, Element], old: Side, new: Side) -> None:
        """All but the pixels, which are encoded now, and what tells where they are."""
        decoded = PIXEL_DATA in before and holds_bytes(before[PIXEL_DATA])
        may_change = _BITS if decoded else _COLOURS
        _check_order(after)
        for tag in sorted({*before, *after} - _MUST_GO - {PIXEL_DATA}):
            if tag not in may_change or tag not in after:
                self._same(before.get(tag), after.get(tag), old, new)

    def _same_pixels(self, was: Element, after: dict[int, Element], old: Side, new: Side) -> None:
        now = after.get(PIXEL_DATA)
        if now is None or now.length != _pixel_bytes(after):
            raise Mismatch(f"{was.tag} has not as many bytes as the attributes beside it say")
        digest = hashlib.sha256()
        for data in pieces_of(now, new, now.length):
            digest.update(data)
        if digest.digest() != self._pixels.get(was.at - old.start):
            raise Mismatch(f"{was.tag} is not what was decoded")

    def _same(self, was: Element | None, now: Element | None, old: Side, new: Side) -> None:
        if was is None or now is None:
            names = [str(one.tag) if one else "nothing" for one in (was, now)]
            raise Mismatch(f"the source has {names[0]} where its derived form has {names[1]}")
        _check_vr(was, now)
        if now.vr == "SQ":
            self._same_items(was, now, old, new)
        elif not _same_value(was, now, old, new):
            raise Mismatch(f"{now.tag} differs from its source")

    def _same_items(self, was: Element, now: Element, old: Side, new: Side) -> None:
        old = old.inner(was)
        before = items_of(old, was)[0] if was.items is None else was.items
        after = items_of(new, now)[0] if now.items is None else now.items
        if len(before) != len(after):
            raise Mismatch(f"{now.tag} has {len(after)} items, and its source {len(before)}")
        for one, other in zip(before, after, strict=True):
            self.data_sets(one, other, old, new)


def _check_order(elements: Mapping[int, Element]) -> None:
    if list(elements) != sorted(elements):
        raise Mismatch("the elements of the derived form are not in order")


def _pixel_bytes(elements: Mapping[int, Element]) -> int:
    """Bytes of Pixel Data, padding and all, as Rows and the like say."""
    numbers = [number_of(elements.get(tag)) for tag in (0x0028_0010, 0x0028_0011, 0x0028_0002, 0x0028_0100)]
    text = text_of(elements.get(0x0028_0008))
    length = max(1, int(text) if text.isdigit() else 1)
    for number in numbers:
        length *= number
    length = (length + 7) // 8
    return length + length % 2


def _check_vr(was: Element, now: Element) -> None:
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


def _same_value(was: Element, now: Element, old: Side, new: Side) -> bool:
    if was.length == UNDEFINED or now.length != was.length + was.length % 2:
        return False
    pairs = zip_longest(values_of(was, old, was.length), pieces_of(now, new, was.length))
    return all(one == other for one, other in pairs)
