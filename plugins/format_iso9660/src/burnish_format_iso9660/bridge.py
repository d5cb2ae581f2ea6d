"""A bridge: ISO 9660 and UDF 1.02 in one image; each file stands once and both name it (PS3.12 Annex P).

    0      system area
    16     ISO 9660 volume descriptors, then UDF's volume recognition sequence
    32     UDF volume descriptors
    256    UDF anchor
    257    UDF partition: path tables and directories of ISO 9660, structures of UDF, data of the files
    end    UDF anchor, in the last sector of an ECC block

Units: sectors of 2 048 bytes, which are the blocks of both. A DVD is written in ECC blocks of 16 sectors; the
image fills the last one, so that no drive has to pad it and the second anchor stays in the last sector.
Between what UDF knows and that anchor are zeros alone: 7z searches for it, and stops at anything else.
"""

from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.recipe import Extent, Literal, Recipe, Tree, Zeros
from burnish_format_udf.bridge import PARTITION, RECOGNITION, Piece
from burnish_format_udf.bridge import Bridge as UdfHalf

from burnish_format_iso9660.image import Directories, check_sectors, data, make_plan, place, spans
from burnish_format_iso9660.names import BLOCK, VOLUME_LIMIT
from burnish_format_iso9660.volume import SYSTEM_AREA

_ECC_BLOCK: Final = 16
"""Sectors of a DVD that are written together (ECMA-267 clause 19)."""


def lay_out(tree: Tree, facts: VolumeFacts, *, joliet: bool) -> Recipe:
    """Lay `tree` out. Raises LayoutError."""
    facts.check()
    plan = make_plan(tree, VOLUME_LIMIT)
    directories, udf = Directories(plan, facts, joliet), UdfHalf(tree, facts)
    structures = directories.place(PARTITION)
    places, end = place(plan.sizes, structures + udf.blocks)
    sectors = -(-(end + 1) // _ECC_BLOCK) * _ECC_BLOCK
    check_sectors(sectors)
    directories.place_files(places)
    descriptors, files = directories.descriptors(sectors) + RECOGNITION, tuple(data(tree.entries, plan.sizes))
    pieces = {
        SYSTEM_AREA: Piece((Literal(descriptors),), len(descriptors) // BLOCK),
        PARTITION: Piece((Literal(directories.record()),), structures - PARTITION),
        structures + udf.blocks: Piece(files, end - structures - udf.blocks),
        **udf.pieces(structures, places, sectors - 1),
    }
    return Recipe(tuple(_in_order(pieces)), tree.sources, tuple(spans(plan, places)))


def _in_order(pieces: Mapping[int, Piece]) -> Iterator[Extent]:
    """What stands from each sector on, and zeros between."""
    at = 0
    for sector, piece in sorted(pieces.items(), key=itemgetter(0)):
        if sector > at:
            yield Zeros((sector - at) * BLOCK)
        yield from piece.extents
        at = sector + piece.blocks
