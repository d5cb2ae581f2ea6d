"""README.TXT and INDEX.HTM: what they say, in which letters."""

from datetime import UTC, datetime
from typing import Any

import pytest
from burnish.contracts import (
    BundledFile,
    BundledInstance,
    BundledPerson,
    BundledSeries,
    BundledStudy,
    BundledVolume,
    LabelPerson,
    Link,
)
from burnish.fileset.bundles.front import root_files
from burnish.fileset.bundles.settings import BundleSettings
from burnish.markup import script_value, xml_text

LINK = Link(path=("IHE_PDI", "INDEX.HTM"), title="Pictures", note="for <everybody>")


def volume(name: str = "Doe^Jane", number: int = 1, volumes: int = 1) -> BundledVolume:
    instance = BundledInstance(
        file_id=("DICOM", "A"), sop_class="1.2", sop_instance="1.3", transfer_syntax="1.4", length=1, head={}
    )
    series = BundledSeries(uid="1.5", modality="CT", number="3", description="Thorax", instances=(instance,))
    study = BundledStudy(uid="1.6", date="2026-01-31", time="10:05", description="Chest", series=(series,))
    person = BundledPerson(said=LabelPerson(names=(name,), patient_id="47 & 11"), studies=(study,))
    return BundledVolume(
        file_set_id="SET",
        file_set_uid="1.7",
        token="T",
        made=datetime(2026, 5, 4, 12, tzinfo=UTC),
        number=number,
        volumes=volumes,
        profile="STD-GEN-CD",
        institution="Klinik für Größe\nund 名",
        people=(person,),
    )


def text_of(files: tuple[BundledFile, ...], name: str) -> str:
    [found] = [file for file in files if file.path == (name,)]
    [part] = found.parts
    assert isinstance(part, bytes)
    return part.decode("ascii" if name.startswith("README") else "utf-8")


def made(
    *, personal: bool = True, bundled: bool = True, rules: tuple[str, ...] = (), **settings: Any
) -> dict[str, str]:
    links = [LINK] if bundled else []
    said = BundleSettings(**settings)
    found = root_files(volume(), links, said, rules, personal=personal, bundled=bundled)
    return {file.path[0]: text_of(found, file.path[0]) for file in found}


def test_the_readme_is_ascii_and_tells_of_no_patient() -> None:
    text = made(contact="Tel. 1", notice="Löschen Sie die CD nicht.")["README.TXT"]
    assert "Made by    Klinik fur Grosse\r\n           und ?\r\n" in text
    assert "IHE_PDI/INDEX.HTM" in text
    assert "Pictures - for <everybody>" in text
    assert "Loschen Sie die CD nicht." in text
    assert "Not for diagnosis" in text
    assert "Doe" not in text
    assert "11" not in text.replace("STD-GEN-CD of DICOM PS3.11", "")
    assert all(line.endswith("\r") for line in text.split("\n")[:-1])
    assert max(map(len, text.splitlines())) <= 79


def test_the_index_lists_what_is_there_and_escapes_it() -> None:
    text = made()["INDEX.HTM"]
    for said in ("Doe, Jane", "ID 47 &amp; 11", "2026-01-31 10:05 Chest", "CT, series 3, Thorax, 1 file"):
        assert said in text
    assert "for &lt;everybody&gt;" in text
    assert 'href="IHE_PDI/INDEX.HTM"' in text


def test_beside_sealed_files_neither_tells_of_patients() -> None:
    found = made(personal=False)
    assert set(found) == {"README.TXT", "INDEX.HTM"}
    assert "Doe" not in found["INDEX.HTM"]
    assert "Chest" not in found["INDEX.HTM"]


@pytest.mark.parametrize(
    ("settings", "bundled", "rules", "names"),
    [
        ({}, False, (), set()),
        ({}, False, ("ihe-pdi",), {"README.TXT", "README"}),
        ({}, True, (), {"README.TXT", "README", "INDEX.HTM"}),
        ({"readme": "always"}, False, (), {"README.TXT", "README"}),
        ({"readme": "never"}, True, ("drg",), {"INDEX.HTM"}),
        ({"descriptor": False, "index": False}, True, (), {"README.TXT"}),
    ],
)
def test_the_settings_say_what_stands_there(
    settings: dict[str, object], bundled: bool, rules: tuple[str, ...], names: set[str]
) -> None:
    assert set(made(bundled=bundled, rules=rules, **settings)) == names


def test_a_program_is_named_and_not_opened() -> None:
    link = Link(path=("HOUSE", "VIEWER.EXE"), title="House", page=False)
    text = text_of(
        root_files(volume(), [link], BundleSettings(), (), personal=True, bundled=True), "INDEX.HTM"
    )
    assert "start <code>HOUSE/VIEWER.EXE</code>" in text
    assert "href=" not in text


def test_a_number_of_volumes_takes_the_same_room() -> None:
    def sizes(volumes: int) -> list[int]:
        one = volume(number=1, volumes=volumes)
        files = root_files(one, [LINK], BundleSettings(), (), personal=True, bundled=True)
        return [len(part) for file in files for part in file.parts if isinstance(part, bytes)]

    assert sizes(2) == sizes(99)
    one = volume(volumes=0)
    files = root_files(one, [LINK], BundleSettings(), (), personal=True, bundled=True)
    assert "Volume     1\r\n" in text_of(files, "README.TXT")


def test_texts_for_pages_and_scripts() -> None:
    assert xml_text("a\0\x1b\u202e<b>'\"&") == "a\ufffd\ufffd\ufffd&lt;b&gt;&#x27;&quot;&amp;"
    assert script_value({"a": "</script>\u2028'"}) == '{"a":"\\u003c/script\\u003e\\u2028\\u0027"}'
