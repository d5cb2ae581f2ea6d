"""Command sets of DIMSE messages: always Implicit VR Little Endian, group 0000, never a sequence.

A command set is parsed here and not by a general reader because it is the one part of a message that
reaches us before anybody is known: it has a handful of elements, each with a size we know.

Source: PS3.7 6.3 (structure), 9.3 and 10.3 (which elements each message has), Annex E (tags and codes).
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from burnish.errors import BurnishError
from burnish.uids import is_uid

NO_DATA_SET: Final = 0x0101
"""(0000,0800) of a message that is a command set alone."""
_COMMENT_LENGTH: Final = 64


class ProtocolError(BurnishError):
    """A peer breaks PS3.7 or PS3.8: the association is aborted, nothing else happens."""


class Operation(IntEnum):
    """(0000,0100) Command Field of a request, PS3.7 E.1-1; a response has bit 15 set."""

    C_STORE = 0x0001
    C_GET = 0x0010
    C_FIND = 0x0020
    C_MOVE = 0x0021
    C_ECHO = 0x0030
    N_EVENT_REPORT = 0x0100
    N_GET = 0x0110
    N_SET = 0x0120
    N_ACTION = 0x0130
    N_CREATE = 0x0140
    N_DELETE = 0x0150
    C_CANCEL = 0x0FFF


_RESPONSE: Final = 0x8000


class Element(IntEnum):
    """Element numbers of group 0000, PS3.7 Table E.1-1."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS = 0x0002
    REQUESTED_SOP_CLASS = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    RESPONDED_TO = 0x0120
    DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    OFFENDING_ELEMENT = 0x0901
    ERROR_COMMENT = 0x0902
    AFFECTED_SOP_INSTANCE = 0x1000
    REQUESTED_SOP_INSTANCE = 0x1001
    EVENT_TYPE = 0x1002
    ATTRIBUTES = 0x1005
    ACTION_TYPE = 0x1008


_REQUESTED: Final = frozenset({Operation.N_GET, Operation.N_SET, Operation.N_ACTION, Operation.N_DELETE})
"""Operations that name what they want as Requested, where all others say Affected."""


@dataclass(frozen=True, slots=True)
class Command:
    """A request as its command set states it. UIDs are as sent: nobody has checked them yet."""

    operation: Operation
    message_id: int
    has_data: bool
    sop_class: str = ""
    """Empty where it is absent."""
    sop_instance: str | None = None
    """None where it is absent."""
    type_id: int | None = None
    """Action Type ID or Event Type ID; None where it is absent or not one number."""
    attributes: tuple[int, ...] = ()
    """Tags of Attribute Identifier List; empty where it is absent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with."""

    status: int = 0x0000
    comment: str = ""
    """For (0000,0902); what does not fit 64 ASCII characters is cut."""
    tags: tuple[int, ...] = ()
    """For (0000,0901) or (0000,1005), where the status defines them."""
    sop_instance: str | None = None
    """A UID that we assigned; None answers with the one that was asked about."""
    data: bytes = b""
    """The encoded data set; empty where there is none."""


def parse_command(encoded: bytes) -> Command:
    """Read a request's command set. Raises ProtocolError."""
    elements = _split(encoded)
    operation = _operation(_number(elements, Element.COMMAND_FIELD))
    requested = operation in _REQUESTED
    sop_class = elements.get(Element.REQUESTED_SOP_CLASS if requested else Element.AFFECTED_SOP_CLASS, b"")
    instance = elements.get(Element.REQUESTED_SOP_INSTANCE if requested else Element.AFFECTED_SOP_INSTANCE)
    return Command(
        operation=operation,
        message_id=0 if operation is Operation.C_CANCEL else _number(elements, Element.MESSAGE_ID),
        has_data=_number(elements, Element.DATA_SET_TYPE) != NO_DATA_SET,
        sop_class=_text(sop_class),
        sop_instance=None if instance is None else _text(instance),
        type_id=_type_id(elements),
        attributes=_tags(elements.get(Element.ATTRIBUTES, b"")),
    )


def _split(encoded: bytes) -> dict[int, bytes]:
    elements: dict[int, bytes] = {}
    position = 0
    while position < len(encoded):
        if position + 8 > len(encoded):
            raise ProtocolError("a command set ends within an element")
        group, number, length = struct.unpack_from("<HHI", encoded, position)
        position += 8
        if group != 0 or position + length > len(encoded):
            raise ProtocolError(f"no command element: ({group:04x},{number:04x}) of {length} bytes")
        elements[number] = encoded[position : position + length]
        position += length
    return elements


def _operation(field: int) -> Operation:
    try:
        return Operation(field)
    except ValueError:
        raise ProtocolError(f"Command Field {field:04x} is no request") from None


def _number(elements: Mapping[int, bytes], number: Element) -> int:
    value = elements.get(number, b"")
    if len(value) != 2:
        raise ProtocolError(f"(0000,{number:04x}) is absent or not one number")
    return int.from_bytes(value, "little")


def _type_id(elements: Mapping[int, bytes]) -> int | None:
    value = elements.get(Element.ACTION_TYPE, elements.get(Element.EVENT_TYPE, b""))
    return int.from_bytes(value, "little") if len(value) == 2 else None


def _text(value: bytes) -> str:
    return value.rstrip(b"\0 ").decode("latin-1")


def _tags(value: bytes) -> tuple[int, ...]:
    if len(value) % 4:
        raise ProtocolError("Attribute Identifier List is not a list of tags")
    return tuple(group << 16 | number for group, number in struct.iter_unpack("<HH", value))


def write_response(command: Command, answer: Answer) -> bytes:
    """The command set that answers a request."""
    elements: dict[int, bytes] = {
        Element.COMMAND_FIELD: _short(command.operation | _RESPONSE),
        Element.RESPONDED_TO: _short(command.message_id),
        Element.DATA_SET_TYPE: _short(1 if answer.data else NO_DATA_SET),
        Element.STATUS: _short(answer.status),
    }
    sop_instance = answer.sop_instance or command.sop_instance or ""
    if is_uid(command.sop_class):
        elements[Element.AFFECTED_SOP_CLASS] = _padded(command.sop_class, b"\0")
    if is_uid(sop_instance):
        elements[Element.AFFECTED_SOP_INSTANCE] = _padded(sop_instance, b"\0")
    if command.type_id is not None and answer.status == 0:
        action = command.operation is Operation.N_ACTION
        elements[Element.ACTION_TYPE if action else Element.EVENT_TYPE] = _short(command.type_id)
    if answer.comment:
        elements[Element.ERROR_COMMENT] = _padded(_comment(answer.comment), b" ")
    if answer.tags:
        store = command.operation is Operation.C_STORE
        elements[Element.OFFENDING_ELEMENT if store else Element.ATTRIBUTES] = _tag_list(answer.tags)
    return _join(elements)


def _short(number: int) -> bytes:
    return struct.pack("<H", number)


def _padded(text: str, padding: bytes) -> bytes:
    value = text.encode("ascii")
    return value + padding * (len(value) % 2)


def _comment(text: str) -> str:
    plain = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in text)
    return plain[:_COMMENT_LENGTH]


def _tag_list(tags: tuple[int, ...]) -> bytes:
    return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in tags)


def _join(elements: Mapping[int, bytes]) -> bytes:
    body = b"".join(
        struct.pack("<HHI", 0, number, len(value)) + value for number, value in sorted(elements.items())
    )
    return struct.pack("<HHII", 0, Element.GROUP_LENGTH, 4, len(body)) + body
