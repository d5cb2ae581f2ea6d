"""A writer that does what a test tells it, also a test in another process.

It is an honest writer of files (`<volume token>-<copy>.img` in its folder) until its folder says otherwise:

* `hold-write`: while it exists, `write` waits before the first byte, heeding its token;
* `hold-middle`: the same half way through the image; `hold-read`: before a byte is read back;
* `condition`: while it exists, `write` raises a fault of the kind that stands in it, before the first byte:
  a cover that is open, a magazine that is empty, a device that is busy;
* `unable`: while it exists, the device cannot be taken: a fault of the kind that stands in it, or the process
  ends where it says `crash`;
* `deny`: while it exists, a wish to cancel that comes in a hold is denied, with what stands in it as reason;
* `script.json`: a list of actions; each job takes the first one off when `write` begins. An action is
  an object of these keys; an empty one is an honest job:
    `fault`    KIND    raise DeviceFault of this kind
    `hang`     seconds sleep, deaf to the token
    `crash`    true    end the process on the spot, exit status 70
    `orphan`   true    end the parent's process: the feeder, where there is one
    `garbage`  true    print nonsense on standard output
    `babble`   true    say nonsense on the wire to the feeder, and wait
    `lie`      offset  flip a byte when reading back
    `ghost`    true    write nothing, and say that all is well
    `in`       op      where the first six happen: write (the default), close, read_back, accept or reject
    `at`       bytes   and after how many bytes of write or read_back; absent: before the first
* `log.jsonl`: one line for each call, `{"op": ..., "job": {...}, "time": seconds, "pid": ...}`.

Units: bytes and seconds.
"""

import fcntl
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from burnish.contracts import Cancel, Found, Job, Report, Writer, WriterCapabilities, WriterSpec
from burnish.errors import DeviceFault, FaultKind
from burnish.hookspecs import hookimpl
from burnish.media import CAPACITY, MediaKind

CRASHED: Final = 70
"""Exit status of a process that an action ended."""
GARBAGE: Final = b'\x00\xff{"not": json\n\x1b[31mPANIC: drive on fire\n'
_STEP: Final = 256 << 10
_LOOK: Final = 0.01
"""Seconds between looks at a hold."""
_WORD: Final = re.compile(r"[A-Za-z0-9]{1,64}")


class Settings(BaseModel):
    """The keys of a `[writers.<name>]` table whose driver is `scripted`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    """Folder of the images and of everything that steers the writer; made where it is missing."""
    media: tuple[MediaKind, ...] = Field(default=(MediaKind.CD_R,), min_length=1)
    """Kinds of media it makes."""
    interruptible: bool = True
    """Whether it heeds its token once the first byte is written."""
    capacity: int | None = Field(default=None, gt=0)
    """Bytes of an image at most; absent: what the kind of medium holds."""
    keeps: bool = False
    """Whether a medium that was written to its end is known to be whole, before it is accepted, also by a
    process that comes after."""
    rate: int | None = Field(default=None, gt=0)
    """Bytes a second that it writes, and reads; absent: as fast as it can."""


class Pace:
    """The speed of a device, from now on: a call waits until so many bytes may have gone."""

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self._began = time.monotonic()

    def __call__(self, done: int) -> None:
        if self._rate:
            time.sleep(max(0, self._began + done / self._rate - time.monotonic()))


@dataclass(frozen=True, slots=True)
class Action:
    """What one job is to suffer. Raises TypeError or ValueError where a script is misspelt."""

    fault: FaultKind | None = None
    hang: float = 0
    crash: bool = False
    orphan: bool = False
    garbage: bool = False
    babble: bool = False
    lie: int | None = None
    ghost: bool = False
    op: str = "write"
    at: int = 0

    @classmethod
    def read(cls, values: dict[str, Any]) -> Self:
        """From an object of `script.json`."""
        words = {"op" if name == "in" else name: value for name, value in values.items()}
        if "fault" in words:
            words["fault"] = FaultKind(words["fault"])
        return cls(**words)

    def happen(self) -> None:
        """Do it, here and now."""
        if self.garbage:
            sys.stdout.flush()
            os.write(1, GARBAGE)
        if self.babble:
            os.write(int(sys.argv[1]), GARBAGE)
            time.sleep(60)  # until it is stopped for that
        if self.hang:
            time.sleep(self.hang)
        if self.orphan:
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)  # the kernel ends this process with its parent
        if self.crash:
            os._exit(CRASHED)
        if self.fault:
            raise DeviceFault(self.fault, "as the script says")


@dataclass
class Moment:
    """Lets an action happen once, when its operation has come to its byte."""

    action: Action
    op: str
    happened: bool = False

    def __call__(self, done: int) -> None:
        if self.op == self.action.op and done >= self.action.at and not self.happened:
            self.happened = True
            self.action.happen()

    def step(self, done: int, step: int) -> int:
        """Shorten a step so that it ends where the action is to happen."""
        ahead = self.action.at - done
        return min(step, ahead) if self.op == self.action.op and ahead > 0 else step


@dataclass
class ScriptedWriter(Writer):
    """See the module."""

    settings: Settings
    actions: dict[Path, Action] = field(default_factory=dict)
    """What was taken off the script for each image, kept for the calls after `write`."""

    @property
    def capabilities(self) -> WriterCapabilities:
        """What the settings say."""
        media = frozenset(self.settings.media)
        return WriterCapabilities(media=media, interruptible=self.settings.interruptible)

    def __enter__(self) -> Self:
        if unable := self._says("unable"):
            if unable == "crash":
                os._exit(CRASHED)
            raise DeviceFault(FaultKind(unable), "the device cannot be taken")
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def capacity(self, medium: MediaKind) -> int:
        """Bytes of an image at most."""
        if medium not in self.settings.media:
            raise DeviceFault(FaultKind.WRONG_MEDIUM, f"{medium} is not what this writer makes")
        return self.settings.capacity or CAPACITY[medium]

    def examine(self, job: Job) -> Found:
        """WHOLE when accepted, or when it keeps what is whole; PARTIAL when begun."""
        image = self._called("examine", job)
        if image.exists():
            return Found.WHOLE
        part = _part(image)
        if not part.exists():
            return Found.UNTOUCHED
        whole = self.settings.keeps and part.stat().st_size == job.length
        return Found.WHOLE if whole else Found.PARTIAL

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        """Write the image, and suffer what the script says."""
        image = self._called("write", job)
        self._refuse(image, job)
        action = self._next_action(image)
        moment = Moment(action, "write")
        self._hold("hold-write", cancel)
        cancel.check()
        if not moment.action.at:
            moment(0)
        heeded = cancel if self.settings.interruptible else Cancel()
        if action.ghost:
            self._drain(source)
            return
        with _part(image).open("xb", buffering=0) as target:
            self._pour(job, source, target, report, heeded, moment)
            Moment(action, "close")(job.length)
            os.fsync(target.fileno())

    def _drain(self, source: BinaryIO) -> None:
        while source.read(_STEP):
            pass

    def _refuse(self, image: Path, job: Job) -> None:
        if condition := self._says("condition"):
            raise DeviceFault(FaultKind(condition), "while the condition lasts")
        if job.length > self.capacity(job.medium):
            raise DeviceFault(FaultKind.MEDIUM_TOO_SMALL, f"{job.length} bytes do not fit")
        if image.exists() or _part(image).exists():
            raise DeviceFault(FaultKind.UNSAFE_TARGET, f"{image.name} was written already")

    def _pour(
        self,
        job: Job,
        source: BinaryIO,
        target: BinaryIO,
        report: Report,
        cancel: Cancel,
        moment: Moment,
    ) -> None:
        done, middle, pace = 0, job.length // 2, Pace(self.settings.rate)
        while done < job.length:
            if done == middle:
                self._hold("hold-middle", cancel)
            cancel.check()
            ahead = (middle if done < middle else job.length) - done
            data = source.read(moment.step(done, min(_STEP, ahead)))
            if not data:
                raise DeviceFault(FaultKind.BAD_REQUEST, f"the image ended after {done} bytes")
            target.write(data)
            done += len(data)
            moment(done)
            pace(done)
            report(done)

    def _hold(self, name: str, cancel: Cancel) -> None:
        while (self.settings.path / name).exists():
            if cancel and (reason := self._says("deny")):
                cancel.deny(reason)
            cancel.check()
            time.sleep(_LOOK)

    def _says(self, name: str) -> str:
        """What stands in a file of the folder; empty where there is none."""
        try:
            return (self.settings.path / name).read_text("utf-8").strip()
        except FileNotFoundError:
            return ""

    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        """Copy the image into `sink`, lying where the script says so."""
        image = self._called("read_back", job)
        moment = Moment(self.actions.get(image, Action()), "read_back")
        done, pace = 0, Pace(self.settings.rate)
        self._hold("hold-read", Cancel())
        moment(0)
        with _written(image).open("rb", buffering=0) as origin:
            while data := origin.read(moment.step(done, _STEP)):
                sink.write(twisted(data, moment.action.lie, done))
                done += len(data)
                moment(done)
                pace(done)
                report(done)

    def accept(self, job: Job) -> str:
        """Give the image its name."""
        image = self._called("accept", job)
        Moment(self.actions.get(image, Action()), "accept")(sys.maxsize)
        if not image.exists():
            _written(image).rename(image)
        return str(image)

    def reject(self, job: Job) -> None:
        """Remove what was written."""
        image = self._called("reject", job)
        Moment(self.actions.get(image, Action()), "reject")(sys.maxsize)
        _part(image).unlink(missing_ok=True)

    def _called(self, op: str, job: Job) -> Path:
        """Log a call and return the name of its image."""
        if not _WORD.fullmatch(job.volume_token):
            raise DeviceFault(FaultKind.BAD_REQUEST, f"volume token {job.volume_token!r} is not a word")
        self.settings.path.mkdir(parents=True, exist_ok=True)
        line = {"op": op, "job": job.to_json(), "time": time.time(), "pid": os.getpid()}
        with (self.settings.path / "log.jsonl").open("ab", buffering=0) as log:
            log.write(json.dumps(line).encode() + b"\n")
        return self.settings.path / f"{job.volume_token}-{job.copy}.img"

    def _next_action(self, image: Path) -> Action:
        self.actions[image] = next_action(self.settings.path)
        return self.actions[image]


def next_action(folder: Path) -> Action:
    """Take the first action off the script of a folder."""
    with _locked(folder / "script.lock"):
        script = folder / "script.json"
        actions = json.loads(script.read_text("utf-8")) if script.exists() else []
        if actions:
            write_script(folder, actions[1:])
    return Action.read(actions[0]) if actions else Action()


def write_script(folder: Path, actions: Sequence[dict[str, Any]]) -> None:
    """Put `actions` into a writer's folder, in one step; a script that is there is replaced."""
    temporary = folder / f".script.{os.getpid()}.part"  # a driver may put its own there meanwhile
    temporary.write_text(json.dumps(list(actions)), "utf-8")
    temporary.replace(folder / "script.json")


def read_log(folder: Path) -> list[dict[str, Any]]:
    """What a writer was asked, in order: one object for each call."""
    log = folder / "log.jsonl"
    return [json.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _part(image: Path) -> Path:
    return image.with_name(f".{image.name}.part")


def _written(image: Path) -> Path:
    for path in (_part(image), image):
        if path.exists():
            return path
    raise DeviceFault(FaultKind.MEDIA_DEFECT, f"{image.name} was never written")


def twisted(data: bytes, lie: int | None, offset: int) -> bytes:
    """Flip the byte at offset `lie` of the medium, where it is in `data`."""
    if lie is None or not offset <= lie < offset + len(data):
        return data
    twisted = bytearray(data)
    twisted[lie - offset] ^= 0xFF
    return bytes(twisted)


@hookimpl
def burnish_writers() -> Sequence[WriterSpec[Any]]:
    """Offer `scripted`."""
    return [WriterSpec("scripted", Settings, ScriptedWriter)]
