"""What a directory record breaks: ECMA-119 clause 10 and PS3.12 Annexes F and P, as findings for people."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from burnish_format_iso9660.names import FILE_NAME, FOLDER_NAME, Path, shown
from burnish_format_iso9660.record import Record

_FLAGS: Final = {
    0x01: "is hidden (File Flags bit 0)",
    0x04: "is an associated file (File Flags bit 2)",
    0x08: "has a record format (File Flags bit 3)",
    0x10: "has owners and permissions (File Flags bit 4)",
}
"""ECMA-119 9.1.6. Annex F wants bits 3 and 4 zero; the others hide a file from readers."""
_SECTIONS: Final = {0x80: "stands in several extents (File Flags bit 7)"}
_MOST_FINDINGS: Final = 200


@dataclass(frozen=True, slots=True)
class Level:
    """An Interchange Level (ECMA-119 clause 10) as an annex of PS3.12 asks for it."""

    number: int
    file_name: re.Pattern[str]
    folder_name: re.Pattern[str]
    flags: dict[int, str]
    """File Flags that must not be set, and what each means."""


LEVEL_1: Final = Level(1, FILE_NAME, FOLDER_NAME, _FLAGS | _SECTIONS)
"""Annex F. A file is one file section (10.1)."""
_LONG_FILE_NAME: Final = re.compile(r"[A-Z0-9_]{1,30}|(?!.{32})[A-Z0-9_]+\.[A-Z0-9_]+")
"""Name and extension have at most 30 characters together (7.5.1, 10.3)."""
LEVEL_3: Final = Level(3, _LONG_FILE_NAME, re.compile(r"[A-Z0-9_]{1,31}"), _FLAGS)
"""Annex P, which allows Levels 1 to 3."""


class Findings(list[str]):
    """Sentences for people; after the first 200 they are no longer counted."""

    def note(self, finding: str) -> None:
        """Add one, or say once that there are more."""
        if len(self) < _MOST_FINDINGS:
            self.append(finding)
        elif len(self) == _MOST_FINDINGS:
            self.append(f"there are more than {_MOST_FINDINGS} findings; the rest are left out")


def findings_of(path: Path, record: Record, end: int, level: Level) -> Iterator[str]:
    """Yield one sentence for each rule that `record` breaks on a medium of `end` bytes."""
    name = shown(path)
    yield from _spelling(path, record, level)
    if record.attributes:
        yield f"{name} has an extended attribute record"
    if record.interleaved:
        yield f"{name} is interleaved"
    if not record.both_orders:
        yield f"{name} differs between the two byte orders of its record"
    for bit, meaning in level.flags.items():
        if record.flags & bit:
            yield f"{name} {meaning}"
    if record.length and record.offset + record.length > end:
        yield f"{name} ends at byte {record.offset + record.length} and the medium at {end}"


def _spelling(path: Path, record: Record, level: Level) -> Iterator[str]:
    name, _, version = record.identifier.partition(";")
    if record.is_folder:
        if not level.folder_name.fullmatch(record.identifier):
            yield f"{shown(path)} is not a folder name of Level {level.number}"
        return
    if not level.file_name.fullmatch(name.removesuffix(".")):
        yield f"{shown(path)} is not a file name of Level {level.number}"
    if version != "1":
        yield f"{shown(path)} has version {version!r}, not 1"
    elif "." not in name:
        yield f"{shown(path)} is written without its dot"
