"""Who may stand on one medium: what `identify` found, judged by the `[identity]` settings.

Shape: a load is instances that may share volumes. There is one, or one for each issuer where a Patient ID has
several and the request may be split: a DICOMDIR has one PATIENT record per ID.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from burnish.contracts import Profile
from burnish.errors import FailedItem, RequestFailed
from burnish.fileset.failures import Failures
from burnish.fileset.fit import Placed
from burnish.fileset.identify import PATIENT_ID, Conflict, Identified, companies, identify
from burnish.fileset.settings import IdentitySettings
from burnish.fileset.volume import Owned
from burnish.terms import FailureReason, StatusInfo

_ISSUER: Final = 0x0010_0021
_NEVER_ALLOWED: Final = frozenset({PATIENT_ID, _ISSUER})
"""Conflicts that `identity.conflict = "allow"` cannot waive: a DICOMDIR has one PATIENT record per ID and
one STUDY record per study, so one volume cannot hold both."""

_Part = tuple[Sequence[int], Identified]
"""Places of instances that may share volumes, and what they say of themselves without the others."""


class IdentityHold(RequestFailed):
    """People disagree, and `identity.conflict = "hold"` wants an operator to look before anything is made."""


def sort_people(
    placed: Sequence[Placed], profile: Profile, settings: IdentitySettings, *, split: bool
) -> list[list[Owned]]:
    """Return the loads; several only where `split`.

    Raises RequestFailed, or IdentityHold, where people disagree and the settings mind it.
    """
    parts = _parts(placed, split=split)
    conflicts = list(_conflicts(parts))
    troubles: dict[int, FailedItem] = {}
    for conflict in conflicts:
        if settings.conflict != "allow" or not _NEVER_ALLOWED.isdisjoint(conflict.attributes):
            for index in conflict.indices:
                item = _disagrees(placed[index], profile, conflict.why, conflict.attributes)
                troubles.setdefault(index, item)
    if settings.several == "fail":
        for index in _strangers(parts):
            why = "several people may not share a medium"
            troubles.setdefault(index, _disagrees(placed[index], profile, why, (PATIENT_ID,)))
    _check(troubles, hold=settings.conflict == "hold" and bool(conflicts))
    return [
        [Owned(placed[index], person) for index, person in zip(indices, identified.persons, strict=True)]
        for indices, identified in parts
    ]


def _parts(placed: Sequence[Placed], *, split: bool) -> list[_Part]:
    identified = identify([one.instance.head for one in placed])
    apart = companies(identified.persons) if split else []
    if len(apart) < 2 or _torn(placed, apart):
        return [(range(len(placed)), identified)]
    return [(some, identify([placed[index].instance.head for index in some])) for some in apart]


def _torn(placed: Sequence[Placed], parts: Sequence[Sequence[int]]) -> bool:
    """Whether a study lies in two parts: it has one patient, so the parts are no two people but an error."""
    studies = [{placed[index].instance.study for index in part} for part in parts]
    return sum(map(len, studies)) > len(set().union(*studies))


def _conflicts(parts: Sequence[_Part]) -> Iterator[Conflict]:
    """Every conflict within a part, its indices those of the whole request."""
    for indices, identified in parts:
        for conflict in identified.conflicts:
            yield replace(conflict, indices=tuple(indices[index] for index in conflict.indices))


def _strangers(parts: Sequence[_Part]) -> Iterator[int]:
    """Every instance that is not of the same person as the first."""
    first = parts[0][1].persons[0]
    for indices, identified in parts:
        for index, person in zip(indices, identified.persons, strict=True):
            if person != first:
                yield index


def _check(troubles: dict[int, FailedItem], *, hold: bool) -> None:
    failures = Failures()
    for index in sorted(troubles):
        failures.add(troubles[index])
    try:
        failures.check()
    except RequestFailed as error:
        if hold:
            raise IdentityHold(str(error), StatusInfo.CHECK_MCD_OP, error.failed) from error
        raise


def _disagrees(placed: Placed, profile: Profile, why: str, attributes: tuple[int, ...]) -> FailedItem:
    one = placed.instance
    reason = FailureReason.PROCESSING_FAILURE
    return FailedItem(one.sop_class, one.sop_instance, reason, attributes, profile.identifier, why)
