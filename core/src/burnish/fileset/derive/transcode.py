"""Derived forms: an instance in Explicit VR Little Endian that says what its source says.

Every way of `ways` ends here, in one pass over the headers (`anatomy`) and one over the values, in bounded
memory: bulk values are copied in chunks, compressed pixels are decoded frame by frame. The same input gives
the same bytes.

* every value stays as it is, in little endian order; one of odd length is padded to even, as PS3.5 6.2 pads
  its VR
* elements stand in the order of their tags, and of a repeated tag the first one counts (PS3.5 7.1 knows
  neither disorder nor repetition; the scan of an arrival takes the first, too)
* sequences and items with content are written with undefined length and delimiters
* group lengths are dropped: they are retired, and theirs would be wrong; so is padding after the last element
* a VR is what the source says; in Implicit VR it comes from the data dictionary, a private one from the
  dictionary of its private creator; what is unknown, too long for its VR's length field or no multiple of
  its VR's unit is UN (PS3.5 6.2.2)
* decoded pixels lose their offset tables, and the attributes that speak of them say what they are now
  (`image`); SOP Instance UID stays: nothing was compressed, so nothing was derived in the sense of PS3.3
  C.7.6.1.1.5

A derived form counts only after `check_derived` compared it with its source.

Units: lengths and positions in bytes of the data set.
"""

import hashlib
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, Final

from burnish.fileset.derive.anatomy import PIXEL_DATA, Part, Values, Window, dissect
from burnish.fileset.derive.derived import check_derived
from burnish.fileset.derive.image import Decoded, Image, decode
from burnish.fileset.derive.ways import WAYS
from burnish.instances.elements import BINARY, LONG_VRS, name, vr_of
from burnish.instances.inflate import Inflater
from burnish.instances.scan import Unscannable
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, IMPLICIT_VR_LE

__all__ = ["Derived", "check_derived", "derive_checked", "derive_explicit", "plain"]

_CHUNK: Final = 1 << 18

_UNDEFINED: Final = 0xFFFF_FFFF
_ITEM: Final = 0xFFFE_E000
_ITEM_END: Final = 0xFFFE_E00D
_SEQUENCE_END: Final = 0xFFFE_E0DD
_NUMBER_OF_FRAMES: Final = 0x0028_0008
_PIXEL_REPRESENTATION: Final = 0x0028_0103
_LUT_DESCRIPTOR: Final = 0x0028_3002
_LUT_DATA: Final = 0x0028_3006
_LOSSY: Final = 0x0028_2110
_LOSSY_RATIO: Final = 0x0028_2112
_LOSSY_METHOD: Final = 0x0028_2114
_OFFSETS: Final = (0x7FE0_0001, 0x7FE0_0002, 0x7FE0_0003)
"""Extended Offset Table, its lengths, and Encapsulated Pixel Data Value Total Length."""

_HEADER: Final = struct.Struct("<HHL")
_SHORT: Final = struct.Struct("<HH2sH")
_LONG: Final = struct.Struct("<HH2s2xL")

_UNIT: Final = {
    "AT": 4, "FD": 8, "FL": 4, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2,
    "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8,
}  # fmt: skip
"""Bytes of one value of a binary VR, PS3.5 table 6.2-1."""
_WORD: Final = _UNIT | {"AT": 2}
"""Bytes that change places between big and little endian, PS3.5 7.3."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What stands in the target."""

    length: int
    digest: bytes
    """SHA-256 of the derived data set."""
    pixels: Mapping[int, bytes]
    """SHA-256 of decoded pixels, by the offset of their fragments in the source."""


def derive_checked(
    source: BinaryIO, length: int, target: BinaryIO, syntax: str = IMPLICIT_VR_LE, *, twice: bool = True
) -> Derived:
    """Derive the data set that begins where `source` stands into an empty `target`, and compare them.

    `target` stands at its end afterwards. `syntax` is one of `ways.WAYS`. Raises ValueError, with a sentence,
    where nothing can be derived, Mismatch where they differ, and SourceDamaged. Where `twice`, two decoders
    must agree if there are two.
    """
    with plain(source, length, syntax) as (file, size):
        start = file.tell()
        derived = derive_explicit(file, size, target, syntax, twice=twice)
        file.seek(start)
        target.seek(0)
        check_derived(file, size, target, derived.length, syntax, derived.pixels)
    target.seek(derived.length)
    return derived


@contextmanager
def plain(source: BinaryIO, length: int, syntax: str) -> Iterator[tuple[BinaryIO, int]]:
    """A data set that is not deflated, and its length: a deflated one is inflated into a nameless file.

    Raises ValueError where it cannot be, or is a bomb.
    """
    if syntax != DEFLATED:
        yield source, length
        return
    with tempfile.TemporaryFile() as file:
        try:
            size = _inflate(source, length, file)
        except Unscannable as error:
            raise ValueError(f"its data set: {error}") from error
        file.seek(0)
        yield file, size


def _inflate(source: BinaryIO, length: int, target: BinaryIO) -> int:
    inflater, size = Inflater(), 0
    for at in range(0, length, _CHUNK):
        for piece in inflater.feed(source.read(min(_CHUNK, length - at))):
            size += target.write(piece)
    inflater.finish()
    return size


def derive_explicit(
    source: BinaryIO, length: int, target: BinaryIO, syntax: str = IMPLICIT_VR_LE, *, twice: bool = True
) -> Derived:
    """Write the `length` bytes of a data set, not deflated, in Explicit VR Little Endian.

    Both stand at the first element; `source` must be seekable. Raises ValueError, naming the element,
    where the structure is broken, and SourceDamaged where the source ends early; `target` then holds a part
    that nobody may use.
    """
    values = Values(source, length)
    implicit, big = syntax == IMPLICIT_VR_LE, syntax == EXPLICIT_VR_BE
    parts = dissect(values, implicit=implicit, big=big)
    writer = _Writer(target)
    _Deriving(values, writer, syntax, twice=twice).data_set(parts, None)
    return writer.finish()


class _Writer:
    """Gathers, hashes and counts what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._gathered = bytearray()
        self._digest = hashlib.sha256()
        self._length = 0
        self.pixels: dict[int, bytes] = {}

    def write(self, data: bytes) -> None:
        self._gathered += data
        if len(self._gathered) >= _CHUNK:
            self._flush()

    def element(self, tag: int, vr: str, length: int) -> None:
        form = _LONG if vr.encode() in LONG_VRS else _SHORT
        self.write(form.pack(tag >> 16, tag & 0xFFFF, vr.encode(), length))

    def item(self, tag: int, length: int) -> None:
        self.write(_HEADER.pack(tag >> 16, tag & 0xFFFF, length))

    def finish(self) -> Derived:
        self._flush()
        return Derived(self._length, self._digest.digest(), self.pixels)

    def _flush(self) -> None:
        self._digest.update(self._gathered)
        self._file.write(self._gathered)
        self._length += len(self._gathered)
        self._gathered.clear()


@dataclass(frozen=True, slots=True)
class _Made:
    """An element that is not the source's: what its value is now."""

    tag: int
    vr: str
    value: bytes


class _Level:
    """The elements of a data set or item by tag, and what of them decides VRs."""

    def __init__(self, values: Values, parts: Sequence[Part], parent: "_Level | None") -> None:
        self._values = values
        self._parent = parent
        self.parts: dict[int, Part] = {}
        for part in parts:
            self.parts.setdefault(part.tag, part)

    def number(self, tag: int) -> int | None:
        """The first value of a US element here; None where there is none."""
        part = self.parts.get(tag)
        if part is None or part.length < 2 or part.items is not None:
            return None
        return int.from_bytes(self._values.read(part.at, 2), "big" if part.big else "little")

    def text(self, tag: int) -> str:
        """A short text here; empty where there is none."""
        part = self.parts.get(tag)
        if part is None or part.length > _CHUNK or part.items is not None:
            return ""
        return self._values.read(part.at, part.length).decode("ascii", "replace").strip(" \0")

    def bytes(self, tag: int) -> bytes:
        """A value here; empty where there is none."""
        part = self.parts.get(tag)
        return self._values.read(part.at, part.length) if part else b""

    def signed(self) -> bool:
        """Whether the nearest Pixel Representation says so; unsigned where there is none."""
        found = self.number(_PIXEL_REPRESENTATION)
        if found is not None or self._parent is None:
            return found == 1
        return self._parent.signed()

    def vr(self, part: Part) -> str:
        """The VR that an element is written with."""
        vr = self._decided(part.tag, part.vr) if " or " in part.vr else part.vr
        listed = vr_of(part.tag)
        if listed not in BINARY and vr in _WORD:  # numbers where PS3.6 has text, as the scan takes them
            vr = listed.decode()
        too_long = vr.encode() not in LONG_VRS and part.length > 0xFFFE
        odd = vr == "SQ" or part.length % _UNIT.get(vr, 1)
        return "UN" if too_long or odd or len(vr) != 2 else vr

    def _decided(self, tag: int, found: str) -> str:
        """Decide between VRs as PS3.5 A.1 and the notes of PS3.6 do for Implicit VR."""
        if found == "US or SS":
            return "SS" if self.signed() else "US"
        if tag == _LUT_DATA and self.number(_LUT_DESCRIPTOR) == 1:
            return "US"
        return "OW"


class _Deriving:
    """One data set on its way."""

    def __init__(self, values: Values, writer: _Writer, syntax: str, *, twice: bool) -> None:
        self._values = values
        self._writer = writer
        self._syntax = syntax
        self._twice = twice

    def data_set(self, parts: Sequence[Part], parent: _Level | None) -> None:
        level = _Level(self._values, parts, parent)
        pixels = level.parts.get(PIXEL_DATA)
        if pixels and pixels.fragments:
            self._with_pixels(level, pixels, root=parent is None)
            return
        for tag in sorted(level.parts):
            self._part(level, level.parts[tag])

    def _part(self, level: _Level, part: Part) -> None:
        if part.fragments:
            raise ValueError(
                f"({part.tag >> 16:04X},{part.tag & 0xFFFF:04X}) is encapsulated and no Pixel Data"
            )
        if part.items is not None:
            self._sequence(level, part, part.items)
        else:
            self._value(level.vr(part), part)

    def _value(self, vr: str, part: Part) -> None:
        self._writer.element(part.tag, vr, part.length + part.length % 2)
        width = _WORD.get(part.vr, 1) if part.big and (vr in _WORD or vr == "UN") else 1
        for at in range(0, part.length, _CHUNK):
            data = self._values.read(part.at + at, min(_CHUNK, part.length - at))
            self._writer.write(swapped(data, width) if width > 1 else data)
        if part.length % 2:
            self._writer.write(b"\0" if vr == "UI" or vr.encode() in BINARY else b" ")

    def _sequence(self, level: _Level, part: Part, items: Sequence[Sequence[Part]]) -> None:
        self._writer.element(part.tag, "SQ", _UNDEFINED if items else 0)
        for item in items:
            self._writer.item(_ITEM, _UNDEFINED if item else 0)
            self.data_set(item, level)
            if item:
                self._writer.item(_ITEM_END, 0)
        if items:
            self._writer.item(_SEQUENCE_END, 0)

    def _with_pixels(self, level: _Level, pixels: Part, *, root: bool) -> None:
        """A data set or item whose pixels are compressed: the first frame tells what the others are."""
        if not WAYS[self._syntax].encapsulated:
            said = WAYS[self._syntax].name
            raise ValueError(f"{name(PIXEL_DATA)} is encapsulated, which {said} does not know")
        image = _image(level, self._syntax)
        frames = decode(image, Window(self._values, pixels.at, pixels.length), twice=self._twice)
        first, decoded = next(frames)
        length = decoded.frame_length * image.frames
        if length >= _UNDEFINED - 1:
            raise ValueError(f"its decoded pixels would take {length} bytes, more than an element can hold")
        made = {one.tag: one for one in _changes(level, decoded, image)}
        if root:
            made |= {one.tag: one for one in _losses(level, self._syntax, length, pixels.length)}
        for tag in sorted({*level.parts, *made} - {*_OFFSETS}):
            if tag == PIXEL_DATA:
                self._writer.element(tag, "OW" if decoded.allocated > 8 else "OB", length + length % 2)
                self._pixels(pixels.at, first, decoded, frames)
            elif tag in made:
                self._made(made[tag])
            else:
                self._part(level, level.parts[tag])

    def _pixels(
        self, at: int, first: bytes, decoded: Decoded, frames: Iterator[tuple[bytes, Decoded]]
    ) -> None:
        digest, length = hashlib.sha256(), 0
        for number, (frame, said) in enumerate(chain([(first, decoded)], frames), 1):
            if said != decoded:
                raise ValueError(f"frame {number} is of another kind than frame 1")
            digest.update(frame)
            length += len(frame)
            self._writer.write(frame)
        if length % 2:
            digest.update(b"\0")
            self._writer.write(b"\0")
        self._writer.pixels[at] = digest.digest()

    def _made(self, made: _Made) -> None:
        padding = b" " if len(made.value) % 2 else b""
        self._writer.element(made.tag, made.vr, len(made.value + padding))
        self._writer.write(made.value + padding)


def _image(level: _Level, syntax: str) -> Image:
    offsets = (level.bytes(_OFFSETS[0]), level.bytes(_OFFSETS[1]))
    frames = level.text(_NUMBER_OF_FRAMES)
    return Image(
        transfer_syntax=syntax,
        rows=level.number(0x0028_0010) or 0,
        columns=level.number(0x0028_0011) or 0,
        samples=level.number(0x0028_0002) or 0,
        photometric=level.text(0x0028_0004),
        allocated=level.number(0x0028_0100) or 0,
        stored=level.number(0x0028_0101) or 0,
        signed=level.number(_PIXEL_REPRESENTATION) or 0,
        planar=level.number(0x0028_0006) or 0,
        frames=int(frames) if frames.isdecimal() and int(frames) else 1,
        offsets=offsets if all(offsets) else None,
    )


def _changes(level: _Level, decoded: Decoded, image: Image) -> Iterator[_Made]:
    """The attributes of the Image Pixel Module that the decoded pixels contradict."""
    if decoded.photometric != image.photometric:
        yield _Made(0x0028_0004, "CS", decoded.photometric.encode())
    numbers = {0x0028_0100: decoded.allocated}
    if decoded.stored != image.stored:
        numbers |= {0x0028_0101: decoded.stored, 0x0028_0102: decoded.stored - 1}
    if image.samples > 1:
        numbers[0x0028_0006] = decoded.planar
    for tag, number in numbers.items():
        if level.number(tag) != number:
            yield _Made(tag, "US", struct.pack("<H", number))


def _losses(level: _Level, syntax: str, decoded: int, coded: int) -> Iterator[_Made]:
    """Say that a codec lost something where nothing says so; what the source says of it stays.

    PS3.3 C.7.6.1.1.5: once lossy, always lossy.
    """
    method = WAYS[syntax].lossy
    if not method or level.text(_LOSSY) == "01":
        return
    yield _Made(_LOSSY, "CS", b"01")
    if not level.text(_LOSSY_RATIO):
        yield _Made(_LOSSY_RATIO, "DS", f"{decoded / max(coded, 1):.2f}".encode())
    if not level.text(_LOSSY_METHOD):
        yield _Made(_LOSSY_METHOD, "CS", method.encode())


def swapped(data: bytes, width: int) -> bytes:
    """Reverse the bytes of each value of `width` bytes; what is left over at the end stays.

    >>> swapped(bytes([1, 2, 3, 4, 5]), 2)
    b'\\x02\\x01\\x04\\x03\\x05'
    """
    whole = len(data) // width * width
    turned = bytearray(data)
    for place in range(width):
        turned[place:whole:width] = data[width - 1 - place : whole : width]
    return bytes(turned)
