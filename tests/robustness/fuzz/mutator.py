"""One mutated file from a seed and a number, the same each time.

Each mutation is one function of a random generator and the file's bytes; the table at the end lists them
with how often each is drawn. They know DICOM: most aim at an element that `find_places` found.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.robustness.fuzz.places import (
    DEFLATED,
    META,
    UNDEFINED,
    Place,
    find_places,
)
from tests.robustness.fuzz.seeds import Seed, directories, seeds

Mutation = Callable[[Random, bytearray], None]

_VRS: Final = (
    *(b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"OB", b"OD"),
    *(b"OF", b"OL", b"OV", b"OW", b"PN", b"SH", b"SL", b"SQ", b"SS", b"ST", b"SV", b"TM", b"UC", b"UI"),
    *(b"UL", b"UN", b"UR", b"US", b"UT", b"UV", b"ZZ", b"XX", b"OX", b"ui", b"sq", b"Un", b"??", b"\0\0"),
    *(b"U\0", b"\xff\xff"),
)
_SYNTAXES: Final = (
    *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"),
    *("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80"),
    *("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.201", "1.2.3", "", "nonsense"),
)
_CHARACTER_SETS: Final = (
    *("ISO_IR 100", "ISO_IR 192", "GB18030", "GBK", "ISO_IR 13", "ISO_IR 166", "ISO_IR 999", "", "\\"),
    *(
        "\\ISO 2022 IR 87",
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        "\\ISO 2022 IR 149",
        "\\ISO 2022 IR 58",
        "latin1",
    ),
    *("ISO_IR 192\\ISO 2022 IR 87", "iso_ir_100", "utf-8", "../../etc/passwd", "\\" * 200),
)
_UIDS: Final = (
    *(b"", b"1", b"1.2.3 ", b" 1.2.3", b"1.2.3\0\0\0", b"01.02.3", b"1..2", b".", b"1.2.3.", b"abc.def"),
    *(b"1.2\\3.4", b"9" * 64, b"1." * 40, b"1.2.840.10008.1.3.10", b"\xff\xfe", b"1.2.3\n4", b"../../../x"),
)
_TEXTS: Final = (
    *(b"../../../../etc/passwd", b"<script>alert(1)</script>", b"'; DROP TABLE pieces; --", b"%s%n%x"),
    *(b"A\nB\r\nC", b"=" * 40, b"^" * 40, b"\\" * 40, b"\x1b$B" + b"!!" * 9, b"\x1b(J\x1b", b"\xff" * 33),
    *(b"\0" * 9, b"-1", b"1e999", b"NaN", b"inf", b"99999999999999999999", b"20231399", b"000000"),
    *(b"9" * 500, b"X" * 70_000, b"\x1b$)C\xb1"),
)
_COUNTS: Final = (0x00280002, 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102)
_LENGTHS: Final = (0, 1, 2, 3, 7, 0xFF, 0x7FFF, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, UNDEFINED)
_ITEM: Final = struct.Struct("<HHL")
_BEGIN, _END, _END_ALL = (_ITEM.pack(0xFFFE, element, 0) for element in (0xE000, 0xE00D, 0xE0DD))
_OPEN: Final = _ITEM.pack(0xFFFE, 0xE000, UNDEFINED)


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """One mutated file."""

    number: int
    seed: str
    """Name of the file that it was made of."""
    steps: tuple[str, ...]
    """The mutations, in order."""
    data: bytes

    def __str__(self) -> str:
        return f"{self.number} of {self.seed} by {', '.join(self.steps)}"


def fuzzed(seed: int, number: int) -> Fuzzed:
    """File `number` of the run `seed`."""
    random = Random(f"{seed}-{number}")
    return _mutated(random, random.choice(seeds()), number)


def fuzzed_directory(seed: int, number: int) -> Fuzzed:
    """DICOMDIR `number` of the run `seed`."""
    random = Random(f"{seed}-directory-{number}")
    return _mutated(random, random.choice(directories()), number)


def _mutated(random: Random, seed: Seed, number: int) -> Fuzzed:
    data = bytearray(seed.copy(random))
    chosen = random.choices(list(MUTATIONS), list(MUTATIONS.values()), k=_count(random))
    deflated = random.random() < 0.02 or DEFLATED in data[:600]
    if deflated:
        inflate(data)
    for mutate in chosen:
        mutate(random, data)
    if deflated:
        deflate(random, data)
    steps = [mutate.__name__ for mutate in chosen] + ["deflate"] * deflated
    return Fuzzed(number, seed.name, tuple(steps), bytes(data))


def _count(random: Random) -> int:
    """How many mutations: mostly one or two, which leave the rest of the file to be read."""
    return random.choice((1, 1, 1, 1, 2, 2, 3, 6))


# Bytes.


def flip_bits(random: Random, data: bytearray) -> None:
    for _ in range(random.choice((1, 1, 3, 20)) if data else 0):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def overwrite(random: Random, data: bytearray) -> None:
    at, size = _somewhere(random, data), random.choice((1, 2, 4, 8, 100))
    fill = random.choice((b"\0", b"\xff", b" ", random.randbytes(1)))
    data[at : at + size] = fill * min(size, len(data) - at)


def cut_end(random: Random, data: bytearray) -> None:
    del data[_somewhere(random, data) :]


def cut_within(random: Random, data: bytearray) -> None:
    at = _somewhere(random, data)
    del data[at : at + random.choice((1, 2, 8, 50, 1000))]


def insert_noise(random: Random, data: bytearray) -> None:
    at = _somewhere(random, data)
    data[at:at] = random.randbytes(random.choice((1, 2, 8, 64, 5000)))


def append_garbage(random: Random, data: bytearray) -> None:
    data += random.choice((bytes(512), b"\xff" * 99, b" ", b"\0", random.randbytes(300), _END_ALL, _BEGIN))


def empty(random: Random, data: bytearray) -> None:
    del data[random.choice((0, 1, 127, 128, 131, 132, 140)) :]


# Elements.


def delete_element(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        del data[place.at : place.end]


def duplicate_element(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        data[place.at : place.at] = data[place.at : place.end] * random.choice((1, 1, 1, 50))


def swap_elements(random: Random, data: bytearray) -> None:
    one, other = _any(random, data), _any(random, data)
    if one and other and one.end <= other.at:
        between = data[one.end : other.at]
        data[one.at : other.end] = data[other.at : other.end] + between + data[one.at : one.end]


def other_tag(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        data[place.at : place.at + 4] = random.choice(
            (random.randbytes(4), bytes(4), b"\xff" * 4, b"\xe0\x7f\x10\0")
        )


def other_length(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        _set_length(
            data, place, random.choice((*_LENGTHS, place.end - place.start + random.choice((-2, -1, 1, 2))))
        )


def other_vr(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        data[place.at + 4 : place.at + 6] = random.choice(_VRS)


def group_length(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        value = struct.pack("<L", random.choice(_LENGTHS))
        _insert(data, place, place.tag & 0xFFFF0000, "UL", value)


def huge_count(random: Random, data: bytearray) -> None:
    value = random.choice((b"\xff\xff", b"\0\0", b"1000000000", b"-1", b"65535", b"\xff\xff\xff\xff"))
    _replace(random, data, lambda place: place.tag in _COUNTS, value)


def other_numbers(random: Random, data: bytearray) -> None:
    value = random.randbytes(random.choice((0, 1, 2, 3, 4, 6)))
    _replace(random, data, lambda place: place.tag >> 16 == 0x0028, value)


# Text.


def other_uid(random: Random, data: bytearray) -> None:
    _replace(random, data, lambda place: place.vr == "UI", random.choice(_UIDS))


def other_syntax(random: Random, data: bytearray) -> None:
    _replace(random, data, lambda place: place.tag == 0x00020010, random.choice(_SYNTAXES).encode())


def character_set(random: Random, data: bytearray) -> None:
    value = random.choice(_CHARACTER_SETS).encode()
    if not _replace(random, data, lambda place: place.tag == 0x00080005, value) and (
        place := _any(random, data)
    ):
        _insert(data, place, 0x00080005, "CS", value)


def hostile_text(random: Random, data: bytearray) -> None:
    text = random.choice(_TEXTS)
    _replace(random, data, lambda place: place.vr in ("PN", "LO", "SH", "CS", "DA", "TM", "IS", "DS"), text)


def other_person(random: Random, data: bytearray) -> None:
    value = random.choice(
        (b"", b"DOE^JOHN", b"\xe4\xf6^\xfc", b"A" * 64, b"\0\0", b"=\x1b$B;3ED=", *_TEXTS[:8])
    )
    _replace(random, data, lambda place: place.tag >> 16 == 0x0010, value)


# Sequences, items, fragments.


def undefine_length(random: Random, data: bytearray) -> None:
    if place := _any(random, data, lambda place: place.length_size == 4):
        _set_length(data, place, UNDEFINED)


def stray_delimiter(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        data[place.at : place.at] = random.choice((_BEGIN, _END, _END_ALL, _OPEN))


def drop_delimiter(random: Random, data: bytearray) -> None:
    if place := _any(random, data, lambda place: place.tag in (0xFFFEE00D, 0xFFFEE0DD)):
        del data[place.at : place.start]


def nest(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        _insert_raw(data, place, nesting(random.choice((2, 15, 17, 63, 65, 300)), explicit=place.explicit))


def items_in_items(random: Random, data: bytearray) -> None:
    if place := _any(random, data, lambda place: place.tag == 0xFFFEE000):
        data[place.start : place.start] = random.choice((_OPEN, _BEGIN)) * random.choice((1, 5, 100))


def unknown_of_undefined_length(random: Random, data: bytearray) -> None:
    if place := _any(random, data):
        inner = struct.pack("<HHL", 0x0008, 0x0050, 4) + b"ABCD" + random.choice((b"", random.randbytes(30)))
        value = _OPEN + inner + _END + _END_ALL
        _insert_raw(
            data,
            place,
            struct.pack("<HH2sHL", 0x0040, random.choice((0xA730, 0x1001)), b"UN", 0, UNDEFINED) + value,
        )


def break_fragments(random: Random, data: bytearray) -> None:
    """The offset table and the fragments of what is encapsulated: lying, cut, of no length, of too much."""
    if place := _any(random, data, lambda place: place.tag == 0xFFFEE000):
        value = random.choice((b"\xff" * 64, random.randbytes(40), b"", struct.pack("<4L", 0, 8, 4, 1 << 30)))
        if random.random() < 0.5:
            data[place.start : place.start + len(value)] = value
        else:
            _set_length(data, place, random.choice(_LENGTHS))


def many_items(random: Random, data: bytearray) -> None:
    if place := _any(random, data, lambda place: place.vr == "SQ"):
        data[place.start : place.start] = _BEGIN * random.choice((10, 1000, 20_000))


# Whole files.


def preamble(random: Random, data: bytearray) -> None:
    match random.randrange(4):
        case 0:
            del data[:META]
        case 1:
            data[:128] = random.randbytes(128)
        case 2:
            data[128:META] = b"dicm"
        case _:
            data[:0] = bytes(128)


def without_meta(random: Random, data: bytearray) -> None:
    """Group 2 goes, with or without preamble, or stands there twice."""
    meta = [place for place in find_places(data) if place.tag >> 16 == 2]
    if not meta:
        return
    if random.random() < 0.3:
        data[meta[-1].end : meta[-1].end] = data[meta[0].at : meta[-1].end]
    else:
        del data[random.choice((0, META)) : meta[-1].end]


def splice(random: Random, data: bytearray) -> None:
    other = random.choice(seeds()).data
    at, start = _edge(random, data), _edge(random, other)
    data[at:] = other[start:]


MUTATIONS: Final[dict[Mutation, int]] = {
    flip_bits: 6,
    overwrite: 4,
    cut_end: 3,
    cut_within: 4,
    insert_noise: 3,
    append_garbage: 2,
    empty: 1,
    delete_element: 5,
    duplicate_element: 4,
    swap_elements: 4,
    other_tag: 4,
    other_length: 10,
    other_vr: 7,
    group_length: 3,
    huge_count: 4,
    other_numbers: 4,
    other_uid: 4,
    other_syntax: 4,
    character_set: 4,
    hostile_text: 7,
    other_person: 4,
    undefine_length: 5,
    stray_delimiter: 4,
    drop_delimiter: 4,
    nest: 4,
    items_in_items: 3,
    unknown_of_undefined_length: 3,
    break_fragments: 5,
    many_items: 2,
    preamble: 2,
    without_meta: 3,
    splice: 3,
}
"""Every mutation, and how often it is drawn."""


def nesting(levels: int, *, explicit: bool = True) -> bytes:
    """Sequences of undefined length within one another, closed properly."""
    header = struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, UNDEFINED)
    if not explicit:
        header = struct.pack("<HHL", 0x0040, 0xA730, UNDEFINED)
    return (header + _OPEN) * levels + (_END + _END_ALL) * levels


def inflate(data: bytearray) -> None:
    """Undo deflation in place, so that elements can be found; leave alone what is none."""
    at = meta_end(data)
    try:
        data[at:] = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[at:], 1 << 22)
    except zlib.error:
        return


def deflate(random: Random, data: bytearray) -> None:
    """Deflate the data set in place and say so in group 2; sometimes break the stream."""
    at = meta_end(data)
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    data[at:] = stream.compress(data[at:]) + stream.flush()
    _replace(random, data, lambda place: place.tag == 0x00020010, DEFLATED)
    if random.random() < 0.3:
        random.choice((flip_bits, cut_end, append_garbage))(random, data)


def meta_end(data: bytes) -> int:
    """Where the data set begins."""
    meta = [place for place in find_places(data) if place.tag >> 16 == 2]
    return meta[-1].end if meta else 0


def _somewhere(random: Random, data: bytes) -> int:
    """An offset, mostly behind the preamble and in the first kilobytes, where the elements are."""
    near = min(len(data), 4000)
    low = min(len(data), 128)
    return random.randint(low, near) if random.random() < 0.7 and near > low else random.randint(0, len(data))


def _edge(random: Random, data: bytes) -> int:
    place = _any(random, data)
    return place.at if place and random.random() < 0.7 else _somewhere(random, data)


def _any(random: Random, data: bytes, wanted: Callable[[Place], bool] = lambda _: True) -> Place | None:
    places: Sequence[Place] = [place for place in find_places(data) if wanted(place)]
    return random.choice(places) if places else None


def _set_length(data: bytearray, place: Place, length: int) -> None:
    data[place.length_at : place.start] = (length % (1 << 8 * place.length_size)).to_bytes(
        place.length_size, "big" if place.big else "little"
    )


def _replace(random: Random, data: bytearray, wanted: Callable[[Place], bool], value: bytes) -> bool:
    """Give an element another value, with the length that it then has; False where there is none."""
    place = _any(random, data, wanted)
    if place is None:
        return False
    if len(value) % 2 and random.random() < 0.8:
        value += b"\0" if place.vr in ("UI", "US", "OB") else b" "
    data[place.start : place.end] = value
    _set_length(data, place, len(value))
    return True


def _insert(data: bytearray, place: Place, tag: int, vr: str, value: bytes) -> None:
    head = struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), len(value) & 0xFFFF)
    if not place.explicit:
        head = struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(value))
    _insert_raw(data, place, head + value)


def _insert_raw(data: bytearray, place: Place, element: bytes) -> None:
    """Put bytes before a place, or behind group 2 where the place lies in it."""
    at = place.at if place.tag >> 16 != 2 else meta_end(data)
    data[at:at] = element
