"""Who may stand on one medium: what `identify` found, judged by the `[identity]` settings.

Shape: a load is instances that may share volumes. There is one, or one for each issuer where a Patient ID has
several and the request may be split: a DICOMDIR has one PATIENT record per ID.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NoReturn

from burnish.contracts import Profile
from burnish.errors import FailedItem, RequestFailed
from burnish.fileset.failures import Failures
from burnish.fileset.fit import Placed
from burnish.fileset.identify import PATIENT_ID, Conflict, Identified, companies, identify
from burnish.fileset.owned import Owned
from burnish.fileset.settings import IdentitySettings
from burnish.terms import WITHOUT_PATIENT, FailureReason, StatusInfo

_ISSUER: Final = 0x0010_0021
_NEVER_ALLOWED: Final = frozenset({PATIENT_ID, _ISSUER})
"""Conflicts that `identity.conflict = "allow"` cannot waive: a DICOMDIR has one PATIENT record per ID and
one STUDY record per study, so one volume cannot hold both."""

_Part = tuple[Sequence[int], Identified]
"""Places of instances that may share volumes, and what they say of themselves without the others."""


class IdentityHold(RequestFailed):
    """People disagree or cannot be read, and the settings want an operator to look before it is made."""


def sort_people(
    placed: Sequence[Placed], profile: Profile, settings: IdentitySettings, *, split: bool
) -> list[list[Owned]]:
    """Return the loads; several only where `split`.

    Raises RequestFailed, or IdentityHold, where people disagree or cannot be read and the settings mind it.
    """
    parts = _parts(placed, split=split)
    unread = {} if settings.undecodable == "allow" else _unread(placed, parts, profile)
    if unread:
        _refuse(placed, unread, profile, settings, split=split)
    troubles = _troubles(placed, parts, profile, settings)
    _check(troubles.items, hold=troubles.may_be_held)
    return [
        [Owned(placed[index], person) for index, person in zip(indices, identified.persons, strict=True)]
        for indices, identified in parts
    ]


@dataclass(frozen=True, slots=True)
class _Troubles:
    """What is wrong with whom."""

    items: dict[int, FailedItem]
    """By place of the instance."""
    may_be_held: bool
    """Whether an operator is to look; otherwise the request fails."""


def _troubles(
    placed: Sequence[Placed], parts: Sequence[_Part], profile: Profile, settings: IdentitySettings
) -> _Troubles:
    """Who disagrees with whom, and who may not stand beside whom."""
    conflicts = list(_of_all(parts, "conflicts"))
    items: dict[int, FailedItem] = {}
    for conflict in conflicts:
        if settings.conflict != "allow" or not _NEVER_ALLOWED.isdisjoint(conflict.attributes):
            for index in conflict.indices:
                item = _disagrees(placed[index], profile, conflict.why, conflict.attributes)
                items.setdefault(index, item)
    if settings.several == "fail":
        for index in _strangers(placed, parts):
            why = "several people may not share a medium"
            items.setdefault(index, _disagrees(placed[index], profile, why, (PATIENT_ID,)))
    return _Troubles(items, settings.conflict == "hold" and bool(conflicts))


def _unread(placed: Sequence[Placed], parts: Sequence[_Part], profile: Profile) -> dict[int, FailedItem]:
    """Who cannot be read, by place."""
    return {
        index: _disagrees(placed[index], profile, unread.why, unread.attributes)
        for unread in _of_all(parts, "unread")
        for index in unread.indices
    }


def _refuse(
    placed: Sequence[Placed],
    unread: dict[int, FailedItem],
    profile: Profile,
    settings: IdentitySettings,
    *,
    split: bool,
) -> NoReturn:
    """Raise for who cannot be read, and for what is wrong with the others: who confirms it has seen all."""
    places = [index for index in range(len(placed)) if index not in unread]
    others = [placed[index] for index in places]
    found = _troubles(others, _parts(others, split=split), profile, settings)
    items = unread | {places[index]: item for index, item in found.items.items()}
    _check(items, hold=settings.undecodable == "hold" and (found.may_be_held or not found.items))
    raise AssertionError("unreachable: somebody cannot be read")


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


def _of_all(parts: Sequence[_Part], which: Literal["conflicts", "unread"]) -> Iterator[Conflict]:
    """Every conflict within a part, or whoever cannot be read; the indices are those of the whole request."""
    for indices, identified in parts:
        found: tuple[Conflict, ...] = getattr(identified, which)
        for conflict in found:
            yield replace(conflict, indices=tuple(indices[index] for index in conflict.indices))


def _strangers(placed: Sequence[Placed], parts: Sequence[_Part]) -> Iterator[int]:
    """Every instance that is somebody's, and not of the same person as the first of these."""
    of_whom = [
        (index, person)
        for indices, identified in parts
        for index, person in zip(indices, identified.persons, strict=True)
        if placed[index].instance.sop_class not in WITHOUT_PATIENT
    ]
    return (index for index, person in of_whom if person != of_whom[0][1])


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
