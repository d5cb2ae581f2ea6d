"""The ledger: pieces and attempts, what was intended, what happened, what was proven.

Every function is one step inside a transaction of its caller. A step that finds the piece in another
state than it left it in raises InvalidMove, and the transaction is undone.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, exists, false, insert, or_, select, update

from burnish.contracts import Job
from burnish.database import insert_row, record_event
from burnish.database.tables import attempts, pieces, requests, volumes
from burnish.errors import InvalidMove
from burnish.events import EventKind
from burnish.media import MediaKind
from burnish.requests.states import AT_A_STATION, LIVE, PIECE_MOVES, Event, LabelState, PieceState
from burnish.requests.store import RequestRow, fail_request, move_request, request_row
from burnish.requests.waits import FOR_A_STATION, Wait, begin_wait, end_waits
from burnish.terms import DimseStatus, ExecutionStatus, StatusInfo

PieceRow = Row[Any]
_TELLS = {
    PieceState.PLANNED: EventKind.PIECE_RETURNED,
    PieceState.CLAIMED: EventKind.PIECE_CLAIMED,
    PieceState.INTENT: EventKind.PIECE_INTENT,
    PieceState.WRITTEN: EventKind.PIECE_WRITTEN,
    PieceState.PROVEN: EventKind.PIECE_PROVEN,
    PieceState.LABELLED: EventKind.PIECE_LABELLED,
    PieceState.DELIVERED: EventKind.PIECE_DELIVERED,
    PieceState.SPOILT: EventKind.PIECE_SPOILT,
    PieceState.UNKNOWN: EventKind.PIECE_UNKNOWN,
    PieceState.CANCELLED: EventKind.PIECE_CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVolume:
    """A volume whose recipe lies in the plans folder."""

    number: int
    file_set_id: str
    file_set_uid: str
    token: str
    profile: str
    format: str
    suffix: str
    medium: MediaKind
    length: int
    digest: bytes
    patients: list[dict[str, str]]
    """Who is on it, for audit."""
    label: dict[str, Any] = field(default_factory=dict)
    """What its label says, and in which style: see `labels/content.py`."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece that a station has, and what is to be made."""

    attempt: int
    piece: int
    request: int
    volume: int
    """Row of the volume: names its plan."""
    station: str
    job: Job


def add_volumes(connection: Connection, request: int, planned: Sequence[PlannedVolume], copies: int) -> None:
    """Enter what a plan found: every volume, and a piece for each copy of it."""
    for volume in planned:
        values = {name: getattr(volume, name) for name in volume.__slots__}
        row = insert_row(connection, volumes, request=request, **values)
        rows = [
            {"request": request, "volume": row, "copy": copy, "state": PieceState.PLANNED}
            for copy in range(1, copies + 1)
        ]
        connection.execute(insert(pieces), rows)
    connection.execute(update(requests).where(requests.c.id == request).values(plan="done"))
    record_event(connection, EventKind.REQUEST_PLANNED, request=request, volumes=len(planned))


def claim_piece(connection: Connection, station: str, media: Mapping[MediaKind, int]) -> Claim | None:
    """Take the next piece that `station` can make, or None; `media` says the bytes that fit on each kind.

    First come requests that have a claimed or made piece, then priority, then arrival. The request is
    CREATING from here on.
    """
    other = pieces.alias()
    begun = exists().where(
        other.c.request == requests.c.id, other.c.state.not_in([PieceState.PLANNED, PieceState.CANCELLED])
    )
    query = (
        select(pieces.c.id, pieces.c.request)
        .join(requests, pieces.c.request == requests.c.id)
        .join(volumes, pieces.c.volume == volumes.c.id)
        .where(
            pieces.c.state == PieceState.PLANNED,
            requests.c.status.in_(LIVE),
            requests.c.plan == "done",
            requests.c.cancel_asked.is_(False),
            _fits(media),
        )
        .order_by(case((begun, 0), else_=1), requests.c.priority, requests.c.initiated_at, pieces.c.id)
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    if not found:
        return None
    move_piece(connection, found.id, PieceState.PLANNED, PieceState.CLAIMED, station=station)
    move_request(connection, request_row(connection, found.request), Event.CLAIM)
    end_waits(connection, found.request, FOR_A_STATION)
    return _open_attempt(connection, found.id, station)


def _fits(media: Mapping[MediaKind, int]) -> ColumnElement[bool]:
    kinds = [
        (volumes.c.medium == kind.value) & (volumes.c.length <= capacity) for kind, capacity in media.items()
    ]
    return or_(false(), *kinds)


def work_waits(connection: Connection) -> bool:
    """Whether any piece waits to be claimed; a look that disturbs no writer."""
    query = select(pieces.c.id).where(pieces.c.state == PieceState.PLANNED).limit(1)
    return connection.execute(query).first() is not None


def _open_attempt(connection: Connection, piece: int, station: str) -> Claim:
    attempt = insert_row(connection, attempts, piece=piece, station=station, started_at=time.time())
    return claim_of(connection, attempt)


def claim_of(connection: Connection, attempt: int) -> Claim:
    """An attempt as its station was given it."""
    query = (
        select(
            pieces.c.id.label("piece"),
            pieces.c.copy,
            pieces.c.request,
            pieces.c.spoilt,
            attempts.c.station,
            volumes,
            requests.c.token.label("owner"),
        )
        .join(volumes, pieces.c.volume == volumes.c.id)
        .join(requests, pieces.c.request == requests.c.id)
        .join(attempts, attempts.c.piece == pieces.c.id)
        .where(attempts.c.id == attempt)
    )
    row = connection.execute(query).one()
    job = Job(
        token=row.owner,
        volume_token=row.token,
        file_set_id=row.file_set_id,
        volume=row.number,
        copy=row.copy,
        medium=MediaKind(row.medium),
        length=row.length,
        suffix=row.suffix,
        spoilt=row.spoilt,
    )
    return Claim(attempt, row.piece, row.request, row.id, row.station, job)


def piece_row(connection: Connection, piece: int) -> PieceRow:
    """A piece as it stands."""
    return connection.execute(select(pieces).where(pieces.c.id == piece)).one()


def move_piece(
    connection: Connection, piece: int, source: PieceState, target: PieceState, **values: Any
) -> None:
    """Move a piece from a state to another, and tell of it. Raises InvalidMove."""
    if target not in PIECE_MOVES[source]:
        raise InvalidMove(f"piece {piece} from {source} to {target}")
    changed = connection.execute(
        update(pieces)
        .where(pieces.c.id == piece, pieces.c.state == source)
        .values(state=target, epoch=pieces.c.epoch + 1, **values)
    )
    if changed.rowcount != 1:
        raise InvalidMove(f"piece {piece} is not {source}")
    request = connection.execute(select(pieces.c.request).where(pieces.c.id == piece)).scalar_one()
    record_event(connection, _TELLS[target], request=request, piece=piece)
    if target in (PieceState.WRITTEN, PieceState.PROVEN):
        end_waits(connection, request)


def intend(connection: Connection, claim: Claim, process: int, process_start: int, boot: str = "") -> bool:
    """Commit to touching a medium. False where the request is to end meanwhile: touch nothing.

    Raises InvalidMove where the attempt is over.
    """
    sign_attempt(connection, claim.attempt, process, process_start, boot)
    if is_to_end(request_row(connection, claim.request)):
        move_piece(connection, claim.piece, PieceState.CLAIMED, PieceState.CANCELLED)
        end_attempt(connection, claim.attempt, "cancelled")
        settle_end(connection, claim.request)
        return False
    move_piece(connection, claim.piece, PieceState.CLAIMED, PieceState.INTENT)
    return True


def sign_attempt(
    connection: Connection, attempt: int, process: int, process_start: int, boot: str = ""
) -> None:
    """Enter which process works on an attempt: while it lives, nobody else does.

    Raises InvalidMove where the attempt is over: a feeder that outlived its server may meet a piece that was
    given on.
    """
    changed = connection.execute(
        update(attempts)
        .where(attempts.c.id == attempt, attempts.c.outcome.is_(None))
        .values(process=process, process_start=process_start, process_boot=boot)
    )
    if changed.rowcount != 1:
        raise InvalidMove(f"attempt {attempt} is over")


def enter_progress(connection: Connection, attempt: int, done: int) -> None:
    """Enter how many bytes are written, or read back where the piece is WRITTEN."""
    connection.execute(update(attempts).where(attempts.c.id == attempt).values(done=done))


def note_fault(
    connection: Connection, attempt: int, fault: str | None, message: str, *, rejected: bool = False
) -> None:
    """Enter what went wrong with an attempt whose medium is still to be asked, or about to be rejected."""
    values = {"fault": fault, "message": message} | ({"rejected": True} if rejected else {})
    connection.execute(update(attempts).where(attempts.c.id == attempt).values(values))


def noted_fault(connection: Connection, attempt: int) -> tuple[str | None, str, bool]:
    """What `note_fault` entered: no fault where the feeder itself died; true where a medium was rejected."""
    row = connection.execute(select(attempts).where(attempts.c.id == attempt)).one()
    return row.fault, row.message, row.rejected


def label_of_volume(connection: Connection, volume: int) -> dict[str, Any]:
    """What was entered of the label of a volume."""
    found: dict[str, Any] = connection.execute(
        select(volumes.c.label).where(volumes.c.id == volume)
    ).scalar_one()
    return found


def label_states(connection: Connection, attempt: int) -> dict[str, LabelState]:
    """What became of each label of an attempt, by its printer."""
    found = connection.execute(select(attempts.c.labels).where(attempts.c.id == attempt)).scalar_one()
    return {printer: LabelState(state) for printer, state in found.items()}


def note_label(connection: Connection, attempt: int, printer: str, state: LabelState | None) -> None:
    """Enter what became of a label; None: as if it had never been begun."""
    states = {**label_states(connection, attempt), printer: state}
    kept = {printer: state for printer, state in states.items() if state}
    connection.execute(update(attempts).where(attempts.c.id == attempt).values(labels=kept))


def unconfirmed_pieces(connection: Connection, stations: Sequence[str]) -> list[tuple[int, str]]:
    """Attempts of these stations whose piece left without anybody saying that its label is on it, with the
    code of the piece."""
    query = (
        select(attempts.c.id, volumes.c.token, pieces.c.copy)
        .join(pieces, attempts.c.piece == pieces.c.id)
        .join(volumes, pieces.c.volume == volumes.c.id)
        .where(attempts.c.unconfirmed, attempts.c.station.in_(stations))
        .order_by(attempts.c.id)
    )
    return [(row.id, f"{row.token}-{row.copy}") for row in connection.execute(query)]


def confirm_label(connection: Connection, attempt: int) -> None:
    """Enter that the label of a piece is on it."""
    piece, request = connection.execute(
        select(pieces.c.id, pieces.c.request)
        .join(attempts, attempts.c.piece == pieces.c.id)
        .where(attempts.c.id == attempt)
    ).one()
    connection.execute(update(attempts).where(attempts.c.id == attempt).values(unconfirmed=False))
    record_event(connection, EventKind.LABEL_CONFIRMED, request=request, piece=piece)


def end_attempt(
    connection: Connection, attempt: int, outcome: str, *, fault: str | None = None, message: str = ""
) -> None:
    """Close an attempt: delivered, spoilt, returned, cancelled or unknown."""
    connection.execute(
        update(attempts)
        .where(attempts.c.id == attempt)
        .values(ended_at=time.time(), outcome=outcome, fault=fault, message=message)
    )


def deliver(
    connection: Connection,
    claim: Claim,
    source: PieceState,
    place: str,
    proven_by: str,
    *,
    unconfirmed: bool = False,
) -> None:
    """Count a proven piece; the last one ends the request with DONE.

    `unconfirmed`: somebody has still to say that its label is on it.
    """
    move_piece(
        connection, claim.piece, source, PieceState.DELIVERED, place=place, proven_by=proven_by, station=None
    )
    end_attempt(connection, claim.attempt, "delivered")
    if unconfirmed:
        connection.execute(update(attempts).where(attempts.c.id == claim.attempt).values(unconfirmed=True))
    rest = select(pieces.c.id).where(
        pieces.c.request == claim.request, pieces.c.state != PieceState.DELIVERED
    )
    row = request_row(connection, claim.request)
    if row.status not in LIVE:
        return
    if connection.execute(rest.limit(1)).first() is None:
        finish_request(connection, row.id)
    else:
        settle_end(connection, claim.request)


def finish_request(connection: Connection, request: int) -> None:
    """All pieces are delivered."""
    row = request_row(connection, request)
    if row.status == ExecutionStatus.PENDING:
        move_request(connection, row, Event.CLAIM)
        row = request_row(connection, request)
    move_request(connection, row, Event.FINISH, cancel_asked=False)


def spoil(
    connection: Connection, claim: Claim, source: PieceState, *, fault: str | None, message: str, retries: int
) -> bool:
    """A touched medium that is not a good one: count it. True where the piece will be tried again."""
    row = piece_row(connection, claim.piece)
    move_piece(connection, claim.piece, source, PieceState.SPOILT, spoilt=row.spoilt + 1, station=None)
    end_attempt(connection, claim.attempt, "spoilt", fault=fault, message=message)
    if is_to_end(request_row(connection, claim.request)):
        move_piece(connection, claim.piece, PieceState.SPOILT, PieceState.CANCELLED)
        settle_end(connection, claim.request)
        return False
    if row.spoilt >= retries:
        return False
    move_piece(connection, claim.piece, PieceState.SPOILT, PieceState.PLANNED)
    return True


def give_back(
    connection: Connection, claim: Claim, source: PieceState, *, fault: str | None, message: str
) -> None:
    """Nothing was written: anybody may take the piece, unless its request is to end."""
    if source is not PieceState.UNKNOWN:
        if source is not PieceState.CLAIMED:
            move_piece(connection, claim.piece, source, PieceState.CLAIMED)
        source = PieceState.CLAIMED
    move_piece(connection, claim.piece, source, PieceState.PLANNED, station=None)
    end_attempt(connection, claim.attempt, "returned", fault=fault, message=message)
    if is_to_end(request_row(connection, claim.request)):
        move_piece(connection, claim.piece, PieceState.PLANNED, PieceState.CANCELLED)
        settle_end(connection, claim.request)


def hold_request(
    connection: Connection,
    request: int,
    info: StatusInfo,
    message: str,
    wait: Wait | None = Wait.SUPPLIES,
    failing: StatusInfo | None = None,
) -> None:
    """Say that a device or a person is waited for, unless another station still makes pieces of it.

    `wait` says which limit ends that, with `failing` or the same term; None: another station is at hand, or a
    person decides.
    """
    row = request_row(connection, request)
    if row.status not in LIVE or pieces_in(connection, request, AT_A_STATION):
        return
    move_request(connection, row, Event.HOLD, info, message=message)
    if wait:
        begin_wait(connection, request, wait, failing or info)


def abandon_request(connection: Connection, request: int, info: StatusInfo, message: str) -> None:
    """A piece cannot be made: what was not begun is not begun, and the request fails.

    While other stations make pieces of it they go on, and their media count; it fails when the last of them
    has ended, so that what an SCU reads beside FAILURE does not change any more.
    """
    _move_all(connection, request, PieceState.PLANNED, PieceState.CANCELLED)
    row = request_row(connection, request)
    if row.status in LIVE and row.doomed is None:
        doomed = update(requests).where(requests.c.id == request)
        connection.execute(doomed.values(doomed=info, message=message))
        settle_end(connection, request)


def is_to_end(row: RequestRow) -> bool:
    """Whether nothing more is to be begun: it has ended, is to be cancelled, or can only fail."""
    return row.status not in LIVE or row.cancel_asked or row.doomed is not None


def settle_end(connection: Connection, request: int) -> None:
    """Carry out the end that was decided, a cancel or a failure, once nobody works on the request."""
    if settle_cancel(connection, request):
        return
    row = request_row(connection, request)
    if row.doomed and row.status in LIVE and not pieces_in(connection, request, AT_A_STATION):
        fail_request(connection, request, StatusInfo(row.doomed), row.message)


def pieces_in(connection: Connection, request: int, states: Sequence[PieceState]) -> list[int]:
    """The pieces of a request that are in one of these states."""
    query = select(pieces.c.id).where(pieces.c.request == request, pieces.c.state.in_(states))
    return list(connection.execute(query).scalars())


def _move_all(connection: Connection, request: int, source: PieceState, target: PieceState) -> None:
    for piece in pieces_in(connection, request, [source]):
        move_piece(connection, piece, source, target)


def ask_to_cancel(connection: Connection, request: int) -> None:
    """Tell whoever works on a request to stop; `settle_cancel` deletes it when nobody does any more."""
    connection.execute(
        update(requests).where(requests.c.id == request).values(cancel_asked=True, cancel_answer=None)
    )
    settle_cancel(connection, request)


def refuse_cancel(connection: Connection, request: int, answer: DimseStatus) -> None:
    """An owner cannot stop: the work goes on, and what had stopped already is planned again."""
    row = request_row(connection, request)
    if not row.cancel_asked:
        return
    connection.execute(
        update(requests).where(requests.c.id == request).values(cancel_asked=False, cancel_answer=int(answer))
    )
    if not row.doomed:
        _move_all(connection, request, PieceState.CANCELLED, PieceState.PLANNED)


def settle_cancel(connection: Connection, request: int) -> bool:
    """Delete a request that is to be cancelled once nobody works on it; True where it is gone."""
    row = request_row(connection, request)
    working = row.plan == "claimed" or pieces_in(connection, request, [*AT_A_STATION, PieceState.UNKNOWN])
    if not row.cancel_asked or working:
        return False
    _move_all(connection, request, PieceState.PLANNED, PieceState.CANCELLED)
    move_request(connection, row, Event.CANCEL, cancel_asked=False)
    return True
