"""What every room does with rows: enter one, tell events."""

import time
from typing import Any, Final

from sqlalchemy import Connection, Table, func, insert, select

from burnish.database.tables import clock, events
from burnish.events import EventKind

_LAST_WRITTEN: Final = select(func.coalesce(func.max(clock.c.served), 0.0)).scalar_subquery()
"""Service time as it was last written down, a minute ago at most: what the ledger keeps counts in years."""


def insert_row(connection: Connection, table: Table, **values: Any) -> int:
    """Enter a row and return its number."""
    key = connection.execute(insert(table).values(values)).inserted_primary_key
    assert key is not None  # noqa: S101 - one row was inserted into a table with a key
    return int(key[0])


def record_event(
    connection: Connection,
    kind: EventKind,
    *,
    request: int | None = None,
    piece: int | None = None,
    **data: Any,
) -> None:
    """Write one event row into the running transaction. `data` holds plain values, never pixel data."""
    row = {"at": time.time(), "kind": kind.value, "request": request, "piece": piece, "data": data}
    connection.execute(insert(events).values(row | {"served": _LAST_WRITTEN}))
