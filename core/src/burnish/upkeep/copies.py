"""Copying files of the spool, each proven while it is copied: read once, hashed once."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from burnish.errors import SourceDamaged
from burnish.instances.files import Trailer
from burnish.instances.sources import Sources

_BLOCK: Final = 1 << 20


def copy_proven(sources: Sources, key: str, target: Path) -> int:
    """Copy the file of a key to a name that is free; returns its bytes.

    Raises FileNotFoundError where it is gone, and SourceDamaged; what was copied is removed again then.
    """
    path = sources.path(key)
    if not path.exists():
        raise FileNotFoundError(path)
    trailer = sources.trailer(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _copy(path, target, trailer)
    except SourceDamaged:
        target.unlink()
        raise


def _copy(path: Path, target: Path, trailer: Trailer) -> int:
    digest, left = hashlib.sha256(), trailer.length
    with path.open("rb", buffering=0) as source, target.open("xb", buffering=0) as sink:
        while block := source.read(_BLOCK):
            sink.write(block)
            digest.update(block[: max(0, left)])
            left -= len(block)
        size = sink.tell()
    if digest.digest() != trailer.digest:
        raise SourceDamaged(f"spool file {path.name} has changed since it was received")
    return size


def copy_plain(path: Path, target: Path) -> None:
    """Copy a file whose proof stands in itself or is asked for later, to a name that is free."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink, _BLOCK)


def sync_all(paths: Iterable[Path]) -> None:
    """Make files and the folders they lie in durable. Raises OSError."""
    folders = set()
    for path in paths:
        _sync(path)
        folders.add(path.parent)
    for folder in folders:
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
