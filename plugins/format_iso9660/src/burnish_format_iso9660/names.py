"""What a name, a depth and a size may be: ECMA-119 (4th edition) 7.5, 7.6, 10.1 and PS3.12 Annexes F and P.

A bridge holds larger files than Level 1 does. Names and depths are Annex F's on both: every File ID of PS3.10
fits, and the trees of a bridge spell it alike.

Shapes: a path is a tuple of components without version; the root is level 1 of the directory hierarchy, so
eight components are seven directories and a file in the eighth level.
"""

import re
from collections.abc import Iterable
from typing import Final

from burnish.errors import LayoutError
from burnish.recipe import Tree

BLOCK: Final = 2048
"""Bytes of a logical block, here always a sector."""
LEVELS: Final = 8
"""Directory levels, the root being the first (Annex F)."""
FILE_LIMIT: Final = 2**32 - BLOCK
"""A file of Level 1 is smaller than this: it is one file section (10.1), whose length has 32 bits (9.1.4)."""
SECTION: Final = 2**32 - BLOCK
"""Bytes of every file section but the last where a file of Level 3 has several: whole blocks."""
VOLUME_LIMIT: Final = (2**32 - 1) * BLOCK
"""Bytes of a volume at most: it counts its blocks in 32 bits (8.4.8)."""
FOLDER_LIMIT: Final = 2**16 - 1
"""A path table numbers its folders in 16 bits (ECMA-119 9.4.4)."""
SET_PREFIX: Final = "BURNISH_"
"""Begins the Volume Set Identifier of our media; the volume's token follows."""
APPLICATION: Final = "BURNISH"
"""The Application Identifier of our media."""

FILE_NAME: Final = re.compile(r"[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?")
FOLDER_NAME: Final = re.compile(r"[A-Z0-9_]{1,8}")
IDENTIFIER: Final = re.compile(r"[A-Z0-9_]{0,16}")
TOKEN: Final = re.compile(r"[A-Z0-9]{1,120}")

Path = tuple[str, ...]


def identifier(name: str) -> bytes:
    """Return a file's name as Annex F writes it.

    >>> identifier("IM000001"), identifier("README.TXT")
    (b'IM000001.;1', b'README.TXT;1')
    """
    return f"{name}{'' if '.' in name else '.'};1".encode()


def joliet(name: str) -> bytes:
    """Return a file's or folder's name as Joliet writes it: UCS-2, big-endian, without version or last dot.

    >>> joliet("IM1")
    b'\\x00I\\x00M\\x001'
    """
    return name.encode("utf-16-be")


def shown(path: Path) -> str:
    """A path for people."""
    return "/" + "/".join(path)


def folders(tree: Tree, sizes: Iterable[int], limit: int) -> list[Path]:
    """Check every entry and its size, and return the folders they need, parents first, in order.

    Raises LayoutError naming the first path that does not suit; a size of `limit` bytes does not.
    """
    found: list[Path] = tree.folders()
    for entry, size in zip(tree.entries, sizes, strict=True):
        _check(entry.path, size, limit)
    for path in found:
        _check_folder(path)
    if len(found) >= FOLDER_LIMIT:
        raise LayoutError(f"{shown(max(found))} is one of more than {FOLDER_LIMIT - 1} folders")
    return found


def _check(path: Path, size: int, limit: int) -> None:
    if not path or not FILE_NAME.fullmatch(path[-1]):
        raise LayoutError(f"{shown(path)}: a file name is 1 to 8 of A-Z 0-9 _, with an extension of up to 3")
    if size >= limit:
        raise LayoutError(f"{shown(path)} has {size} bytes; a file here is below {limit}")


def _check_folder(path: Path) -> None:
    if not FOLDER_NAME.fullmatch(path[-1]):
        raise LayoutError(f"{shown(path)}: a folder name is 1 to 8 of A-Z 0-9 _")
    if len(path) >= LEVELS:
        raise LayoutError(f"{shown(path)} lies deeper than {LEVELS} levels, the root being the first")
