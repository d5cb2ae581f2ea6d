"""Barcodes: what others read from a 300 dpi raster of a label, and what others make of the same values."""

import subprocess
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import zint
import zxingcpp
from burnish.contracts import Artwork, Barcode, Form, Label, Wanted
from burnish_label_html import HtmlLabels, Settings, codes
from burnish_label_html.proof import picture
from PIL import Image

from plugins.label_html.tests.samples import LABELS

READ = {
    "CODE128": ("ACC-2026-0042", "ACC-2026-0042"),
    "CODE39": ("PAT 0042", "PAT 0042"),
    "INTER_2_5": ("0123456789", "0123456789"),
    "HIBC": ("A123BJC5D6E71", "+A123BJC5D6E71G"),
    "QR": ("https://example.org/42", "https://example.org/42"),
    "DATAMATRIX": ("DM-42", "DM-42"),
}
BIG = ("disc-120", "sleeve", "mailer", "sheet", "sticker")


@pytest.fixture(scope="module")
def maker() -> HtmlLabels:
    return HtmlLabels(Settings())


def drawn(maker: HtmlLabels, value: str, symbology: str, style: str = "disc-120", **wanted: Any) -> Artwork:
    label = Label(token="K3JF9Q2M7P", piece=12, barcode=Barcode(value=value, symbology=symbology))
    return maker.draw(label, style, Wanted(**wanted))


def read_by_zxing(image: Image.Image) -> set[str]:
    return {found.text for found in zxingcpp.read_barcodes(image)}


@pytest.mark.parametrize("style", BIG)
@pytest.mark.parametrize("symbology", READ)
def test_case_140_every_symbology_is_read_from_a_300_dpi_raster(
    maker: HtmlLabels, symbology: str, style: str
) -> None:
    value, text = READ[symbology]
    artwork = drawn(maker, value, symbology, style)
    assert artwork.warnings == ()
    assert read_by_zxing(picture(artwork.data, 300)) == {text, "K3JF9Q2M7P-12"}


@pytest.mark.judge("zbarimg")
@pytest.mark.parametrize("symbology", ["CODE128", "CODE39", "INTER_2_5", "HIBC", "QR"])
def test_another_reader_reads_the_same(maker: HtmlLabels, tmp_path: Path, symbology: str) -> None:
    value, text = READ[symbology]
    file = tmp_path / "label.png"
    picture(drawn(maker, value, symbology, "sheet").data, 300).save(file)
    done = subprocess.run(["zbarimg", "-q", "--raw", file], capture_output=True, text=True, check=False)
    assert set(done.stdout.split("\n")) - {""} == {text, "K3JF9Q2M7P-12"}


@pytest.mark.judge("dmtxread")
def test_another_reader_reads_a_data_matrix(tmp_path: Path) -> None:
    maker = HtmlLabels(Settings(code="DATAMATRIX"))
    file = tmp_path / "label.png"
    picture(drawn(maker, "1234", "INTER_2_5", "sheet").data, 300).save(file)
    done = subprocess.run(["dmtxread", "-N1", file], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "K3JF9Q2M7P-12"


@pytest.mark.parametrize("dpi", [203, 300, 600])
@pytest.mark.parametrize("symbology", READ)
def test_every_symbology_is_read_from_the_dots_of_a_label_printer(
    maker: HtmlLabels, symbology: str, dpi: int
) -> None:
    """A module is a whole number of dots."""
    value, text = READ[symbology]
    artwork = drawn(maker, value, symbology, "sticker", form=Form.PBM, dpi=dpi)
    _, size, rows = artwork.data.split(b"\n", 2)
    width, height = map(int, size.split())
    image = Image.frombytes("1", (width, height), bytes(255 - byte for byte in rows))
    if artwork.warnings:  # at 203 dpi a module of two dots may have no room
        assert (dpi, read_by_zxing(image.convert("L"))) == (203, {"K3JF9Q2M7P-12"})
    else:
        assert read_by_zxing(image.convert("L")) == {text, "K3JF9Q2M7P-12"}


# --- beside a second library -------------------------------------------------------------------------------


def modules_of_zint(kind: Any, text: str) -> tuple[bool, ...]:
    """What Zint makes of a text, module by module."""
    symbol = zint.Symbol()
    symbol.symbology = kind
    symbol.encode(text)
    bits = bytes(symbol.encoded_data)
    return tuple(bool(bits[place // 8] >> place % 8 & 1) for place in range(symbol.width))


@pytest.mark.parametrize("value", ["0123456789", "1234", "00112233445566778899", "9876543210123456"])
def test_interleaved_2_of_5_is_that_of_another_encoder(value: str) -> None:
    [ours] = codes.symbol(value, "INTER_2_5").rows
    theirs = modules_of_zint(zint.Symbology.C25INTER, value)
    assert _ratios(ours) == _ratios(theirs)


@pytest.mark.parametrize("value", ["A123BJC5D6E71", "A99912345", "H123 4-5.6", "Z$/+%0"])
def test_hibc_is_that_of_another_encoder(value: str) -> None:
    [ours] = codes.symbol(value, "HIBC").rows
    assert ours == modules_of_zint(zint.Symbology.HIBC_128, value)


def _ratios(bars: tuple[bool, ...]) -> list[tuple[bool, int]]:
    """Runs of black and white: a wide bar may be two or three narrow ones."""
    runs = [(black, len(list(run))) for black, run in groupby(bars)]
    return [(black, min(count, 2)) for black, count in runs]


@pytest.mark.parametrize(
    ("value", "check"), [("+A123BJC5D6E71", "G"), ("+83278F8G9H0J2G", None), ("+0", None)]
)
def test_the_check_character_is_that_of_the_standards_examples(value: str, check: str | None) -> None:
    """+A123BJC5D6E71 G: ANSI/HIBC 2.6. The others by the sum of values, modulo 43."""
    letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
    computed = letters[sum(letters.index(letter) for letter in value) % 43]
    assert codes.check_character(value) == computed
    assert check in (None, computed)


# --- what cannot be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "symbology"),
    [
        ("123", "INTER_2_5"),
        ("12", "INTER_2_5"),
        ("12a4", "INTER_2_5"),
        ("١٢٣٤", "INTER_2_5"),
        ("abc", "CODE39"),
        ("*A*", "CODE39"),
        ("é", "CODE128"),
        ("a\nb", "CODE128"),
        ("", "CODE128"),
        ("lower", "HIBC"),
        ("+A123BJC5D6E71X", "HIBC"),
        ("+", "HIBC"),
        ("日本", "QR"),
        ("x" * 3000, "DATAMATRIX"),
        ("A", "PDF417"),
    ],
)
def test_a_value_that_a_symbology_does_not_take_is_impossible(value: str, symbology: str) -> None:
    with pytest.raises(codes.Impossible) as caught:
        codes.svg(codes.symbol(value, symbology), 60, 8, 0.2, 0.5)
    assert not value or len(value) < 3 or value not in str(caught.value)


def test_a_whole_hibc_value_is_left_as_it_is() -> None:
    assert codes.symbol("+A123BJC5D6E71G", "HIBC").text == "+A123BJC5D6E71G"


@pytest.mark.parametrize(
    ("value", "symbology"), [("X" * 120, "CODE128"), ("123", "INTER_2_5"), ("ü", "CODE39")]
)
def test_case_140_what_has_no_room_is_printed_as_text_and_the_job_goes_on(
    maker: HtmlLabels, value: str, symbology: str
) -> None:
    artwork = drawn(maker, value, symbology, "sheet")
    [warning] = artwork.warnings
    assert "(2200,0005)" in warning
    assert value not in warning
    assert read_by_zxing(picture(artwork.data, 300)) == {"K3JF9Q2M7P-12"}


@pytest.mark.parametrize("number", range(0, len(LABELS), 3))
def test_the_code_of_the_piece_is_read_from_every_style(maker: HtmlLabels, number: int) -> None:
    label = LABELS[number]
    for style, facts in maker.styles.items():
        artwork = maker.draw(label if facts.mail else replace(label, disposition=""), style, Wanted())
        assert label.code in read_by_zxing(picture(artwork.data, 300)), style
