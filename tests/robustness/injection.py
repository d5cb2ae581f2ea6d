"""Faults of the disk in a running process: strace makes its n-th call fail, limits make its writes short.

strace attaches in some milliseconds; each thread counts its own calls. The call is not made,
so a return value cannot stand for a short write: that is what a limit on the size of files is for, where the
kernel itself writes what still fits.
"""

import re
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, takewhile
from pathlib import Path

_SAMPLED = (1, 2, 5, 34, 89)
_INJECTED = re.compile(r"^\d+ +(\w+)\((.*)\) = .* \(INJECTED\)$")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a process is to suffer: the n-th of these calls fails, in each of its threads."""

    calls: str
    """Names of system calls, separated by commas; each name is counted by itself."""
    error: str
    """EIO, ENOSPC, …"""
    nth: int = 1

    @property
    def rule(self) -> str:
        """As strace wants it."""
        return f"inject={self.calls}:error={self.error}:when={self.nth}"


@dataclass(slots=True)
class Suffered:
    """What it came to, complete once the tracing has ended."""

    lines: list[str] = field(default_factory=list)
    """Every one of these calls, failed or not, with the names of its files."""

    @property
    def faults(self) -> list[str]:
        """Those that were made to fail."""
        return [line for line in self.lines if _INJECTED.match(line)]


def places(exhaustive: bool) -> Iterator[int]:
    """Which call is to fail, one after the other: every one, or ever fewer."""
    return count(1) if exhaustive else iter(_SAMPLED)


@contextmanager
def suffering(process: int, fault: Fault, trace: Path, follow: bool) -> Iterator[Suffered]:
    """Let the threads that a process has now suffer; `trace` is a file to work with.

    With `follow`, threads and processes that it starts meanwhile suffer too.
    """
    command = [
        "strace",
        *(["-f"] if follow else []),
        "-y",
        "-e",
        f"trace={fault.calls}",
        "-e",
        fault.rule,
        "-e",
        "signal=none",
    ]
    threads = [path.name for path in Path(f"/proc/{process}/task").iterdir()]
    command += ["-o", str(trace), *(word for thread in threads for word in ("-p", thread))]
    suffered = Suffered()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr
        try:
            told = [strace.stderr.readline() for _ in threads]
            assert any("attached" in line for line in told), f"strace cannot attach here: {told}"
            yield suffered
        finally:
            strace.send_signal(signal.SIGINT)
            strace.stderr.read()
            strace.wait(20)
            suffered.lines += _whole(trace.read_text("utf-8", "replace").splitlines())


def _whole(lines: list[str]) -> list[str]:
    """Calls that another thread interrupted stand on two lines; the first one has the names of files."""
    begun: dict[str, str] = {}
    found = []
    for line in lines:
        thread = line.split(maxsplit=1)[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>")
        elif " resumed>" in line and thread in begun:
            found.append(begun.pop(thread) + line.partition(" resumed>")[2])
        else:
            found.append(line)
    return [*found, *begun.values()]


@contextmanager
def limited(process: int, limit: int, value: int) -> Iterator[None]:
    """Lower a resource limit of a running process for a while."""
    soft, hard = resource.prlimit(process, limit)
    resource.prlimit(process, limit, (value, hard))
    try:
        yield
    finally:
        resource.prlimit(process, limit, (soft, hard))


def descriptors(process: int) -> int:
    """How many files, pipes and sockets a process has open: the limit that leaves it none is one of these."""
    used = {int(path.name) for path in Path(f"/proc/{process}/fd").iterdir()}
    return len(list(takewhile(lambda number: number in used, count())))


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system of its own, of so many MiB. Raises CalledProcessError where none can be mounted."""
    options = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "burnish-test", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path, leave: int = 0) -> Iterator[None]:
    """The file system under `folder` is full but for `leave` bytes, for a while."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 12)):
                pass
        except OSError:
            pass
        file.truncate(max(0, file.tell() - leave))
    try:
        yield
    finally:
        filler.unlink(missing_ok=True)
