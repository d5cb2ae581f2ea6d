"""What heads tell of people and studies, as people read it: texts as received, dates with hyphens."""

import re
from collections.abc import Iterable
from typing import Final

from burnish.contracts import Head, LabelPerson

_DATE: Final = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
"""DA of PS3.5, and of ACR-NEMA with points."""
_TIME: Final = re.compile(r"(\d{2}):?(\d{2}).*")
"""TM of PS3.5, and of ACR-NEMA with colons."""


def person_of(head: Head) -> LabelPerson:
    groups = [group.strip() for group in text_of(head, "PatientName").split("=")]
    while groups and not groups[-1].strip("^ "):
        groups.pop()
    return LabelPerson(
        names=tuple(groups),
        patient_id=text_of(head, "PatientID"),
        issuer=text_of(head, "IssuerOfPatientID"),
        birth_date=date_of(text_of(head, "PatientBirthDate")),
        sex=text_of(head, "PatientSex"),
    )


def fuller(one: LabelPerson, other: LabelPerson) -> LabelPerson:
    """One person of two spellings that agree: what one lacks, the other says."""
    names = max(one.names, other.names, key=lambda groups: sum(1 for group in groups if group.strip("^ ")))
    return LabelPerson(
        names=names,
        patient_id=one.patient_id or other.patient_id,
        issuer=one.issuer or other.issuer,
        birth_date=one.birth_date or other.birth_date,
        sex=one.sex or other.sex,
    )


def first_of(heads: Iterable[Head], keyword: str) -> str:
    """What the first of them says that says anything."""
    return next((text for head in heads if (text := text_of(head, keyword))), "")


def text_of(head: Head, keyword: str) -> str:
    """All values of an attribute; empty where there is none."""
    value = head.get(keyword)
    values = value if isinstance(value, tuple) else (value,)
    return ", ".join(str(one).strip() for one in values if one not in (None, ""))


def date_of(text: str) -> str:
    """A date of DICOM as YYYY-MM-DD; what is none as it stands."""
    found = _DATE.fullmatch(text)
    return "-".join(found.groups()) if found else text


def time_of(text: str) -> str:
    """A time of DICOM as HH:MM; what is none as it stands."""
    found = _TIME.fullmatch(text)
    return ":".join(found.groups()) if found else text
