"""The labels of one piece, as its feeder has them drawn and printed.

Drawn before a medium is touched, so that a label that cannot be drawn costs none; printed once the piece is
proven, while it lies in its device. Each print is intended before it begins: what was cut off is asked for
afterwards, and is never begun again unasked.

    (nothing) -> printing -> printed
        |            `-----> doubtful      an operator looks, or the policy decides
        |-> waiting                        the printer has to be mended: tried again
        `-> skipped                        the policy lets the piece go without
"""

import json
import os
from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import DeviceState, Job, Printed
from burnish.database import Database, record_event
from burnish.errors import FaultKind
from burnish.events import EventKind
from burnish.production.building import Labels, Stepping
from burnish.production.proxy import DriverProcess, Reply, Watch
from burnish.requests.ledger import Claim, label_of_volume, label_states, note_label
from burnish.requests.states import LabelState

PROGRAM: Final = "burnish.production.labeller"
_SETTLED: Final = (LabelState.PRINTED, LabelState.SKIPPED)


class Labeller:
    """The process that draws and prints for a station; started again where it was lost."""

    def __init__(self, introduction: Labels, stall: float) -> None:
        self._introduction = introduction
        self._stall = stall
        self._process: DriverProcess | None = None

    @property
    def steps(self) -> Sequence[Stepping]:
        """The labels of each piece."""
        return self._introduction["steps"]

    def attaches(self, step: int) -> bool:
        """Whether what a step prints is on its piece then; False where nobody can say."""
        return self.start().well and bool(self._process and self._process.able["attaches"][step])

    def start(self) -> Reply:
        """Have it ready. What it replies is not well where it cannot be."""
        if self._process is None:
            process = DriverProcess(dict(self._introduction), self._stall, PROGRAM)
            if not process.ready.well:
                return process.ready
            self._process = process
        return Reply()

    def order(self, what: str, *args: Any, **more: Any) -> Reply:
        """Have something done: see `proxy.DriverProcess.order`."""
        ready = self.start()
        if not ready.well or self._process is None:
            return ready
        reply = self._process.order(what, *args, **more)
        if reply.lost:
            self._process = None
        return reply

    def cancel(self) -> None:
        """Somebody wants it stopped."""
        if self._process:
            self._process.cancel()

    def look(self) -> Reply:
        """Look at the printers: `done` is a DeviceState, whose condition is the first that keeps labels from
        being printed; printers without which a piece may leave count for nothing."""
        reply = self.order("look")
        if not reply.well:
            needed = any(step["unlabelled"] != "skip" for step in self.steps)
            return reply if needed else Reply(done=DeviceState())
        found = DeviceState()
        for step, seen in zip(self.steps, reply.done, strict=True):
            state = DeviceState.from_json(seen) if seen else DeviceState()
            blocks = state.condition and not found.condition and step["unlabelled"] != "skip"
            found = DeviceState(
                condition=state.condition if blocks else found.condition,
                message=f"{step['printer']}: {state.message}" if blocks else found.message,
                supplies=(*found.supplies, *state.supplies),
            )
        return Reply(done=found)

    def close(self) -> None:
        """End its process."""
        if self._process:
            self._process.close()


class Labelling:
    """The labels of one attempt."""

    def __init__(self, labeller: Labeller, database: Database, claim: Claim) -> None:
        self._labeller = labeller
        self._database = database
        self._claim = claim
        self._drawn = False

    @property
    def _job(self) -> Job:
        return self._claim.job

    @property
    def unconfirmed(self) -> bool:
        """Whether somebody has to say that the labels are where they belong."""
        states = self._states()
        return any(
            step["confirm"] == "auto"
            and not (states.get(step["printer"]) is LabelState.PRINTED and self._labeller.attaches(number))
            for number, step in enumerate(self._labeller.steps)
        )

    @property
    def printed(self) -> bool:
        """Whether any label was printed."""
        return LabelState.PRINTED in self._states().values()

    def draw(self) -> Reply:
        """Draw every label that is still to be printed, and keep the drawings.

        What is not well names a label that cannot be drawn, and that the piece may not go without.
        """
        with self._database.read() as connection:
            told = label_of_volume(connection, self._claim.volume)
        for number, step in enumerate(self._labeller.steps):
            if self._states().get(step["printer"]) in _SETTLED:
                continue
            reply = self._draw(number, told)
            if not reply.well:
                if step["unlabelled"] != "skip" or reply.fault is FaultKind.DRIVER_FAULT:
                    return reply
                self._skip(step, reply.message)
            elif reply.done:
                self._warn(step, reply.done)
        self._drawn = True
        return Reply()

    def _draw(self, number: int, told: dict[str, Any]) -> Reply:
        reading, writing = os.pipe()

        def tell() -> None:
            with os.fdopen(writing, "w") as pipe:
                json.dump(told, pipe)

        ready = self._labeller.start()
        if not ready.well:
            os.close(reading)
            os.close(writing)
            return ready
        return self._labeller.order("draw", self._job, reading, tell, step=number)

    def hindrance(self) -> Reply:
        """Why labels that are still to be printed cannot be; well where nothing stands in the way."""
        states = self._states()
        if LabelState.DOUBTFUL in states.values():
            [printer, *_] = [name for name, state in states.items() if state is LabelState.DOUBTFUL]
            return _doubt(printer)
        if LabelState.WAITING not in states.values():
            return Reply()
        seen = self._labeller.look()
        if not seen.well:
            return seen
        state: DeviceState = seen.done
        return Reply(fault=state.condition, message=state.message) if state.condition else Reply()

    def print(self, watch: Watch) -> tuple[Reply, str]:
        """Print what is to be printed. What is not well comes with the policy of the label at fault."""
        if not self._drawn and not (reply := self.draw()).well:
            return reply, "block"
        for number, step in enumerate(self._labeller.steps):
            if self._states().get(step["printer"]) in _SETTLED:
                continue
            reply = self._print(number, step, watch)
            if reply.cancelled:
                return reply, step["unlabelled"]
            if not reply.well and step["unlabelled"] != "skip":
                return reply, step["unlabelled"]
            if not reply.well:
                self._skip(step, reply.message)
        return Reply(), ""

    def _print(self, number: int, step: Stepping, watch: Watch) -> Reply:
        """Print one label; where it was begun before, find out about it first."""
        printer = step["printer"]
        begun = self._states().get(printer)
        if begun is LabelState.DOUBTFUL:
            return _doubt(printer)
        if begun is LabelState.PRINTING and (reply := self._asked(number, printer)):
            return reply
        ready = self._labeller.order("ready", self._job, None, watch=watch, step=number)
        if not ready.well:
            return self._waits(printer, ready)
        self._note(printer, LabelState.PRINTING)
        reply = self._labeller.order("print", self._job, None, watch=watch, step=number)
        if reply.well:
            self._note(printer, LabelState.PRINTED)
            return reply
        return self._asked(number, printer) or self._waits(printer, reply)

    def _asked(self, number: int, printer: str) -> Reply | None:
        """Whether a label that was begun is printed; None where it certainly is not."""
        found = self._labeller.order("examine", self._job, None, step=number)
        if found.well and found.done == Printed.NO:
            self._note(printer, None)
            return None
        if found.well and found.done == Printed.YES:
            self._note(printer, LabelState.PRINTED)
            return Reply()
        self._note(printer, LabelState.DOUBTFUL)
        return _doubt(printer)

    def _waits(self, printer: str, reply: Reply) -> Reply:
        if not reply.cancelled:
            self._note(printer, LabelState.WAITING)
        return Reply(fault=reply.fault, message=f"{printer}: {reply.message}", cancelled=reply.cancelled)

    # --- what is entered ---------------------------------------------------------------------------------

    def _states(self) -> dict[str, LabelState]:
        with self._database.read() as connection:
            return label_states(connection, self._claim.attempt)

    def _note(self, printer: str, state: LabelState | None) -> None:
        with self._database.write() as connection:
            note_label(connection, self._claim.attempt, printer, state)

    def _skip(self, step: Stepping, reason: str) -> None:
        claim, printer = self._claim, step["printer"]
        with self._database.write() as connection:
            note_label(connection, claim.attempt, printer, LabelState.SKIPPED)
            told = {"printer": printer, "reason": reason}
            kind = EventKind.PIECE_UNLABELLED
            record_event(connection, kind, request=claim.request, piece=claim.piece, **told)

    def _warn(self, step: Stepping, warnings: Sequence[str]) -> None:
        claim = self._claim
        told = {"printer": step["printer"], "warnings": list(warnings)}
        with self._database.write() as connection:
            kind = EventKind.LABEL_WARNING
            record_event(connection, kind, request=claim.request, piece=claim.piece, **told)


def _doubt(printer: str) -> Reply:
    message = (
        f"nobody knows whether {printer} has printed the label: look, then `burnish stations labelled`, "
        "`reprint` or `accept-medium`"
    )
    return Reply(fault=FaultKind.LABEL_FAILED, message=message)
