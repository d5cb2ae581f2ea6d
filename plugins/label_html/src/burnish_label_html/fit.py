"""Laying a page out, and seeing whether every text has room.

The layout is weasyprint's. Which boxes its areas came to is asked of its box tree, which is no public part of
it: this module alone does so, and the version is pinned.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from burnish.errors import LabelUnfit

from burnish_label_html import fonts
from burnish_label_html.styles import Style

_STEP: Final = 0.1
"""Of the largest letters, between two sizes."""
_BELOW: Final = 3000.0
"""Millimetres below the stock in which what has no room is laid out, and seen."""
_POINT: Final = 25.4 / 72
"""Millimetres of a point."""
_NARROWEST: Final = 0.3
"""Of the square of its size, what a letter covers at least in the mean, its line's spacing included."""
_TAG: Final = re.compile(r"<[^>]*>|[ \n]+")
_SLACK: Final = 0.7
"""CSS pixels (0.19 mm) that a box may reach beyond its area: letters do not fill theirs."""


class Layout:
    """Lays pages out. Loading it takes seconds, a page milliseconds.

    Each area has letters of its own size: as the style says, or smaller where something has no room.
    """

    def __init__(self) -> None:
        fonts.use()
        from weasyprint.text.fonts import FontConfiguration

        self._fonts = FontConfiguration()

    def largest(self, style: Style, body: str) -> Any:
        """The page with the largest letters that have room in each area: weasyprint's Document.

        Raises LabelUnfit, naming the area.
        """
        self._demand_hope(style, body)
        letters = style.manifest.letters
        least = letters.smallest / letters.largest
        own: dict[str, float] = {}
        scales: dict[str, float] = {}
        while True:
            sizes = {name: own[name] * scales[name] for name in scales}
            tall, cramped = self._page(style, body, sizes, below=_BELOW)
            if not cramped:
                return self._whole(style, body, sizes, tall)
            for area in cramped:
                own.setdefault(area.name, area.letters)
                scales[area.name] = scales.get(area.name, 1.0) - _STEP
                if scales[area.name] < least - _STEP / 2 or not area.name:
                    raise LabelUnfit(f"{area.says} has no room in the style {style.name!r}")

    @staticmethod
    def _demand_hope(style: Style, body: str) -> None:
        """Refuse at once what is far too much: laying it out would take minutes. Letters are narrow here."""
        stock, size = style.manifest.stock, style.manifest.letters.smallest * _POINT
        room = stock.width * stock.height / (_NARROWEST * size * size)
        if len(_TAG.sub("", body)) > room:
            raise LabelUnfit(f"all that it says has no room in the style {style.name!r}")

    def _whole(self, style: Style, body: str, sizes: Mapping[str, float], tall: Any) -> Any:
        """The page in its own size. Raises LabelUnfit where it says less than the tall one."""
        page, cramped = self._page(style, body, sizes)
        if cramped or texts_of(page) != texts_of(tall):
            raise LabelUnfit(f"something has no room on the page of the style {style.name!r}")
        return page

    def _page(
        self, style: Style, body: str, letters: Mapping[str, float], *, below: float = 0.0
    ) -> tuple[Any, list["_Area"]]:
        """A page, and the areas in which something has no room; `letters`: CSS pixels of some areas.

        `below`: millimetres that it is taller than its stock. What reaches beyond a page goes to another one,
        and what is in an area that ends there is lost: no area may end there while room is looked for.
        """
        from weasyprint import HTML
        from weasyprint.urls import FatalURLFetchingError

        text = _shell(style, body, letters, below)
        made = HTML(string=text, base_url=style.folder.as_uri() + "/", url_fetcher=_fetcher(style.folder))
        try:
            document = made.render(font_config=self._fonts)
        except FatalURLFetchingError as error:  # a BaseException
            text = f"the style {style.name!r} wants a file that is not its own, or is not there"
            raise LabelUnfit(text) from error
        if len(document.pages) != 1:
            return document, [_Area("", "the page", 0)]
        return document, list(_cramped(document.pages[0]._page_box))


@dataclass(frozen=True, slots=True)
class _Area:
    """One in which something has no room."""

    name: str
    """Its id; empty where it has none, and its letters are what they are."""
    says: str
    """What it says, for people."""
    letters: float
    """Their size in CSS pixels."""


def texts_of(document: Any) -> list[str]:
    """Every text on the pages, and every picture."""
    boxes = [box for page in document.pages for box in _boxes(page._page_box)]
    return [getattr(box, "text", box.element_tag) for box in boxes if hasattr(box, "text") or _drawn(box)]


def _drawn(box: Any) -> bool:
    return box.element_tag in ("svg", "img", "{http://www.w3.org/2000/svg}svg")


def _shell(style: Style, body: str, letters: Mapping[str, float], below: float) -> str:
    stock, css, size = style.manifest.stock, style.folder / "label.css", style.manifest.letters.largest
    shrunk = "\n".join(f"#{name} {{ font-size: {pixels:.3f}px }}" for name, pixels in letters.items())
    text = css.read_text("utf-8") if css.is_file() else ""
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><style>
@page {{ size: {stock.width:g}mm {stock.height + below:g}mm; margin: 0 }}
html {{ font-size: {size:g}pt; font-family: {fonts.CSS}; line-height: 1.2; overflow-wrap: anywhere }}
body {{ margin: 0 }}
{text}
{shrunk}
</style></head><body>{body}</body></html>"""


def _cramped(page: Any) -> Iterator[_Area]:
    """The areas of class `fit` out of which something sticks."""
    seen: set[Any] = set()
    for box in _boxes(page):
        element = box.element
        if element is None or element in seen or "fit" not in (element.get("class") or "").split():
            continue
        seen.add(element)  # its lines and texts are boxes of the same element
        left, top = box.content_box_x() - _SLACK, box.content_box_y() - _SLACK
        right, bottom = left + box.width + 2 * _SLACK, top + box.height + 2 * _SLACK
        for inner in _boxes(box):
            if inner is box or not isinstance(getattr(inner, "width", None), int | float):
                continue
            if not isinstance(inner.height, int | float):
                continue
            x, y = inner.position_x, inner.position_y
            if x < left or y < top or x + inner.width > right or y + inner.height > bottom:
                name = element.get("id") or ""
                yield _Area(name, element.get("data-says") or name or "a text", box.style["font_size"])
                break


def _boxes(box: Any) -> Iterator[Any]:
    """A box and all within it. What is positioned hides behind a placeholder."""
    box = getattr(box, "_box", box)
    yield box
    for child in getattr(box, "children", ()):
        yield from _boxes(child)


def _fetcher(folder: Path) -> Any:
    """Files of the style's own folder, and nothing else: no network, no other file."""
    from weasyprint.urls import URLFetcher

    class OwnFiles(URLFetcher):  # type: ignore[misc]
        """Refuses whatever a template was not shipped with."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            parts = urlsplit(url)
            path = Path(unquote(parts.path)).resolve()
            if parts.scheme != "file" or not path.is_relative_to(folder.resolve()):
                raise ValueError(f"a label style may use its own files only, not {url[:80]}")
            return super().fetch(url, headers)

    return OwnFiles(fail_on_errors=True)
