"""The DICOMDIR: nothing private, no records of old types, and one record for each thing.

Records that no offset leads to are looked at too: a MRDR stands apart from the others.
"""

from collections.abc import Iterator
from typing import Final

from burnish.contracts import Breach, DirectoryView, RecordView

from burnish_rules_drg.sources import DICOMDIR, refused, warned

_RECORDS: Final = "3.1.2.4"
FORBIDDEN: Final = frozenset(
    (
        "VISIT",
        "RESULTS",
        "INTERPRETATION",
        "STUDY COMPONENT",
        "STORED PRINT",
        "TOPIC",
        "MRDR",
        "PRIVATE",
    )
)


def check_directory(directory: DirectoryView) -> Iterator[Breach]:
    """Judge each record, then all of them together."""
    if private := _private(directory.tags):
        text = f"it has the private element {private}"
        yield warned("private-element", _RECORDS, text, DICOMDIR)
    for record in directory.records:
        if record.type in FORBIDDEN:
            text = f"{_say(record)} is of a type that is not allowed"
            yield refused("record-type", _RECORDS, text, DICOMDIR)
        if private := _private(record.tags):
            text = f"{_say(record)} has the private element {private}"
            yield refused("private-element", _RECORDS, text, DICOMDIR)
    yield from _check_doubles(directory)


def _private(tags: frozenset[int]) -> str:
    """The first private element, as it is written; empty where there is none (PS3.5 7.8: an odd group)."""
    first = min((tag for tag in tags if tag >> 16 & 1), default=0)
    return f"({first >> 16:04X},{first & 0xFFFF:04X})" if first else ""


def _check_doubles(directory: DirectoryView) -> Iterator[Breach]:
    seen: dict[tuple[str, str], RecordView] = {}
    for record in directory.records:
        name, value = _identity(record)
        if not value or not record.reached:
            continue
        first = seen.setdefault((name, value), record)
        if first is not record:
            text = f"{_say(record)} has the {name} of the record at byte {first.at}"
            yield refused("double", _RECORDS, text, DICOMDIR)


def _identity(record: RecordView) -> tuple[str, str]:
    """The attribute by which a record is the only one, and its value: of every leaf it is the same one."""
    match record.type:
        case "PATIENT":
            return "Patient ID", record.patient_id
        case "STUDY":
            return "Study Instance UID", record.study
        case "SERIES":
            return "Series Instance UID", record.series
    return "Referenced SOP Instance UID in File", record.instance


def _say(record: RecordView) -> str:
    return f"the {record.type or 'untyped'} record at byte {record.at}"
