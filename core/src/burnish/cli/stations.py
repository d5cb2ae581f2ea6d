"""`stations …`: what every station is about, and an operator's word to it.

Both go through the tables, so they work whether a server runs or not; one that runs looks each second.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from burnish.cli import say
from burnish.config import Loaded, load_config
from burnish.contracts import Unit
from burnish.database import Database
from burnish.errors import BurnishError, FaultKind
from burnish.production import roster
from burnish.production.faults import POLICIES
from burnish.production.leftovers import AttemptRow, is_worked_on, mark_unknown, open_attempts
from burnish.production.outcome import settle_cut_off
from burnish.production.roster import StationRow, StationState
from burnish.requests.ledger import (
    claim_of,
    confirm_label,
    label_states,
    note_label,
    piece_row,
    unconfirmed_pieces,
)
from burnish.requests.states import LabelState, PieceState
from burnish.terms import StatusInfo

PUT_DOWN: Final = 15.0
"""Seconds in which a station that was taken out of service puts its piece down."""


def show_stations(config: Path | None, *, as_json: bool) -> None:
    """Print the roster."""
    with _database(config).read() as connection:
        found = [_told(connection, row) for row in roster.roster(connection)]
    if as_json:
        say(json.dumps(found, indent=2))
        return
    for station in found:
        say(_line(station))


def drain(config: Path | None, name: str) -> None:
    """Have a station finish its piece and take no other."""
    _set(config, name, StationState.DRAINING, "drained by an operator")


def quarantine(config: Path | None, name: str, reason: str) -> None:
    """Take a station out of service: nothing is made there, and its device is not touched."""
    _set(config, name, StationState.QUARANTINED, reason)


def resume(config: Path | None, name: str) -> None:
    """Put a station back into service."""
    with _database(config).write() as connection:
        rows = _demand(connection, name)
        for row in rows:
            roster.resume(connection, row)
    _say_each(rows, "ready")


def accept_medium(config: Path | None, name: str) -> None:
    """Enter that an operator has taken away the media that a station left in doubt: each counts as spoilt.

    A station that was drained just before may still be putting its piece down; it gets `PUT_DOWN` for that.
    Raises BurnishError where somebody works with one of them all the same.
    """
    loaded, database = _opened(config)
    until = time.monotonic() + PUT_DOWN
    while True:
        with database.write() as connection:
            rows = _demand(connection, name)
            left = [attempt for one in rows for attempt in open_attempts(connection, one)]
            busy = next((attempt for attempt in left if is_worked_on(attempt)), None)
            if busy is None:
                retries = loaded.config.queue.retries_per_piece
                taken = [one for row in left if (one := _take(connection, row, retries))]
                break
            row = roster.station_row(connection, busy.station)
            in_service = row is not None and row.state not in (
                StationState.DRAINING,
                StationState.QUARANTINED,
            )
            if in_service or time.monotonic() > until:
                advice = f"`burnish stations drain {name}` first" if in_service else "it is not done yet"
                work = _work(connection, busy)
                raise BurnishError(
                    f"{busy.station} works on copy {work['copy']} of {work['request']} just now; {advice}"
                )
        time.sleep(0.2)
    for line in taken:
        say(line)
    if not taken:
        say(f"{name}: no medium is in doubt here")


def labelled(config: Path | None, name: str, code: str) -> None:
    """Enter that a label is on its piece: of one in doubt it is taken for printed, of one that has left the
    station may make the next.

    Raises BurnishError where `code` is that of no such piece, or where none is given and there are several.
    """
    with _database(config).write() as connection:
        rows = _demand(connection, name)
        waiting = {piece: (attempt, "") for attempt, piece in unconfirmed_pieces(connection, rows)}
        waiting |= {piece: (attempt, printer) for attempt, printer, piece in _doubtful(connection, rows)}
        if not waiting:
            say(f"{name}: no label is waited for here")
            return
        if code not in waiting and (code or len(waiting) > 1):
            raise BurnishError(f"{code or 'a code'!r} is none of {', '.join(waiting)}: nothing is changed")
        piece = code or next(iter(waiting))
        attempt, printer = waiting[piece]
        if printer:
            note_label(connection, attempt, printer, LabelState.PRINTED)
        else:
            confirm_label(connection, attempt)
    say(f"{name}: piece {piece} is labelled")


def reprint(config: Path | None, name: str) -> None:
    """Enter that the labels in doubt of a station were not printed: they are printed as at the first time."""
    with _database(config).write() as connection:
        found = _doubtful(connection, _demand(connection, name))
        for attempt, printer, _ in found:
            note_label(connection, attempt, printer, None)
    for _, printer, piece in found:
        say(f"{name}: {printer} prints the label of piece {piece} again")
    if not found:
        say(f"{name}: no label is in doubt here")


def _doubtful(connection: Connection, rows: list[str]) -> list[tuple[int, str, str]]:
    """Attempt, printer and code of the piece of each label of which nobody knows whether it was printed."""
    found = []
    for row in (one for name in rows for one in open_attempts(connection, name)):
        job = claim_of(connection, row.id).job
        states = label_states(connection, row.id)
        piece = f"{job.volume_token}-{job.copy}"
        doubtful = [printer for printer, state in states.items() if state is LabelState.DOUBTFUL]
        found += [(row.id, printer, piece) for printer in doubtful]
    return found


def _take(connection: Connection, row: AttemptRow, retries: int) -> str:
    """Count the medium of an attempt as spoilt; say so. Empty where it had not been begun."""
    if not mark_unknown(connection, row.id, retries):
        return ""
    claim = claim_of(connection, row.id)
    message = "an operator took the medium away"
    settle_cut_off(connection, claim, PieceState.UNKNOWN, message, touched=True, retries=retries)
    return f"{row.station}: the medium of copy {claim.job.copy} of {claim.job.token} counts as spoilt"


def _set(config: Path | None, name: str, state: StationState, reason: str) -> None:
    with _database(config).write() as connection:
        rows = _demand(connection, name)
        for row in rows:
            roster.set_state(connection, row, state, reason)
    _say_each(rows, state)


def _say_each(rows: list[str], state: str) -> None:
    for row in rows:
        say(f"{row}: {state}")


def _database(config: Path | None) -> Database:
    return _opened(config)[1]


def _opened(config: Path | None) -> tuple[Loaded, Database]:
    loaded = load_config(config)
    if not (loaded.data / "burnish.sqlite").exists():
        raise BurnishError(f"no server has worked in {loaded.data} yet; `burnish serve` enters the stations")
    return loaded, Database.open(loaded.config.database, loaded.data)


def _demand(connection: Connection, name: str) -> list[str]:
    """The rows of a station, or one drive's. Raises BurnishError."""
    rows = roster.named(connection, name)
    if not rows:
        known = ", ".join(row.name for row in roster.roster(connection)) or "none"
        raise BurnishError(f"no station {name!r}; there are {known}")
    return rows


# --- what is told ------------------------------------------------------------------------------------------


def _told(connection: Connection, row: StationRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "station": row.station,
        "configured": row.configured,
        "state": row.state,
        "since": _when(row.since),
        "reason": row.reason,
        "must_act": must_act(row),
        "condition": row.condition,
        "device": row.device,
        "looked_at": _when(row.looked_at) if row.looked_at else None,
        "last_fault": row.last_fault,
        "last_fault_at": _when(row.last_fault_at) if row.last_fault_at else None,
        "faults_in_a_row": row.faults_in_a_row,
        "media": row.media,
        "working_on": [_work(connection, attempt) for attempt in open_attempts(connection, row.name)],
    }


def must_act(row: StationRow) -> str:
    """Who has to do something before this station goes on: `operator`, `service`, or nobody, empty."""
    if row.state == StationState.READY:
        return ""
    fault = row.condition or row.last_fault
    policy = POLICIES[FaultKind(fault)] if fault else None
    if row.state != StationState.DRAINING and policy and policy.waiting is StatusInfo.CHECK_MCD_SRV:
        return "service"
    return "" if policy and policy.waiting is StatusInfo.MCD_BUSY else "operator"


def _work(connection: Connection, attempt: AttemptRow) -> dict[str, Any]:
    claim = claim_of(connection, attempt.id)
    state = PieceState(piece_row(connection, claim.piece).state)
    return {
        "request": claim.job.token,
        "volume": claim.job.volume,
        "copy": claim.job.copy,
        "doing": DOES[state],
        "done": attempt.done,
        "length": claim.job.length,
    }


DOES: Final = {
    PieceState.CLAIMED: "fetching a blank for",
    PieceState.INTENT: "writing",
    PieceState.WRITTEN: "reading back",
    PieceState.PROVEN: "labelling or handing out",
    PieceState.LABELLED: "handing out",
    PieceState.UNKNOWN: "in doubt about",
}
"""What a station does with a piece in each state."""


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _line(station: dict[str, Any]) -> str:
    """A line of what it is about, and one each of its device and of its work."""
    state = station["state"] if station["configured"] else f"{station['state']}, not configured"
    who = f" [{station['must_act']} must act]" if station["must_act"] else ""
    said = f": {station['reason']}" if station["reason"] else ""
    lines = [f"{station['name']:18} {state} since {station['since']}{who}{said}"]
    lines += [f"{'':18} {text}" for text in (_device(station["device"] or {}),) if text]
    lines += [f"{'':18} {_progress(work)}" for work in station["working_on"]]
    return "\n".join(lines)


def _device(device: dict[str, Any]) -> str:
    """Who it is, what lies in it, what is left of its supplies."""
    if not device:
        return ""
    unit = str(Unit(**device["unit"]))
    place = device["unit"]["place"]
    parts = [f"{unit} at {place}" if unit and place else unit or place]
    if medium := device["medium"]:
        blank = {True: "blank ", False: "written "}.get(medium["blank"], "")
        parts.append(f"{blank}{medium['name'] or medium['kind'] or 'unknown medium'}")
    parts += [_supply(supply) for supply in device["supplies"]]
    return ", ".join(part for part in parts if part)


def _supply(supply: dict[str, Any]) -> str:
    if supply["count"] is not None:
        return f"{supply['name']} {supply['count']}"
    return f"{supply['name']} {supply['percent']} %" if supply["percent"] is not None else supply["name"]


def _progress(work: dict[str, Any]) -> str:
    share = f", {100 * work['done'] // work['length']} %" if work["done"] else ""
    return f"{work['doing']} copy {work['copy']} of {work['request']}{share}"
