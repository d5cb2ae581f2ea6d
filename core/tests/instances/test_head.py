"""Heads: plain values, character sets, and the raw elements beside them."""

import struct
from typing import Any

import pytest
from burnish.contracts.head import Head
from burnish.instances.head import KeptHead
from hypothesis import given, settings
from hypothesis import strategies as st

LONG_VRS = {"OB", "OW", "SQ", "UN", "UT", "UV"}


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One element, padded to even length."""
    value += (b"\0" if vr == "UI" else b" ") * (len(value) & 1)
    header = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    length = struct.pack("<HL", 0, len(value)) if vr in LONG_VRS else struct.pack("<H", len(value))
    return header + length + value


def item(value: bytes) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(value)) + value


@pytest.mark.parametrize(
    ("tag", "vr", "value", "expected"),
    [
        (0x00200013, "IS", b" 12 ", 12),
        (0x00200013, "IS", b"1.0", "1.0"),
        (0x00200013, "IS", b"", None),
        (0x00200013, "IS", b"  ", None),
        (0x00280030, "DS", b"0.5\\1e-1", (0.5, 0.1)),
        (0x00280030, "DS", b"0.5\\x", (0.5, "x")),
        (0x00080008, "CS", b"ORIGINAL\\PRIMARY ", ("ORIGINAL", "PRIMARY")),
        (0x00080008, "CS", b"ORIGINAL\\\\AXIAL", ("ORIGINAL", "", "AXIAL")),
        (0x00080018, "UI", b"1.2.3\0", "1.2.3"),
        (0x00280010, "US", b"\2\1", 258),
        (0x00280010, "US", b"\2\1\3\0", (258, 3)),
        (0x00289001, "UL", b"\1\0\1\0", 65537),
        (0x00080428, "UV", b"\1\0\0\0\0\0\0\1", (1 << 56) + 1),
        (0x00186024, "US", b"\0\0", 0),
        (0x0018602C, "FD", struct.pack("<d", 0.25), 0.25),
        (0x00280009, "AT", b"\x18\0\x63\x10", 0x00181063),
        (0x00420010, "ST", b"one\\two  ", "one\\two"),
        (0x00081030, "LO", b"Thorax \\ Abdomen", ("Thorax", "Abdomen")),
        (0x7FE00010, "OW", b"\1\2", b"\1\2"),
    ],
)
def test_values_are_plain(tag: int, vr: str, value: bytes, expected: Any) -> None:
    found = KeptHead(element(tag, vr, value)).value(tag)
    assert found == expected
    assert type(found) is type(expected)


CHARACTER_SETS = [
    # PS3.5 Annexes H, I, J and K: the names of their examples.
    (rb"\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=山田^太郎"),
    (
        rb"ISO 2022 IR 13\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
    ),
    (
        rb"\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7",
        "Hong^Gildong=洪^吉洞",
    ),
    (
        rb"\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
        "Zhang^XiaoDong=张^小东",
    ),
    (rb"ISO 2022 IR 6\ISO 2022 IR 144", b"A=\x1b-L\xbb\xee\xda", "A=Люк"),
    (b"ISO_IR 192", "Wang^XiaoDong=王^小東".encode(), "Wang^XiaoDong=王^小東"),
    (b"GB18030", "Wang^XiaoDong=王^小东".encode("gb18030"), "Wang^XiaoDong=王^小东"),
    (b"ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    (b"ISO_IR 144", b"\xbb\xee\xda", "Люк"),
    (b"", b"M\xfcller", "M\ufffdller"),
    (b"ISO_IR 192", b"M\xfcller", "M\ufffdller"),
    (b"NO SUCH SET", b"M\xfcller", "M\ufffdller"),
    (b"ISO_IR 100", b"A\x1b%XB", "A\x1b%XB"),
]


@pytest.mark.parametrize(("charset", "value", "expected"), CHARACTER_SETS)
def test_text_is_decoded_in_its_character_set(charset: bytes, value: bytes, expected: str) -> None:
    data = element(0x00080005, "CS", charset) + element(0x00100010, "PN", value)
    assert KeptHead(data)["PatientName"] == expected


def test_a_byte_of_a_character_that_looks_like_a_separator_does_not_separate() -> None:
    character = b"\x81\x5c".decode("gb18030")
    data = element(0x00080005, "CS", b"GB18030") + element(0x00081030, "LO", b"\x81\x5c\\A")
    assert KeptHead(data)["StudyDescription"] == (character, "A")


@given(charset=st.sampled_from([row[0] for row in CHARACTER_SETS]), value=st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_is_too_bad_to_be_read(charset: bytes, value: bytes) -> None:
    data = element(0x00080005, "CS", charset) + element(0x00100010, "PN", value)
    found = KeptHead(data)["PatientName"]
    assert found is None or isinstance(found, str | tuple)


def test_items_are_heads_in_the_character_set_around_them() -> None:
    meaning = "Übersicht".encode()
    code = element(0x00080104, "LO", meaning)
    own = element(0x00080005, "CS", b"ISO_IR 100") + element(0x00080104, "LO", b"\xdcber")
    data = element(0x00080005, "CS", b"ISO_IR 192") + element(0x0040A043, "SQ", item(code) + item(own))
    inherited, other = KeptHead(data)["ConceptNameCodeSequence"]
    assert inherited["CodeMeaning"] == "Übersicht"
    assert other["CodeMeaning"] == "Über"


def test_an_empty_sequence_is_no_items() -> None:
    assert KeptHead(element(0x0040A043, "SQ", b""))["ConceptNameCodeSequence"] == ()


def test_a_head_is_a_mapping_of_keywords() -> None:
    head: Head = KeptHead(element(0x00100020, "LO", b"") + element(0x00200013, "IS", b"4"))
    assert dict(head) == {"PatientID": None, "InstanceNumber": 4}
    assert len(head) == 2
    assert head.get("Rows") is None
    with pytest.raises(KeyError, match="Rows"):
        head["Rows"]
    with pytest.raises(KeyError, match="NoSuchKeyword"):
        head["NoSuchKeyword"]


def test_raw_elements_are_as_they_were_kept() -> None:
    name, number = element(0x00100010, "PN", b"M\xfcller"), element(0x00080428, "UV", b"\1\0\0\0\0\0\0\0")
    head = KeptHead(number + name + element(0x00100020, "LO", b""))
    assert head.raw(0x00100010) == b"M\xfcller"
    assert head.encoded(0x00100010) == head.filled(0x00100010) == name
    assert head.encoded(0x00080428) == head.filled(0x00080428) == number
    assert (head.raw(0x00100020), head.raw(0x00100030)) == (b"", None)
    assert (head.encoded(0x00100030), head.filled(0x00100030)) == (None, None)
    assert head.fresh() == head


@pytest.mark.parametrize(
    ("vr", "value", "has"),
    [
        ("LO", b"x", True),
        ("LO", b"  ", False),
        ("LO", b"", False),
        ("UI", b"\0", False),
        ("US", b"\0\0", True),
        ("SQ", b"", False),
        ("SQ", item(b""), True),
    ],
)
def test_padding_is_no_value_and_zero_is_one(vr: str, value: bytes, has: bool) -> None:
    head = KeptHead(element(0x00100020, vr, value))
    assert head.has_value(0x00100020) is has
    assert (head.filled(0x00100020) is not None) is has
    assert not head.has_value(0x00100021)
