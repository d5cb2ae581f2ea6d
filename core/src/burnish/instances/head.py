"""A head: what the scan kept of an instance, read without parsing more of it than is asked for.

Shape: a mapping of keyword to plain values as `burnish.contracts.head` promises, and beside it the raw
elements by tag, which a directory copies without decoding them. Input is what `Scan` returns: Explicit VR
Little Endian, all lengths defined.

Source: PS3.5 section 6.2 for values, PS3.3 C.12.1.1.2 and PS3.5 6.1.2 for character sets (ISO 2022
included). Bytes that a character set does not know become U+FFFD; nothing here raises for bad text.
"""

import hashlib
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from pydicom.charset import CODES_TO_ENCODINGS, python_encoding
from pydicom.datadict import keyword_for_tag, tag_for_keyword

from burnish.contracts.head import HeadValue
from burnish.instances.elements import BINARY, CHARACTER_SET_VRS, LONG_VRS, raw_tag

IDENTITY: Final = (0x00080005, 0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040, 0x0020000D)
"""What an identity is made of: character set, name, ID, issuer, birth date, sex, study."""

_SHORT: Final = struct.Struct("<L2sH").unpack_from
_LONG: Final = struct.Struct("<L").unpack_from
_CHARACTER_SET: Final = 0x00080005

_NUMBERS: Final = dict(zip((b"US", b"SS", b"UL", b"SL", b"UV", b"SV", b"FL", b"FD"), "HhLlQqfd", strict=True))
_ONE_VALUE: Final = frozenset((b"LT", b"ST", b"UT", b"UR"))

_ESCAPED: Final = re.compile(b"^[^\x1b]+|\x1b[^\x1b]*")
_RESET: Final = re.compile(rb"[\\^=\r\n\t\f]")
"""Where PS3.5 6.1.2.5.3 sets the character set back to the first."""


class KeptHead(Mapping[str, HeadValue]):
    """A head over its bytes. Frozen; cheap to make, indexed at the first question.

    `encodings` are Python codecs that hold until the head's own Specific Character Set says otherwise; an
    item inherits them from the data set around it.
    """

    __slots__ = ("_encodings", "_index", "_mark", "data")

    def __init__(self, data: bytes, encodings: Sequence[str] = ("iso8859",), mark: bytes = b"") -> None:
        self.data = data
        """The bytes it was made of."""
        self._mark = mark
        self._index: dict[int, int] | None = None
        self._encodings = encodings

    def __getitem__(self, keyword: str) -> HeadValue:
        tag = tag_for_keyword(keyword)
        if tag is None or raw_tag(tag) not in self._places():
            raise KeyError(keyword)
        return self.value(tag)

    def __iter__(self) -> Iterator[str]:
        return (word for word in (keyword_for_tag(raw_tag(place)) for place in self._places()) if word)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<KeptHead of {len(self.data)} bytes>"

    def fresh(self) -> "KeptHead":
        """The same head without an index, for whoever passes over many and keeps none."""
        return KeptHead(self.data, self._encodings, self._mark)

    @property
    def identity_mark(self) -> bytes:
        """SHA-256 over the elements that say whose the instance is: heads with equal marks agree in them.

        Kept beside each stored instance, so that a request of 50,000 asks each person's name once.
        """
        if not self._mark:
            # Without an index that would stay: 10,000 of them are 12 MiB while a directory is written.
            fresh = KeptHead(self.data)
            found = [fresh.encoded(tag) or b"" for tag in IDENTITY]
            sizes = struct.pack(f"<{len(found)}L", *map(len, found))
            self._mark = hashlib.sha256(sizes + b"".join(found)).digest()
        return self._mark

    def raw(self, tag: int) -> bytes | None:
        """The value's bytes; None where the element is absent, empty where it is empty."""
        found = self._find(tag)
        return None if found is None else self.data[found[2] : found[3]]

    def encoded(self, tag: int) -> bytes | None:
        """The whole element in Explicit VR Little Endian; None where it is absent."""
        found = self._find(tag)
        return None if found is None else self.data[found[1] : found[3]]

    def has_value(self, tag: int) -> bool:
        """Whether the element is present with more than padding."""
        found = self._find(tag)
        if found is None or found[2] == found[3]:
            return False
        return found[0] in BINARY or bool(self.data[found[2] : found[3]].strip(b" \0"))

    def filled(self, tag: int) -> bytes | None:
        """The whole element as `encoded` gives it; None where it has no value either."""
        # Spelled out, not through _find: a directory asks this for every key of every instance.
        data = self.data
        first = self._places().get(raw_tag(tag))
        if first is None:
            return None
        _, vr, length = _SHORT(data, first)
        start = first + 8
        if vr in LONG_VRS:
            start = first + 12
            (length,) = _LONG(data, first + 8)
        if not length or (vr not in BINARY and not data[start : start + length].strip(b" \0")):
            return None
        return data[first : start + length]

    def value(self, tag: int) -> HeadValue:
        """The decoded value; None where the element is absent or empty."""
        found = self._find(tag)
        if found is None:
            return None
        vr, _, start, end = found
        data = self.data[start:end]
        if vr == b"SQ":
            return tuple(KeptHead(item, self.encodings) for item in _items(data))
        return _plain(vr, data, self.encodings if vr in CHARACTER_SET_VRS else ("latin-1",))

    @property
    def encodings(self) -> Sequence[str]:
        """Python codecs of the text in it; the first holds where no escape sequence says otherwise."""
        found = self.raw(_CHARACTER_SET)
        return self._encodings if found is None else _codecs(found)

    def _places(self) -> dict[int, int]:
        """Where each element starts, by the number that its tag's four bytes are."""
        if self._index is None:
            self._index = _indexed(self.data)
        return self._index

    def _find(self, tag: int) -> tuple[bytes, int, int, int] | None:
        """VR, start of the element, start and end of its value."""
        pos = self._places().get((tag & 0xFFFF) << 16 | tag >> 16)
        if pos is None:
            return None
        _, vr, length = _SHORT(self.data, pos)
        if vr in LONG_VRS:
            (length,) = _LONG(self.data, pos + 8)
            return vr, pos, pos + 12, pos + 12 + length
        return vr, pos, pos + 8, pos + 8 + length


def _indexed(data: bytes) -> dict[int, int]:
    places: dict[int, int] = {}
    pos, size, unpack, long_vrs = 0, len(data), _SHORT, LONG_VRS
    while pos < size:
        tag, vr, length = unpack(data, pos)
        places[tag] = pos
        if vr in long_vrs:
            pos += 12 + _LONG(data, pos + 8)[0]
        else:
            pos += 8 + length
    return places


def _items(data: bytes) -> Iterator[bytes]:
    pos = 0
    while pos < len(data):
        (length,) = _LONG(data, pos + 4)
        yield data[pos + 8 : pos + 8 + length]
        pos += 8 + length


def _plain(vr: bytes, data: bytes, encodings: Sequence[str]) -> HeadValue:
    if not data:
        return None
    if vr in _NUMBERS:
        return _several(_unpacked(_NUMBERS[vr], data))
    if vr == b"AT":
        pairs = _unpacked("H", data)
        return _several(
            tuple(group << 16 | element for group, element in zip(*[iter(pairs)] * 2, strict=False))
        )
    return data if vr in BINARY else _text(vr, _decoded(data, encodings))


def _unpacked(code: str, data: bytes) -> tuple[int | float, ...]:
    count = len(data) // struct.calcsize("<" + code)
    return struct.unpack_from(f"<{count}{code}", data)


def _text(vr: bytes, text: str) -> HeadValue:
    if vr in _ONE_VALUE:
        return text.rstrip(" \0") or None
    values = tuple(value.strip(" \0") for value in text.split("\\"))
    if values == ("",):
        return None
    kind = {b"IS": int, b"DS": float}.get(vr)
    return _several(tuple(_number(value, kind) for value in values) if kind else values)


def _number(value: str, kind: Callable[[str], int | float]) -> HeadValue:
    try:
        return kind(value)
    except ValueError:
        return value


def _several(values: tuple[HeadValue, ...]) -> HeadValue:
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _codecs(value: bytes) -> tuple[str, ...]:
    terms = [term.strip(" \0") for term in value.decode("latin-1").split("\\")]
    return tuple(python_encoding.get(term.replace("ISO_IR_", "ISO_IR "), "iso8859") for term in terms)


def _decoded(data: bytes, encodings: Sequence[str]) -> str:
    if b"\x1b" not in data:
        return data.decode(encodings[0], "replace")
    return "".join(_fragment(part, encodings) for part in _ESCAPED.findall(data))


def _fragment(part: bytes, encodings: Sequence[str]) -> str:
    """Decode up to the next escape sequence. Python's Japanese codecs know theirs; others are cut off."""
    escape = part[: 4 if part.startswith((b"\x1b$(", b"\x1b$)")) else 3]
    encoding = CODES_TO_ENCODINGS.get(escape)
    if encoding is None:
        return part.decode(encodings[0], "replace")
    if encoding.startswith("iso2022_jp"):
        return part.decode(encoding, "replace")
    rest = part[len(escape) :]
    reset = _RESET.search(rest)
    end = reset.start() if reset else len(rest)
    return rest[:end].decode(encoding, "replace") + rest[end:].decode(encodings[0], "replace")
