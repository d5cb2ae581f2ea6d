"""From what a request names to a volume that can be made: the whole way, without touching a pixel.

    resolve -> choose a profile -> fit -> identify -> name -> DICOMDIR -> tree -> recipe -> does it fit?

Everything that is wrong with one step is collected before the next begins, so an SCU learns all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from burnish.contracts import Format, FormatSpec, Profile, VolumeFacts
from burnish.errors import FailedItem, LayoutError, RequestFailed
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.failures import Failures
from burnish.fileset.fit import Derive, Placed, fit
from burnish.fileset.identify import Identified, identify
from burnish.fileset.media import MediaSettings
from burnish.fileset.meta import file_meta
from burnish.fileset.names import file_ids
from burnish.fileset.select import Wanted, choose_profile, resolve
from burnish.fileset.settings import IdentitySettings
from burnish.media import MediaKind
from burnish.recipe import Entry, Literal, Range, Recipe, Source, Tree
from burnish.terms import FailureReason, StatusInfo


class IdentityHold(RequestFailed):
    """People disagree, and `identity.conflict = "hold"` wants an operator to look before anything is made."""


@dataclass(frozen=True)
class Kit:
    """What composing needs besides the request."""

    profiles: Mapping[str, Profile]
    formats: Mapping[str, tuple[FormatSpec, Format]]  # type: ignore[type-arg]
    media: MediaSettings
    identity: IdentitySettings
    makeable: Mapping[MediaKind, int]
    """Kinds of media that a station can make, with the bytes that fit on one."""
    derive: Derive


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What a volume is called."""

    file_set_id: str
    file_set_uid: str
    token: str
    made: datetime
    """Stands in the file system; aware, UTC, whole seconds."""


@dataclass(frozen=True, slots=True)
class OnVolume:
    """One instance on a volume."""

    placed: Placed
    file_id: tuple[str, ...]


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
    failures = Failures()
    for conflict in identified.conflicts if settings.conflict != "allow" else ():
        for index in conflict.indices:
            failures.add(_disagrees(placed[index], profile, conflict.why, conflict.attributes))
    if settings.several == "fail" and identified.several:
        first = identified.persons[0]
        for one, person in zip(placed, identified.persons, strict=True):
            if person != first:
                failures.add(_disagrees(one, profile, "several people may not share a medium", (0x00100020,)))
    try:
        failures.check()
    except RequestFailed as error:
        if settings.conflict == "hold" and identified.conflicts:
            raise IdentityHold(str(error), StatusInfo.CHECK_MCD_OP, error.failed) from error
        raise


def _disagrees(placed: Placed, profile: Profile, why: str, attributes: tuple[int, ...]) -> FailedItem:
    one = placed.instance
    reason = FailureReason.PROCESSING_FAILURE
    return FailedItem(one.sop_class, one.sop_instance, reason, attributes, profile.identifier, why)


def _lay_out(
    placed: Sequence[Placed], identified: Identified, profile: Profile, naming: Naming, kit: Kit
) -> Volume:
    spec, maker = _format(profile, kit)
    medium = next(kind for kind in profile.media if kind in kit.makeable)
    tree, members = _tree(placed, identified, profile, naming, kit)
    facts = VolumeFacts(identifier=naming.file_set_id, token=naming.token, made=naming.made)
    try:
        recipe = maker.lay_out(tree, facts)
    except LayoutError as error:
        raise RequestFailed(str(error), StatusInfo.PROC_FAILURE) from error
    volume = Volume(
        naming=naming,
        profile=profile,
        format=spec.name,
        suffix=spec.suffix,
        medium=medium,
        members=members,
        patients=_patients(placed, identified),
        tree=tree,
        recipe=recipe,
    )
    _check_size(volume, maker, kit.makeable[medium])
    return volume


def _format(profile: Profile, kit: Kit) -> tuple[FormatSpec, Format]:  # type: ignore[type-arg]
    for name in profile.formats:
        if name in kit.formats:
            return kit.formats[name]
    message = f"no plugin lays out {' or '.join(profile.formats)}, which {profile.identifier} needs"
    raise RequestFailed(message, StatusInfo.NOT_SUPPORTED)


def _tree(
    placed: Sequence[Placed], identified: Identified, profile: Profile, naming: Naming, kit: Kit
) -> tuple[Tree, tuple[OnVolume, ...]]:
    people = identified.persons
    places = [
        (person.key, one.instance.study, one.instance.series)
        for one, person in zip(placed, people, strict=True)
    ]
    members = tuple(OnVolume(one, name) for one, name in zip(placed, file_ids(places), strict=True))
    directory = build(
        [
            Member(
                file_id=member.file_id,
                sop_class=member.placed.instance.sop_class,
                sop_instance=member.placed.instance.sop_instance,
                transfer_syntax=member.placed.form.transfer_syntax,
                head=member.placed.instance.head,
                patient=person.key,
                patient_id=person.patient_id,
            )
            for member, person in zip(members, people, strict=True)
        ],
        file_set_id=naming.file_set_id,
        file_set_uid=naming.file_set_uid,
        keys=profile.directory_keys,
        missing=kit.media.missing_keys,
    )
    entries = (Entry(("DICOMDIR",), (Literal(directory),)), *(_entry(member) for member in members))
    sources = {
        member.placed.form.key: Source(member.placed.form.length, member.placed.form.digest)
        for member in members
    }
    return Tree(entries, sources), members


def _entry(member: OnVolume) -> Entry:
    instance, form = member.placed.instance, member.placed.form
    head = file_meta(instance.sop_class, instance.sop_instance, form.transfer_syntax)
    return Entry(member.file_id, (Literal(head), Range(form.key, 0, form.length)))


def _patients(placed: Sequence[Placed], identified: Identified) -> tuple[dict[str, str], ...]:
    people: dict[str, dict[str, str]] = {}
    for one, person in zip(placed, identified.persons, strict=True):
        if person.key not in people:
            head = one.instance.head
            people[person.key] = {
                "id": str(head.get("PatientID") or person.patient_id),
                "name": str(head.get("PatientName") or ""),
                "birth_date": str(head.get("PatientBirthDate") or ""),
            }
    return tuple(people.values())


def _check_size(volume: Volume, maker: Format, capacity: int) -> None:
    """Raises RequestFailed where the volume does not fit its medium: which instances alone, or the set."""
    if volume.recipe.length <= capacity:
        return
    failures = Failures()
    for member in volume.members:
        if _alone(member, volume, maker) > capacity:
            one, why = member.placed.instance, f"the instance alone exceeds a {volume.medium}"
            reason, profile = FailureReason.INSTANCE_SIZE_EXCEEDED, volume.profile.identifier
            failures.add(FailedItem(one.sop_class, one.sop_instance, reason, (), profile, why))
    failures.check()
    message = f"the file-set is {volume.recipe.length} bytes; a {volume.medium} holds {capacity}"
    raise RequestFailed(message, StatusInfo.SET_OVERSIZED)


def _alone(member: OnVolume, volume: Volume, maker: Format) -> int:
    """Bytes of an image that holds only this instance; its directory is counted as it is for all."""
    form = member.placed.form
    tree = Tree((volume.tree.entries[0], _entry(member)), {form.key: Source(form.length, form.digest)})
    facts = VolumeFacts(identifier="", token=volume.naming.token, made=volume.naming.made)
    return maker.lay_out(tree, facts).length
