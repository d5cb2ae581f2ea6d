"""Tests that every label maker must pass, and every style of it. A plugin's whole test file can be this:

    class TestMyLabels(LabelMakerConformance):
        @pytest.fixture
        def maker(self) -> LabelMaker:
            return MyLabels(MySettings())

`PEOPLE` has people of many scripts, `label` makes a label of them.

Units: millimetres.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from burnish.contracts import (
    Artwork,
    Barcode,
    Form,
    Label,
    LabelMaker,
    LabelPerson,
    LabelStudy,
    LabelStyle,
    StockKind,
    Wanted,
)
from burnish.errors import LabelUnfit
from burnish.testing.kit import Conformance, contract_of

_MM: Final = 25.4

PEOPLE: Final[Sequence[LabelPerson]] = tuple(
    LabelPerson(names=names, patient_id=f"P-{number:04}", birth_date="1966-02-15", sex="O")
    for number, names in enumerate(
        (
            ("Adams^John Robert Quincy^^Rev.^B.A. M.Div.",),
            ("Müller-Lüdenscheidt^Jörg",),
            ("Παπαδόπουλος^Γιώργος",),
            ("Иванова^Жанна Щукина",),
            ("Yamada^Tarou", "山田^太郎", "やまだ^たろう"),
            ("Hong^Gildong", "洪^吉洞", "홍^길동"),
            ("Wang^XiaoDong", "王^小東"),
            ("قباني^لنزار",),
            ("שרון^דבורה",),
            ("สมชาย^ใจดี",),
            ("शर्मा^राजेश",),
            ("முருகன்^கண்ணன்",),
        ),
        1,
    )
)


def label(*people: LabelPerson, **values: Any) -> Label:
    """A label of these people with a study each."""
    studies = tuple(
        LabelStudy(
            person=number, study_id=f"S{number}", date="2026-10-01", description="CT", modalities=("CT",)
        )
        for number, _ in enumerate(people)
    )
    given: dict[str, Any] = {
        "token": "KITKITKIT",
        "piece": 1,
        "made": "2026-11-23",
        "content": "DICOM ONLY",
        "profile": "STD-GEN-CD",
        "people": people,
        "studies": studies,
    }
    return Label(**given | values)


def dots_of(pbm: bytes) -> tuple[int, int, bytes]:
    """Width, height and rows of a PBM. Raises ValueError for anything else."""
    magic, size, rest = pbm.split(b"\n", 2)
    if magic != b"P4":
        raise ValueError("it is no PBM")
    width, height = map(int, size.split())
    if len(rest) != -(-width // 8) * height:
        raise ValueError(f"it has {len(rest)} bytes of rows")
    return width, height, rest


class LabelMakerConformance(Conformance):
    """Subclass, give `maker`, and run."""

    @pytest.fixture
    def maker(self) -> LabelMaker:
        """The label maker."""
        raise NotImplementedError("the subclass supplies this fixture")

    def drawn(self, maker: LabelMaker, said: Label, form: Form = Form.PDF, dpi: int = 203) -> list[Artwork]:
        """A label in every style that has room for it."""
        found = []
        for style in maker.styles:
            try:
                found.append(maker.draw(said, style, Wanted(form=form, dpi=dpi)))
            except LabelUnfit:
                continue
        return found

    def test_it_keeps_this_contract(self, maker: LabelMaker) -> None:
        """Pass it by `burnish_contract` of the plugin's module."""
        assert contract_of(maker) == 1

    def test_its_styles_say_what_they_are(self, maker: LabelMaker) -> None:
        """Pass it by a title, and a stock of a size; a disc has a ring to print on."""
        assert maker.styles
        for name, style in maker.styles.items():
            assert isinstance(style, LabelStyle)
            assert style.name == name
            assert style.title.strip()
            stock = style.stock
            assert min(stock.width, stock.height) > 0
            if stock.kind is StockKind.DISC:
                assert 0 <= stock.inner < stock.outer <= min(stock.width, stock.height)

    def test_every_style_draws_one_person(self, maker: LabelMaker) -> None:
        """Pass it by having room for a person of usual length in every style."""
        assert len(self.drawn(maker, label(PEOPLE[0]))) == len(maker.styles)

    def test_a_label_may_say_next_to_nothing(self, maker: LabelMaker) -> None:
        """Pass it by drawing what is left where nothing of the instances may be said."""
        said = Label(token="KITKITKIT", piece=1, extracted=False)  # noqa: S106
        assert len(self.drawn(maker, said)) == len(maker.styles)

    def test_it_draws_the_codes_that_it_states(self, maker: LabelMaker) -> None:
        """Pass it by stating in `symbologies` only those that are drawn as codes in some style."""
        for symbology in maker.symbologies:
            said = label(PEOPLE[0], barcode=Barcode(value="12345678", symbology=symbology))
            assert [art for art in self.drawn(maker, said) if not art.warnings], symbology

    @pytest.mark.parametrize("form", Form)
    def test_it_draws_in_every_form(self, maker: LabelMaker, form: Form) -> None:
        """Pass it by the form that is wanted, the size of the stock, and the dots that are wanted."""
        for artwork in self.drawn(maker, label(PEOPLE[0]), form):
            assert artwork.form is form
            assert artwork.stock == maker.styles[artwork.style].stock
            begins = {Form.PDF: b"%PDF-", Form.PNG: b"\x89PNG", Form.PBM: b"P4\n"}[form]
            assert artwork.data.startswith(begins)
            if form is Form.PBM:
                width, height, _ = dots_of(artwork.data)
                assert abs(width - artwork.stock.width / _MM * artwork.dpi) <= 2
                assert abs(height - artwork.stock.height / _MM * artwork.dpi) <= 2

    def test_the_same_label_is_the_same_picture(self, maker: LabelMaker) -> None:
        """Pass it by asking no clock and no chance."""
        said = label(PEOPLE[4])
        assert self.drawn(maker, said) == self.drawn(maker, said)

    def test_a_disc_is_printed_in_its_ring_only(self, maker: LabelMaker) -> None:
        """Pass it by white on the hub and beyond the edge."""
        for artwork in self.drawn(maker, label(*PEOPLE[:3], text="x" * 60), Form.PBM, 100):
            if artwork.stock.kind is StockKind.DISC:
                assert _outside(artwork) == 0

    @pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.patient_id)
    def test_every_script_is_drawn(self, maker: LabelMaker, person: LabelPerson) -> None:
        """Pass it by another picture for another name, in every style that is not meant for the mail."""
        blank = replace(person, names=())
        styles = {artwork.style: artwork.data for artwork in self.drawn(maker, label(person), Form.PBM)}
        for artwork in self.drawn(maker, label(blank), Form.PBM):
            mail = maker.styles[artwork.style].mail
            assert mail or styles.get(artwork.style) != artwork.data, artwork.style

    def test_what_has_no_room_is_an_error(self, maker: LabelMaker) -> None:
        """Pass it by LabelUnfit with a sentence that does not tell the value."""
        said = label(*(replace(one, patient_id="SECRET-ID") for one in list(PEOPLE) * 200))
        for name, style in maker.styles.items():
            if style.mail:  # it may say nothing of people
                continue
            with pytest.raises(LabelUnfit) as caught:
                maker.draw(said, name, Wanted())
            assert str(caught.value).strip()
            assert "SECRET" not in str(caught.value)

    def test_a_barcode_that_cannot_be_is_text_and_a_warning(self, maker: LabelMaker) -> None:
        """Pass it by drawing on, and saying so in `warnings` without the value."""
        for value, symbology in (("123", "INTER_2_5"), ("\x07", "CODE128"), ("X", "SNOWFLAKE")):
            said = label(PEOPLE[0], barcode=Barcode(value=value, symbology=symbology))
            for artwork in self.drawn(maker, said):
                assert artwork.warnings, (artwork.style, symbology)

    @pytest.mark.parametrize(
        "hostile",
        [
            "<script>alert(1)</script>",
            "</p></body><style>*{display:none}</style>",
            "{{ 7 * 7 }}{% raise %}",
            "^XA^FO0,0^XZ~JA",
            "\x1b[2J\x00\x07",
            "\u202egnihtyna\u202c",
            "&#x202e;&lt;",
            "(%) Tj ET",
            "\ud800",
            "\U0001f600",
            "a" * 60,
            "%s%n{}",
        ],
        ids=repr,
    )
    def test_hostile_text_is_only_text(self, maker: LabelMaker, hostile: str) -> None:
        """Pass it by drawing it: in every place where text from outside may stand."""
        person = LabelPerson(names=(hostile,), patient_id=hostile[:20], birth_date=hostile[:10])
        said = label(person, text=hostile, institution=hostile[:30], more={"StationName": (hostile[:20],)})
        assert self.drawn(maker, said)


def _outside(artwork: Artwork) -> int:
    """Black dots of a PBM that are not in the ring of its disc; a dot on the line counts as inside."""
    width, height, rows = dots_of(artwork.data)
    scale, stride = width / artwork.stock.width, -(-width // 8)
    inner, outer = artwork.stock.inner / 2 * scale - 1.5, artwork.stock.outer / 2 * scale + 1.5
    outside = 0
    for y in range(height):
        row = rows[y * stride : (y + 1) * stride]
        if not any(row):
            continue
        for x in range(width):
            if row[x // 8] >> (7 - x % 8) & 1:
                distance = ((x + 0.5 - width / 2) ** 2 + (y + 0.5 - height / 2) ** 2) ** 0.5
                outside += not inner <= distance <= outer
    return outside
