"""Laying a page out, and seeing whether every text has room.

The layout is weasyprint's. Which boxes its areas came to is asked of its box tree, which is no public part of
it: this module alone does so, and the version is pinned.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from burnish.errors import LabelUnfit

from burnish_label_html import fonts
from burnish_label_html.styles import Style

_STEP: Final = 0.5
"""Points between two sizes of letters."""
_POINT: Final = 25.4 / 72
"""Millimetres of a point."""
_NARROWEST: Final = 0.3
"""Of the square of its size, what a letter covers at least in the mean, its line's spacing included."""
_TAG: Final = re.compile(r"<[^>]*>|[ \n]+")
_SLACK: Final = 0.7
"""CSS pixels (0.19 mm) that a box may reach beyond its area: letters do not fill theirs."""


class Layout:
    """Lays pages out. Loading it takes seconds, a page milliseconds."""

    def __init__(self) -> None:
        fonts.use()
        from weasyprint.text.fonts import FontConfiguration

        self._fonts = FontConfiguration()

    def largest(self, style: Style, body: Callable[[float], str]) -> Any:
        """The page with the largest letters that have room: weasyprint's Document.

        `body` gives the text of the page for a size of letters. Raises LabelUnfit, naming the area.
        """
        letters = style.manifest.letters
        self._demand_hope(style, body(letters.smallest))
        sizes = [letters.largest]
        while sizes[-1] - _STEP >= letters.smallest:
            sizes.append(sizes[-1] - _STEP)
        page, cramped = self._page(style, body, sizes[0])
        if not cramped:
            return page
        best, cramped = self._page(style, body, sizes[-1])
        if cramped:
            raise LabelUnfit(f"{cramped} has no room in the style {style.name!r}")
        low, high = 0, len(sizes) - 1  # sizes[low] has no room, sizes[high] has
        while high - low > 1:
            middle = (low + high) // 2
            page, cramped = self._page(style, body, sizes[middle])
            if cramped:
                low = middle
            else:
                high, best = middle, page
        return best

    @staticmethod
    def _demand_hope(style: Style, body: str) -> None:
        """Refuse at once what is far too much: laying it out would take minutes. Letters are narrow here."""
        stock, size = style.manifest.stock, style.manifest.letters.smallest * _POINT
        room = stock.width * stock.height / (_NARROWEST * size * size)
        if len(_TAG.sub("", body)) > room:
            raise LabelUnfit(f"all that it says has no room in the style {style.name!r}")

    def _page(self, style: Style, body: Callable[[float], str], size: float) -> tuple[Any, str]:
        """A page, and the area in which something has no room; empty where everything has."""
        from weasyprint import HTML

        text = _shell(style, body(size), size)
        made = HTML(string=text, base_url=style.folder.as_uri() + "/", url_fetcher=_fetcher(style.folder))
        document = made.render(font_config=self._fonts)
        if len(document.pages) != 1:
            return document, "the page"
        return document, next(_cramped(document.pages[0]._page_box), "")


def _shell(style: Style, body: str, size: float) -> str:
    stock, css = style.manifest.stock, style.folder / "label.css"
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><style>
@page {{ size: {stock.width:g}mm {stock.height:g}mm; margin: 0 }}
html {{ font-size: {size:g}pt; font-family: {fonts.CSS}; line-height: 1.2; overflow-wrap: anywhere }}
body {{ margin: 0 }}
{css.read_text("utf-8") if css.is_file() else ""}
</style></head><body>{body}</body></html>"""


def _cramped(page: Any) -> Iterator[str]:
    """The areas of class `fit` out of which something sticks."""
    for box in page.descendants():
        element = box.element
        if element is None or "fit" not in (element.get("class") or "").split():
            continue
        left, top = box.content_box_x() - _SLACK, box.content_box_y() - _SLACK
        right, bottom = left + box.width + 2 * _SLACK, top + box.height + 2 * _SLACK
        for inner in box.descendants():
            if _same(inner, box) or not isinstance(getattr(inner, "width", None), int | float):
                continue
            if not isinstance(inner.height, int | float):
                continue
            x, y = inner.position_x, inner.position_y
            if x < left or y < top or x + inner.width > right or y + inner.height > bottom:
                yield element.get("data-says") or element.get("id") or "a text"
                break


def _same(one: Any, other: Any) -> bool:
    """Whether a box is another, or stands in its place."""
    return bool(one is other or getattr(one, "_box", None) is other or one is getattr(other, "_box", None))


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
