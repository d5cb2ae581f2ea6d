"""A drive as the driver wants it: who it is, what lies in it, its tray, its disc's bytes.

`OpticalDrive` asks a real one by SG_IO; `pseudo.PseudoDrive` is a file that stands for one.

The node is opened for each thing that is done, so that xorriso and a person's `mount` can have the drive
between, and that a drive which was pulled out gets its node again. What keeps a second burnish away is a
lock, held from `claim` to `release`.

Units: bytes, but sectors where a name says so.
"""

import errno
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from burnish.contracts import DeviceState, Job, Medium, Report, Unit
from burnish.errors import DeviceFault, FaultKind
from burnish.media import SECTOR, MediaKind, sectors

from burnish_writer_xorriso.faults import as_faults, of_sense
from burnish_writer_xorriso.mmc import CHUNK, NO_MEDIUM, DiscStatus, Formatted, Mmc, passing
from burnish_writer_xorriso.profiles import BD_LAYER, PROFILES, Profile
from burnish_writer_xorriso.scsi import Sense, SgDevice, Transport
from burnish_writer_xorriso.settings import Settings

HEAD: Final = 1 << 20
"""Bytes at either end of a medium in which every file system leaves a trace: boot sectors, the descriptors of
ISO 9660 (sector 16) and UDF (256, and 256 before the end), partition tables."""
_LOOK_SECONDS: Final = 1.0
_TRAY_SECONDS: Final = 10.0
"""For a tray to be where a drive says that it has moved it."""
_POLL: Final = 0.2
_BUSY_SECONDS: Final = 5.0
"""For another program to let go of the drive. A look does not wait."""
_BLANK_CHECK: Final = 0x8
_OF_A_DISC: Final = (FaultKind.WRONG_MEDIUM, FaultKind.MEDIA_DEFECT)
"""What a drive only says where a disc lies in it."""
_OF_THE_DISC: Final = (0x3, 0x5)
"""Keys MEDIUM ERROR and ILLEGAL REQUEST: this sector cannot be read."""

Connect = Callable[[Path], AbstractContextManager[Transport]]
"""Opens a transport to the drive at a node. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands on a medium that was written."""

    closed: bool
    """Whether nothing can be added. None of this is known of media that can be overwritten: False."""
    length: int
    """Bytes of its first track."""
    head: bytes
    """Its first HEAD bytes, or fewer."""


class Drive(Protocol):
    """What a driver does with a drive besides burning. Every method raises DeviceFault."""

    @property
    def address(self) -> str:
        """What xorriso calls it."""
        ...

    def claim(self) -> None:
        """Keep other processes of burnish away. Raises DEVICE_BUSY, DEVICE_OFFLINE."""
        ...

    def release(self) -> None:
        """Let others have it; safe to repeat."""
        ...

    def look(self) -> DeviceState:
        """Say what it is and holds."""
        ...

    def loaded(self) -> bool:
        """Whether there is a medium in it, once that is recognised."""
        ...

    def contents(self) -> Contents:
        """What stands on the medium in it."""
        ...

    def read(self, length: int, sink: BinaryIO, report: Report) -> None:
        """Copy the first `length` bytes from the medium itself, past every memory of them."""
        ...

    def open_tray(self) -> None:
        """Have the tray out."""
        ...

    def close_tray(self) -> None:
        """Have the tray in, and its medium recognised."""
        ...

    def accept(self) -> str:
        """Hand the medium out; say where it is."""
        ...

    def reject(self, job: Job) -> None:
        """Hand it out as a bad one."""
        ...


class DriveLock:
    """Keeps a drive to one process of burnish, for as long as that lives.

    It is a name that only one socket can have: it leaves no file, and touches no device, whose `flock` is
    udev's and whose fcntl locks are xorriso's. Network namespaces have names of their own: between them
    O_EXCL, xorriso's and ours, still keeps two from burning at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = b""
        self._socket: socket.socket | None = None

    def take(self) -> None:
        """Take it, or keep it. Raises OSError; EBUSY where another process has it."""
        name = _lock_name(self._path)
        if self._socket and name == self._name:
            return
        self.drop()
        taken = socket.socket(socket.AF_UNIX)
        try:
            taken.bind(name)
        except OSError:
            taken.close()
            raise OSError(errno.EBUSY, "another process of burnish has it") from None
        self._socket, self._name = taken, name

    def drop(self) -> None:
        """Let it go; safe to repeat."""
        if self._socket:
            self._socket.close()
        self._socket = None


def _lock_name(path: Path) -> bytes:
    """A device's number, whatever its nodes are called; of a file, which may be missing, its place."""
    folder = path.parent.stat()
    try:
        status = path.stat()
    except FileNotFoundError:
        status = None
    if status and (stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode)):
        what = f"device {status.st_rdev}"
    else:
        what = f"file {folder.st_dev} {folder.st_ino} {path.name}"
    return b"\0burnish-xorriso-" + sha256(what.encode()).hexdigest()[:32].encode()


class OpticalDrive(Drive):
    """A drive at a device node."""

    def __init__(self, settings: Settings, connect: Connect = SgDevice) -> None:
        self._settings = settings
        self._node = Path(settings.device)
        self._connect = connect
        self._lock = DriveLock(self._node)
        self._unit = Unit(place=settings.device)
        self._known = False
        """Whether it has told who it is."""

    @property
    def address(self) -> str:
        return os.path.realpath(self._node)

    def claim(self) -> None:
        with as_faults(self._settings.device):
            self._node.stat()
            self._lock.take()

    def release(self) -> None:
        self._lock.drop()

    @contextmanager
    def _open(self, patience: float = _BUSY_SECONDS) -> Iterator[Mmc]:
        """The drive's commands. What goes wrong becomes a DeviceFault."""
        with as_faults(self._settings.device):
            self._lock.take()
            with self._connected(patience) as transport:
                yield Mmc(transport)

    def _connected(self, patience: float) -> AbstractContextManager[Transport]:
        """Open the node, which a desktop or a mount may have for a moment. Raises OSError."""
        deadline = time.monotonic() + patience
        while True:
            try:
                return self._connect(self._node)
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
            time.sleep(_POLL)

    # --- what lies in it -------------------------------------------------------------------------------

    def look(self) -> DeviceState:
        state = DeviceState(unit=self._unit)
        try:
            with self._open(patience=0) as mmc:
                self._unit = mmc.unit(self._settings.device) if not self._known else self._unit
                self._known = True
                state = DeviceState(unit=self._unit, tray_open=mmc.tray_open())
                return self._judged(replace(state, medium=self._medium(mmc)))
        except DeviceFault as fault:
            there = Medium(name="disc that cannot be used") if fault.kind in _OF_A_DISC else None
            return replace(state, condition=fault.kind, message=str(fault), medium=there)

    def _judged(self, state: DeviceState) -> DeviceState:
        """Say what stands against a job."""
        medium, device = state.medium, self._settings.device
        if medium is None:
            where = "the tray is out" if state.tray_open else "there is no disc in the drive"
            return replace(state, condition=FaultKind.NO_BLANK_MEDIA, message=f"{device}: {where}")
        if medium.kind not in self._settings.media:
            message = f"{device}: a {medium.name} is not what this drive is to make"
        elif not medium.blank:
            message = f"{device}: the {medium.name} in the drive is not blank"
        else:
            return replace(state, tray_open=False)
        return replace(state, condition=FaultKind.WRONG_MEDIUM, message=message, tray_open=False)

    def _medium(self, mmc: Mmc) -> Medium | None:
        """What lies in it, once it is recognised; None where nothing does."""
        if not _has_medium(mmc, _LOOK_SECONDS):
            return None
        number = mmc.profile()
        profile = PROFILES.get(number) or Profile(f"disc of profile {number:04X}h", None)
        find = self._overwriteable if profile.overwriteable else self._sequential
        kind = profile.kind if self._settings.rewritable or not profile.rewritable else None
        return find(mmc, Medium(kind=kind, name=profile.name))

    def _sequential(self, mmc: Mmc, medium: Medium) -> Medium:
        if mmc.disc_status() is not DiscStatus.BLANK:
            return replace(medium, blank=False)
        track = mmc.last_track()
        room = self._spared(mmc, track.free) if medium.kind is MediaKind.BD_R else track.free
        layers = medium.kind is MediaKind.BD_R and track.free * SECTOR > BD_LAYER
        kind = MediaKind.BD_R_DL if layers else medium.kind
        return replace(medium, kind=kind, blank=not track.damaged, capacity=room * SECTOR)

    def _spared(self, mmc: Mmc, free: int) -> int:
        """Sectors of a BD-R once it has the spare ones it is to get; no spares: all of them."""
        formats = mmc.formats()
        spared = self._settings.bd_format == "default" and formats.state == Formatted.UNFORMATTED
        return min([free, *(count for count, kind in formats.choices[:1] if spared and kind == 0)])

    def _overwriteable(self, mmc: Mmc, medium: Medium) -> Medium:
        """Blank where both its ends hold nothing: such a medium is never called written by the drive."""
        formats = mmc.formats()
        medium = replace(medium, capacity=formats.sectors * SECTOR)
        if formats.state == Formatted.UNFORMATTED:
            return replace(medium, blank=True)
        count = HEAD // SECTOR
        starts = (*range(0, count, CHUNK), *range(max(0, formats.sectors - count), formats.sectors, CHUNK))
        ends = ((start, min(CHUNK, formats.sectors - start)) for start in starts)
        return replace(medium, blank=all(_is_empty(mmc, *end) for end in ends))

    def loaded(self) -> bool:
        with self._open() as mmc:
            return _has_medium(mmc, self._ready_seconds)

    def contents(self) -> Contents:
        with self._open() as mmc:
            mmc.wait_ready(self._ready_seconds)
            profile = PROFILES.get(mmc.profile())
            if profile is None or profile.overwriteable or mmc.disc_status() is DiscStatus.BLANK:
                return Contents(closed=False, length=0, head=b"")
            closed = mmc.disc_status() in (DiscStatus.FINALISED, DiscStatus.OTHER)
            length = mmc.first_track().size * SECTOR
            return Contents(closed, length, _head(mmc, length) if closed else b"")

    # --- tray ------------------------------------------------------------------------------------------

    @property
    def _ready_seconds(self) -> float:
        return self._settings.ready_timeout.total_seconds()

    def open_tray(self) -> None:
        with self._open() as mmc:
            self._move_tray(mmc, out=True)

    def close_tray(self) -> None:
        with self._open() as mmc:
            self._move_tray(mmc, out=False)
            try:
                mmc.wait_ready(self._ready_seconds)
            except Sense as sense:
                if passing(sense):  # what else there is to say of the disc, or of none, a look says
                    raise

    def _move_tray(self, mmc: Mmc, *, out: bool) -> None:
        """Have it where it shall be. Raises OPERATOR_ACTION where the drive moved it, and it is not there."""
        if mmc.tray_open() is out:
            return
        (mmc.eject if out else mmc.load)()
        deadline = time.monotonic() + _TRAY_SECONDS
        while mmc.tray_open() is (not out):
            if time.monotonic() > deadline:
                message = f"{self._settings.device}: the tray does not {'come out' if out else 'go in'}"
                raise DeviceFault(FaultKind.OPERATOR_ACTION, message)
            time.sleep(_POLL)

    def accept(self) -> str:
        self.open_tray()
        return f"tray of {self._settings.device}"

    def reject(self, job: Job) -> None:
        self.open_tray()

    # --- reading ---------------------------------------------------------------------------------------

    def read(self, length: int, sink: BinaryIO, report: Report) -> None:
        with self._open() as mmc:
            fresh = not self._reload(mmc)
            mmc.wait_ready(self._ready_seconds)
            mmc.lock(on=True)
            try:
                _copy(mmc, length, sink, report, fresh=fresh)
            finally:
                mmc.lock(on=False)

    def _reload(self, mmc: Mmc) -> bool:
        """Have the disc out and in again; whether it was."""
        can = self._settings.reload == "tray" and mmc.moves_its_tray()
        if can:
            self._move_tray(mmc, out=True)
            self._move_tray(mmc, out=False)
        return can


def _has_medium(mmc: Mmc, seconds: float) -> bool:
    """Whether there is one, recognised. Raises the Sense of one that is not."""
    try:
        mmc.wait_ready(seconds)
    except Sense as sense:
        if sense.asc == NO_MEDIUM:
            return False
        raise
    return True


def _is_empty(mmc: Mmc, start: int, count: int) -> bool:
    """Whether there are only zeros, or the drive says that nothing was ever written there."""
    try:
        return not any(mmc.read(start, count))
    except Sense as sense:
        if sense.key == _BLANK_CHECK:
            return True
        if sense.key not in _OF_THE_DISC:
            raise
        message = f"whether the disc is blank cannot be told: {of_sense(sense)[1]}"
        raise DeviceFault(FaultKind.WRONG_MEDIUM, message) from sense


def _head(mmc: Mmc, length: int) -> bytes:
    """The beginning of a disc, as far as it can be read."""
    count = min(length, HEAD) // SECTOR
    parts: list[bytes] = []
    with suppress(Sense):
        parts.extend(mmc.read(start, min(CHUNK, count - start)) for start in range(0, count, CHUNK))
    return b"".join(parts)


def _copy(mmc: Mmc, length: int, sink: BinaryIO, report: Report, *, fresh: bool) -> None:
    done = 0
    while done < length:
        count = min(CHUNK, sectors(length - done))
        data = mmc.read(done // SECTOR, count, fresh=fresh)[: length - done]
        write_all(sink, data)
        done += len(data)
        report(done)


def write_all(sink: BinaryIO, data: bytes) -> None:
    """Write to a sink that may take less at a time."""
    with memoryview(data) as view:
        sent = 0
        while sent < len(view):
            sent += sink.write(view[sent:]) or 0
