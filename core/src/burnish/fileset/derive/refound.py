"""Whether the frames that a compressed form gives back are those of its source.

Its tables are followed, its codestreams looked at, each frame is decoded and compared: with native pixels
cell by cell, as pydicom reads them; with decoded ones by the digest that was taken when they were decoded.

Source: PS3.5 A.4, PS3.3 C.7.6.3.1.8 and C.7.6.3.1.9. Units: bytes; offsets as the tables have them.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Final

import numpy as np

from burnish.errors import Mismatch
from burnish.fileset.derive.anatomy import Values, Window
from burnish.fileset.derive.codestream import fault_of
from burnish.fileset.derive.encode import check_encodable, photometric_in
from burnish.fileset.derive.image import Image, decode
from burnish.fileset.derive.reread import (
    PIXEL_DATA,
    Element,
    Side,
    holds_bytes,
    number_of,
    text_of,
    values_of,
)

_ITEM: Final = 0xFFFE_E000
_SEQUENCE_END: Final = 0xFFFE_E0DD
_HEADER: Final = struct.Struct("<HHL")


def same_frames(
    before: Mapping[int, Element],
    after: Mapping[int, Element],
    old: Side,
    new: Side,
    to: str,
    length: int,
    pixels: Mapping[int, bytes],
    *,
    twice: bool,
) -> None:
    """Compare the frames of a form of `length` bytes in the transfer syntax `to` with those of its source.

    `pixels` is as in `derived.check_derived`. Raises Mismatch, and ValueError where a frame cannot be read.
    """
    was, now = before.get(PIXEL_DATA), after.get(PIXEL_DATA)
    if was is None or now is None or not holds_bytes(now):
        raise Mismatch("the pixels of the derived form are not encoded")
    image = _image(after, to, new)
    new.file.seek(new.start)
    found = _refound(Values(new.file, length), now.at - new.start, image, twice=twice)
    if holds_bytes(was):
        digest = hashlib.sha256()
        for frame in found:
            digest.update(frame)
        same = digest.digest() == pixels.get(was.at - old.start)
    else:
        source = _image(before, to, old)
        _check_colours(source, image)
        same = all(one == other for one, other in zip_longest(_native(was, old, source), found))
    if not same:
        raise Mismatch(f"{now.tag} does not give back the pixels of its source")


def _image(elements: Mapping[int, Element], to: str, side: Side) -> Image:
    """What a data set says of its pixels, as if they were encoded in `to`."""
    numbers = {name: number_of(elements.get(tag), little=side.little) for name, tag in _NUMBERS.items()}
    frames = text_of(elements.get(0x0028_0008))
    tables = [
        b"".join(values_of(elements[tag], side, elements[tag].length)) for tag in _TABLES if tag in elements
    ]
    return Image(
        transfer_syntax=to,
        photometric=text_of(elements.get(0x0028_0004)),
        frames=int(frames) if frames.isdecimal() and int(frames) else 1,
        offsets=(tables[0], tables[1]) if len(tables) == len(_TABLES) else None,
        exact=True,
        **numbers,
    )


_TABLES: Final = (0x7FE0_0001, 0x7FE0_0002)
_NUMBERS: Final = {
    "samples": 0x0028_0002,
    "planar": 0x0028_0006,
    "rows": 0x0028_0010,
    "columns": 0x0028_0011,
    "allocated": 0x0028_0100,
    "stored": 0x0028_0101,
    "signed": 0x0028_0103,
}


def _check_colours(source: Image, image: Image) -> None:
    check_encodable(source)
    if image.photometric != photometric_in(image.transfer_syntax, source.photometric) or image.planar:
        raise Mismatch("the attributes of the derived form are not those of encoded pixels")


def _native(pixels: Element, side: Side, image: Image) -> Iterator[bytes]:
    """Frames of pixels that are not compressed; what is behind them is one more."""
    length = image.frame_length * image.frames
    held = bytearray()
    for piece in values_of(pixels, side, pixels.length):
        held += piece
        while length and len(held) >= image.frame_length:
            frame = bytes(held[: image.frame_length])
            del held[: image.frame_length]
            length -= image.frame_length
            yield _by_pixel(frame, image)
    if length or len(held) > 1:
        yield bytes(held)


def _by_pixel(frame: bytes, image: Image) -> bytes:
    if not image.planar or image.samples == 1:
        return frame
    size = len(frame) // image.samples
    planes = [
        np.frombuffer(frame[at : at + size], f"V{image.allocated // 8}")
        for at in range(0, size * image.samples, size)
    ]
    return np.stack(planes, axis=-1).tobytes()


def _refound(values: Values, at: int, image: Image, *, twice: bool) -> Iterator[bytes]:
    """Decode every frame of the fragments that begin at `at`.

    Raises Mismatch where they are not one fragment for each frame where the tables say, or a codestream is
    not what the attributes and the transfer syntax ask for, and ValueError where one cannot be decoded.
    """
    end = _check(values, at, image)
    for frame, decoded in decode(image, Window(values, at, end - at), twice=twice):
        if (decoded.allocated, decoded.frame_length) != (image.allocated, image.frame_length):
            raise Mismatch("a frame of the derived form has not as many bytes as its attributes say")
        yield frame


def _check(values: Values, at: int, image: Image) -> int:
    """Look at every fragment; where their delimiter begins."""
    table, at = _fragment(values, at)
    begin = at
    found: list[tuple[int, int]] = []
    for _ in range(image.frames):
        frame, after = _fragment(values, at)
        if fault := fault_of(image, frame):
            raise Mismatch(f"frame {len(found) + 1} of the derived form: {fault}")
        found.append((at - begin, len(frame)))
        at = after
    _check_tables(image, table, [place for place, _ in found], [length for _, length in found])
    if _header(values, at) != (_SEQUENCE_END, 0):
        raise Mismatch("the derived form has more fragments than frames")
    return at


def _check_tables(image: Image, table: bytes, offsets: list[int], lengths: list[int]) -> None:
    if image.offsets is None:
        right = table == struct.pack(f"<{len(offsets)}L", *offsets)
    else:
        wide = tuple(struct.pack(f"<{len(numbers)}Q", *numbers) for numbers in (offsets, lengths))
        right = not table and wide == image.offsets
    if not right:
        raise Mismatch("the offset table of the derived form is not where its frames are")


def _fragment(values: Values, at: int) -> tuple[bytes, int]:
    tag, length = _header(values, at)
    if tag != _ITEM:
        raise Mismatch("the derived form has fewer fragments than frames")
    return values.read(at + _HEADER.size, length), at + _HEADER.size + length


def _header(values: Values, at: int) -> tuple[int, int]:
    group, element, length = _HEADER.unpack(values.read(at, _HEADER.size))
    return group << 16 | element, length
