"""Stations: each claims the next piece it can make and hands it to its pair of processes.

A station is one thread that waits; one with several drives is several of these, one for each drive, so that
copies of a recipe are made side by side. Its pair (feeder and driver) lives in a session of its own, is used
again while all goes well, and is replaced after anything else. Between two pieces it looks at its row of the
roster, where an operator, or a fault, may have said that it is to take nothing more, and at its device, which
may have nothing to make a piece of.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from burnish.contracts import DeviceState
from burnish.errors import DeviceFault, FaultKind
from burnish.media import MediaKind
from burnish.production import roster
from burnish.production.building import Introduction
from burnish.production.faults import POLICIES, Next
from burnish.production.leftovers import is_worked_on, mark_unknown, open_attempts
from burnish.production.pair import Bench, Pair
from burnish.production.roster import CLAIMING, StationState
from burnish.production.settings import WriterSettings
from burnish.requests.ledger import Claim, claim_piece, piece_row, unconfirmed_pieces, work_waits
from burnish.requests.states import PieceState

LOGGER = logging.getLogger(__name__)

_POLL: Final = 1.0
"""Seconds between looks when nobody wakes a station."""
_LOOK_SECONDS: Final = 5.0
"""Between two looks at a device for which there is nothing to do."""
_SELDOM: Final = 12
"""A device that is busy or off line is asked again after at most so many times `hold_retry`."""


def ready_for(
    state: DeviceState, media: Mapping[MediaKind, int], *, robot: bool
) -> Mapping[MediaKind, int] | None:
    """What a device could take now, with the bytes that fit on each; None where it does not tell.

    A robot brings what is asked for; a drive without one takes what lies in it.
    """
    if state.condition:
        return {}
    lies_in = state.medium
    if robot or lies_in is None or lies_in.kind is None:
        return None
    if lies_in.kind not in media:
        return {}
    return {lies_in.kind: lies_in.capacity or media[lies_in.kind]}


class Station:
    """One drive."""

    def __init__(
        self,
        name: str,
        settings: WriterSettings,
        introduction: Introduction,
        media: Mapping[MediaKind, int],
        bench: Bench,
        station: str = "",
    ) -> None:
        self.name = name
        self.station = station or name
        """Whose drive it is: its own name where it is alone."""
        self.media = dict(media)
        """What it can make, with the bytes that fit on one."""
        self.quarantine_after = settings.quarantine_after
        self._settings = settings
        self._bench = bench
        self._introduction = introduction
        self._has_robot = "mover" in introduction
        self._seen: tuple[DeviceState, float] | None = None
        """The last look that stands in the roster, and when it was."""
        self._pair: Pair | None = None
        self._pause = _POLL
        self._in_vain = 0
        """Tries in a row that brought nothing."""
        self._wake = threading.Event()
        self._draining = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"station {name}", daemon=True)

    def start(self) -> None:
        """Settle what a former server left, then begin to claim."""
        self._thread.start()

    def wake(self) -> None:
        """There may be something to claim."""
        self._wake.set()

    def drain(self) -> None:
        """Claim nothing more; what is being made is finished."""
        self._draining.set()
        self._wake.set()

    def join(self, timeout: float) -> bool:
        """Wait until the station is idle; False where it still works."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._draining.is_set():
            if not self._step():
                self._wake.wait(self._pause)
                self._wake.clear()
        if self._pair:
            self._pair.end()

    def _step(self) -> bool:
        """Do the next thing; False where there is none. A station whose step fails tries again later.

        What was left is settled first: no second driver opens a device that a living one works with.
        """
        self._pause = _POLL
        try:
            state = self._state()
            return self._settle_leftovers(state) and self._goes_on(state) and self._make_next()
        except Exception:  # a full disk, a locked database: neither ends a station
            LOGGER.exception("station %s", self.name)
            self._drop()
            self._pause = self._settings.hold_retry.total_seconds()
            return False

    def _state(self) -> StationState:
        with self._bench.database.read() as connection:
            row = roster.station_row(connection, self.name)
        return StationState(row.state) if row else StationState.READY

    def _goes_on(self, state: StationState) -> bool:
        """Whether there is a pair to work with. Out of service it is let go: an operator needs the device."""
        if state in (StationState.DRAINING, StationState.QUARANTINED):
            self._drop()
            return False
        return self._ready()

    # --- the pair --------------------------------------------------------------------------------------

    def _ready(self) -> bool:
        if self._pair and self._pair.process.poll() is None:
            return True
        self._drop()
        log = self._bench.data / "logs" / f"{self.name.replace('/', '.')}.log"
        pair = Pair(self._bench, self._introduction, self._settings, log)
        try:
            pair.await_ready()
        except DeviceFault as fault:
            pair.end()
            self._start_failed(fault)
            return False
        with self._bench.database.write() as connection:
            roster.note_started(connection, self.name)
        self._pair = pair
        return True

    def _start_failed(self, fault: DeviceFault) -> None:
        LOGGER.error("station %s: %s", self.name, fault)
        with self._bench.database.write() as connection:
            roster.note_start_failed(connection, self.name, fault.kind, str(fault))
        self._pause = self._rest(fault.kind)

    def _drop(self) -> None:
        self._seen = None
        if self._pair:
            self._pair.end()
            self._pair = None

    def _do(self, what: str, attempt: int) -> None:
        assert self._pair  # noqa: S101 - _ready came before
        if not self._pair.do(what, attempt):
            self._drop()

    # --- the next piece --------------------------------------------------------------------------------

    def _make_next(self) -> bool:
        waits = self._work_waits()
        media = self._look(waits)
        claim = self._claim(media) if waits and media else None
        if claim is None:
            return False
        self._do("make", claim.attempt)
        if self._came_back(claim):  # somebody has to mend something, or another medium is tried
            self._wake.clear()
            self._draining.wait(self._rest(self._last_fault()))
        else:
            self._in_vain = 0
        return True

    def _work_waits(self) -> bool:
        with self._bench.database.read() as connection:
            return work_waits(connection)

    def _look(self, waits: bool) -> Mapping[MediaKind, int]:
        """Look at the device where a piece waits, else now and then; return what it could take now."""
        if not waits and self._seen and time.monotonic() - self._seen[1] < _LOOK_SECONDS:
            return {}
        assert self._pair  # noqa: S101 - _ready came before
        try:
            state = self._pair.look()
        except DeviceFault as fault:
            self._drop()
            self._start_failed(fault)
            return {}
        state = self._with_unconfirmed(state)
        ready = ready_for(state, self.media, robot=self._has_robot)
        self._enter(state, ready)
        return self.media if ready is None else ready

    def _with_unconfirmed(self, state: DeviceState) -> DeviceState:
        """Two pieces whose labels are not on them may not lie beside one another."""
        with self._bench.database.read() as connection:
            left = unconfirmed_pieces(connection, roster.named(connection, self.station))
        if not left or state.condition:
            return state
        message = f"put the label on piece {left[0][1]}, then `burnish stations labelled {self.station}`"
        return replace(state, condition=FaultKind.OPERATOR_ACTION, message=message)

    def _enter(self, state: DeviceState, ready: Mapping[MediaKind, int] | None) -> None:
        known = self._seen and self._seen[0]
        self._seen = state, time.monotonic()
        if state != known:
            with self._bench.database.write() as connection:
                roster.note_look(connection, self.name, state, ready)

    def _claim(self, media: Mapping[MediaKind, int]) -> Claim | None:
        """Take a piece, unless an operator has just said that none is to be taken."""
        with self._bench.database.write() as connection:
            row = roster.station_row(connection, self.name)
            if row and row.state not in CLAIMING:
                return None
            if unconfirmed_pieces(connection, roster.named(connection, self.station)):
                return None
            return claim_piece(connection, self.name, media)

    def _came_back(self, claim: Claim) -> bool:
        with self._bench.database.read() as connection:
            return bool(piece_row(connection, claim.piece).state == PieceState.PLANNED)

    def _last_fault(self) -> FaultKind | None:
        with self._bench.database.read() as connection:
            row = roster.station_row(connection, self.name)
        return FaultKind(row.last_fault) if row and row.last_fault else None

    def _rest(self, fault: FaultKind | None) -> float:
        """Seconds until the next try: ever more where the device is busy, off line or does not start."""
        seconds = self._settings.hold_retry.total_seconds()
        if fault and POLICIES[fault].station is Next.BACK_OFF:
            seconds *= min(2**self._in_vain, _SELDOM)
            self._in_vain += 1
        return seconds

    # --- what was left ---------------------------------------------------------------------------------

    def _settle_leftovers(self, state: StationState) -> bool:
        """Find out about every piece that was worked on here and is no more. True when none is left."""
        with self._bench.database.read() as connection:
            left = open_attempts(connection, self.name)
        for row in left:
            if is_worked_on(row):
                return False  # adopted: its feeder outlived a server and still makes the piece
            with self._bench.database.write() as connection:
                unknown = mark_unknown(connection, row.id, self._bench.retries)
            if unknown and not self._settle(row.id, state):
                return False
        return True

    def _settle(self, attempt: int, state: StationState) -> bool:
        """Have a medium asked; not in quarantine: the device is not to be touched."""
        self._pause = self._settings.hold_retry.total_seconds()
        if state is StationState.QUARANTINED or not self._ready():
            self._drop()
            return False
        self._do("settle", attempt)
        with self._bench.database.read() as connection:
            return not any(row.id == attempt for row in open_attempts(connection, self.name))
