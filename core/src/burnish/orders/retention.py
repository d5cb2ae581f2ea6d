"""The sweep: what has lived its time goes, in small steps beside everything else.

It runs in the process that receives, because that owns spool and index. Each step is one short transaction;
between two of them anybody may write. What one step decides is decided again where it is done, in one
transaction: an order that came first keeps its instances, one that comes later does not find them.

An instance loses its row first and its file after: a crash in between leaves a file, which the next start
indexes again, and never a row without a file. Both happen in the turn of its folder, so a C-STORE of the
same bytes is either before (and has begun its lifetime again) or stores them anew.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, select

from burnish.database import Database, advance_clock, record_event, service_time
from burnish.database.tables import attempts, events, instances, pieces, pins, references, requests, volumes
from burnish.events import EventKind
from burnish.instances.files import spool_key
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Spool
from burnish.orders import due
from burnish.orders.lifetimes import RetentionSettings
from burnish.requests.states import Event
from burnish.requests.store import move_request

LOGGER = logging.getLogger(__name__)

_REQUESTS: Final = 50
"""Of one transaction, as are the next ones."""
_PLANS: Final = 500
_RECORDS: Final = 10
_EVENTS: Final = 1000
_LOOK: Final = 5000
"""Due instances that are looked up at a time."""
_PLAN: Final = ".recipe"

_LONGEST_PAUSE: Final = 60.0
_SHORTEST_PAUSE: Final = 0.1
_PAUSE_OF_ZERO: Final = 1.0
"""Seconds between sweeps where a lifetime is zero."""
_SHARE: Final = 20
"""Sweeps within the shortest lifetime; and of a processor they take one second in so many at most."""


class Retention:
    """The sweep and the thread that repeats it. Safe to stop and to repeat at any point."""

    def __init__(
        self, database: Database, index: InstanceIndex, spool: Spool, plans: Path, settings: RetentionSettings
    ) -> None:
        """`plans` is the folder of recipes."""
        self._database = database
        self._index = index
        self._spool = spool
        self._plans = plans
        self._settings = settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begin to sweep."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End after the step at hand."""
        self._stopping.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        took = 0.0
        while not self._stopping.wait(pause(self._settings, took)):
            begun = time.thread_time()
            try:
                self.sweep()
            except Exception:  # a full disk, a locked database: the next sweep finds the same
                LOGGER.exception("retention")
            took = time.thread_time() - begun

    def sweep(self) -> None:
        """Everything that is due now, and service time written down."""
        with self._database.write() as connection:
            advance_clock(connection)
        self._repeat(lambda: self._expire(due.idle_is_due))
        self._repeat(lambda: self._expire(due.result_is_due))
        self._repeat(self._purge)
        self._remove_plans()
        self._repeat(self._forget_requests)
        self._repeat(self._forget_events)

    def _repeat(self, step: Callable[[], bool]) -> None:
        """Take a step until it says that nothing is left."""
        while not self._stopping.is_set() and step():
            continue

    # --- requests -----------------------------------------------------------------------------------------

    def _expire(self, is_due: "_IsDue") -> bool:
        """Delete the SOP Instances of requests whose lifetime is over; their records stay."""
        if not self._found(is_due):
            return False
        with self._database.write() as connection:
            condition = is_due(self._settings, service_time(connection))
            rows = connection.execute(select(requests).where(condition).limit(_REQUESTS)).all()
            for row in rows:
                move_request(connection, row, Event.EXPIRE)
        return len(rows) == _REQUESTS

    def _found(self, is_due: "_IsDue") -> list[int]:
        """A look that disturbs no writer."""
        with self._database.read() as connection:
            condition = is_due(self._settings, service_time(connection))
            return list(connection.execute(select(requests.c.id).where(condition).limit(_RECORDS)).scalars())

    # --- instances ----------------------------------------------------------------------------------------

    def _purge(self) -> bool:
        with self._database.read() as connection:
            condition = due.instance_is_due(self._settings, service_time(connection))
            query = select(instances.c.id, instances.c.sop_instance, instances.c.version).where(condition)
            found = connection.execute(query.limit(_LOOK)).all()
        folders: dict[str, dict[int, str]] = defaultdict(dict)
        for row in found:
            key = spool_key(row.sop_instance, row.version)
            folders[key[:2]][row.id] = key
        purged = [self._purge_folder(keys) for keys in folders.values() if not self._stopping.is_set()]
        return len(found) == _LOOK and any(purged)

    def _purge_folder(self, keys: Mapping[int, str]) -> int:
        """Purge those of one folder of the spool that are still due; returns how many were."""
        with self._spool.turn(next(iter(keys.values()))):
            self._index.flush()  # what came again up to here has begun its lifetime again
            with self._database.write() as connection:
                gone = _drop_instances(connection, list(keys), self._settings)
            for instance in gone:
                self._spool.remove(keys[instance])
        return len(gone)

    # --- plans --------------------------------------------------------------------------------------------

    def _remove_plans(self) -> None:
        """Recipes of requests that are over: nobody reads them again."""
        tokens = [path.name.removesuffix(_PLAN) for path in self._plans.glob(f"*{_PLAN}")]
        for start in range(0, len(tokens), _PLANS):
            query = (
                select(volumes.c.token)
                .join(requests, volumes.c.request == requests.c.id)
                .where(volumes.c.token.in_(tokens[start : start + _PLANS]), due.request_is_over())
            )
            with self._database.read() as connection:
                over = connection.execute(query).scalars().all()
            for token in over:
                (self._plans / f"{token}{_PLAN}").unlink(missing_ok=True)

    # --- the ledger ---------------------------------------------------------------------------------------

    def _forget_requests(self) -> bool:
        found = self._found(due.record_is_due)
        if found:
            with self._database.write() as connection:
                _drop_requests(connection, found)
        return len(found) == _RECORDS

    def _forget_events(self) -> bool:
        with self._database.read() as connection:
            condition = due.event_is_due(self._settings, service_time(connection))
            found = connection.execute(select(events.c.id).where(condition).limit(_EVENTS)).scalars().all()
        if found:
            with self._database.write() as connection:
                connection.execute(delete(events).where(events.c.id.in_(found)))
        return len(found) == _EVENTS


_IsDue = Callable[[RetentionSettings, float], due.Condition]


def pause(settings: RetentionSettings, took: float) -> float:
    """Seconds until the next sweep, where the last one took `took` seconds of a processor."""
    shortest = settings.shortest()
    wanted = shortest.total_seconds() / _SHARE if shortest else _LONGEST_PAUSE
    if any(not value for value in dict(settings).values()):
        wanted = min(wanted, _PAUSE_OF_ZERO)
    return min(max(wanted, _SHORTEST_PAUSE, took * _SHARE), _LONGEST_PAUSE)


def _drop_instances(
    connection: Connection, chosen: Sequence[int], settings: RetentionSettings
) -> Sequence[int]:
    """Delete the rows of those that are still due, and say which."""
    condition = due.instance_is_due(settings, service_time(connection))
    found = connection.execute(
        select(instances.c.id, instances.c.sop_instance, instances.c.version).where(
            instances.c.id.in_(chosen), condition
        )
    ).all()
    gone = [row.id for row in found]
    connection.execute(delete(pins).where(pins.c.instance.in_(gone)))
    connection.execute(delete(instances).where(instances.c.id.in_(gone)))
    for row in found:
        record_event(
            connection, EventKind.INSTANCE_PURGED, sop_instance=row.sop_instance, version=row.version
        )
    return gone


def _drop_requests(connection: Connection, chosen: Sequence[int]) -> None:
    """Forget requests that are gone, and all that the ledger tells of them. Nothing leads back from GONE."""
    made = select(pieces.c.id).where(pieces.c.request.in_(chosen))
    connection.execute(delete(attempts).where(attempts.c.piece.in_(made)))
    for table in (pieces, volumes, pins, references, events):
        connection.execute(delete(table).where(table.c.request.in_(chosen)))
    connection.execute(delete(requests).where(requests.c.id.in_(chosen)))
