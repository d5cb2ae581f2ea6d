"""The process that makes pieces: `python -m burnish.production.feeder <descriptor>`.

It streams recipes to its driver, compares what is read back, and records each step before the next one
begins. It outlives the server: when its wire to the station breaks it finishes the piece it has, and the
next server finds the outcome in the ledger.

Messages in:  {"data", "driver", "stall", "retries"} first; then {"make": attempt} or {"settle": attempt}.
Messages out: {"ready": true}, then {"ended": attempt, "well": bool} for each; false means that the pair
wants replacing.
"""

import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from burnish.contracts import Found
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.errors import Cancelled, FaultKind, InvalidMove, Mismatch, SourceDamaged
from burnish.instances.sources import Sources
from burnish.production.outcome import settle_fault, settle_stop
from burnish.production.processes import own_identity
from burnish.production.proxy import DriverProcess, Reply
from burnish.production.wire import Wire
from burnish.recipe import Recipe, compare, load_recipe, pour
from burnish.requests.ledger import (
    Claim,
    abandon_request,
    claim_of,
    deliver,
    give_back,
    intend,
    move_piece,
    note_fault,
    noted_fault,
    piece_row,
    refuse_cancel,
    sign_attempt,
    spoil,
)
from burnish.requests.states import PieceState
from burnish.requests.store import request_row
from burnish.terms import DimseStatus, StatusInfo

_PIPE = 1 << 20


def plan_path(data: Path, volume_token: str) -> Path:
    """Where the recipe of a volume lies."""
    return data / "plans" / f"{volume_token}.recipe"


class Feeder:
    """One driver, one piece at a time."""

    def __init__(self, data: Path, driver: DriverProcess, retries: int) -> None:
        self.data = data
        self.driver = driver
        self.retries = retries
        self.spool = Sources(data / "spool")
        self.database = Database.open(DatabaseSettings(), data)

    def make(self, attempt: int) -> bool:
        """Make the piece of an attempt. True where the driver can go on with another."""
        claim = self._claim(attempt)
        return self._guarded(claim, _Making(self, claim).run)

    def settle(self, attempt: int) -> bool:
        """Find out what became of an UNKNOWN piece, from its medium, and enter it."""
        claim = self._claim(attempt)
        with self.database.write() as connection:
            sign_attempt(connection, attempt, *own_identity())
        reply = self.driver.order("examine", claim.job)
        if not reply.well:
            return False
        found = Found(reply.done)
        if found is not Found.UNTOUCHED:
            return self._guarded(claim, lambda: _Making(self, claim).settle(found))
        self._return_untouched(claim)
        return True

    def _return_untouched(self, claim: Claim) -> None:
        """A driver that died is counted, so that it is not asked for ever; a feeder that died is not."""
        with self.database.write() as connection:
            fault, message = noted_fault(connection, claim.attempt)
            if fault:
                kind = FaultKind(fault)
                settle_fault(
                    connection,
                    claim,
                    PieceState.UNKNOWN,
                    kind,
                    message,
                    touched=False,
                    retries=self.retries,
                )
            else:
                message = "nothing had been written"
                give_back(connection, claim, PieceState.UNKNOWN, fault=None, message=message)

    def _claim(self, attempt: int) -> Claim:
        with self.database.read() as connection:
            return claim_of(connection, attempt)

    def _guarded(self, claim: Claim, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except SourceDamaged as error:
            self._give_up(claim, str(error))
            return False

    def _give_up(self, claim: Claim, message: str) -> None:
        """The instances themselves are damaged: no medium can mend that."""
        self.driver.order("reject", claim.job)
        with self.database.write() as connection:
            state = PieceState(piece_row(connection, claim.piece).state)
            spoil(connection, claim, state, fault="SOURCE_DAMAGED", message=message, retries=0)
            abandon_request(connection, claim.request, StatusInfo.PROC_FAILURE, message)


class _Making:
    """One piece on its way from claimed to delivered."""

    def __init__(self, feeder: Feeder, claim: Claim) -> None:
        self._feeder = feeder
        self._claim = claim
        self._database = feeder.database
        self._driver = feeder.driver
        self._state = PieceState.CLAIMED
        self._told = False
        self._recipe: Recipe

    def run(self) -> bool:
        try:
            self._recipe = load_recipe(plan_path(self._feeder.data, self._claim.job.volume_token))
        except SourceDamaged as error:
            return self._without_plan(str(error))
        if not self._intend():
            return True
        reply = self._write()
        if not reply.well:
            return self._failed(reply)
        self._move(PieceState.WRITTEN)
        return self._prove_and_deliver()

    def settle(self, found: Found) -> bool:
        """Prove a whole medium or reject a partial one."""
        self._state = PieceState.UNKNOWN
        if found is Found.PARTIAL:
            return self._reject(FaultKind.MEDIA_DEFECT, "the work was cut off while the medium was written")
        self._recipe = load_recipe(plan_path(self._feeder.data, self._claim.job.volume_token))
        return self._prove_and_deliver()

    def _without_plan(self, message: str) -> bool:
        with self._database.write() as connection:
            settle_fault(
                connection, self._claim, self._state, FaultKind.BAD_REQUEST, message, touched=False, retries=0
            )
        return True

    def _intend(self) -> bool:
        with self._database.write() as connection:
            going = intend(connection, self._claim, *own_identity())
        if going:
            self._state = PieceState.INTENT
        return going

    def _write(self) -> Reply:
        reading, writing = _pipe()

        def work() -> None:
            try:
                pour(self._recipe, self._feeder.spool.open, writing)
            finally:
                os.close(writing)

        return self._driver.order("write", self._claim.job, reading, work, self._look)

    def _prove_and_deliver(self) -> bool:
        try:
            reply = self._read_back()
        except Mismatch as error:
            self._check_sources()
            return self._reject(FaultKind.MEDIA_DEFECT, f"read-back: {error}")
        except Cancelled:
            return self._reject(None, "")
        if not reply.well:
            return self._failed(reply)
        self._move(PieceState.PROVEN)
        reply = self._driver.order("accept", self._claim.job)
        if not reply.well:
            return self._failed(reply)
        with self._database.write() as connection:
            deliver(connection, self._claim, self._state, str(reply.done), "host")
        return True

    def _read_back(self) -> Reply:
        reading, writing = _pipe()

        def stop(_: int) -> None:
            if self._told:
                raise Cancelled("stopped on request")

        def work() -> None:
            try:
                compare(self._recipe, reading, stop)
            finally:
                os.close(reading)

        return self._driver.order("read_back", self._claim.job, writing, work, self._look)

    def _check_sources(self) -> None:
        """Raises SourceDamaged where it is the spool that has changed, not the medium that is bad."""
        for key, source in self._recipe.sources.items():
            self._feeder.spool.check(key, source.length, source.digest)

    def _look(self) -> None:
        """Pass a wish to cancel on, or say that this device cannot be stopped."""
        with self._database.read() as connection:
            asked = request_row(connection, self._claim.request).cancel_asked
        if not asked or self._told:
            return
        if self._driver.interruptible:
            self._told = True
            self._driver.cancel()
        else:
            with self._database.write() as connection:
                refuse_cancel(connection, self._claim.request, DimseStatus.CANCEL_IN_PROGRESS)

    def _move(self, target: PieceState) -> None:
        with self._database.write() as connection:
            move_piece(connection, self._claim.piece, self._state, target)
        self._state = target

    def _failed(self, reply: Reply) -> bool:
        """The driver did not do it: was the medium touched?"""
        if reply.lost and reply.fault:  # nobody can say; the station has the next pair ask the medium
            with self._database.write() as connection:
                note_fault(connection, self._claim.attempt, reply.fault, reply.message)
            return False
        found = self._driver.order("examine", self._claim.job)
        if not found.well:
            return False
        if found.done != Found.UNTOUCHED or self._state is not PieceState.INTENT:
            return self._reject(reply.fault, reply.message)
        with self._database.write() as connection:
            self._enter(connection, reply.fault, reply.message, touched=False)
        return True

    def _reject(self, kind: FaultKind | None, message: str) -> bool:
        if not self._driver.order("reject", self._claim.job).well:
            return False
        with self._database.write() as connection:
            self._enter(connection, kind, message, touched=True)
        return True

    def _enter(self, connection: Connection, kind: FaultKind | None, message: str, *, touched: bool) -> None:
        """Enter what went wrong; without a kind, somebody wanted it stopped."""
        claim, state, retries = self._claim, self._state, self._feeder.retries
        if kind is None:
            settle_stop(connection, claim, state, touched=touched, retries=retries)
        else:
            settle_fault(connection, claim, state, kind, message, touched=touched, retries=retries)


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)
    return reading, writing


def _serve(wire: Wire, feeder: Feeder) -> None:
    work: dict[str, Callable[[int], bool]] = {"make": feeder.make, "settle": feeder.settle}
    while (received := wire.receive()) is not None:
        [(what, attempt)] = received[0].items()
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


def main() -> None:
    """Run as a child of production, in a session of its own."""
    wire = Wire.inherited(int(sys.argv[1]))
    received = wire.receive()
    if received is None:
        return
    first = received[0]
    driver = DriverProcess(first["driver"], first["stall"])
    try:
        feeder = Feeder(Path(first["data"]), driver, first["retries"])
        wire.send({"ready": driver.ready.well, "message": driver.ready.message})
        if driver.ready.well:
            _serve(wire, feeder)
    finally:
        driver.close()


if __name__ == "__main__":
    main()
