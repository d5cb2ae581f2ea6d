"""What a name, a path and a volume's facts may be: PS3.12 Annex A, and the FAT specification for short names.

Shapes: a path is a tuple of components from the root; a short name is the 11 bytes of a directory entry.
"""

import re
from collections.abc import Iterable
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Entry

NAME: Final = re.compile(r"([A-Z0-9_]{1,8})(?:\.([A-Z0-9_]{1,3}))?")
"""A component of a File ID has no extension; files that are not DICOM may have one."""
IDENTIFIER: Final = re.compile(r"[A-Z0-9_]{0,16}")
TOKEN: Final = re.compile(r"[A-Z0-9]{1,120}")
_DEEPEST: Final = 64
"""Components; the FAT specification limits a path to 80 characters, which no reader asks for."""

Path = tuple[str, ...]


def shown(path: Path) -> str:
    """A path for people."""
    return "/" + "/".join(path)


def short_name(name: str) -> bytes:
    """A name as a directory entry has it. It must be one.

    >>> short_name("README.TXT"), short_name("DICOMDIR")
    (b'README  TXT', b'DICOMDIR   ')
    """
    base, _, extension = name.partition(".")
    return base.ljust(8).encode("ascii") + extension.ljust(3).encode("ascii")


def check_facts(facts: VolumeFacts) -> None:
    """Raise LayoutError where a volume cannot say this."""
    if not IDENTIFIER.fullmatch(facts.identifier):
        raise LayoutError(f"file-set ID {facts.identifier!r} is not 0 to 16 of A-Z 0-9 _")
    if not TOKEN.fullmatch(facts.token):
        raise LayoutError(f"volume token {facts.token!r} is not 1 to 120 of A-Z 0-9")
    if facts.made.utcoffset() is None:
        raise LayoutError("the time a volume was made needs its offset from UTC")


def folders(entries: Iterable[Entry]) -> list[Path]:
    """Check every entry's path and return the folders they need, parents first, in order.

    Raises LayoutError naming the first path that does not suit.
    """
    files: set[Path] = set()
    needed: set[Path] = set()
    for entry in entries:
        path = entry.path
        if path in files:
            raise LayoutError(f"{shown(path)} stands twice in the tree")
        files.add(path)
        if path[:-1] not in needed:
            needed.update(path[:depth] for depth in range(len(path)))
        if not path or len(path) > _DEEPEST:
            raise LayoutError(f"{shown(path)} has {len(path)} components; 1 to {_DEEPEST} may be")
        for name in path:
            if not NAME.fullmatch(name):
                raise LayoutError(f"{name!r} of {shown(path)} is no 8.3 name of A-Z 0-9 _")
    if both := files & needed:
        raise LayoutError(f"{shown(min(both))} is a file and a folder")
    return sorted(needed - {()})
