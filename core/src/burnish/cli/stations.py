"""`stations …`: what every station is about, and an operator's word to it.

Both go through the tables, so they work whether a server runs or not; one that runs looks each second.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from burnish.cli import say
from burnish.config import load_config
from burnish.database import Database
from burnish.errors import BurnishError
from burnish.production import roster
from burnish.production.leftovers import open_attempts
from burnish.production.roster import StationRow, StationState
from burnish.requests.ledger import claim_of


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
        _demand(connection, name)
        roster.resume(connection, name)
    say(f"{name}: ready")


def _set(config: Path | None, name: str, state: StationState, reason: str) -> None:
    with _database(config).write() as connection:
        _demand(connection, name)
        roster.set_state(connection, name, state, reason)
    say(f"{name}: {state}")


def _database(config: Path | None) -> Database:
    loaded = load_config(config)
    if not (loaded.data / "burnish.sqlite").exists():
        raise BurnishError(f"no server has worked in {loaded.data} yet; `burnish serve` enters the stations")
    return Database.open(loaded.config.database, loaded.data)


def _demand(connection: Connection, name: str) -> None:
    if roster.station_row(connection, name) is None:
        known = ", ".join(row.name for row in roster.roster(connection)) or "none"
        raise BurnishError(f"no station {name!r}; there are {known}")


def _told(connection: Connection, row: StationRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "configured": row.configured,
        "state": row.state,
        "since": _when(row.since),
        "reason": row.reason,
        "last_fault": row.last_fault,
        "last_fault_at": _when(row.last_fault_at) if row.last_fault_at else None,
        "faults_in_a_row": row.faults_in_a_row,
        "media": row.media,
        "working_on": [_work(connection, attempt.id) for attempt in open_attempts(connection, row.name)],
    }


def _work(connection: Connection, attempt: int) -> dict[str, Any]:
    claim = claim_of(connection, attempt)
    return {"request": claim.job.token, "volume": claim.job.volume, "copy": claim.job.copy}


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _line(station: dict[str, Any]) -> str:
    state = station["state"] if station["configured"] else f"{station['state']}, not configured"
    work = [f"makes copy {one['copy']} of {one['request']}" for one in station["working_on"]]
    said = "; ".join([part for part in (station["reason"], *work) if part])
    return f"{station['name']:18} {state} since {station['since']}{': ' if said else ''}{said}"
