"""What every room does with rows: enter one, tell events."""

import time
from typing import Any

from sqlalchemy import Connection, Table, insert

from burnish.database.tables import events
from burnish.events import EventKind


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
    connection.execute(insert(events).values(row))
