"""One volume: names, DICOMDIR, tree and recipe of instances that may stand on it together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from burnish.contracts import Format, Profile, VolumeFacts
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.fit import Placed
from burnish.fileset.identify import Person
from burnish.fileset.meta import file_meta
from burnish.fileset.names import file_ids
from burnish.fileset.supply import Policy
from burnish.recipe import Entry, Literal, Range, Recipe, Source, Tree


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
    person: Person
    file_id: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A volume whose every byte has its place."""

    members: tuple[OnVolume, ...]
    tree: Tree
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class VolumeMaker:
    """Lays out volumes of one profile in one format."""

    profile: Profile
    format: Format
    naming: Naming
    missing: Policy
    """What happens where an instance lacks a Type 1 directory key."""

    def lay_out(self, placed: Sequence[Placed], people: Sequence[Person]) -> LaidOut:
        """Raises RequestFailed where no directory can be built, LayoutError where the tree does not suit."""
        members = _named(placed, people)
        entries = (Entry(("DICOMDIR",), (Literal(self._directory(members)),)), *map(_entry, members))
        forms = [member.placed.form for member in members]
        tree = Tree(entries, {form.key: Source(form.length, form.digest) for form in forms})
        naming = self.naming
        facts = VolumeFacts(identifier=naming.file_set_id, token=naming.token, made=naming.made)
        return LaidOut(members, tree, self.format.lay_out(tree, facts))

    def _directory(self, members: Sequence[OnVolume]) -> bytes:
        return build(
            [_member(member) for member in members],
            file_set_id=self.naming.file_set_id,
            file_set_uid=self.naming.file_set_uid,
            keys=self.profile.directory_keys,
            missing=self.missing,
        )


def _named(placed: Sequence[Placed], people: Sequence[Person]) -> tuple[OnVolume, ...]:
    pairs = list(zip(placed, people, strict=True))
    names = file_ids((person.key, one.instance.study, one.instance.series) for one, person in pairs)
    return tuple(OnVolume(one, person, name) for (one, person), name in zip(pairs, names, strict=True))


def _member(member: OnVolume) -> Member:
    instance = member.placed.instance
    return Member(
        file_id=member.file_id,
        sop_class=instance.sop_class,
        sop_instance=instance.sop_instance,
        transfer_syntax=member.placed.form.transfer_syntax,
        head=instance.head,
        patient=member.person.key,
        patient_id=member.person.patient_id,
    )


def _entry(member: OnVolume) -> Entry:
    instance, form = member.placed.instance, member.placed.form
    head = file_meta(instance.sop_class, instance.sop_instance, form.transfer_syntax)
    return Entry(member.file_id, (Literal(head), Range(form.key, 0, form.length)))
