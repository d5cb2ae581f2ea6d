"""A driver's process as the feeder sees it: orders go in, a reply comes out, whatever happens."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from burnish.contracts import Job, Takes
from burnish.errors import FaultKind
from burnish.lifeline import end_orphans
from burnish.production.wire import Wire

_TICK = 0.1
"""Seconds between looks at the clock and at whether somebody wants the work stopped."""
_PRINTED = 1 << 16
"""Bytes kept of what one driver prints in its life."""
_GRACE = 20.0
"""Seconds a driver has at least to load its plugin and take its device."""


@dataclass(frozen=True, slots=True)
class Reply:
    """How an order ended."""

    done: Any = None
    fault: FaultKind | None = None
    message: str = ""
    cancelled: bool = False
    shared: bool = False
    """Whether the fault is of what all drives of the station share."""
    lost: bool = False
    """The driver's process is gone, or was killed because it hung or talked nonsense."""

    @property
    def well(self) -> bool:
        """Whether it was carried out."""
        return self.fault is None and not self.cancelled


def _lost(message: str) -> Reply:
    return Reply(fault=FaultKind.DRIVER_FAULT, message=message, lost=True)


class Watch:
    """Who watches an order while it is carried out. This one does nothing."""

    def tick(self) -> None:
        """Some times a second."""

    def denied(self, reason: str) -> None:
        """The driver says why it does not stop though it was asked to."""

    def progress(self, done: int) -> None:
        """Bytes so far."""


IDLE: Final = Watch()


class DriverProcess:
    """One child process that runs one driver."""

    def __init__(
        self, introduction: dict[str, Any], stall: float, program: str = "burnish.production.driver"
    ) -> None:
        ours, theirs = Wire.pair()
        self._stall = stall
        self._number = 0
        """Of the last order: what a driver says of another is not listened to."""
        self._wire = Wire(ours)
        command = [sys.executable, "-m", program, str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=introduction["folder"],
                process_group=0,
            )
        threading.Thread(target=self._keep_log, daemon=True).start()
        self.able: dict[str, Any] = {}
        """What it said of itself when it was introduced."""
        self.interruptible = False
        self.takes_files = False
        self.ready = self._introduce(introduction)
        """How the introduction ended; a driver that is not well takes no orders."""

    def _keep_log(self) -> None:
        """Pass on what it prints, to our own stderr; one that prints without end does not fill a disk."""
        assert self._process.stderr  # noqa: S101 - it was asked for
        kept = 0
        with self._process.stderr as said:
            while data := os.read(said.fileno(), _PRINTED):
                os.write(sys.stderr.fileno(), data[: max(0, _PRINTED - kept)])
                kept += len(data)

    def _introduce(self, introduction: dict[str, Any]) -> Reply:
        """Have it load its plugin and take its device."""
        try:
            self._wire.send(introduction)
            received = self._wire.receive(max(_GRACE, self._stall))
        except (OSError, ValueError) as error:
            return self._kill(f"the driver did not start: {error}")
        if received is None:
            return self._kill("the driver did not start; its log says why")
        if "ready" not in received[0]:
            self.close()
            return _reply(received[0])
        able = self.able = received[0]["ready"]
        self.interruptible = bool(able.get("interruptible"))
        self.takes_files = able.get("takes") == Takes.FILES
        return Reply()

    def order(
        self,
        what: str,
        job: Job | None = None,
        descriptor: int | None = None,
        work: Callable[[], None] = lambda: None,
        watch: Watch = IDLE,
        **more: Any,
    ) -> Reply:
        """Have the driver do `what`, doing `work` here meanwhile; closes `descriptor`. `more`: plain values
        that it is told besides.

        Errors of `work` pass through once the driver has replied.
        """
        self._number += 1
        try:
            told = {"do": what, "job": job.to_json() if job else None, "number": self._number, **more}
            self._wire.send(told, descriptor)
        except OSError:
            return self._kill("the driver's process is gone")
        finally:
            if descriptor is not None:
                os.close(descriptor)
        return self._both(work, watch)

    def _both(self, work: Callable[[], None], watch: Watch) -> Reply:
        replies: list[Reply] = []
        waiter = threading.Thread(target=lambda: replies.append(self._await(watch)))
        waiter.start()
        try:
            with suppress(BrokenPipeError):  # the driver stopped reading; its reply says why
                work()
        finally:
            waiter.join()
        return replies[0]

    def _await(self, watch: Watch) -> Reply:
        heard = time.monotonic()
        while True:
            try:
                received = self._wire.receive(_TICK)
            except TimeoutError:
                if time.monotonic() - heard > self._stall:
                    return self._kill(f"the driver was silent for {self._stall:g} s")
                watch.tick()
                continue
            except ValueError:
                return self._kill("the driver talked nonsense")
            if received is None:
                return self._kill("the driver's process ended")
            message, descriptor = received
            if descriptor is not None:  # no driver is asked for one
                os.close(descriptor)
            if message.get("number") != self._number:
                return self._kill("the driver talked of an order that it was not given")
            heard = time.monotonic()
            if "denied" in message:
                watch.denied(str(message["denied"]))
            elif "progress" in message:
                watch.progress(_count(message["progress"]))
            else:
                return _reply(message)

    def cancel(self) -> None:
        """Tell the driver that somebody wants its work stopped."""
        with suppress(OSError):
            self._wire.send({"cancel": True})

    def _kill(self, message: str) -> Reply:
        self.close()
        return _lost(message)

    def close(self) -> None:
        """End the process and what it has started, whatever state they are in."""
        self._wire.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        end_orphans()


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _reply(message: dict[str, Any]) -> Reply:
    if "done" in message:
        return Reply(done=message["done"])
    if message.get("cancelled"):
        return Reply(cancelled=True)
    try:
        kind = FaultKind(message.get("fault", ""))
        return Reply(
            fault=kind, message=str(message.get("message", "")), shared=message.get("shared") is True
        )
    except ValueError:
        return Reply(fault=FaultKind.DRIVER_FAULT, message=f"the driver said {str(message)[:200]}")
