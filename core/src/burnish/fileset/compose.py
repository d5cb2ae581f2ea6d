"""From what a request names to the volumes that can be made: the whole way, without touching a pixel.

    resolve -> choose profiles -> fit -> identify -> name -> DICOMDIR -> tree -> recipe -> fits? else split

Everything that is wrong with one step is collected before the next begins, so an SCU learns all of it.

Where a profile may be written to several kinds of media that a station can make, the kind is the one that
takes the fewest volumes; of kinds that take as many, the one that the profile prefers.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from burnish.contracts import Cancel, Format, FormatSpec, Profile
from burnish.errors import LayoutError, RequestFailed
from burnish.fileset.failures import Failures
from burnish.fileset.fit import Derive, fit
from burnish.fileset.media import MediaSettings
from burnish.fileset.people import sort_people
from burnish.fileset.select import Wanted, choose_profiles, resolve
from burnish.fileset.settings import IdentitySettings
from burnish.fileset.split import check_each, split
from burnish.fileset.volume import LaidOut, Naming, OnVolume, Owned, VolumeMaker
from burnish.instances.instance import Instance
from burnish.media import MediaKind
from burnish.recipe import Recipe, Tree
from burnish.terms import WITHOUT_PATIENT, StatusInfo

_NEVER: Final = Cancel()

_Loads = Sequence[Sequence[Owned]]
"""Instances that may share volumes, for each company of people."""


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


def compose(
    wanted: Sequence[Wanted], naming: Naming, kit: Kit, *, may_split: bool = False, cancel: Cancel = _NEVER
) -> tuple[Volume, ...]:
    """Compose the volumes of a request; one, where it may not be split or the settings split nothing.

    `naming` is that of an only volume; `Naming.numbered` says what several are called. Raises RequestFailed
    with every failed item, IdentityHold, or Cancelled soon after `cancel` is asked for.
    """
    failures = Failures()
    instances = resolve(wanted, kit.media.sop_classes, failures)
    references = [one.reference for one in wanted]
    defaults = kit.media.default_profiles
    ladder = choose_profiles(
        references, instances, kit.profiles, defaults, kit.makeable, kit.media.transcoding, failures
    )
    if not ladder:
        failures.check()
    work = _Work(instances, naming, kit, cancel)
    if not failures.items:
        for profile in ladder[:-1]:
            with suppress(RequestFailed):
                return work.volumes(profile, Failures(), may_split=False)
    return work.volumes(ladder[-1], failures, may_split=may_split and kit.media.splitting == "allow")


@dataclass(frozen=True)
class _Work:
    """The instances of a request on their way to volumes."""

    instances: Sequence[Instance]
    naming: Naming
    kit: Kit
    cancel: Cancel

    def volumes(self, profile: Profile, failures: Failures, *, may_split: bool) -> tuple[Volume, ...]:
        """Everything on media of this profile."""
        kit = self.kit
        placed = fit(self.instances, profile, kit.media.transcoding, kit.derive, failures, self.cancel)
        failures.check()
        loads = sort_people(placed, profile, self.kit.identity, split=may_split)
        shelf = _Shelf(profile, self.naming, self.kit, self.cancel)
        try:
            return shelf.whole(loads, may_split=may_split) or shelf.split(loads, may_split=may_split)
        except LayoutError as error:
            raise RequestFailed(str(error), StatusInfo.PROC_FAILURE) from error


class _Shelf:
    """The media of one profile that stations can make."""

    def __init__(self, profile: Profile, naming: Naming, kit: Kit, cancel: Cancel) -> None:
        self._spec, format_ = _format(profile, kit)
        self._maker = VolumeMaker(profile, format_, naming, kit.media.missing_keys)
        self._kinds = [(kind, kit.makeable[kind]) for kind in profile.media if kind in kit.makeable]
        self._largest = max(capacity for _, capacity in self._kinds)
        self._most = kit.media.max_volumes
        self._cancel = cancel

    def whole(self, loads: _Loads, *, may_split: bool) -> tuple[Volume, ...]:
        """Everything on one volume; nothing where no kind of media holds it."""
        if len(loads) > 1 or _bytes(loads) > self._largest:
            return ()
        self._cancel.check()
        try:
            laid = self._maker.lay_out(loads[0])
        except LayoutError:  # several volumes may each be what the format can hold
            if may_split:
                return ()
            raise
        fitting = [kind for kind, capacity in self._kinds if laid.recipe.length <= capacity]
        return (self._volume(laid, fitting[0]),) if fitting else ()

    def split(self, loads: _Loads, *, may_split: bool) -> tuple[Volume, ...]:
        """Everything on several volumes, where that may be."""
        every = [one for load in loads for one in load]
        self._maker.check_directory(every)
        check_each(self._maker, every, self._largest)
        if not may_split:
            message = f"{_bytes(loads)} bytes, and what a file-set adds, do not fit on one medium"
            raise RequestFailed(f"{message} of {self._largest}", StatusInfo.SET_OVERSIZED)
        fewest = self._split(loads, self._largest, self._most)
        if fewest is None:
            message = f"{_bytes(loads)} bytes take more than {self._most} media of {self._largest}"
            raise RequestFailed(message, StatusInfo.SET_OVERSIZED)
        return self._on_preferred(loads, fewest)

    def _split(self, loads: _Loads, capacity: int, at_most: int) -> list[LaidOut] | None:
        if _bytes(loads) > at_most * capacity:
            return None
        return split(self._maker, loads, capacity, at_most, self._cancel)

    def _on_preferred(self, loads: _Loads, fewest: Sequence[LaidOut]) -> tuple[Volume, ...]:
        """On the first kind that takes no more volumes than the largest does."""
        for kind, capacity in self._kinds:
            if capacity == self._largest:
                break
            with suppress(RequestFailed):  # what one instance needs may be the largest
                if laid := self._split(loads, capacity, len(fewest)):
                    return self._volumes(laid, kind)
        return self._volumes(fewest, kind)

    def _volumes(self, laid: Sequence[LaidOut], kind: MediaKind) -> tuple[Volume, ...]:
        return tuple(self._volume(one, kind) for one in laid)

    def _volume(self, laid: LaidOut, medium: MediaKind) -> Volume:
        return Volume(
            naming=laid.naming,
            profile=self._maker.profile,
            format=self._spec.name,
            suffix=self._spec.suffix,
            medium=medium,
            members=laid.members,
            patients=_patients(laid.members),
            tree=laid.tree,
            recipe=laid.recipe,
        )


def _bytes(loads: _Loads) -> int:
    """Bytes of the instances alone: no file-set of them is shorter."""
    return sum(one.placed.form.length for load in loads for one in load)


def _format(profile: Profile, kit: Kit) -> tuple[FormatSpec[Any], Format]:
    for name in profile.formats:
        if name in kit.formats:
            return kit.formats[name]
    message = f"no plugin lays out {' or '.join(profile.formats)}, which {profile.identifier} needs"
    raise RequestFailed(message, StatusInfo.NOT_SUPPORTED)


def _patients(members: Sequence[OnVolume]) -> tuple[dict[str, str], ...]:
    people: dict[str, dict[str, str]] = {}
    for member in members:
        nobodys = member.placed.instance.sop_class in WITHOUT_PATIENT
        if member.person.key not in people and not nobodys:
            head = member.placed.instance.head
            people[member.person.key] = {
                "id": str(head.get("PatientID") or member.person.patient_id),
                "name": str(head.get("PatientName") or ""),
                "birth_date": str(head.get("PatientBirthDate") or ""),
            }
    return tuple(people.values())
