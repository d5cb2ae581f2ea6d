"""Bundlers' own files, such as the programs of a display application: kept in the spool under their digests.

A copy is made once and proven; what a deployer does to the original afterwards changes no medium that is
already planned. Copies that no plan needs go when production starts and nothing is planned.
"""

import hashlib
import os
import shutil
from io import BufferedReader
from pathlib import Path

from burnish.contracts import StoredFile
from burnish.errors import BundleUnfit, SourceDamaged
from burnish.instances.durable import sync_folder
from burnish.instances.files import Facts, Trailer, write_trailer
from burnish.instances.sources import Sources
from burnish.instances.spool import PROGRAM

_BLOCK = 1 << 20


class Programs:
    """Those of one spool."""

    def __init__(self, spool: Sources) -> None:
        self._spool = spool
        self._proven: dict[StoredFile, tuple[int, ...]] = {}
        """What each original looked like when it was hashed last."""

    def _prove(self, file: StoredFile) -> None:
        """Hash the original again, unless it has not been touched since: a copy that is kept stays right
        whatever happens to it, and all the same nobody wants a medium of what somebody has tampered with."""
        try:
            found = file.path.stat()
        except OSError as error:
            raise BundleUnfit(f"{file.path}: {error.strerror}") from error
        looks = found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
        if self._proven.get(file) != looks:
            check_program(file)
            self._proven[file] = looks

    def keep(self, file: StoredFile) -> str:
        """The source key of a copy. Raises BundleUnfit where the file is not what it should be, OSError."""
        self._prove(file)
        name = file.digest.hex()
        key = f"{name[:2]}/{name}-0{PROGRAM}"
        if not self._stands(key, file):
            target = self._spool.path(key)
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(file, target)
        return key

    def clear(self) -> None:
        """Remove all copies."""
        for path in self._spool.root.glob(f"[0-9a-f][0-9a-f]/*{PROGRAM}"):
            path.unlink(missing_ok=True)

    def _stands(self, key: str, file: StoredFile) -> bool:
        try:
            trailer = self._spool.trailer(key)
        except SourceDamaged:
            return False
        return (trailer.length, trailer.digest) == (file.length, file.digest)


def check_program(file: StoredFile) -> None:
    """Raises BundleUnfit where a file is not what it should be."""
    with _opened(file.path) as source:
        _demand(file, hashlib.file_digest(source, "sha256").digest())


def _copy(file: StoredFile, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    try:
        with _opened(file.path) as source, part.open("wb") as copy:
            shutil.copyfileobj(source, copy, _BLOCK)
            copy.flush()
            with part.open("rb") as again:
                _demand(file, hashlib.file_digest(again, "sha256").digest())
            facts = Facts("", "", "", "", "", "", 0.0, 0)
            write_trailer(copy, Trailer(facts, b"", file.length, file.digest))
            copy.flush()
            os.fsync(copy.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)


def _opened(path: Path) -> BufferedReader:
    try:
        return path.open("rb")
    except OSError as error:
        raise BundleUnfit(f"{path} cannot be opened: {error.strerror}") from error


def _demand(file: StoredFile, digest: bytes) -> None:
    if digest != file.digest:
        raise BundleUnfit(f"{file.path} has not the checksum that its manifest says")
