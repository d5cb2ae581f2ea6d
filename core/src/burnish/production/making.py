"""One piece on its way from claimed to delivered: each step is recorded before the next one begins."""

import fcntl
import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from burnish.contracts import Found
from burnish.database import Database
from burnish.errors import Cancelled, FaultKind, Mismatch, SourceDamaged
from burnish.instances.sources import Sources
from burnish.production import roster
from burnish.production.faults import POLICIES, Action, Blank
from burnish.production.labelling import Labeller, Labelling
from burnish.production.outcome import CUT_OFF, SOURCE_DAMAGED, leave_unknown, settle
from burnish.production.processes import own_identity
from burnish.production.proxy import DriverProcess, Reply, Watch
from burnish.recipe import Recipe, compare, files_of, load_recipe, pour
from burnish.requests.ledger import (
    Claim,
    deliver,
    enter_progress,
    intend,
    is_to_end,
    move_piece,
    note_fault,
    noted_fault,
    piece_row,
    refuse_cancel,
    sign_attempt,
)
from burnish.requests.states import LIVE, PieceState
from burnish.requests.store import request_row
from burnish.terms import DimseStatus

_PIPE = 1 << 20
_PROGRESS_SECONDS = 1.0
"""Between two entries of how far a piece is."""
_GONE = "its medium is not in the device any more: look for it in the output bin and the reject bin"


def plan_path(data: Path, volume_token: str) -> Path:
    """Where the recipe of a volume lies."""
    return data / "plans" / f"{volume_token}.recipe"


class Kitchen(Protocol):
    """What a feeder lends to each making."""

    data: Path
    driver: DriverProcess
    retries: int
    spool: Sources
    database: Database
    labeller: Labeller | None


class Making(Watch):
    """One attempt. `run` and `settle` say whether the pair of processes can go on with another."""

    def __init__(self, kitchen: Kitchen, claim: Claim, state: PieceState = PieceState.CLAIMED) -> None:
        self._claim = claim
        self._state = state
        self._data, self._spool, self._retries = kitchen.data, kitchen.spool, kitchen.retries
        self._database = kitchen.database
        self._driver = kitchen.driver
        self._labeller = kitchen.labeller
        self._labels = Labelling(self._labeller, self._database, claim) if self._labeller else None
        self._told = False
        self._reached = 0
        self._entered = 0
        """Bytes that the driver has told of, and those that stand in the ledger."""
        self._looked = 0.0
        self._job = claim.job
        self._recipe: Recipe

    def run(self) -> bool:
        """Make the piece."""
        try:
            self._recipe = self._plan()
        except SourceDamaged as error:
            return self._enter(FaultKind.BAD_REQUEST, str(error), touched=False)
        self._sign()
        reply = self._prepare()
        if not reply.well:
            return self._not_begun(reply)
        if not self._intend():
            return True
        try:
            reply = self._write()
            if not reply.well:
                return self._failed(reply)
            self._move(PieceState.WRITTEN)
            return self._prove_and_deliver()
        except SourceDamaged as error:
            return self._damaged(error)

    def settle(self) -> bool:
        """Find out what became of an UNKNOWN piece: prove a whole medium, reject a touched one."""
        hindrance = self._labels.hindrance() if self._labels else Reply()
        if not hindrance.well and not self._is_to_end():
            return self._left_unknown(hindrance)  # its medium is left in peace
        if self._driver.takes_files:
            with suppress(SourceDamaged):  # it is told where the medium is to be proven
                self._recipe = self._plan()
        reply = self._examined()
        if not reply.well:
            return self._left_unknown(reply)
        with self._database.read() as connection:
            fault, message, rejected = noted_fault(connection, self._claim.attempt)
            wanted = request_row(connection, self._claim.request).status in LIVE and hindrance.well
        found = Found(reply.done)
        if found is Found.UNTOUCHED:
            return self._enter(fault or CUT_OFF, message or "nothing had been written", touched=rejected)
        if found is Found.GONE:
            return self._enter(fault or CUT_OFF, message or _GONE, touched=True)
        may_be_good = fault in (None, FaultKind.DRIVER_FAULT) or _keeps_a_medium(fault)
        if found is Found.PARTIAL or not wanted or rejected or not may_be_good:
            return self._reject(fault or CUT_OFF, message or "the work was cut off")
        return self._prove_what_is_found()

    def _is_to_end(self) -> bool:
        with self._database.read() as connection:
            return is_to_end(request_row(connection, self._claim.request))

    def _prove_what_is_found(self) -> bool:
        try:
            self._recipe = self._plan()
            return self._prove_and_deliver()
        except SourceDamaged as error:
            return self._damaged(error)

    def _plan(self) -> Recipe:
        """What is to be written. Raises SourceDamaged."""
        recipe = load_recipe(plan_path(self._data, self._claim.job.volume_token))
        if self._driver.takes_files:
            recipe = _files_of(recipe)
            self._job = replace(self._claim.job, length=recipe.length)
        return recipe

    def _damaged(self, error: SourceDamaged) -> bool:
        self._reject(SOURCE_DAMAGED, str(error))
        return False

    # --- steps -----------------------------------------------------------------------------------------

    def _sign(self) -> None:
        with self._database.write() as connection:
            sign_attempt(connection, self._claim.attempt, *own_identity())

    def _prepare(self) -> Reply:
        """All that comes before the first byte: a label that cannot be drawn costs no medium."""
        drawn = self._labels.draw() if self._labels else Reply()
        return self._driver.order("prepare", self._job, watch=self) if drawn.well else drawn

    def _not_begun(self, reply: Reply) -> bool:
        """No byte was written: anybody may take the piece."""
        reply = self._unasked(reply)
        self._enter(reply.fault, reply.message, touched=False, shared=reply.shared)
        return not reply.lost

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
                pour(self._recipe, self._spool.open, writing)
            finally:
                os.close(writing)

        return self._driver.order("write", self._job, reading, work, self)

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
        return self._label_and_hand_out()

    def _label_and_hand_out(self) -> bool:
        if self._labels:
            reply, policy = self._labels.print(self)
            if not reply.well:
                return self._unlabelled(reply, policy)
            if self._labels.printed:
                self._move(PieceState.LABELLED)
        unconfirmed = bool(self._labels and self._labels.unconfirmed)
        reply = self._driver.order("accept", self._job)
        if not reply.well:
            return self._failed(reply)
        with self._database.write() as connection:
            place = str(reply.done)
            deliver(connection, self._claim, self._state, place, "host", unconfirmed=unconfirmed)
        return True

    def _unlabelled(self, reply: Reply, policy: str) -> bool:
        """A proven piece whose label is not printed: it waits in its device, or is thrown away."""
        if reply.cancelled:
            return self._reject(None, "")
        if policy == "discard" or reply.fault is FaultKind.BAD_REQUEST:
            return self._reject(reply.fault, reply.message)
        self._note(reply.fault, reply.message)
        return self._left_unknown(reply)

    def _read_back(self) -> Reply:
        """Compare what comes back. Where it ends too soon because the driver failed, its reply says more."""
        reading, writing = _pipe()
        found: list[Mismatch] = []
        cut_short = False

        def stop(_: int) -> None:
            if self._told:
                raise Cancelled("stopped on request")

        def work() -> None:
            nonlocal cut_short
            try:
                compare(self._recipe, reading, stop)
            except Mismatch as error:
                found.append(error)
                cut_short = not os.read(reading, 1)
            finally:
                os.close(reading)

        reply = self._driver.order("read_back", self._job, writing, work, self)
        if found and (reply.well or not cut_short):
            raise found[0]
        return reply

    def _check_sources(self) -> None:
        """Raises SourceDamaged where it is the spool that has changed, not the medium that is bad."""
        for key, source in self._recipe.sources.items():
            self._spool.check(key, source.length, source.digest)

    def _move(self, target: PieceState) -> None:
        with self._database.write() as connection:
            move_piece(connection, self._claim.piece, self._state, target)
            roster.note_progress(connection, self._claim.station, target)
        self._state = target
        self._reached = self._entered = 0

    # --- while it is made ------------------------------------------------------------------------------

    def tick(self) -> None:
        """Some times a second: does somebody want it stopped? Some seconds apart: enter how far it is."""
        self._look()
        now = time.monotonic()
        if self._reached != self._entered and now - self._looked > _PROGRESS_SECONDS:
            self._looked, self._entered = now, self._reached
            with self._database.write() as connection:
                enter_progress(connection, self._claim.attempt, self._reached)

    def progress(self, done: int) -> None:
        """Bytes written or read so far."""
        self._reached = done

    def denied(self, reason: str) -> None:
        """The driver does not stop, for a reason of its own."""
        self._told = False
        self._refuse(DimseStatus.CANCEL_DENIED)

    # --- cancel ----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Pass a wish to cancel on, or say that this device cannot be stopped."""
        with self._database.read() as connection:
            asked = request_row(connection, self._claim.request).cancel_asked
        if not asked or self._told:
            return
        if self._driver.interruptible or self._state in (PieceState.CLAIMED, PieceState.PROVEN):
            self._told = True
            if self._state is PieceState.PROVEN and self._labeller:
                self._labeller.cancel()
            else:
                self._driver.cancel()
        else:
            self._refuse(DimseStatus.CANCEL_IN_PROGRESS)

    def _refuse(self, answer: DimseStatus) -> None:
        with self._database.write() as connection:
            refuse_cancel(connection, self._claim.request, answer)

    # --- when it does not go well ----------------------------------------------------------------------

    def _failed(self, reply: Reply) -> bool:
        """The driver did not do it: was the medium touched?"""
        reply = self._unasked(reply)
        self._note(reply.fault, reply.message)
        proven = self._state in (PieceState.PROVEN, PieceState.LABELLED)
        if proven and _keeps_a_medium(reply.fault):
            return self._left_unknown(reply)
        if reply.lost:  # nobody can say; the station has the next pair ask the medium
            return False
        if reply.fault is FaultKind.UNSAFE_TARGET and self._state is PieceState.INTENT:
            return self._enter(reply.fault, reply.message, touched=False)  # what is there is not ours
        found = self._examined()
        if not found.well:
            return self._left_unknown(found)
        blank = found.done == Found.UNTOUCHED and self._state is PieceState.INTENT
        if blank and (reply.fault is None or POLICIES[reply.fault].blank is Blank.KEPT):
            return self._enter(reply.fault, reply.message, touched=False)
        return self._reject(reply.fault, reply.message)

    def _examined(self) -> Reply:
        """What the driver says of the medium; one that says what no contract knows has said nothing."""
        reply = self._driver.order("examine", self._job)
        if reply.well and reply.done not in set(Found):
            message = f"the driver says {str(reply.done)[:100]!r} of its medium"
            return Reply(fault=FaultKind.DRIVER_FAULT, message=message)
        return reply

    def _unasked(self, reply: Reply) -> Reply:
        if reply.cancelled and not self._told:
            return Reply(fault=FaultKind.DRIVER_FAULT, message="the driver stopped without being asked to")
        return reply

    def _reject(self, fault: str | None, message: str) -> bool:
        """Reject the medium, then enter why; where that cannot be done, the medium is asked again later."""
        self._note(fault, message, rejected=True)
        reply = self._driver.order("reject", self._job)
        return self._enter(fault, message, touched=True) if reply.well else self._left_unknown(reply)

    def _note(self, fault: str | None, message: str, *, rejected: bool = False) -> None:
        """Write down what went wrong before anything is done about it: whoever asks the medium must know.

        A medium that was rejected looks untouched afterwards, and is counted all the same.
        """
        if fault or rejected:
            with self._database.write() as connection:
                note_fault(connection, self._claim.attempt, fault, message, rejected=rejected)

    def _left_unknown(self, reply: Reply) -> bool:
        with self._database.write() as connection:
            if piece_row(connection, self._claim.piece).state != PieceState.UNKNOWN:
                move_piece(connection, self._claim.piece, self._state, PieceState.UNKNOWN)
            kind = reply.fault or FaultKind.DRIVER_FAULT
            leave_unknown(connection, self._claim, kind, reply.message, shared=reply.shared)
        return False

    def _enter(self, fault: str | None, message: str, *, touched: bool, shared: bool = False) -> bool:
        claim, state, retries = self._claim, self._state, self._retries
        with self._database.write() as connection:
            settle(connection, claim, state, fault, message, touched=touched, retries=retries, shared=shared)
        return True


def _files_of(recipe: Recipe) -> Recipe:
    try:
        return files_of(recipe)
    except (ValueError, KeyError) as error:
        raise SourceDamaged(f"its files cannot be given one by one: {error}") from error


def _keeps_a_medium(fault: str | None) -> bool:
    """Whether it is a condition that says nothing against the medium: it is asked once that is mended."""
    kinds = FaultKind.__members__
    return fault in kinds and POLICIES[kinds[fault or ""]].action is Action.HOLD


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)
    return reading, writing
