"""What an operator sees of requests: a line of each, or everything that is known of one.

Values are plain, ready for JSON. Times are UNIX seconds (UTC).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, case, func, or_, select

from burnish.database.tables import attempts, events, pieces, references, requests, volumes
from burnish.requests.holding import HELD
from burnish.requests.states import PieceState
from burnish.requests.store import PRIORITIES
from burnish.terms import ExecutionStatus

Values = dict[str, Any]
_IDS: Final = 500
"""Rows whose numbers stand in one query."""


def request_lines(
    connection: Connection, status: ExecutionStatus | None = None, limit: int | None = None
) -> list[Values]:
    """A line of each request, the newest first; without a status every one but those that are GONE."""
    wanted = requests.c.status == status if status else requests.c.status != ExecutionStatus.GONE
    query = select(requests).where(wanted).order_by(requests.c.id.desc())
    rows = connection.execute(query.limit(limit)).all()
    counted: dict[int, Values] = {}
    for start in range(0, len(rows), _IDS):
        counted |= _counted(connection, [row.id for row in rows[start : start + _IDS]])
    return [_line(row, counted[row.id]) for row in rows]


def labels_of(connection: Connection, request: int) -> dict[int, dict[str, Any]]:
    """What was entered of the label of each volume, by its number."""
    query = select(volumes.c.number, volumes.c.label).where(volumes.c.request == request)
    return {row.number: row.label for row in connection.execute(query)}


def find_row(connection: Connection, name: str) -> Row[Any] | None:
    """The request of a SOP Instance UID or a token; of several that had the UID the one that has it, or had
    it last."""
    named = or_(requests.c.sop_instance == name, requests.c.token == name)
    gone = requests.c.status == ExecutionStatus.GONE
    query = select(requests).where(named).order_by(gone, requests.c.id.desc()).limit(1)
    return connection.execute(query).one_or_none()


def request_story(connection: Connection, row: Row[Any]) -> Values:
    """Everything: the line, what was asked for, what failed and why, volumes, pieces, attempts, events."""
    return {
        **_line(row, _counted(connection, [row.id])[row.id]),
        "attributes": row.attributes,
        "failed": [dict(item) for item in row.failed],
        "references": _listed(connection, references, references.c.request == row.id, {"request"}),
        "volumes": _listed(connection, volumes, volumes.c.request == row.id, {"request"}),
        "pieces": _pieces(connection, row.id),
        "events": _listed(connection, events, events.c.request == row.id, {"request"}),
    }


def _line(row: Row[Any], counted: Mapping[str, Any]) -> Values:
    return {
        "uid": row.sop_instance,
        "ae": row.owner_ae,
        "status": row.status,
        "info": row.info,
        "outcome": row.outcome,
        "held": row.plan == HELD,
        "priority": PRIORITIES[row.priority].value,
        "copies": row.copies,
        **counted,
        "created_at": row.created_at,
        "initiated_at": row.initiated_at,
        "ended_at": row.ended_at,
        "token": row.token,
        "message": row.message,
    }


def _counted(connection: Connection, ids: Sequence[int]) -> dict[int, Values]:
    """Of each request: pieces made, wanted (none before it is planned) and spoilt, and its profiles."""
    found: dict[int, Values] = {
        request: {"made": 0, "wanted": None, "spoilt": 0, "profiles": []} for request in ids
    }
    made = func.sum(case((pieces.c.state == PieceState.DELIVERED, 1), else_=0))
    count = select(pieces.c.request, func.count(), made, func.sum(pieces.c.spoilt))
    count = count.where(pieces.c.request.in_(ids)).group_by(pieces.c.request)
    for request, wanted, delivered, spoilt in connection.execute(count):
        found[request] |= {"made": int(delivered), "wanted": wanted, "spoilt": spoilt}
    for table in (volumes, references):  # what was chosen, else what was asked for
        query = select(table.c.request, table.c.profile).where(table.c.request.in_(ids)).distinct()
        chosen: dict[int, list[str]] = {}
        for request, profile in connection.execute(query.where(table.c.profile != "")):
            chosen.setdefault(request, []).append(profile)
        for request, profiles in chosen.items():
            found[request]["profiles"] = found[request]["profiles"] or sorted(profiles)
    return found


def _pieces(connection: Connection, request: int) -> list[Values]:
    """Pieces in the order of volumes and copies, each with its attempts in order."""
    tried: dict[int, list[Values]] = {}
    query = select(attempts).join(pieces, attempts.c.piece == pieces.c.id)
    for row in connection.execute(query.where(pieces.c.request == request).order_by(attempts.c.id)):
        values = dict(row._mapping)
        tried.setdefault(values.pop("piece"), []).append(values)
    rows = select(volumes.c.number.label("volume"), *(c for c in pieces.c if c.name not in _NOT_OF_A_PIECE))
    rows = rows.join(volumes, pieces.c.volume == volumes.c.id).where(pieces.c.request == request)
    found = connection.execute(rows.order_by(volumes.c.number, pieces.c.copy))
    return [{**row._mapping, "attempts": tried.get(row.id, [])} for row in found]


_NOT_OF_A_PIECE: Final = {"request", "volume"}
"""Columns that its place in the answer, or the volume's number, tells already."""


def _listed(connection: Connection, table: Any, condition: Any, without: set[str]) -> list[Values]:
    columns = [column for column in table.c if column.name not in without]
    order = table.c.position if "position" in table.c else table.c.id
    rows = connection.execute(select(*columns).where(condition).order_by(order))
    return [{name: _plain(value) for name, value in row._mapping.items()} for row in rows]


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
