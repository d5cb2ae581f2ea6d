"""From what a request names to the volumes that can be made: the whole way, without touching a pixel.

    resolve -> choose profiles -> fit -> identify -> name -> DICOMDIR -> tree -> recipe -> fits? else split
            -> do the rule sets take it?

Everything that is wrong with one step is collected before the next begins, so an SCU learns all of it.

Where a profile may be written to several kinds of media that a station can make, the kind is the one that
takes the fewest volumes; of kinds that take as many, the one that the profile prefers. A kind that a rule set
refuses, whatever stands on it, counts as one that no station makes.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from burnish.contracts import Cancel, Format, FormatSpec, MediumFacts, Profile
from burnish.errors import BundleUnfit, LayoutError, RequestFailed, SourceDamaged
from burnish.fileset.bundles.front import README
from burnish.fileset.bundles.making import NOTHING, BundleKit, Bundling
from burnish.fileset.bundles.wishes import NO_WISHES, LeftOut, Wishes
from burnish.fileset.failures import Failures
from burnish.fileset.fit import Derive, Placed, fit
from burnish.fileset.icons import MakeIcons, with_icons
from burnish.fileset.media import MediaSettings
from burnish.fileset.naming import Naming
from burnish.fileset.owned import OnVolume, Owned
from burnish.fileset.people import sort_people
from burnish.fileset.rules import RuleSets, judge, judge_facts, refuse
from burnish.fileset.seal.cms import Envelope
from burnish.fileset.seal.message import SUFFIX
from burnish.fileset.seal.sealing import Sealer
from burnish.fileset.select import Wanted, choose_profiles, resolve
from burnish.fileset.settings import IdentitySettings
from burnish.fileset.smaller import MOST, compressed
from burnish.fileset.split import check_each, split
from burnish.fileset.sums import Sums
from burnish.fileset.verdict import Finding
from burnish.fileset.views import view_of_tree
from burnish.fileset.volume import LaidOut, VolumeMaker
from burnish.instances.instance import Instance
from burnish.media import MediaKind
from burnish.recipe import Opener, Recipe, Tree
from burnish.requests.reference import SuppliedIcon
from burnish.terms import WITHOUT_PATIENT, StatusInfo

_NEVER: Final = Cancel()
_TOO_LARGE: Final = (StatusInfo.SET_OVERSIZED, StatusInfo.INST_OVERSIZED)

_Loads = Sequence[Sequence[Owned]]
"""Instances that may share volumes, for each company of people."""


def _no_icons(wanted: object, cancel: object) -> NoReturn:
    raise AssertionError("nobody said how icons are made")


def _nowhere(key: str) -> NoReturn:
    raise SourceDamaged(f"nobody said where source {key} is")


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
    icons: MakeIcons = _no_icons
    envelope: Envelope | None = None
    """For whom the media of secure profiles are sealed; None where nobody is named."""
    opener: Opener = _nowhere
    """Of instances and of derived forms, for formats that need sums of them."""
    rules: RuleSets = field(default_factory=dict)
    """What every medium must keep to."""
    bundles: BundleKit = NOTHING
    """What may stand beside the instances."""


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
    warnings: tuple[Finding, ...] = ()
    """What the rule sets would rather have otherwise."""
    bundles: tuple[str, ...] = ()
    """What stands beside the instances: `web viewer`."""
    left_out: tuple[LeftOut, ...] = ()
    """What was asked for beside them and does not stand there."""


def compose(
    wanted: Sequence[Wanted],
    naming: Naming,
    kit: Kit,
    *,
    wishes: Wishes = NO_WISHES,
    may_split: bool = False,
    cancel: Cancel = _NEVER,
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
        references,
        instances,
        kit.profiles,
        defaults,
        kit.makeable,
        kit.media.transcoding,
        _hindered(kit),
        failures,
    )
    if not ladder:
        failures.check()
    icons = {one.sop_instance: one.icon for one in references if one.icon}
    work = _Work(instances, naming, kit, cancel, icons, wishes)
    if not failures.items:
        for profile in ladder[:-1]:
            with suppress(RequestFailed):
                return work.volumes(profile, Failures(), may_split=False)
    return work.volumes(ladder[-1], failures, may_split=may_split and kit.media.splitting == "allow")


def _hindered(kit: Kit) -> dict[str, str]:
    """The profiles that the settings keep from being made, and why. Files that are to be protected are never
    written in the clear."""
    found = {}
    for name, profile in kit.profiles.items():
        if profile.security and not kit.envelope:
            found[name] = "[media.security] names neither recipients nor a password_file"
        elif profile.icon and profile.icon.required and kit.media.icons == "never":
            found[name] = 'it requires icons, and [media] icons is "never"'
    return found


@dataclass(frozen=True)
class _Work:
    """The instances of a request on their way to volumes."""

    instances: Sequence[Instance]
    naming: Naming
    kit: Kit
    cancel: Cancel
    icons: Mapping[str, SuppliedIcon]
    """That the SCU supplied, by SOP Instance UID."""
    wishes: Wishes

    def volumes(self, profile: Profile, failures: Failures, *, may_split: bool) -> tuple[Volume, ...]:
        """Everything on media of this profile."""
        kit = self.kit
        placed = fit(self.instances, profile, kit.media.transcoding, kit.derive, failures, self.cancel)
        failures.check()
        placed = with_icons(placed, profile, kit.media.icons, kit.icons, failures, self.cancel, self.icons)
        failures.check()
        loads = sort_people(placed, profile, self.kit.identity, split=may_split)
        bundling = kit.bundles.bundling(self.wishes, profile).with_pieces(placed, self.cancel)
        while True:
            try:
                return self._bundled(profile, placed, loads, bundling, may_split=may_split)
            except BundleUnfit as error:
                if kit.bundles.settings.unfit == "fail" or not error.bundler:
                    raise RequestFailed(str(error), StatusInfo.PROC_FAILURE) from error
                bundling = bundling.without(str(error), error.bundler)
            except LayoutError as error:
                raise RequestFailed(str(error), StatusInfo.PROC_FAILURE) from error

    def _bundled(
        self,
        profile: Profile,
        placed: Sequence[Placed],
        loads: _Loads,
        bundling: Bundling,
        *,
        may_split: bool,
    ) -> tuple[Volume, ...]:
        """With what stands beside them; without that, where it alone makes them exceed a medium, because
        that something cannot be added is no error."""
        try:
            return self._on_shelf(profile, placed, loads, bundling, may_split=may_split)
        except RequestFailed as error:
            if not bundling.chosen or error.info not in _TOO_LARGE:
                raise
            bare = bundling.without("it does not fit on the medium beside the instances")
            return self._on_shelf(profile, placed, loads, bare, may_split=may_split)

    def _on_shelf(
        self,
        profile: Profile,
        placed: Sequence[Placed],
        loads: _Loads,
        bundling: Bundling,
        *,
        may_split: bool,
    ) -> tuple[Volume, ...]:
        shelf = _Shelf(profile, self.naming, self.kit, self.cancel, bundling)
        return (
            shelf.whole(loads, may_split=may_split)
            or self._smaller(profile, placed, loads, shelf)
            or shelf.split(loads, may_split=may_split)
        )

    def _smaller(
        self, profile: Profile, placed: Sequence[Placed], loads: _Loads, shelf: "_Shelf"
    ) -> tuple[Volume, ...]:
        """Everything on one volume, compressed; nothing where that is not wanted, or does not help."""
        kit = self.kit
        if kit.media.compression == "never" or len(loads) > 1 or not shelf.might_hold(loads):
            return ()
        found = compressed(placed, profile, kit.media.transcoding, kit.derive, self.cancel)
        if not found:
            return ()
        return shelf.whole(sort_people(found, profile, kit.identity, split=False), may_split=True)


@dataclass(frozen=True)
class _Kind:
    """Media of one kind that a station can make, in the format that the profile has on them."""

    medium: MediaKind
    capacity: int
    spec: FormatSpec[Any]
    maker: VolumeMaker
    facts: MediumFacts
    rules: RuleSets

    def volume(self, laid: LaidOut) -> Volume:
        """A volume that is to stand on one of them. Raises RequestFailed where a rule set refuses it."""
        bundling = self.maker.bundling
        return Volume(
            naming=laid.naming,
            profile=self.maker.profile,
            format=self.spec.name,
            suffix=SUFFIX if self.maker.profile.security == "mail" else self.spec.suffix,
            medium=self.medium,
            members=laid.members,
            patients=_patients(laid.members),
            tree=laid.tree,
            recipe=laid.recipe,
            warnings=self._judged(laid),
            bundles=tuple(f"{one.name} {one.kind}" for one in bundling.chosen),
            left_out=bundling.missing,
        )

    def counted(self, laid: LaidOut, number: int, volumes: int) -> LaidOut:
        """A volume of a set that was split, now that it is known of how many volumes: where what stands
        beside the instances says it."""
        if not any(entry.path == (README,) for entry in laid.tree.entries):
            return laid
        load = [Owned(member.placed, member.person) for member in laid.members]
        for said in (volumes, 0):
            found = self.maker.of(said).numbered(number).lay_out(load)
            if found.recipe.length <= self.capacity:
                return found
        raise LayoutError(f"volume {number} does not fit on {self.medium} any more")

    def _judged(self, laid: LaidOut) -> tuple[Finding, ...]:
        if not self.rules:
            return ()
        instances = {member.file_id for member in laid.members}
        judgement = judge(self.rules, view_of_tree(laid.tree, instances, self.facts))
        refuse(judgement.refusals, StatusInfo.PROC_FAILURE)
        return tuple(judgement.warnings)


class _Shelf:
    """The media of one profile that stations can make."""

    def __init__(
        self, profile: Profile, naming: Naming, kit: Kit, cancel: Cancel, bundling: Bundling
    ) -> None:
        sealer = Sealer(kit.envelope, kit.opener, cancel) if profile.security and kit.envelope else None
        self._kinds = _kinds(profile, naming, kit, Sums(kit.opener, cancel), sealer, bundling)
        self._largest = max(self._kinds, key=lambda kind: kind.capacity)
        self._most = kit.media.max_volumes
        self._cancel = cancel

    def whole(self, loads: _Loads, *, may_split: bool) -> tuple[Volume, ...]:
        """Everything on one volume; nothing where no kind of media holds it."""
        if len(loads) > 1:
            return ()
        refused: LayoutError | None = None
        laid: dict[str, LaidOut] = {}
        for kind in self._kinds:
            if _bytes(loads) > kind.capacity:
                continue
            self._cancel.check()
            try:
                found = laid.get(kind.spec.name) or kind.maker.lay_out(loads[0])
            except LayoutError as error:  # another format, or several volumes, may hold it
                refused = error
                continue
            laid[kind.spec.name] = found
            if found.recipe.length <= kind.capacity:
                return (kind.volume(found),)
        if refused and not laid and not may_split:
            raise refused
        return ()

    def might_hold(self, loads: _Loads) -> bool:
        """Whether the largest medium may hold everything once it is compressed."""
        return _bytes(loads) <= MOST * self._largest.capacity

    def split(self, loads: _Loads, *, may_split: bool) -> tuple[Volume, ...]:
        """Everything on several volumes, where that may be."""
        every, largest = [one for load in loads for one in load], self._largest
        largest.maker.check_directory(every)
        check_each(largest.maker, every, largest.capacity)
        if not may_split:
            message = f"{_bytes(loads)} bytes, and what a file-set adds, do not fit on one medium"
            raise RequestFailed(f"{message} of {largest.capacity}", StatusInfo.SET_OVERSIZED)
        fewest = self._split(loads, largest, self._most)
        if fewest is None:
            message = f"{_bytes(loads)} bytes take more than {self._most} media of {largest.capacity}"
            raise RequestFailed(message, StatusInfo.SET_OVERSIZED)
        return self._on_preferred(loads, fewest)

    def _split(self, loads: _Loads, kind: _Kind, at_most: int) -> tuple[Volume, ...] | None:
        if _bytes(loads) > at_most * kind.capacity:
            return None
        laid = split(kind.maker.of(self._most), loads, kind.capacity, at_most, self._cancel)
        if laid is None:
            return None
        return tuple(kind.volume(kind.counted(one, number, len(laid))) for number, one in enumerate(laid, 1))

    def _on_preferred(self, loads: _Loads, fewest: tuple[Volume, ...]) -> tuple[Volume, ...]:
        """On the first kind that takes no more volumes than the largest does."""
        for kind in self._kinds:
            if kind.capacity == self._largest.capacity:
                break
            with suppress(RequestFailed, LayoutError):  # what one instance needs may be the largest
                if volumes := self._split(loads, kind, len(fewest)):
                    return volumes
        return fewest


def _kinds(
    profile: Profile, naming: Naming, kit: Kit, sums: Sums, sealer: Sealer | None, bundling: Bundling
) -> list[_Kind]:
    """Raises RequestFailed where no plugin has a format for any of them, or a rule set refuses them all."""
    found: list[_Kind] = []
    wanted: list[str] = []
    refusals: list[Finding] = []
    for medium in profile.media:
        if medium not in kit.makeable:
            continue
        wanted += profile.formats[medium]
        for name in (name for name in profile.formats[medium] if name in kit.formats):
            spec, format_ = kit.formats[name]
            facts = MediumFacts(media=(medium,), format=name, profiles=(profile.identifier,))
            if refused := judge_facts(kit.rules, facts).refusals:
                refusals += refused
                continue
            maker = VolumeMaker(profile, format_, naming, kit.media.missing_keys, sums, bundling, sealer)
            found.append(_Kind(medium, kit.makeable[medium], spec, maker, facts, kit.rules))
            break
    if not found:
        refuse(refusals, StatusInfo.NOT_SUPPORTED)
        message = f"no plugin lays out {' or '.join(dict.fromkeys(wanted))}, which {profile.identifier} needs"
        raise RequestFailed(message, StatusInfo.NOT_SUPPORTED)
    return found


def _bytes(loads: _Loads) -> int:
    """Bytes of the instances alone: no file-set of them is shorter."""
    return sum(one.placed.form.length for load in loads for one in load)


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
