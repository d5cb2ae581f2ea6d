"""The web content of larger volumes: every link leads to a file that stands there."""

import re
from pathlib import PurePosixPath
from types import MappingProxyType
from xml.etree import ElementTree

from burnish.contracts import (
    BundledFile,
    BundledInstance,
    BundledPerson,
    BundledSeries,
    BundledStudy,
    BundledVolume,
    LabelPerson,
    Piece,
)
from burnish.testing.bundlers import volume_of_people
from burnish_bundler_web.pages import PAGE, content

PIECE = Piece("key@0", 1, bytes(32))
CT = "1.2.840.10008.5.1.4.1.1.2"


def instance(number: int, *names: str, **head: object) -> BundledInstance:
    return BundledInstance(
        file_id=("DICOM", f"I{number:07d}"),
        sop_class=CT,
        sop_instance=f"1.2.{number}",
        transfer_syntax="1.2.840.10008.1.2.1",
        length=1,
        head=MappingProxyType({"InstanceNumber": str(number), **head}),
        pieces=dict.fromkeys(names, PIECE),
    )


def volume() -> BundledVolume:
    """A long series, one of several frames, a report, a document, and what cannot be shown."""
    long = tuple(instance(number, "1.JPG", "T.JPG") for number in range(1, 2 * PAGE + 51))
    cine = instance(900, "1.JPG", "16.JPG", "30.JPG", "T.JPG", NumberOfFrames="30")
    others = (cine, instance(901, "REPORT"), instance(902, "PDF"), instance(903))
    series = [
        BundledSeries(uid=f"1.{at}", modality="CT", instances=some) for at, some in enumerate((long, others))
    ]
    studies = [BundledStudy(uid=f"2.{at}", date="2026-01-01", series=(one,)) for at, one in enumerate(series)]
    people = [
        BundledPerson(said=LabelPerson(names=("Doe^Jane",), patient_id="1"), studies=tuple(studies)),
        BundledPerson(said=LabelPerson(), studies=(studies[1],)),
    ]
    return volume_of_people(people)


def text_of(file: BundledFile) -> str:
    """A page, the report in it as a paragraph."""
    return b"".join(part if isinstance(part, bytes) else b"<p>piece</p>" for part in file.parts).decode()


def test_every_link_leads_to_a_file_and_every_file_is_linked() -> None:
    files = {"/".join(file.path): file for file in content(volume(), "en")}
    linked = {"IHE_PDI/INDEX.HTM"}
    for name, file in files.items():
        if name.endswith(".HTM"):
            page = text_of(file)
            ElementTree.fromstring(page)
            for target in re.findall(r'(?:href|src)="([^"]+)"', page):
                found: list[str] = []
                for part in (PurePosixPath(name).parent / target).parts:
                    found = found[:-1] if part == ".." else [*found, part]
                linked.add("/".join(found))
    assert linked == set(files)


def test_a_long_series_has_pages() -> None:
    names = {"/".join(file.path) for file in content(volume(), "de")}
    assert {"IHE_PDI/S0000001.HTM", "IHE_PDI/S0000001/P0000002.HTM", "IHE_PDI/S0000001/P0000003.HTM"} <= names
    assert "IHE_PDI/S0000001/P0000004.HTM" not in names


def test_it_says_what_cannot_be_shown_and_in_which_language() -> None:
    pages = {
        "/".join(file.path): text_of(file)
        for file in content(volume(), "de")
        if file.path[-1].endswith("HTM")
    }
    index = pages["IHE_PDI/INDEX.HTM"]
    assert 'lang="de"' in index
    assert "Nicht zur Befundung" in index
    assert "Ohne Namen" in index
    assert index.count("<h2>") == 2
    assert "kann hier nicht gezeigt werden" in pages["IHE_PDI/S0000002.HTM"]
    assert "Bild 16 von 30" in pages["IHE_PDI/S0000002/I0000001.HTM"]
