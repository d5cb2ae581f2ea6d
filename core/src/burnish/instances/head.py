"""A head: what the scan kept of an instance, read without parsing more of it than is asked for.

Shape: a mapping of keyword to plain values as `burnish.contracts.head` promises, and beside it the raw
elements by tag, which a directory copies without decoding them. Input is what `Scan` returns: Explicit VR
Little Endian, all lengths defined.

Source: PS3.5 section 6.2 for values; `charset` for text. Bytes that a character set does not know become
U+FFFD; nothing here raises for bad text.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from burnish.contracts.head import HeadValue
from burnish.instances.charset import ESCAPE, CharacterSet, character_set, defined_terms
from burnish.instances.elements import BINARY, CHARACTER_SET_VRS, encoded
from burnish.instances.layout import Places, places_of

IDENTITY: Final = (0x00080005, 0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040, 0x0020000D)
"""What an identity is made of: character set, name, ID, issuer, birth date, sex, study."""

_LONG: Final = struct.Struct("<L").unpack_from
SPECIFIC_CHARACTER_SET: Final = 0x00080005

_NUMBERS: Final = dict(zip((b"US", b"SS", b"UL", b"SL", b"UV", b"SV", b"FL", b"FD"), "HhLlQqfd", strict=True))
_ONE_VALUE: Final = frozenset((b"LT", b"ST", b"UT", b"UR"))
_DEFAULT: Final = character_set(b"")


class KeptHead(Mapping[str, HeadValue]):
    """A head over its bytes. Frozen; cheap to make, looked through at the first question.

    `around` is the character set that holds until the head's own Specific Character Set says otherwise: an
    item inherits that of the data set around it.
    """

    __slots__ = ("_around", "_mark", "_places", "data")

    def __init__(self, data: bytes, around: CharacterSet = _DEFAULT, mark: bytes = b"") -> None:
        self.data = data
        """The bytes it was made of."""
        self._mark = mark
        self._places: Places | None = None
        self._around = around

    def __getitem__(self, keyword: str) -> HeadValue:
        tag = tag_for_keyword(keyword)
        if tag is None or tag not in self.places:
            raise KeyError(keyword)
        return self.value(tag)

    def __iter__(self) -> Iterator[str]:
        return filter(None, map(_keyword, self.places))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<KeptHead of {len(self.data)} bytes>"

    def fresh(self) -> "KeptHead":
        """The same head before its first question, for whoever passes over many and keeps none."""
        return KeptHead(self.data, self._around, self._mark)

    @property
    def identity_mark(self) -> bytes:
        """SHA-256 over the elements that say whose the instance is: heads with equal marks agree in them.

        Kept beside each stored instance, so that a request of 50,000 asks each person's name once.
        """
        if not self._mark:
            # Not of itself: places that stay are 10 KiB for each head of a layout of its own.
            fresh = KeptHead(self.data)
            found = [fresh.encoded(tag) or b"" for tag in IDENTITY]
            sizes = struct.pack(f"<{len(found)}L", *map(len, found))
            self._mark = hashlib.sha256(sizes + b"".join(found)).digest()
        return self._mark

    @property
    def places(self) -> Places:
        """Where each element lies in `data`, by tag."""
        if self._places is None:
            self._places = places_of(self.data)
        return self._places

    def raw(self, tag: int) -> bytes | None:
        """The value's bytes; None where the element is absent, empty where it is empty."""
        place = self.places.get(tag)
        return None if place is None else self.data[place[2] : place[3]]

    def encoded(self, tag: int) -> bytes | None:
        """The whole element in Explicit VR Little Endian; None where it is absent."""
        place = self.places.get(tag)
        return None if place is None else self.data[place[1] : place[3]]

    def has_value(self, tag: int) -> bool:
        """Whether the element is present with more than padding."""
        return self.filled(tag) is not None

    def filled(self, tag: int) -> bytes | None:
        """The whole element as `encoded` gives it; None where it has no value either."""
        place = self.places.get(tag)
        if place is None:
            return None
        vr, first, start, end = place
        if start == end or (vr not in BINARY and not self.data[start:end].strip(b" \0")):
            return None
        return self.data[first:end]

    def value(self, tag: int) -> HeadValue:
        """The decoded value; None where the element is absent or empty."""
        place = self.places.get(tag)
        if place is None:
            return None
        vr, _, start, end = place
        data = self.data[start:end]
        if vr == b"SQ":
            return tuple(KeptHead(item, self.characters) for item in _items(data))
        return _plain(vr, data, self.characters)

    @property
    def characters(self) -> CharacterSet:
        """How the text in it is to be read."""
        found = self.raw(SPECIFIC_CHARACTER_SET)
        return character_set(found) if found and found.strip(b" \0") else self._around

    @property
    def declared(self) -> bytes | None:
        """Specific Character Set as a directory record is to carry it, in defined terms; None without one.

        One that means nothing stays out: a reader may give up a whole directory over it, as pydicom does.
        """
        element = self.filled(SPECIFIC_CHARACTER_SET)
        value = self.raw(SPECIFIC_CHARACTER_SET) or b""
        if element is None or not character_set(value).known:
            return None
        if (terms := defined_terms(value)) == value:
            return element
        return encoded(SPECIFIC_CHARACTER_SET, b"CS", terms)

    def readable(self, tag: int) -> bool:
        """Whether every byte of a text has a meaning: in its character set, or else in ASCII."""
        place = self.places.get(tag)
        if place is None:
            return True
        vr, _, start, end = place
        data = self.data[start:end]
        return self.characters.reads(data, vr) if vr in CHARACTER_SET_VRS else data.isascii()


def _keyword(tag: int) -> str:
    """The keyword that leads back to a tag; empty where none does, as of repeating groups (60xx)."""
    word = keyword_for_tag(tag)
    return word if tag_for_keyword(word) == tag else ""


def _items(data: bytes) -> Iterator[bytes]:
    pos = 0
    while pos < len(data):
        (length,) = _LONG(data, pos + 4)
        yield data[pos + 8 : pos + 8 + length]
        pos += 8 + length


def _plain(vr: bytes, data: bytes, characters: CharacterSet) -> HeadValue:
    if not data:
        return None
    if vr in _NUMBERS:
        return _several(_unpacked(_NUMBERS[vr], data))
    if vr == b"AT":
        pairs = _unpacked("H", data)
        return _several(
            tuple(group << 16 | element for group, element in zip(*[iter(pairs)] * 2, strict=False))
        )
    if vr in BINARY:
        return data
    return _text(vr, characters.decode(data, vr) if vr in CHARACTER_SET_VRS else data.decode("latin-1"))


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


def with_assumed_set(data: bytes, terms: bytes) -> bytes:
    """The same head, declaring `terms` where it declares none but ASCII and its text is more than that.

    What a deployer knows of a sender is so known to everybody who reads the head. `data` is a root's.
    """
    head = KeptHead(data)
    if not terms or not _lacks_set(head):
        return data
    rest = data[len(head.encoded(SPECIFIC_CHARACTER_SET) or b"") :]  # it stands first, where it stands
    return encoded(SPECIFIC_CHARACTER_SET, b"CS", terms) + rest


def _lacks_set(head: KeptHead) -> bool:
    """Whether text in it, or in its items, is not plain ASCII and nothing else is declared."""
    said = character_set(head.raw(SPECIFIC_CHARACTER_SET) or b"")
    if said.terms or not said.known or (head.data.isascii() and ESCAPE not in head.data):
        return False
    return any(_lacks_its_set(head, tag) for tag in head.places)


def _lacks_its_set(head: KeptHead, tag: int) -> bool:
    vr = (head.encoded(tag) or b"")[4:6]
    if vr == b"SQ":
        items = head.value(tag)
        return isinstance(items, tuple) and any(_lacks_set(one) for one in items if isinstance(one, KeptHead))
    return vr in CHARACTER_SET_VRS and not _DEFAULT.reads(head.raw(tag) or b"")
