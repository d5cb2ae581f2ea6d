"""The process that makes pieces: `python -m burnish.production.feeder <descriptor>`.

It streams recipes to its driver, compares what is read back, and records each step before the next one
begins. It outlives the server: when its wire to the station breaks it finishes the piece it has, and the
next server finds the outcome in the ledger.

Messages in:  {"data", "driver", "stall", "retries"} first; then {"make": attempt}, {"settle": attempt} or
{"look": 0}.
Messages out: {"ready": true}, or false with the "fault" and "message" of its driver; then {"ended": attempt,
"well": bool} for each attempt, where false means that the pair wants replacing, and for a look {"state": what
the driver said}, or {"state": null} with the "fault" and "message".
"""

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from burnish.contracts import DeviceState
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.errors import InvalidMove
from burnish.instances.sources import Sources
from burnish.lifeline import adopt_orphans
from burnish.production.building import Labels
from burnish.production.labelling import Labeller
from burnish.production.making import Making
from burnish.production.processes import own_identity
from burnish.production.proxy import DriverProcess, Reply
from burnish.production.wire import Wire
from burnish.requests.ledger import Claim, claim_of, sign_attempt
from burnish.requests.states import PieceState


class Feeder:
    """One driver, one piece at a time."""

    def __init__(
        self, data: Path, driver: DriverProcess, retries: int, labeller: Labeller | None = None
    ) -> None:
        self.data = data
        self.driver = driver
        self.labeller = labeller
        self.retries = retries
        self.spool = Sources(data / "spool")
        self.database = Database.open(DatabaseSettings(), data)

    def make(self, attempt: int) -> bool:
        """Make the piece of an attempt. True where the driver can go on with another."""
        return Making(self, self._claim(attempt)).run()

    def settle(self, attempt: int) -> bool:
        """Find out what became of an UNKNOWN piece, from its medium, and enter it."""
        with self.database.write() as connection:
            sign_attempt(connection, attempt, *own_identity())
        return Making(self, self._claim(attempt), PieceState.UNKNOWN).settle()

    def _claim(self, attempt: int) -> Claim:
        with self.database.read() as connection:
            return claim_of(connection, attempt)


def _serve(wire: Wire, feeder: Feeder) -> None:
    work: dict[str, Callable[[int], bool]] = {"make": feeder.make, "settle": feeder.settle}
    while (received := wire.receive()) is not None:
        [(what, attempt)] = received[0].items()
        if what == "look":
            if not _look(wire, feeder):
                return
            continue
        try:
            well = work[what](attempt)
        except InvalidMove as error:  # the piece is somebody else's by now: touch nothing of it
            print(f"attempt {attempt}: {error}", file=sys.stderr)  # noqa: T201 - stderr is the station's log
            well = False
        try:
            wire.send({"ended": attempt, "well": well})
        except OSError:
            return
        if not well:
            return


def _look(wire: Wire, feeder: Feeder) -> bool:
    """Have a look at the device and its printers; False where the pair wants replacing."""
    reply = feeder.driver.order("look")
    done = reply.done
    if reply.well and feeder.labeller:
        done = _with_printers(done, feeder.labeller.look())
    wire.send({"state": done, "fault": reply.fault, "message": reply.message})
    return not reply.lost


def _with_printers(drive: dict[str, Any], printers: Reply) -> dict[str, Any]:
    """What a drive said of itself, and what keeps its labels from being printed."""
    if printers.well:
        found: DeviceState = printers.done
    else:
        found = DeviceState(condition=printers.fault, message=printers.message)
    supplies = [*drive["supplies"], *map(asdict, found.supplies)]
    if drive["condition"] or not found.condition:
        return {**drive, "supplies": supplies}
    return {**drive, "supplies": supplies, "condition": found.condition, "message": found.message}


def main() -> None:
    """Run as a child of production, in a session of its own."""
    adopt_orphans()
    wire = Wire.inherited(int(sys.argv[1]))
    received = wire.receive()
    if received is None:
        return
    first = received[0]
    driver = DriverProcess(first["driver"], first["stall"])
    labels: Labels | None = first["driver"].get("labels")
    labeller = Labeller(labels, first["stall"]) if labels else None
    try:
        ready = driver.ready
        if ready.well and labeller and _needs_labels(labels):
            ready = labeller.start()
        wire.send({"ready": ready.well, "fault": ready.fault, "message": ready.message})
        if ready.well:
            _serve(wire, Feeder(Path(first["data"]), driver, first["retries"], labeller))
    finally:
        driver.close()
        if labeller:
            labeller.close()


def _needs_labels(labels: Labels | None) -> bool:
    """Whether no piece may leave without a label."""
    return bool(labels and any(step["unlabelled"] != "skip" for step in labels["steps"]))


if __name__ == "__main__":
    main()
