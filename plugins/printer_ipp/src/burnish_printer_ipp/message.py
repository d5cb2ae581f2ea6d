"""IPP messages: attributes in groups, in RFC 8010's encoding.

A value is an int, bool, str, bytes, a tuple of two ints (range), of three (resolution), or a dict
(collection). Text in languages loses its language. What comes from a device is believed in nothing: lengths
are checked, collections are nested a few deep at most, and anything else is Malformed.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

Value = int | bool | str | bytes | tuple[int, ...] | dict[str, Any]
Attributes = dict[str, list[Any]]

_DEEPEST: Final = 8
_MOST: Final = 50_000
"""Values in one message."""


class Malformed(ValueError):
    """Bytes that are no IPP message."""


class Operation(IntEnum):
    """RFC 8011 5.4.15."""

    PRINT_JOB = 0x0002
    VALIDATE_JOB = 0x0004
    CANCEL_JOB = 0x0008
    GET_JOB_ATTRIBUTES = 0x0009
    GET_JOBS = 0x000A
    GET_PRINTER_ATTRIBUTES = 0x000B


class Group(IntEnum):
    """Delimiter tags."""

    OPERATION = 1
    JOB = 2
    END = 3
    PRINTER = 4
    UNSUPPORTED = 5


class Tag(IntEnum):
    """Value tags that are written or told apart."""

    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    OCTETS = 0x30
    RESOLUTION = 0x32
    RANGE = 0x33
    COLLECTION = 0x34
    TEXT_LANGUAGE = 0x35
    NAME_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    CHARSET = 0x47
    LANGUAGE = 0x48
    MIME = 0x49
    MEMBER = 0x4A


_NUMBERS: Final[dict[int, str]] = {
    Tag.INTEGER: ">i",
    Tag.ENUM: ">i",
    Tag.BOOLEAN: ">?",
    Tag.RANGE: ">ii",
    Tag.RESOLUTION: ">iib",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A response."""

    status: int
    groups: list[tuple[int, Attributes]] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether it was carried out: successful-ok, or one that ignored or replaced attributes."""
        return self.status < 0x0100

    def first(self, group: Group) -> Attributes:
        """The attributes of the first group of a kind."""
        return next((found for kind, found in self.groups if kind == group), {})

    def every(self, group: Group) -> list[Attributes]:
        """Those of each group of a kind."""
        return [found for kind, found in self.groups if kind == group]

    @property
    def text(self) -> str:
        """What the printer says of it, for people."""
        said = self.first(Group.OPERATION).get("status-message", [""])[0]
        return str(said)[:200] or f"status {self.status:04x}"


Given = Sequence[tuple[str, Tag, Any]]
"""Attributes to be written: name, tag of its values, a value or a list of them."""


def request(operation: Operation, number: int, groups: Mapping[Group, Given]) -> bytes:
    """Encode a request; the operation's charset and language are added."""
    out = bytearray(struct.pack(">BBHI", 1, 1, operation, number))
    common: Given = (
        ("attributes-charset", Tag.CHARSET, "utf-8"),
        ("attributes-natural-language", Tag.LANGUAGE, "en"),
    )
    for group, given in groups.items():
        out.append(group)
        for name, tag, values in (*(common if group is Group.OPERATION else ()), *given):
            every = values if isinstance(values, list) else [values]
            for place, value in enumerate(every):
                out += _value(tag, name if place == 0 else "", value)
    out.append(Group.END)
    return bytes(out)


def _value(tag: int, name: str, value: Any) -> bytes:
    data = _encoded(tag, value)
    head = struct.pack(">BH", tag, len(name.encode())) + name.encode()
    return head + struct.pack(">H", len(data)) + data + (_members(value) if tag == Tag.COLLECTION else b"")


def _encoded(tag: int, value: Any) -> bytes:
    match tag:
        case Tag.INTEGER | Tag.ENUM:
            return struct.pack(">i", value)
        case Tag.BOOLEAN:
            return b"\1" if value else b"\0"
        case Tag.COLLECTION:
            return b""
        case _:
            return value if isinstance(value, bytes) else str(value).encode()


def _members(members: Given) -> bytes:
    """The members of a collection, each as a name and a value without one, and its end."""
    out = b""
    for name, tag, value in members:
        out += _value(Tag.MEMBER, "", name) + _value(tag, "", value)
    return out + _value(Tag.END_COLLECTION, "", "")


def response(data: bytes) -> tuple[Message, int]:
    """Decode a response; with its request-id. Raises Malformed."""
    if len(data) < 8:
        raise Malformed(f"{len(data)} bytes are no IPP message")
    _, _, status, number = struct.unpack(">BBHI", data[:8])
    reader = _Reader(data, 8)
    try:
        return Message(status, list(reader.groups())), number
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise Malformed(f"an IPP message that ends too soon: {error}") from error


class _Reader:
    """Goes through the attributes of a message."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self._values = 0

    def groups(self) -> Iterator[tuple[int, Attributes]]:
        """Every group with its attributes."""
        tag = self._byte()
        while tag != Group.END:
            if tag > 0x0F:
                raise Malformed(f"a value of tag {tag:02x} stands outside every group")
            found: Attributes = {}
            name = ""
            kind, tag = tag, self._byte()
            while tag > 0x0F:
                own, data = self._text(), self._octets()
                name = own or name
                found.setdefault(name, []).append(self._decoded(tag, data, 0))
                tag = self._byte()
            yield kind, found

    def _decoded(self, tag: int, data: bytes, depth: int) -> Any:
        self._values += 1
        if self._values > _MOST:
            raise Malformed(f"more than {_MOST} values")
        if tag in _NUMBERS:
            found = struct.unpack(_NUMBERS[tag], data)
            return found[0] if len(found) == 1 else found
        if tag == Tag.COLLECTION:
            return self._collection(depth)
        if tag in (Tag.TEXT_LANGUAGE, Tag.NAME_LANGUAGE):
            skipped = 2 + struct.unpack(">H", data[:2])[0]
            return data[skipped + 2 :].decode("utf-8", "replace")
        return data.decode("utf-8", "replace") if tag >= 0x40 else data

    def _collection(self, depth: int) -> dict[str, list[Any]]:
        if depth > _DEEPEST:
            raise Malformed("collections within collections without end")
        found: dict[str, list[Any]] = {}
        member = ""
        while True:
            tag = self._byte()
            self._text()
            data = self._octets()
            if tag == Tag.END_COLLECTION:
                return found
            if tag == Tag.MEMBER:
                member = data.decode("utf-8", "replace")
            else:
                found.setdefault(member, []).append(self._decoded(tag, data, depth + 1))

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _octets(self) -> bytes:
        (length,) = struct.unpack(">H", self._data[self._at : self._at + 2])
        start = self._at + 2
        self._at = start + length
        if self._at > len(self._data):
            raise IndexError(f"{length} bytes at {start}")
        return self._data[start : self._at]

    def _text(self) -> str:
        return self._octets().decode("utf-8", "replace")
