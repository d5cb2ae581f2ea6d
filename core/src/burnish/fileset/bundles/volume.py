"""A volume as bundlers see it: people, their studies, series and instances."""

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.contracts import (
    BundledInstance,
    BundledPerson,
    BundledSeries,
    BundledStudy,
    BundledVolume,
    Head,
    LabelPerson,
    Piece,
)
from burnish.fileset.naming import Naming
from burnish.fileset.owned import OnVolume
from burnish.fileset.told import date_of, first_of, fuller, person_of, text_of, time_of
from burnish.terms import WITHOUT_PATIENT

Made = Mapping[str, Piece] | str
"""The pieces of an instance, or why there are none."""


def volume_of(
    members: Sequence[OnVolume],
    naming: Naming,
    made: Mapping[str, Made],
    *,
    number: int,
    volumes: int,
    profile: str,
    institution: str,
) -> BundledVolume:
    """`made`: by SOP Instance UID."""
    people: dict[str, dict[str, dict[str, list[OnVolume]]]] = {}
    for member in members:
        instance = member.placed.instance
        key = "" if instance.sop_class in WITHOUT_PATIENT else member.person.key
        studies = people.setdefault(key, {})
        studies.setdefault(instance.study, {}).setdefault(instance.series, []).append(member)
    return BundledVolume(
        file_set_id=naming.file_set_id,
        file_set_uid=naming.file_set_uid,
        token=naming.token,
        made=naming.made,
        number=number,
        volumes=volumes,
        profile=profile,
        institution=institution,
        people=tuple(_person(studies, made) for studies in people.values()),
    )


def _person(
    studies: Mapping[str, Mapping[str, Sequence[OnVolume]]], made: Mapping[str, Made]
) -> BundledPerson:
    said = LabelPerson()
    for series in studies.values():
        for members in series.values():
            for member in members:
                if member.placed.instance.sop_class not in WITHOUT_PATIENT:
                    said = fuller(said, person_of(member.placed.instance.head))
    found = (_study(uid, series, made) for uid, series in studies.items())
    return BundledPerson(said=said, studies=tuple(found))


def _study(uid: str, series: Mapping[str, Sequence[OnVolume]], made: Mapping[str, Made]) -> BundledStudy:
    heads = [member.placed.instance.head for members in series.values() for member in members]
    return BundledStudy(
        uid=uid,
        study_id=first_of(heads, "StudyID"),
        date=date_of(first_of(heads, "StudyDate")),
        time=time_of(first_of(heads, "StudyTime")),
        description=first_of(heads, "StudyDescription"),
        accession=first_of(heads, "AccessionNumber"),
        institution=first_of(heads, "InstitutionName"),
        series=tuple(_series(one, members, made) for one, members in series.items()),
    )


def _series(uid: str, members: Sequence[OnVolume], made: Mapping[str, Made]) -> BundledSeries:
    heads = [member.placed.instance.head for member in members]
    return BundledSeries(
        uid=uid,
        modality=first_of(heads, "Modality"),
        number=first_of(heads, "SeriesNumber"),
        description=first_of(heads, "SeriesDescription"),
        body_part=first_of(heads, "BodyPartExamined"),
        instances=tuple(_instance(member, made) for member in sorted(members, key=_number)),
    )


def _number(member: OnVolume) -> int:
    """Instance Number; those without one come last, in the order of the volume."""
    text = text_of(member.placed.instance.head, "InstanceNumber")
    return int(text) if text.lstrip("-+").isdecimal() and len(text) < 13 else 1 << 40


def _instance(member: OnVolume, made: Mapping[str, Made]) -> BundledInstance:
    instance, form = member.placed.instance, member.placed.form
    found = made.get(instance.sop_instance, {})
    head: Head = instance.head
    said: dict[str, Any] = {"unmade": found} if isinstance(found, str) else {"pieces": found}
    return BundledInstance(
        file_id=member.file_id,
        sop_class=instance.sop_class,
        sop_instance=instance.sop_instance,
        transfer_syntax=form.transfer_syntax,
        length=form.length,
        head=head,
        **said,
    )
