"""The spool: where received instances lie, one file a version, until retention removes them.

    <spool>/incoming/…                                   while an instance arrives
    <spool>/<2 hex>/<SHA-256 of the UID>-<version>       once it is whole and durable
    <spool>/<2 hex>/<SHA-256 of the UID>-<version>.…     beside it: derived, or set aside

No name is made of what a peer said: the UID is hashed. `commit` returns when bytes, digest, head and name
are durable, and not before; that is when an SCU may be told 0x0000.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final

from burnish.errors import Refused, SourceDamaged
from burnish.instances.durable import FolderSync, sync_folder
from burnish.instances.files import Facts, Trailer, spool_key, write_trailer
from burnish.instances.head import SPECIFIC_CHARACTER_SET, KeptHead, with_assumed_set
from burnish.instances.health import Health
from burnish.instances.inflate import scan_of
from burnish.instances.pixels import flaw_of
from burnish.instances.scan import Scanned, Unscannable
from burnish.instances.settings import SpoolSettings
from burnish.instances.sources import Sources
from burnish.terms import (
    EXPLICIT_VR_LE,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS,
    RLE_LOSSLESS,
    WITHOUT_PATIENT,
    DimseStatus,
)
from burnish.uids import is_uid

DAMAGED: Final = ".damaged"
"""Ends the name of a file that did not prove itself and was set aside."""
PURGED: Final = ".purged"
"""Ends the name of an empty file that keeps the number of a version that is gone while another one stands."""
FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {EXPLICIT_VR_LE: ".explicit", JPEG_LOSSLESS: ".jpeg", JPEG_2000_LOSSLESS: ".jpc", RLE_LOSSLESS: ".rle"}
)
"""Ends the name of a form that was derived from an instance and goes with it, by its Transfer Syntax UID."""
ICONS: Final[Mapping[int, str]] = MappingProxyType({64: ".icon64", 128: ".icon128"})
"""Ends the name of an icon that was made of an instance and goes with it, by its Rows and Columns."""
PIECES: Final = ".pieces"
"""Begins the end of the name of a file of what a bundler's renderer made of an instance; a number follows."""
PROGRAM: Final = ".program"
"""Ends the name of a file that is no instance's: a bundler's own, kept under its digest."""
DERIVED: Final = (*FORMS.values(), *ICONS.values(), f"{PIECES}*", PROGRAM)
"""Ends the names of everything that is no instance, as patterns."""
_LARGE_HEAD: Final = 64 << 20
"""What a head may grow to when an instance with unusually large keys is read once more."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a C-STORE request says of the instance that follows."""

    sop_class: str
    sop_instance: str
    transfer_syntax: str
    calling_ae: str
    assumed: bytes = b""
    """Specific Character Set of text that comes without one; empty: such text is ASCII."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An instance that is in the spool, durably."""

    key: str
    """Its file, relative to the spool."""
    trailer: Trailer
    fresh: bool
    """False where it was received again, and stood there already."""


class Spool(Sources):
    """The folder, and the one way into it."""

    def __init__(
        self,
        root: Path,
        settings: SpoolSettings | None = None,
        kept: Callable[[Kept], None] = lambda _: None,
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`failed` is told once when the volume goes bad."""
        super().__init__(root)
        self.settings = settings or SpoolSettings()
        self.kept = kept
        """Told of each instance that is durable, also when it comes again, before the SCU is."""
        self.health = Health(root, self.settings.reserve, failed)
        self._incoming = root / "incoming"
        self._numbers = count()
        self._syncs: dict[str, FolderSync] = {}
        self._turns = [threading.Lock() for _ in range(256)]

    def prepare(self) -> None:
        """Make the folders and sweep what was arriving when a server died: none of it was acknowledged."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        self.sweep()
        for number in range(256):
            (self.root / f"{number:02x}").mkdir(exist_ok=True)
        for leftover in self.root.glob("[0-9a-f][0-9a-f]/*.part"):
            leftover.unlink()
        sync_folder(self.root)

    def sweep(self) -> None:
        """Remove what was arriving when a reception died. Called before another one receives."""
        for leftover in self._incoming.iterdir():
            leftover.unlink()

    def begin(self, arrival: Arrival) -> "Incoming":
        """Open a file for an instance that arrives. Raises Refused where it cannot be taken."""
        self.health.demand()
        path = self._incoming / f"{os.getpid()}-{next(self._numbers)}"
        try:
            return Incoming(self, arrival, path)
        except OSError as error:
            raise _out_of_resources(error) from error

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """One at a time decides what stands in the folder of `key`: which version comes next, what goes."""
        with self._turns[int(key[:2], 16)]:
            yield

    def keep(self, path: Path, trailer: Trailer) -> Kept:
        """Give a whole, synced file its name, and make the name durable; without that it has none."""
        key = spool_key(trailer.facts.sop_instance, trailer.facts.version)
        path.rename(self.root / key)
        try:
            self.sync(key)
        except OSError:
            (self.root / key).unlink(missing_ok=True)
            raise
        return Kept(key, trailer, fresh=True)

    def newest(self, sop_instance: str) -> int:
        """The number of the newest version of an instance, 0 where there is none.

        One that was set aside or purged counts: what came before it must not be served in its place.
        """
        return self._last(spool_key(sop_instance, 0))

    def _last(self, key: str) -> int:
        """The highest number that is taken by a version of the instance that `key` names."""
        for version in count(1):
            path = self._version(key, version)
            if not any(path.with_name(path.name + end).exists() for end in ("", DAMAGED, PURGED)):
                return version - 1
        raise AssertionError("unreachable: versions end")

    def _version(self, key: str, version: int) -> Path:
        return self.root / f"{key.rpartition('-')[0]}-{version}"

    def remove(self, key: str) -> None:
        """Remove a version and what was derived from it, within its `turn`. Safe to repeat."""
        path = self.path(key)
        for end in DERIVED:
            for made in (
                path.parent.glob(path.name + end) if "*" in end else (path.with_name(path.name + end),)
            ):
                made.unlink(missing_ok=True)
        versions = [self._version(key, number) for number in range(1, self._last(key) + 1)]
        others = any(other != path and _stands(other) for other in versions)
        if others:
            path.with_name(path.name + PURGED).touch()
        path.unlink(missing_ok=True)
        for version in [] if others else reversed(versions):
            version.with_name(version.name + PURGED).unlink(missing_ok=True)

    def walk(self) -> Iterator[str]:
        """Every key in the spool, derived forms left out."""
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            with os.scandir(folder) as files:
                yield from (f"{folder.name}/{file.name}" for file in files if "." not in file.name)

    def sync(self, key: str) -> None:
        """Make the name `key` durable. Raises OSError."""
        self._syncs.setdefault(key[:2], FolderSync(self.root / key[:2], self.health.fsync))()


class Incoming:
    """One instance on its way in. End it with `commit` or `abandon`."""

    def __init__(self, spool: Spool, arrival: Arrival, path: Path) -> None:
        self._spool = spool
        self._arrival = arrival
        self._path = path
        self._scan = scan_of(arrival.transfer_syntax, spool.settings.head_budget)
        self._digest = hashlib.sha256()
        self._length = 0
        self._file: BinaryIO | None = path.open("xb", buffering=256 << 10)

    def write(self, fragment: bytes | memoryview) -> None:
        """Take the next bytes of the data set. Raises Refused; call `abandon` then."""
        assert self._file, "written to after its end"  # noqa: S101 - a fault of ours
        try:
            self._scan.feed(fragment)
            self._digest.update(fragment)
            self._file.write(fragment)
        except Unscannable as error:
            raise Refused(f"data set: {error}", DimseStatus.CANNOT_UNDERSTAND) from error
        except OSError as error:
            raise _out_of_resources(error) from error
        self._length += len(fragment)

    def commit(self) -> None:
        """Make the instance durable. Raises Refused where it contradicts its command or names nobody."""
        try:
            scanned = self._finish_scan()
            self._check(scanned)
            scanned = replace(scanned, head=with_assumed_set(scanned.head, self._arrival.assumed))
            self._settle(scanned)
        except Unscannable as error:
            raise Refused(f"data set: {error}", DimseStatus.CANNOT_UNDERSTAND) from error
        except OSError as error:
            raise _out_of_resources(error) from error
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Leave nothing behind. Safe to repeat, also after `commit`."""
        if self._file:
            file, self._file = self._file, None
            with suppress(OSError):  # what could not be flushed is thrown away here
                file.close()
            self._path.unlink(missing_ok=True)

    def _finish_scan(self) -> Scanned:
        scanned = self._scan.finish()
        if not scanned.overflow:
            return scanned
        assert self._file  # noqa: S101 - only commit comes here
        self._file.flush()
        again = scan_of(self._arrival.transfer_syntax, _LARGE_HEAD)
        with self._path.open("rb") as file:
            while block := file.read(1 << 20):
                again.feed(block)
        return again.finish()

    def _check(self, scanned: Scanned) -> None:
        said, found = self._arrival, scanned
        if scanned.ended_early:
            raise Refused("the data set ends within an element", DimseStatus.CANNOT_UNDERSTAND)
        _demand(found.sop_class, 0x00080016, "SOP Class UID")
        _demand(found.sop_instance, 0x00080018, "SOP Instance UID")
        if (said.sop_class, said.sop_instance) != (found.sop_class, found.sop_instance):
            tag = 0x00080016 if said.sop_class != found.sop_class else 0x00080018
            raise Refused(
                "command and data set name different instances", DimseStatus.DATA_SET_DOES_NOT_MATCH, [tag]
            )
        if found.sop_class not in WITHOUT_PATIENT:
            _demand(found.study, 0x0020000D, "Study Instance UID")
            _demand(found.series, 0x0020000E, "Series Instance UID")

    def _settle(self, scanned: Scanned) -> None:
        with self._spool.turn(spool_key(self._arrival.sop_instance, 0)):
            self._name(scanned)

    def _name(self, scanned: Scanned) -> None:
        newest = self._spool.newest(self._arrival.sop_instance)
        if newest and (standing := self._standing(spool_key(self._arrival.sop_instance, newest), scanned)):
            self._spool.sync(standing.key)
            self._spool.kept(standing)
            return
        trailer = self._trailer(scanned, newest + 1)
        assert self._file  # noqa: S101 - only commit comes here
        write_trailer(self._file, trailer)
        self._file.flush()
        self._spool.health.fsync(self._file.fileno())
        self._spool.kept(self._spool.keep(self._path, trailer))

    def _standing(self, key: str, scanned: Scanned) -> Kept | None:
        """These very bytes, where they stand there undamaged: what came again may have come to mend them.

        Where another character set is assumed now, they are a version of their own. Raises Refused where
        other bytes stand there and a second version is not wanted.
        """
        try:
            trailer = self._spool.trailer(key)
            if self._is_same(trailer):
                if _is_reread(trailer.head, scanned.head):
                    return None
                self._spool.check(key, trailer.length, trailer.digest)
                return Kept(key, trailer, fresh=False)
        except SourceDamaged:
            return None
        if self._spool.settings.duplicates == "refuse":
            message = "another instance is stored under this SOP Instance UID"
            raise Refused(message, DimseStatus.DUPLICATE_REFUSED)
        return None

    def _is_same(self, trailer: Trailer) -> bool:
        said = trailer.facts.transfer_syntax
        return trailer.digest == self._digest.digest() and said == self._arrival.transfer_syntax

    def _trailer(self, scanned: Scanned, version: int) -> Trailer:
        facts = Facts(
            sop_class=scanned.sop_class,
            sop_instance=scanned.sop_instance,
            study=scanned.study,
            series=scanned.series,
            transfer_syntax=self._arrival.transfer_syntax,
            calling_ae=self._arrival.calling_ae,
            received_at=time.time(),
            version=version,
            flaw=flaw_of(KeptHead(scanned.head), self._arrival.transfer_syntax, scanned.pixels),
        )
        return Trailer(facts, scanned.head, self._length, self._digest.digest())


def _is_reread(standing: bytes, found: bytes) -> bool:
    """Whether the same bytes are now taken to be in another character set, which is assumed."""
    before, now = (KeptHead(head).raw(SPECIFIC_CHARACTER_SET) for head in (standing, found))
    return now is not None and before != now


def _stands(path: Path) -> bool:
    return path.exists() or path.with_name(path.name + DAMAGED).exists()


def _demand(uid: str, tag: int, name: str) -> None:
    if not uid:
        raise Refused(f"the data set has no {name}", DimseStatus.CANNOT_UNDERSTAND, [tag])
    if not is_uid(uid):
        raise Refused(f"{name} is not a UID", DimseStatus.CANNOT_UNDERSTAND, [tag])


def _out_of_resources(error: OSError) -> Refused:
    return Refused(f"cannot store: {error.strerror}", DimseStatus.OUT_OF_RESOURCES)
