"""One DICOM file on a medium, read once from its first byte to its last.

Nothing is held but File Meta Information and what the scan keeps. The digest covers the data set as it
stands, deflated or not.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from burnish.fileset.elements import META_START, Meta, has_prefix
from burnish.fileset.opening import Opening, Unopened, open_strictly
from burnish.fileset.reading import OnMedium
from burnish.instances.elements import name
from burnish.instances.inflate import scan_of
from burnish.instances.scan import Scanned, Unscannable

_CHUNK: Final = 1 << 17
"""Bytes read, hashed and scanned at a time: they stay in the processor's cache from one to the next."""
_META_ROOM: Final = 1 << 16
"""File Meta Information is looked for in so many bytes; what is larger is none."""


class Unreadable(ValueError):
    """A file that cannot be read as a DICOM file, or not to its end."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds."""

    opening: Opening
    scanned: Scanned
    length: int
    """Bytes of the data set."""
    digest: bytes
    """SHA-256 of the data set."""

    @property
    def meta(self) -> Meta:
        """What the file says of itself."""
        return self.opening.meta


Count = Callable[[int], None]
"""Told the bytes of each step."""
Open = Callable[[bytes], Opening]
"""Says of a file's first bytes how it begins; `open_strictly` or `open_leniently`."""


def read_content(
    file: OnMedium, count: Count, budget: int = 256 << 10, opener: Open = open_strictly
) -> Content:
    """Read a file to its end. `budget` is the scan's. Raises Unreadable."""
    try:
        with file.open() as stream:
            return _read(stream, file.size, count, _Way(budget, opener))
    except Unopened as error:
        raise Unreadable(str(error)) from error
    except Unscannable as error:
        raise Unreadable(f"its data set is broken: {error}") from error
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror or error}") from error


def is_dicom(file: OnMedium) -> bool:
    """Whether a file says that it is one. What cannot be read does not."""
    try:
        with file.open() as stream:
            return has_prefix(stream.read(META_START))
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Way:
    """How a file is to be read."""

    budget: int
    opener: Open


def _read(stream: BinaryIO, size: int, count: Count, way: _Way) -> Content:
    first = stream.read(_META_ROOM)
    opening = way.opener(first)
    digest, length = hashlib.sha256(), 0
    scan = scan_of(opening.transfer_syntax, way.budget)
    for data in _pieces(stream, first[opening.start :]):
        digest.update(data)
        length += len(data)
        scan.feed(data)
        count(len(data))
    if opening.start + length != size:
        raise Unreadable(f"it ends after {opening.start + length} of {size} bytes")
    return Content(opening, _whole(scan.finish()), length, digest.digest())


def _whole(scanned: Scanned) -> Scanned:
    if scanned.ended_early:
        within = f"{name(scanned.ended_in)}, of which {scanned.missing} bytes are missing"
        raise Unreadable(f"its data set ends within {within if scanned.missing else 'an element'}")
    return scanned


def _pieces(stream: BinaryIO, first: bytes) -> Iterator[bytes]:
    yield first
    while data := stream.read(_CHUNK):
        yield data
