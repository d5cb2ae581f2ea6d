"""Writers that keep to the contract but for one thing. Each is an honest writer of files besides."""

import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, BinaryIO

from burnish.contracts import Cancel, Found, Job, Report, WriterSpec
from burnish.hookspecs import hookimpl
from burnish.testing.scripted import ScriptedWriter, Settings

CHILDREN = 40
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


class Hanging(ScriptedWriter):
    """It never comes back, deaf to its token."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        while True:
            time.sleep(1)


class Exiting(ScriptedWriter):
    """It ends its process."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        os._exit(3)


class Hungry(ScriptedWriter):
    """It takes memory until there is none."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        held = []
        while True:
            held.append(bytearray(16 << 20))


class Babbling(ScriptedWriter):
    """It says what no contract knows, and to whom it should not."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        if len(sys.argv) > 1 and sys.argv[1].isdigit():
            os.write(int(sys.argv[1]), b"\x00\xff{[")
        super().write(job, source, report, cancel)

    def examine(self, job: Job) -> Found:
        return "perhaps"  # type: ignore[return-value]


class Lying(ScriptedWriter):
    """It says that all is well, and another byte stands on the medium."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        super().write(job, source, report, cancel)
        [image] = [path for path in self.settings.path.glob(".*.part") if job.volume_token in path.name]
        with image.open("r+b") as file:
            file.seek(job.length // 2)
            byte = file.read(1)
            file.seek(job.length // 2)
            file.write(bytes([byte[0] ^ 1]))


class Forking(ScriptedWriter):
    """It starts many processes and waits for none."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        for _ in range(CHILDREN):
            if os.fork() == 0:
                os.execv(SLEEP[0], SLEEP)
        super().write(job, source, report, cancel)


class Slow(ScriptedWriter):
    """It goes on and on, and tells of each byte."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        for done in range(job.length):
            cancel.check()
            report(done)
            time.sleep(0.2)


class Foreign(ScriptedWriter):
    """It was written for another version of the contract: see `cage`."""


class Printing(ScriptedWriter):
    """It prints without end."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        super().write(job, source, report, cancel)
        for _ in range(2000):
            sys.stdout.write("all is well, and here is why: " + "x" * 4096 + "\n")
        sys.stdout.flush()


class Unspeakable(BaseException):
    """Nobody can even say what it is."""

    def __str__(self) -> str:
        raise KeyboardInterrupt

    __repr__ = __str__


class Raising(ScriptedWriter):
    """It raises what no contract names."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        raise Unspeakable


class Repeating(ScriptedWriter):
    """It answers what was asked, and then again."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        super().write(job, source, report, cancel)
        threading.Thread(target=self._again, args=(job, report), daemon=True).start()

    def _again(self, job: Job, report: Report) -> None:
        if len(sys.argv) > 1 and sys.argv[1].isdigit():
            os.write(int(sys.argv[1]), b'{"done": null}')
        while True:
            time.sleep(0.01)
            report(job.length)


class Littering(ScriptedWriter):
    """It leaves a process behind that belongs to nobody."""

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        super().write(job, source, report, cancel)
        if (child := os.fork()) == 0:
            os.setsid()
            ctypes.CDLL(None).prctl(1, 0)  # not even its parent's end is its own
            subprocess.Popen(SLEEP, start_new_session=True)
            os._exit(0)
        os.waitpid(child, 0)


BEASTS: dict[str, type[ScriptedWriter]] = {
    "hanging": Hanging,
    "exiting": Exiting,
    "hungry": Hungry,
    "babbling": Babbling,
    "lying": Lying,
    "forking": Forking,
    "slow": Slow,
    "foreign": Foreign,
    "printing": Printing,
    "raising": Raising,
    "repeating": Repeating,
    "littering": Littering,
}


@hookimpl
def burnish_writers() -> Sequence[WriterSpec[Any]]:
    """Offer each by its name."""
    return [WriterSpec(name, Settings, beast) for name, beast in BEASTS.items()]
