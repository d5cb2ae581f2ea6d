"""What a name, a path and a volume's facts may be: ECMA-167 4/8.6 and 4/14.4, UDF 2.1.1 and 2.3.4.

Shapes: a path is a tuple of components from the root.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Entry

from burnish_format_udf.fields import compressed

NAME_LIMIT: Final = 255
"""Bytes of a file identifier with its compression code: its length is a number of 8 bits (4/14.4.4)."""
PATH_LIMIT: Final = 1023
"""Bytes of a resolved path (the table of limits at the head of UDF)."""
IDENTIFIER: Final = re.compile(r"[A-Z0-9_]{0,16}")
TOKEN: Final = re.compile(r"[A-Z0-9]{1,100}")

Path = tuple[str, ...]


def shown(path: Path) -> str:
    """A path for people."""
    return "/" + "/".join(path)


def is_name(name: str) -> bool:
    """Whether a name stays in its folder and can be shown.

    >>> is_name("IM000001"), is_name(".."), is_name("A/B")
    (True, False, False)
    """
    return name not in {"", ".", ".."} and not any(_is_barred(character) for character in name)


def _is_barred(character: str) -> bool:
    return character in "/\\" or unicodedata.category(character) in {"Cc", "Cs"}


def check_facts(facts: VolumeFacts) -> None:
    """Raise LayoutError where a volume's descriptors cannot say this."""
    if not IDENTIFIER.fullmatch(facts.identifier):
        raise LayoutError(f"file-set ID {facts.identifier!r} is not 0 to 16 of A-Z 0-9 _")
    if not TOKEN.fullmatch(facts.token):
        raise LayoutError(f"volume token {facts.token!r} is not 1 to 100 of A-Z 0-9")
    if facts.made.utcoffset() is None:
        raise LayoutError("the time a volume was made needs its offset from UTC")


def folders(entries: Iterable[Entry]) -> list[Path]:
    """Check every entry's path and return the folders they need, parents first, in order.

    Raises LayoutError naming the first path that does not suit.
    """
    files: set[Path] = set()
    found: set[Path] = {()}
    for entry in entries:
        path = entry.path
        if path in files:
            raise LayoutError(f"{shown(path)} stands twice in the tree")
        files.add(path)
        _check_name(path)
        if path[:-1] not in found:
            for depth in range(1, len(path)):
                _check_name(path[:depth])
                found.add(path[:depth])
    if both := files & found:
        raise LayoutError(f"{shown(min(both))} is both a file and a folder")
    return sorted(found - {()}, key=lambda path: (len(path), path))


def _check_name(path: Path) -> None:
    """Check the last component, and the path's length."""
    name = path[-1] if path else ""
    if not is_name(name):
        raise LayoutError(
            f"{shown(path)}: a name is not empty, . or .., and has no / \\ or control characters"
        )
    if not name.isascii() and any(ord(character) >= 0xFFFE for character in name):
        raise LayoutError(f"{shown(path)}: a name has no characters beyond the basic multilingual plane")
    if len(compressed(name)) > NAME_LIMIT:
        raise LayoutError(f"{shown(path)}: a name has at most 254 characters, 127 where not all are Latin-1")
    if _path_length(path) > PATH_LIMIT:
        raise LayoutError(f"{shown(path)} is longer than {PATH_LIMIT} bytes")


def _path_length(path: Path) -> int:
    """Bytes of a path, each component with its separator."""
    return sum(len(compressed(part)) for part in path)
