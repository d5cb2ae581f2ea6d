"""INDEX.HTM in the root: the entry to web content, and to each viewer on the medium."""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote

from burnish.contracts import Breach, MediumView

from burnish_rules_drg.sources import refused, warned

_INDEX: Final = ("INDEX.HTM",)
_LONGEST_INDEX: Final = 1 << 18
"""Bytes of an INDEX.HTM that is read; one of a full CD with a row for each series has some 30 KB."""
_LINK: Final = re.compile(rb"""(?i)\bhref\s{0,9}=\s{0,9}(?:"([^"]{0,1024})"|'([^']{0,1024})')""")
_PROGRAMS: Final = frozenset(("APP", "BAT", "CMD", "COM", "EXE", "JAR", "SH"))
"""Extensions of what may start a viewer."""

_Path = tuple[str, ...]


def check_web(view: MediumView, viewers: Iterable[_Path]) -> Iterator[Breach]:
    """Judge that INDEX.HTM is there where it must be, and leads to the viewers."""
    index = view.files.get(_INDEX)
    if index is None:
        if any(path[0] == "IHE_PDI" and len(path) > 1 for path in view.files):
            text = "it has web content in IHE_PDI, and no INDEX.HTM in the root"
            yield refused("index", "3.2.2.1", text)
        return
    page = index.whole(_LONGEST_INDEX)
    if page is None:
        return
    links = links_of(page)
    named = [path for path in viewers if path in view.files]
    for path in named:
        if _plain(path) not in links:
            yield refused("viewer", "3.3.2", "it starts a viewer, and INDEX.HTM does not lead to it", path)
    if not named:
        yield from _check_programs(view, links)


def links_of(page: bytes) -> frozenset[_Path]:
    """The files that a page in the root leads to, in lower case."""
    found = (match[1] or match[2] or b"" for match in _LINK.finditer(page))
    return frozenset(filter(None, map(_target, found)))


def _target(link: bytes) -> _Path:
    text = unquote(re.split(rb"[?#]", link)[0].decode("latin-1")).replace("\\", "/")
    return _plain(part for part in text.strip().split("/") if part not in ("", "."))


def _check_programs(view: MediumView, links: frozenset[_Path]) -> Iterator[Breach]:
    """Nobody has said which program is a viewer: of those of one directory the page should lead to one."""
    places: dict[str, list[_Path]] = {}
    for file in view.files.values():
        if file.extension in _PROGRAMS:
            places.setdefault(file.path[0] if len(file.path) > 1 else "", []).append(file.path)
    for programs in places.values():
        if links.isdisjoint(map(_plain, programs)):
            text = "it may start a viewer, and INDEX.HTM leads to no program beside it"
            yield warned("viewer", "3.3.2", text, programs[0])


def _plain(parts: Iterable[str]) -> _Path:
    """For comparing: links are in lower case (3.2.1.9), names on the medium in capitals."""
    return tuple(part.lower() for part in parts)
