"""The recipe of a whole archive: members behind their headers, in the tree's order, then the directory."""

import re
from collections.abc import Iterable
from typing import Final

from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Encoded, Entry, Extent, FileSpan, Literal, Recipe, Tree

from burnish_format_zip.aes import keys, salt_of
from burnish_format_zip.crc import of_entry
from burnish_format_zip.records import FULL_2, Member, dos, ending

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]|[. ]$')
"""What Windows has no names with; the rest every system can write."""
MARK: Final = "BURNISH "
"""Begins the comment of our archives, which says what volume they are."""


def lay_out(tree: Tree, facts: VolumeFacts, password: bytes = b"") -> Recipe:
    """With a password its members are enciphered. Raises LayoutError."""
    comment, made = _comment(facts), dos(facts.made)
    tree.folders()
    _check_names(tree.entries)
    sources = dict(tree.sources)
    extents: list[Extent] = []
    spans: list[FileSpan] = []
    members: list[Member] = []
    at = 0
    for entry in tree.entries:
        name = "/".join(entry.path).encode()
        member = Member(
            name, 0 if password else of_entry(entry, sources), entry.size, at, made, bool(password)
        )
        head = member.local()
        if password:
            salt = salt_of(facts, name)
            codec, check = keys(password, salt)
            extents += (Literal(head + salt + check), Encoded(codec, entry.content))
        else:
            extents += (Literal(head), *entry.content)
            spans.append(FileSpan(entry.path, at + len(head), entry.size))
        members.append(member)
        at += len(head) + member.taken
    directory = b"".join(member.central() for member in members)
    extents.append(Literal(directory + ending(len(members), len(directory), at, comment)))
    return Recipe(tuple(extents), tree.sources, tuple(spans))


def _comment(facts: VolumeFacts) -> bytes:
    facts.check()
    return f"{MARK}{facts.identifier} {facts.token} {facts.made:%Y%m%dT%H%M%S}".encode()


def _check_names(entries: Iterable[Entry]) -> None:
    for entry in entries:
        path, shown = entry.path, "/" + "/".join(entry.path)
        if not path or not all(path):
            raise LayoutError(f"{shown} has an empty name")
        for name in path:
            if _FORBIDDEN.search(name):
                raise LayoutError(f"{name!r} of {shown} is no name on every system")
        if not _encodable(shown):
            raise LayoutError(f"{shown!r} has no UTF-8 form")
        if len(shown.encode()) > FULL_2:
            raise LayoutError(f"{shown[:60]}… is longer than {FULL_2} bytes")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
