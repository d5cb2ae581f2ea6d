"""What a name, a path and a volume's facts may be: ECMA-167 4/8.6 and 4/14.4, UDF 2.1.1 and 2.3.4.

Shapes: a path is a tuple of components from the root.
"""

import re
import unicodedata
from typing import Final

from burnish.errors import LayoutError
from burnish.recipe import Tree

from burnish_format_udf.fields import compressed

NAME_LIMIT: Final = 255
"""Bytes of a file identifier with its compression code: its length is a number of 8 bits (4/14.4.4)."""
PATH_LIMIT: Final = 1023
"""Bytes of a resolved path (the table of limits at the head of UDF)."""
IDENTIFIER: Final = re.compile(r"[A-Z0-9_]{0,16}")
TOKEN_LENGTH: Final = 100

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


def folders(tree: Tree) -> list[Path]:
    """Check every path and return the folders that a tree needs, parents first, in order.

    Raises LayoutError naming the first path that does not suit.
    """
    found: list[Path] = tree.folders()
    for path in (*found, *(entry.path for entry in tree.entries)):
        _check_name(path)
    return found


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
