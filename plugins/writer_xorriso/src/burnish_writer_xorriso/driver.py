"""The driver `xorriso`: one optical drive, from a blank to a proven disc.

What lies in the drive is found out here, by SG_IO, and never left to xorriso, which calls any medium that can
be overwritten blank. A disc goes through these hands:

    prepare     a blank of the right kind that holds the image: nothing is written yet
    write       xorriso burns it; from its first write on the disc is spoilt unless it is finished
    read_back   after the disc went out and in where the drive can do that, else past every memory of it
    accept      the tray goes out; reject: so it does, for the operator to destroy the disc

Units: bytes and seconds.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import BinaryIO, Final, Self

from burnish.contracts import Cancel, DeviceState, Found, Job, Report, Writer, WriterCapabilities
from burnish.errors import DeviceFault, FaultKind
from burnish.media import CAPACITY, SECTOR, MediaKind, sectors

from burnish_writer_xorriso.burning import Burn, Patience
from burnish_writer_xorriso.drives import Connect, Drive, OpticalDrive
from burnish_writer_xorriso.feeding import Feed
from burnish_writer_xorriso.profiles import pace, xfactor
from burnish_writer_xorriso.pseudo import PseudoDrive
from burnish_writer_xorriso.scsi import SgDevice
from burnish_writer_xorriso.settings import Settings

_SLOWER: Final[Mapping[MediaKind, tuple[float, ...]]] = MappingProxyType(
    {
        MediaKind.CD_R: (16, 8, 4),
        MediaKind.DVD_R: (8, 4, 2),
        MediaKind.DVD_R_DL: (4, 2.4),
        MediaKind.DVD_RAM: (3, 2),
        MediaKind.BD_R: (4, 2),
        MediaKind.BD_R_DL: (4, 2),
        MediaKind.BD_RE: (2, 1),
    }
)
"""At most so many x after one spoilt medium, after two, and so on."""
_AT_ONCE: Final = frozenset({MediaKind.CD_R, MediaKind.DVD_R, MediaKind.DVD_R_DL})
"""Kinds that a drive writes in one go, with a size that it is told before."""
_RUN_OUT: Final = 150
"""Sectors of zeros after the image on a CD: Linux reads ahead, and the last sectors may be unreadable."""
_TOKEN_CHARACTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


@dataclass(frozen=True, slots=True)
class Known:
    """What this process, and no other, knows of the disc in the drive."""

    job: Job
    finished: bool
    """Whether it was written and closed; else not a byte was written."""


class XorrisoWriter(Writer):
    """A CD, DVD or BD drive."""

    def __init__(self, settings: Settings, connect: Connect = SgDevice) -> None:
        self._settings = settings
        self._drive: Drive = PseudoDrive(settings) if settings.pseudo else OpticalDrive(settings, connect)
        self._known: Known | None = None
        self._handed_out: tuple[Job, str] | None = None
        self._rejected: Job | None = None

    @property
    def capabilities(self) -> WriterCapabilities:
        """What the settings say. It stops while it burns, not while it closes."""
        tray = self._settings.reload == "tray" and not self._settings.pseudo
        return WriterCapabilities(media=frozenset(self._settings.media), interruptible=True, tray=tray)

    def __enter__(self) -> Self:
        """Take the drive. Raises DEVICE_BUSY, DEVICE_OFFLINE; OPERATOR_ACTION without xorriso or setpriv."""
        for tool, package in ((self._settings.program, "xorriso"), ("setpriv", "util-linux")):
            if not shutil.which(tool):
                message = f"{tool} is not installed: apt install {package}"
                raise DeviceFault(FaultKind.OPERATOR_ACTION, message)
        self._drive.claim()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._drive.release()

    def capacity(self, medium: MediaKind) -> int:
        """Bytes to be planned for. Raises DeviceFault WRONG_MEDIUM."""
        if medium not in self._settings.media:
            known = ", ".join(self._settings.media)
            raise DeviceFault(FaultKind.WRONG_MEDIUM, f"{medium} is not among {known}")
        return CAPACITY[medium]

    # --- before ----------------------------------------------------------------------------------------

    def look(self) -> DeviceState:
        """Ask the drive."""
        return self._drive.look()

    def prepare(self, job: Job, cancel: Cancel) -> None:
        """See that a blank of the job's kind, with room for it, lies in the drive."""
        cancel.check()
        self._blank_for(job)
        self._known = Known(job, finished=False)

    def _blank_for(self, job: Job) -> int:
        """Return the bytes that the blank holds. Raises what stands against writing `job` to it."""
        planned = self.capacity(job.medium)
        state = self._drive.look()
        if state.condition:
            raise DeviceFault(state.condition, state.message)
        medium = state.medium
        if medium is None or medium.capacity is None:
            raise DeviceFault(FaultKind.UNKNOWN_REPLY, f"{self._settings.device} does not say what it holds")
        if medium.kind is not job.medium:
            raise DeviceFault(FaultKind.WRONG_MEDIUM, f"a {medium.name}, where a {job.medium} is wanted")
        if job.length > min(planned, medium.capacity):
            fault = f"{job.length} bytes on a {medium.name} of {min(planned, medium.capacity)}"
            raise DeviceFault(FaultKind.MEDIUM_TOO_SMALL, fault)
        return medium.capacity

    # --- burning ---------------------------------------------------------------------------------------

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        """Burn and close. The blank stays one until xorriso says that it begins."""
        cancel.check()
        room = self._blank_for(job)
        self._known = Known(job, finished=False)
        feed = Feed(source, job.length)
        try:
            feed.fill(cancel)
            self._burn(job, feed, room, report, cancel)
        finally:
            feed.close()
        self._known = Known(job, finished=True)
        self._rejected = self._handed_out = None

    def _burn(self, job: Job, feed: Feed, room: int, report: Report, cancel: Cancel) -> None:
        argv = command(self._settings, self._drive.address, job, room, feed.rate)
        finish = self._settings.finishing(job.medium)
        patience = Patience(self._settings.stall_timeout.total_seconds(), finish)
        self._known = None  # until the run has told otherwise
        burn = Burn(argv, feed, patience)
        try:
            burn.run(report, cancel)
        finally:
            if not burn.touched:
                self._known = Known(job, finished=False)

    # --- after -----------------------------------------------------------------------------------------

    def examine(self, job: Job) -> Found:
        """Ask the medium; of a blank one only what this process knows is believed."""
        if self._known == Known(job, finished=False):
            return Found.UNTOUCHED
        if not self._drive.loaded():
            return Found.GONE
        if self._known == Known(job, finished=True):
            return Found.WHOLE
        contents = self._drive.contents()
        ours = carries(contents.head, job.volume_token)
        whole = contents.closed and contents.length >= job.length and ours
        return Found.WHOLE if whole else Found.PARTIAL

    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        """Copy the image from the disc. Raises MEDIA_DEFECT where there is none."""
        self._demand_written(job)
        self._drive.read(job.length, sink, report)

    def _demand_written(self, job: Job) -> None:
        if self._rejected == job or self.examine(job) is not Found.WHOLE:
            raise DeviceFault(FaultKind.MEDIA_DEFECT, f"{self._settings.device}: this piece is not there")

    def accept(self, job: Job) -> str:
        """Have the tray out."""
        if self._handed_out and self._handed_out[0] == job:
            return self._handed_out[1]
        self._demand_written(job)
        self._handed_out = job, self._drive.accept()
        return self._handed_out[1]

    def reject(self, job: Job) -> None:
        """Have the tray out, or a file renamed."""
        self._drive.reject(job)
        self._known = None
        self._rejected = job

    def open_tray(self) -> None:
        """Have the tray out. Raises BAD_REQUEST where the drive is not to move it."""
        self._demand_tray()
        self._drive.open_tray()

    def close_tray(self) -> None:
        """Have the tray in, its disc recognised. Raises BAD_REQUEST where the drive is not to move it."""
        self._demand_tray()
        self._drive.close_tray()

    def _demand_tray(self) -> None:
        if not self.capabilities.tray:
            message = f"{self._settings.device} has no tray that moves by itself"
            raise DeviceFault(FaultKind.BAD_REQUEST, message)


def command(settings: Settings, address: str, job: Job, room: int, rate: float | None) -> list[str]:
    """Say how xorriso is called; `room`: bytes of the blank, `rate`: of the source, a second.

    `-no_rc`: nobody's start-up file changes anything. The size is exact: nothing is made up where the image
    ends early, which `-abort_on FAILURE` sees. There is never a `blank=` that erases.
    """
    words = [settings.program, "-no_rc", "-pkt_output", "on", "-abort_on", "FAILURE"]
    words += ["-return_with", "SORRY", "32", "-as", "cdrecord", "-v", f"dev={address}"]
    words += [f"tsize={job.length}", f"fs={settings.fifo}", f"padsize={_padding(job, room)}s"]
    words += _mode(settings, job.medium)
    if job.medium in (MediaKind.BD_R, MediaKind.BD_R_DL) and settings.bd_format == "default":
        words.append("blank=format_overwrite")  # of a blank BD-R it makes one with spare sectors
    if settings.pseudo:
        words.append("stdio_sync=1m")  # steps in which a speed is kept, and memory given back
    if settings.stream_recording:
        words.append("stream_recording=on")
    if (speed := speed_of(settings, job, rate)) is not None:
        words.append(f"speed={max(1, int(speed * pace(job.medium).single))}k")
    return [*words, "-"]


def _padding(job: Job, room: int) -> int:
    """Sectors of zeros after the image, as many as there is room for."""
    wanted = _RUN_OUT if job.medium is MediaKind.CD_R else 0
    return max(0, min(wanted, room // SECTOR - sectors(job.length)))


def _mode(settings: Settings, kind: MediaKind) -> list[str]:
    if kind not in _AT_ONCE:
        return []
    return ["-tao"] if settings.mode == "tao" else ["-sao"] if settings.mode == "dao" else []


def speed_of(settings: Settings, job: Job, rate: float | None) -> float | None:
    """Say how many x at most; None: what the drive likes."""
    limits = []
    wanted = settings.speed.get(job.medium) if isinstance(settings.speed, dict) else settings.speed
    if wanted is not None:
        limits.append(wanted)
    if job.spoilt:
        steps = _SLOWER[job.medium]
        limits.append(steps[min(job.spoilt, len(steps)) - 1])
    if rate is not None and (fed := xfactor(job.medium, rate)) < pace(job.medium).fastest:
        limits.append(max(1.0, fed))
    return min(limits, default=None)


def carries(head: bytes, token: str) -> bool:
    """Whether a volume's descriptors hold this token, and not only one that begins or ends like it."""
    word = token.encode("ascii")
    at = head.find(word)
    while word and at >= 0:
        around = head[at - 1 : at] + head[at + len(word) : at + len(word) + 1]
        if not _TOKEN_CHARACTERS.intersection(around):
            return True
        at = head.find(word, at + 1)
    return False
