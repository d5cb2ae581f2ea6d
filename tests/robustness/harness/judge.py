"""What must hold in the folder of the dead, and what must hold once a next life has put it in order.

Tables are read with sqlite3, from a copy, so that the next life finds just what the dead one left; files by
their bytes. The tables of moves stand here once more, as rows of events tell them, so that they do not
agree with the code by being the code. Source: PS3.4 Annex S; PS3.3 C.22.1.2.
"""

import hashlib
import json
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from burnish.contracts import Format
from burnish.fileset.verify import verify

from tests.lab import Installation
from tests.robustness.harness.script import Asked, World

REQUEST_MOVES: Final = {
    "": {"created"},
    "created": {"initiated", "cancelled", "expired"},
    "initiated": {"creating", "held", "failed", "cancelled"},
    "held": {"creating", "held", "failed", "cancelled"},
    "creating": {"held", "done", "failed", "cancelled"},
    "done": {"expired"},
    "failed": {"expired"},
    "cancelled": set(),
    "expired": set(),
}
"""Which event of a request may follow which."""
STATUS: Final = {
    "created": "IDLE",
    "initiated": "PENDING",
    "held": "PENDING",
    "creating": "CREATING",
    "done": "DONE",
    "failed": "FAILURE",
    "cancelled": "GONE",
    "expired": "GONE",
}
PIECE_MOVES: Final = {
    "": {"claimed", "cancelled"},
    "claimed": {"intent", "returned", "cancelled"},
    "intent": {"written", "spoilt", "unknown", "claimed"},
    "written": {"proven", "spoilt", "unknown"},
    "proven": {"labelled", "delivered", "spoilt", "unknown"},
    "labelled": {"delivered", "spoilt", "unknown"},
    "unknown": {"proven", "spoilt", "returned"},
    "spoilt": {"returned", "cancelled"},
    "returned": {"claimed", "cancelled"},
    "cancelled": {"returned"},
    "delivered": set(),
}
"""The same of a piece. `returned` is planned again; `claimed` after `intent` is on the way there."""
AT_REST: Final = {"delivered", "cancelled", "spoilt", "planned"}
"""States of pieces with which nobody is concerned any more, or not yet."""
Rows = list[dict[str, Any]]
Piece = tuple[str, int, int]
"""Token of a request, volume, copy: what a device knows of a piece."""


class Evidence:
    """The tables of one moment, and the notes of who stood beside the device."""

    def __init__(self, database: Path, notes: Path) -> None:
        self._connection = sqlite3.connect(database)
        self._connection.row_factory = sqlite3.Row
        with closing(self._connection):
            self.events = self._rows("SELECT * FROM events ORDER BY id")
            self.requests = self._rows("SELECT * FROM requests")
            self.references = self._rows("SELECT * FROM request_references ORDER BY request, position")
            self.instances = self._rows("SELECT sop_instance, version, digest, superseded FROM instances")
            self.pieces = self._rows(
                "SELECT p.*, v.number, v.length, r.token, r.sop_instance FROM pieces p"
                " JOIN volumes v ON v.id = p.volume JOIN requests r ON r.id = p.request"
            )
            self.attempts = self._rows("SELECT * FROM attempts ORDER BY id")
            self.plans = {row["token"] for row in self._rows("SELECT token FROM volumes")}
        lines = [json.loads(line) for line in notes.read_text().splitlines()]
        self.about = Counter((token, volume, copy) for what, token, volume, copy in lines if what == "about")
        self.touched = Counter(
            (token, volume, copy) for what, token, volume, copy in lines if what == "touched"
        )

    def _rows(self, query: str) -> Rows:
        return [dict(row) for row in self._connection.execute(query)]

    @cached_property
    def of_requests(self) -> Mapping[int, Rows]:
        """Events of each request that tell its state."""
        found: dict[int, Rows] = defaultdict(list)
        for row in self.events:
            if row["kind"].startswith("request-") and row["kind"] != "request-planned":
                found[row["request"]].append(row | {"word": row["kind"].removeprefix("request-")})
        return found

    @cached_property
    def of_pieces(self) -> Mapping[int, list[str]]:
        """Events of each piece."""
        found: dict[int, list[str]] = defaultdict(list)
        for row in self.events:
            if row["kind"].startswith("piece-"):
                found[row["piece"]].append(row["kind"].removeprefix("piece-"))
        return found

    @cached_property
    def purged(self) -> Mapping[str, int]:
        """The last event that tells of the purge of an instance, by UID."""
        rows = [row for row in self.events if row["kind"] == "instance-purged"]
        return {json.loads(row["data"])["sop_instance"]: row["id"] for row in rows}


class Judge:
    """Of one installation. Every method raises AssertionError."""

    def __init__(self, burnish: Installation, world: World, formats: Mapping[str, Format]) -> None:
        self._burnish, self._world, self._formats = burnish, world, formats
        self._copy = burnish.folder / "copy"
        self._notes = burnish.folder / "medium.jsonl"
        self._seen: Rows = []
        self._proven: dict[Path, bytes] = {}

    def after_death(self) -> None:
        """Nothing acknowledged is lost, nothing is made unrecorded, whatever the last life was at."""
        if not (self._burnish.data / "burnish.sqlite").exists():
            return
        evidence = self._look()
        self._events_stay(evidence)
        self._instances_stand(evidence)
        self._requests_stand(evidence)
        self._requests_move(evidence)
        self._told_was_true(evidence)
        self._pieces_move(evidence, at_rest=False)
        self._media_lie(evidence, at_rest=False)

    def at_rest(self) -> None:
        """Everything is settled: besides, nothing is left over and every medium holds what it should."""
        self.after_death()
        evidence = self._look()
        self._index_agrees(evidence)
        self._pieces_move(evidence, at_rest=True)
        self._media_lie(evidence, at_rest=True)
        self._media_hold(evidence)
        self._nothing_is_left(evidence)

    def picture(self) -> list[Any]:
        """Everything that a further start must leave as it is: rows, names and sizes."""
        evidence = self._look()
        files = [path for path in (self._burnish.data / "spool").rglob("*") if path.is_file()]
        files += [path for path in self._burnish.out.rglob("*") if path.is_file()]
        names = sorted((str(path), path.stat().st_size) for path in files)
        return [
            evidence.events,
            evidence.requests,
            evidence.pieces,
            evidence.attempts,
            evidence.instances,
            names,
        ]

    def _look(self) -> Evidence:
        """Read a copy: to open a database is to begin its recovery."""
        shutil.rmtree(self._copy, ignore_errors=True)
        self._copy.mkdir()
        for name in ("burnish.sqlite", "burnish.sqlite-wal"):
            if (self._burnish.data / name).exists():
                shutil.copyfile(self._burnish.data / name, self._copy / name)
        try:
            return Evidence(self._copy / "burnish.sqlite", self._notes)
        except sqlite3.OperationalError as error:  # the first life died while it made the tables
            if self._seen or "no such table" not in str(error):
                raise
            return _nothing()

    # --- P1

    def _events_stay(self, evidence: Evidence) -> None:
        """What was durable once stays: no event that was seen is gone or another."""
        assert evidence.events[: len(self._seen)] == self._seen, "P1: events are lost"
        self._seen = evidence.events

    def _instances_stand(self, evidence: Evidence) -> None:
        """Byte for byte, unless an event later than the acknowledgement tells of its purge."""
        for uid, stored in self._world.stored.items():
            lying = self._versions(uid)
            for body, event in stored.acknowledged.items():
                gone = evidence.purged.get(uid, 0) > event
                assert gone or any(one.startswith(body) for one in lying), f"P1: {uid} is lost"

    def _versions(self, uid: str) -> list[bytes]:
        name = hashlib.sha256(uid.encode()).hexdigest()
        found = (self._burnish.data / "spool" / name[:2]).glob(f"{name}-*")
        return [path.read_bytes() for path in found if path.name.removeprefix(f"{name}-").isdecimal()]

    def _requests_stand(self, evidence: Evidence) -> None:
        rows = {row["sop_instance"]: row for row in evidence.requests}
        references = defaultdict(list)
        for row in evidence.references:
            references[row["request"]].append(row["sop_instance"])
        for uid, one in self._world.asked.items():
            assert uid in rows or not one.created, f"P1: request {uid} is lost"
            if row := rows.get(uid):
                assert tuple(references[row["id"]]) == one.references, f"P1: references of {uid}"
                self._request_stands(uid, one, [event["word"] for event in evidence.of_requests[row["id"]]])
        assert rows.keys() <= self._world.asked.keys()

    @staticmethod
    def _request_stands(uid: str, one: Asked, words: list[str]) -> None:
        assert not one.started or "initiated" in words, f"P1: {uid} was started: {words}"
        assert not one.cancelled or words[-1] == "cancelled", f"P1: {uid} was cancelled: {words}"
        assert one.cancel_tried or "cancelled" not in words, f"P1: nobody cancelled {uid}: {words}"

    def _told_was_true(self, evidence: Evidence) -> None:
        """An SCU was never told what the durable events did not say at that time."""
        numbers = {row["sop_instance"]: row["id"] for row in evidence.requests}
        made = [(row["request"], row["id"]) for row in evidence.events if row["kind"] == "piece-delivered"]
        for uid, event, status, count in self._world.told:
            request = numbers[uid]
            words = [row["word"] for row in evidence.of_requests[request] if row["id"] <= event]
            assert STATUS[words[-1]] == status, f"P1: {uid} was told {status} after {words}"
            assert sum(one == request and number <= event for one, number in made) == count, (
                f"P1: pieces of {uid}"
            )

    # --- P4

    @staticmethod
    def _requests_move(evidence: Evidence) -> None:
        for row in evidence.requests:
            words = [event["word"] for event in evidence.of_requests[row["id"]]]
            for before, word in zip(["", *words], words, strict=False):
                assert word in REQUEST_MOVES[before], f"P4: {words}"
            assert row["status"] == STATUS[words[-1]], f"P4: {row['status']} after {words}"
            normal = row["status"] in ("IDLE", "CREATING", "DONE")
            assert row["status"] == "GONE" or normal == (row["info"] == "NORMAL"), f"P4: {row}"

    # --- P2

    def _pieces_move(self, evidence: Evidence, *, at_rest: bool) -> None:
        attempts = defaultdict(list)
        for row in evidence.attempts:
            attempts[row["piece"]].append(row["outcome"])
        for piece in evidence.pieces:
            words, outcomes = evidence.of_pieces[piece["id"]], Counter(attempts[piece["id"]])
            for before, word in zip(["", *words], words, strict=False):
                assert word in PIECE_MOVES[before], f"P2: {words}"
            assert words.count("spoilt") == piece["spoilt"] == outcomes["spoilt"], f"P2: {words} {outcomes}"
            assert words.count("delivered") == outcomes["delivered"] == (piece["state"] == "delivered"), words
            assert outcomes[None] <= (not at_rest), f"P2: an attempt without outcome: {words}"
            assert not at_rest or piece["state"] in AT_REST, f"P2: {words}"
            self._writes_were_recorded(evidence, piece, words, at_rest=at_rest)

    @staticmethod
    def _writes_were_recorded(
        evidence: Evidence, piece: Mapping[str, Any], words: list[str], *, at_rest: bool
    ) -> None:
        """Against what happened at the device: an intent before each write, an outcome for each medium."""
        name: Piece = (piece["token"], piece["number"], piece["copy"])
        ended = words.count("spoilt") + words.count("delivered")
        about, touched = evidence.about[name], evidence.touched[name]
        assert about <= words.count("intent"), f"P2: written without an intent: {about} {words}"
        assert touched <= ended + (not at_rest), f"P2: {touched} media, {words}"
        assert ended <= about, f"P2: {ended} outcomes of {about} writes: {words}"

    def _media_lie(self, evidence: Evidence, *, at_rest: bool) -> None:
        """What was delivered lies there, and nothing else does, but for one being handed out just now."""
        places = {Path(row["place"]): row for row in evidence.pieces if row["state"] == "delivered"}
        lying = {path for path in self._burnish.out.glob("*/*") if not path.name.startswith(".")}
        assert places.keys() <= lying, "P2: what was delivered is gone"
        handed_out = [row for row in evidence.pieces if row["state"] in ("proven", "labelled", "unknown")]
        assert len(lying - places.keys()) <= (0 if at_rest else len(handed_out)), lying - places.keys()
        for place, row in places.items():
            self._lies_unchanged(place, row)

    def _lies_unchanged(self, place: Path, row: Mapping[str, Any]) -> None:
        data = place.read_bytes()
        assert len(data) == row["length"], place
        assert self._proven.setdefault(place, data) == data, f"P2: {place} has changed"

    def _media_hold(self, evidence: Evidence) -> None:
        """Each image just what its request asked for, and copies of a volume the same bytes."""
        judged: dict[int, bytes] = {}
        for row in evidence.pieces:
            if row["state"] == "delivered":
                data = self._proven[Path(row["place"])]
                if row["volume"] not in judged:
                    self._medium_holds(Path(row["place"]), self._world.asked[row["sop_instance"]])
                assert judged.setdefault(row["volume"], data) == data, f"copies differ: {row['place']}"

    def _medium_holds(self, place: Path, one: Asked) -> None:
        verdict = verify(place, self._formats)
        assert verdict.readable
        assert verdict.findings == [], place
        assert {found.sop_instance for found in verdict.instances} == set(one.references), place
        for found in verdict.instances:
            newest = {hashlib.sha256(body).digest() for body in one.bodies[found.sop_instance]}
            assert found.digest in newest, f"{found.sop_instance} is not what was the newest"

    # --- P1 once more, P6

    def _index_agrees(self, evidence: Evidence) -> None:
        """A row for every file and a file for every row, and the newest version is not superseded."""
        files = {
            path.name: path for path in (self._burnish.data / "spool").glob("??/*") if "." not in path.name
        }
        rows = {
            f"{hashlib.sha256(row['sop_instance'].encode()).hexdigest()}-{row['version']}": row
            for row in evidence.instances
        }
        assert files.keys() == rows.keys(), "P1: spool and index differ"
        for name, row in rows.items():
            data = files[name].read_bytes()
            bodies = self._world.stored[row["sop_instance"]].tried
            assert row["digest"] in {
                hashlib.sha256(body).digest() for body in bodies if data.startswith(body)
            }
        self._newest_serves(evidence)

    @staticmethod
    def _newest_serves(evidence: Evidence) -> None:
        """The newest version of each instance serves later requests; what is older never does again."""
        newest: Counter[str] = Counter()
        for row in evidence.instances:
            newest[row["sop_instance"]] = max(newest[row["sop_instance"]], row["version"])
        for row in evidence.instances:
            uid, older = row["sop_instance"], row["version"] < newest[row["sop_instance"]]
            assert row["superseded"] if older else not row["superseded"] or uid in evidence.purged, row

    def _nothing_is_left(self, evidence: Evidence) -> None:
        left = [*self._burnish.folder.rglob("*.part"), *(self._burnish.data / "spool/incoming").iterdir()]
        left += [path for path in (self._burnish.data / "plans").iterdir() if path.stem not in evidence.plans]
        assert left == [], "P6"


def _nothing() -> Evidence:
    evidence = object.__new__(Evidence)
    evidence.events, evidence.requests, evidence.references = [], [], []
    evidence.instances, evidence.pieces, evidence.attempts, evidence.plans = [], [], [], set()
    evidence.about, evidence.touched = Counter(), Counter()
    return evidence
