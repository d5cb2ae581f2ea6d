"""One volume: names, DICOMDIR, tree and recipe of instances that may stand on it together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from burnish.contracts import Format, Profile, VolumeFacts
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.fit import Form, Placed
from burnish.fileset.identify import Person
from burnish.fileset.meta import file_meta
from burnish.fileset.names import FILE_SET_ID_LENGTH, file_ids
from burnish.fileset.seal.message import message
from burnish.fileset.seal.sealing import Sealer
from burnish.fileset.sums import Sums
from burnish.fileset.supply import Policy
from burnish.recipe import Entry, Literal, Range, Recipe, Source, Tree
from burnish.requests.reference import minted_uid, opaque_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What a volume is called."""

    file_set_id: str
    file_set_uid: str
    token: str
    made: datetime
    """Stands in the file system; aware, UTC, whole seconds."""

    def numbered(self, number: int) -> "Naming":
        """What volume `number`, from 1, of a set that is split is called: the same each time.

        The File-set ID is cut so that `_1`, `_2` … ends it. The first volume keeps UID and token, the others
        get their own, because PS3.4 Annex S wants a different File-set UID on each volume.
        """
        mark = f"_{number}"
        file_set_id = self.file_set_id[: FILE_SET_ID_LENGTH - len(mark)] + mark
        if number == 1:
            return replace(self, file_set_id=file_set_id)
        uid = minted_uid("volume", self.token, self.file_set_uid, number)
        token = opaque_token("volume", self.token, number)
        return replace(self, file_set_id=file_set_id, file_set_uid=uid, token=token)


@dataclass(frozen=True, slots=True)
class Owned:
    """An instance that is to stand on a medium, and whom it belongs to."""

    placed: Placed
    person: Person


@dataclass(frozen=True, slots=True)
class OnVolume:
    """One instance on a volume."""

    placed: Placed
    person: Person
    file_id: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A volume whose every byte has its place."""

    naming: Naming
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
    sums: Sums
    sealer: Sealer | None = None
    """Of a profile that protects its files, else None."""

    def numbered(self, number: int) -> "VolumeMaker":
        """The maker of volume `number` of a set that is split."""
        return replace(self, naming=self.naming.numbered(number))

    def lay_out(self, load: Sequence[Owned]) -> LaidOut:
        """Raises RequestFailed where no directory can be built, LayoutError where the tree does not suit,
        and SourceDamaged where a source that has to be summed is not what it was."""
        members = _named(load)
        entries = (Entry(("DICOMDIR",), (Literal(self._directory(members)),)), *map(_entry, members))
        if self.sealer and self.profile.security == "media":
            entries = self.sealer.seal(entries)
        forms = [member.placed.form for member in members]
        tree = Tree(entries, self._sources(forms))
        naming = self.naming
        facts = VolumeFacts(identifier=naming.file_set_id, token=naming.token, made=naming.made)
        recipe = self.format.lay_out(tree, facts)
        if self.sealer and self.profile.security == "mail":
            recipe = message(recipe, facts, self.sealer)
        return LaidOut(naming, members, tree, recipe)

    def _sources(self, forms: Sequence[Form]) -> dict[str, Source]:
        if self.format.sums:
            return self.sums.sources(forms)
        return {form.key: Source(form.length, form.digest) for form in forms}

    def check_directory(self, load: Sequence[Owned]) -> None:
        """Raise RequestFailed with every instance that no directory can describe, however they are split."""
        self._directory(_named(load))

    def _directory(self, members: Sequence[OnVolume]) -> bytes:
        return build(
            [_member(member) for member in members],
            file_set_id=self.naming.file_set_id,
            file_set_uid=self.naming.file_set_uid,
            keys=self.profile.directory_keys,
            missing=self.missing,
        )


def _named(load: Sequence[Owned]) -> tuple[OnVolume, ...]:
    names = file_ids(map(place_of, load))
    return tuple(OnVolume(one.placed, one.person, name) for one, name in zip(load, names, strict=True))


def place_of(one: Owned) -> tuple[str, str, str]:
    """What an instance lies under: person, study, series."""
    instance = one.placed.instance
    return one.person.key, instance.study, instance.series


def _member(member: OnVolume) -> Member:
    instance = member.placed.instance
    return Member(
        file_id=member.file_id,
        sop_class=instance.sop_class,
        sop_instance=instance.sop_instance,
        transfer_syntax=member.placed.form.transfer_syntax,
        head=instance.head,
        icon=member.placed.icon,
        patient=member.person.key,
        patient_id=member.person.patient_id,
    )


def _entry(member: OnVolume) -> Entry:
    instance, form = member.placed.instance, member.placed.form
    head = file_meta(instance.sop_class, instance.sop_instance, form.transfer_syntax)
    return Entry(member.file_id, (Literal(head), Range(form.key, 0, form.length)))
