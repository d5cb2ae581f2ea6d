"""Stations: each claims the next piece it can make and hands it to its pair of processes.

A station is one thread that waits. Its pair (feeder and driver) lives in a session of its own, is used
again while all goes well, and is replaced after anything else.
"""

import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from burnish.contracts import WriterSpec
from burnish.database import Database
from burnish.database.tables import attempts, pieces
from burnish.media import MediaKind
from burnish.production.processes import is_alive
from burnish.production.settings import WriterSettings
from burnish.production.wire import Wire
from burnish.requests.ledger import (
    claim_of,
    claim_piece,
    give_back,
    hold_request,
    move_piece,
    work_waits,
)
from burnish.requests.states import AT_A_STATION, PieceState
from burnish.terms import StatusInfo

LOGGER = logging.getLogger(__name__)

_POLL = 1.0
"""Seconds between looks when nobody wakes a station."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a station works with."""

    database: Database
    data: Path
    folder: Path
    """Where relative paths of a driver's settings begin."""
    retries: int


class Pair:
    """A feeder with its driver, ready to make pieces."""

    def __init__(
        self, bench: Bench, introduction: Mapping[str, Any], settings: WriterSettings, log: Path
    ) -> None:
        ours, theirs = Wire.pair()
        self._wire = Wire(ours)
        command = [sys.executable, "-m", "burnish.production.feeder", str(theirs.fileno())]
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

    def await_ready(self) -> str:
        """Empty once it is ready, else why it will never be."""
        received = self._wire.receive()
        if received is None:
            return "its process ended; the station's log says why"
        return "" if received[0].get("ready") else str(received[0].get("message"))

    def do(self, what: str, attempt: int) -> bool:
        """Have an attempt made or settled; False where the pair is of no use any more."""
        try:
            self._wire.send({what: attempt})
        except OSError:
            return False
        received = self._wire.receive()
        return bool(received and received[0].get("well"))

    def end(self) -> None:
        """Let it go: it ends by itself when its wire closes."""
        self._wire.close()
        self.process.wait()


class Station:
    """One writer."""

    def __init__(
        self,
        name: str,
        settings: WriterSettings,
        spec: WriterSpec[Any],
        plugin: str,
        bench: Bench,
    ) -> None:
        self.name = name
        self._settings = settings
        self._bench = bench
        self._introduction = {
            "plugin": plugin,
            "writer": spec.name,
            "settings": settings.driver_keys,
            "folder": str(bench.folder),
        }
        writer = spec.make(settings.driver_keys)
        media = writer.capabilities.media
        self.media: dict[MediaKind, int] = {kind: writer.capacity(kind) for kind in media}
        """What it can make, with the bytes that fit on one."""
        self._pair: Pair | None = None
        self._pause = _POLL
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
            return self._settle_leftovers() and self._ready() and self._make_next()
        except Exception:  # a full disk, a locked database: neither ends a station
            LOGGER.exception("station %s", self.name)
            self._drop()
            self._pause = self._settings.hold_retry.total_seconds()
            return False

    def _ready(self) -> bool:
        """Whether there is a pair to work with; one is made where there is none."""
        if self._pair and self._pair.process.poll() is None:
            return True
        self._drop()
        self._pause = self._settings.hold_retry.total_seconds()
        log = self._bench.data / "logs" / f"{self.name}.log"
        pair = Pair(self._bench, self._introduction, self._settings, log)
        if trouble := pair.await_ready():
            LOGGER.error("station %s: %s", self.name, trouble)
            pair.end()
            return False
        self._pair, self._pause = pair, _POLL
        return True

    def _drop(self) -> None:
        if self._pair:
            self._pair.end()
            self._pair = None

    def _do(self, what: str, attempt: int) -> None:
        assert self._pair  # noqa: S101 - _ready came before
        if not self._pair.do(what, attempt):
            self._drop()

    def _make_next(self) -> bool:
        with self._bench.database.read() as connection:
            if not work_waits(connection):
                return False
        with self._bench.database.write() as connection:
            claim = claim_piece(connection, self.name, self.media)
        if claim is None:
            return False
        self._do("make", claim.attempt)
        return self._advances(claim.piece)

    def _advances(self, piece: int) -> bool:
        """Whether to go on at once: a piece that came back waits for somebody to mend something."""
        with self._bench.database.read() as connection:
            state = connection.execute(select(pieces.c.state).where(pieces.c.id == piece)).scalar_one()
        if state == PieceState.PLANNED:
            self._wake.clear()
            self._draining.wait(self._settings.hold_retry.total_seconds())
        return True

    def _settle_leftovers(self) -> bool:
        """Find out about every piece that was worked on here and is no more. True when none is left."""
        with self._bench.database.read() as connection:
            left = _leftovers(connection, self.name)
        for row in left:
            if is_alive(row.process, row.process_start):
                return False  # adopted: its feeder outlived a server and still makes the piece
            with self._bench.database.write() as connection:
                unknown = mark_unknown(connection, row.attempt)
            if unknown and not self._settle(row.attempt):
                return False
        return True

    def _settle(self, attempt: int) -> bool:
        if not self._ready():
            return False
        self._do("settle", attempt)
        with self._bench.database.read() as connection:
            return not any(row.attempt == attempt for row in _leftovers(connection, self.name))


def _leftovers(connection: Connection, station: str) -> list[Any]:
    states = [*AT_A_STATION, PieceState.UNKNOWN]
    query = (
        select(attempts.c.id.label("attempt"), attempts.c.process, attempts.c.process_start)
        .join(pieces, attempts.c.piece == pieces.c.id)
        .where(attempts.c.station == station, attempts.c.outcome.is_(None), pieces.c.state.in_(states))
        .order_by(attempts.c.id)
    )
    return list(connection.execute(query))


def mark_unknown(connection: Connection, attempt: int) -> bool:
    """Enter that nobody works on an attempt any more. True where its medium has to be asked."""
    claim = claim_of(connection, attempt)
    state = connection.execute(select(pieces.c.state).where(pieces.c.id == claim.piece)).scalar_one()
    if state == PieceState.UNKNOWN:
        return True
    if state == PieceState.CLAIMED:  # no intent was committed: nothing was touched
        message = "its process ended before it began"
        give_back(connection, claim, PieceState.CLAIMED, fault=None, message=message)
        return False
    if state not in AT_A_STATION:
        return False
    move_piece(connection, claim.piece, PieceState(state), PieceState.UNKNOWN)
    message = "a medium was being written when its process ended"
    hold_request(connection, claim.request, StatusInfo.CHECK_MCD_OP, message)
    return True
