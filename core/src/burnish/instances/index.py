"""Finding instances: rows over the spool, written in groups and rebuilt from the spool at start.

A row may lag behind its file for a moment; whoever is about to rely on the rows calls `flush` first.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from burnish.database import Database, record_event, service_time
from burnish.database.tables import instances, pins
from burnish.errors import SourceDamaged
from burnish.events import EventKind
from burnish.instances.files import Trailer, spool_key
from burnish.instances.head import KeptHead
from burnish.instances.instance import Instance
from burnish.instances.spool import DAMAGED, Kept, Spool

LOGGER = logging.getLogger(__name__)

_GROUP_SECONDS = 0.2
"""How long a row may wait for others before it is written."""
_GROUP_ROWS = 2000


class InstanceIndex:
    """The rows, and the thread that writes them in groups."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Kept] = []
        self._turn = threading.Lock()
        self._writing = threading.Lock()
        self._due = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="index", daemon=True)

    def start(self) -> None:
        """Begin to write groups."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and end."""
        self._stopping = True
        self._due.set()
        self._thread.join()
        self.flush()

    def add(self, kept: Kept) -> None:
        """Have a row written soon."""
        with self._turn:
            self._waiting.append(kept)
        self._due.set()

    def flush(self) -> None:
        """Return when every instance that was added before has its row."""
        with self._writing:
            with self._turn:
                group, self._waiting = self._waiting, []
            if not group:
                return
            try:
                self._write(group)
            except BaseException:
                with self._turn:
                    self._waiting = group + self._waiting
                raise

    def tell_failure(self, message: str) -> None:
        """Tell of a volume that went bad, where the database can still be written."""
        try:
            with self._database.write() as connection:
                record_event(connection, EventKind.SPOOL_FAILED, message=message)
        except Exception:  # it may lie on the same volume
            LOGGER.exception("the failure of the spool cannot be recorded")

    def rebuild(self, spool: Spool) -> int:
        """Add a row for every file of the spool that has none; returns how many.

        A file that does not prove itself was never acknowledged, or is damaged: it is set aside with the
        suffix `.damaged`, so that nothing is made of it and somebody can look.
        """
        known = self._known()
        missing = [key for key in spool.walk() if key not in known]
        for start in range(0, len(missing), _GROUP_ROWS):
            group = [kept for key in missing[start : start + _GROUP_ROWS] if (kept := _load(spool, key))]
            self._write(group)
            self._supersede(spool, group)
        return len(missing)

    def _supersede(self, spool: Spool, group: Sequence[Kept]) -> None:
        """The files came in any order, and the newest version may have been purged or set aside."""
        with self._database.write() as connection:
            for uid in {kept.trailer.facts.sop_instance for kept in group}:
                _supersede(connection, uid, spool.newest(uid))

    def _known(self) -> set[str]:
        with self._database.read() as connection:
            return {
                spool_key(row.sop_instance, row.version)
                for row in connection.execute(select(instances.c.sop_instance, instances.c.version))
            }

    def _run(self) -> None:
        while not self._stopping:
            self._due.wait()
            self._due.clear()
            if not self._stopping and len(self._waiting) < _GROUP_ROWS:
                time.sleep(_GROUP_SECONDS)
            try:
                self.flush()
            except Exception:  # who relies on the rows flushes again, and hears of it
                LOGGER.exception("the index cannot be written")

    def _write(self, group: Sequence[Kept]) -> None:
        if not group:
            return
        try:
            with self._database.write() as connection:
                _enter(connection, group)
        except IntegrityError:
            self._write_over(group)

    def _write_over(self, group: Sequence[Kept]) -> None:
        """Some rows stand there: their files were lost and came again. The spool is the truth."""
        with self._database.write() as connection:
            now = service_time(connection)
            for kept in group:
                row = _row(kept.trailer, now)
                if not connection.execute(update(instances).where(_same(kept)).values(row)).rowcount:
                    connection.execute(insert(instances).values(row))
            _conclude(connection, group)


def _enter(connection: Connection, group: Sequence[Kept]) -> None:
    """Rows for what is fresh, all at once; then what came again begins its lifetime again."""
    now = service_time(connection)
    if rows := [_row(kept.trailer, now) for kept in group if kept.fresh]:
        connection.execute(insert(instances), rows)
    for kept in (kept for kept in group if not kept.fresh):
        values = {"kept_served": now, "superseded": False}
        if not connection.execute(update(instances).where(_same(kept)).values(values)).rowcount:
            connection.execute(insert(instances).values(_row(kept.trailer, now)))
    _conclude(connection, group)


def _conclude(connection: Connection, group: Sequence[Kept]) -> None:
    for facts in (kept.trailer.facts for kept in group):
        if facts.version > 1:
            _supersede(connection, facts.sop_instance, facts.version)
    _tell(connection, [kept for kept in group if kept.fresh])


def _same(kept: Kept) -> ColumnElement[bool]:
    facts = kept.trailer.facts
    return (instances.c.sop_instance == facts.sop_instance) & (instances.c.version == facts.version)


def _supersede(connection: Connection, sop_instance: str, newest: int) -> None:
    """What came before the newest version serves no later request."""
    older = (instances.c.sop_instance == sop_instance) & (instances.c.version < newest)
    connection.execute(update(instances).where(older, ~instances.c.superseded).values(superseded=True))


_PINNED = (
    pins.c.position,
    instances.c.sop_instance,
    instances.c.version,
    instances.c.sop_class,
    instances.c.study,
    instances.c.series,
    instances.c.transfer_syntax,
    instances.c.length,
    instances.c.digest,
    instances.c.head,
    instances.c.identity_mark,
    instances.c.flaw,
)


def pinned_instances(connection: Connection, request: int) -> dict[int, Instance]:
    """What a started request uses, by position in its Referenced SOP Sequence."""
    query = select(*_PINNED).join(instances, pins.c.instance == instances.c.id)
    rows = connection.execute(query.where(pins.c.request == request))
    return {
        position: Instance(
            key=spool_key(uid, version),
            sop_class=sop_class,
            sop_instance=uid,
            study=study,
            series=series,
            transfer_syntax=syntax,
            length=length,
            digest=digest,
            head=KeptHead(head, mark=mark),
            flaw=flaw,
        )
        for position, uid, version, sop_class, study, series, syntax, length, digest, head, mark, flaw in rows
    }


def _row(trailer: Trailer, served: float) -> dict[str, Any]:
    facts = trailer.facts
    return {
        "sop_instance": facts.sop_instance,
        "version": facts.version,
        "sop_class": facts.sop_class,
        "study": facts.study,
        "series": facts.series,
        "transfer_syntax": facts.transfer_syntax,
        "calling_ae": facts.calling_ae,
        "received_at": facts.received_at,
        "kept_served": served,
        "superseded": False,
        "length": trailer.length,
        "digest": trailer.digest,
        "flaw": facts.flaw,
        "head": trailer.head,
        "identity_mark": KeptHead(trailer.head).identity_mark,
    }


def _tell(connection: Connection, group: Sequence[Kept]) -> None:
    for facts in (kept.trailer.facts for kept in group):
        record_event(
            connection,
            EventKind.INSTANCE_STORED if facts.version == 1 else EventKind.INSTANCE_REPLACED,
            sop_instance=facts.sop_instance,
            version=facts.version,
            calling_ae=facts.calling_ae,
        )


def _load(spool: Spool, key: str) -> Kept | None:
    try:
        return Kept(key, spool.trailer(key), fresh=True)
    except SourceDamaged:
        path = spool.path(key)
        path.rename(path.with_name(path.name + DAMAGED))
        return None
