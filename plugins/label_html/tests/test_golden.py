"""Every style for forty people, beside pictures that somebody has looked at: `golden/<style>.png`.

`BURNISH_GOLDEN=write pytest plugins/label_html -k golden` makes them anew; look at each before you commit it.
A picture may differ a little: a shade, not a letter.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from burnish.contracts import Artwork, Label, Wanted
from burnish.errors import LabelUnfit
from burnish_label_html import HtmlLabels, Settings
from burnish_label_html.proof import picture
from burnish_label_html.styles import OURS
from PIL import Image, ImageChops, ImageFilter, ImageStat

from plugins.label_html.tests.samples import LABELS

GOLDEN = Path(__file__).parent / "golden"
STYLES = sorted(path.name for path in OURS.iterdir() if path.is_dir())
DPI = 50
ACROSS = 8
_SHADE = 60
"""Of 255, after a blur of two dots: what a letter more or less comes to."""


@pytest.fixture(scope="module")
def maker() -> HtmlLabels:
    return HtmlLabels(Settings())


def drawn(maker: HtmlLabels, label: Label, style: str) -> Artwork | None:
    if not maker.styles[style].mail:
        label = replace(label, disposition="")
    try:
        return maker.draw(label, style, Wanted())
    except LabelUnfit:
        return None


def contact(maker: HtmlLabels, style: str, dpi: int = DPI) -> Image.Image:
    """A sheet of all of them; a label that has no room leaves a grey field."""
    stock = maker.styles[style].stock
    wide, high = (round(side / 25.4 * dpi) for side in (stock.width, stock.height))
    rows = -(-len(LABELS) // ACROSS)
    sheet = Image.new("L", (ACROSS * wide, rows * high), 128)
    for number, label in enumerate(LABELS):
        artwork = drawn(maker, label, style)
        place = (number % ACROSS * wide, number // ACROSS * high)
        if artwork:
            sheet.paste(picture(artwork.data, dpi).resize((wide, high)), place)
    return sheet


@pytest.mark.parametrize("style", STYLES)
def test_golden(maker: HtmlLabels, style: str) -> None:
    seen, path = contact(maker, style), GOLDEN / f"{style}.png"
    if os.environ.get("BURNISH_GOLDEN") == "write":
        seen.quantize(16).save(path, optimize=True)
        return
    golden = Image.open(path).convert("L")
    assert golden.size == seen.size
    difference = ImageChops.difference(golden, seen).filter(ImageFilter.BoxBlur(2))
    _, worst = difference.getextrema()
    mean = ImageStat.Stat(difference).mean[0]
    assert (worst, mean) <= (_SHADE, 2.0), f"{style}: see what has changed, then write it anew"  # type: ignore[operator]
    assert worst <= _SHADE  # type: ignore[operator]
    assert mean <= 2.0
