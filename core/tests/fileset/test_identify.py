"""P3: no medium mixes people unnoticed."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest
from burnish.fileset.identify import Conflict, Identified, identify, made_id
from burnish.fileset.settings import IdentitySettings
from burnish.instances.head import KeptHead
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

NAME, ISSUER, BIRTH, SEX = 0x00100010, 0x00100021, 0x00100030, 0x00100040
PATIENT_ID, STUDY = 0x00100020, 0x0020000D


def head(patient_id: str | None = "1", study: str = "1.2", **more: Any) -> Mapping[str, Any]:
    return {"PatientID": patient_id, "StudyInstanceUID": study, **more}


def named(*names: str | None) -> Identified:
    return identify([head(PatientName=name) for name in names])


def only(found: Identified) -> Conflict:
    assert len(found.conflicts) == 1
    return found.conflicts[0]


def test_nobody() -> None:
    assert identify([]) == Identified((), ())
    assert not identify([]).several


def test_one_person() -> None:
    found = identify([head(PatientName="Doe^Jane", PatientBirthDate="19700101", PatientSex="F")] * 3)
    assert not found.conflicts
    assert not found.several
    assert len(set(found.persons)) == 1
    assert found.persons[0].patient_id == ""


def test_two_people_are_told_apart_and_are_no_conflict() -> None:
    found = identify([head("1", "1.1", PatientName="A"), head("2", "1.2", PatientName="B")])
    assert found.several
    assert not found.conflicts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Doe^Jane", "DOE^JANE"),
        ("Doe^Jane", "doe ^ jane"),
        ("Doe^Jane", "Doe^Jane^^^"),
        ("Doe^Jane", " Doe^Jane "),
        ("Doe^Jane", "Doe^Janet"),
        ("Doe^Jane", "Doe"),
        ("Doe^Jane", None),
        ("Doe^Jane", ""),
        ("Doe^Jane", "^Jane"),
        ("Müller^Eva", "Mu\u0308ller^Eva"),
        ("Großmann", "GROSSMANN"),
        ("ﾔﾏﾀﾞ", "ヤマダ"),
        ("Van der Berg", "VAN DER  BERG"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou"),
        ("Yamada^Tarou=山田^太郎", "=山田^太郎"),
        ("Yamada^Tarou", "=山田^太郎"),
        ("Yamada==やまだ", "Yamada=山田"),
    ],
)
def test_names_that_agree(one: str, other: str | None) -> None:
    assert not named(one, other).conflicts
    assert not named(other, one).conflicts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Doe^Jane", "Roe^Jane"),
        ("Doe^Jane", "Doer^Jane"),
        ("Yamada^Tarou=山田^太郎", "Yamada^Tarou=田中^太郎"),
        ("=山田", "Tanaka=田中"),
        ("Yamada==やまだ", "Yamada==たなか"),
    ],
)
def test_family_names_that_differ(one: str, other: str) -> None:
    conflict = only(named(one, other))
    assert conflict.indices == (1,)
    assert conflict.attributes == (NAME,)
    assert "Patient's Name" in conflict.why
    assert "Doe" not in conflict.why


@pytest.mark.parametrize(
    ("keyword", "tag", "one", "other"),
    [
        ("PatientBirthDate", BIRTH, "19700101", "19700102"),
        ("PatientSex", SEX, "F", "M"),
        ("IssuerOfPatientID", ISSUER, "Here", "There"),
    ],
)
def test_birth_date_sex_and_issuer_that_differ(keyword: str, tag: int, one: str, other: str) -> None:
    conflict = only(identify([head(**{keyword: value}) for value in (one, other, one)]))
    assert conflict.indices == (1,)
    assert conflict.attributes == (tag,)


@pytest.mark.parametrize("keyword", ["PatientBirthDate", "PatientSex", "IssuerOfPatientID"])
@pytest.mark.parametrize("missing", [None, "", " "])
def test_what_is_missing_agrees(keyword: str, missing: str | None) -> None:
    found = identify([head(**{keyword: "F"}), head(**{keyword: missing}), head()])
    assert not found.conflicts
    assert len(set(found.persons)) == 1


def test_the_same_date_in_the_form_of_older_data_agrees() -> None:
    assert not identify([head(PatientBirthDate="19700101"), head(PatientBirthDate="1970.01.01")]).conflicts


def test_the_largest_group_stays() -> None:
    found = named("A", "B", "B", "A", "B")
    assert only(found).indices == (0, 3)


def test_of_equal_groups_the_first_stays() -> None:
    assert only(named("A", "B", "B", "A")).indices == (1, 2)


def test_who_lacks_a_value_does_not_join_two_who_differ() -> None:
    dates = (None, "19700101", "19700102", "19700102")
    conflict = only(identify([head(PatientBirthDate=date) for date in dates]))
    assert conflict.indices == (1,)


def test_differences_in_several_attributes_are_all_named() -> None:
    same = {"PatientName": "A", "PatientSex": "F", "PatientBirthDate": "19700101"}
    found = identify([head(**same), head(**same), head(**same | {"PatientName": "B", "PatientSex": "M"})])
    assert only(found).attributes == (NAME, SEX)


def test_two_issuers_are_two_people_with_one_id() -> None:
    found = identify([head(IssuerOfPatientID="A"), head(IssuerOfPatientID="B"), head()])
    assert found.persons[0] != found.persons[1]
    assert found.persons[0] == found.persons[2]
    assert only(found).attributes == (ISSUER,)


def test_a_study_under_two_people() -> None:
    found = identify([head("1", "1.2"), head("2", "1.2"), head("2", "1.2"), head("3", "1.3")])
    conflict = only(found)
    assert conflict.indices == (0,)
    assert conflict.attributes == (PATIENT_ID, STUDY)


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_an_empty_id_is_nobodys(empty: str | None) -> None:
    found = identify([head(empty, "1.1"), head(empty, "1.2"), head(empty, "1.1"), head("1", "1.3")])
    assert found.persons[0] == found.persons[2]
    assert len(set(found.persons)) == 3
    assert found.persons[0].patient_id == made_id("1.1")
    assert found.persons[1].patient_id == made_id("1.2")
    assert found.persons[3].patient_id == ""


def test_people_without_id_who_differ_within_a_study() -> None:
    found = identify([head(None, PatientName="A"), head(None, PatientName="B")])
    assert only(found).attributes == (NAME,)


def test_a_made_id_is_the_same_each_time_and_a_legal_value() -> None:
    assert made_id("1.2") == made_id("1.2") != made_id("1.3")
    assert len(made_id("1.2")) == 16
    assert made_id("1.2").isascii()


def test_spaces_around_an_id_do_not_count_and_case_does() -> None:
    found = identify([head("a", "1.1"), head(" a ", "1.1"), head("A", "1.2")])
    assert found.persons[0] == found.persons[1] != found.persons[2]


def test_an_id_cannot_imitate_another_persons_key() -> None:
    found = identify([head("1", "1.1", IssuerOfPatientID="X"), head("1\x1fX", "1.2")])
    assert found.persons[0].key != found.persons[1].key


def element(tag: int, vr: bytes, text: bytes) -> bytes:
    value = text + b" " * (len(text) % 2)
    return (
        tag.to_bytes(4, "little")[2:]
        + tag.to_bytes(4, "little")[:2]
        + vr
        + len(value).to_bytes(2, "little")
        + value
    )


def kept(patient_id: bytes, name: bytes, charset: bytes = b"") -> KeptHead:
    parts = [
        (0x00080005, b"CS", charset),
        (NAME, b"PN", name),
        (PATIENT_ID, b"LO", patient_id),
        (STUDY, b"UI", b"1.2 "),
    ]
    return KeptHead(b"".join(element(*part) for part in parts))


def test_kept_heads_are_told_apart_by_what_they_say_not_by_their_bytes() -> None:
    latin, utf8 = kept(b"1", b"M\xfcller", b"ISO_IR 100"), kept(b"1", b"M\xc3\xbcller", b"ISO_IR 192")
    assert not identify([latin, utf8, kept(b"1", b"MULLER")][:2]).conflicts
    greek = kept(b"1", b"M\xfcller", b"ISO_IR 126")
    assert only(identify([latin, greek])).attributes == (NAME,)


SETS = {
    b"ISO 2022 IR 13\\ISO 2022 IR 87": b"\xd4\xcf\xc0\xde=\x1b$B;3ED\x1b(J",
    b"\\ISO 2022 IR 87": b"\x1b$B%d%^%@\x1b(B=\x1b$B;3ED\x1b(B",
    b"ISO_IR 192": "ﾔﾏﾀﾞ=山田".encode(),
    b"ISO_IR 192 ": "ヤマタ\u3099=山\ufe00田".encode(),
    b"GB18030": "ヤマダ=山田".encode("gb18030"),
    b"GBK": "=山田".encode("gbk"),
    b"": b"",
}
"""One family name in katakana and in kanji: half and full width, composed and not, some of it or none."""


def test_a_name_is_the_same_in_every_character_set() -> None:
    assert not identify([kept(b"1", name, terms) for terms, name in SETS.items()]).conflicts


@pytest.mark.parametrize("terms", [terms for terms, name in SETS.items() if name])
def test_another_name_is_another_in_every_character_set(terms: bytes) -> None:
    other = kept(b"1", "ヤマダ=川田".encode(), b"ISO_IR 192")
    assert only(identify([kept(b"1", SETS[terms], terms), other])).attributes == (NAME,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "Mu\u0308ller"),
        ("Müller", "ＭÜＬＬＥＲ"),
        ("\u301c", "\uff5e"),
        ("\u2212", "\uff0d"),
        ("کری\u200cمی", "کریمی"),
        ("葛\U000e0100城", "葛城"),
        ("\ufeffDoe", "Doe"),
    ],
)
def test_what_sets_write_differently_is_the_same(one: str, other: str) -> None:
    assert not named(one, other).conflicts


def test_who_cannot_be_read_is_told_by_attributes_and_set() -> None:
    heads = [
        kept(b"1", b"A"),
        kept(b"2", b"M\xfcller"),
        kept(b"3", b"M\xf6ller"),
        kept(b"\xff", b"\xff", b"GBK"),
    ]
    undeclared, strange = identify(heads).unread
    assert (undeclared.indices, undeclared.attributes) == ((1, 2), (NAME,))
    assert (strange.indices, strange.attributes) == ((3,), (NAME, PATIENT_ID))
    assert strange.why == "Patient's Name and Patient ID cannot be read: its bytes mean nothing in GBK"


def test_many_kept_heads_of_two_people() -> None:
    found = identify([kept(b"1", b"A"), kept(b"2", b"B")] * 500)
    assert len(set(found.persons)) == 2
    assert found.persons[0] == found.persons[998]


TRAITS = ("PatientName", "PatientBirthDate", "PatientSex", "IssuerOfPatientID")
TAG = dict(zip(TRAITS, (NAME, BIRTH, SEX, ISSUER), strict=True))
VALUES = st.sampled_from([None, "A", "B", "C"])
ONE = st.fixed_dictionaries(dict.fromkeys(TRAITS, VALUES))


def agree(group: list[dict[str, str | None]]) -> bool:
    return all(len({one[word] for one in group} - {None}) < 2 for word in TRAITS)


@given(st.lists(ONE, min_size=1, max_size=7))
def test_the_group_that_stays_agrees_and_none_that_agrees_is_larger(
    people: list[dict[str, str | None]],
) -> None:
    found = identify([head(**one) for one in people])
    outside = {index for conflict in found.conflicts for index in conflict.indices}
    stay = [one for index, one in enumerate(people) if index not in outside]
    assert agree(stay)
    assert not any(agree(list(group)) for group in combinations(people, len(stay) + 1))


@given(st.lists(ONE, min_size=2, max_size=7))
def test_the_attributes_named_are_those_that_differ(people: list[dict[str, str | None]]) -> None:
    found = identify([head(**one) for one in people])
    assert bool(found.conflicts) == (not agree(people))
    for conflict in found.conflicts:
        stay = [one for index, one in enumerate(people) if index not in conflict.indices]
        outside = [people[index] for index in conflict.indices]
        for word in TRAITS:
            kept_values = {one[word] for one in stay} - {None}
            differs = any(one[word] and kept_values and one[word] not in kept_values for one in outside)
            assert (TAG[word] in conflict.attributes) == differs


@given(
    st.lists(st.tuples(st.sampled_from(["1", "2", None]), st.sampled_from(["1.1", "1.2"]), ONE), max_size=8)
)
def test_every_head_has_its_person(people: list[tuple[str | None, str, dict[str, str | None]]]) -> None:
    heads = [head(patient_id, study, **one) for patient_id, study, one in people]
    found = identify(heads)
    assert len(found.persons) == len(heads)
    for (one, a), (other, b) in combinations(zip(heads, found.persons, strict=True), 2):
        if a.key == b.key:
            assert one["PatientID"] == other["PatientID"]
            assert a == b
        if (one["PatientID"], one["StudyInstanceUID"]) == (None, other["StudyInstanceUID"]):
            assert a == b or other["PatientID"] or one["IssuerOfPatientID"] != other["IssuerOfPatientID"]
    for conflict in found.conflicts:
        assert conflict.indices == tuple(sorted(set(conflict.indices)))
        assert conflict.attributes


@given(st.lists(ONE, min_size=1, max_size=6), st.randoms())
def test_the_order_of_heads_does_not_decide_whether_there_is_a_conflict(
    people: list[Any], random: Any
) -> None:
    shuffled = random.sample(people, len(people))
    sizes = []
    for order in (people, shuffled):
        found = identify([head(**one) for one in order])
        sizes.append(sum(len(conflict.indices) for conflict in found.conflicts))
    assert sizes[0] == sizes[1]


def test_many_people_under_one_id_are_found_quickly() -> None:
    found = identify([head(PatientName=f"N{n}", PatientBirthDate=f"{n:08}") for n in range(3000)])
    assert len(only(found).indices) == 2999


def test_settings_default_to_the_safe_side() -> None:
    assert IdentitySettings() == IdentitySettings(conflict="fail", several="allow")
    with pytest.raises(ValidationError):
        IdentitySettings.model_validate({"conflict": "ignore"})
    with pytest.raises(ValidationError):
        IdentitySettings.model_validate({"colour": "red"})
