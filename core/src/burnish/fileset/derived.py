"""Whether a derived form says what its source says, element by element.

Both are read with pydicom, which shares no code with the derivation. Bulk values are compared in chunks;
sequences are held in memory one at a time.
"""

import struct
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import zip_longest
from typing import Any, BinaryIO, Final

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator, read_sequence

from burnish.errors import Mismatch

_CHUNK: Final = 1 << 18

_Element = RawDataElement | DataElement


def check_derived(source: BinaryIO, source_length: int, target: BinaryIO, target_length: int) -> None:
    """Compare a derived form with its source, element by element, as pydicom reads both.

    Both stand at the first element. Raises Mismatch, naming the element, at the first difference: a tag
    that one of them lacks, a VR that the dictionary does not give, or a value that is not the same bytes.
    """
    before = _read(source, source_length, implicit=True)
    after = _read(target, target_length, implicit=False)
    try:
        for old, new in zip_longest(before, after):
            _same(old, new, source, target)
    except (EOFError, KeyError, OSError, ValueError, struct.error) as error:
        raise Mismatch(f"the derived form cannot be compared with its source: {error}") from error


def _read(file: BinaryIO, length: int, implicit: bool) -> Iterator[_Element]:
    end = file.tell() + length
    elements = data_element_generator(file, implicit, True, defer_size=_CHUNK)
    place = file.tell()
    while place < end:
        element = next(elements, None)
        if element is None:
            return
        place = file.tell()
        if element.tag.element:
            yield element
        file.seek(place)


def _same(old: _Element | None, new: _Element | None, source: BinaryIO, target: BinaryIO) -> None:
    if old is None or new is None or old.tag != new.tag:
        names = [str(one.tag) if one else "nothing" for one in (old, new)]
        raise Mismatch(f"the source has {names[0]} where its derived form has {names[1]}")
    _check_vr(new)
    if new.VR == "SQ":
        _same_items(old, new, source)
    elif not _same_value(old, new, source, target):
        raise Mismatch(f"{new.tag} differs from its source")


def _check_vr(new: _Element) -> None:
    """A tag that the dictionary has not may have any VR: its private creator's dictionary gave it."""
    if not dictionary_has_tag(new.tag):
        return
    allowed = dictionary_VR(new.tag).split(" or ")
    if new.VR not in (*allowed, "UN"):
        raise Mismatch(f"{new.tag} is said to be {new.VR}, and is {' or '.join(allowed)}")


def _same_items(old: _Element, new: _Element, source: BinaryIO) -> None:
    old_items, new_items = _items(old, source, implicit=True), _items(new, source, implicit=False)
    if len(old_items) != len(new_items):
        raise Mismatch(f"{new.tag} has {len(new_items)} items, and its source {len(old_items)}")
    for before, after in zip(old_items, new_items, strict=True):
        for one, other in zip_longest(_elements(before), _elements(after)):
            _same(one, other, BytesIO(), BytesIO())


def _elements(item: Dataset) -> Iterator[_Element]:
    return (item.get_item(tag) for tag in sorted(item.keys()) if tag.element)


def _items(element: _Element, file: BinaryIO, implicit: bool) -> Sequence[Dataset]:
    if isinstance(element, DataElement):
        items: Sequence[Dataset] = element.value
        return items
    value = element.value if element.value is not None else _deferred(element, file)
    return list(read_sequence(BytesIO(value), implicit, True, len(value), "iso8859"))


def _deferred(element: RawDataElement, file: BinaryIO) -> bytes:
    file.seek(element.value_tell)
    return file.read(element.length)


def _same_value(old: _Element, new: _Element, source: BinaryIO, target: BinaryIO) -> bool:
    if isinstance(old, DataElement) or isinstance(new, DataElement):
        return _is_empty(old) and _is_empty(new)
    if new.length != old.length + old.length % 2:
        return False
    pairs = zip_longest(_pieces(old, source, old.length), _pieces(new, target, old.length))
    return all(one == other for one, other in pairs)


def _is_empty(element: _Element) -> bool:
    return element.is_empty if isinstance(element, DataElement) else element.length == 0


def _pieces(element: RawDataElement, file: BinaryIO, length: int) -> Iterator[Any]:
    """Give the first `length` bytes of a value in pieces of one size."""
    if element.value is not None:
        yield from (element.value[at : min(at + _CHUNK, length)] for at in range(0, length, _CHUNK))
        return
    for at in range(0, length, _CHUNK):
        file.seek(element.value_tell + at)
        yield file.read(min(_CHUNK, length - at))
