"""Web content of a PDI medium: the entry INDEX.HTM in the root, and all else in the directory IHE_PDI.

Its pages are XHTML and its pictures JPEG. What a file is its extension says, and its first bytes must agree;
they are looked at as far as they are at hand.
"""

from collections.abc import Iterator
from typing import Final

from burnish.contracts import Breach, FileKind, FileView, MediumView

from burnish_rules_ihe_pdi.sources import (
    PRACTICE,
    SLIDES_IDENTIFICATION,
    SLIDES_WEB,
    mesa,
    refused,
    warned,
)

_WEB: Final = "IHE_PDI"
_PAGES: Final = frozenset(("HTM", "XHT"))
_PICTURES: Final = frozenset(("JPG",))
_TOLERATED: Final = frozenset(("CSS", "GIF", "ICO", "JS", "PNG", "SVG"))
"""Seen on such media, and neither XHTML nor JPEG."""
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""Byte order marks."""
_BEGINNING: Final = 256
"""Bytes that are looked at to see what a file is."""


def check_web(view: MediumView) -> Iterator[Breach]:
    """Judge what is in IHE_PDI, and that it has its entry."""
    index = ("INDEX.HTM",) in view.files
    web = has_web(view)
    if (_WEB,) in view.files:
        yield refused("web-directory", mesa(10), "it is a file, and must be a directory", (_WEB,))
    if web and not index:
        text = "it has web content in IHE_PDI, and no INDEX.HTM in the root"
        yield refused("index", mesa(11), text)
    if index and not web:
        text = "it stands in the root, and there is no web content in IHE_PDI"
        yield warned("index", PRACTICE, text, ("INDEX.HTM",))
    for file in view.files.values():
        if file.path[0] == _WEB and len(file.path) > 1:
            yield from _check_file(file)


def check_label(view: MediumView) -> Iterator[Breach]:
    """Demand that a label says which kind of content there is, where the label is known."""
    kind = "DICOM PLUS WEB" if has_web(view) else "DICOM ONLY"
    if view.label is not None and kind not in view.label.upper():
        yield warned("label", SLIDES_IDENTIFICATION, f"its label does not say {kind}")


def has_web(view: MediumView) -> bool:
    """Whether there is web content."""
    return any(path[0] == _WEB and len(path) > 1 for path in view.files)


def _check_file(file: FileView) -> Iterator[Breach]:
    extension = file.extension
    if file.kind is FileKind.INSTANCE:
        yield refused("web-dicom", mesa(13), "it is a DICOM file in IHE_PDI", file.path)
    elif extension in _TOLERATED:
        text = "it is neither XHTML nor JPEG, to which web content is restricted"
        yield warned("web-content", SLIDES_WEB, text, file.path)
    elif extension not in _PAGES | _PICTURES:
        yield refused("web-content", SLIDES_WEB, "it is no web content, and stands in IHE_PDI", file.path)
    elif not _agrees(extension, file.read(_BEGINNING)):
        text = f"it is named {extension}, and does not begin like one"
        yield refused("web-content", SLIDES_WEB, text, file.path)


def _agrees(extension: str, start: bytes) -> bool:
    if not start:
        return True  # empty, or not at hand
    if extension in _PICTURES:
        return start.startswith(b"\xff\xd8\xff")
    for mark in _MARKS:
        start = start.removeprefix(mark)
    return start.lstrip(b" \t\r\n\0").startswith(b"<")
