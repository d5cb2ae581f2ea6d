"""What the two drivers share: a folder, kinds of media, and what stands against a piece beforehand."""

import os
from typing import Self

from burnish.contracts import Job, Writer
from burnish.errors import DeviceFault, FaultKind
from burnish.media import CAPACITY, MediaKind

from burnish_writer_file.names import Place, place_of
from burnish_writer_file.settings import Settings


class Shelf(Writer):
    """A folder that pieces are put into."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def capacity(self, medium: MediaKind) -> int:
        """Bytes of a piece at most. Raises DeviceFault WRONG_MEDIUM."""
        if medium not in self._settings.media:
            known = ", ".join(self._settings.media)
            raise DeviceFault(FaultKind.WRONG_MEDIUM, f"{medium} is not among {known}")
        return self._settings.capacity or CAPACITY[medium]

    def _make_room(self, place: Place, job: Job) -> None:
        """Raise what can be known before a byte is read."""
        if job.length > self.capacity(job.medium):
            fault = f"{job.length} bytes on a medium of {self.capacity(job.medium)}"
            raise DeviceFault(FaultKind.MEDIUM_TOO_SMALL, fault)
        if os.path.lexists(place.part):
            raise DeviceFault(FaultKind.MEDIA_DEFECT, f"{place.part} was cut off and never rejected")
        if os.path.lexists(place.final):
            raise DeviceFault(FaultKind.UNSAFE_TARGET, f"{place.final} exists, and no name is replaced")
        place.folder.mkdir(parents=True, exist_ok=True)
        room = os.statvfs(place.folder)
        if room.f_bavail * room.f_frsize < job.length:
            raise DeviceFault(FaultKind.STORAGE_FULL, f"{job.length} bytes do not fit on {place.folder}")

    def _place(self, job: Job) -> Place:
        return place_of(self._settings.path, job)
