"""A feeder with its driver, as a station sees them: started, told what to make, let go."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from burnish.contracts import DeviceState
from burnish.database import Database
from burnish.errors import DeviceFault, FaultKind
from burnish.orders.settings import QueueSettings
from burnish.production.building import Introduction
from burnish.production.settings import WriterSettings
from burnish.production.wire import Wire
from burnish.requests.waits import Wait

_LOG_SIZE: Final = 1 << 20
"""Bytes from which on a station's log is put aside."""
_GONE: Final = "its process ended; the station's log says why"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a station works with."""

    database: Database
    data: Path
    folder: Path
    """Where relative paths of a driver's settings begin."""
    retries: int
    limits: Mapping[Wait, timedelta] = field(default_factory=lambda: limits_of(QueueSettings()))


def limits_of(queue: QueueSettings) -> Mapping[Wait, timedelta]:
    """How long a request may wait for each thing."""
    return {
        Wait.SUPPLIES: queue.supplies_timeout,
        Wait.DRAINED: queue.supplies_timeout,
        Wait.CONDITION: queue.supplies_timeout,
        Wait.OFFLINE: queue.offline_timeout,
        Wait.STRANDED: queue.offline_timeout,
    }


def _turn_over(log: Path) -> None:
    """Keep what drivers print from filling a disk: one log and the one before."""
    if log.exists() and log.stat().st_size > _LOG_SIZE:
        log.replace(log.with_suffix(".log.1"))


class Pair:
    """Two processes in a session of their own, ready to make pieces."""

    def __init__(self, bench: Bench, introduction: Introduction, settings: WriterSettings, log: Path) -> None:
        ours, theirs = Wire.pair()
        self._wire = Wire(ours)
        command = [sys.executable, "-m", "burnish.production.feeder", str(theirs.fileno())]
        _turn_over(log)
        with theirs, log.open("ab") as sink:
            self.process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )
        stall = settings.stall_timeout.total_seconds()
        first = {
            "data": str(bench.data),
            "driver": dict(introduction),
            "stall": stall,
            "retries": bench.retries,
        }
        self._wire.send(first)

    def await_ready(self) -> None:
        """Wait until its driver has its device. Raises DeviceFault where it never will."""
        received = self._wire.receive()
        if received is None:
            raise DeviceFault(FaultKind.DRIVER_FAULT, _GONE)
        if not received[0].get("ready"):
            kind = FaultKind(received[0].get("fault") or FaultKind.DRIVER_FAULT)
            raise DeviceFault(kind, str(received[0].get("message")))

    def do(self, what: str, attempt: int) -> bool:
        """Have an attempt made or settled; False where the pair is of no use any more."""
        try:
            self._wire.send({what: attempt})
        except OSError:
            return False
        received = self._wire.receive()
        return bool(received and received[0].get("well"))

    def look(self) -> DeviceState:
        """Have the device looked at. Raises DeviceFault."""
        try:
            self._wire.send({"look": 0})
        except OSError:
            raise DeviceFault(FaultKind.DRIVER_FAULT, _GONE) from None
        received = self._wire.receive()
        if received is None:
            raise DeviceFault(FaultKind.DRIVER_FAULT, _GONE)
        said = received[0]
        if said.get("state") is None:
            raise DeviceFault(FaultKind(said["fault"]), str(said["message"]))
        try:
            return DeviceState.from_json(said["state"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DeviceFault(FaultKind.DRIVER_FAULT, f"its look is none: {error!r}") from error

    def end(self) -> None:
        """Let it go: it ends by itself when its wire closes."""
        self._wire.close()
        self.process.wait()
