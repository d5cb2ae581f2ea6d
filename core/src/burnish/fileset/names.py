"""File IDs and File-set IDs.

Source: PS3.10 8.2 and 8.5: up to eight components of one to eight characters of A-Z 0-9 and underscore; a
File-set ID is none to sixteen of the same. Names here carry no meaning and no identity of a patient: they
are counted, so the same file-set gets the same names whenever it is composed.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from typing import Final

FILE_SET_ID_LENGTH: Final = 16
FOLDER: Final = "DICOM"
"""The folder of a volume that holds every DICOM file but the DICOMDIR."""

_PER_PARENT: Final = 10**6

Place = tuple[Hashable, Hashable, Hashable]
"""What an instance lies under: a patient, a study of that patient, a series of that study."""


def file_ids(places: Iterable[Place]) -> Iterator[tuple[str, ...]]:
    """Name one file for each place, numbered in order of first appearance within its parent.

    >>> list(file_ids([("P", "A", "1"), ("P", "A", "1")]))[1]
    ('DICOM', 'PT000000', 'ST000000', 'SE000000', 'IM000001')

    Raises ValueError where a parent holds more than a million.
    """
    known: dict[tuple[Hashable, ...], str] = {}
    counts: dict[tuple[Hashable, ...], int] = {}
    for place in places:
        folders = (_folder("PT", place[:1], known, counts), _folder("ST", place[:2], known, counts))
        series = _folder("SE", place, known, counts)
        yield FOLDER, *folders, series, _numbered("IM", place, counts)


def _folder(
    prefix: str,
    path: tuple[Hashable, ...],
    known: dict[tuple[Hashable, ...], str],
    counts: dict[tuple[Hashable, ...], int],
) -> str:
    if path not in known:
        known[path] = _numbered(prefix, path[:-1], counts)
    return known[path]


def _numbered(prefix: str, parent: tuple[Hashable, ...], counts: dict[tuple[Hashable, ...], int]) -> str:
    number = counts.get(parent, 0)
    if number >= _PER_PARENT:
        raise ValueError(f"more than {_PER_PARENT} names beginning with {prefix} in one folder")
    counts[parent] = number + 1
    return f"{prefix}{number:06d}"


def map_file_set_id(text: str) -> str:
    """Spell `text` as a File-set ID may be spelled; empty stays empty.

    >>> map_file_set_id(" Disc 7a ")
    'DISC_7A'
    """
    return re.sub("[^A-Z0-9_]", "_", text.strip(" \0").upper())[:FILE_SET_ID_LENGTH]
