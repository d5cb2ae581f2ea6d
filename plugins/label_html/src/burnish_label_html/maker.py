"""The label maker `html`: a style's template, filled in, laid out, drawn, and proven."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Literal

from burnish.contracts import Artwork, Form, Label, LabelMaker, LabelStyle, Wanted
from burnish.errors import LabelUnfit
from pydantic import BaseModel, ConfigDict

from burnish_label_html import codes, proof, text
from burnish_label_html.fit import Layout
from burnish_label_html.styles import Style, read_styles

_LEAST: Final = 0.2
"""Millimetres of a module of a barcode at least,"""
_MOST: Final = 0.5
"""and at most."""
_FLAT: Final = 0.25
"""Millimetres of a module of a QR code or a Data Matrix at least."""
_PROOF_DPI: Final = 300
_DEEPEST: Final = 4
"""Styles that overflow into one another at most."""


class Settings(BaseModel):
    """The keys of `[label_makers.html]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    styles: tuple[Path, ...] = ()
    """Folders of a deployer's own styles, relative to the configuration's; one of the name of a style that
    comes with burnish is used instead of it."""
    code: Literal["QR", "DATAMATRIX", "none"] = "QR"
    """How the code of the piece is drawn for machines: token and number, which tell of nobody."""
    language: Literal["de", "en", "es", "fr", "it"] = "en"
    """Of the words on labels."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What a label is drawn of."""

    label: Label
    style: Style
    grid: float
    """Millimetres of a dot of the printer, 0 for one of unknown dots."""
    barcode_as_text: str = ""
    """Why the barcode is drawn as text; empty where it is drawn as a barcode."""


class HtmlLabels(LabelMaker):
    """Draws labels; fonts and layout are loaded at the first drawing."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError where a style cannot be read."""
        self._settings = settings
        self._styles = read_styles(settings.styles)
        words = Path(__file__).parent / "words" / f"{settings.language}.toml"
        self._words: Mapping[str, str] = tomllib.loads(words.read_text("utf-8"))

    @property
    def styles(self) -> Mapping[str, LabelStyle]:
        """Every style, by name."""
        return {name: style.facts for name, style in self._styles.items()}

    @property
    def symbologies(self) -> Mapping[str, str]:
        """Every symbology, with what it takes."""
        return {name: rule.takes for name, rule in codes.SYMBOLOGIES.items()}

    def folder(self, style: str) -> Path:
        """Where a style's files are, for whoever wants to copy them."""
        return self._styles[style].folder

    def draw(self, label: Label, style: str, wanted: Wanted) -> Artwork:
        """Draw a label, in the style or in what it overflows into. Raises LabelUnfit."""
        name, refused = style, ""
        for _ in range(_DEEPEST):
            found = self._styles[name]
            try:
                return self._in_style(label, found, wanted)
            except LabelUnfit as error:
                refused = refused or str(error)
                if not found.manifest.overflow:
                    raise LabelUnfit(refused if name == style else f"{refused}, nor in {name!r}") from error
                name = found.manifest.overflow
        raise LabelUnfit(f"{refused}; its overflow styles lead in a circle")

    def _in_style(self, label: Label, style: Style, wanted: Wanted) -> Artwork:
        """Draw the barcode as text where it cannot be drawn so that it is read."""
        grid = proof.millimetres(1, wanted.dpi) if wanted.form is Form.PBM else 0.0
        drawing = _Drawing(label, style, grid)
        try:
            return self._proven(drawing, wanted)
        except codes.Impossible as error:
            reason = str(error)
        except LabelUnfit:
            if label.barcode is None:
                raise
            reason = "the label has no room for it"
        return self._proven(replace(drawing, barcode_as_text=reason), wanted)

    def _proven(self, drawing: _Drawing, wanted: Wanted) -> Artwork:
        """Draw it and look at it. Raises Impossible where the barcode cannot be read, LabelUnfit."""
        style, stock = drawing.style, drawing.style.facts.stock
        piece = self._piece_code(drawing)
        barcode, warnings = self._barcode(drawing)
        page = self._layout.largest(style, self._body(drawing, piece, barcode))
        pdf: bytes = page.write_pdf()
        dots = wanted.form is not Form.PDF
        dpi = wanted.dpi if dots else _PROOF_DPI
        image = proof.picture(pdf, dpi, colour=wanted.form is Form.PNG)
        proof.demand_ring(image.convert("L"), stock)
        if wanted.form is Form.PBM:
            image = proof.black_and_white(image)
        expected = [code.text for code, _ in (piece, barcode) if code]
        unread = proof.unread(image, expected)
        if barcode[0] and barcode[0].text in unread:
            raise codes.Impossible("a value that a reader does not find on the label")
        if unread:
            raise LabelUnfit(f"the code of the piece cannot be read in the style {style.name!r}")
        data = proof.written(image, wanted.form, dpi) if dots else pdf
        return Artwork(
            data=data, form=wanted.form, dpi=dpi, stock=stock, style=style.name, warnings=tuple(warnings)
        )

    def laid_out(self, label: Label, style: str) -> Any:
        """The page of a label, not drawn yet: weasyprint's Document. Raises LabelUnfit, Impossible."""
        drawing = _Drawing(label, self._styles[style], 0.0)
        piece, (barcode, _) = self._piece_code(drawing), self._barcode(drawing)
        return self._layout.largest(drawing.style, self._body(drawing, piece, barcode))

    # --- codes -------------------------------------------------------------------------------------------

    def _piece_code(self, drawing: _Drawing) -> tuple[codes.Symbol | None, str]:
        if self._settings.code == "none":
            return None, ""
        size = drawing.style.manifest.code.size
        try:
            code = codes.symbol(drawing.label.code, self._settings.code)
            return code, codes.svg(code, size, size, _FLAT, size / code.modules, drawing.grid)
        except codes.Impossible as error:
            raise LabelUnfit(
                f"the code of the piece is {error} in the style {drawing.style.name!r}"
            ) from error

    def _barcode(self, drawing: _Drawing) -> tuple[tuple[codes.Symbol | None, str], list[str]]:
        """The barcode of the request; none, with a warning, where it is drawn as text."""
        asked, room = drawing.label.barcode, drawing.style.manifest.barcode
        if asked is None:
            return (None, ""), []
        reason = drawing.barcode_as_text
        if not reason:
            try:
                code = codes.symbol(asked.value, asked.symbology)
                flat = len(code.rows) > 1
                box = (room.square, room.square, _FLAT) if flat else (room.width, room.height, _LEAST)
                return (code, codes.svg(code, *box, _MOST, drawing.grid)), []
            except codes.Impossible as error:
                reason = str(error)
        return (None, ""), [f"Barcode Value (2200,0005) is printed as text: {reason}"]

    # --- what a template is given ------------------------------------------------------------------------

    @cached_property
    def _layout(self) -> Layout:
        return Layout()

    @cached_property
    def _templates(self) -> dict[str, Any]:
        """Compiled templates by style; each may include files of its own folder only."""
        from jinja2 import FileSystemLoader, StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment

        return {
            name: SandboxedEnvironment(
                loader=FileSystemLoader(style.folder),
                autoescape=True,
                undefined=StrictUndefined,
            ).get_template("label.html")
            for name, style in self._styles.items()
        }

    def _body(
        self,
        drawing: _Drawing,
        piece: tuple[codes.Symbol | None, str],
        barcode: tuple[codes.Symbol | None, str],
    ) -> str:
        from markupsafe import Markup

        asked = drawing.label.barcode
        given = {
            **_said(drawing.label),
            "words": SimpleNamespace(**self._words),
            "piece_code": Markup(piece[1]),  # noqa: S704 - squares that we have drawn
            "barcode": Markup(barcode[1]),  # noqa: S704
            "barcode_text": text.value(barcode[0].text if barcode[0] else asked.value if asked else ""),
            "style": drawing.style.name,
        }
        rendered: str = self._templates[drawing.style.name].render(given)
        return rendered


def _said(label: Label) -> dict[str, Any]:
    """What a label says, each value as it is drawn."""
    return {
        "code": label.code,
        "token": label.token,
        "copy": label.piece,
        "copies": label.copies,
        "volume": label.volume,
        "volumes": label.volumes,
        "file_set_id": text.value(label.file_set_id),
        "made": label.made,
        "content": text.value(label.content),
        "profile": text.value(label.profile),
        "institution": text.value(label.institution),
        "text": text.lines(label.text),
        "disposition": text.lines(label.disposition),
        "people": [_person(label, index) for index in range(len(label.people))],
        "studies": [_study(label, index) for index in range(len(label.studies))],
        "days": _days([study.date for study in label.studies]),
        "more": [(_title(name), list(map(_read, values))) for name, values in (label.more or {}).items()],
    }


def _person(label: Label, index: int) -> dict[str, Any]:
    person = label.people[index]
    return {
        "names": text.names(person.names),
        "language": text.language(person.names),
        "id": text.value(person.patient_id),
        "issuer": text.value(person.issuer),
        "birth_date": text.value(person.birth_date),
        "sex": text.value(person.sex),
        "studies": [_study(label, number) for number, one in enumerate(label.studies) if one.person == index],
    }


def _study(label: Label, index: int) -> dict[str, Any]:
    study = label.studies[index]
    return {
        "person": study.person,
        "id": text.value(study.study_id),
        "date": text.value(study.date),
        "description": text.value(study.description),
        "accession": text.value(study.accession),
        "institution": text.value(study.institution),
        "modalities": text.value(" ".join(study.modalities)),
    }


def _days(dates: Sequence[str]) -> str:
    """From the first to the last day of several studies."""
    found = sorted(date for date in dates if date)
    return " / ".join(dict.fromkeys((found[0], found[-1]))) if found else ""


def _read(value: str) -> str:
    """Any value; one with carets is a name."""
    return " ".join(text.names(value.split("="))) if "^" in value else text.value(value)


def _title(keyword: str) -> str:
    """`ReferringPhysicianName` as people write it."""
    return "".join(
        f" {letter}" if letter.isupper() and place and not keyword[place - 1].isupper() else letter
        for place, letter in enumerate(keyword)
    )
