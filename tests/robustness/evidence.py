"""What an installation has to show after a battery: tables, spool, media, processes.

Tables are read with the standard library's sqlite3 and spool files by their bytes, so that nothing is
believed because our own code says it.
"""

import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from burnish.config import load_config
from burnish.fileset.verify import verify
from burnish.instances.files import read_trailer
from burnish.instances.spool import DERIVED
from burnish.kit import make_formats
from burnish.registry import Registry

from tests.lab import Installation

ENDS = {"piece-delivered", "piece-spoilt", "piece-returned", "piece-unknown", "piece-cancelled"}
STAFF = Counter(["server", "reception", "production", "feeder", "driver"])
"""What runs while an installation with one station is idle."""


def rows(burnish: Installation, query: str, *values: Any) -> list[dict[str, Any]]:
    """What a query finds in an installation's tables."""
    with closing(sqlite3.connect(burnish.data / "burnish.sqlite", timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def request_of(burnish: Installation, uid: str) -> dict[str, Any]:
    """The row of a request, gone or not."""
    [row] = rows(burnish, "SELECT * FROM requests WHERE sop_instance = ?", uid)
    return row


def attempts_of(burnish: Installation, uid: str) -> list[dict[str, Any]]:
    """Every attempt at the pieces of a request, in order."""
    query = (
        "SELECT a.*, p.copy FROM attempts a JOIN pieces p ON a.piece = p.id"
        " JOIN requests r ON p.request = r.id WHERE r.sop_instance = ? ORDER BY a.id"
    )
    return rows(burnish, query, uid)


def pieces_of(burnish: Installation, uid: str) -> list[dict[str, Any]]:
    """Every piece of a request."""
    query = "SELECT p.* FROM pieces p JOIN requests r ON p.request = r.id WHERE r.sop_instance = ?"
    return rows(burnish, query, uid)


def eventually(what: Callable[[], Any], timeout: float = 20) -> None:
    """Wait until `what` says nothing is missing: it returns what still is."""
    end = time.monotonic() + timeout
    while missing := what():
        assert time.monotonic() < end, missing
        time.sleep(0.05)


def check_ledger(burnish: Installation) -> None:
    """Every piece has a history that P2 allows, and every attempt at one that has ended an outcome."""
    for piece in rows(burnish, "SELECT * FROM pieces"):
        check_piece(burnish, piece)
    assert rows(burnish, "SELECT * FROM attempts WHERE outcome IS NULL OR ended_at IS NULL") == []


def check_piece(burnish: Installation, piece: Mapping[str, Any]) -> None:
    """No medium was written without an intent, none twice without being counted."""
    query = "SELECT kind FROM events WHERE piece = ? AND kind LIKE 'piece-%' ORDER BY id"
    kinds = [row["kind"] for row in rows(burnish, query, piece["id"])]
    tries = rows(burnish, "SELECT outcome FROM attempts WHERE piece = ? ORDER BY id", piece["id"])
    outcomes = Counter(row["outcome"] for row in tries)
    open_intent = False
    for before, kind in zip(["", *kinds], kinds, strict=False):
        assert kind != "piece-written" or before == "piece-intent", kinds
        assert kind != "piece-delivered" or before in ("piece-proven", "piece-labelled"), kinds
        assert kind != "piece-intent" or not open_intent, f"begun twice: {kinds}"
        open_intent = kind == "piece-intent" or (open_intent and kind not in ENDS - {"piece-unknown"})
        open_intent = open_intent and kind != "piece-claimed"  # given back: the medium is untouched
    assert not open_intent, f"no outcome: {kinds}"
    assert kinds.count("piece-spoilt") == piece["spoilt"] == outcomes["spoilt"], (kinds, tries)
    assert kinds.count("piece-delivered") == outcomes["delivered"] == (piece["state"] == "delivered")
    assert kinds.count("piece-intent") <= len(tries), (kinds, tries)


def check_spool(burnish: Installation, acknowledged: Mapping[str, bytes], sent: Mapping[str, bytes]) -> None:
    """Whatever was acknowledged is indexed and lies in the spool, byte for byte, unless an event tells of its
    purge, and nothing else does."""
    indexed = {row["sop_instance"]: row for row in rows(burnish, "SELECT * FROM instances")}
    assert acknowledged.keys() - purged(burnish) <= indexed.keys() <= sent.keys()
    files = {path.name: path for path in (burnish.data / "spool").glob("??/*")}
    derived = {name for name in files if name.endswith(DERIVED)}
    assert {name.rpartition(".")[0] for name in derived} <= files.keys()
    files = {name: path for name, path in files.items() if name not in derived}
    names = {f"{hashlib.sha256(uid.encode()).hexdigest()}-{row['version']}" for uid, row in indexed.items()}
    assert files.keys() == names
    for path in files.values():
        trailer = read_trailer(path)
        body = sent[trailer.facts.sop_instance]
        assert path.read_bytes()[: trailer.length] == body
        digest = hashlib.sha256(body).digest()
        assert digest == trailer.digest == indexed[trailer.facts.sop_instance]["digest"]


def purged(burnish: Installation) -> set[str]:
    """Instances whose lifetime was over, as the events tell."""
    found = rows(burnish, "SELECT data FROM events WHERE kind = 'instance-purged'")
    return {json.loads(row["data"])["sop_instance"] for row in found}


def check_media(burnish: Installation, wanted: Mapping[str, Mapping[str, bytes]]) -> list[Path]:
    """What was delivered is what lies there: each image proven, every copy of a volume the same.

    `wanted` says for each request which instances, by UID, its media hold. Returns the images.
    """
    delivered = rows(
        burnish,
        "SELECT p.place, p.volume, r.sop_instance FROM pieces p JOIN requests r ON p.request = r.id"
        " WHERE p.state = 'delivered'",
    )
    places = {Path(row["place"]) for row in delivered}
    lying = {path for path in burnish.out.rglob("*") if path.suffix in (".iso", ".img")}
    assert len(places) == len(delivered)
    assert {path.resolve() for path in places} == {path.resolve() for path in lying}
    seen: dict[int, bytes] = {}
    for row in delivered:
        data = Path(row["place"]).read_bytes()
        first = row["volume"] not in seen
        assert data == seen.setdefault(row["volume"], data), f"copies differ: {row}"
        if first:
            _check_image(burnish, Path(row["place"]), wanted[row["sop_instance"]])
    return sorted(places)


def _check_image(burnish: Installation, image: Path, bodies: Mapping[str, bytes]) -> None:
    config = load_config(burnish.config).config
    formats = make_formats(config, Registry.load(config.plugins))
    expected = {uid: hashlib.sha256(body).digest() for uid, body in bodies.items()}
    verdict = verify(image, {name: made for name, (_, made) in formats.items()}, expected=expected)
    assert verdict.readable
    assert verdict.findings == [], image


def leftovers(burnish: Installation) -> list[str]:
    """What nobody needs any more and yet is there."""
    known = {f"{row['token']}.recipe" for row in rows(burnish, "SELECT token FROM volumes")}
    found = list(burnish.folder.rglob("*.part"))
    found += list((burnish.data / "spool/incoming").iterdir())
    found += [path for path in (burnish.data / "plans").iterdir() if path.name not in known]
    return [str(path) for path in found]


def strangers(burnish: Installation) -> dict[int, str]:
    """All processes of an installation, unless they are just those that it needs."""
    running = burnish.processes()
    return {} if Counter(running.values()) == STAFF else running or {0: "none"}
