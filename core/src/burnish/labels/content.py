"""From a request and the instances of a volume to what its label says.

Texts are taken as they were received. Of what instances say, each thing is said once, in the order of the
volume. Where the request says NO to (2200,0001), nothing of the instances is said.

Source: PS3.3 C.22.1 and PS3.4 S.4.2.1; kinds of content: IHE RAD TF-3, 4.47.4.1.2.3 (RAD-47).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from burnish.contracts import Barcode, Head, Label, LabelPerson, LabelStudy
from burnish.fileset.compose import Volume
from burnish.fileset.owned import OnVolume
from burnish.fileset.told import date_of, first_of, fuller, person_of, text_of
from burnish.labels.settings import LabelSettings
from burnish.terms import WITHOUT_PATIENT

_WEB: Final = "IHE_PDI"

EXTRACTED: Final = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyID",
    "StudyDate",
    "StudyDescription",
    "AccessionNumber",
    "InstitutionName",
    "Modality",
)
"""What is taken of instances, besides what `[labels] attributes` names."""


def label_of(
    wanted: Mapping[str, Any],
    volume: Volume,
    settings: LabelSettings,
    *,
    number: int = 1,
    volumes: int = 1,
    copies: int = 1,
) -> Label:
    """What the label of the first piece of a volume says; `wanted`: the attributes of the request."""
    extracted = extracts(wanted, settings)
    members = volume.members if extracted else ()
    people, studies = _people(members)
    naming = volume.naming
    return Label(
        token=naming.token,
        piece=1,
        volume=number,
        volumes=volumes,
        copies=copies,
        file_set_id=naming.file_set_id,
        made=_day(naming.made),
        content=content_of(entry.path for entry in volume.tree.entries),
        profile=volume.profile.identifier,
        institution=settings.institution or _common(study.institution for study in studies),
        text=str(wanted.get("LabelText") or ""),
        disposition=str(wanted.get("MediaDisposition") or ""),
        barcode=_barcode(wanted, settings),
        extracted=extracted,
        people=people,
        studies=studies,
        more=_more(members, settings.attributes),
    )


def extracts(wanted: Mapping[str, Any], settings: LabelSettings) -> bool:
    """Whether a label may say what the instances say."""
    said = wanted.get("LabelUsingInformationExtractedFromInstances") or settings.extracted_default
    return bool(said == "YES")


def content_of(paths: Iterable[Sequence[str]]) -> str:
    """The kind of content, as IHE PDI has it on labels."""
    return "DICOM PLUS WEB" if any(path[0] == _WEB for path in paths) else "DICOM ONLY"


def _day(made: datetime) -> str:
    """The day on which it was made, where it was made."""
    return made.astimezone().date().isoformat()


def _barcode(wanted: Mapping[str, Any], settings: LabelSettings) -> Barcode | None:
    value = str(wanted.get("BarcodeValue") or "")
    symbology = str(wanted.get("BarcodeSymbology") or settings.symbology_default)
    return Barcode(value=value, symbology=symbology) if value else None


def _people(members: Sequence[OnVolume]) -> tuple[tuple[LabelPerson, ...], tuple[LabelStudy, ...]]:
    people: dict[str, LabelPerson] = {}
    studies: dict[tuple[str, str], list[Head]] = {}
    for member in members:
        instance = member.placed.instance
        if instance.sop_class in WITHOUT_PATIENT:
            continue
        key = member.person.key
        seen = person_of(instance.head)
        people[key] = fuller(people[key], seen) if key in people else seen
        studies.setdefault((key, instance.study), []).append(instance.head)
    index = {key: number for number, key in enumerate(people)}
    told = tuple(_study(index[key], heads) for (key, _), heads in studies.items())
    return tuple(people.values()), told


def _study(person: int, heads: Sequence[Head]) -> LabelStudy:
    return LabelStudy(
        person=person,
        study_id=first_of(heads, "StudyID"),
        date=date_of(first_of(heads, "StudyDate")),
        description=first_of(heads, "StudyDescription"),
        accession=first_of(heads, "AccessionNumber"),
        institution=_common(text_of(head, "InstitutionName") for head in heads),
        modalities=tuple(dict.fromkeys(text for head in heads if (text := text_of(head, "Modality")))),
    )


def _common(texts: Iterable[str]) -> str:
    """What all of them say; empty where they differ or one says nothing."""
    found = set(texts)
    return found.pop() if len(found) == 1 else ""


def _more(members: Sequence[OnVolume], keywords: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found = {keyword: tuple(dict.fromkeys(_values(members, keyword))) for keyword in keywords}
    return {keyword: values for keyword, values in found.items() if values}


def _values(members: Sequence[OnVolume], keyword: str) -> Iterator[str]:
    for member in members:
        if text := text_of(member.placed.instance.head, keyword):
            yield text
