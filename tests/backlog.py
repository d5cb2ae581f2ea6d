"""A data folder as a server that was killed leaves it: many requests in mixed states, a file for each.

Of every hundred requests some wait for a station, one was being written, the rest are done. Each is of one
small instance; its image is a few bytes around it, which no reader would take for a disc.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.database.tables import attempts, instances, pieces, pins, references, requests, volumes
from burnish.instances.files import Facts, Trailer, spool_key, write_trailer
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Kept, Spool
from burnish.media import MediaKind
from burnish.recipe import Literal, Range, Recipe, Source, save_recipe
from burnish.requests.states import PieceState
from burnish.terms import EXPLICIT_VR_LE, ExecutionStatus, StatusInfo
from pydicom.uid import CTImageStorage
from sqlalchemy import insert, select

STATION = "shelf"
_HEAD = b"\x08\x00\x60\x00CS\x02\x00CT"
DEAD = 1 << 30
"""No process has this number."""


@dataclass
class Backlog:
    """What was left, by request UID."""

    waiting: list[str] = field(default_factory=list)
    cut_off: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)
    """What a medium of each request holds."""


def fill(data: Path, count: int, waiting: int = 20) -> Backlog:
    """Fill an empty data folder with so many requests and instances; `waiting` of a hundred requests wait."""
    (data / "plans").mkdir(parents=True)
    spool = Spool(data / "spool")
    spool.prepare()
    database = Database.open(DatabaseSettings(), data)
    database.migrate()
    index = InstanceIndex(database)
    left = Backlog()
    for number in range(count):
        index.add(_store(spool, number))
    index.flush()
    with database.write() as connection:
        found = connection.execute(select(instances.c.sop_instance, instances.c.id))
        keys = {row.sop_instance: row.id for row in found}
        rows = [_rows(data, number, keys, left, waiting) for number in range(count)]
        for table in (requests, references, pins, volumes, pieces, attempts):
            if values := [row for request in rows for row in request.get(table.name, [])]:
                connection.execute(insert(table), values)
    database.close()
    return left


def _store(spool: Spool, number: int) -> Kept:
    body = _body(number)
    facts = Facts(CTImageStorage, f"1.5.{number}", "1.4", "1.5", EXPLICIT_VR_LE, "CT1", time.time(), 1)
    kept = Kept(
        spool_key(facts.sop_instance, 1), Trailer(facts, _HEAD, len(body), _digest(number)), fresh=True
    )
    with (spool.root / kept.key).open("wb") as file:
        file.write(body)
        write_trailer(file, kept.trailer)
    return kept


def _body(number: int) -> bytes:
    return f"instance {number} ".encode() * 50


def _digest(number: int) -> bytes:
    return hashlib.sha256(_body(number)).digest()


def _rows(
    data: Path, number: int, keys: Mapping[str, int], left: Backlog, waiting: int
) -> dict[str, list[dict[str, Any]]]:
    """Every row of one request, as far as its number says."""
    key, uid = number + 1, f"1.6.{number}"
    recipe = _plan(data, number)
    left.images[uid] = b"BEGIN" + _body(number)
    asked = {
        "requests": [_request(number, ExecutionStatus.PENDING)],
        "request_references": [
            {
                "request": key,
                "position": 0,
                "sop_class": CTImageStorage,
                "sop_instance": f"1.5.{number}",
                "profile": "STD-GEN-CD",
            }
        ],
        "pins": [{"request": key, "position": 0, "instance": keys[f"1.5.{number}"]}],
        "volumes": [_volume(number, recipe)],
        "pieces": [_piece(number, PieceState.PLANNED)],
    }
    if number % 100 < waiting:
        left.waiting.append(uid)
        return asked
    if number % 100 == waiting:
        left.cut_off.append(uid)
        asked["requests"] = [_request(number, ExecutionStatus.CREATING)]
        asked["pieces"] = [_piece(number, PieceState.INTENT)]
        return asked | {"attempts": [_attempt(number, None)]}
    left.done.append(uid)
    asked["requests"] = [_request(number, ExecutionStatus.DONE)]
    asked["pieces"] = [_piece(number, PieceState.DELIVERED)]
    return asked | {"attempts": [_attempt(number, "delivered")]}


def _request(number: int, status: ExecutionStatus) -> dict[str, Any]:
    now = time.time()
    return {
        "id": number + 1,
        "sop_instance": f"1.6.{number}",
        "owner_ae": "STOCKSCU",
        "token": f"R{number}",
        "status": status,
        "info": StatusInfo.QUEUED if status == ExecutionStatus.PENDING else StatusInfo.NORMAL,
        "created_at": now,
        "initiated_at": now,
        "ended_at": now if status == ExecutionStatus.DONE else None,
        "ended_served": 0.0 if status == ExecutionStatus.DONE else None,
        "outcome": status if status == ExecutionStatus.DONE else "",
        "attributes": {},
        "failed": [],
        "plan": "done",
    }


def _piece(number: int, state: PieceState) -> dict[str, Any]:
    station = STATION if state is PieceState.INTENT else None
    return {
        "id": number + 1,
        "request": number + 1,
        "volume": number + 1,
        "copy": 1,
        "state": state,
        "station": station,
    }


def _attempt(number: int, outcome: str | None) -> dict[str, Any]:
    """Of a process that is no more."""
    return {
        "piece": number + 1,
        "station": STATION,
        "started_at": time.time(),
        "outcome": outcome,
        "process": DEAD,
        "process_start": 1,
    }


def _plan(data: Path, number: int) -> Recipe:
    key, body = spool_key(f"1.5.{number}", 1), _body(number)
    extents = Literal(b"BEGIN"), Range(key, 0, len(body))
    recipe = Recipe(extents, {key: Source(len(body), _digest(number))})
    save_recipe(recipe, data / "plans" / f"V{number}.recipe")
    return recipe


def _volume(number: int, recipe: Recipe) -> dict[str, Any]:
    return {
        "id": number + 1,
        "request": number + 1,
        "number": 1,
        "file_set_id": f"F{number}",
        "file_set_uid": f"1.7.{number}",
        "token": f"V{number}",
        "profile": "STD-GEN-CD",
        "format": "iso9660",
        "suffix": ".iso",
        "medium": MediaKind.CD_R,
        "length": recipe.length,
        "digest": recipe.digest,
        "patients": [],
    }
