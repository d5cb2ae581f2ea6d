"""Character sets by their terms: what is understood, what is not, and how text is cut by delimiters."""

from itertools import product

import pytest
from burnish.instances.charset import (
    ALONE,
    DOUBLE_BYTE,
    SINGLE_BYTE,
    assumed_set,
    character_set,
    defined_terms,
)
from hypothesis import given
from hypothesis import strategies as st

DEFINED = [
    *(f"ISO_IR {number}" for number in (*SINGLE_BYTE, 13)),
    *(rf"\ISO 2022 IR {number}" for number in (*SINGLE_BYTE, *DOUBLE_BYTE, 13)),
    *(f"ISO 2022 IR {number}" for number in (*SINGLE_BYTE, 13)),
    *ALONE,
    r"ISO 2022 IR 13\ISO 2022 IR 87",
]


@pytest.mark.parametrize("term", DEFINED)
def test_a_defined_term_is_known_and_stays(term: str) -> None:
    found = character_set(term.encode())
    assert found.known
    assert found.terms
    assert defined_terms(term.encode()) == term.encode()
    assert assumed_set(term) == term.encode()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (b"ISO IR 100", b"ISO_IR 100"),
        (b"ISO-IR 100", b"ISO_IR 100"),
        (b"ISO_IR_100", b"ISO_IR 100"),
        (b"ISO_IR 100 \0", b"ISO_IR 100"),
        (b"iso_ir 100", b"ISO_IR 100"),
        (b"IR 100", b"ISO_IR 100"),
        (b"ISO-8859-1", b"ISO_IR 100"),
        (b"ISO8859-15", b"ISO_IR 203"),
        (b"latin1", b"ISO_IR 100"),
        (b"Latin-2", b"ISO_IR 101"),
        (b"UTF-8", b"ISO_IR 192"),
        (b"utf8", b"ISO_IR 192"),
        (b"ISO IR 192", b"ISO_IR 192"),
        (b"\\ISO_IR 192", b"ISO_IR 192"),
        (b"GB 18030", b"GB18030"),
        (b"ISO 2022 GBK", b"GBK"),
        (b"gb2312", b"ISO 2022 IR 58"),
        (b"ISO 2022 IR 87", b"\\ISO 2022 IR 87"),
        (b"ISO_IR 87", b"\\ISO 2022 IR 87"),
        (b"ISO_IR 100\\ISO_IR 87", b"ISO 2022 IR 100\\ISO 2022 IR 87"),
        (b"ISO-2022 IR 13\\iso 2022 ir 87", b"ISO 2022 IR 13\\ISO 2022 IR 87"),
    ],
)
def test_a_misspelt_term_is_what_it_can_only_mean(said: bytes, meant: bytes) -> None:
    assert character_set(said).terms == character_set(meant).terms
    assert defined_terms(said) == meant


@pytest.mark.parametrize("said", [b"", b"ISO_IR 6", b"ISO 2022 IR 6", b" ", b"ISO 2022 IR 6\\"])
def test_the_default_repertoire_is_ascii(said: bytes) -> None:
    found = character_set(said)
    assert (found.known, found.terms) == (True, ())
    assert found.exact(b"A^B") == "A^B"
    assert not found.reads(b"\xe4")


@pytest.mark.parametrize(
    "said",
    [b"FOO", b"ISO_IR 999", b"ISO_IR", b"cp1252", b"hex", b"ISO 2022 IR 87\\ISO_IR 192", b"\xe4", b"100"],
)
def test_a_term_that_means_nothing_is_not_guessed(said: bytes) -> None:
    found = character_set(said)
    assert not found.known
    assert found.decode(b"M\xfcller") == "M\N{REPLACEMENT CHARACTER}ller"
    assert found.exact(b"Miller") == "Miller"
    assert defined_terms(said) == said
    with pytest.raises(ValueError, match="try 'ISO_IR 100'"):
        assumed_set(said.decode("latin-1"))


SJIS, JIS, KOREAN = b"ISO_IR 13", rb"\ISO 2022 IR 87", rb"\ISO 2022 IR 149"


@pytest.mark.parametrize(
    ("terms", "vr", "value", "expected"),
    [
        # Two-byte characters that hold the codes of backslash, caret and equals sign are whole.
        (JIS, b"PN", b"\x1b$B%=%\\%^\x1b(B^A", "ソボマ^A"),
        (b"GB18030", b"LO", b"\x81\x5c\\A", "乗\\A"),
        (b"GBK", b"PN", b"\x81\x5e=\x81\x5c", "乛=乗".replace("乛", b"\x81\x5e".decode("gbk"))),
        (SJIS, b"LO", b"\x83\x5c\\A", "ソ\\A"),
        # After a delimiter the first term holds again; which is one depends on the VR.
        (rb"\ISO 2022 IR 144", b"ST", b"\x1b-L\xbb\\\xee=\xda", "Л\\ю=к"),
        (rb"ISO 2022 IR 100\ISO 2022 IR 144", b"LO", b"\x1b-L\xbb\\\xe9", "Л\\é"),
        (rb"ISO 2022 IR 100\ISO 2022 IR 144", b"LO", b"\x1b-L\xbb^=\xee", "Л^=ю"),
        (rb"ISO 2022 IR 100\ISO 2022 IR 144", b"PN", b"\x1b-L\xbb^\xe9", "Л^é"),
        (rb"ISO 2022 IR 100\ISO 2022 IR 144", b"LT", b"\x1b-L\xbb\r\n\xe9", "Л\r\né"),
        (JIS, b"LT", b"\x1b$B;3\r\n;3", "山\r\n;3"),
        # G0 and G1 are kept apart.
        (KOREAN, b"LO", b"\x1b$)C\xb1\xe8 A \xc8\xf1", "김 A 희"),
        (b"ISO 2022 IR 13\\ISO 2022 IR 87", b"LO", b"\xd4\x1b$B;3\xcf\x1b(J\xc0", "ﾔ山ﾏﾀ"),
        # A two-byte set alone is what a writer can only have meant.
        (b"ISO 2022 IR 149", b"PN", b"\xb1\xe8^\xc8\xf1", "김^희"),
        (b"ISO 2022 IR 87", b"PN", b"\x1b$B;3\x1b(B^A", "山^A"),
    ],
)
def test_text_is_cut_where_it_ends(terms: bytes, vr: bytes, value: bytes, expected: str) -> None:
    assert character_set(terms).exact(value, vr) == expected
    assert character_set(terms).decode(value, vr) == expected


@pytest.mark.parametrize(
    ("terms", "value", "lenient"),
    [
        (b"ISO_IR 192", b"M\xfcller", "M\ufffdller"),
        (b"ISO_IR 192", b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"GB18030", b"\xff", "\ufffd"),
        (b"ISO_IR 126", b"\xff", "\ufffd"),
        (b"ISO_IR 100", b"A\x1b$B;3", "A\x1b$B;3"),
        (b"", b"\x1b$B;3\x1b(B", "\x1b$B;3\x1b(B"),
        (JIS, b"\x1b$(D0!", "\x1b$(D0!"),
        (JIS, b"\x1b$B;3;\x1b(B", "山\ufffd"),
        (JIS, b"\xe9", "\ufffd"),
        (KOREAN, b"\x1b$)C\xb1\xe8^\xc8\xf1", "김^\ufffd\ufffd"),
        (rb"ISO 2022 IR 13\ISO 2022 IR 87", b"\x83\x5c", "\ufffd\\"),
    ],
)
def test_bytes_without_a_meaning_are_told(terms: bytes, value: bytes, lenient: str) -> None:
    found = character_set(terms)
    assert not found.reads(value, b"PN")
    assert found.decode(value, b"PN") == lenient


@pytest.mark.parametrize(("escape", "codec"), [(b"\x1b$B", "iso2022_jp"), (b"\x1b$(D", "iso2022_jp_2")])
def test_every_pair_of_jis_is_what_the_codec_of_its_own_says(escape: bytes, codec: str) -> None:
    found = character_set(rb"\ISO 2022 IR 87\ISO 2022 IR 159")
    for pair in product(range(0x21, 0x7F), repeat=2):
        value = escape + bytes(pair)
        try:
            expected = value.decode(codec)
        except UnicodeError:
            assert not found.reads(value)
        else:
            assert found.exact(value) == expected


@given(
    st.sampled_from([term.encode() for term in DEFINED] + [b"", b"FOO"]),
    st.sampled_from([b"PN", b"LO", b"UT"]),
    st.lists(st.sampled_from([b"\x1b", b"$B", b"(B", b"-L", b"\\", b"^", b"\xb1\xe8", b";3"]) | st.binary()),
)
def test_any_bytes_are_decoded_and_ascii_is_itself(terms: bytes, vr: bytes, parts: list[bytes]) -> None:
    found, value = character_set(terms), b"".join(parts)
    text = found.decode(value, vr)
    assert "\ufffd" in text or b"\x1b" in value or found.exact(value, vr) == text
    plain = bytes(byte & 0x7F for byte in value).replace(b"\x1b", b"")
    assert found.exact(plain, vr) == plain.decode("ascii")


@given(st.binary(max_size=40))
def test_any_bytes_are_a_value_of_specific_character_set(value: bytes) -> None:
    assert character_set(defined_terms(value)).terms == character_set(value).terms
