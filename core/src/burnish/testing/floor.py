"""A shop floor in a folder: drives and an arm that carries discs, also between processes that are killed.

A disc is a file: empty while it is blank, read-only once it is closed. Each place is a folder, and a motion
is a rename, so that the floor is in one piece whatever is killed when:

    input/          blanks, taken in the order of their names
    drive-0/ ...    a disc or none; the file `tray` is there while the tray is out
    arm/            a disc or none
    output/         what was accepted
    rejected/       what was rejected

Drives suffer what `script.json` says (`burnish.testing.scripted`). The arm finds its conditions in two files:
`condition` holds a fault that a look tells and each motion raises, `jam` one that only a motion meets.

Units: bytes and seconds.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from burnish.contracts import (
    Cancel,
    DeviceState,
    Found,
    Job,
    Medium,
    Mover,
    MoverCapabilities,
    MoverSpec,
    Report,
    Supply,
    Tray,
    Unit,
    Writer,
    WriterCapabilities,
    WriterSpec,
)
from burnish.errors import DeviceFault, FaultKind
from burnish.hookspecs import hookimpl
from burnish.media import CAPACITY, MediaKind
from burnish.testing.scripted import Action, Moment, Pace, next_action, twisted

_STEP: Final = 64 << 10
_CLOSED: Final = 0o444


class Floor:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def furnish(cls, folder: Path, blanks: int, drives: int = 1) -> Self:
        """Make one with so many blanks."""
        for name in ("input", "arm", "output", "rejected", *(f"drive-{number}" for number in range(drives))):
            (folder / name).mkdir(parents=True)
        floor = cls(folder)
        floor.refill(blanks)
        return floor

    def refill(self, blanks: int) -> None:
        """Put blanks into the input bin, below those that are there."""
        first = len(list(self.folder.rglob("disc-*")))
        for number in range(first, first + blanks):
            (self.folder / "input" / f"disc-{number:05}").touch()

    def discs(self, place: str) -> list[Path]:
        """What lies in a place, the first one on top."""
        return sorted((self.folder / place).glob("disc-*"))

    def disc(self, place: str) -> Path | None:
        """The one disc of a place that holds one."""
        return next(iter(self.discs(place)), None)

    def says(self, name: str) -> str:
        """What stands in a file of the folder; empty where there is none."""
        try:
            return (self.folder / name).read_text("utf-8").strip()
        except FileNotFoundError:
            return ""


# --- the drive ---------------------------------------------------------------------------------------------


class DriveSettings(BaseModel):
    """The keys of a `[writers.<name>]` table whose driver is `floor-drive`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    """The floor."""
    number: int = Field(default=0, ge=0)
    """Which drive."""
    rate: int | None = Field(default=None, gt=0)
    """Bytes a second that it writes, and reads; absent: as fast as it can."""
    medium: MediaKind = MediaKind.CD_R
    """What its discs are."""
    capacity: int | None = Field(default=None, gt=0)
    """Bytes that fit on one; absent: what the kind holds."""


class FloorDrive(Writer):
    """One drive of a floor."""

    def __init__(self, settings: DriveSettings) -> None:
        self._settings = settings
        self._floor = Floor(settings.path)
        self._name = f"drive-{settings.number}"
        self._tray = settings.path / self._name / "tray"
        self._action = Action()
        self._blank_for: Job | None = None
        """The job for which this process knows that its disc is as blank as before."""

    @property
    def capabilities(self) -> WriterCapabilities:
        """It stops when asked to, and moves its tray."""
        return WriterCapabilities(media=frozenset({self._settings.medium}), interruptible=True, tray=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def capacity(self, medium: MediaKind) -> int:
        """Bytes that fit on a disc."""
        return self._settings.capacity or CAPACITY[medium]

    def look(self) -> DeviceState:
        """Its disc, where the tray is in."""
        unit = Unit(vendor="BURNISH", product="FLOOR DRIVE", place=str(self._settings.path / self._name))
        disc = self._disc()
        if disc is None:
            message = "the tray is out" if self._tray.exists() else "there is no disc in the drive"
            kind = FaultKind.NO_BLANK_MEDIA
            return DeviceState(unit=unit, condition=kind, message=message, tray_open=self._tray.exists())
        blank = disc.stat().st_size == 0
        medium = Medium(
            kind=self._settings.medium, blank=blank, capacity=self.capacity(self._settings.medium)
        )
        if blank:
            return DeviceState(unit=unit, medium=medium, tray_open=False)
        message = "the disc in the drive is not blank"
        return DeviceState(unit=unit, medium=medium, condition=FaultKind.WRONG_MEDIUM, message=message)

    def prepare(self, job: Job, cancel: Cancel) -> None:
        """See that a blank is there that holds the job."""
        cancel.check()
        if job.medium is not self._settings.medium:
            raise DeviceFault(FaultKind.WRONG_MEDIUM, f"a floor of {self._settings.medium}, not {job.medium}")
        if job.length > self.capacity(job.medium):
            raise DeviceFault(FaultKind.MEDIUM_TOO_SMALL, f"{job.length} bytes do not fit")
        state = self.look()
        if state.condition:
            raise DeviceFault(state.condition, state.message)
        self._blank_for = job

    def open_tray(self) -> None:
        """Have the tray out."""
        self._tray.touch()

    def close_tray(self) -> None:
        """Have the tray in."""
        self._tray.unlink(missing_ok=True)

    def examine(self, job: Job) -> Found:
        """WHOLE for a closed disc, GONE for none; a blank is untouched only where this process knows it."""
        disc = self._disc()
        if disc is None:
            return Found.UNTOUCHED if self._blank_for == job else Found.GONE
        if disc.stat().st_mode & 0o777 == _CLOSED:
            return Found.WHOLE if disc.stat().st_size == job.length else Found.PARTIAL
        blank = disc.stat().st_size == 0 and self._blank_for == job
        return Found.UNTOUCHED if blank else Found.PARTIAL

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        """Burn and close, and suffer what the script says."""
        self.prepare(job, cancel)
        disc = self._demand()
        self._action = next_action(self._settings.path)
        moment = Moment(self._action, "write")
        moment(0)
        self._blank_for = None
        with disc.open("wb", buffering=0) as target:
            done, pace = 0, Pace(self._settings.rate)
            while done < job.length:
                cancel.check()
                data = source.read(moment.step(done, min(_STEP, job.length - done)))
                if not data:
                    raise DeviceFault(FaultKind.BAD_REQUEST, f"the image ended after {done} bytes")
                target.write(data)
                done += len(data)
                moment(done)
                pace(done)
                report(done)
        Moment(self._action, "close")(job.length)
        disc.chmod(_CLOSED)

    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        """Copy the disc into `sink`, lying where the script says so."""
        moment, done, pace = Moment(self._action, "read_back"), 0, Pace(self._settings.rate)
        moment(0)
        with self._demand().open("rb", buffering=0) as origin:
            while data := origin.read(moment.step(done, _STEP)):
                sink.write(twisted(data, self._action.lie, done))
                done += len(data)
                moment(done)
                pace(done)
                report(done)
        if not done:
            raise DeviceFault(FaultKind.MEDIA_DEFECT, "the disc was never written")

    def accept(self, job: Job) -> str:
        """Have the tray out."""
        if not self._tray.exists() and not self._demand().stat().st_size:
            raise DeviceFault(FaultKind.MEDIA_DEFECT, "the disc was never written")
        self.open_tray()
        return f"tray of {self._name}"

    def reject(self, job: Job) -> None:
        """Have the tray out."""
        self.open_tray()

    def _disc(self) -> Path | None:
        """The disc that the drive sees."""
        return None if self._tray.exists() else self._floor.disc(self._name)

    def _demand(self) -> Path:
        disc = self._disc()
        if disc is None:
            raise DeviceFault(FaultKind.NO_BLANK_MEDIA, "there is no disc in the drive")
        return disc


# --- the arm -----------------------------------------------------------------------------------------------


class ArmSettings(BaseModel):
    """The keys of a `[movers.<name>]` table whose driver is `floor-arm`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    """The floor."""
    drives: int = Field(default=1, ge=1)
    """How many it reaches."""
    motion: float = Field(default=0, ge=0)
    """Seconds that each motion takes."""


class FloorArm(Mover):
    """The arm of a floor."""

    def __init__(self, settings: ArmSettings) -> None:
        self._settings = settings
        self._floor = Floor(settings.path)

    @property
    def capabilities(self) -> MoverCapabilities:
        """What the settings say."""
        return MoverCapabilities(drives=self._settings.drives)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def look(self) -> DeviceState:
        """Its blanks, and the condition that stands in the file."""
        blanks = len(self._floor.discs("input"))
        unit = Unit(vendor="BURNISH", product="FLOOR ARM", place=str(self._settings.path))
        supplies = (Supply(name="input bin", count=blanks),)
        kind = self._floor.says("condition")
        if kind:
            message = "while the condition lasts"
            return DeviceState(unit=unit, condition=FaultKind(kind), message=message, supplies=supplies)
        if not blanks:
            kind, message = FaultKind.NO_BLANK_MEDIA, "the input bin is empty"
            return DeviceState(unit=unit, condition=kind, message=message, supplies=supplies)
        return DeviceState(unit=unit, supplies=supplies)

    def initialise(self) -> None:
        """Let go of what it holds, over the reject bin."""
        if held := self._floor.disc("arm"):
            self._move(held, "rejected")

    def load(self, tray: Tray) -> None:
        """Bring the topmost blank."""
        blank = self._floor.disc("input")
        if blank is None:
            raise DeviceFault(FaultKind.NO_BLANK_MEDIA, "the input bin is empty")
        tray.open()
        if self._floor.disc(f"drive-{tray.number}") is None:
            self._move(self._move(blank, "arm"), f"drive-{tray.number}")
        tray.close()

    def accept(self, tray: Tray) -> str:
        """Take the disc to the output bin."""
        self._take(tray, "output")
        return "output bin"

    def reject(self, tray: Tray) -> None:
        """Take the disc to the reject bin."""
        self._take(tray, "rejected")

    def _take(self, tray: Tray, place: str) -> None:
        tray.open()
        held = self._floor.disc(f"drive-{tray.number}")
        if held:
            held = self._move(held, "arm")
        tray.close()
        if held:
            self._move(held, place)

    def _move(self, disc: Path, place: str) -> Path:
        """One motion: all or nothing."""
        if kind := self._floor.says("jam") or self._floor.says("condition"):
            raise DeviceFault(FaultKind(kind), "the arm does not move")
        time.sleep(self._settings.motion)
        return disc.rename(self._settings.path / place / disc.name)


@hookimpl
def burnish_writers() -> Sequence[WriterSpec[Any]]:
    """Offer `floor-drive`."""
    return [WriterSpec("floor-drive", DriveSettings, FloorDrive)]


@hookimpl
def burnish_movers() -> Sequence[MoverSpec[Any]]:
    """Offer `floor-arm`."""
    return [MoverSpec("floor-arm", ArmSettings, FloorArm)]
