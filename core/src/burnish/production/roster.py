"""The roster: a row for each drive of a station that tells an operator what it is about, and production what
it may do. A station of one drive is one row of its own name; of several, each is `<station>/<writer>`.

    ready ◄──► waiting        a condition that somebody must mend; it is tried again by itself
      ▲ ▲
      │ └──► failed           its driver does not start or cannot take its device; tried again by itself
      ▼
    draining, quarantined     it takes nothing more until an operator says `burnish stations resume`

What an operator or a broken device has decided outlives a restart; what a device said last does not.
"""

import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from burnish.contracts import DeviceState
from burnish.database import record_event
from burnish.database.tables import stations
from burnish.errors import FaultKind
from burnish.events import EventKind
from burnish.media import MediaKind
from burnish.production.faults import POLICIES, Action, Next
from burnish.requests.states import PieceState

StationRow = Row[Any]


class StationState(StrEnum):
    """See the module."""

    READY = "ready"
    WAITING = "waiting"
    FAILED = "failed"
    DRAINING = "draining"
    QUARANTINED = "quarantined"


CLAIMING: Final = (StationState.READY, StationState.WAITING)
"""States in which a station takes pieces."""
BY_ITSELF: Final = (*CLAIMING, StationState.FAILED)
"""States that a station leaves without an operator."""


def enroll(
    connection: Connection,
    name: str,
    media: Mapping[MediaKind, int],
    quarantine_after: int,
    station: str = "",
) -> None:
    """Enter a configured drive at the start of production; `media` says the bytes that fit on each kind.

    `station` is whose it is, empty where it is one by itself. What it lacked before is looked at again.
    """
    facts = {
        "station": station or name,
        "condition": None,
        "ready": None,
        "configured": True,
        "media": {kind.value: capacity for kind, capacity in media.items()},
        "quarantine_after": quarantine_after,
    }
    if not connection.execute(update(stations).where(stations.c.name == name).values(facts)).rowcount:
        new = {"name": name, "state": StationState.READY, "since": time.time(), **facts}
        connection.execute(insert(stations).values(new))
    set_state(connection, name, StationState.READY, "", leaving=BY_ITSELF)


def retire_others(connection: Connection, names: Sequence[str]) -> None:
    """Enter that stations of other names are configured no more; what became of their media is kept."""
    connection.execute(update(stations).where(stations.c.name.not_in(names)).values(configured=False))


def station_row(connection: Connection, name: str) -> StationRow | None:
    """A station as it stands; None where it was never configured."""
    return connection.execute(select(stations).where(stations.c.name == name)).one_or_none()


def roster(connection: Connection) -> Sequence[StationRow]:
    """Every station, by name."""
    return connection.execute(select(stations).order_by(stations.c.name)).all()


def set_state(
    connection: Connection,
    name: str,
    state: StationState,
    reason: str,
    *,
    leaving: Sequence[StationState] = tuple(StationState),
    **values: Any,
) -> bool:
    """Change a station's state where it is in one of `leaving`, and tell of it. False where it is not."""
    row = station_row(connection, name)
    if row is None or row.state not in leaving:
        return False
    if row.state != state:
        values["since"] = time.time()
        record_event(connection, EventKind.STATION_STATE, station=name, state=state, reason=reason)
    changed = update(stations).where(stations.c.name == name)
    connection.execute(changed.values(state=state, reason=reason, **values))
    return True


def named(connection: Connection, name: str) -> list[str]:
    """The rows that an operator means by a name: a drive's own, or all of a station."""
    meant = (stations.c.name == name) | (stations.c.station == name)
    return list(connection.execute(select(stations.c.name).where(meant).order_by(stations.c.name)).scalars())


def resume(connection: Connection, name: str) -> bool:
    """Have a station take pieces again, with a clean slate. False where there is none of this name."""
    return set_state(connection, name, StationState.READY, "", faults_in_a_row=0, condition=None, ready=None)


def note_look(
    connection: Connection, name: str, state: DeviceState, ready: Mapping[MediaKind, int] | None
) -> None:
    """Enter what a device said of itself. A condition keeps its station waiting until a look finds none.

    `ready` is what it could take now, with the bytes that fit on each; None where it does not tell.
    """
    row = station_row(connection, name)
    if row is None:
        return
    seen = {
        "condition": state.condition,
        "ready": None if ready is None else {kind.value: size for kind, size in ready.items()},
        "device": state.to_json(),
        "looked_at": time.time(),
    }
    connection.execute(update(stations).where(stations.c.name == name).values(seen))
    if state.condition:
        _react(connection, name, POLICIES[state.condition].station, f"{state.condition}: {state.message}")
        if state.condition != row.condition:
            noted = {"last_fault": state.condition, "last_fault_at": time.time()}
            connection.execute(update(stations).where(stations.c.name == name).values(noted))
    elif row.condition:
        set_state(connection, name, StationState.READY, "", leaving=[StationState.WAITING])


def note_fault(
    connection: Connection, name: str, kind: FaultKind, message: str, *, shared: bool = False
) -> FaultKind:
    """Enter what went wrong at a drive and what that makes of it; return what it amounts to.

    Too many media in a row that a drive could not make are no fault of the media: DRIVE_FAULT. `shared`: the
    fault is of what all drives of the station have in common, and stops them all.
    """
    row = station_row(connection, name)
    if row is None:
        return kind
    counts = POLICIES[kind].action is Action.NEXT_MEDIUM
    in_a_row = row.faults_in_a_row + counts
    noted = {"last_fault": kind, "last_fault_at": time.time(), "faults_in_a_row": in_a_row}
    connection.execute(update(stations).where(stations.c.name == name).values(noted))
    if counts and 0 < row.quarantine_after <= in_a_row:
        kind, message = FaultKind.DRIVE_FAULT, f"{in_a_row} faults in a row, the last: {message}"
    for each in named(connection, row.station) if shared else [name]:
        _react(connection, each, POLICIES[kind].station, f"{kind}: {message}")
    return kind


def _react(connection: Connection, name: str, what: Next, reason: str) -> None:
    match what:
        case Next.WAIT | Next.BACK_OFF:
            set_state(connection, name, StationState.WAITING, reason, leaving=BY_ITSELF)
        case Next.QUARANTINE:
            set_state(connection, name, StationState.QUARANTINED, reason)


def note_start_failed(connection: Connection, name: str, kind: FaultKind, message: str) -> None:
    """Enter that a driver does not start, or that it cannot take its device."""
    noted = {"last_fault": kind, "last_fault_at": time.time()}
    connection.execute(update(stations).where(stations.c.name == name).values(noted))
    reason = f"{kind}: {message}"
    if POLICIES[kind].station is Next.QUARANTINE:
        set_state(connection, name, StationState.QUARANTINED, reason)
    else:
        set_state(connection, name, StationState.FAILED, reason, leaving=BY_ITSELF)


def note_started(connection: Connection, name: str) -> None:
    """Enter that a driver runs and has its device."""
    set_state(connection, name, StationState.READY, "", leaving=[StationState.FAILED])


def note_progress(connection: Connection, name: str, reached: PieceState) -> None:
    """Enter that a piece went on: what was waited for is mended where a medium is written to its end, and one
    that is proven ends the row of bad ones."""
    if reached is PieceState.WRITTEN:
        set_state(connection, name, StationState.READY, "", leaving=[StationState.WAITING])
    elif reached is PieceState.PROVEN:
        connection.execute(update(stations).where(stations.c.name == name).values(faults_in_a_row=0))


def able(
    connection: Connection,
    medium: MediaKind,
    length: int,
    *,
    states: Sequence[StationState] = CLAIMING,
    besides: str = "",
) -> bool:
    """Whether a configured station in one of `states` can make such a medium."""
    return bool(able_rows(connection, medium, length, states=states, besides=besides))


def able_rows(
    connection: Connection,
    medium: MediaKind,
    length: int,
    *,
    states: Sequence[StationState] = CLAIMING,
    besides: str = "",
) -> list[StationRow]:
    """The configured stations in one of `states` that can make such a medium, supplied or not."""
    return [
        row
        for row in roster(connection)
        if row.configured
        and row.name != besides
        and row.state in states
        and row.media.get(medium, -1) >= length
    ]


def lack(row: StationRow, medium: MediaKind, length: int) -> FaultKind | None:
    """What an able station lacks for such a medium, as its last look says; None where it could begin."""
    if row.condition:
        return FaultKind(row.condition)
    if row.ready is None or row.ready.get(medium, -1) >= length:
        return None
    return FaultKind.MEDIUM_TOO_SMALL if medium in row.ready else FaultKind.NO_BLANK_MEDIA
