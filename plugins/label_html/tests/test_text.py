"""Text as it is drawn: names, what is dropped, what has no picture, and whether anything is lost.

Ten thousand names with `BURNISH_LONG=1`, two hundred in every run: nothing outside the ring of a disc,
nothing lost, nothing injected. What stands in the PDF is asked of poppler's pdftotext.
"""

import os
import re
import subprocess
import unicodedata
from pathlib import Path

import pytest
from burnish.contracts import Label, LabelPerson, Wanted
from burnish.errors import LabelUnfit
from burnish_label_html import HtmlLabels, Settings, text
from burnish_label_html.fit import texts_of
from burnish_label_html.proof import demand_ring, picture
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

MANY = 10_000 if os.environ.get("BURNISH_LONG") else 200
BATCH = 50
"""Names of one example."""
FSI, PDI = "\u2068", "\u2069"


@pytest.fixture(scope="module")
def maker() -> HtmlLabels:
    return HtmlLabels(Settings())


@pytest.mark.parametrize(
    ("groups", "drawn"),
    [
        (("Adams^John Robert Quincy^^Rev.^B.A. M.Div.",), ["Adams, Rev. John Robert Quincy B.A. M.Div."]),
        (("Yamada^Tarou", "山田^太郎", "やまだ^たろう"), ["Yamada, Tarou", "山田 太郎", "やまだ たろう"]),
        (("ﾔﾏﾀﾞ^ﾀﾛｳ", "山田^太郎"), ["ﾔﾏﾀﾞ ﾀﾛｳ", "山田 太郎"]),
        (("^Only^Given",), ["Only Given"]),
        (("Family",), ["Family"]),
        (("", "山田^太郎"), ["山田 太郎"]),
        (("A^B^C^D^E^F^G",), ["A, D B C E F G"]),
        (("Same", "Same"), ["Same"]),
        (("^^^^",), []),
        ((), []),
    ],
)
def test_names_are_drawn_with_everything_that_they_have(groups: tuple[str, ...], drawn: list[str]) -> None:
    assert text.names(groups) == [FSI + name + PDI for name in drawn]


@pytest.mark.parametrize(
    ("value", "drawn"),
    [
        ("a\x00b\x1b[2Jc\x7f", "ab[2Jc"),
        ("a\tb", "a b"),
        ("\u202eevil\u202c", "evil"),
        ("\u2066a\u2069\u200f\ufeff", "a"),
        ("a\r\nb\u2028c", "a b c"),
        ("\U0001f600", "\u2039U+1F600\u203a"),
        ("\ud800", "\u2039U+D800\u203a"),
        ("\ue000", "\u2039U+E000\u203a"),
        ("<b>&amp;", "<b>&amp;"),
        ("  x  ", "x"),
        ("", ""),
    ],
)
def test_what_cannot_be_drawn_is_dropped_or_numbered(value: str, drawn: str) -> None:
    assert text.clean(value) == drawn


def test_lines_of_free_text_stay_lines() -> None:
    assert text.lines("a\r\nb\n\nc\r\r") == [FSI + "a" + PDI, FSI + "b" + PDI, "", FSI + "c" + PDI]


# --- nothing lost, nothing outside, nothing injected -------------------------------------------------------

SCRIPTS = (
    "ABCÄÖÜß éàç ñłşțğ'-",
    "ΑΒΓάέή ΐδεζ",
    "АБВГЂЉџї щъы",
    "ابتثجحخد ذرزسش",
    "אבגדה ךםןףץ",
    "กขคงจฉช ที่นี่",
    "अआइई कखगघ शर्मा",
    "山田太郎やまだたろう김희중小东",
    "<>&\"'{}[]()%\\/^~$;:=",
    "\x00\x07\x1b\u202e\u202d\u2066\u200b\ud800\U0001f600",
)
LETTERS = st.one_of(*(st.sampled_from(script) for script in SCRIPTS))
WORD = st.text(LETTERS, min_size=1, max_size=18)
NAME = st.lists(WORD, min_size=1, max_size=5).map("^".join)


@pytest.mark.judge("pdftotext")
@given(st.lists(NAME, min_size=BATCH, max_size=BATCH))
@settings(
    max_examples=MANY // BATCH,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # an example takes seconds: no search for the smallest
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.timeout(3600)
def test_any_name_is_on_the_label_and_nowhere_else(
    maker: HtmlLabels, tmp_path: Path, names: list[str]
) -> None:
    """The pages of a batch go into one PDF: most of a label's time are its fonts."""
    people = [
        LabelPerson(names=(name.replace("=", "-"),), patient_id=f"ID{number:05}")
        for number, name in enumerate(names)
    ]
    laid = [
        maker.laid_out(Label(token="T" * 12, piece=1, people=(person,), text=name), "disc-120")
        for person, name in zip(people, names, strict=True)
    ]
    told = [squeezed("".join(texts_of(document))) for document in laid]
    pages = [document.pages[0] for document in laid]
    pdf: bytes = laid[0].copy(pages).write_pdf()
    assert not re.search(rb"/(JS|JavaScript|Launch|URI|OpenAction|AA|EmbeddedFile)\b", pdf)
    file = tmp_path / "labels.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-raw", file, "-"], capture_output=True, check=True)
    seen = done.stdout.decode("utf-8", "replace").split("\f")
    for number, (person, name) in enumerate(zip(people, names, strict=True)):
        demand_ring(picture(pdf, 100, page=number), maker.styles["disc-120"].stock)
        assert person.patient_id in seen[number]
        lost = letters_of("".join(text.names(person.names))) - letters_of(seen[number])
        assert not lost, (name, lost)
        assert squeezed("".join(text.names(person.names))) in told[number]
        assert squeezed(text.value(name)) in told[number]


SHAPED = re.compile(r"[\u0600-\u06ff\u0750-\u077f\u0900-\u0dff\u1780-\u17ff\ufb50-\ufdff\ufe70-\ufefc]")
"""Scripts whose fonts draw letters of parts that letters share (dots in Arabic, signs in Indic ones): a PDF
says of each part what it was first. Of these the layout is asked alone; the golden pictures show them."""


def squeezed(value: str) -> str:
    """Without what a line break swallows."""
    return "".join(value.split())


def letters_of(value: str) -> set[str]:
    """Letters by what they are, not by how they are shaped: no spaces, no marks, no joined forms."""
    plain = SHAPED.sub("", unicodedata.normalize("NFKD", value))
    return {letter for letter in plain if unicodedata.category(letter)[0] in "LN"}


def test_a_name_that_is_far_too_long_is_an_error_not_a_part_of_a_name(maker: HtmlLabels) -> None:
    label = Label(token="T", piece=1, people=(LabelPerson(names=("x" * 5000,)),))
    with pytest.raises(LabelUnfit):
        maker.draw(label, "disc-120", Wanted())


@pytest.mark.parametrize("style", ["disc-120", "sticker", "sheet", "mailer"])
def test_text_that_ends_below_the_page_is_an_error_not_lost(maker: HtmlLabels, style: str) -> None:
    """What reaches beyond a page would go to another one, which nobody prints."""
    for lines in (30, 60, 200):
        label = Label(token="T", piece=1, text="\n".join(f"LINE{number:03}" for number in range(lines)))
        try:
            artwork = maker.draw(label, style, Wanted())
        except LabelUnfit:
            continue
        file = picture_text(artwork.data)
        assert all(f"LINE{number:03}" in file for number in range(lines))


def picture_text(pdf: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    return str(document[0].get_textpage().get_text_bounded())


def test_a_style_may_use_its_own_files_only(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    style = tmp_path / "mine"
    style.mkdir()
    (style / "style.toml").write_text('title = "M"\n[stock]\nkind = "sheet"\nwidth = 100\nheight = 100\n')
    for address in ("http://127.0.0.1:1/x.png", "file:///etc/passwd", "../secret.txt"):
        (style / "label.html").write_text(f'<img src="{address}"><div class="fit">{{{{ code }}}}</div>')
        maker = HtmlLabels(Settings(styles=(style,), code="none"))
        with pytest.raises(LabelUnfit, match="not its own"):
            maker.draw(Label(token="T", piece=1), "mine", Wanted())


def test_a_template_is_in_a_sandbox(tmp_path: Path) -> None:
    style = tmp_path / "mine"
    style.mkdir()
    (style / "style.toml").write_text('title = "M"\n[stock]\nkind = "sheet"\nwidth = 100\nheight = 100\n')
    (style / "label.html").write_text("{{ words.__class__.__mro__ }}")
    with pytest.raises(Exception, match="unsafe"):
        HtmlLabels(Settings(styles=(style,))).draw(Label(token="T", piece=1), "mine", Wanted())


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("title = 3", "title"),
        ('title = "M"', "stock"),
        ('title = "M"\ninks = 4\n[stock]\nkind = "sheet"\nwidth = 100\nheight = 100', "inks"),
        ('title = "M"\noverflow = "none"\n[stock]\nkind = "sheet"\nwidth = 100\nheight = 100', "overflow"),
        ("title", "style.toml"),
    ],
)
def test_a_style_that_cannot_be_read_is_named(tmp_path: Path, manifest: str, said: str) -> None:
    style = tmp_path / "mine"
    style.mkdir()
    (style / "style.toml").write_text(manifest)
    (style / "label.html").write_text("")
    with pytest.raises(ValueError, match=said) as caught:
        HtmlLabels(Settings(styles=(style,)))
    assert str(style) in str(caught.value)
