"""What a rule set sees: the same view of a tree that is about to be made and of a medium that was read."""

from collections.abc import Collection
from functools import partial
from io import BytesIO
from itertools import takewhile

from burnish.contracts import DirectoryView, FileKind, FileView, MediumFacts, MediumView, RecordView
from burnish.fileset.content import is_dicom
from burnish.fileset.elements import Broken, has_prefix
from burnish.fileset.reading import FilePath, Medium, OnMedium
from burnish.fileset.walk import (
    PATIENT_ID,
    REFERENCED_INSTANCE,
    SERIES_UID,
    STUDY_UID,
    Directory,
    Record,
    read_directory,
)
from burnish.recipe import Entry, Literal, Tree

_DICOMDIR = ("DICOMDIR",)
_PREFIX = 132
"""Bytes that show what a file is."""


def view_of_tree(tree: Tree, instances: Collection[FilePath], facts: MediumFacts) -> MediumView:
    """A tree before it is laid out; `instances` are the paths of DICOM files."""
    files = {entry.path: _entry_view(entry, instances) for entry in tree.entries}
    directory = files.get(_DICOMDIR)
    data = directory.read(directory.size) if directory else b""
    return MediumView(facts, files, _read(data))


def view_of_medium(medium: Medium, directory: Directory, facts: MediumFacts) -> MediumView:
    """A medium that is open, and its directory, without data where there is none that can be read."""
    files = {path: _file_view(file) for path, file in medium.files.items()}
    return MediumView(facts, files, _directory_view(directory) if directory.data else None)


def _entry_view(entry: Entry, instances: Collection[FilePath]) -> FileView:
    read = partial(_read_entry, entry)
    dicom = entry.path in instances or has_prefix(read(_PREFIX))
    return FileView(entry.path, entry.size, _kind(entry.path, dicom), read)


def _read_entry(entry: Entry, most: int) -> bytes:
    """Its first bytes, up to where those of a source begin."""
    made = takewhile(lambda extent: isinstance(extent, Literal), entry.content)
    data = BytesIO()
    for extent in made:
        if isinstance(extent, Literal) and data.tell() < most:
            data.write(extent.data[: most - data.tell()])
    return data.getvalue()


def _file_view(file: OnMedium) -> FileView:
    return FileView(file.path, file.size, _kind(file.path, is_dicom(file)), partial(_read_file, file))


def _read_file(file: OnMedium, most: int) -> bytes:
    """Its first bytes; none where they cannot be read."""
    try:
        with file.open() as stream:
            return stream.read(max(0, min(most, file.size)))
    except OSError:
        return b""


def _kind(path: FilePath, dicom: bool) -> FileKind:
    if path == _DICOMDIR:
        return FileKind.DIRECTORY
    return FileKind.INSTANCE if dicom else FileKind.OTHER


def _read(data: bytes) -> DirectoryView | None:
    try:
        return _directory_view(read_directory(data, lambda clause, text: None))
    except Broken:
        return None


def _directory_view(directory: Directory) -> DirectoryView:
    reached = {one.record.at for one in directory.reached}
    records = [_record_view(record, record.at in reached) for record in directory.records]
    return DirectoryView(directory.tags, records)


def _record_view(record: Record, reached: bool) -> RecordView:
    return RecordView(
        at=record.at,
        type=record.type,
        reached=reached,
        tags=record.present | record.within if record.within else record.present,
        file_id=record.file_id,
        patient_id=record.text(PATIENT_ID),
        study=record.text(STUDY_UID),
        series=record.text(SERIES_UID),
        instance=record.text(REFERENCED_INSTANCE),
    )
