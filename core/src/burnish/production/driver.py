"""The process that runs a plugin's driver: `python -m burnish.production.driver <descriptor>`.

It learns on its wire which plugin to load and what to do. It never sees a path of the spool, the database
or what a read-back is compared with. When the feeder goes away, it ends at once.

Messages in:  {"plugin", "writer", "settings"} first; then {"do": write | read_back | examine | accept |
reject, "job"} and, at any time, {"cancel": true}.
Messages out: {"ready": {...}} once it has its device, else {"fault": kind, "message"}; then {"progress":
bytes}, {"denied": why it does not stop}, and at the end of each order {"done": value}, {"fault": kind,
"message"} or {"cancelled": true}.
"""

import os
import queue
import sys
import threading
from typing import Any, BinaryIO, cast

from burnish.contracts import Cancel, Job, Writer
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.lifeline import die_with_parent
from burnish.production.wire import Wire
from burnish.registry import Registry

_REPORT_STEP = 4 << 20
"""Bytes between two progress messages."""
Order = tuple[dict[str, Any], int | None]


class _Host:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._cancel = threading.Event()

    def run(self) -> None:
        """Introduce the driver, then do as told until the feeder goes."""
        first = self._wire.receive()
        if first is None:
            return
        writer = _build(first[0])
        try:
            with writer:
                self._wire.send({"ready": {"interruptible": writer.capabilities.interruptible}})
                threading.Thread(target=self._listen, daemon=True).start()
                self._serve(writer)
        except DeviceFault as fault:  # it cannot take its device
            self._wire.send({"fault": fault.kind, "message": str(fault)})

    def _serve(self, writer: Writer) -> None:
        while True:
            self._carry_out(writer, *self._orders.get())

    def _listen(self) -> None:
        while (received := self._wire.receive()) is not None:
            if received[0].get("cancel"):
                self._cancel.set()
            else:
                self._cancel.clear()
                self._orders.put(received)
        os._exit(0)

    def _carry_out(self, writer: Writer, order: dict[str, Any], descriptor: int | None) -> None:
        try:
            done = self._do(writer, order["do"], Job.from_json(order["job"]), descriptor)
        except Cancelled:
            answer: dict[str, Any] = {"cancelled": True}
        except DeviceFault as fault:
            answer = {"fault": fault.kind, "message": str(fault)}
        except Exception as error:  # noqa: BLE001 - whatever a driver raises besides is its own fault
            answer = {"fault": FaultKind.DRIVER_FAULT, "message": f"{type(error).__name__}: {error}"[:2000]}
        else:
            answer = {"done": done}
        self._wire.send(answer)

    def _do(self, writer: Writer, what: str, job: Job, descriptor: int | None) -> Any:
        match what:
            case "write":
                with _stream(descriptor, "rb") as source:
                    writer.write(job, source, self._reporter(), Cancel(self._cancel.is_set, self._deny))
            case "read_back":
                with _stream(descriptor, "wb") as sink:
                    writer.read_back(job, sink, self._reporter())
            case "examine":
                return writer.examine(job)
            case "accept":
                return writer.accept(job)
            case "reject":
                writer.reject(job)
        return None

    def _deny(self, reason: str) -> None:
        self._cancel.clear()
        self._wire.send({"denied": reason[:2000]})

    def _reporter(self) -> Any:
        told = 0

        def report(done: int) -> None:
            nonlocal told
            if done - told >= _REPORT_STEP:
                told = done
                self._wire.send({"progress": done})

        return report


def _stream(descriptor: int | None, mode: str) -> BinaryIO:
    if descriptor is None:
        raise DeviceFault(FaultKind.DRIVER_FAULT, "the feeder gave no descriptor")
    return cast("BinaryIO", open(descriptor, mode, buffering=0))


def _build(introduction: dict[str, Any]) -> Writer:
    registry = Registry.load([introduction["plugin"]])
    for error in registry.broken.values():
        raise error
    return registry.writers[introduction["writer"]].make(introduction["settings"])


def main() -> None:
    """Run as a child of a feeder. What a driver prints goes to the station's log, not to a peer."""
    die_with_parent()  # one that went on would write to a device that the next feeder asks about
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _Host(Wire.inherited(int(sys.argv[1]))).run()


if __name__ == "__main__":
    main()
