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
    folders: dict[tuple[Hashable, ...], _Folder] = {(): _Folder((FOLDER,))}
    for place in places:
        folder = folders.get(place) or _opened(place, folders)
        yield folder.numbered("IM")


class _Folder:
    """A folder, in which names are counted."""

    __slots__ = ("_count", "_path")

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path
        self._count = 0

    def numbered(self, prefix: str) -> tuple[str, ...]:
        """The path of the next name in it."""
        number = self._count
        if number >= _PER_PARENT:
            raise ValueError(f"more than {_PER_PARENT} names beginning with {prefix} in one folder")
        self._count = number + 1
        return *self._path, f"{prefix}{number:06d}"


def _opened(place: Place, folders: dict[tuple[Hashable, ...], _Folder]) -> _Folder:
    """The folder of a series that is met for the first time."""
    for depth, prefix in enumerate(("PT", "ST", "SE"), 1):
        path = place[:depth]
        if path not in folders:
            folders[path] = _Folder(folders[path[:-1]].numbered(prefix))
    return folders[place]


def map_file_set_id(text: str) -> str:
    """Spell `text` as a File-set ID may be spelled; empty stays empty.

    >>> map_file_set_id(" Disc 7a ")
    'DISC_7A'
    """
    return re.sub("[^A-Z0-9_]", "_", text.strip(" \0").upper())[:FILE_SET_ID_LENGTH]
