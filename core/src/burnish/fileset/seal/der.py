"""The few forms of DER (ITU-T X.690) that Cryptographic Message Syntax needs here; all lengths defined."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

INTEGER: Final = 0x02
OCTETS: Final = 0x04
NULL: Final = b"\x05\x00"
OID: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31
_LONGEST: Final = 8
"""Bytes of a length at most."""


def header(tag: int, length: int) -> bytes:
    """Tag and length of a value."""
    if length < 0x80:
        return bytes((tag, length))
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size


def value(tag: int, *parts: bytes) -> bytes:
    """A value with its tag and length."""
    content = b"".join(parts)
    return header(tag, len(content)) + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return value(SEQUENCE, *parts)


def set_of(parts: Iterable[bytes]) -> bytes:
    """SET OF, in the order that DER wants."""
    return value(SET, *sorted(parts))


def context(number: int, *parts: bytes) -> bytes:
    """A constructed value of a context-specific tag."""
    return value(0xA0 | number, *parts)


def integer(number: int) -> bytes:
    """INTEGER, not negative."""
    return value(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octets(data: bytes) -> bytes:
    """OCTET STRING."""
    return value(OCTETS, data)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER.

    >>> oid("1.2.840.113549.1.7.3").hex()
    '06092a864886f70d010703'
    """
    first, second, *rest = map(int, dotted.split("."))
    return value(OID, b"".join(map(_base_128, (40 * first + second, *rest))))


def _base_128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    return bytes(reversed(digits))


class Malformed(ValueError):
    """No DER, or other than was expected; a sentence that calls it "it"."""


@dataclass(slots=True)
class Reader:
    """Values one after another within `data[at:end]`. What a length claims is not believed beyond `end`."""

    data: bytes
    at: int = 0
    end: int = -1

    def __post_init__(self) -> None:
        if self.end < 0:
            self.end = len(self.data)

    @property
    def more(self) -> bool:
        """Whether something is left."""
        return self.at < self.end

    def peek(self) -> int:
        """The tag that comes next; -1 at the end."""
        return self.data[self.at] if self.at < min(self.end, len(self.data)) else -1

    def head(self, tag: int) -> int:
        """Go behind a tag and its length, which is returned. Raises Malformed."""
        if self.peek() != tag:
            raise Malformed(f"tag {self.peek():#x} stands where {tag:#x} should")
        at = self.at + 1
        first = self.data[at] if at < len(self.data) else 0x80
        count = first & 0x7F if first & 0x80 else 0
        if first == 0x80 or count > _LONGEST or at + 1 + count > len(self.data):
            raise Malformed("a length is not defined")
        length = int.from_bytes(self.data[at + 1 : at + 1 + count], "big") if count else first
        self.at = at + 1 + count
        return length

    def enter(self, tag: int) -> "Reader":
        """A reader of what a constructed value holds; this one goes behind it. Raises Malformed."""
        length = self.head(tag)
        inside = Reader(self.data, self.at, self.at + length)
        if inside.end > self.end:
            raise Malformed("a value ends beyond what holds it")
        self.at = inside.end
        return inside

    def take(self, tag: int) -> bytes:
        """The content of a value; this one goes behind it. Raises Malformed."""
        inside = self.enter(tag)
        if inside.end > len(self.data):
            raise Malformed("it ends within a value")
        return self.data[inside.at : inside.end]

    def skip(self) -> bytes:
        """Whatever comes next, whole."""
        start = self.at
        self.take(self.peek())
        return self.data[start : self.at]
