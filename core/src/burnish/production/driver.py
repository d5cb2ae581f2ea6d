"""The process that runs a plugin's driver: `python -m burnish.production.driver <descriptor>`.

It learns on its wire which plugin to load and what to do. It never sees a path of the spool, the database
or what a read-back is compared with. When the feeder goes away, it ends at once.

Messages in:  the introduction first (`burnish.production.building`); then {"do": look | prepare | write |
read_back | examine | accept | reject, "job", "number"} and, at any time, {"cancel": true}.
Messages out: {"ready": {...}} once it has its device, else {"fault": kind, "message"}; then, each with the
number of its order, {"progress": bytes}, {"denied": why it does not stop}, and at the end of the order
{"done": value}, {"fault": kind, "message", "shared"} or {"cancelled": true}.
"""

import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol, Self, cast

from burnish.contracts import Cancel, Job, Report
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.lifeline import die_with_parent
from burnish.production.building import Introduction, build, limit_memory
from burnish.production.wire import Wire

_REPORT_STEP = 4 << 20
"""Bytes between two progress messages, and"""
_REPORT_SECONDS = 0.5
"""seconds, whichever comes first."""
_WORDS = 2000
"""Characters of a message at most."""
Order = tuple[dict[str, Any], int | None]


class Role(Protocol):
    """What a driver's process does for a living."""

    def __enter__(self) -> Self:
        """Take the device. Raises DeviceFault."""

    def __exit__(self, *exc_info: object) -> None:
        """Give it back."""

    @property
    def able(self) -> dict[str, Any]:
        """What its feeder has to know of it."""

    def do(self, order: dict[str, Any], descriptor: int | None, host: "Host") -> Any:
        """Carry an order out. Raises DeviceFault, Cancelled, or anything, which is the driver's fault."""


class Host:
    """Hears orders, has them carried out, and answers."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._cancel = threading.Event()
        self._number = 0
        """Of the order that is being carried out."""

    def run(self, role: Callable[[Any], Role]) -> None:
        """Introduce the driver, then do as told until the feeder goes."""
        first = self._wire.receive()
        if first is None:
            return
        introduction = first[0]
        limit_memory(introduction["memory"])
        try:
            with role(introduction) as driver:
                self._wire.send({"ready": driver.able})
                threading.Thread(target=self._listen, daemon=True).start()
                while True:
                    self._carry_out(driver, *self._orders.get())
        except DeviceFault as fault:  # it cannot take its device
            self._wire.send(_told(fault))

    def _listen(self) -> None:
        while (received := self._wire.receive()) is not None:
            if received[0].get("cancel"):
                self._cancel.set()
            else:
                self._cancel.clear()
                self._orders.put(received)
        os._exit(0)

    def _carry_out(self, driver: Role, order: dict[str, Any], descriptor: int | None) -> None:
        try:
            self._number = order["number"]
            done = driver.do(order, descriptor, self)
        except Cancelled:
            answer: dict[str, Any] = {"cancelled": True}
        except DeviceFault as fault:
            answer = _told(fault)
        except Exception as error:  # noqa: BLE001 - whatever a driver raises besides is its own fault
            answer = _told(DeviceFault(FaultKind.DRIVER_FAULT, f"{type(error).__name__}: {error}"))
        else:
            answer = {"done": done}
        self._send(answer)

    def cancel(self) -> Cancel:
        """The token of the order at hand."""
        return Cancel(self._cancel.is_set, self._deny)

    def _deny(self, reason: str) -> None:
        self._cancel.clear()
        self._send({"denied": reason[:_WORDS]})

    def _send(self, message: dict[str, Any]) -> None:
        self._wire.send({**message, "number": self._number})

    def reporter(self) -> Report:
        """What a driver tells its progress to."""
        told, when = 0, time.monotonic()

        def report(done: int) -> None:
            nonlocal told, when
            if done - told >= _REPORT_STEP or time.monotonic() - when >= _REPORT_SECONDS:
                told, when = done, time.monotonic()
                self._send({"progress": done})

        return report


class WriterRole:
    """A writer, with the robot that serves it."""

    def __init__(self, introduction: Introduction) -> None:
        self._writer = build(introduction)

    def __enter__(self) -> Self:
        """Take the device."""
        self._writer.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Give it back."""
        self._writer.__exit__(*exc_info)

    @property
    def able(self) -> dict[str, Any]:
        """How it takes what it is to write, and whether it can be stopped."""
        able = self._writer.capabilities
        return {"interruptible": able.interruptible, "takes": able.takes}

    def do(self, order: dict[str, Any], descriptor: int | None, host: Host) -> Any:
        """One of the orders of the module."""
        writer = self._writer
        if order["do"] == "look":
            return writer.look().to_json()
        job = Job.from_json(order["job"])
        match order["do"]:
            case "prepare":
                writer.prepare(job, host.cancel())
            case "write":
                with stream(descriptor, "rb") as source:
                    writer.write(job, source, host.reporter(), host.cancel())
            case "read_back":
                with stream(descriptor, "wb") as sink:
                    writer.read_back(job, sink, host.reporter())
            case "examine":
                return writer.examine(job)
            case "accept":
                return writer.accept(job)
            case "reject":
                writer.reject(job)
        return None


def stream(descriptor: int | None, mode: str) -> BinaryIO:
    """What came with an order. Raises DeviceFault where nothing did."""
    if descriptor is None:
        raise DeviceFault(FaultKind.DRIVER_FAULT, "the feeder gave no descriptor")
    return cast("BinaryIO", open(descriptor, mode, buffering=0))


def _told(fault: DeviceFault) -> dict[str, Any]:
    return {"fault": fault.kind, "message": str(fault)[:_WORDS], "shared": fault.shared}


def main() -> None:
    """Run as a child of a feeder."""
    host(WriterRole)


def host(role: Callable[[Any], Role]) -> None:
    """Be a driver's process. What a driver prints goes to the station's log, not to a peer."""
    die_with_parent()  # one that went on would write to a device that the next feeder asks about
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    Host(Wire.inherited(int(sys.argv[1]))).run(role)


if __name__ == "__main__":
    main()
