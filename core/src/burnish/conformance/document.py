"""What a statement is made of. Values are plain; how they look is for `render`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, each as long as `head`."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> "Table":
        """Cells by `str`. Raises ValueError where a row is not as long as the head."""
        cells = tuple(tuple(map(str, row)) for row in rows)
        if any(len(row) != len(head) for row in cells):
            raise ValueError(f"{caption}: a row is not as long as its head")
        return cls(caption, tuple(head), cells)


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a box of a diagram to one of the next column."""

    start: str
    end: str
    label: tuple[str, ...]
    """Lines."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes in columns, and arrows from each column to the next."""

    caption: str
    columns: tuple[tuple[str, ...], ...]
    """Boxes from the left to the right, each by its name; a name stands once."""
    arrows: tuple[Arrow, ...]
    round: tuple[str, ...] = ()
    """Boxes that are drawn round: application entities, as PS3.2 draws them."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the statement."""

    title: str
    item: str = ""
    """Which of PS3.4 S.4.2's demands it answers: C1 to C24; several with spaces between."""
    text: tuple[str, ...] = ()
    """Paragraphs."""
    tables: tuple[Table, ...] = ()
    parts: "tuple[Section, ...]" = ()
    diagrams: tuple[Diagram, ...] = ()

    def every(self, number: str = "") -> "Iterable[tuple[str, Section]]":
        """It and all below it, each with its number: "4.2.1"; empty for the document itself."""
        yield number, self
        for place, part in enumerate(self.parts, 1):
            yield from part.every(f"{number}.{place}".lstrip("."))


def tag(number: int) -> str:
    """A tag as PS3.6 writes it.

    >>> tag(0x22000008)
    '(2200,0008)'
    """
    return f"({number >> 16:04X},{number & 0xFFFF:04X})"


def code(number: int) -> str:
    """A status as PS3.7 writes it."""
    return f"{number:04X}H"


_LATER: Final = {
    "1.2.840.10008.5.1.4.1.1.66.7": "Label Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.66.8": "Height Map Segmentation Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.1": "Waveform Presentation State Storage",
    "1.2.840.10008.5.1.4.1.1.9.100.2": "Waveform Acquisition Presentation State Storage",
}
"""Of PS3.6 Table A-1, which pydicom 3.0's dictionary does not have yet."""


def uid_name(uid: str) -> str:
    """The name that PS3.6 gives a UID; the UID itself where it has none."""
    from pydicom.uid import UID

    return _LATER.get(uid) or UID(uid).name


def named(keyword: str) -> tuple[str, str]:
    """Tag and name of an attribute, as PS3.6 has them.

    >>> named("LabelText")
    ('(2200,0002)', 'Label Text')
    """
    from pydicom.datadict import dictionary_description, tag_for_keyword

    number = tag_for_keyword(keyword) or 0
    return tag(number), dictionary_description(number)
