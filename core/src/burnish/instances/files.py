"""One file of the spool: a data set as it was received, and after it what was learnt from it.

    <data set bytes><head><facts as JSON><footer>

The footer stands last, so a file proves itself: its lengths must add up to the file's size and its CRC
must cover head, facts and footer. The data set begins at offset 0, where every reader of it looks.
"""

import hashlib
import json
import os
import struct
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final

from burnish.errors import SourceDamaged

_MAGIC: Final = b"BURNISH1"
_FOOTER: Final = struct.Struct("<QII32sI8s")
"""Data set length, head length, facts length, SHA-256 of the data set, CRC-32, magic."""


def spool_key(sop_instance: str, version: int) -> str:
    """Where a version lies, relative to the spool: nothing that a peer said becomes a name."""
    name = hashlib.sha256(sop_instance.encode()).hexdigest()
    return f"{name[:2]}/{name}-{version}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the file says of itself besides its head."""

    sop_class: str
    sop_instance: str
    study: str
    series: str
    transfer_syntax: str
    calling_ae: str
    received_at: float
    version: int
    flaw: str = ""
    """Why it may not stand on a medium, found as it arrived; a sentence that calls it "it"."""


@dataclass(frozen=True, slots=True)
class Trailer:
    """All that stands after the data set."""

    facts: Facts
    head: bytes
    length: int
    """Bytes of the data set."""
    digest: bytes


def write_trailer(file: BinaryIO, trailer: Trailer) -> None:
    """Append `trailer` to a file that holds the data set so far."""
    facts = json.dumps(asdict(trailer.facts)).encode()
    sizes = (trailer.length, len(trailer.head), len(facts), trailer.digest)
    covered = trailer.head + facts + _FOOTER.pack(*sizes, 0, _MAGIC)
    file.write(trailer.head + facts + _FOOTER.pack(*sizes, zlib.crc32(covered), _MAGIC))


def read_trailer(path: Path) -> Trailer:
    """Read what stands after the data set. Raises SourceDamaged where the file does not prove itself."""
    try:
        with path.open("rb") as file:
            return _parse(file, path)
    except (OSError, ValueError, TypeError, struct.error) as error:
        raise SourceDamaged(f"spool file {path.name}: {error}") from error


def _parse(file: BinaryIO, path: Path) -> Trailer:
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - _FOOTER.size))
    length, head_length, facts_length, digest, crc, magic = _FOOTER.unpack(file.read())
    if magic != _MAGIC or length + head_length + facts_length + _FOOTER.size != size:
        raise SourceDamaged(f"spool file {path.name} was cut short")
    file.seek(length)
    covered = file.read(head_length + facts_length)
    footer = _FOOTER.pack(length, head_length, facts_length, digest, 0, _MAGIC)
    if zlib.crc32(covered + footer) != crc:
        raise SourceDamaged(f"spool file {path.name} has changed since it was written")
    facts = Facts(**json.loads(covered[head_length:]))
    return Trailer(facts, covered[:head_length], length, digest)
