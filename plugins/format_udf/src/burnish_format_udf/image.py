"""From a tree to a recipe: where everything of a volume lies.

    0      system area                        ECMA-167 3/8.1.2.1
    16     volume recognition sequence        2/9
    32     volume descriptor sequence         3/8.4.2
    48     logical volume integrity sequence  3/8.8.2
    256    anchor
    288    partition: structures and data, as `_plain` and `_doubled` have it
           reserve volume descriptor sequence, far from the first
    end    anchor, in the last block of a whole cluster

Units: blocks of 2 048 bytes. In the partition they count from its start.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Entry, Extent, FileSpan, Literal, Recipe, Tree, Zeros

from burnish_format_udf.descriptors import (
    ALIGNMENT,
    ANCHOR,
    INTEGRITY_BLOCKS,
    SEQUENCE_BLOCKS,
    Metadata,
    Volume,
    recognition,
)
from burnish_format_udf.entries import METADATA_TYPE, MIRROR_TYPE, SHORT, Entries, short_extents
from burnish_format_udf.fields import BLOCK
from burnish_format_udf.fileset import FileSet, zeros
from burnish_format_udf.names import TOKEN_LENGTH, folders
from burnish_format_udf.revisions import Revision

_RECOGNITION: Final = 16
_SEQUENCE: Final = 32
_INTEGRITY: Final = _SEQUENCE + SEQUENCE_BLOCKS
_PARTITION: Final = 288
"""A multiple of the alignment, so that whole clusters are whole in the partition too (UDF 2.2.14)."""
_MOST_BLOCKS: Final = 2**32 - 1
_CLUSTER_LIMIT: Final = 2**30 - ALIGNMENT * BLOCK
"""Bytes of an extent of a metadata file: whole clusters (UDF 2.2.13.1)."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """A partition: what stands in it, and how long it is."""

    extents: Sequence[Extent]
    volume: Volume


def lay_out(tree: Tree, facts: VolumeFacts, revision: Revision) -> Recipe:
    """Lay `tree` out. Raises LayoutError."""
    facts.check(TOKEN_LENGTH)
    sized = [(entry.path, entry.size) for entry in tree.entries]
    file_set = FileSet(folders(tree), sized, revision, facts)
    inside = (_doubled if revision.metadata else _plain)(file_set, tree, facts)
    volume = inside.volume
    tail = _PARTITION + volume.blocks
    last = _up(tail + SEQUENCE_BLOCKS + 1) - 1
    if last > _MOST_BLOCKS:
        raise LayoutError(f"the volume would have {last + 1} blocks; {_MOST_BLOCKS} is the most")
    extents = (
        Zeros(_RECOGNITION * BLOCK),
        Literal(recognition(revision).ljust((_SEQUENCE - _RECOGNITION) * BLOCK, b"\0")),
        Literal(volume.sequence(_SEQUENCE)),
        Literal(volume.integrity_sequence()),
        Zeros((ANCHOR - _INTEGRITY - INTEGRITY_BLOCKS) * BLOCK),
        Literal(volume.anchor(ANCHOR, _SEQUENCE, tail)),
        Zeros((_PARTITION - ANCHOR - 1) * BLOCK),
        *inside.extents,
        Literal(volume.sequence(tail).ljust((last - tail) * BLOCK, b"\0")),
        Literal(volume.anchor(last, _SEQUENCE, tail)),
    )
    return Recipe(extents, tree.sources, tuple(_spans(tree.entries, file_set)))


def _plain(file_set: FileSet, tree: Tree, facts: VolumeFacts) -> _Inside:
    """Structures, then data."""
    end = file_set.place_data(file_set.place(0))
    volume = _volume(file_set, facts, end)
    extents = (*file_set.extents(volume.file_set_sequence(file_set.root)), *_data(tree.entries))
    return _Inside(extents, volume)


def _doubled(file_set: FileSet, tree: Tree, facts: VolumeFacts) -> _Inside:
    """The metadata file's entry, the metadata, the data, the metadata again, the mirror file's entry.

    Each metadata file has whole clusters that begin where a cluster does (UDF 2.2.10, 2.2.13).
    """
    used = file_set.place(0)
    size, main = _up(used), ALIGNMENT
    data_end = file_set.place_data(main + size)
    mirror = _up(data_end)
    metadata = Metadata(main=0, mirror=mirror + size)
    volume = _volume(file_set, facts, metadata.mirror + 1, metadata, size)
    structures = (
        *file_set.extents(volume.file_set_sequence(file_set.root)),
        *_gap(size - used),
    )
    entries = Entries(file_set.revision, facts.made)
    extents = (
        *_metadata_file(entries, METADATA_TYPE, metadata.main, main, size),
        *_gap(main - 1),
        *structures,
        *_data(tree.entries),
        *_gap(mirror - data_end),
        *structures,
        *_metadata_file(entries, MIRROR_TYPE, metadata.mirror, mirror, size),
    )
    return _Inside(extents, volume)


def _metadata_file(entries: Entries, kind: int, at: int, first: int, blocks: int) -> tuple[Extent, ...]:
    extents = short_extents(first, blocks * BLOCK, _CLUSTER_LIMIT)
    written = entries.write(at, kind, blocks * BLOCK, extents, SHORT, links=0)
    return (Literal(written.ljust(BLOCK, b"\0")),)


def _volume(
    file_set: FileSet, facts: VolumeFacts, blocks: int, metadata: Metadata | None = None, size: int = 0
) -> Volume:
    return Volume(
        revision=file_set.revision,
        facts=facts,
        start=_PARTITION,
        blocks=blocks,
        file_set=0,
        integrity=_INTEGRITY,
        files=len(file_set.files),
        folders=len(file_set.folders),
        metadata=metadata,
        metadata_blocks=size,
    )


def _up(blocks: int) -> int:
    """Whole clusters."""
    return -(-blocks // ALIGNMENT) * ALIGNMENT


def _gap(blocks: int) -> tuple[Extent, ...]:
    return (Zeros(blocks * BLOCK),) if blocks else ()


def _data(entries: Sequence[Entry]) -> Iterator[Extent]:
    """The content of every file, each up to the end of its last block."""
    for entry in entries:
        yield from (extent for extent in entry.content if extent.length)
        if rest := -entry.size % BLOCK:
            yield zeros(rest)


def _spans(entries: Sequence[Entry], file_set: FileSet) -> Iterator[FileSpan]:
    for entry, file in zip(entries, file_set.files, strict=True):
        yield FileSpan(entry.path, (_PARTITION + file.data) * BLOCK if file.length else 0, file.length)
