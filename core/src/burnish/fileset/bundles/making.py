"""Bundles of the volumes of one profile: pieces of every instance first, then files of each volume."""

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, Protocol

from burnish.contracts import (
    RESERVED,
    Bundle,
    BundledFile,
    BundledVolume,
    BundleKind,
    Bundler,
    Cancel,
    Piece,
    Profile,
    Renderer,
    StoredFile,
)
from burnish.errors import BundleUnfit
from burnish.fileset.bundles.front import DESCRIPTOR, has_readme, root_files
from burnish.fileset.bundles.settings import BundleSettings
from burnish.fileset.bundles.volume import Made, volume_of
from burnish.fileset.bundles.wishes import Chosen, LeftOut, Wishes, chosen
from burnish.fileset.fit import Placed, Underivable
from burnish.fileset.names import FOLDER
from burnish.fileset.naming import Naming
from burnish.fileset.owned import OnVolume
from burnish.instances.instance import Instance
from burnish.recipe import Entry, Extent, Literal, Range, Source

_NAME: Final = re.compile(r"[A-Z0-9_]{1,8}")
_LAST: Final = re.compile(r"[A-Z0-9_]{1,8}(\.[A-Z0-9_]{1,3})?")


class MakePieces(Protocol):
    """Makes and keeps pieces of instances, several at a time."""

    @abstractmethod
    def __call__(
        self, wanted: Sequence[tuple[Instance, Renderer]], cancel: Cancel
    ) -> Iterator[dict[str, Piece] | Underivable]:
        """Give for each the pieces by name or why there are none, in their order.

        Raises OSError where there is no room, and Cancelled soon after `cancel` is asked for.
        """


class KeepProgram(Protocol):
    """Keeps bundlers' own files."""

    @abstractmethod
    def __call__(self, file: StoredFile) -> str:
        """The source key of a file. Raises BundleUnfit where it is not what it should be, and OSError."""


def _no_pieces(wanted: Sequence[tuple[Instance, Renderer]], cancel: Cancel) -> Iterator[Underivable]:
    return (Underivable("nobody said how pieces are made") for _ in wanted)


def _no_programs(file: StoredFile) -> str:
    raise BundleUnfit(f"nobody said where {file.path} is kept")


@dataclass(frozen=True)
class BundleKit:
    """What bundling needs besides the request."""

    settings: BundleSettings = field(default_factory=BundleSettings)
    bundlers: Mapping[str, Bundler] = field(default_factory=dict)
    """By the name that the configuration gives, in its order."""
    institution: str = ""
    """Where `settings` has none."""
    rules: Sequence[str] = ()
    """The titles of the rule sets that every medium keeps to."""
    pieces: MakePieces = _no_pieces
    programs: KeepProgram = _no_programs

    def bundling(self, wishes: Wishes, profile: Profile) -> "Bundling":
        """What a request's wishes mean for media of a profile."""
        found, missing = chosen(wishes, self.settings, self.bundlers, profile)
        return Bundling(self, profile, tuple(found), tuple(missing))


NOTHING: Final = BundleKit()


@dataclass(frozen=True)
class Bundling:
    """What stands beside the instances of the volumes of one profile."""

    kit: BundleKit
    profile: Profile
    chosen: tuple[Chosen, ...]
    missing: tuple[LeftOut, ...] = ()
    made: Mapping[str, Mapping[str, Made]] = field(default_factory=dict)
    """Pieces by bundler, then by SOP Instance UID."""

    def without(self, why: str, name: str = "") -> "Bundling":
        """The same without a bundler, or without all: with nothing but what the medium says of itself."""
        gone = [one for one in self.chosen if name in ("", one.name)]
        kept = tuple(one for one in self.chosen if one not in gone)
        left = dict.fromkeys(LeftOut(one.name, why) for one in gone)
        return replace(self, chosen=kept, missing=(*self.missing, *left))

    def with_pieces(self, placed: Sequence[Placed], cancel: Cancel) -> "Bundling":
        """The same with the pieces of these instances. Raises OSError and Cancelled."""
        made: dict[str, Mapping[str, Made]] = {}
        for name, group in groupby(sorted(self.chosen, key=_name), _name):
            ours = list(group)
            renderer = ours[0].bundler.renderer(frozenset(one.kind for one in ours))
            if renderer:
                wanted = [(member.instance, renderer) for member in placed]
                results = self.kit.pieces(wanted, cancel)
                made[name] = {
                    instance.sop_instance: result.why if isinstance(result, Underivable) else result
                    for (instance, _), result in zip(wanted, results, strict=True)
                }
        return replace(self, made=made)

    def files(
        self, members: Sequence[OnVolume], naming: Naming, number: int, volumes: int
    ) -> tuple[BundledFile, ...]:
        """What stands on a volume of these instances, in the order in which it is to lie.

        Raises BundleUnfit, naming the bundler.
        """
        settings, rules = self.kit.settings, self.kit.rules
        personal = not self.profile.security
        if not self.chosen and not has_readme(settings, rules, bundled=False):
            return ()
        told = [(one, self._volume(members, naming, number, volumes, one)) for one in self.chosen]
        bundles = [self._bundle(one, volume) for one, volume in told]
        _demand_apart(self.chosen, bundles)
        pairs = zip(self.chosen, bundles, strict=True)
        viewers_first = sorted(pairs, key=lambda pair: pair[0].kind is BundleKind.CONTENT)
        bare = told[0][1] if told else self._volume(members, naming, number, volumes, None)
        links = [link for bundle in bundles for link in bundle.links]
        files = [file for _, bundle in viewers_first for file in bundle.files]
        root = root_files(bare, links, settings, rules, personal=personal, bundled=bool(files))
        return (*root, *files)

    def _bundle(self, one: Chosen, volume: BundledVolume) -> Bundle:
        """What a bundler puts there, its names and its own files checked. Raises BundleUnfit and OSError."""
        try:
            bundle = one.bundler.bundle(volume, one.kind)
            for file in bundle.files:
                check_path(file.path)
                for part in file.parts:
                    if isinstance(part, StoredFile):
                        self.kit.programs(part)
            for link in bundle.links:
                check_path(link.path)
        except BundleUnfit as error:
            raise BundleUnfit(f"bundler {one.name}: {error}", one.name) from error
        return bundle

    def _volume(
        self, members: Sequence[OnVolume], naming: Naming, number: int, volumes: int, one: Chosen | None
    ) -> BundledVolume:
        made = self.made.get(one.name, {}) if one else {}
        institution = self.kit.settings.institution or self.kit.institution
        return volume_of(
            members,
            naming,
            made,
            number=number,
            volumes=volumes,
            profile=self.profile.identifier,
            institution=institution,
        )

    def entries(self, files: Sequence[BundledFile]) -> tuple[tuple[Entry, ...], dict[str, Source]]:
        """Files as a tree has them, and the sources behind them. Raises BundleUnfit and OSError."""
        sources: dict[str, Source] = {}
        entries = tuple(Entry(file.path, tuple(self._extents(file, sources))) for file in files)
        return entries, sources

    def _extents(self, file: BundledFile, sources: dict[str, Source]) -> Iterator[Extent]:
        for part in file.parts:
            if isinstance(part, bytes):
                yield Literal(part)
                continue
            if not part.length:
                continue
            key = part.key if isinstance(part, Piece) else self.kit.programs(part)
            sources[key] = Source(part.length, part.digest)
            yield Range(key, 0, part.length)


def descriptor_of(files: Sequence[BundledFile]) -> tuple[str, ...]:
    """The File ID of the File-set Descriptor File among them; empty where there is none."""
    return (DESCRIPTOR,) if any(file.path == (DESCRIPTOR,) for file in files) else ()


def _demand_apart(chosen: Sequence[Chosen], bundles: Sequence[Bundle]) -> None:
    """Raise BundleUnfit where two bundles have a file of one name."""
    owners: dict[tuple[str, ...], str] = {}
    for one, bundle in zip(chosen, bundles, strict=True):
        for file in bundle.files:
            if file.path in owners:
                path, other = "/".join(file.path), owners[file.path]
                raise BundleUnfit(f"bundlers {other} and {one.name}: both have a file {path}", one.name)
            owners[file.path] = one.name


def check_path(path: tuple[str, ...]) -> None:
    """Raise BundleUnfit for what is no name of a bundler's file."""
    *folders, last = path
    well = all(map(_NAME.fullmatch, folders)) and _LAST.fullmatch(last)
    if not well or path[0] == FOLDER or path[0] in RESERVED:
        raise BundleUnfit(f"{'/'.join(path)} is no name for a file of a bundler")


def _name(one: Chosen) -> str:
    return one.name
