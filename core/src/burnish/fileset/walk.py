"""Walking a DICOMDIR as an importer does: by its offsets, believing none of them.

The records are first listed in the order in which they stand; then the offsets are followed from the
first root record on. An offset counts only where a record really begins, and each record is visited once,
so a directory that was made to lead readers in circles ends like any other.

Source: PS3.10 8.6, PS3.3 F.3.2 (attributes), F.4 (hierarchy), F.5 (record types).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from pydicom.datadict import dictionary_description

from burnish.fileset.elements import Broken, Element, elements, items, read_meta
from burnish.fileset.records import LEAF_RECORDS, ROOT_RECORDS, required
from burnish.instances.elements import BINARY
from burnish.terms import EXPLICIT_VR_LE, MEDIA_STORAGE_DIRECTORY

Note = Callable[[str, str], None]
"""Told a clause and a sentence for each thing that is not as it should be."""

FILE_SET_ID: Final = 0x0004_1130
DESCRIPTOR_FILE: Final = 0x0004_1141
FIRST_ROOT: Final = 0x0004_1200
LAST_ROOT: Final = 0x0004_1202
CONSISTENCY: Final = 0x0004_1212
RECORDS: Final = 0x0004_1220
NEXT: Final = 0x0004_1400
IN_USE: Final = 0x0004_1410
LOWER: Final = 0x0004_1420
TYPE: Final = 0x0004_1430
FILE_ID: Final = 0x0004_1500
REFERENCED_CLASS: Final = 0x0004_1510
REFERENCED_INSTANCE: Final = 0x0004_1511
REFERENCED_SYNTAX: Final = 0x0004_1512
CHARACTER_SET: Final = 0x0008_0005
PATIENT_ID: Final = 0x0010_0020
STUDY_UID: Final = 0x0020_000D
SERIES_UID: Final = 0x0020_000E
VERIFICATION_FLAG: Final = 0x0040_A493
_VERIFICATION_DATE_TIME: Final = 0x0040_A030
_OF_INSTANCES: Final = frozenset((REFERENCED_CLASS, REFERENCED_INSTANCE, REFERENCED_SYNTAX))
"""Type 1C keys of a record that references a file (PS3.3 Table F.3-3)."""

_KEPT: Final = frozenset(
    (
        *(NEXT, IN_USE, LOWER, TYPE, FILE_ID, REFERENCED_CLASS, REFERENCED_INSTANCE, REFERENCED_SYNTAX),
        *(CHARACTER_SET, PATIENT_ID, STUDY_UID, SERIES_UID, VERIFICATION_FLAG),
    )
)
_DEEPEST: Final = 8
"""Sequences within sequences that are looked into."""
_LONGEST: Final = 1024
"""Bytes of a value that is kept; none of them may legally be longer."""
_NO_ITEM: Final = b"\xfe\xff\xdd\xe0"
"""How the value of a sequence begins that is empty and of undefined length: with its delimiter."""

INSTANCES: Final = LEAF_RECORDS | ROOT_RECORDS
"""Types of records that reference a composite instance."""

_BELOW: Final[Mapping[str, frozenset[str]]] = {
    "": ROOT_RECORDS | {"PATIENT", "PRIVATE"},
    "PATIENT": frozenset(("STUDY", "PRIVATE")),
    "STUDY": frozenset(("SERIES", "PRIVATE")),
    "SERIES": LEAF_RECORDS | {"PRIVATE"},
}
"""PS3.3 Table F.4-1: what may stand below which type; below any other only PRIVATE. "" is the root."""

_KEY: Final = {
    "PATIENT": (PATIENT_ID, "Patient ID"),
    "STUDY": (STUDY_UID, "Study Instance UID"),
    "SERIES": (SERIES_UID, "Series Instance UID"),
    **dict.fromkeys(sorted(INSTANCES), (REFERENCED_INSTANCE, "Referenced SOP Instance UID in File")),
}
"""What names a record: there is one record for each."""


@dataclass(frozen=True, slots=True)
class Record:
    """One directory record."""

    at: int
    """Offset of its item tag in the file."""
    start: int
    """Offset of its first element."""
    end: int
    """Offset behind its last element."""
    values: Mapping[int, bytes]
    """Values of the elements that the walk needs."""
    filled: frozenset[int]
    """Tags of all elements that have a value."""
    present: frozenset[int]
    """Tags of all elements."""
    within: frozenset[int] = frozenset()
    """Tags of the elements within its sequences, as far down as those can be read."""

    def text(self, tag: int) -> str:
        """A value as text, padding gone; empty where it is absent."""
        return self.values.get(tag, b"").strip(b" \0").decode("latin-1")

    def number(self, tag: int) -> int:
        """A value as a number; 0 where it is absent."""
        return int.from_bytes(self.values.get(tag, b""), "little")

    @property
    def type(self) -> str:
        """Directory Record Type."""
        return self.text(TYPE)

    @property
    def file_id(self) -> tuple[str, ...]:
        """Referenced File ID by components; empty where no file is referenced."""
        text = self.text(FILE_ID)
        return tuple(part.strip(" ") for part in text.split("\\")) if text else ()


@dataclass(frozen=True, slots=True)
class Reached:
    """A record and what stands above it, the root first."""

    record: Record
    above: tuple[Record, ...]

    def ancestor(self, kind: str) -> Record | None:
        """The record of a type above it."""
        return next((one for one in self.above if one.type == kind), None)


@dataclass(frozen=True)
class Directory:
    """A DICOMDIR that was read."""

    data: bytes
    """The whole file."""
    file_set_id: str
    file_set_uid: str
    descriptor: tuple[str, ...]
    """File ID of the File-set Descriptor File; empty where there is none."""
    reached: tuple[Reached, ...]
    """Every record that the offsets lead to, each once."""
    tags: frozenset[int] = frozenset()
    """Tags of the elements outside the records."""
    records: tuple[Record, ...] = ()
    """Every record, in the order in which they stand."""


def read_directory(data: bytes, note: Note) -> Directory:
    """Read and check a DICOMDIR; what is wrong goes to `note`. Raises Broken where it is none at all."""
    meta = read_meta(data)
    for text in meta.findings:
        note("PS3.10 7.1", text)
    if meta.sop_class != MEDIA_STORAGE_DIRECTORY:
        note("PS3.10 8.6", f"Media Storage SOP Class UID is {meta.sop_class or 'empty'}")
    if meta.transfer_syntax != EXPLICIT_VR_LE:
        note("PS3.10 8.6", f"the Transfer Syntax UID is {meta.transfer_syntax or 'empty'}")
        raise Broken("a DICOMDIR in another transfer syntax than Explicit VR Little Endian is not read")
    root, records = _listed(data, meta.end, note)
    _check_root(root, note)
    reached = tuple(_follow(root, records, note))
    for at in sorted(records.keys() - {one.record.at for one in reached}):
        note("PS3.3 F.3.2.2", f"no offset leads to the record at byte {at}")
    _check_unique(reached, note)
    descriptor = _text(root, DESCRIPTOR_FILE)
    parts = tuple(descriptor.split("\\")) if descriptor else ()
    return Directory(
        data,
        _text(root, FILE_SET_ID),
        meta.sop_instance,
        parts,
        reached,
        frozenset(root),
        tuple(records.values()),
    )


def _listed(data: bytes, start: int, note: Note) -> tuple[dict[int, bytes], dict[int, Record]]:
    """List the root's values and, by offset, every record, up to where the structure breaks."""
    root: dict[int, bytes] = {}
    records: dict[int, Record] = {}
    try:
        for element in elements(data, start, len(data)):
            if element.tag == RECORDS:
                _list_records(data, element, records)
            else:
                root[element.tag] = data[element.start : element.end][:_LONGEST]
            if element.tag >> 16 not in (0x0004, 0xFFFC):
                note("PS3.3 F.3.2", f"{_name(element.tag)} has no place in a DICOMDIR")
    except Broken as error:
        note("PS3.5 7.1", f"the directory breaks off: {error}")
    return root, records


def _list_records(data: bytes, sequence: Element, records: dict[int, Record]) -> None:
    shared: dict[frozenset[int], frozenset[int]] = {}  # most records have the same tags: memory for one
    for at, start, end in items(data, sequence):
        values, present, filled = {}, [], []
        within: set[int] = set()
        for element in elements(data, start, end):
            present.append(element.tag)
            if _has_value(data, element):
                filled.append(element.tag)
            if element.tag in _KEPT:
                values[element.tag] = data[element.start : element.end][:_LONGEST]
            if element.vr == b"SQ":
                _list_within(data, element, within, _DEEPEST)
        sets = (shared.setdefault(tags, tags) for tags in map(frozenset, (filled, present, within)))
        records[at] = Record(at, start, end, values, *sets)


def _list_within(data: bytes, sequence: Element, tags: set[int], deepest: int) -> None:
    """Collect the tags within a sequence. Where it breaks, or is too deep, the rest is not looked at."""
    with suppress(Broken):
        for _, start, end in items(data, sequence) if deepest else ():
            for element in elements(data, start, end):
                tags.add(element.tag)
                if element.vr == b"SQ":
                    _list_within(data, element, tags, deepest - 1)


def _has_value(data: bytes, element: Element) -> bool:
    """Whether an element has more than padding."""
    start = data[element.start : min(element.end, element.start + _LONGEST)]
    if element.vr in BINARY:
        return bool(start) and not start.startswith(_NO_ITEM)
    return bool(start.strip(b" \0"))


def _check_root(root: Mapping[int, bytes], note: Note) -> None:
    for tag in (FILE_SET_ID, FIRST_ROOT, LAST_ROOT, CONSISTENCY):
        if tag not in root:
            note("PS3.3 F.3.2", f"{_name(tag)} is missing")
    if _number(root, CONSISTENCY):
        note("PS3.3 F.3.2.2", "File-set Consistency Flag says that the directory may be inconsistent")
    if not re.fullmatch(r"[A-Z0-9_]{0,16}", _text(root, FILE_SET_ID)):
        note("PS3.10 8.1", "File-set ID has more than 16 characters, or others than A-Z, 0-9 and _")


def _follow(root: Mapping[int, bytes], records: Mapping[int, Record], note: Note) -> Iterator[Reached]:
    seen: set[int] = set()
    last = 0
    for one in _chain(_number(root, FIRST_ROOT), (), records, seen, note):
        last = one.record.at
        yield one
        yield from _below(one, records, seen, note)
    if last != _number(root, LAST_ROOT):
        note("PS3.3 F.3.2.2", f"the last root record stands at byte {last}, not where its offset says")


def _below(top: Reached, records: Mapping[int, Record], seen: set[int], note: Note) -> Iterator[Reached]:
    waiting = [top]
    while waiting:
        one = waiting.pop()
        found = list(_chain(one.record.number(LOWER), (*one.above, one.record), records, seen, note))
        yield from found
        waiting += reversed(found)


def _chain(
    at: int, above: tuple[Record, ...], records: Mapping[int, Record], seen: set[int], note: Note
) -> Iterator[Reached]:
    """Follow one entity from record to next record."""
    while at:
        record = records.get(at)
        if record is None:
            note("PS3.3 F.3.2.2", f"an offset leads to byte {at}, where no record begins")
            return
        if at in seen:
            note("PS3.3 F.3.2.2", f"more than one offset leads to the record at byte {at}")
            return
        seen.add(at)
        _check_record(record, above, note)
        yield Reached(record, above)
        at = record.number(NEXT)


def _check_record(record: Record, above: tuple[Record, ...], note: Note) -> None:
    holder = above[-1].type if above else ""
    if record.type not in _BELOW.get(holder, frozenset(("PRIVATE",))):
        note("PS3.3 F.4", f"{_say(record)} may not stand below {holder or 'the root'}")
    if record.number(IN_USE) != 0xFFFF:
        note("PS3.3 F.3.2.2", f"{_say(record)} is not in use")
    for text in _check_keys(record):
        note("PS3.3 F.5", f"{_say(record)} {text}")
    if record.type in INSTANCES and not record.file_id:
        note("PS3.3 F.3.2.2", f"{_say(record)} references no file")


def _check_keys(record: Record) -> Iterator[str]:
    """Say which keys are missing: those of Type 1 that have no value, those of Type 2 that do not stand."""
    type_1, type_2 = required(record.type)
    if record.type in INSTANCES:
        type_1 |= _OF_INSTANCES
    if record.text(VERIFICATION_FLAG) == "VERIFIED":
        type_1 |= {_VERIFICATION_DATE_TIME}
    yield from (f"has no {dictionary_description(tag)}" for tag in sorted(type_1 - record.filled))
    absent = sorted(type_2 - record.present)
    yield from (f"has no {dictionary_description(tag)}, not even an empty one" for tag in absent)


def _check_unique(reached: tuple[Reached, ...], note: Note) -> None:
    seen: dict[tuple[int, str], Record] = {}
    for one in reached:
        tag, name = _KEY.get(one.record.type, (0, ""))
        value = one.record.text(tag)
        if not value:
            continue
        first = seen.setdefault((tag, value), one.record)
        if first is not one.record:
            note("PS3.3 F.4", f"{_say(one.record)} has the {name} of the record at byte {first.at}")


def _say(record: Record) -> str:
    return f"the {record.type or 'untyped'} record at byte {record.at}"


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _text(root: Mapping[int, bytes], tag: int) -> str:
    return root.get(tag, b"").strip(b" \0").decode("latin-1")


def _number(root: Mapping[int, bytes], tag: int) -> int:
    return int.from_bytes(root.get(tag, b""), "little")
