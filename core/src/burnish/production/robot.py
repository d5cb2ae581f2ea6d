"""A drive and the robot that serves it, as one writer.

The drive burns and reads; the robot brings a blank before and takes the disc away after. Several drives may
share a robot: whoever moves has its lock, opens it, moves, and lets it go. While a motion goes on the lock's
file says whose it is: a process that is killed leaves that there, and no other drive moves the arm before the
same drive has come to rest. What the arm holds then is of nobody's knowledge, and goes to the reject bin.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final, Self

from burnish.contracts import (
    Cancel,
    DeviceState,
    Found,
    Job,
    Mover,
    Report,
    Tray,
    Writer,
    WriterCapabilities,
)
from burnish.errors import DeviceFault, FaultKind
from burnish.media import MediaKind

_WRONG_IN_A_ROW: Final = 3
"""Discs in a row that are no good blanks before an operator is asked to look."""
_ROBOTS_OWN: Final = (FaultKind.NO_BLANK_MEDIA, FaultKind.WRONG_MEDIUM)
"""Conditions of a drive that its robot mends by itself."""


class DriveTray(Tray):
    """A writer's tray, as a mover may move it."""

    def __init__(self, writer: Writer, number: int) -> None:
        self._writer = writer
        self._number = number

    @property
    def number(self) -> int:
        return self._number

    def open(self) -> None:
        self._writer.open_tray()

    def close(self) -> None:
        self._writer.close_tray()

    def loaded(self) -> bool:
        return self._writer.look().medium is not None


class RobotDrive(Writer):
    """One drive of a station that has a robot."""

    def __init__(self, writer: Writer, mover: Mover, number: int, lock: Path) -> None:
        self._writer = writer
        self._mover = mover
        self._tray = DriveTray(writer, number)
        self._lock = lock
        self._handed_out: tuple[Job, str] | None = None
        """The last piece that was accepted, and where it went."""
        self._astray = True
        """Whether a motion may have ended half way: by a fault, or in a process before this one."""

    @property
    def capabilities(self) -> WriterCapabilities:
        """The drive's; its tray is the robot's."""
        return replace(self._writer.capabilities, tray=False)

    def __enter__(self) -> Self:
        """Take the drive, and have the robot at rest."""
        self._writer.__enter__()
        try:
            self._come_to_rest()
        except BaseException:
            self._writer.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._writer.__exit__(*exc_info)

    def capacity(self, medium: MediaKind) -> int:
        """What the drive says."""
        return self._writer.capacity(medium)

    def look(self) -> DeviceState:
        """The drive and its robot; an empty input bin does not matter to a drive that has its blank."""
        drive = self._writer.look()
        if drive.condition in _ROBOTS_OWN:
            drive = replace(drive, condition=None, message="")
        robot = self._robot()
        stops = drive.condition is None and robot.condition is not None
        if stops and (robot.condition is not FaultKind.NO_BLANK_MEDIA or drive.medium is None):
            drive = replace(drive, condition=robot.condition, message=robot.message)
        return replace(drive, supplies=(*drive.supplies, *robot.supplies))

    def prepare(self, job: Job, cancel: Cancel) -> None:
        """Have a blank for `job` in the drive; what is none goes to the reject bin."""
        for _ in range(_WRONG_IN_A_ROW):
            cancel.check()
            self._come_to_rest()
            self._load()
            try:
                return self._writer.prepare(job, cancel)
            except DeviceFault as fault:
                if fault.kind not in _ROBOTS_OWN:
                    raise
                last = fault
            self._take_to_reject_bin()
        missed = last.kind is FaultKind.NO_BLANK_MEDIA  # nothing that the drive knows arrived in it
        kind = FaultKind.OPERATOR_ACTION if missed else last.kind
        raise DeviceFault(kind, f"{_WRONG_IN_A_ROW} discs in a row, the last: {last}", shared=missed)

    def _load(self) -> None:
        if not self._tray.loaded():
            with self._moving() as mover:
                mover.load(self._tray)

    def examine(self, job: Job) -> Found:
        """What the drive says, once its tray is in: a disc that a jam left in the tray is not gone."""
        self._come_to_rest()
        return self._writer.examine(job)

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        """Burn, in the drive."""
        self._writer.write(job, source, report, cancel)

    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        """Read, in the drive."""
        self._writer.read_back(job, sink, report)

    def accept(self, job: Job) -> str:
        """Have the disc carried to the output bin; say which."""
        if self._handed_out and self._handed_out[0] == job:
            return self._handed_out[1]
        self._come_to_rest()
        if not self._tray.loaded():
            raise DeviceFault(FaultKind.MEDIA_DEFECT, "there is no disc in the drive to be handed out")
        with self._moving() as mover:
            self._handed_out = job, mover.accept(self._tray)
        return self._handed_out[1]

    def reject(self, job: Job) -> None:
        """Have the disc carried to the reject bin."""
        self._come_to_rest()
        self._take_to_reject_bin()

    def _take_to_reject_bin(self) -> None:
        """Also a disc that the drive does not see: one that lies upside down."""
        with self._moving() as mover:
            mover.reject(self._tray)

    # --- whose turn it is ------------------------------------------------------------------------------

    def _come_to_rest(self) -> None:
        """Where a motion may have ended half way: arm at rest and tray in. A jam must be cleared before."""
        if not self._astray:
            return
        with self._moving() as mover:
            state = mover.look()
            if state.condition and state.condition is not FaultKind.NO_BLANK_MEDIA:
                raise DeviceFault(state.condition, state.message)
            self._writer.close_tray()  # some robots let go of a disc only over a tray that is in
            mover.initialise()
        self._astray = False

    @contextmanager
    def _moving(self) -> Iterator[Mover]:
        """Have the robot to oneself, however long others move it; its faults are shared by its drives."""
        with _locked(self._lock, fcntl.LOCK_EX) as lock:
            self._demand_rest(lock)
            os.pwrite(lock, b"%d\n" % self._tray.number, 0)
            astray, self._astray = self._astray, True
            with _shared_faults(), self._mover as mover:
                yield mover
            self._astray = astray
            os.ftruncate(lock, 0)

    def _demand_rest(self, lock: int) -> None:
        """Raise DEVICE_BUSY where another drive's motion ended half way."""
        left = os.pread(lock, 16, 0).strip()
        if left and left != b"%d" % self._tray.number:
            message = f"drive {left.decode(errors='replace')} of this robot has to come to rest first"
            raise DeviceFault(FaultKind.DEVICE_BUSY, message)

    def _robot(self) -> DeviceState:
        """A look at the robot; one that somebody moves just now is not disturbed."""
        try:
            with _locked(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB), self._mover as mover:
                return mover.look()
        except BlockingIOError:
            return DeviceState()
        except DeviceFault as fault:
            return DeviceState(condition=fault.kind, message=str(fault))


@contextmanager
def _locked(path: Path, how: int) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _shared_faults() -> Iterator[None]:
    try:
        yield
    except DeviceFault as fault:
        raise DeviceFault(fault.kind, str(fault), shared=True) from fault
