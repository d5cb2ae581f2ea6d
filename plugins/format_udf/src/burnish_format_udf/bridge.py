"""UDF 1.02 over files that another file system placed: the second half of a bridge disc.

Whoever lays out the other half asks for a `Bridge`, learns how many sectors its structures take, finds room
for them, and gets back what is to be written where. The other half may stand wherever this one does not:

    16 on        its descriptors, then the three sectors of RECOGNITION
    32 to 67     volume descriptors, their reserve, the integrity sequence    (this half)
    256          anchor                                                       (this half)
    257 on       the partition: `at` is the first block of this half's structures, `blocks` how many they are;
                 all files' data lies in it too
    last         anchor                                                       (this half)

Units: sectors of 2 048 bytes from the start of the image.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Extent, Literal, Tree

from burnish_format_udf.descriptors import ANCHOR, SEQUENCE_BLOCKS, Volume, recognition
from burnish_format_udf.fields import BLOCK
from burnish_format_udf.fileset import FileSet
from burnish_format_udf.names import TOKEN_LENGTH, folders
from burnish_format_udf.revisions import REVISIONS

_MAIN: Final = 32
_RESERVE: Final = _MAIN + SEQUENCE_BLOCKS
_INTEGRITY: Final = _RESERVE + SEQUENCE_BLOCKS
PARTITION: Final = ANCHOR + 1
"""The first sector that a file's data, or the structures, may have."""
RECOGNITION: Final = recognition(REVISIONS["1.02"])
"""Three sectors, to stand right behind the other file system's descriptors (ECMA-167 2/9.1.2)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands from one sector on."""

    extents: Sequence[Extent]
    blocks: int


class Bridge:
    """The UDF half of a volume."""

    def __init__(self, tree: Tree, facts: VolumeFacts) -> None:
        """Raises LayoutError for names that UDF does not hold, and for a path that stands twice."""
        facts.check(TOKEN_LENGTH)
        sized = [(entry.path, entry.size) for entry in tree.entries]
        self._facts = facts
        self._files = FileSet(folders(tree), sized, REVISIONS["1.02"], facts)
        self.blocks = self._files.place(0)
        """Sectors that its structures take."""

    def pieces(self, at: int, placed: Sequence[int], last: int) -> Mapping[int, Piece]:
        """What stands where, by first sector; RECOGNITION besides.

        `at`: the first of the sectors that were found for the structures. `placed`: the first sector of every
        file, in the order of the entries; it does not matter for an empty one. `last`: the volume's last
        sector, which is ours. Raises LayoutError where something lies outside of the partition.
        """
        for file, sector in zip(self._files.files, placed, strict=True):
            file.data = sector - PARTITION if file.length else 0
            if file.length and not PARTITION <= sector < last:
                raise LayoutError(f"a file at sector {sector} is not between {PARTITION} and {last}")
        if not PARTITION <= at <= last - self.blocks:
            raise LayoutError(f"structures at sector {at} are not between {PARTITION} and {last}")
        self._files.place(at - PARTITION)
        volume = self._volume(at, last)
        return {
            _MAIN: _piece(volume.sequence(_MAIN)),
            _RESERVE: _piece(volume.sequence(_RESERVE)),
            _INTEGRITY: _piece(volume.integrity_sequence()),
            ANCHOR: _piece(volume.anchor(ANCHOR, _MAIN, _RESERVE)),
            at: Piece(self._files.extents(volume.file_set_sequence(self._files.root)), self.blocks),
            last: _piece(volume.anchor(last, _MAIN, _RESERVE)),
        }

    def _volume(self, at: int, last: int) -> Volume:
        return Volume(
            revision=self._files.revision,
            facts=self._facts,
            start=PARTITION,
            blocks=last - PARTITION,
            file_set=at - PARTITION,
            integrity=_INTEGRITY,
            files=len(self._files.files),
            folders=len(self._files.folders),
        )


def _piece(data: bytes) -> Piece:
    return Piece((Literal(data),), len(data) // BLOCK)
