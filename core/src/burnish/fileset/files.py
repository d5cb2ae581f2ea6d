"""DICOM files in a folder, read as instances; or why one of them cannot stand on a medium.

What others wrote is taken as it comes: without preamble, without File Meta Information, in another encoding
than it says (`opening`). What is refused is refused in one sentence that speaks of the file as "it".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.config import IGNORE
from pydicom.uid import UID

from burnish.errors import ConfigError
from burnish.fileset.content import Content, Unreadable, read_content
from burnish.fileset.opening import open_leniently
from burnish.fileset.reading import OnMedium
from burnish.fileset.records import ROOT_RECORDS, record_type
from burnish.instances.elements import name
from burnish.instances.head import KeptHead
from burnish.instances.instance import Instance
from burnish.instances.pixels import flaw_of
from burnish.terms import MEDIA_STORAGE_DIRECTORY
from burnish.uids import is_uid

_HEAD_BUDGET: Final = 64 << 20
"""Bytes that are kept of one instance at the most; an Inventory may need them."""


@dataclass(frozen=True, slots=True)
class Found:
    """An instance in a file."""

    instance: Instance
    """Its key is the path."""
    start: int
    """Offset of the data set."""
    liberties: tuple[str, ...]
    """In what the file leaves PS3.10 7.1; each a sentence without its subject, which is the file."""


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Every regular file named or below a named folder, each once, sorted. Raises ConfigError."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise ConfigError(f"{path} does not exist")
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found |= dict.fromkeys(one for one in inside if one.is_file())
    return list(found)


def read_file(path: Path) -> Found:
    """Read a DICOM file once, to its end. Raises Unreadable where it cannot stand on a medium."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from error
    file = OnMedium((path.name,), size, 0, lambda: path.open("rb"))
    content = read_content(file, lambda _: None, budget=_HEAD_BUDGET, opener=open_leniently)
    _check(content)
    scanned, opening = content.scanned, content.opening
    instance = Instance(
        key=str(path),
        sop_class=scanned.sop_class,
        sop_instance=scanned.sop_instance,
        study=scanned.study,
        series=scanned.series,
        transfer_syntax=opening.transfer_syntax,
        length=content.length,
        digest=content.digest,
        head=(head := KeptHead(scanned.head)),
        flaw=flaw_of(head, opening.transfer_syntax, scanned.pixels),
    )
    return Found(instance, opening.start, opening.liberties)


def _check(content: Content) -> None:
    """Whether it is an instance, and one instance only. Raises Unreadable."""
    meta, scanned = content.meta, content.scanned
    if MEDIA_STORAGE_DIRECTORY in (meta.sop_class, scanned.sop_class):
        raise Unreadable("it is the directory of a file-set, not an instance")
    _demand("SOP Class UID", scanned.sop_class)
    _demand("SOP Instance UID", scanned.sop_instance)
    _agree("SOP Class UID", meta.sop_class, scanned.sop_class)
    _agree("SOP Instance UID", meta.sop_instance, scanned.sop_instance)
    record = record_type(scanned.sop_class)
    if record is None:
        known = UID(scanned.sop_class, IGNORE).name
        raise Unreadable(f"no directory record exists for its SOP Class, {known}")
    if record not in ROOT_RECORDS:
        _demand("Study Instance UID", scanned.study)
        _demand("Series Instance UID", scanned.series)
    if scanned.overflow:
        names = ", ".join(map(name, sorted(scanned.overflow)))
        raise Unreadable(f"{names} has more than {_HEAD_BUDGET >> 20} MiB")


def _demand(which: str, uid: str) -> None:
    if not uid:
        raise Unreadable(f"its data set has no {which}")
    if not is_uid(uid):
        raise Unreadable(f"its {which} is no UID as PS3.5 9.1 wants it: {uid[:70]!r}")


def _agree(which: str, said: str, found: str) -> None:
    if said and said != found:
        raise Unreadable(f"its File Meta Information names another {which} than its data set")
