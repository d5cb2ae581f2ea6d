"""Barcodes: what each symbology takes, as squares of a size that a reader finds.

| symbology | takes | drawn as |
|---|---|---|
| CODE128 | ASCII 32 to 126 | Code 128 |
| CODE39 | 0-9 A-Z space - . $ / + % | Code 39, without check character |
| INTER_2_5 | digits, an even number of at least 4 | Interleaved 2 of 5 |
| HIBC | the letters of Code 39 | Code 128, `+` before and the check character behind |
| QR, DATAMATRIX | ASCII 32 to 126 | QR Code (level M or better), Data Matrix ECC 200 |

A HIBC value that begins with `+` is whole: its last character has to be the right check character. Any other
value gets both. Source: ANSI/HIBC 2.6, modulo 43; ISO/IEC 15417, 16388, 16390, 18004, 16022.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""Of Code 39, in the order of their values."""
QUIET: Final = {"QRCode": 4, "DataMatrix": 2}
"""Modules of white around a symbol; 10 beside one that has bars."""
_ASCII: Final = re.compile(r"[ -~]+")
_CODE39: Final = re.compile(r"[0-9A-Z\-. $/+%]+")
_DIGITS: Final = re.compile(r"(?:[0-9]{2}){2,}")


class Symbology(NamedTuple):
    """A row of the table above."""

    takes: str
    pattern: re.Pattern[str]
    kind: str
    """As zxing-cpp calls what is drawn."""


SYMBOLOGIES: Final[Mapping[str, Symbology]] = {
    "CODE128": Symbology("ASCII 32 to 126", _ASCII, "Code128"),
    "CODE39": Symbology("0-9 A-Z space - . $ / + %", _CODE39, "Code39"),
    "INTER_2_5": Symbology("digits, an even number of at least 4", _DIGITS, "ITF"),
    "HIBC": Symbology("the letters of Code 39", _CODE39, "Code128"),
    "QR": Symbology("ASCII 32 to 126", _ASCII, "QRCode"),
    "DATAMATRIX": Symbology("ASCII 32 to 126", _ASCII, "DataMatrix"),
}
"""By Barcode Symbology (2200,0006)."""


class Impossible(ValueError):
    """A value that a symbology does not take, or that has no room. Says why, not the value."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A code, ready to be drawn and to be looked for."""

    text: str
    """What a reader reads."""
    rows: tuple[tuple[bool, ...], ...]
    """Modules, true is black; one row for one that has bars."""
    quiet: int
    """Modules of white at each side."""

    @property
    def modules(self) -> int:
        """Across, the white at both sides included."""
        return len(self.rows[0]) + 2 * self.quiet


def check_character(data: str) -> str:
    """Of HIBC: the sum of the letters' values, modulo 43. Raises ValueError for another letter."""
    return LETTERS[sum(LETTERS.index(letter) for letter in data) % 43]


def hibc(value: str) -> str:
    """What stands in the symbol. Raises Impossible."""
    if not _CODE39.fullmatch(value):
        raise Impossible("a letter that HIBC does not have")
    if not value.startswith("+"):
        return f"+{value}{check_character('+' + value)}"
    if len(value) < 3 or value[-1] != check_character(value[:-1]):
        raise Impossible("a check character that is not right")
    return value


def symbol(value: str, symbology: str) -> Symbol:
    """Encode. Raises Impossible."""
    if symbology not in SYMBOLOGIES:
        raise Impossible(f"a symbology that is none of {', '.join(SYMBOLOGIES)}")
    rule = SYMBOLOGIES[symbology]
    if not rule.pattern.fullmatch(value):
        raise Impossible(f"a value that {symbology} does not take")
    return _encoded(hibc(value) if symbology == "HIBC" else value, rule.kind)


def _encoded(text: str, kind: str) -> Symbol:
    import zxingcpp

    try:
        made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    except ValueError as error:
        raise Impossible("a value that is too long") from error
    if made.text != text:
        raise Impossible("a value that would be read otherwise")
    image: Any = made.to_image(scale=1, add_quiet_zones=False)
    rows: list[list[int]] = memoryview(image).tolist()  # type: ignore[assignment]
    flat = kind in QUIET
    taken = rows if flat else rows[:1]
    return Symbol(text, tuple(tuple(dot == 0 for dot in row) for row in taken), QUIET.get(kind, 10))


def svg(code: Symbol, width: float, height: float, least: float, most: float, grid: float = 0.0) -> str:
    """Draw into a box of millimetres, modules of at least `least`, at most `most`; white at its sides.

    `grid`: millimetres of a printer's dot, of which a module is a multiple; 0: none. Raises Impossible where
    there is no room.
    """
    flat = len(code.rows) > 1
    module = min(most, width / code.modules, height / code.modules if flat else most)
    if grid:
        module = int(module / grid + 1e-6) * grid
    if module < least:
        raise Impossible("a value for which there is no room")
    across = code.modules * module
    tall = across if flat else height
    top, step = (code.quiet, 1.0) if flat else (0, tall / module)
    squares = "".join(
        f"M{start + code.quiet} {top + number * step:g}h{length}v{step:g}h-{length}z"
        for number, row in enumerate(code.rows)
        for start, length in _runs(row)
    )
    box = f"0 0 {code.modules} {tall / module:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:g}mm" height="{tall:g}mm" viewBox="{box}">'
        f'<path d="{squares}"/></svg>'
    )


def _runs(row: tuple[bool, ...]) -> list[tuple[int, int]]:
    """Where black begins, and how many modules of it follow."""
    found: list[tuple[int, int]] = []
    for place, black in enumerate(row):
        if black and found and sum(found[-1]) == place:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif black:
            found.append((place, 1))
    return found
