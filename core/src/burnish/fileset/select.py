"""From references to instances, and from profiles that were asked for to those that can be made."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from burnish.contracts import Profile, Subject, Unfit
from burnish.errors import FailedItem
from burnish.fileset.derive.ways import Transcoding, derivable
from burnish.fileset.failures import Failures
from burnish.fileset.records import record_type
from burnish.fileset.together import Together
from burnish.instances.instance import Instance
from burnish.media import MediaKind
from burnish.requests.reference import Reference
from burnish.terms import FailureReason, StatusInfo

_PROFILE = 0x2200000C
_PIXEL_DATA = 0x7FE00010


@dataclass(frozen=True, slots=True)
class Wanted:
    """One reference and what is stored of it."""

    reference: Reference
    instance: Instance | None
    """None where nothing is."""


def failed(reference: Reference, reason: FailureReason, why: str, *attributes: int) -> FailedItem:
    """An item of Failed SOP Sequence for a reference."""
    return FailedItem(reference.sop_class, reference.sop_instance, reason, attributes, reference.profile, why)


def resolve(
    wanted: Sequence[Wanted], sop_classes: Literal["all"] | Collection[str], failures: Failures
) -> list[Instance]:
    """Find what each reference means; what is wrong goes to `failures`."""
    found, seen = [], set()
    for one in wanted:
        if one.reference.sop_instance in seen:
            item = failed(one.reference, FailureReason.PROCESSING_FAILURE, "the instance is named twice")
            failures.add(item, StatusInfo.DUPL_REF_INST)
            continue
        seen.add(one.reference.sop_instance)
        if trouble := _unresolved(one, sop_classes):
            failures.add(trouble)
        elif one.instance:
            found.append(one.instance)
    return found


def _unresolved(one: Wanted, sop_classes: Literal["all"] | Collection[str]) -> FailedItem | None:
    reference, instance = one.reference, one.instance
    if instance is None:
        why = "the instance was not stored here"
        return failed(reference, FailureReason.NO_SUCH_OBJECT_INSTANCE, why)
    if instance.sop_class != reference.sop_class:
        why = "the stored instance is of another SOP class"
        return failed(reference, FailureReason.CLASS_INSTANCE_CONFLICT, why)
    if sop_classes != "all" and instance.sop_class not in sop_classes:
        why = "media are not made of this SOP class here"
        return failed(reference, FailureReason.SOP_CLASS_NOT_SUPPORTED, why)
    if record_type(instance.sop_class) is None:
        why = "no directory record exists for this SOP class"
        return failed(reference, FailureReason.SOP_CLASS_NOT_SUPPORTED, why)
    if instance.flaw:
        return failed(reference, FailureReason.PROCESSING_FAILURE, instance.flaw, _PIXEL_DATA)
    return None


def choose_profiles(
    references: Sequence[Reference],
    instances: Sequence[Instance],
    profiles: Mapping[str, Profile],
    defaults: Sequence[str],
    makeable: Collection[MediaKind],
    transcoding: Transcoding,
    hindered: Mapping[str, str],
    failures: Failures,
) -> list[Profile]:
    """Say which profiles the media may be made to, the first that suits; none where `failures` says why.

    It is the one that was asked for, else the default profiles that every instance fits; where it fits none
    of them, the last, which says of each instance why. `hindered` are profiles that the settings keep from
    being made, each with the reason.
    """

    def makes(name: str) -> bool:
        return name not in hindered and _makes(profiles.get(name), makeable)

    def refuse(some: Sequence[Reference], reason: FailureReason, why: str) -> None:
        for reference in some:
            failures.add(failed(reference, reason, why, _PROFILE))

    asked = dict.fromkeys(reference.profile for reference in references if reference.profile)
    if unknown := [name for name in asked if not makes(name)]:
        some = [reference for reference in references if reference.profile in unknown]
        why = f"no medium of profile {' or '.join(unknown)} is made here"
        why = ": ".join((why, *dict.fromkeys(hindered[name] for name in unknown if name in hindered)))
        refuse(some, FailureReason.PROFILE_NOT_SUPPORTED, why)
    elif len(asked) > 1:
        try:
            return [_together(references, profiles, list(asked))]
        except ValueError as error:
            refuse(references, FailureReason.PROFILES_CONFLICT, str(error))
    elif asked:
        return [profiles[next(iter(asked))]]
    elif able := [profiles[name] for name in defaults if makes(name)]:
        if len(able) == 1:  # nothing to choose: whoever fits the instances to it judges them
            return able
        return [profile for profile in able if _fits_all(profile, instances, transcoding)] or able[-1:]
    else:
        why = "no station makes a medium of a default profile"
        refuse(references, FailureReason.PROFILE_NOT_SUPPORTED, why)
    return []


def _together(
    references: Sequence[Reference], profiles: Mapping[str, Profile], asked: Sequence[str]
) -> Together:
    own = {
        reference.sop_instance: profiles[reference.profile] for reference in references if reference.profile
    }
    return Together([profiles[name] for name in asked], own)


def _fits_all(profile: Profile, instances: Sequence[Instance], transcoding: Transcoding) -> bool:
    subjects = (subject(instance, transcoding) for instance in instances)
    return not any(isinstance(profile.judge(one), Unfit) for one in subjects)


def _makes(profile: Profile | None, makeable: Collection[MediaKind]) -> bool:
    """Whether a station makes media of a profile."""
    return profile is not None and any(kind in makeable for kind in profile.media)


def subject(instance: Instance, transcoding: Transcoding) -> Subject:
    """An instance as a profile judges it, with the forms that may be made of it.

    It is judged once, so what its head looks up for that is not kept.
    """
    forms = derivable(instance.transfer_syntax, transcoding)
    return Subject(instance.sop_class, instance.transfer_syntax, instance.head.fresh(), forms)
