"""A drive and the robot that serves it, as one writer.

The drive burns and reads; the robot brings a blank before and takes the disc away after. Several drives may
share a robot: whoever moves has its lock, opens it, moves, and lets it go, so that a process that is killed
leaves it to the next. A disc that its arm holds then is of nobody's knowledge and goes to the reject bin.
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

    @property
    def capabilities(self) -> WriterCapabilities:
        """The drive's."""
        return self._writer.capabilities

    def __enter__(self) -> Self:
        """Take the drive, and have the robot at rest."""
        self._writer.__enter__()
        try:
            with self._moving() as mover:
                mover.initialise()
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
            self._load()
            try:
                return self._writer.prepare(job, cancel)
            except DeviceFault as fault:
                if fault.kind is FaultKind.NO_BLANK_MEDIA:
                    message = f"the robot's disc did not arrive: {fault}"
                    raise DeviceFault(FaultKind.OPERATOR_ACTION, message, shared=True) from fault
                if fault.kind is not FaultKind.WRONG_MEDIUM:
                    raise
                last = fault
            self._take_to_reject_bin()
        raise DeviceFault(FaultKind.WRONG_MEDIUM, f"{_WRONG_IN_A_ROW} discs in a row, the last: {last}")

    def _load(self) -> None:
        if not self._tray.loaded():
            with self._moving() as mover:
                mover.load(self._tray)

    def examine(self, job: Job) -> Found:
        """What the drive says."""
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
        if not self._tray.loaded():
            raise DeviceFault(FaultKind.MEDIA_DEFECT, "there is no disc in the drive to be handed out")
        with self._moving() as mover:
            self._handed_out = job, mover.accept(self._tray)
        return self._handed_out[1]

    def reject(self, job: Job) -> None:
        """Have the disc carried to the reject bin."""
        self._take_to_reject_bin()

    def _take_to_reject_bin(self) -> None:
        if self._tray.loaded():
            with self._moving() as mover:
                mover.reject(self._tray)

    # --- whose turn it is ------------------------------------------------------------------------------

    @contextmanager
    def _moving(self) -> Iterator[Mover]:
        """Have the robot to oneself, however long others move it; its faults are shared by its drives."""
        with _locked(self._lock, fcntl.LOCK_EX), _shared_faults(), self._mover as mover:
            yield mover

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
def _locked(path: Path, how: int) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _shared_faults() -> Iterator[None]:
    try:
        yield
    except DeviceFault as fault:
        raise DeviceFault(fault.kind, str(fault), shared=True) from fault
