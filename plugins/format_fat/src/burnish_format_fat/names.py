"""What a name, a path and a volume's facts may be: PS3.12 Annex A, and the FAT specification for short names.

Shapes: a path is a tuple of components from the root; a short name is the 11 bytes of a directory entry.
"""

import re
from collections.abc import Iterable
from typing import Final

from burnish.errors import LayoutError
from burnish.recipe import Entry

NAME: Final = re.compile(r"([A-Z0-9_]{1,8})(?:\.([A-Z0-9_]{1,3}))?")
"""A component of a File ID has no extension; files that are not DICOM may have one."""
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


def check_names(entries: Iterable[Entry]) -> None:
    """Raise LayoutError naming the first path that does not suit."""
    for entry in entries:
        path = entry.path
        if not path or len(path) > _DEEPEST:
            raise LayoutError(f"{shown(path)} has {len(path)} components; 1 to {_DEEPEST} may be")
        for name in path:
            if not NAME.fullmatch(name):
                raise LayoutError(f"{name!r} of {shown(path)} is no 8.3 name of A-Z 0-9 _")
