"""Derived forms: an instance in another transfer syntax that says what its source says.

Every way of `ways` ends here, in one pass over the headers (`anatomy`) and one over the values, in bounded
memory: bulk values are copied in chunks, pixels are decoded and encoded frame by frame. The same input
gives the same bytes.

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
  (`image`)
* in a form that compresses, the frames of the data set itself are encoded (`encapsulate`), and all else is as
  in Explicit VR Little Endian; pixels in an item, such as an icon's, may be native (PS3.5 A.4) and are
* SOP Instance UID stays: nothing is lost, so nothing is derived in the sense of PS3.3 C.7.6.1.1.5

A derived form counts only after `check_derived` compared it with its source.

Units: lengths and positions in bytes of the data set.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import BinaryIO, Final

from burnish.fileset.derive.anatomy import PIXEL_DATA, Part, Values, Window, dissect
from burnish.fileset.derive.attributes import Made, changes, losses
from burnish.fileset.derive.derived import check_derived
from burnish.fileset.derive.encapsulate import Encapsulated, Frames, alike
from burnish.fileset.derive.image import Image, decode
from burnish.fileset.derive.level import OFFSETS, WORD, Level, image_of, swapped
from burnish.fileset.derive.native import aligned, native
from burnish.fileset.derive.ways import WAYS, derivable
from burnish.fileset.derive.writer import (
    CHUNK,
    ITEM,
    ITEM_END,
    SEQUENCE_END,
    UNDEFINED,
    Derived,
    Writer,
)
from burnish.instances.elements import BINARY, name
from burnish.instances.inflate import Inflater
from burnish.instances.scan import Unscannable
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE

__all__ = ["Derived", "check_derived", "derive", "derive_checked", "plain"]

_OTHER_PIXELS: Final = (0x7FE0_0008, 0x7FE0_0009)
"""Float and Double Float Pixel Data."""


def derive_checked(
    source: BinaryIO,
    length: int,
    target: BinaryIO,
    syntax: str = IMPLICIT_VR_LE,
    to: str = EXPLICIT_VR_LE,
    *,
    twice: bool = True,
) -> Derived:
    """Derive the data set that begins where `source` stands into an empty `target`, and compare them.

    `target` stands at its end afterwards. `syntax` is one of `ways.WAYS`, `to` of `ways.TARGETS`. Raises
    ValueError, with a sentence, where nothing can be derived, Mismatch where they differ, and SourceDamaged.
    Where `twice`, two decoders must agree if there are two.
    """
    with plain(source, length, syntax) as (file, size):
        start = file.tell()
        derived = derive(file, size, target, syntax, to, twice=twice)
        file.seek(start)
        target.seek(0)
        check_derived(file, size, target, derived.length, syntax, derived.pixels, to, twice=twice)
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
    for at in range(0, length, CHUNK):
        for piece in inflater.feed(source.read(min(CHUNK, length - at))):
            size += target.write(piece)
    inflater.finish()
    return size


def derive(
    source: BinaryIO,
    length: int,
    target: BinaryIO,
    syntax: str = IMPLICIT_VR_LE,
    to: str = EXPLICIT_VR_LE,
    *,
    twice: bool = True,
) -> Derived:
    """Write the `length` bytes of a data set, not deflated, in the transfer syntax `to`.

    Both stand at the first element; `source` must be seekable. Raises ValueError, naming the element,
    where the structure is broken or the pixels cannot be encoded, and SourceDamaged where the source ends
    early; `target` then holds a part that nobody may use.
    """
    if to != EXPLICIT_VR_LE and to not in derivable(syntax, "allow"):
        raise ValueError(f"what is {WAYS[syntax].name} is not compressed so")
    values = Values(source, length)
    implicit, big = syntax == IMPLICIT_VR_LE, syntax == EXPLICIT_VR_BE
    parts = dissect(values, implicit=implicit, big=big)
    writer = Writer(target)
    _Deriving(values, writer, syntax, to, twice=twice).data_set(parts, None)
    return writer.finish()


class _Deriving:
    """One data set on its way."""

    def __init__(self, values: Values, writer: Writer, syntax: str, to: str, *, twice: bool) -> None:
        self._values = values
        self._writer = writer
        self._syntax = syntax
        self._to = to
        self._twice = twice

    def data_set(self, parts: Sequence[Part], parent: Level | None) -> None:
        level = Level(self._values, parts, parent)
        if parent is None and self._to != EXPLICIT_VR_LE:
            self._compressed(level)
            return
        pixels = level.parts.get(PIXEL_DATA)
        if pixels and pixels.fragments:
            self._with_pixels(level, pixels, root=parent is None)
            return
        for tag in sorted(level.parts):
            self._part(level, level.parts[tag])

    def _part(self, level: Level, part: Part) -> None:
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
        width = _turned(part, vr)
        for at in range(0, part.length, CHUNK):
            data = self._values.read(part.at + at, min(CHUNK, part.length - at))
            self._writer.write(swapped(data, width) if width > 1 else data)
        if part.length % 2:
            self._writer.write(b"\0" if vr == "UI" or vr.encode() in BINARY else b" ")

    def _sequence(self, level: Level, part: Part, items: Sequence[Sequence[Part]]) -> None:
        self._writer.element(part.tag, "SQ", UNDEFINED if items else 0)
        for item in items:
            self._writer.item(ITEM, UNDEFINED if item else 0)
            self.data_set(item, level)
            if item:
                self._writer.item(ITEM_END, 0)
        if items:
            self._writer.item(SEQUENCE_END, 0)

    def _with_pixels(self, level: Level, pixels: Part, *, root: bool) -> None:
        """A data set or item whose pixels are compressed: the first frame tells what the others are."""
        image, frames = self._decoded(level, pixels)
        started = frames()
        first, decoded = next(started)
        length = decoded.frame_length * image.frames
        if length >= UNDEFINED - 1:
            raise ValueError(f"its decoded pixels would take {length} bytes, more than an element can hold")
        made = [*changes(level, decoded, image)]
        if root:
            made += losses(level, self._syntax, length, pixels.length)

        def write() -> None:
            self._writer.element(PIXEL_DATA, "OW" if decoded.allocated > 8 else "OB", length + length % 2)
            self._pixels(pixels.at, alike(chain([(first, decoded)], started), decoded))

        self._around(level, made, write)

    def _compressed(self, level: Level) -> None:
        """A data set whose pixels are to be encoded, however they stand there."""
        pixels = level.parts.get(PIXEL_DATA)
        if pixels is None or pixels.items is not None:
            raise ValueError(f"it has no {name(PIXEL_DATA)} that could be compressed")
        for tag in _OTHER_PIXELS:
            if tag in level.parts:
                raise ValueError(f"it has {name(tag)} beside {name(PIXEL_DATA)}")
        image, frames = (self._decoded if pixels.fragments else self._native)(level, pixels)
        with Encapsulated(image, self._to, frames) as coded:
            self._writer.pixels[pixels.at] = coded.digest
            made = [*changes(level, coded.decoded, image), *coded.tables()]

            def write() -> None:
                self._writer.element(PIXEL_DATA, "OB", UNDEFINED)
                coded.write(self._writer)

            self._around(level, made, write)

    def _decoded(self, level: Level, pixels: Part) -> tuple[Image, Frames]:
        if not WAYS[self._syntax].encapsulated:
            said = WAYS[self._syntax].name
            raise ValueError(f"{name(PIXEL_DATA)} is encapsulated, which {said} does not know")
        image = image_of(level, self._syntax)
        return image, lambda: decode(image, Window(self._values, pixels.at, pixels.length), twice=self._twice)

    def _native(self, level: Level, pixels: Part) -> tuple[Image, Frames]:
        image = image_of(level, self._syntax)
        width = _turned(pixels, level.vr(pixels))

        def read(at: int, count: int) -> bytes:
            return self._values.read(pixels.at + at, count)

        turned = aligned(read, pixels.length, width, swapped)
        return image, lambda: native(image, pixels.length, turned)

    def _around(self, level: Level, made: Iterable[Made], write: Callable[[], None]) -> None:
        """All elements in order, `made` ones in place of the source's, with Pixel Data as `write` does it."""
        instead = {one.tag: one for one in made}
        for tag in sorted(({*level.parts} - {*OFFSETS}) | {*instead}):
            if tag == PIXEL_DATA:
                write()
            elif tag in instead:
                self._made(instead[tag])
            else:
                self._part(level, level.parts[tag])

    def _pixels(self, at: int, frames: Iterable[bytes]) -> None:
        digest, length = hashlib.sha256(), 0
        for frame in frames:
            digest.update(frame)
            length += len(frame)
            self._writer.write(frame)
        if length % 2:
            digest.update(b"\0")
            self._writer.write(b"\0")
        self._writer.pixels[at] = digest.digest()

    def _made(self, made: Made) -> None:
        padding = b" " if len(made.value) % 2 else b""
        self._writer.element(made.tag, made.vr, len(made.value + padding))
        self._writer.write(made.value + padding)


def _turned(part: Part, vr: str) -> int:
    """Bytes that change places in a value that is written with a VR; 1 where none do."""
    return WORD.get(part.vr, 1) if part.big and (vr in WORD or vr == "UN") else 1
