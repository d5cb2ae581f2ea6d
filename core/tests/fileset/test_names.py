"""File IDs are counted by place, and spelled as PS3.10 8.2 allows."""

import re

import pytest
from burnish.fileset.names import file_ids, map_file_set_id
from hypothesis import given
from hypothesis import strategies as st

places = st.lists(st.tuples(st.sampled_from("pq"), st.sampled_from("ab"), st.sampled_from("12")), max_size=30)


@given(places)
def test_names_are_unique_legal_and_the_same_each_time(where: list[tuple[str, str, str]]) -> None:
    names = list(file_ids(where))
    assert len(set(names)) == len(where)
    assert all(re.fullmatch("[A-Z0-9_]{1,8}", part) for name in names for part in name)
    assert all(len(name) <= 8 for name in names)
    assert names == list(file_ids(where))


@given(places)
def test_files_share_a_folder_exactly_when_they_share_a_place(where: list[tuple[str, str, str]]) -> None:
    folders = dict(zip(where, (name[:-1] for name in file_ids(where)), strict=True))
    assert len(set(folders.values())) == len(folders)


def test_numbers_count_within_the_parent() -> None:
    names = file_ids([("p", "a", "1"), ("p", "a", "2"), ("p", "b", "1"), ("q", "a", "1"), ("p", "a", "1")])
    assert ["/".join(name) for name in names] == [
        "DICOM/PT000000/ST000000/SE000000/IM000000",
        "DICOM/PT000000/ST000000/SE000001/IM000000",
        "DICOM/PT000000/ST000001/SE000000/IM000000",
        "DICOM/PT000001/ST000000/SE000000/IM000000",
        "DICOM/PT000000/ST000000/SE000000/IM000001",
    ]


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Disc 7a", "DISC_7A"),
        ("", ""),
        ("  ", ""),
        ("a-b.c/d", "A_B_C_D"),
        ("ß" * 20, "SS" * 8),
        ("É1", "_1"),
    ],
)
def test_a_file_set_id_is_mapped(text: str, spelled: str) -> None:
    assert map_file_set_id(text) == spelled


@given(st.text())
def test_any_text_becomes_a_legal_file_set_id(text: str) -> None:
    assert re.fullmatch("[A-Z0-9_]{0,16}", map_file_set_id(text))
