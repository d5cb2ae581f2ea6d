"""Where the data set of a file begins, and how its bytes are encoded, also where the file does not say it.

A file that keeps to PS3.10 7.1 begins with a preamble, DICM and File Meta Information, and says its transfer
syntax there. Others were saved without some of that, or say one thing and are another. The first element of
a data set shows which of the three encodings without compression it has, so where the two disagree the bytes
are believed; each liberty that was taken is named. What compresses the pixels cannot be seen there: a file
has to say it.
"""

from dataclasses import dataclass
from typing import Final

from pydicom.config import IGNORE
from pydicom.uid import UID

from burnish.fileset.elements import META_START, PREFIX, Broken, Meta, has_prefix, meta_at
from burnish.instances.elements import LONG_VRS, SHORT_VRS
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE
from burnish.uids import is_uid

_PLAIN: Final = frozenset((IMPLICIT_VR_LE, EXPLICIT_VR_LE, EXPLICIT_VR_BE))
"""What the first element shows."""
_VRS: Final = SHORT_VRS | LONG_VRS
_FIRST_GROUPS: Final = frozenset((0x0002, 0x0008))
"""A file without prefix is taken for DICOM where it begins with one of these groups."""
_LATEST_FIRST_GROUP: Final = 0x0040
"""A data set begins with a group up to this one; most with 0008."""
_LONGEST_FIRST_VALUE: Final = 1 << 16
"""Bytes of a first value in Implicit VR: what says more is no data set."""

_SHOWN: Final = 70
"""Characters of a strange value that a sentence shows."""

_KINDS: Final = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\3\4", "a ZIP archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an XZ archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
)
"""How files begin that people take for DICOM files."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How a file begins."""

    meta: Meta
    """What it says of itself; empty strings where it does not."""
    start: int
    """Offset of the data set."""
    transfer_syntax: str
    """What its bytes are."""
    liberties: tuple[str, ...]
    """In what it leaves PS3.10 7.1, as far as that had to be got over; each a sentence without its subject,
    which is the file."""


class Unopened(ValueError):
    """No DICOM file, or none whose data set can be found; a sentence that calls it "it"."""


def open_strictly(first: bytes) -> Opening:
    """Take a file at its word. Raises Unopened where it does not begin as PS3.10 7.1 wants it."""
    if not has_prefix(first):
        raise Unopened("it is no DICOM file: the prefix DICM is missing")
    meta = _meta_at(first, META_START)
    return Opening(meta, meta.end, meta.transfer_syntax, ())


def open_leniently(first: bytes) -> Opening:
    """Find out what a file is. Raises Unopened where it is no DICOM file, or does not say what it has to."""
    meta, liberties = _meta(first)
    if meta.transfer_syntax and not is_uid(meta.transfer_syntax):
        said = meta.transfer_syntax[:_SHOWN]
        raise Unopened(f"its Transfer Syntax UID is no UID as PS3.5 9.1 wants it: {said!r}")
    found = "" if meta.transfer_syntax == DEFLATED else _shown(first, meta.end)
    syntax = _syntax(meta, found)
    if syntax != meta.transfer_syntax:
        said = _name(meta.transfer_syntax) if meta.transfer_syntax else "no transfer syntax"
        liberties = (*liberties, f"says {said}, and is in {_name(syntax)}")
    return Opening(meta, meta.end, syntax, liberties)


def _meta(first: bytes) -> tuple[Meta, tuple[str, ...]]:
    if has_prefix(first):
        return _meta_at(first, META_START), ()
    if first.startswith(PREFIX):
        return _meta_at(first, len(PREFIX)), ("has no preamble",)
    little, big = (int.from_bytes(first[:2], order) for order in ("little", "big"))
    if little == 0x0002:
        return _meta_at(first, 0), ("has no preamble",)
    if _shown(first, 0) and not _FIRST_GROUPS.isdisjoint((little, big)):
        return Meta("", "", "", 0, ()), ("has no File Meta Information",)
    raise Unopened(f"it is no DICOM file: {_no_prefix(first)}")


def _meta_at(first: bytes, start: int) -> Meta:
    try:
        return meta_at(first, start)
    except Broken as error:
        raise Unopened(f"its File Meta Information is broken: {error}") from error


def _no_prefix(first: bytes) -> str:
    kind = next((kind for start, kind in _KINDS if first.startswith(start)), "")
    if not first:
        return "it is empty"
    return f"it begins like {kind}" if kind else "the prefix DICM is missing"


def _syntax(meta: Meta, found: str) -> str:
    """What is said, or what the bytes show. Raises Unopened where neither will do."""
    said = meta.transfer_syntax
    if not said and not found:
        raise Unopened("it says no transfer syntax, and its first bytes show none")
    if not found or said == found:
        return said
    if not said or said in _PLAIN:
        return found
    if found != EXPLICIT_VR_LE:  # PS3.5 A.4: whatever compresses the pixels, all else is Explicit VR LE
        raise Unopened(f"it says {_name(said)}, and its data set is in {_name(found)}")
    return said


def _shown(first: bytes, start: int) -> str:
    """The encoding that the first element shows; empty where it shows none."""
    header = first[start : start + 8]
    if len(header) < 8:
        return ""
    little, big = (int.from_bytes(header[:2], order) <= _LATEST_FIRST_GROUP for order in ("little", "big"))
    if header[4:6] in _VRS:
        return EXPLICIT_VR_LE if little else EXPLICIT_VR_BE if big else ""
    short = int.from_bytes(header[4:], "little") <= _LONGEST_FIRST_VALUE
    return IMPLICIT_VR_LE if little and short else ""


def _name(transfer_syntax: str) -> str:
    return UID(transfer_syntax, IGNORE).name
