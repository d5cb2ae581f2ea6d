"""Files that were made to harm: each is small and asks for much. And one good file to stand beside them.

Shape: `BOMBS` maps a name to a maker; each file keeps the preamble and group 2 of the good one, so that what
is wrong with it is found where it lies.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from tests.robustness.fuzz.mutator import nesting
from tests.robustness.fuzz.places import UNDEFINED, Place, find_places
from tests.robustness.fuzz.seeds import FOLDER

EXPLICIT, DEFLATED, JPEG = b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.4.70"
RLE: Final = b"1.2.840.10008.1.2.5"
_ITEM: Final = struct.Struct("<HHL")
_MUCH: Final = 1 << 28
_FRAMES, _ROWS, _COLUMNS, _PIXELS = 0x00280008, 0x00280010, 0x00280011, 0x7FE00010


@cache
def good() -> bytes:
    """A CT slice in Explicit VR LE, as it comes with pydicom."""
    return (FOLDER / "CT_small.dcm").read_bytes()


def _parts() -> tuple[bytes, bytes, bytes]:
    """The good file in three: up to its data set, its data set up to the pixels, the pixel element."""
    data = good()
    places = {place.tag: place for place in find_places(data)}
    start = next(place.at for place in places.values() if place.tag >> 16 > 2)
    pixels = places[_PIXELS].at
    return data[:start], data[start:pixels], data[pixels:]


def file(data_set: bytes, syntax: bytes = EXPLICIT) -> bytes:
    """A file around a data set, an instance of its own."""
    head, _, _ = _parts()
    head = _own(_with(head, 0x00020010, syntax + b"\0" * (len(syntax) % 2)))
    return head[:140] + struct.pack("<L", len(head) - 144) + head[144:] + _own(data_set)


def _own(data: bytes) -> bytes:
    """With another SOP Instance UID than the good file has."""
    uid = _value(_parts()[1], 0x00080018).rstrip(b"\0")
    return data.replace(uid, uid[:-1] + b"9")


def nesting_bomb() -> bytes:
    """100,000 sequences within one another."""
    _, before, pixels = _parts()
    return file(before + nesting(100_000) + pixels)


def nesting_bomb_of_defined_length() -> bytes:
    """Sequences of defined length within one another, as deep as 32 bits of length go cheaply."""
    _, before, pixels = _parts()
    inner = b""
    for _ in range(3000):
        inner = _ITEM.pack(0xFFFE, 0xE000, len(inner)) + inner
        inner = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, len(inner)) + inner
    return file(before + inner + pixels)


def nesting_bomb_of_unknown() -> bytes:
    """The same as UN, which holds Implicit VR."""
    _, before, pixels = _parts()
    opened = struct.pack("<HH2sHL", 0x0041, 0x1001, b"UN", 0, UNDEFINED)
    opened += _ITEM.pack(0xFFFE, 0xE000, UNDEFINED)
    return file(before + opened + nesting(50_000, explicit=False) + pixels)


def deflate_bomb() -> bytes:
    """A quarter of a gigabyte of zeros as pixels of a deflated data set; a thousandth of it as it stands."""
    _, before, _ = _parts()
    pixels = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, _MUCH)
    return file(_deflated(before + pixels, _MUCH), DEFLATED)


def deflate_bomb_of_text() -> bytes:
    """As much text under a key that the directory wants."""
    _, before, pixels = _parts()
    start = before.index(b"\x10\0\x10\0PN")
    text = struct.pack("<HH2sHL", 0x0008, 0x0081, b"UT", 0, _MUCH)
    return file(_deflated(before[:start] + text, _MUCH, before[start:] + pixels), DEFLATED)


def deflated_elements() -> bytes:
    """Two million elements of no length, deflated to some kilobytes."""
    _, before, _ = _parts()
    element = struct.pack("<HH2sH", 0x0029, 0x1001, b"LO", 0)
    return file(_deflated(before, 1 << 24, b"", element * 4096), DEFLATED)


def huge_image() -> bytes:
    """65,535 rows and columns, a billion frames, and the pixels of a small image."""
    head, before, pixels = _parts()
    before = _with(_with(before, _ROWS, b"\xff\xff"), _COLUMNS, b"\xff\xff")
    frames = struct.pack("<HH2sH", 0x0028, 0x0008, b"IS", 10) + b"1000000000"
    at = next(place.at for place in find_places(head + before) if place.tag == _ROWS) - len(head)
    return file(before[:at] + frames + before[at:] + pixels)


def huge_compressed_image() -> bytes:
    """The same, said to be RLE with one fragment of ten bytes."""
    _, data_set = _split(huge_image())
    return file(data_set[: data_set.index(b"\xe0\x7f\x10\0")] + _fragments(b"", b"\1" + bytes(63)), RLE)


def offset_table_bomb() -> bytes:
    """An offset table that says it has four gigabytes, and one of a million offsets that all lie."""
    _, before, _ = _parts()
    lie = _fragments(struct.pack("<L", 0xFFFFFFF0) * (1 << 18), b"\xff\xd8\xff\xd9")
    return file(before + lie, JPEG)


def offset_table_without_end() -> bytes:
    """An offset table that claims four gigabytes."""
    _, before, _ = _parts()
    head = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, UNDEFINED)
    return file(before + head + _ITEM.pack(0xFFFE, 0xE000, 0xFFFFFFFE) + bytes(100), JPEG)


def many_items() -> bytes:
    """A sequence of a million empty items, which the directory wants."""
    _, before, pixels = _parts()
    items = _ITEM.pack(0xFFFE, 0xE000, 0) * 1_000_000
    sequence = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, len(items)) + items
    start = before.index(b"\x10\0\x10\0PN")
    return file(before[:start] + sequence + before[start:] + pixels)


def many_elements() -> bytes:
    """A million private elements of no length."""
    _, before, pixels = _parts()
    return file(before + struct.pack("<HH2sH", 0x0029, 0x1001, b"LO", 0) * 1_000_000 + pixels)


def huge_meta() -> bytes:
    """Group 2 of 16 MiB."""
    head, before, pixels = _parts()
    private = struct.pack("<HH2sHL", 0x0002, 0x0102, b"OB", 0, 16 << 20) + bytes(16 << 20)
    return head + private + before + pixels


BOMBS: Final[Mapping[str, Callable[[], bytes]]] = {
    maker.__name__: maker
    for maker in (
        nesting_bomb,
        nesting_bomb_of_defined_length,
        nesting_bomb_of_unknown,
        deflate_bomb,
        deflate_bomb_of_text,
        huge_image,
        huge_compressed_image,
        offset_table_bomb,
        offset_table_without_end,
        huge_meta,
    )
}
LOADS: Final[Mapping[str, Callable[[], bytes]]] = {
    maker.__name__: maker for maker in (many_items, many_elements, deflated_elements)
}
"""What is merely large: nothing is wrong with it."""


def _split(whole: bytes) -> tuple[bytes, bytes]:
    at = next(place.at for place in find_places(whole) if place.tag >> 16 > 2)
    return whole[:at], whole[at:]


def _fragments(table: bytes, *frames: bytes) -> bytes:
    """Encapsulated Pixel Data."""
    items = b"".join(_ITEM.pack(0xFFFE, 0xE000, len(one)) + one for one in (table, *frames))
    head = struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, UNDEFINED)
    return head + items + _ITEM.pack(0xFFFE, 0xE0DD, 0)


def _deflated(before: bytes, count: int, after: bytes = b"", fill: bytes = bytes(1 << 20)) -> bytes:
    """`before`, `count` bytes of `fill` and `after`, deflated."""
    stream = zlib.compressobj(6, wbits=-zlib.MAX_WBITS)
    parts = [stream.compress(_own(before))]
    parts += [stream.compress(fill) for _ in range(count // len(fill))]
    return b"".join([*parts, stream.compress(after), stream.flush()])


def _with(data: bytes, tag: int, value: bytes) -> bytes:
    """Bytes with another value of one element of a short VR."""
    place = _place(data, tag)
    length = struct.pack("<H", len(value))
    return data[: place.length_at] + length + value + data[place.end :]


def _value(data: bytes, tag: int) -> bytes:
    place = _place(data, tag)
    return data[place.start : place.end]


def _place(data: bytes, tag: int) -> Place:
    return next(place for place in find_places(data) if place.tag == tag)
