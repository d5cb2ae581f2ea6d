"""Keeping derived forms beside their instances, so that an instance is derived once.

    <spool>/<2 hex>/<SHA-256 of the UID>-<version>.explicit

A form is kept like an instance: its footer has its own digest, taken at derivation after it was compared
with its source element by element, and its source was checked against the digest of its reception.
"""

import os
from pathlib import Path
from typing import BinaryIO

from burnish.errors import Mismatch, SourceDamaged
from burnish.fileset.fit import Derive, Form
from burnish.fileset.transcode import Derived, check_derived, derive_explicit
from burnish.instances.durable import sync_folder
from burnish.instances.files import Facts, Trailer, write_trailer
from burnish.instances.instance import Instance
from burnish.instances.spool import EXPLICIT, Spool
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE


def keeper(spool: Spool) -> Derive:
    """A `Derive` that keeps forms in a spool."""

    def derive(instance: Instance, to: str) -> Form:
        return kept_form(spool, instance, to)

    return derive


def kept_form(spool: Spool, instance: Instance, to: str) -> Form:
    """The form of an instance in the transfer syntax `to`; made where it is not kept yet.

    Raises ValueError for a way that is none of ours, SourceDamaged, Mismatch, OSError.
    """
    check_way(instance, to)
    key = instance.key + EXPLICIT
    try:
        trailer = spool.trailer(key)
    except SourceDamaged:
        trailer = _make(spool, instance, spool.path(key))
    return Form(key, to, trailer.length, trailer.digest)


def check_way(instance: Instance, to: str) -> None:
    """Raise ValueError where an instance cannot be derived into `to`."""
    if (instance.transfer_syntax, to) != (IMPLICIT_VR_LE, EXPLICIT_VR_LE):
        raise ValueError(f"no way from transfer syntax {instance.transfer_syntax} to {to}")


def _make(spool: Spool, instance: Instance, target: Path) -> Trailer:
    spool.check(instance.key, instance.length, instance.digest)
    temporary = target.with_name(target.name + ".part")
    try:
        with spool.path(instance.key).open("rb") as source, temporary.open("w+b") as file:
            trailer = _derive(source, file, instance)
            write_trailer(file, trailer)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)
    return trailer


def _derive(source: BinaryIO, file: BinaryIO, instance: Instance) -> Trailer:
    derived = derive_checked(source, instance.length, file)
    facts = Facts(
        sop_class=instance.sop_class,
        sop_instance=instance.sop_instance,
        study=instance.study,
        series=instance.series,
        transfer_syntax=EXPLICIT_VR_LE,
        calling_ae="",
        received_at=0.0,
        version=int(instance.key.rpartition("-")[2]),
    )
    return Trailer(facts, b"", derived.length, derived.digest)


def derive_checked(source: BinaryIO, length: int, target: BinaryIO) -> Derived:
    """Derive the data set that begins where `source` stands into an empty `target`, and compare them.

    `target` stands at its end afterwards. Raises ValueError where they differ or nothing can be derived.
    """
    start = source.tell()
    derived = derive_explicit(source, length, target)
    source.seek(start)
    target.seek(0)
    try:
        check_derived(source, length, target, derived.length)
    except Mismatch as error:
        raise ValueError(f"cannot be made Explicit VR Little Endian: {error}") from error
    target.seek(derived.length)
    return derived
