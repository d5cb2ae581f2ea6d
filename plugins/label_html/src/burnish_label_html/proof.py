"""Looking at the finished picture: nothing where nothing may be printed, and every code can be read."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final

from burnish.contracts import Form, Stock, StockKind
from burnish.errors import LabelUnfit

_WHITE: Final = 250
"""Of 255: what is lighter counts as paper."""
_BLACK: Final = 128
"""Of 255: what is darker is black where there is nothing between."""
_MM: Final = 25.4


def picture(pdf: bytes, dpi: int, *, colour: bool = False, page: int = 0) -> Any:
    """Rasterise a page, from 0: a PIL image, grey or RGB."""
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page].render(scale=dpi / 72, grayscale=not colour).to_pil()
    finally:
        document.close()


def black_and_white(grey: Any) -> Any:
    """The same, each dot black or white: a PIL image of mode 1."""
    return grey.point(lambda shade: 255 if shade >= _BLACK else 0, mode="1")


def demand_ring(grey: Any, stock: Stock) -> None:
    """Raise LabelUnfit where something would be printed on the hub of a disc, or beyond its edge."""
    from PIL import Image, ImageChops, ImageDraw

    if stock.kind is not StockKind.DISC:
        return
    mask = Image.new("L", grey.size, 0)
    draw = ImageDraw.Draw(mask)
    scale = grey.width / stock.width
    for diameter, shade in ((stock.outer, 255), (stock.inner, 0)):
        left, top = (stock.width - diameter) / 2 * scale, (stock.height - diameter) / 2 * scale
        draw.ellipse((left, top, left + diameter * scale, top + diameter * scale), fill=shade)
    if any(ImageChops.lighter(grey, mask).histogram()[:_WHITE]):
        raise LabelUnfit("the style draws where this disc cannot be printed on")


def unread(image: Any, texts: Iterable[str]) -> list[str]:
    """Those of `texts` that no reader finds in the picture."""
    import zxingcpp

    wanted = list(texts)
    if not wanted:
        return []
    found = {code.text for code in zxingcpp.read_barcodes(image.convert("L"))}
    return [text for text in wanted if text not in found]


def written(image: Any, form: Form, dpi: int) -> bytes:
    """A picture as PNG, or as PBM of its black and white."""
    if form is Form.PBM:
        inverted = image.point(lambda shade: 255 - shade)  # PIL has 1 for white, PBM for black
        return b"P4\n%d %d\n" % image.size + bytes(inverted.tobytes())
    out = BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def millimetres(dots: int, dpi: int) -> float:
    """Of so many dots."""
    return dots * _MM / dpi
