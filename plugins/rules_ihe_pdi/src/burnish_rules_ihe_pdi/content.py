"""What a PDI medium has, and what stands where.

DICOMDIR                in the root, and of every DICOM file and nothing else
README.TXT              in the root, ASCII
a directory or more     of DICOM files, and of nothing else
INDEX.HTM, IHE_PDI      see `web`
other content           anywhere else
"""

from collections.abc import Iterator
from typing import Final

from burnish.contracts import Breach, DirectoryView, FileKind, MediumFacts, MediumView

from burnish_rules_ihe_pdi.sources import (
    PRACTICE,
    RECORDS,
    REFERENCED,
    SLIDES_DICOM,
    SLIDES_OTHER,
    mesa,
    refused,
    warned,
)

PROFILES: Final = (
    "STD-GEN-CD",
    "STD-GEN-DVD-JPEG",
    "STD-GEN-DVD-J2K",
    "STD-GEN-USB-JPEG",
    "STD-GEN-USB-J2K",
)
"""Of PDI itself, and of its options DVD and USB."""

FORBIDDEN_RECORDS: Final = frozenset(
    ("VISIT", "RESULTS", "INTERPRETATION", "STUDY COMPONENT", "STORED PRINT", "TOPIC", "PRIVATE")
)

_README: Final = ("README.TXT",)
_LONGEST_README: Final = 1 << 20
_ASCII: Final = frozenset((*range(0x20, 0x7F), *b"\t\r\n\f\x1a"))
"""What may stand in a text file: printable characters, and what ends lines, pages and old files."""


def check_profiles(facts: MediumFacts) -> Iterator[Breach]:
    """Refuse a profile that PDI does not know."""
    for profile in facts.profiles:
        if profile not in PROFILES:
            text = f"its profile is {profile}, and PDI has {', '.join(PROFILES)}"
            yield refused("profile", SLIDES_DICOM, text)


def check_content(view: MediumView, *, readme: str) -> Iterator[Breach]:
    """Judge everything but names and web content."""
    if ("DICOMDIR",) not in view.files:
        yield refused("dicomdir", mesa(1), "it has no file DICOMDIR in the root")
    elif view.directory is None:
        yield refused("dicomdir", mesa(1), "it cannot be read", ("DICOMDIR",))
    else:
        yield from _check_directory(view, view.directory)
    yield from _check_readme(view, readme)
    yield from _check_places(view)
    yield from _check_autorun(view)
    if view.patients > 1:
        yield warned("patients", PRACTICE, f"it has records of {view.patients} patients")


def _check_directory(view: MediumView, directory: DirectoryView) -> Iterator[Breach]:
    referenced = {record.file_id for record in directory.records}
    for record in directory.records:
        where = f"the {record.type or 'untyped'} record at byte {record.at}"
        if record.type in FORBIDDEN_RECORDS:
            text = f"{where} is of a type that PDI does not allow"
            yield refused("record-type", RECORDS, text, ("DICOMDIR",))
        file = view.files.get(record.file_id)
        if file and file.kind is not FileKind.INSTANCE:
            text = f"{where} references it, and it is no DICOM file"
            yield refused("not-dicom", SLIDES_DICOM, text, file.path)
    for file in view.files.values():
        if file.kind is FileKind.INSTANCE and file.path not in referenced:
            text = "it is a DICOM file that the DICOMDIR does not reference"
            yield refused("unreferenced", REFERENCED, text, file.path)


def _check_readme(view: MediumView, wanted: str) -> Iterator[Breach]:
    file = view.files.get(_README)
    if file is None:
        said = refused if wanted == "require" else warned
        yield said("readme", mesa(12), "it has no file README.TXT in the root")
    elif not _ASCII.issuperset(file.read(_LONGEST_README)):
        yield warned("readme-ascii", PRACTICE, "it has other characters than those of ASCII", file.path)


def _check_places(view: MediumView) -> Iterator[Breach]:
    instances = [file.path for file in view.files.values() if file.kind is FileKind.INSTANCE]
    for path in instances:
        if len(path) == 1:
            yield refused("root", mesa(2), "it is a DICOM file in the root", path)
    folders = {path[0] for path in instances if len(path) > 1} - {"IHE_PDI"}
    for file in view.files.values():
        if file.kind is FileKind.OTHER and len(file.path) > 1 and file.path[0] in folders:
            text = "it is no DICOM file, and stands in a directory of DICOM files"
            yield refused("dicom-directory", SLIDES_OTHER, text, file.path)


def _check_autorun(view: MediumView) -> Iterator[Breach]:
    for path in view.files:
        if len(path) == 1 and path[0].upper() == "AUTORUN.INF":
            text = "it starts a program by itself, which nobody may rely on and readers should not do"
            yield warned("autorun", SLIDES_OTHER, text, path)
