"""From what a request names to a volume that can be made: the whole way, without touching a pixel.

    resolve -> choose a profile -> fit -> identify -> name -> DICOMDIR -> tree -> recipe -> does it fit?

Everything that is wrong with one step is collected before the next begins, so an SCU learns all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish.contracts import Format, FormatSpec, Profile
from burnish.errors import FailedItem, LayoutError, RequestFailed
from burnish.fileset.failures import Failures
from burnish.fileset.fit import Derive, Placed, fit
from burnish.fileset.identify import Identified, identify
from burnish.fileset.media import MediaSettings
from burnish.fileset.select import Wanted, choose_profile, resolve
from burnish.fileset.settings import IdentitySettings
from burnish.fileset.volume import LaidOut, Naming, OnVolume, VolumeMaker
from burnish.media import MediaKind
from burnish.recipe import Recipe, Tree
from burnish.terms import FailureReason, StatusInfo

_PATIENT_ID: Final = 0x0010_0020
_ISSUER: Final = 0x0010_0021
_NEVER_ALLOWED: Final = frozenset({_PATIENT_ID, _ISSUER})
"""Conflicts that `identity.conflict = "allow"` cannot waive: a DICOMDIR has one PATIENT record per ID and
one STUDY record per study, so one volume cannot hold both."""
_MOST_OVERHEAD: Final = 1 << 20
"""An instance smaller than a medium by this much fits it alone, whatever stands around it."""


class IdentityHold(RequestFailed):
    """People disagree, and `identity.conflict = "hold"` wants an operator to look before anything is made."""


@dataclass(frozen=True)
class Kit:
    """What composing needs besides the request."""

    profiles: Mapping[str, Profile]
    formats: Mapping[str, tuple[FormatSpec[Any], Format]]
    media: MediaSettings
    identity: IdentitySettings
    makeable: Mapping[MediaKind, int]
    """Kinds of media that a station can make, with the bytes that fit on one."""
    derive: Derive


@dataclass(frozen=True)
class Volume:
    """One file-set, laid out."""

    naming: Naming
    profile: Profile
    format: str
    suffix: str
    medium: MediaKind
    members: tuple[OnVolume, ...]
    patients: tuple[dict[str, str], ...]
    """Who is on it, each once: ID, name and birth date as the instances say."""
    tree: Tree
    recipe: Recipe


def compose(wanted: Sequence[Wanted], naming: Naming, kit: Kit) -> Volume:
    """Compose one volume. Raises RequestFailed with every failed item, or IdentityHold."""
    failures = Failures()
    instances = resolve(wanted, kit.media.sop_classes, failures)
    profile = choose_profile(
        [one.reference for one in wanted],
        instances,
        kit.profiles,
        kit.media.default_profiles,
        kit.makeable,
        failures,
    )
    placed = fit(instances, profile, kit.derive, failures) if profile else []
    failures.check()
    assert profile is not None  # noqa: S101 - where there is none, the check has raised
    identified = identify([one.instance.head for one in placed])
    _check_people(placed, identified, profile, kit.identity)
    return _lay_out(placed, identified, profile, naming, kit)


def _check_people(
    placed: Sequence[Placed], identified: Identified, profile: Profile, settings: IdentitySettings
) -> None:
    """Raises RequestFailed, or IdentityHold, where people disagree and the settings mind it."""
    troubles: dict[int, FailedItem] = {}
    for conflict in identified.conflicts:
        if settings.conflict != "allow" or not _NEVER_ALLOWED.isdisjoint(conflict.attributes):
            for index in conflict.indices:
                item = _disagrees(placed[index], profile, conflict.why, conflict.attributes)
                troubles.setdefault(index, item)
    if settings.several == "fail":
        for index, person in enumerate(identified.persons):
            if person != identified.persons[0]:
                why = "several people may not share a medium"
                troubles.setdefault(index, _disagrees(placed[index], profile, why, (_PATIENT_ID,)))
    failures = Failures()
    for index in sorted(troubles):
        failures.add(troubles[index])
    _check_or_hold(failures, hold=settings.conflict == "hold" and bool(identified.conflicts))


def _check_or_hold(failures: Failures, *, hold: bool) -> None:
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


def _lay_out(
    placed: Sequence[Placed], identified: Identified, profile: Profile, naming: Naming, kit: Kit
) -> Volume:
    spec, format_ = _format(profile, kit)
    medium = next(kind for kind in profile.media if kind in kit.makeable)
    maker = VolumeMaker(profile, format_, naming, kit.media.missing_keys)
    try:
        laid_out = maker.lay_out(placed, identified.persons)
        _check_size(laid_out, maker, medium, kit.makeable[medium])
    except LayoutError as error:
        raise RequestFailed(str(error), StatusInfo.PROC_FAILURE) from error
    return Volume(
        naming=naming,
        profile=profile,
        format=spec.name,
        suffix=spec.suffix,
        medium=medium,
        members=laid_out.members,
        patients=_patients(laid_out.members),
        tree=laid_out.tree,
        recipe=laid_out.recipe,
    )


def _format(profile: Profile, kit: Kit) -> tuple[FormatSpec[Any], Format]:
    for name in profile.formats:
        if name in kit.formats:
            return kit.formats[name]
    message = f"no plugin lays out {' or '.join(profile.formats)}, which {profile.identifier} needs"
    raise RequestFailed(message, StatusInfo.NOT_SUPPORTED)


def _patients(members: Sequence[OnVolume]) -> tuple[dict[str, str], ...]:
    people: dict[str, dict[str, str]] = {}
    for member in members:
        if member.person.key not in people:
            head = member.placed.instance.head
            people[member.person.key] = {
                "id": str(head.get("PatientID") or member.person.patient_id),
                "name": str(head.get("PatientName") or ""),
                "birth_date": str(head.get("PatientBirthDate") or ""),
            }
    return tuple(people.values())


def _check_size(laid_out: LaidOut, maker: VolumeMaker, medium: MediaKind, capacity: int) -> None:
    """Raises RequestFailed where it does not fit: which instances are too big alone, else the set is."""
    if laid_out.recipe.length <= capacity:
        return
    failures = Failures()
    for member in laid_out.members:
        if member.placed.form.length > capacity - _MOST_OVERHEAD and _alone(member, maker) > capacity:
            one, why = member.placed.instance, f"the instance alone exceeds a {medium}"
            reason, profile = FailureReason.INSTANCE_SIZE_EXCEEDED, maker.profile.identifier
            failures.add(FailedItem(one.sop_class, one.sop_instance, reason, (), profile, why))
    failures.check()
    message = f"the file-set is {laid_out.recipe.length} bytes; a {medium} holds {capacity}"
    raise RequestFailed(message, StatusInfo.SET_OVERSIZED)


def _alone(member: OnVolume, maker: VolumeMaker) -> int:
    """Bytes of an image that holds only this instance."""
    return maker.lay_out([member.placed], [member.person]).recipe.length
