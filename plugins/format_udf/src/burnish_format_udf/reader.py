"""Reads a UDF volume of anybody's making, hostile ones too, within bounds.

What cannot be followed safely raises UnreadableMedium: a loop of folders, a directory beyond the end, damaged
structures without a copy, names that would leave their folder. What only breaks a rule is a finding.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from burnish.contracts import Contents, FileOnMedium
from burnish.errors import UnreadableMedium

from burnish_format_udf.descriptors import SET_MARK
from burnish_format_udf.entries import FILE_TYPE, FOLDER_TYPE
from burnish_format_udf.fields import LONG_AD
from burnish_format_udf.medium import Medium
from burnish_format_udf.names import IDENTIFIER, Path, is_name, shown
from burnish_format_udf.records import FOLDER, HIDDEN, Address, FileEntry, Recorded, Shelf, identifiers
from burnish_format_udf.revisions import ANY
from burnish_format_udf.volume import Volume, find

_FILE_SET: Final = 256
_FILE_TYPES: Final = (0, FILE_TYPE)
"""Unspecified, which many writers use, and a sequence of bytes (4/14.6.6)."""
_SYMBOLIC_LINK: Final = 12
_READ_BY_ALL: Final = 0x1084
_DEEPEST: Final = 64
_MOST_ENTRIES: Final = 1 << 20
_MOST_EXTENTS: Final = 1 << 21
_MOST_FINDINGS: Final = 200
_SET: Final = re.compile(rf"[0-9A-F]{{16}}{SET_MARK}([A-Z0-9]{{1,100}})")


def read(medium: BinaryIO, revisions: range = ANY) -> Contents:
    """List a volume's files. Raises UnreadableMedium, also where it is of none of these revisions."""
    try:
        return _read(Medium(medium, medium.seek(0, 2)), revisions)
    except OSError as error:
        raise UnreadableMedium(f"the medium cannot be read: {error}") from error


def _read(medium: Medium, revisions: range) -> Contents:
    findings = _Findings()
    volume = find(medium, findings.note)
    if volume.revision not in revisions:
        raise UnreadableMedium(f"it is UDF {volume.revision >> 8:X}.{volume.revision & 0xFF:02X}")
    if not IDENTIFIER.fullmatch(volume.identifier):
        findings.note(f"volume identifier {volume.identifier!r} is not 0 to 16 of A-Z 0-9 _")
    files = _files(volume, findings)
    return Contents(volume.identifier, _token(volume), tuple(files), tuple(findings.found))


def _files(volume: Volume, findings: "_Findings") -> list[FileOnMedium]:
    """All files; from the mirror of the metadata where the metadata is damaged."""
    walk = _Walk(volume)
    try:
        walk.run()
    except UnreadableMedium as error:
        if volume.mirrored is None:
            raise
        findings.note(f"the metadata is damaged ({error}); its mirror was read")
        walk = _Walk(volume.by_the_mirror())
        walk.run()
    for finding in walk.findings.found:
        findings.note(finding)
    return walk.files


def _token(volume: Volume) -> str:
    match = _SET.fullmatch(volume.volume_set)
    return match[1] if match and volume.ours else ""


@dataclass
class _Findings:
    found: list[str] = field(default_factory=list)

    def note(self, finding: str) -> None:
        """Keep a finding, up to a bound."""
        if len(self.found) < _MOST_FINDINGS:
            self.found.append(finding)
        elif len(self.found) == _MOST_FINDINGS:
            self.found.append(f"there are more than {_MOST_FINDINGS} findings; the rest are left out")


class _Walk:
    """From the root through all folders, parents first."""

    def __init__(self, volume: Volume) -> None:
        self.files: list[FileOnMedium] = []
        self.findings = _Findings()
        self._shelf: Shelf = volume.shelf
        self._file_set = volume.file_set
        self._seen: set[Address] = set()
        self._entries = 0
        self._left = volume.shelf.medium.end
        """Bytes of directories that may still be read: no honest tree has more than its medium."""

    def run(self) -> None:
        """Fill `files`. Raises UnreadableMedium."""
        _, file_set = self._shelf.block(self._file_set, (_FILE_SET,))
        _, block, reference, _ = LONG_AD.unpack_from(file_set, 400)
        root = self._shelf.entry((reference, block))
        if root.kind != FOLDER_TYPE:
            raise UnreadableMedium("the root is not a folder")
        waiting: list[tuple[Path, FileEntry]] = [((), root)]
        while waiting:
            path, folder = waiting.pop()
            waiting += reversed(list(self._folder(path, folder)))

    def _folder(self, path: Path, folder: FileEntry) -> Iterator[tuple[Path, FileEntry]]:
        """Take up a folder's files; its folders come back."""
        for listed in identifiers(self._directory(path, folder)):
            self._count(path)
            if not is_name(listed.name):
                raise UnreadableMedium(f"{shown(path)} holds {listed.name!r}, which is no name of a file")
            below = (*path, listed.name)
            entry = self._shelf.entry(listed.icb)
            self._judge(below, entry, listed.characteristics)
            if entry.kind == FOLDER_TYPE:
                yield below, entry
            elif entry.kind in _FILE_TYPES:
                self._file(below, entry)

    def _judge(self, path: Path, entry: FileEntry, characteristics: int) -> None:
        note, name = self.findings.note, shown(path)
        if characteristics & HIDDEN:
            note(f"{name} is hidden")
        if bool(characteristics & FOLDER) != (entry.kind == FOLDER_TYPE):
            note(f"{name} is a folder by its identifier or by its file entry, but not by both")
        if entry.permissions & _READ_BY_ALL != _READ_BY_ALL:
            note(f"{name} may not be read by everybody")
        if entry.kind == _SYMBOLIC_LINK:
            note(f"{name} is a symbolic link, which is not followed")
        elif entry.kind not in (FOLDER_TYPE, *_FILE_TYPES):
            note(f"{name} has the file type {entry.kind}")

    def _file(self, path: Path, entry: FileEntry) -> None:
        name = shown(path)
        try:
            recorded = self._shelf.recorded(entry)
        except UnreadableMedium as error:
            self.findings.note(f"{name}: {error}")
            recorded = Recorded([], 0)
        if recorded.missing:
            self.findings.note(f"{name} has {recorded.missing} bytes that are not recorded")
        if any(offset + length > self._shelf.medium.end for offset, length in recorded.stretches):
            self.findings.note(f"{name} ends beyond the end of the medium")
        if self._shelf.work > _MOST_EXTENTS:
            raise UnreadableMedium(f"there are more than {_MOST_EXTENTS} extents")
        self.files.append(FileOnMedium(path, tuple(recorded.stretches)))

    def _directory(self, path: Path, folder: FileEntry) -> bytes:
        """A folder's identifiers."""
        name = shown(path)
        if len(path) >= _DEEPEST:
            raise UnreadableMedium(f"{name} lies {_DEEPEST} levels deep")
        if folder.address in self._seen:
            raise UnreadableMedium(f"{name} leads back to a folder that was read already")
        self._seen.add(folder.address)
        self._left -= folder.length
        if self._left < 0:
            raise UnreadableMedium(f"{name} says {folder.length} bytes, more than the medium can hold")
        recorded = self._shelf.recorded(folder)
        if recorded.missing:
            raise UnreadableMedium(f"{recorded.missing} bytes of {name} are not recorded")
        return b"".join(self._shelf.medium.take(*stretch) for stretch in recorded.stretches)

    def _count(self, path: Path) -> None:
        self._entries += 1
        if self._entries > _MOST_ENTRIES:
            raise UnreadableMedium(f"{shown(path)} is one of more than {_MOST_ENTRIES} names")
