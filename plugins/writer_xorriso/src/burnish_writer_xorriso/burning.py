"""One run of `xorriso -as cdrecord`: the image goes in at its standard input, what it says is read meanwhile.

The first mebibyte waits in the pipe before xorriso is started, so that an image that never comes costs no
disc, and so that it is known how fast the image comes.

xorriso ends with this process (`setpriv --pdeathsig`): it shuts its drive down properly then, and never burns
on for nobody. What it prints is read for progress, and at the end for why it failed.

Units: bytes and seconds.
"""

import os
import re
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from burnish.contracts import Cancel, Report
from burnish.errors import Cancelled, DeviceFault, FaultKind

from burnish_writer_xorriso.faults import is_severe, of_output
from burnish_writer_xorriso.feeding import Feed

_LINES: Final = 400
"""Kept of what xorriso complains of: the first ones tell the cause, the others what follows from it."""
_LONGEST: Final = 64 << 10
"""Bytes of a line at most."""
_UPDATE: Final = re.compile(r"UPDATE :\s+(\d+)(?: of\s+\d+)? MB written")
_PREFIX: Final = re.compile(r"^[A-Z]:\d+: ")
"""Of a line with `-pkt_output on`: channel, and whether it ends with a newline."""
_BEGINS: Final = re.compile(r"Beginning to (write|format|blank)|[Ff]ormatting")
_WELL: Final = "completed successfully"
_CLOSING: Final = "Closing track/session"
_REST_SECONDS: Final = 20.0
"""Between its last word and its end."""


class Patience:
    """How long may pass without any progress."""

    def __init__(self, stall: float, finish: float) -> None:
        self._stall, self._finish = stall, finish
        self._since = time.monotonic()
        self._last: tuple[int, ...] = ()

    def progress(self, *marks: int) -> None:
        """Any mark that changed is progress."""
        if marks != self._last:
            self._last, self._since = marks, time.monotonic()

    def wait(self) -> None:
        """It is not the drive that is waited for."""
        self._since = time.monotonic()

    def over(self, *, finishing: bool) -> bool:
        """Whether the drive counts as broken."""
        return time.monotonic() - self._since > (self._finish if finishing else self._stall)


class Burn:
    """A running xorriso."""

    def __init__(self, argv: Sequence[str], feed: Feed, patience: Patience) -> None:
        self._feed = feed
        self._patience = patience
        self._lines: list[str] = []
        self._last = "it said nothing"
        self._well = False
        self._rest = b""
        self._written = 0
        self._closing = False
        self.touched = False
        """Whether a byte may be on the medium."""
        self._child = _start(argv, feed)
        assert self._child.stdout is not None  # noqa: S101 - it was asked for
        self._output = self._child.stdout
        os.set_blocking(self._output.fileno(), False)

    def run(self, report: Report, cancel: Cancel) -> None:
        """Burn to the end. Raises Cancelled and DeviceFault."""
        try:
            self._work(report, cancel)
        except BaseException:
            self._child.terminate()
            raise
        finally:
            self._feed.close()
            self._let_it_end()
            self._output.close()
        self._judge()
        report(self._feed.pump.done)

    def _work(self, report: Report, cancel: Cancel) -> None:
        told = 0
        while self._listen():
            self._feed.pour()
            self._feed.demand_whole()
            if cancel:
                self._stop_or_deny(cancel)
            if (done := min(self._written, self._feed.pump.done)) > told:
                report(told := done)
            self._watch()

    def _watch(self) -> None:
        """Raise DRIVE_FAULT where nothing goes on."""
        pump = self._feed.pump
        self._patience.progress(self._written, pump.done, self._closing)
        if pump.starved and pump.left:
            self._patience.wait()
        if self._patience.over(finishing=not self._written or not pump.left):
            message = f"the drive has come to a standstill: {self._last}"
            raise DeviceFault(FaultKind.DRIVE_FAULT, message)

    def _stop_or_deny(self, cancel: Cancel) -> None:
        pump = self._feed.pump
        all_written = not pump.left and self.touched and self._written >= pump.done >> 20 << 20
        if not self._closing and not all_written:
            raise Cancelled("stopped on request")
        cancel.deny("the disc is being closed")

    def _listen(self) -> bool:
        """Wait a moment for what it says; whether there may be more."""
        self._feed.wait([self._output.fileno()])
        data = self._output.read()
        *lines, self._rest = (self._rest + (data or b"")).split(b"\n")
        for line in lines:
            self._hear(_PREFIX.sub("", line.decode("utf-8", "replace")).strip())
        self._rest = self._rest[-_LONGEST:]
        return data != b""

    def _hear(self, line: str) -> None:
        if update := _UPDATE.search(line):
            self._written = max(self._written, int(update[1]) << 20)
        self.touched = self.touched or update is not None or bool(_BEGINS.search(line))
        self._closing = self._closing or _CLOSING in line
        self._well = self._well or _WELL in line
        self._last = line or self._last
        if is_severe(line) and len(self._lines) < _LINES:
            self._lines.append(line)

    def _let_it_end(self) -> None:
        """Hear it out. A drive that was told to stop needs its time; one that takes longer is broken."""
        self._patience.wait()
        while (talking := self._listen()) and not self._patience.over(finishing=True):
            pass
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(0 if talking else _REST_SECONDS)
        self._child.kill()  # does nothing to one that has ended
        if self._child.wait() < 0:
            self.touched = True  # what it had to say may be lost

    def _judge(self) -> None:
        """Raise why it failed, where it did."""
        if self._child.returncode or not self._well or self._feed.pump.left:
            kind, means = of_output(self._lines, self._child.returncode)
            raise DeviceFault(kind, means)


def _start(argv: Sequence[str], feed: Feed) -> subprocess.Popen[bytes]:
    """Start it, to be told SIGTERM when the thread that calls this is no more."""
    reading = feed.hand_over()
    try:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *argv],
            stdin=reading,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={**os.environ, "LC_ALL": "C"},
        )
    finally:
        os.close(reading)
