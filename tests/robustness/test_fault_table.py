"""Every phase of a piece meets every fault that it can meet: what the SCU, the operator and the ledger saw.

One server, one scripted writer, a job for each line of the table, one after the other. `pytest -s` prints the
table as it was found.

    scu      the states that N-GET tells after PENDING/QUEUED, without PENDING and NORMAL: `CREATING`, a term
             while it waits, `DONE`, or `FAILURE` with its term
    station  its state in the end, and the last fault that its row names
    ledger   each attempt: its outcome, and its fault
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from burnish.cli.stations import resume
from pydicom.uid import generate_uid

from tests.lab import Installation, Scu, ct, request
from tests.robustness.evidence import (
    attempts_of,
    check_ledger,
    eventually,
    leftovers,
    pieces_of,
    request_of,
    rows,
)
from tests.robustness.stage import installation, running, script

pytestmark = pytest.mark.xdist_group("fault-table")
MADE, TWICE = "CREATING DONE", "CREATING {} CREATING DONE"
SUPPLIES, OPERATOR, BUSY = (
    TWICE.format("OUT_OF_SUPPLIES"),
    TWICE.format("CHECK_MCD_OP"),
    TWICE.format("MCD_BUSY"),
)
SERVICE = "CREATING FAILURE/CHECK_MCD_SRV"
FIRST, MIDDLE = 1, 65536


class Line(NamedTuple):
    """What happens, and what was to be seen."""

    name: str
    action: dict[str, Any]
    scu: str
    station: str
    ledger: str


def fault(phase: str, kind: str, scu: str, outcome: str, state: str = "ready", **place: Any) -> Line:
    """A fault that a driver raises once."""
    ends = "" if "FAILURE" in scu else " delivered"
    ledger = f"{outcome}:{kind}{ends}"
    return Line(f"{phase} {kind}", {"fault": kind, **place}, scu, f"{state} {kind}", ledger)


def before(kind: str, scu: str, outcome: str = "returned", state: str = "ready") -> Line:
    """The same before the first byte."""
    return fault("before", kind, scu, outcome, state)


def dies(phase: str, what: dict[str, Any], outcome: str) -> Line:
    """The driver crashes, hangs or talks nonsense: the medium is asked, meanwhile PENDING/CHECK_MCD_OP."""
    ledger = f"{outcome}:DRIVER_FAULT delivered"
    return Line(f"{phase} {next(iter(what))}", what, OPERATOR, "ready DRIVER_FAULT", ledger)


TABLE = [
    before("NO_BLANK_MEDIA", SUPPLIES),
    before("NO_PRINT_SUPPLIES", SUPPLIES),
    before("WRONG_MEDIUM", SUPPLIES),
    before("OUTPUT_FULL", OPERATOR),
    before("MEDIUM_TOO_SMALL", OPERATOR),
    before("UNSAFE_TARGET", OPERATOR),
    before("OPERATOR_ACTION", OPERATOR),
    before("LABEL_FAILED", OPERATOR),
    before("DEVICE_BUSY", BUSY),
    before("DEVICE_OFFLINE", BUSY),
    before("MEDIA_DEFECT", MADE, "spoilt"),
    before("DRIVER_FAULT", MADE),
    before("DRIVE_FAULT", SERVICE, state="quarantined"),
    before("SERVICE_ACTION", SERVICE, state="quarantined"),
    before("STORAGE_FULL", "CREATING FAILURE/INSUFFIC_MEMORY"),
    before("BAD_REQUEST", "CREATING FAILURE/PROC_FAILURE"),
    dies("before", {"crash": True}, "returned"),
    dies("before", {"hang": 60}, "returned"),
    dies("before", {"babble": True}, "returned"),
    Line("before garbage", {"garbage": True}, MADE, "ready ", "delivered"),
    Line("before orphan", {"orphan": True}, OPERATOR, "ready ", "returned:CUT_OFF delivered"),
    fault("first byte", "MEDIA_DEFECT", MADE, "spoilt", at=FIRST),
    fault("first byte", "NO_BLANK_MEDIA", SUPPLIES, "spoilt", at=FIRST),
    dies("first byte", {"crash": True, "at": FIRST}, "spoilt"),
    fault("middle", "MEDIA_DEFECT", MADE, "spoilt", at=MIDDLE),
    fault("middle", "OPERATOR_ACTION", OPERATOR, "spoilt", at=MIDDLE),
    fault("middle", "DEVICE_OFFLINE", BUSY, "spoilt", at=MIDDLE),
    fault("middle", "DRIVE_FAULT", SERVICE, "spoilt", "quarantined", at=MIDDLE),
    fault("middle", "STORAGE_FULL", "CREATING FAILURE/INSUFFIC_MEMORY", "spoilt", at=MIDDLE),
    dies("middle", {"crash": True, "at": MIDDLE}, "spoilt"),
    dies("middle", {"hang": 60, "at": MIDDLE}, "spoilt"),
    dies("middle", {"babble": True, "at": MIDDLE}, "spoilt"),
    Line("middle orphan", {"orphan": True, "at": MIDDLE}, OPERATOR, "ready ", "spoilt:CUT_OFF delivered"),
    fault("close", "MEDIA_DEFECT", MADE, "spoilt", **{"in": "close"}),
    fault("close", "OPERATOR_ACTION", OPERATOR, "spoilt", **{"in": "close"}),
    dies("close", {"crash": True, "in": "close"}, "spoilt"),
    Line("close ghost", {"ghost": True}, MADE, "ready MEDIA_DEFECT", "spoilt:MEDIA_DEFECT delivered"),
    Line("read-back lie", {"lie": MIDDLE}, MADE, "ready MEDIA_DEFECT", "spoilt:MEDIA_DEFECT delivered"),
    fault("read-back", "MEDIA_DEFECT", MADE, "spoilt", at=MIDDLE, **{"in": "read_back"}),
    fault("read-back", "OPERATOR_ACTION", OPERATOR, "spoilt", **{"in": "read_back"}),
    fault("read-back", "SERVICE_ACTION", SERVICE, "spoilt", "quarantined", **{"in": "read_back"}),
    dies("read-back", {"crash": True, "in": "read_back", "at": MIDDLE}, "spoilt"),
    dies("read-back", {"hang": 60, "in": "read_back"}, "spoilt"),
    fault("accept", "OUTPUT_FULL", OPERATOR, "spoilt", **{"in": "accept"}),
    fault("accept", "MEDIA_DEFECT", MADE, "spoilt", **{"in": "accept"}),
    dies("accept", {"crash": True, "in": "accept"}, "spoilt"),
    Line(
        "reject OPERATOR_ACTION",
        {"lie": MIDDLE, "fault": "OPERATOR_ACTION", "in": "reject"},
        OPERATOR,
        "ready MEDIA_DEFECT",
        "spoilt:MEDIA_DEFECT delivered",
    ),
    Line(
        "reject crash",
        {"lie": MIDDLE, "crash": True, "in": "reject"},
        OPERATOR,
        "ready MEDIA_DEFECT",
        "spoilt:MEDIA_DEFECT delivered",
    ),
]


class Stand:
    """A server with one station, and what was seen of it."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.scu = Scu(burnish.port)
        self.slices = ct(2)
        self.seen: list[Line] = []
        assert self.scu.store(*self.slices) == [0, 0]

    def unlisted(self) -> bool:
        """Whether production has yet to enter the station: the port opens before it does."""
        return not rows(self.burnish, "SELECT * FROM stations")

    def suffer(self, line: Line) -> Line:
        """A job that meets what the line says, to its end; what was seen."""
        script(self.burnish, line.action)
        uid = generate_uid()
        assert self.scu.create(request(self.slices), uid) == 0
        assert self.scu.initiate(uid) == 0
        last = self.scu.wait(uid)
        eventually(lambda: [row for row in attempts_of(self.burnish, uid) if row["outcome"] is None])
        found = line._replace(scu=self.told(uid), station=self.station(), ledger=self.ledger(uid))
        assert found.scu.endswith(last[0] if last[0] == "DONE" else "/".join(last[:2]))
        assert last[2] == (last[0] == "DONE")
        spoilt = sum(piece["spoilt"] for piece in pieces_of(self.burnish, uid))
        assert spoilt == found.ledger.count("spoilt")
        self.seen.append(found)
        return found

    def told(self, uid: str) -> str:
        """The states of a request, as its events tell them."""
        number = request_of(self.burnish, uid)["id"]
        query = "SELECT data FROM events WHERE request = ? AND kind LIKE 'request-%' ORDER BY id"
        states = [json.loads(row["data"]) for row in rows(self.burnish, query, number)]
        return " ".join(_word(state) for state in states if state.get("info", "QUEUED") != "QUEUED")

    def station(self) -> str:
        """The operator's view."""
        [row] = rows(self.burnish, "SELECT * FROM stations")
        return f"{row['state']} {row['last_fault'] or ''}"

    def ledger(self, uid: str) -> str:
        """Every attempt."""
        tries = attempts_of(self.burnish, uid)
        return " ".join(row["outcome"] + (f":{row['fault']}" if row["fault"] else "") for row in tries)

    def forget(self) -> None:
        """Make the station as if nothing had been wrong with it."""
        script(self.burnish)
        resume(self.burnish.config, "shelf")
        with closing(sqlite3.connect(self.burnish.data / "burnish.sqlite", timeout=30)) as connection:
            connection.execute("UPDATE stations SET last_fault = NULL")
            connection.commit()


def _word(state: dict[str, str]) -> str:
    status, info = state["status"], state["info"]
    if status == "FAILURE":
        return f"{status}/{info}"
    return info if status == "PENDING" else status


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """At the end its books are right, nothing lies about, and the table is printed."""
    folder = tmp_path_factory.mktemp("table")
    with running(installation(folder, "scripted", 'stall_timeout = "1.5s"')) as burnish:
        one = Stand(burnish)
        eventually(one.unlisted)
        yield one
        check_ledger(burnish)
        assert leftovers(burnish) == []
    for line in one.seen:
        print(f"{line.name:26} {line.scu:44} {line.station:28} {line.ledger}")


@pytest.mark.parametrize("line", TABLE, ids=[line.name.replace(" ", "-") for line in TABLE])
def test_a_line_of_the_table(stand: Stand, line: Line) -> None:
    """Seen as it stands there."""
    stand.forget()
    assert stand.suffer(line) == line
