"""A disc: the blocks in a file, and what its tracks and sessions are."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from burnish_hil.devices.mmc.kinds import BLOCK, CD, TRAITS, Kind
from burnish_hil.devices.mmc.senses import CANNOT_WRITE_MEDIUM, NOT_NEXT_WRITABLE, OUT_OF_RANGE, Refused

_GAP_BETWEEN_SESSIONS = 11_400
"""Blocks of lead-out and lead-in after the first session of a CD."""


class Track(NamedTuple):
    """A closed track."""

    session: int
    start: int
    end: int
    """The block after its last one."""


@dataclass(slots=True)
class Disc:
    """A disc, wherever it lies. Blocks are 2048 bytes, counted from 0."""

    kind: Kind
    path: Path
    """The file of its blocks."""
    blocks: int = 0
    """How many fit; 0: as many as its kind holds."""
    touched: bool = False
    """A laser has written to it: it is no blank any more, whatever became of the data."""
    closed: bool = False
    """Finalised: nothing can be added."""
    tracks: tuple[Track, ...] = ()
    session: int = 1
    """The number of the session that is open or comes next."""
    track_start: int = 0
    """Where the open track begins."""
    next_writable: int = 0
    """The block that sequential writing must write next."""
    reserved: int = 0
    """Blocks reserved for the open track; 0: none."""

    def __post_init__(self) -> None:
        self.blocks = self.blocks or TRAITS[self.kind].blocks
        self.path.touch()

    @property
    def overwriteable(self) -> bool:
        """Any block can be written at any time."""
        return TRAITS[self.kind].overwriteable

    @property
    def profile(self) -> int:
        """How a drive names it now."""
        traits = TRAITS[self.kind]
        return traits.closed if self.closed else traits.blank

    @property
    def is_cd(self) -> bool:
        """It is a CD, with minutes, sub-channels and pregaps."""
        return self.profile in CD

    @property
    def size(self) -> int:
        """Blocks that its tracks hold, from block 0 on."""
        return self.blocks if self.overwriteable else self.tracks[-1].end if self.tracks else 0

    @property
    def open_track_begun(self) -> bool:
        """Something was written that no closed track holds."""
        return self.next_writable > self.track_start

    def content(self, length: int | None = None) -> bytes:
        """What lies on it from block 0 on: so many bytes, or all that was written."""
        with self.path.open("rb") as file:
            return file.read() if length is None else file.read(length)

    def read(self, block: int, count: int) -> bytes:
        """So many blocks. Raises Refused where nothing was written."""
        if block < 0 or block + count > max(self.size, self.next_writable):
            raise Refused(OUT_OF_RANGE)
        with self.path.open("rb") as file:
            file.seek(block * BLOCK)
            return file.read(count * BLOCK).ljust(count * BLOCK, b"\0")

    def write(self, block: int, data: bytes) -> None:
        """Write whole blocks. Below 0 lies a CD's pregap, which nobody reads back. Raises Refused."""
        self.check_writable(block, len(data) // BLOCK)
        self.touched = True
        data = data[max(0, -block) * BLOCK :]
        self._store(max(0, block), data)
        if not self.overwriteable and data:
            self.next_writable = max(0, block) + len(data) // BLOCK

    def check_writable(self, block: int, count: int) -> None:
        """Whether these blocks can be written now. Raises Refused."""
        if self.closed:
            raise Refused(CANNOT_WRITE_MEDIUM)
        if not self.overwriteable and block >= 0 and block != self.next_writable:
            raise Refused(NOT_NEXT_WRITABLE)
        if block + count > self.blocks:
            raise Refused(OUT_OF_RANGE)

    def close_track(self) -> None:
        """End the open track, if something is in it."""
        if self.open_track_begun:
            self.tracks += (Track(self.session, self.track_start, self.next_writable),)
            self.track_start = self.next_writable
        self.reserved = 0

    def close_session(self, *, final: bool) -> None:
        """End the open session; `final`: and the disc."""
        self.close_track()
        self.session += 1
        self.track_start = self.next_writable = self.next_writable + _GAP_BETWEEN_SESSIONS * self.is_cd
        self.closed = final

    def _store(self, block: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(block * BLOCK)
            file.write(data)
