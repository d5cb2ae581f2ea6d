"""The DICOMDIR: a query over heads and a serialisation; no file is opened.

Shape: `build` takes what stands on a volume and returns the bytes of its DICOMDIR: a zero preamble, DICM,
group 2 and the Basic Directory in Explicit VR Little Endian with defined lengths, records depth first.
Offsets are bytes from the start of the file to an item's tag. A leaf's keys are rendered while its head is
at hand and the head is let go; beyond the members themselves, memory is about twice the result.

A record of a PATIENT, STUDY or SERIES takes each key from the first instance below it that has a value.
Every record names the character set of the instance that its text came from. Text of another instance in
another character set is not mixed into it. Values are copied as they came, legal or not, but for two: a
character set is written in the defined terms that `burnish.instances.charset` takes it for, and a
description that its character set cannot decode is left out. Readers convert a whole directory or nothing of
it (dcmtk 3.6.7, `dcmdump +U8`), and the instance keeps its bytes.

Source: PS3.3 F.3 (IOD and offsets), F.5 (keys); PS3.10 7.1 (file meta information) and 8.6.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple

from burnish.contracts.profile import DirectoryKey
from burnish.errors import FailedItem, RequestFailed
from burnish.fileset.identify import IDENTIFIERS
from burnish.fileset.records import ROOT_RECORDS, Slot, record_type, slots
from burnish.fileset.supply import Policy, supplied
from burnish.instances.elements import LONG, SHORT, encoded, name
from burnish.instances.head import KeptHead
from burnish.terms import (
    EXPLICIT_VR_LE,
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    MEDIA_STORAGE_DIRECTORY,
    FailureReason,
    StatusInfo,
)

_NUMBER: Final = struct.Struct("<HH2sHL")
_FLAG: Final = struct.Struct("<HH2sHH")

# PS3.3 F.3.2.2: item tag and length; Offset of Next Record, Record In-use Flag, Offset of Lower-Level Entity.
_RECORD: Final = struct.Struct("<4sL8sL10s8sL")
_ITEM: Final = b"\xfe\xff\x00\xe0"
_NEXT: Final = SHORT.pack(0x0004, 0x1400, b"UL", 4)
_IN_USE: Final = _FLAG.pack(0x0004, 0x1410, b"US", 2, 0xFFFF)
_LOWER: Final = SHORT.pack(0x0004, 0x1420, b"UL", 4)
_NOWHERE: Final = -1
ICON_SEQUENCE: Final = 0x0088_0200

_PATIENT_ID, _RELATED_CLASSES = 0x00100020, 0x0008001A
_STUDY, _SERIES = 0x0020000D, 0x0020000E
_MAY_LACK: Final = ("2", "2C", "3")
"""Types of keys that need no value."""


class Member(NamedTuple):
    """One instance of a volume, as its record is to describe it."""

    file_id: tuple[str, ...]
    """Components from the root."""
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    """As on the medium, like the two UIDs above: of a derived copy its own."""
    head: KeptHead
    patient: str
    """Key of the person it belongs to: one PATIENT record for each distinct value, in order of appearance."""
    patient_id: str
    """Patient ID of that record where the instance's own is empty; '' to use the instance's."""
    icon: bytes = b""
    """Icon Image Sequence (0088,0200) of its record, encoded; empty for none."""


def build(
    members: Sequence[Member],
    *,
    file_set_id: str,
    file_set_uid: str,
    keys: Sequence[DirectoryKey] = (),
    missing: Policy = "supply",
    descriptor: tuple[str, ...] = (),
) -> bytes:
    """Write the DICOMDIR of `members`; `descriptor` is the File ID of the File-set Descriptor File, if any.

    `keys` are what profiles add. With `missing` "supply" a Type 1 key without a value is supplied where
    `burnish.fileset.supply` knows how. Raises RequestFailed with DIR_PROC_ERR and one failed item for each
    instance whose class has no Directory Record Type or whose records would lack a Type 1 key.
    """
    directory = _Directory(keys, missing)
    for number, member in enumerate(members):
        directory.add(number, member)
    records = directory.records()
    if directory.faults:
        raise _failure(members, directory.faults)
    return _file(records, file_set_id, file_set_uid, descriptor)


_Key = tuple[str, bytes | None, bytes | None]
"""What a series lies under: person, Study Instance UID, and its own UID."""


@dataclass(slots=True)
class _Records:
    """Records in file order: what follows the three links, and the links as indexes."""

    bodies: list[bytes]
    following: list[int]
    lower: list[int]
    last_root: int = _NOWHERE


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a member cannot be recorded; no tags where its class has no record."""

    absent: tuple[int, ...] = ()
    empty: tuple[int, ...] = ()


class _Node:
    """A PATIENT, STUDY or SERIES record in the making, or the root."""

    __slots__ = ("below", "charset", "elements", "first", "missing", "number", "numbers", "record", "settled")

    def __init__(self, record: str, number: int, wanted: tuple[Slot, ...], first: Member | None) -> None:
        self.record = record
        self.number = number
        """Its place among its siblings, from 1."""
        self.missing = wanted
        self.first = first
        self.elements: dict[int, bytes] = {}
        self.below: dict[str | bytes | int | None, _Node | bytes] = {}
        self.numbers: list[int] = []
        """Of a node without nodes below: the members under it."""
        self.charset: bytes | None = None
        self.settled = False
        """Some of its text needs `charset`."""

    def take(self, head: KeptHead, charset: bytes | None, made_id: str) -> None:
        """Fill what is missing from one more instance below."""
        if not self.elements:
            self.charset = charset
        self.missing = tuple([slot for slot in self.missing if not self._took(slot, head, charset, made_id)])

    def _took(self, slot: Slot, head: KeptHead, charset: bytes | None, made_id: str) -> bool:
        element = slot.find(head)
        if element is None and slot.tag == _PATIENT_ID and made_id:
            element = _element(slot.tag, slot.vr, made_id)
        if element is None or _is_garbled(slot, element, head):
            return False
        if slot.text and not self._readable(element, charset):
            return False
        self.elements[slot.tag] = element
        return True

    def _readable(self, element: bytes, charset: bytes | None) -> bool:
        """Whether the record's character set can say this text; the first that needs one decides."""
        if charset == self.charset or (element.isascii() and b"\x1b" not in element):
            self.settled = self.settled or not element.isascii() or b"\x1b" in element
            return True
        if not self.settled:
            self.charset, self.settled = charset, True
            return True
        return False


class _Directory:
    """Gathers members into records."""

    def __init__(self, keys: Sequence[DirectoryKey], missing: Policy) -> None:
        self._keys = keys
        self._missing = missing
        self._slots: dict[str, tuple[Slot, ...]] = {}
        self._root = _Node("", 0, (), None)
        self._paths: dict[_Key, tuple[_Node, ...]] = {}
        self.faults: dict[int, _Fault] = {}
        """By the number of the member."""

    def add(self, number: int, member: Member) -> None:
        record = record_type(member.sop_class)
        if record is None:
            self.faults[number] = _Fault()
            return
        head = member.head.fresh()
        charset = head.declared
        node = self._root if record in ROOT_RECORDS else self._series(member, head, charset)
        place = len(node.below)
        node.below[place] = self._leaf(number, member, record, head, charset, place + 1)
        if node is not self._root:
            node.numbers.append(number)

    def records(self) -> _Records:
        """All of them, in file order."""
        records = _Records([], [], [])
        self._place(self._root, records)
        return records

    def _wanted(self, record: str) -> tuple[Slot, ...]:
        if record not in self._slots:
            self._slots[record] = slots(record, self._keys)
        return self._slots[record]

    def _series(self, member: Member, head: KeptHead, charset: bytes | None) -> _Node:
        key = member.patient, head.raw(_STUDY), head.raw(_SERIES)
        path = self._paths.get(key) or self._opened(key, member)
        for node in path:
            if node.missing:
                node.take(head, charset, member.patient_id)
        return path[-1]

    def _opened(self, key: _Key, member: Member) -> tuple[_Node, ...]:
        """The records of a series that is met for the first time."""
        path = [self._root]
        for record, part in zip(("PATIENT", "STUDY", "SERIES"), key, strict=True):
            path.append(self._below(path[-1], record, part, member))
        self._paths[key] = tuple(path[1:])
        return self._paths[key]

    def _below(self, node: _Node, record: str, key: str | bytes | None, member: Member) -> _Node:
        found = node.below.get(key)
        if not isinstance(found, _Node):
            found = _Node(record, len(node.below) + 1, self._wanted(record), member)
            node.below[key] = found
        return found

    def _leaf(
        self, number: int, member: Member, record: str, head: KeptHead, charset: bytes | None, place: int
    ) -> bytes:
        """What follows the links in the record of an instance."""
        parts = [
            _element(0x00041430, "CS", record),
            encoded(0x00041500, b"CS", "\\".join(member.file_id).encode("ascii", "replace")),
            _element(0x00041510, "UI", member.sop_class),
            encoded(0x00041511, b"UI", member.sop_instance.encode("ascii", "replace")),
            _element(0x00041512, "UI", member.transfer_syntax),
        ]
        related = head.filled(_RELATED_CLASSES)
        if related:
            parts.append(b"\x04\x00\x1a\x15" + related[4:])
        if charset:
            parts.append(charset)
        icon = member.icon
        for slot in self._wanted(record):
            if icon and slot.tag > ICON_SEQUENCE:
                parts.append(icon)
                icon = b""
            element = slot.find(head)
            if element is None or _is_garbled(slot, element, head):
                element = self._without(slot, head, place, (number,))
            if element:
                parts.append(element)
        return b"".join((*parts, icon))

    def _without(self, slot: Slot, head: KeptHead, place: int, numbers: Sequence[int]) -> bytes | None:
        """What stands for a key that has no value; a fault of `numbers` where nothing may."""
        if slot.kind == "2" or (slot.kind == "2C" and head.raw(slot.tag) is not None):
            return _element(slot.tag, slot.vr, "")
        if not slot.demanded(head):
            return None
        value = supplied(slot.tag, head, place) if self._missing == "supply" else ""
        if value:
            return _element(slot.tag, slot.vr, value)
        for number in numbers:
            self._blame(number, slot.tag, head.raw(slot.tag) is None)
        return None

    def _blame(self, number: int, tag: int, absent: bool) -> None:
        known = self.faults.get(number, _Fault())
        if absent:
            self.faults[number] = _Fault((*known.absent, tag), known.empty)
        else:
            self.faults[number] = _Fault(known.absent, (*known.empty, tag))

    def _body(self, node: _Node) -> bytes:
        """What follows the links in the record of a patient, study or series."""
        assert node.first  # noqa: S101 - only the root has none, and it is no record
        head = node.first.head.fresh()
        for slot in node.missing:
            element = self._without(slot, head, node.number, tuple(_members(node)))
            if element is not None:
                node.elements[slot.tag] = element
        charset = [node.charset] if node.charset else []
        keys = [node.elements[tag] for tag in sorted(node.elements)]
        return b"".join([_element(0x00041430, "CS", node.record), *charset, *keys])

    def _place(self, node: _Node, records: _Records) -> int:
        """Append what lies below `node`; returns the index of the first."""
        previous = _NOWHERE
        first = len(records.bodies) if node.below else _NOWHERE
        for entry in node.below.values():
            index = len(records.bodies)
            records.bodies.append(entry if isinstance(entry, bytes) else self._body(entry))
            records.following.append(_NOWHERE)
            records.lower.append(_NOWHERE)
            if previous != _NOWHERE:
                records.following[previous] = index
            if isinstance(entry, _Node):
                records.lower[index] = self._place(entry, records)
            previous = index
        if node is self._root:
            records.last_root = previous
        return first


def _members(node: _Node) -> Iterator[int]:
    yield from node.numbers
    for entry in node.below.values():
        if isinstance(entry, _Node):
            yield from _members(entry)


def _is_garbled(slot: Slot, element: bytes, head: KeptHead) -> bool:
    """Whether text that may be missing means nothing in its character set. Names and IDs always stand."""
    if element.isascii() or not slot.text or slot.kind not in _MAY_LACK or slot.tag in IDENTIFIERS:
        return False
    return not head.readable(slot.tag)


@lru_cache(maxsize=1024)
def _element(tag: int, vr: str, value: str) -> bytes:
    """One element of text, encoded; for what many records say alike."""
    return encoded(tag, vr.encode(), value.encode("ascii", "replace"))


def _file(records: _Records, file_set_id: str, file_set_uid: str, descriptor: tuple[str, ...]) -> bytes:
    meta = _meta(file_set_uid) + _element(0x00041130, "CS", file_set_id)
    if descriptor:
        meta += _element(0x00041141, "CS", "\\".join(descriptor))
    # The offsets of the first and last root record, the consistency flag and the sequence's header follow.
    start = len(meta) + 2 * _NUMBER.size + _FLAG.size + LONG.size
    offsets = list(accumulate((_RECORD.size + len(body) for body in records.bodies), initial=start))
    end = offsets[-1]
    offsets[-1] = 0  # what the index -1, nowhere, points to
    parts = [
        meta,
        _NUMBER.pack(0x0004, 0x1200, b"UL", 4, offsets[0]),
        _NUMBER.pack(0x0004, 0x1202, b"UL", 4, offsets[records.last_root]),
        _FLAG.pack(0x0004, 0x1212, b"US", 2, 0),
        LONG.pack(0x0004, 0x1220, b"SQ", 0, end - start),
    ]
    for body, following, lower in zip(records.bodies, records.following, records.lower, strict=True):
        length = _RECORD.size - 8 + len(body)
        links = (length, _NEXT, offsets[following], _IN_USE, _LOWER, offsets[lower])
        parts += (_RECORD.pack(_ITEM, *links), body)
    return b"".join(parts)


def _meta(file_set_uid: str) -> bytes:
    """Preamble, DICM and group 2 (PS3.10 7.1)."""
    group = b"".join(
        (
            LONG.pack(0x0002, 0x0001, b"OB", 0, 2) + b"\0\1",
            _element(0x00020002, "UI", MEDIA_STORAGE_DIRECTORY),
            _element(0x00020003, "UI", file_set_uid),
            _element(0x00020010, "UI", EXPLICIT_VR_LE),
            _element(0x00020012, "UI", IMPLEMENTATION_CLASS_UID),
            _element(0x00020013, "SH", IMPLEMENTATION_VERSION_NAME),
        )
    )
    return bytes(128) + b"DICM" + _NUMBER.pack(0x0002, 0x0000, b"UL", 4, len(group)) + group


def _failure(members: Sequence[Member], faults: dict[int, _Fault]) -> RequestFailed:
    failed = [_failed(members[number], faults[number]) for number in sorted(faults)]
    return RequestFailed(
        f"{len(failed)} instances cannot be recorded in a DICOMDIR; first: {failed[0].why}",
        StatusInfo.DIR_PROC_ERR,
        failed,
    )


def _failed(member: Member, fault: _Fault) -> FailedItem:
    tags = tuple(sorted((*fault.absent, *fault.empty)))
    if not tags:
        reason, why = (
            FailureReason.SOP_CLASS_NOT_SUPPORTED,
            f"no directory record stands for {member.sop_class}",
        )
    else:
        absent = bool(fault.absent)
        reason = FailureReason.MISSING_ATTRIBUTE if absent else FailureReason.MISSING_ATTRIBUTE_VALUE
        names = ", ".join(map(name, tags))
        why = f"the directory needs a value of {names}"
    return FailedItem(member.sop_class, member.sop_instance, reason, tags, why=why)
