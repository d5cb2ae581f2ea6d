"""What an N-CREATE attribute list and an N-ACTION's information must look like: each rule, and its status."""

from collections.abc import Mapping
from typing import Any

import pytest
from burnish.errors import Refused
from burnish.orders.shape import (
    ATTRIBUTES,
    DEFINED_TERMS,
    MAX_TEXT,
    Asked,
    copies,
    priority,
)
from burnish.orders.shape import shape as shape_within
from burnish.requests.store import Reference
from burnish.terms import DimseStatus, Priority
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import keyword_for_tag

CT = "1.2.840.10008.5.1.4.1.1.2"
ITEM = {"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2.3"}
SEQUENCE = 0x00081199
MAX_REFERENCES = 50
STANDARD_TERMS = {
    "LabelUsingInformationExtractedFromInstances": ("YES", "NO"),
    "AllowMediaSplitting": ("YES", "NO"),
    "AllowLossyCompression": ("YES", "NO"),
    "IncludeDisplayApplication": ("YES", "NO"),
    "PreserveCompositeInstancesAfterMediaCreation": ("YES", "NO"),
}
"""Enumerated values, PS3.3 C.22.1."""


def shape(attributes: Mapping[str, Any]) -> Asked:
    """Shape within a limit that a test can pass."""
    return shape_within(attributes, MAX_REFERENCES)


def asked(**attributes: Any) -> dict[str, Any]:
    """An attribute list with one good reference."""
    return {"ReferencedSOPSequence": [ITEM], **attributes}


def refusal(attributes: Mapping[str, Any]) -> tuple[DimseStatus, tuple[int, ...], str]:
    """Shape what must be refused; status, tags and message."""
    with pytest.raises(Refused) as caught:
        shape(attributes)
    return caught.value.status, caught.value.tags, str(caught.value)


def test_references_in_their_order() -> None:
    items = [ITEM, {**ITEM, "ReferencedSOPInstanceUID": "1.2.4", "RequestedMediaApplicationProfile": "STD"}]
    assert shape({"ReferencedSOPSequence": items}).references == (
        Reference(CT, "1.2.3", ""),
        Reference(CT, "1.2.4", "STD"),
    )


def test_each_attribute_has_its_tag() -> None:
    assert {keyword: keyword_for_tag(tag) for keyword, (tag, _) in ATTRIBUTES.items()} == {
        keyword: keyword for keyword in ATTRIBUTES
    }


@pytest.mark.parametrize("keyword", ATTRIBUTES)
@pytest.mark.parametrize("empty", [None, "", []])
def test_an_empty_attribute_is_left_out(keyword: str, empty: Any) -> None:
    assert shape(asked(**{keyword: empty})).attributes == {}


def test_what_is_not_ours_is_ignored() -> None:
    assert shape(asked(PatientName="A", ExecutionStatus="DONE")).attributes == {}


@pytest.mark.parametrize("keyword", STANDARD_TERMS)
def test_enumerated_values(keyword: str) -> None:
    for term in STANDARD_TERMS[keyword]:
        assert shape(asked(**{keyword: term})).attributes == {keyword: term}
    for wrong in ("yes", "MAYBE", " YES"):
        status, tags, message = refusal(asked(**{keyword: wrong}))
        assert (status, tags) == (DimseStatus.INVALID_ATTRIBUTE_VALUE, (ATTRIBUTES[keyword][0],))
        assert keyword in message
        assert "YES or NO" in message


@pytest.mark.parametrize(
    "keyword", sorted(ATTRIBUTES.keys() - STANDARD_TERMS.keys() - {"SpecificCharacterSet"})
)
def test_one_value_each(keyword: str) -> None:
    status, tags, message = refusal(asked(**{keyword: ["A", "B"]}))
    assert (status, tags) == (DimseStatus.INVALID_ATTRIBUTE_VALUE, (ATTRIBUTES[keyword][0],))
    assert keyword in message


def test_several_character_sets() -> None:
    sets = ["", "ISO 2022 IR 87"]
    assert shape(asked(SpecificCharacterSet=sets)).attributes == {"SpecificCharacterSet": sets}


@pytest.mark.parametrize(
    ("keyword", "most"), [("StorageMediaFileSetID", 16), ("LabelText", MAX_TEXT), ("BarcodeValue", MAX_TEXT)]
)
def test_lengths(keyword: str, most: int) -> None:
    assert shape(asked(**{keyword: "A" * most})).attributes == {keyword: "A" * most}
    status, tags, message = refusal(asked(**{keyword: "A" * (most + 1)}))
    assert (status, tags) == (DimseStatus.INVALID_ATTRIBUTE_VALUE, (ATTRIBUTES[keyword][0],))
    assert str(most) in message
    assert len(message) < 200


def test_a_file_set_uid_is_a_uid() -> None:
    assert shape(asked(StorageMediaFileSetUID="1.2.3")).attributes == {"StorageMediaFileSetUID": "1.2.3"}
    status, tags, _ = refusal(asked(StorageMediaFileSetUID="1.02"))
    assert (status, tags) == (DimseStatus.INVALID_ATTRIBUTE_VALUE, (0x00880140,))


@pytest.mark.parametrize("keyword", DEFINED_TERMS)
def test_terms_that_may_be_extended(keyword: str) -> None:
    known = shape(asked(**{keyword: DEFINED_TERMS[keyword][0]}))
    assert known.ignored == {}
    other = shape(asked(**{keyword: "SOMETHING_ELSE"}))
    assert other.attributes == other.ignored == {keyword: "SOMETHING_ELSE"}


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        ({}, DimseStatus.MISSING_ATTRIBUTE),
        ({"ReferencedSOPSequence": []}, DimseStatus.MISSING_ATTRIBUTE_VALUE),
        ({"ReferencedSOPSequence": None}, DimseStatus.MISSING_ATTRIBUTE_VALUE),
        ({"ReferencedSOPSequence": "1.2.3"}, DimseStatus.INVALID_ATTRIBUTE_VALUE),
        ({"ReferencedSOPSequence": [ITEM] * (MAX_REFERENCES + 1)}, DimseStatus.RESOURCE_LIMITATION),
    ],
    ids=["absent", "no items", "null", "no sequence", "too many"],
)
def test_the_sequence(attributes: dict[str, Any], status: DimseStatus) -> None:
    assert refusal(attributes)[:2] == (status, (SEQUENCE,))


@pytest.mark.parametrize(
    ("keyword", "tag"), [("ReferencedSOPClassUID", 0x00081150), ("ReferencedSOPInstanceUID", 0x00081155)]
)
@pytest.mark.parametrize(
    ("value", "status"),
    [
        (None, DimseStatus.MISSING_ATTRIBUTE_VALUE),
        ("", DimseStatus.MISSING_ATTRIBUTE_VALUE),
        ([], DimseStatus.MISSING_ATTRIBUTE_VALUE),
        ("1.2.x", DimseStatus.INVALID_ATTRIBUTE_VALUE),
        (["1.2", "1.3"], DimseStatus.INVALID_ATTRIBUTE_VALUE),
        ("1." * 32 + "1", DimseStatus.INVALID_ATTRIBUTE_VALUE),
    ],
)
def test_uids_of_an_item(keyword: str, tag: int, value: Any, status: DimseStatus) -> None:
    wrong = {"ReferencedSOPSequence": [ITEM, {**ITEM, keyword: value}]}
    assert refusal(wrong)[:2] == (status, (tag,))
    absent = {"ReferencedSOPSequence": [{key: uid for key, uid in ITEM.items() if key != keyword}]}
    assert refusal(absent)[:2] == (DimseStatus.MISSING_ATTRIBUTE, (tag,))


@pytest.mark.parametrize("profile", [["A", "B"], "A" * 65])
def test_the_profile_of_an_item(profile: Any) -> None:
    wrong = {"ReferencedSOPSequence": [{**ITEM, "RequestedMediaApplicationProfile": profile}]}
    assert refusal(wrong)[:2] == (DimseStatus.INVALID_ATTRIBUTE_VALUE, (0x2200000C,))


@given(
    st.dictionaries(st.sampled_from(sorted(ATTRIBUTES)), st.text(max_size=40) | st.lists(st.text(max_size=5)))
)
def test_any_values_are_kept_or_refused(attributes: dict[str, Any]) -> None:
    """Nothing but Refused comes out, it names an attribute that was given, and what is kept is as given."""
    given_tags = {ATTRIBUTES[keyword][0] for keyword in attributes}
    kept, tags = _shaped(attributes)
    assert set(tags) <= given_tags
    if not tags:
        assert kept == {keyword: value for keyword, value in attributes.items() if value not in ("", [])}


def _shaped(attributes: dict[str, Any]) -> tuple[Mapping[str, Any], tuple[int, ...]]:
    try:
        return shape(asked(**attributes)).attributes, ()
    except Refused as error:
        return {}, error.tags


@pytest.mark.parametrize(("value", "number"), [(None, 1), ("", 1), (1, 1), ("3", 3), (99, 99)])
def test_copies(value: Any, number: int) -> None:
    assert copies({"NumberOfCopies": value}, 99) == number


@pytest.mark.parametrize("value", [0, -1, 100, "many", [1, 2], 1.5])
def test_copies_that_are_refused(value: Any) -> None:
    with pytest.raises(Refused, match="from 1 to 99") as caught:
        copies({"NumberOfCopies": value}, 99)
    assert caught.value.status == DimseStatus.INVALID_ARGUMENT_VALUE
    assert caught.value.tags == (0x20000010,)


def test_priority() -> None:
    """(2200,0020) of the tables, else (2000,0020) that S.4.2 names."""
    assert priority({}) == Priority.MED
    assert priority({"RequestPriority": "", "PrintPriority": ""}) == Priority.MED
    assert priority({"RequestPriority": "HIGH", "PrintPriority": "LOW"}) == Priority.HIGH
    assert priority({"PrintPriority": "LOW"}) == Priority.LOW
    assert priority({"PrintPriority": "LOW"}, Priority.HIGH, print_priority=False) == Priority.HIGH
    assert priority({"PrintPriority": "URGENT"}, print_priority=False) == Priority.MED


@pytest.mark.parametrize(("keyword", "tag"), [("RequestPriority", 0x22000020), ("PrintPriority", 0x20000020)])
@pytest.mark.parametrize("value", ["URGENT", "high", ["HIGH", "LOW"], 1])
def test_priority_that_is_refused(keyword: str, tag: int, value: Any) -> None:
    with pytest.raises(Refused, match="HIGH, MED or LOW") as caught:
        priority({keyword: value})
    assert (caught.value.status, caught.value.tags) == (DimseStatus.INVALID_ARGUMENT_VALUE, (tag,))
