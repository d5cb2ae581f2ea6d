"""A diagram as SVG, laid out by its columns; as Mermaid where Markdown is read."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from burnish.conformance.document import Arrow, Diagram
from burnish.markup import xml_text

_BOX = 168
_GAP = 168
_LINE = 16
_SPACE = 28
_EDGE = 12
_LETTERS = 24
"""Letters of a line in a box, at 12 points."""


_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
 aria-label="{label}" font-family="Noto Sans, Arial, sans-serif" font-size="12">
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">
<path d="M0 0 L10 5 L0 10 z" fill="#3c5a66"/></marker></defs>"""


def as_svg(diagram: Diagram) -> str:
    """Drawn; every text of it is text."""
    boxes = dict(_boxes(diagram))
    width = len(diagram.columns) * (_BOX + _GAP) - _GAP + 2 * _EDGE
    height = max((box.top + box.room for box in boxes.values()), default=0) + _EDGE
    parts = [_HEAD.format(width=width, height=height, label=xml_text(diagram.caption))]
    crowd = _crowd(diagram)
    for arrow in diagram.arrows:
        beside = boxes[_outer(arrow, crowd)]
        parts += _arrow(boxes[arrow.start], boxes[arrow.end], beside, arrow)
    for name, box in boxes.items():
        parts += box.drawn(name in diagram.round)
    return "\n".join([*parts, "</svg>"])


class _Box:
    """One, and the room beside it that the words of its arrows take."""

    def __init__(self, name: str, words: int) -> None:
        self.lines = wrap(name, _LETTERS) or [""]
        self.height = _LINE * len(self.lines) + 20
        self.room = max(self.height, _LINE * words + 8)
        self.left = self.top = 0

    @property
    def middle(self) -> int:
        return self.top + self.room // 2

    def drawn(self, is_round: bool) -> Iterator[str]:
        radius = self.height // 2 if is_round else 3
        top = self.middle - self.height // 2
        yield (
            f'<rect x="{self.left}" y="{top}" width="{_BOX}" height="{self.height}" rx="{radius}"'
            f' fill="{"#dcebf0" if is_round else "#f6f7f7"}" stroke="#3c5a66"/>'
        )
        yield from _text(self.lines, self.left + _BOX // 2, self.middle)


def _boxes(diagram: Diagram) -> Iterator[tuple[str, _Box]]:
    """Each column is centred beside the tallest. A box has room for the words that stand beside it."""
    crowd = _crowd(diagram)
    words = {_outer(arrow, crowd): len(_words(arrow)) for arrow in diagram.arrows}
    drafts = [[_Box(name, words.get(name, 0)) for name in column] for column in diagram.columns]
    heights = [sum(box.room + _SPACE for box in column) - _SPACE for column in drafts]
    for place, column in enumerate(diagram.columns):
        top = _EDGE + (max(heights) - heights[place]) // 2
        for name, box in zip(column, drafts[place], strict=True):
            box.left, box.top = _EDGE + place * (_BOX + _GAP), top
            top += box.room + _SPACE
            yield name, box


def _crowd(diagram: Diagram) -> dict[str, int]:
    """How many boxes stand in the column of each."""
    return {name: len(column) for column in diagram.columns for name in column}


def _outer(arrow: Arrow, crowd: Mapping[str, int]) -> str:
    """The end of an arrow where fewer arrows meet: its words stand there."""
    return arrow.start if crowd[arrow.start] >= crowd[arrow.end] else arrow.end


def _words(arrow: Arrow) -> list[str]:
    return [line for text in arrow.label for line in wrap(text, _LETTERS)]


def _arrow(start: _Box, end: _Box, beside: _Box, arrow: Arrow) -> Iterator[str]:
    left, right = start.left + _BOX, end.left
    yield (
        f'<path d="M{left} {start.middle} C{left + _GAP // 2} {start.middle} {right - _GAP // 2} {end.middle}'
        f' {right} {end.middle}" fill="none" stroke="#3c5a66" marker-end="url(#tip)"/>'
    )
    yield from _text(_words(arrow), (left + right) // 2, beside.middle, halo=True)


def _text(lines: Sequence[str], x: int, middle: int, *, halo: bool = False) -> Iterator[str]:
    """Lines around a middle; with a halo, which keeps an arrow below them off."""
    first = middle - _LINE * (len(lines) - 1) // 2 + 4
    layers = ('stroke="#fff" stroke-width="5" fill="#fff"', 'fill="#1c2429"')
    for layer in layers if halo else layers[1:]:
        for number, line in enumerate(lines):
            y = first + number * _LINE
            yield f'<text x="{x}" y="{y}" text-anchor="middle" {layer}>{xml_text(line)}</text>'


def as_mermaid(diagram: Diagram) -> str:
    """For Markdown: what shows no diagram shows what it says."""
    names = {
        name: f"n{number}" for number, name in enumerate(box for column in diagram.columns for box in column)
    }
    lines = ["flowchart LR"]
    for name, key in names.items():
        opening, closing = ("([", "])") if name in diagram.round else ("[", "]")
        lines.append(f"  {key}{opening}{_quoted(name)}{closing}")
    lines += [
        f"  {names[arrow.start]} -->|{_quoted(', '.join(arrow.label))}| {names[arrow.end]}"
        for arrow in diagram.arrows
    ]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', "#quot;") + '"'
