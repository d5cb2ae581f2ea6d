"""Derived forms: an instance in another transfer syntax, equal to its source element by element.

Implicit VR Little Endian becomes Explicit VR Little Endian (PS3.5 A.1, A.2, 7.1) in one pass with bounded
memory: bulk values are copied in chunks. The same input gives the same bytes.

* every value stays as it is; one of odd length is padded to even, as PS3.5 6.2 pads its VR
* sequences and items with content are written with undefined length and delimiters
* group lengths are dropped: they are retired, and theirs would be wrong
* a VR comes from the data dictionary, a private one from the dictionary of its private creator; what is
  unknown, too long for its VR's length field or no multiple of its VR's unit is UN (PS3.5 6.2.2)

A derived form counts only after `check_derived` compared it with its source.

Units: lengths and positions in bytes of the data set.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO, Final

from pydicom.datadict import dictionary_VR, private_dictionary_VR
from pydicom.tag import Tag

from burnish.errors import SourceDamaged
from burnish.fileset.derived import check_derived

__all__ = ["Derived", "check_derived", "derive_explicit"]

_CHUNK: Final = 1 << 18
_DEEPEST: Final = 64
"""Levels of nesting; deeper ones are taken for an attack on the stack."""

_UNDEFINED: Final = 0xFFFF_FFFF
_ITEM: Final = 0xFFFE_E000
_ITEM_END: Final = 0xFFFE_E00D
_SEQUENCE_END: Final = 0xFFFE_E0DD
_PIXEL_REPRESENTATION: Final = 0x0028_0103
_LUT_DESCRIPTOR: Final = 0x0028_3002
_LUT_DATA: Final = 0x0028_3006
_PIXEL_DATA: Final = 0x7FE0_0010

_HEADER: Final = struct.Struct("<HHL")
_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2s2xL")
_US: Final = struct.Struct("<H")

LONG_VRS: Final = frozenset(
    ("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"),
)
"""VRs with a length of 32 bits, PS3.5 table 7.1-1; all others have one of 16."""

_TEXT_VRS: Final = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT"),
)
"""VRs that are padded with a space; all others are padded with a null, PS3.5 6.2."""

_UNIT: Final = {
    "AT": 4, "FD": 8, "FL": 4, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2,
    "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8,
}  # fmt: skip
"""Bytes of one value of a binary VR, PS3.5 table 6.2-1."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What stands in the target."""

    length: int
    digest: bytes
    """SHA-256 of the derived data set."""


def derive_explicit(source: BinaryIO, length: int, target: BinaryIO) -> Derived:
    """Write the `length` bytes of an Implicit VR Little Endian data set in Explicit VR Little Endian.

    Both stand at the first element; `source` must be seekable. Raises ValueError, naming the element,
    where the structure is broken, and SourceDamaged where the source ends early; `target` then holds a part
    that nobody may use.
    """
    reader = _Reader(source, length)
    writer = _Writer(target)
    root = _Level(pixel_representation=_find_pixel_representation(_Reader(source, length)))
    reader.rewind()
    _data_set(reader, writer, length, root)
    return writer.finish()


class _Reader:
    """Counts what is read, and lets nothing pass the end."""

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file = file
        self._start = file.tell()
        self.length = length
        self.position = 0

    def rewind(self) -> None:
        self._file.seek(self._start)
        self.position = 0

    def header(self) -> tuple[int, int]:
        """Return tag and length of the next element or item."""
        group, element, length = _HEADER.unpack(self.read(8))
        return group << 16 | element, length

    def peek(self) -> int:
        """Return the tag at this place, and stay here; 0 at the end."""
        if self.position + 4 > self.length:
            return 0
        group, element = struct.unpack("<HH", self.read(4))
        self.position -= 4
        self._file.seek(self._start + self.position)
        return int(group << 16 | element)

    def read(self, count: int) -> bytes:
        if self.position + count > self.length:
            raise ValueError(f"the data set ends within an element at byte {self.position}")
        data = self._file.read(count)
        if len(data) != count:
            raise SourceDamaged(f"the source ends at byte {self.position + len(data)} of {self.length}")
        self.position += count
        return data

    def skip(self, count: int) -> None:
        if self.position + count > self.length:
            raise ValueError(f"the data set ends within an element at byte {self.position}")
        self.position += count
        self._file.seek(self._start + self.position)

    def chunks(self, count: int) -> Iterator[bytes]:
        for done in range(0, count, _CHUNK):
            yield self.read(min(_CHUNK, count - done))


class _Writer:
    """Gathers, hashes and counts what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._gathered = bytearray()
        self._digest = hashlib.sha256()
        self._length = 0

    def write(self, data: bytes) -> None:
        self._gathered += data
        if len(self._gathered) >= _CHUNK:
            self._flush()

    def element(self, tag: int, vr: str, length: int) -> None:
        form = _LONG if vr in LONG_VRS else _SHORT
        self.write(form.pack(tag >> 16, tag & 0xFFFF, vr.encode(), length))

    def item(self, tag: int, length: int) -> None:
        self.write(_HEADER.pack(tag >> 16, tag & 0xFFFF, length))

    def finish(self) -> Derived:
        self._flush()
        return Derived(self._length, self._digest.digest())

    def _flush(self) -> None:
        self._digest.update(self._gathered)
        self._file.write(self._gathered)
        self._length += len(self._gathered)
        self._gathered.clear()


@dataclass(slots=True)
class _Level:
    """What is known of the data set or item that is being read, as far as it decides VRs."""

    parent: "_Level | None" = None
    depth: int = 0
    pixel_representation: int | None = None
    lut_entries: int | None = None
    creators: dict[int, str] = field(default_factory=dict)
    """Private creators by the block they reserve: group and high byte of the element."""

    def signed(self) -> bool:
        """Whether the nearest Pixel Representation says so; unsigned where there is none."""
        if self.pixel_representation is not None or self.parent is None:
            return self.pixel_representation == 1
        return self.parent.signed()

    def note(self, tag: int, value: bytes) -> None:
        """Remember a value that decides the VR of others."""
        if tag == _PIXEL_REPRESENTATION and len(value) >= 2:
            (self.pixel_representation,) = _US.unpack_from(value)
        elif tag == _LUT_DESCRIPTOR and len(value) >= 2:
            (self.lut_entries,) = _US.unpack_from(value)
        elif _is_creator(tag):
            self.creators[(tag & 0xFFFF_0000) | (tag & 0xFF) << 8] = value.decode("ascii", "replace").strip(
                " \0"
            )

    def vr(self, tag: int) -> str:
        """The VR of an element here. UN where it is not known."""
        if tag >> 16 & 1:
            return "LO" if _is_creator(tag) else _private_vr(tag, self.creators.get(tag & 0xFFFF_FF00, ""))
        found = _public_vr(tag)
        return self._decided(tag, found) if " or " in found else found

    def _decided(self, tag: int, found: str) -> str:
        """Decide between VRs as PS3.5 A.1 and the notes of PS3.6 do for Implicit VR."""
        if found == "US or SS":
            return "SS" if self.signed() else "US"
        if tag == _LUT_DATA and self.lut_entries == 1:
            return "US"
        return "OW"


def _is_creator(tag: int) -> bool:
    return bool(tag >> 16 & 1) and 0x10 <= tag & 0xFFFF <= 0xFF


def _is_remembered(tag: int) -> bool:
    return tag in (_PIXEL_REPRESENTATION, _LUT_DESCRIPTOR) or _is_creator(tag)


@cache
def _public_vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _private_vr(tag: int, creator: str) -> str:
    try:
        found = private_dictionary_VR(Tag(tag), creator)
    except KeyError:
        return "UN"
    return found if found in LONG_VRS or found in _TEXT_VRS or found in _UNIT or found == "UI" else "UN"


def _data_set(reader: _Reader, writer: _Writer, end: int, level: _Level) -> None:
    """Derive elements up to `end`, or up to a delimiter that stands for it; consumes the delimiter."""
    while reader.position < end:
        tag, length = reader.header()
        if tag == _ITEM_END and end == _UNDEFINED:
            return
        if tag >> 16 == 0xFFFE:
            raise ValueError(f"{Tag(tag)} stands where an element should, before byte {reader.position}")
        if length != _UNDEFINED and reader.position + length > min(end, reader.length):
            raise ValueError(f"{Tag(tag)} is longer than what holds it, at byte {reader.position}")
        _element(reader, writer, tag, length, level)


def _element(reader: _Reader, writer: _Writer, tag: int, length: int, level: _Level) -> None:
    if tag & 0xFFFF == 0:
        reader.skip(length)
    elif _is_sequence(reader, tag, length, level):
        _sequence(reader, writer, tag, length, level)
    elif length == _UNDEFINED:
        raise ValueError(f"{Tag(tag)} has no length, which Implicit VR allows to sequences alone")
    else:
        _value(reader, writer, tag, length, level)


def _is_sequence(reader: _Reader, tag: int, length: int, level: _Level) -> bool:
    if tag == _PIXEL_DATA:
        return False
    if level.vr(tag) != "SQ":
        return length == _UNDEFINED
    # a private dictionary may be wrong about what another version of a device writes
    return not tag >> 16 & 1 or length in (0, _UNDEFINED) or reader.peek() == _ITEM


def _value(reader: _Reader, writer: _Writer, tag: int, length: int, level: _Level) -> None:
    vr = _fitting(level.vr(tag), length)
    writer.element(tag, vr, length + length % 2)
    if _is_remembered(tag) and length <= _CHUNK:
        value = reader.read(length)
        level.note(tag, value)
        writer.write(value)
    else:
        for chunk in reader.chunks(length):
            writer.write(chunk)
    if length % 2:
        writer.write(b" " if vr in _TEXT_VRS else b"\0")


def _fitting(vr: str, length: int) -> str:
    too_long = vr not in LONG_VRS and length > 0xFFFE
    return "UN" if too_long or vr == "SQ" or length % _UNIT.get(vr, 1) else vr


def _sequence(reader: _Reader, writer: _Writer, tag: int, length: int, level: _Level) -> None:
    if level.depth == _DEEPEST:
        raise ValueError(f"{Tag(tag)} is nested more than {_DEEPEST} deep")
    writer.element(tag, "SQ", length and _UNDEFINED)
    end = reader.position + length if length != _UNDEFINED else _UNDEFINED
    while reader.position < end:
        found, size = reader.header()
        if found == _SEQUENCE_END and end == _UNDEFINED:
            break
        if found != _ITEM or (size != _UNDEFINED and reader.position + size > min(end, reader.length)):
            raise ValueError(f"{Tag(tag)} holds what is no item, before byte {reader.position}")
        _item(reader, writer, size, level)
    if length:
        writer.item(_SEQUENCE_END, 0)


def _item(reader: _Reader, writer: _Writer, size: int, level: _Level) -> None:
    writer.item(_ITEM, size and _UNDEFINED)
    end = reader.position + size if size != _UNDEFINED else _UNDEFINED
    _data_set(reader, writer, end, _Level(level, level.depth + 1))
    if size:
        writer.item(_ITEM_END, 0)


def _find_pixel_representation(reader: _Reader) -> int | None:
    """Look ahead in the root: a few elements whose VR it decides stand before it.

    What is broken on the way is left to the pass that can name it.
    """
    try:
        return _found_pixel_representation(reader)
    except ValueError:
        return None


def _found_pixel_representation(reader: _Reader) -> int | None:
    while reader.position < reader.length:
        tag, length = reader.header()
        if tag == _PIXEL_REPRESENTATION and length == 2:
            return int(_US.unpack(reader.read(2))[0])
        if tag > _PIXEL_REPRESENTATION:
            return None
        if length == _UNDEFINED:
            _skip_items(reader, 0)
        else:
            reader.skip(length)
    return None


def _skip_items(reader: _Reader, depth: int) -> None:
    """Skip the rest of a sequence or item of undefined length, its delimiter too."""
    if depth > 2 * _DEEPEST:
        raise ValueError(f"sequences are nested more than {_DEEPEST} deep")
    while True:
        tag, length = reader.header()
        if tag in (_ITEM_END, _SEQUENCE_END):
            return
        if length == _UNDEFINED:
            _skip_items(reader, depth + 1)
        else:
            reader.skip(length)
