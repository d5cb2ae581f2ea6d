"""One volume: names, DICOMDIR, tree and recipe of instances that may stand on it together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from burnish.contracts import Format, Profile, VolumeFacts
from burnish.fileset.bundles.making import Bundling, descriptor_of
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.fit import Form
from burnish.fileset.meta import file_meta
from burnish.fileset.names import file_ids
from burnish.fileset.naming import Naming
from burnish.fileset.owned import OnVolume, Owned, gathered, place_of
from burnish.fileset.seal.message import message
from burnish.fileset.seal.sealing import Sealer
from burnish.fileset.sums import Sums
from burnish.fileset.supply import Policy
from burnish.recipe import Entry, Literal, Range, Recipe, Source, Tree


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
    bundling: Bundling
    """What stands beside the instances."""
    sealer: Sealer | None = None
    """Of a profile that protects its files, else None."""
    number: int = 1
    volumes: int = 1
    """Of how many volumes it makes one; 0 where that is not to be said."""

    def numbered(self, number: int) -> "VolumeMaker":
        """The maker of volume `number` of a set that is split."""
        return replace(self, naming=self.naming.numbered(number), number=number)

    def of(self, volumes: int) -> "VolumeMaker":
        """The maker of one of so many volumes."""
        return replace(self, volumes=volumes)

    def lay_out(self, load: Sequence[Owned]) -> LaidOut:
        """Raises RequestFailed where no directory can be built, LayoutError where the tree does not suit,
        SourceDamaged where a source that has to be summed is not what it was, and BundleUnfit."""
        members = _named(gathered(load))
        files = self.bundling.files(members, self.naming, self.number, self.volumes)
        bundled, sources = self.bundling.entries(files)
        directory = Entry(("DICOMDIR",), (Literal(self._directory(members, descriptor_of(files))),))
        own = (directory, *map(_entry, members))
        if self.sealer and self.profile.security == "media":
            own = self.sealer.seal(own)
        first, *others = own
        beside = [Form(key, "", source.length, source.digest) for key, source in sources.items()]
        sources = self._sources([*(member.placed.form for member in members), *beside])
        tree = Tree((first, *bundled, *others), sources)
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

    def _directory(self, members: Sequence[OnVolume], descriptor: tuple[str, ...] = ()) -> bytes:
        return build(
            [_member(member) for member in members],
            file_set_id=self.naming.file_set_id,
            file_set_uid=self.naming.file_set_uid,
            keys=self.profile.directory_keys,
            missing=self.missing,
            descriptor=descriptor,
        )


def _named(load: Sequence[Owned]) -> tuple[OnVolume, ...]:
    names = file_ids(map(place_of, load))
    return tuple(OnVolume(one.placed, one.person, name) for one, name in zip(load, names, strict=True))


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
