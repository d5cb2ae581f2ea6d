"""What a directory record breaks: ECMA-119 10.1 (Level 1) and PS3.12 Annex F, as findings for people."""

from collections.abc import Iterator
from typing import Final

from burnish_format_iso9660.names import FILE_NAME, FOLDER_NAME, Path, shown
from burnish_format_iso9660.record import Record

FLAGS: Final = (
    (0x01, "is hidden (File Flags bit 0)"),
    (0x04, "is an associated file (File Flags bit 2)"),
    (0x08, "has a record format (File Flags bit 3)"),
    (0x10, "has owners and permissions (File Flags bit 4)"),
    (0x80, "stands in several extents (File Flags bit 7)"),
)
"""ECMA-119 9.1.6. Annex F wants bits 3 and 4 zero, Level 1 bit 7; the others hide a file from readers."""


def findings_of(path: Path, record: Record, end: int) -> Iterator[str]:
    """Yield one sentence for each rule that `record` breaks on a medium of `end` bytes."""
    name = shown(path)
    yield from _spelling(path, record)
    if record.attributes:
        yield f"{name} has an extended attribute record"
    if record.interleaved:
        yield f"{name} is interleaved"
    if not record.both_orders:
        yield f"{name} differs between the two byte orders of its record"
    for bit, meaning in FLAGS:
        if record.flags & bit:
            yield f"{name} {meaning}"
    if record.length and record.offset + record.length > end:
        yield f"{name} ends at byte {record.offset + record.length} and the medium at {end}"


def _spelling(path: Path, record: Record) -> Iterator[str]:
    name, _, version = record.identifier.partition(";")
    if record.is_folder:
        if not FOLDER_NAME.fullmatch(record.identifier):
            yield f"{shown(path)} is not a folder name of Level 1"
        return
    if not FILE_NAME.fullmatch(name.removesuffix(".")):
        yield f"{shown(path)} is not a file name of Level 1"
    if version != "1":
        yield f"{shown(path)} has version {version!r}, not 1"
    elif "." not in name:
        yield f"{shown(path)} is written without its dot"
