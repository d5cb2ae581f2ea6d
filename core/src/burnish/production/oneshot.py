"""Media in one shot: files in, proven images out, without tables, server or station.

The way is the server's own (`fileset.compose`, `recipe`); only where instances come from differs. What
does not fit is left out and named, and the rest is composed again. What one medium does not hold is split:
beside `disc.iso` stand `disc-2.iso`, `disc-3.iso` … All of them are proven before the first gets its name.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO, Final

from pydicom.uid import UID

from burnish.errors import ConfigError, FailedItem, RequestFailed
from burnish.fileset.bundles.wishes import NO_WISHES, Wishes
from burnish.fileset.compose import Kit, Volume, compose
from burnish.fileset.content import Unreadable
from burnish.fileset.derive.workers import Workers
from burnish.fileset.files import Found, find_files, read_file
from burnish.fileset.fit import Placed
from burnish.fileset.names import map_file_set_id
from burnish.fileset.naming import Naming
from burnish.fileset.select import Wanted
from burnish.instances.instance import Instance
from burnish.media import CAPACITY
from burnish.production.scratch import Scratch
from burnish.recipe import Entry, Range, Recipe
from burnish.recipe.proof import pour_and_prove
from burnish.requests.reference import Reference, minted_uid, opaque_token

_READERS: Final = min(4, os.cpu_count() or 1)
"""Files that are read at once."""

Report = Callable[[str, int, int], None]
"""Told (step, done, total)."""


@dataclass(frozen=True, slots=True)
class FileFate:
    """What became of one file."""

    path: Path
    uid: str
    volume: int
    """The volume it is on, from 1; 0 where it was left out."""
    file_id: str
    reason: str
    """Why it was left out; empty where it is on a volume."""
    notes: tuple[str, ...] = ()
    """What had to be got over to put it there; each a sentence without its subject, which is the file."""


@dataclass(frozen=True, slots=True)
class Composed:
    """What was made."""

    images: tuple[Path, ...]
    volumes: tuple[Volume, ...]
    files: tuple[FileFate, ...]
    """One per file that was looked at, in the order of their paths."""


class OneShot:
    """One call of `burnish compose`."""

    def __init__(
        self, kit: Kit, profile: str, report: Report = lambda *_: None, *, assumed: bytes = b""
    ) -> None:
        """`assumed` is the Specific Character Set of text that comes without one; empty: it is ASCII."""
        if profile not in kit.profiles:
            near = ", ".join(get_close_matches(profile, kit.profiles, 4, 0.5)) or "none like it"
            raise ConfigError(f"no profile {profile!r}; of {len(kit.profiles)} that are loaded: {near}")
        self._profile = kit.profiles[profile]
        makeable = {kind: CAPACITY[kind] for kind in self._profile.media}
        self._kit = replace(kit, makeable=makeable)
        self._report = report
        self._assumed = assumed

    def run(
        self, paths: Sequence[Path], out: Path, file_set_id: str, wishes: Wishes = NO_WISHES, *, tree: bool
    ) -> Composed:
        """Make `out` and, where it is split, what follows it; `wishes`: what is to stand beside.

        Raises ConfigError for a wrong call and RequestFailed where nothing can be made; none of them is
        there then.
        """
        _check_free([out])
        with ExitStack() as stack:
            folder = Path(stack.enter_context(_scratch(out)))
            workers = stack.enter_context(closing(Workers(self._kit.media)))
            sources = Scratch(folder, self._assumed, workers)
            files = find_files(paths)
            instances, fates = self._read(files, sources)
            volumes = self._compose(instances, fates, sources, file_set_id, wishes)
            outs = outs_of(out, len(volumes))
            self._write(volumes, sources, outs, folder / "media", tree=tree)
        return Composed(outs, volumes, _in_order(files, fates))

    def _read(
        self, files: Sequence[Path], sources: Scratch
    ) -> tuple[dict[str, tuple[Path, Instance]], dict[Path, FileFate]]:
        """Instances by UID, and what became of the files that are none."""
        found: dict[str, tuple[Path, Instance]] = {}
        fates: dict[Path, FileFate] = {}
        with closing(_read_ahead(files)) as ahead:
            for number, (path, read) in enumerate(ahead):
                self._report("reading", number, len(files))
                if isinstance(read, Unreadable):
                    fates[path] = FileFate(path, "", 0, "", str(read))
                    continue
                instance = sources.add_file(path, read)
                first = found.setdefault(instance.sop_instance, (path, instance))
                if first[0] != path:
                    fates[path] = FileFate(path, instance.sop_instance, 0, "", _again(instance, *first))
        return found, fates

    def _compose(
        self,
        instances: dict[str, tuple[Path, Instance]],
        fates: dict[Path, FileFate],
        sources: Scratch,
        file_set_id: str,
        wishes: Wishes,
    ) -> tuple[Volume, ...]:
        """Compose what fits; leaves out what a failure names and tries again with the rest."""
        bundles = replace(self._kit.bundles, pieces=sources.pieces, programs=sources.program)
        kit = replace(
            self._kit, derive=sources.derive, icons=sources.icons, opener=sources.open, bundles=bundles
        )
        left = dict(instances)
        while left:
            wanted = [_wanted(instance, self._profile.identifier) for _, instance in left.values()]
            self._report("composing", 0, len(wanted))
            try:
                volumes = compose(wanted, _naming(wanted, file_set_id), kit, wishes=wishes, may_split=True)
            except RequestFailed as error:
                dropped = [item for item in error.failed if item.sop_instance in left]
                if not dropped:
                    raise
                for item in dropped:
                    _drop(item, left, fates)
                continue
            for number, volume in enumerate(volumes, 1):
                for member in volume.members:
                    path, instance = left[member.placed.instance.sop_instance]
                    notes = _notes(member.placed, sources)
                    fates[path] = FileFate(
                        path, instance.sop_instance, number, "/".join(member.file_id), "", notes
                    )
            return volumes
        return ()

    def _write(
        self, volumes: Sequence[Volume], sources: Scratch, outs: Sequence[Path], folder: Path, *, tree: bool
    ) -> None:
        """Write and prove every volume in a scratch folder, then name them all, or none."""
        _check_free(outs)
        folder.mkdir()
        progress = _Progress(self._report, sum(volume.recipe.length for volume in volumes))
        write = _write_tree if tree else _write_image
        made = []
        for volume, out in zip(volumes, outs, strict=True):
            made.append(folder / out.name)
            write(volume, sources, made[-1], progress)
            progress.before += volume.recipe.length
        _name_all(made, outs)


class _Progress:
    """Tells of bytes over all volumes."""

    def __init__(self, report: Report, total: int) -> None:
        self._report = report
        self._total = total
        self.before = 0
        """Bytes of the volumes that are done."""

    def __call__(self, step: str, done: int) -> None:
        self._report(step, self.before + done, self._total)


def _read_ahead(files: Sequence[Path]) -> Generator[tuple[Path, Found | Unreadable], None, None]:
    """What is in each file, in order. Most of the time goes into reading and hashing, which threads share."""
    pool = ThreadPoolExecutor(_READERS)
    try:
        yield from zip(files, pool.map(_attempt, files), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _attempt(path: Path) -> Found | Unreadable:
    try:
        return read_file(path)
    except Unreadable as error:
        return error


def outs_of(out: Path, count: int) -> tuple[Path, ...]:
    """Where each of `count` volumes goes.

    >>> [path.name for path in outs_of(Path("disc.iso"), 3)]
    ['disc.iso', 'disc-2.iso', 'disc-3.iso']
    """
    others = [out.with_name(f"{out.stem}-{number}{out.suffix}") for number in range(2, count + 1)]
    return (out, *others)[:count]


def _check_free(outs: Sequence[Path]) -> None:
    for out in outs:
        if os.path.lexists(out):
            raise ConfigError(f"{out} exists; remove it first, or name another place")


@contextmanager
def _scratch(out: Path) -> Iterator[str]:
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".burnish-", dir=out.parent) as folder:
        yield folder


def _again(instance: Instance, path: Path, first: Instance) -> str:
    same = (instance.digest, instance.transfer_syntax) == (first.digest, first.transfer_syntax)
    return f"the same instance as {path}" if same else f"{path} has its SOP Instance UID, with other contents"


def _wanted(instance: Instance, profile: str) -> Wanted:
    return Wanted(Reference(instance.sop_class, instance.sop_instance, profile), instance)


def _naming(wanted: Sequence[Wanted], file_set_id: str) -> Naming:
    """The same files give the same names; $SOURCE_DATE_EPOCH gives the same time."""
    digests = [one.instance.digest.hex() for one in wanted if one.instance]
    uid = minted_uid("compose", *digests)
    token = opaque_token(uid)
    return Naming(
        file_set_id=map_file_set_id(file_set_id or token[:8]), file_set_uid=uid, token=token, made=_made()
    )


def _made() -> datetime:
    """Now, or what $SOURCE_DATE_EPOCH says. Raises ConfigError."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise ConfigError(f"SOURCE_DATE_EPOCH: {epoch!r} is not a number of seconds since 1970") from None


def _drop(item: FailedItem, left: dict[str, tuple[Path, Instance]], fates: dict[Path, FileFate]) -> None:
    path, _ = left.pop(item.sop_instance)
    fates[path] = FileFate(path, item.sop_instance, 0, "", item.why or item.reason.name)


def _in_order(files: Sequence[Path], fates: dict[Path, FileFate]) -> tuple[FileFate, ...]:
    return tuple(fates[path] for path in files if path in fates)


def _notes(placed: Placed, sources: Scratch) -> tuple[str, ...]:
    liberties = sources.liberties.get(placed.instance.key, ())
    said = placed.instance.transfer_syntax
    if said == placed.form.transfer_syntax:
        return liberties
    return (*liberties, f"was {UID(said).name}")


def _name_all(made: Sequence[Path], outs: Sequence[Path]) -> None:
    """Move what is proven to its names; where one is taken meanwhile, to none of them."""
    named: list[Path] = []
    try:
        for origin, out in zip(made, outs, strict=True):
            _name(origin, out)
            named.append(out)
    except OSError:
        for out in named:
            _remove(out)
        raise


def _name(origin: Path, out: Path) -> None:
    """Move without replacing a file; a folder's name may be that of an empty one."""
    if origin.is_dir():
        origin.rename(out)
    else:
        os.link(origin, out)


def _remove(out: Path) -> None:
    if out.is_dir():
        shutil.rmtree(out)
    else:
        out.unlink()


def _write_image(volume: Volume, sources: Scratch, out: Path, progress: _Progress) -> None:
    with out.open("x+b", buffering=0) as file:
        _pour_and_prove(volume.recipe, sources, file, progress, 0)


def _write_tree(volume: Volume, sources: Scratch, out: Path, progress: _Progress) -> None:
    done = 0
    out.mkdir()
    for entry in volume.tree.entries:
        path = out.joinpath(*entry.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x+b", buffering=0) as file:
            _pour_and_prove(_alone(entry, volume), sources, file, progress, done)
        done += entry.size


def _alone(entry: Entry, volume: Volume) -> Recipe:
    keys = {extent.key for extent in entry.content if isinstance(extent, Range)}
    return Recipe(entry.content, {key: volume.tree.sources[key] for key in keys})


def _pour_and_prove(
    recipe: Recipe, sources: Scratch, file: BinaryIO, progress: _Progress, before: int
) -> None:
    """Write, have it on the disk, and read it back past the cache."""
    pour_and_prove(recipe, sources.open, file.fileno(), lambda step, done: progress(step, before + done))
