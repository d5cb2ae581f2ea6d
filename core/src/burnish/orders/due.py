"""Whose time is over, as conditions that SQL can judge. All times are service time, in seconds.

A request is *over* when it has ended and no piece of it is in a station's hands or unknown. An instance is
*needed* while a request that is not over pins it, or one that has not ended references it. What is not
needed is due when every lifetime that applies to it has passed:

    each ended request that pinned it    its end + after_success | after_failure | preserved
    no such request since it was kept    the last C-STORE + unrequested
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from burnish.database.tables import events, instances, pieces, pins, references, requests
from burnish.orders.lifetimes import RetentionSettings
from burnish.requests.states import PieceState
from burnish.terms import ExecutionStatus

Condition = ColumnElement[bool]

_ACTIVE: Final = (ExecutionStatus.IDLE, ExecutionStatus.PENDING, ExecutionStatus.CREATING)
_ENDED: Final = (ExecutionStatus.DONE, ExecutionStatus.FAILURE)
_AT_REST: Final = (PieceState.PLANNED, PieceState.DELIVERED, PieceState.SPOILT, PieceState.CANCELLED)
"""States of a piece of an ended request that nobody will look at again."""
_DONE: Final = requests.c.outcome == ExecutionStatus.DONE
_INSTANCE_LIFETIMES: Final = (
    "instances_after_success",
    "instances_after_failure",
    "instances_preserved",
    "instances_unrequested",
)


def request_is_over() -> Condition:
    """Of `requests`: it has ended, and nobody works on it or wonders about it."""
    restless = exists().where(pieces.c.request == requests.c.id, pieces.c.state.not_in(_AT_REST))
    return and_(requests.c.status.not_in(_ACTIVE), ~restless)


def idle_is_due(settings: RetentionSettings, now: float) -> Condition:
    """Of `requests`: nobody initiated it in time."""
    before = now - _seconds(settings.idle_requests)
    return and_(requests.c.status == ExecutionStatus.IDLE, requests.c.created_served <= before)


def result_is_due(settings: RetentionSettings, now: float) -> Condition:
    """Of `requests`: its end has been told long enough."""
    before = now - _seconds(settings.results)
    return and_(requests.c.status.in_(_ENDED), requests.c.ended_served <= before)


def record_is_due(settings: RetentionSettings, now: float) -> Condition:
    """Of `requests`: the ledger forgets it, unless it still keeps what it used."""
    before = now - _seconds(settings.ledger)
    gone = requests.c.status == ExecutionStatus.GONE
    keeps_nothing = or_(requests.c.outcome == "", _use_ends(settings) <= now)
    return and_(gone, requests.c.ended_served <= before, keeps_nothing, request_is_over())


def event_is_due(settings: RetentionSettings, now: float) -> Condition:
    """Of `events`: it is old, and of no request that the ledger still has."""
    known = exists().where(requests.c.id == events.c.request)
    return and_(events.c.served <= now - _seconds(settings.ledger), ~known)


def instance_is_due(settings: RetentionSettings, now: float) -> Condition:
    """Of `instances`: nobody needs it, and every lifetime that applies to it has passed."""
    lasts = _uses().where(_use_ends(settings) > now).exists()
    unrequested_passed = instances.c.kept_served <= now - _seconds(settings.instances_unrequested)
    passed = and_(or_(unrequested_passed, _used_since_kept()), ~lasts)
    return and_(instances.c.kept_served <= now - _shortest(settings), passed, ~instance_is_needed())


def _shortest(settings: RetentionSettings) -> float:
    """What is younger need not be looked at: no end of a use is before the C-STORE that it came after."""
    return min(_seconds(getattr(settings, name)) for name in _INSTANCE_LIFETIMES)


def instance_is_needed() -> Condition:
    """Of `instances`: a request may still read it. A superseded version serves only who pinned it."""
    pinned = (
        exists()
        .where(pins.c.instance == instances.c.id, pins.c.request == requests.c.id)
        .where(~request_is_over())
    )
    referenced = exists().where(
        references.c.sop_instance == instances.c.sop_instance,
        references.c.request == requests.c.id,
        requests.c.status.in_(_ACTIVE),
    )
    return or_(pinned, and_(~instances.c.superseded, referenced))


def _uses() -> Select[Any]:
    """The ended requests that used the instance at hand; a cancelled one has no outcome."""
    of = pins.c.instance == instances.c.id
    return (
        select(requests.c.id).join(pins, pins.c.request == requests.c.id).where(of, requests.c.outcome != "")
    )


def _used_since_kept() -> Condition:
    return _uses().where(requests.c.ended_served >= instances.c.kept_served).exists()


def _use_ends(settings: RetentionSettings) -> ColumnElement[float]:
    """Until when an ended request keeps what it used."""
    success, failure = settings.instances_after_success, settings.instances_after_failure
    preserved = settings.instances_preserved
    lifetime = case(
        (and_(_DONE, requests.c.preserve), _seconds(max(success, preserved))),
        (_DONE, _seconds(success)),
        (requests.c.preserve, _seconds(max(failure, preserved))),
        else_=_seconds(failure),
    )
    return requests.c.ended_served + lifetime


def _seconds(lifetime: timedelta) -> float:
    return lifetime.total_seconds()


# --- what there is ----------------------------------------------------------------------------------------

IN_USE: Final = "in_use"
"""The class of instances that requests need."""


@dataclass(frozen=True, slots=True)
class Class:
    """What is kept for one reason."""

    name: str
    """The lifetime's key in `[retention]`, or `in_use`."""
    count: int
    size: int
    """Bytes of data sets; 0 for requests."""
    due: int
    """How many of them go with the next sweep."""
    next: float | None
    """Seconds of service until the first one is due, 0 where one is; None where there is none."""


def count_requests(connection: Connection, settings: RetentionSettings, now: float) -> list[Class]:
    """Requests by the lifetime that they wait for; started ones are `in_use`."""
    kinds: Sequence[tuple[str, Condition, ColumnElement[float]]] = [
        ("idle_requests", requests.c.status == ExecutionStatus.IDLE, requests.c.created_served),
        ("results", requests.c.status.in_(_ENDED), requests.c.ended_served),
        ("ledger", requests.c.status == ExecutionStatus.GONE, requests.c.ended_served),
    ]
    started = requests.c.status.in_([ExecutionStatus.PENDING, ExecutionStatus.CREATING])
    working = connection.execute(select(func.count()).select_from(requests).where(started)).scalar_one()
    found = [Class(IN_USE, working, 0, 0, None)]
    for name, condition, since in kinds:
        ends = since + _seconds(getattr(settings, name))
        row = connection.execute(select(func.count(), _due(ends, now), func.min(ends)).where(condition)).one()
        found.append(Class(name, row[0], 0, row[1] or 0, _until(row[2], now)))
    return found


def count_instances(connection: Connection, settings: RetentionSettings, now: float) -> list[Class]:
    """Instances by the lifetime that keeps them longest; those that requests need are `in_use`."""
    lasting = _longest(settings)
    kind = case((instance_is_needed(), IN_USE), else_=lasting.c.kind).label("class")
    query = (
        select(
            kind,
            func.count(),
            func.sum(instances.c.length),
            _due(lasting.c.ends, now),
            func.min(lasting.c.ends),
        )
        .select_from(instances.join(lasting, lasting.c.instance == instances.c.id))
        .where(lasting.c.place == 1)
        .group_by(kind)
    )
    rows = {row[0]: row for row in connection.execute(query)}
    return [_class(name, rows.get(name), now) for name in (IN_USE, *_INSTANCE_LIFETIMES)]


def _longest(settings: RetentionSettings) -> Any:
    """Every reason to keep an instance, numbered from the one that lasts longest."""
    unrequested = instances.c.kept_served + _seconds(settings.instances_unrequested)
    kind = case(
        (requests.c.preserve, "instances_preserved"),
        (_DONE, "instances_after_success"),
        else_="instances_after_failure",
    )
    used = select(pins.c.instance, kind.label("kind"), _use_ends(settings).label("ends"))
    reasons = union_all(
        used.join(requests, pins.c.request == requests.c.id).where(requests.c.outcome != ""),
        select(instances.c.id, literal("instances_unrequested"), unrequested).where(~_used_since_kept()),
    ).subquery()
    place = func.row_number().over(partition_by=reasons.c.instance, order_by=reasons.c.ends.desc())
    return select(reasons, place.label("place")).subquery()


def _class(name: str, row: Any, now: float) -> Class:
    if row is None:
        return Class(name, 0, 0, 0, None)
    _, count, size, due, first = row
    return (
        Class(name, count, size, 0, None)
        if name == IN_USE
        else Class(name, count, size, due, _until(first, now))
    )


def _due(ends: ColumnElement[float], now: float) -> ColumnElement[int]:
    return func.sum(case((ends <= now, 1), else_=0))


def _until(first: float | None, now: float) -> float | None:
    return None if first is None else max(0.0, first - now)
