"""Random histories over the network against a model of Annex S: no answer and no step outside of its tables.

Two AEs create, start, cancel and look at requests of every kind, while the writer is held and let go, runs
out of blanks and spoils a medium. The model knows what each call may be answered with and what N-GET may tell
next; where the server is at work meanwhile, that is a set. At the end of each history the event rows are
judged too: they hold every step, of which a poll sees only some.

10,000 steps in each run, 100,000 with `tests/run --all`; BURNISH_STEPS says otherwise.

Source: PS3.4 Annex S, PS3.3 C.22.1; the tables stand here once more, so that they do not agree by being the
same.
"""

import json
import os
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from burnish.testing.scripted import write_script
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from pydicom.uid import generate_uid

from core.tests.dicom.peers import CT
from tests.histories import NORMAL_STATES, SEEN_AFTER, TERMS, check_items
from tests.lab import STATUS, Installation, body, ct
from tests.robustness.stage import installation, running
from tests.robustness.wire import Client, attributes, padded

STEPS: Final = int(os.environ.get("BURNISH_STEPS", "10000"))
LONG_STEPS: Final = int(os.environ.get("BURNISH_STEPS", "100000"))
A_HISTORY: Final = 100
INITIATE, CANCEL = 1, 2
GOOD = "STD-GEN-CD"
WAITING = {"PENDING", "CREATING"}
AFTER_EVENT: Final = {
    "": {"IDLE"},
    "IDLE": {"PENDING", "GONE"},
    "PENDING": {"PENDING", "CREATING", "FAILURE", "GONE"},
    "CREATING": {"CREATING", "PENDING", "DONE", "FAILURE", "GONE"},
    "DONE": {"GONE"},
    "FAILURE": {"GONE"},
    "GONE": set(),
}
"""What may follow in the rows of events, where no step is missed."""
TABLES = """
[queue]
retries_per_piece = 1000
length = 1000000
idle_length = 1000000
"""


@dataclass
class Request:
    """One request as the model knows it."""

    uid: str
    owner: str
    outcome: tuple[str, str]
    """Status and info that it ends with once it is started, where nothing is cancelled."""
    failed: tuple[int, ...] = ()
    """Failure Reasons that it is then told with."""
    label: str = ""
    copies: int = 1
    started: bool = False
    gone: bool = False
    seen: tuple[str, str, int] = ("IDLE", "NORMAL", 0)

    @property
    def ended(self) -> bool:
        return self.seen[0] in ("DONE", "FAILURE")


@dataclass
class World:
    """What all histories share: the server and what is stored there."""

    burnish: Installation
    stored: list[str] = field(default_factory=list)
    steps: int = 0
    judged: int = 0
    """The last row of events that was judged."""
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Every state that N-GET told, and how often."""

    def fill(self) -> None:
        with self.client("ALPHA") as client:
            for ds in ct(3):
                uid = str(ds.SOPInstanceUID)
                ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
                assert client.store(uid, body(ds)) == 0
                self.stored.append(uid)

    def client(self, calling: str) -> Client:
        return Client(self.burnish.port, calling)


WORLD: list[World] = []
"""The one that a machine is run in; hypothesis makes machines without arguments."""

KINDS: Final = ("good", "missing", "twice", "class", "profile")


def kind_of(
    kind: str, stored: list[str]
) -> tuple[list[tuple[str, str, str]], tuple[str, str], tuple[int, ...]]:
    """References of such a request, how it ends, and which Failure Reasons it is told with."""
    first = (CT, stored[0], GOOD)
    match kind:
        case "missing":
            return [first, (CT, "1.2.3.404", GOOD)], ("FAILURE", "NO_INSTANCE"), (0x0112,)
        case "twice":
            return [first, first], ("FAILURE", "DUPL_REF_INST"), (0x0110,)
        case "class":
            return (
                [("1.2.840.10008.5.1.4.1.1.4", stored[1], GOOD)],
                ("FAILURE", "INST_AP_CONFLICT"),
                (0x0119,),
            )
        case "profile":
            return [(CT, stored[1], "STD-FOO")], ("FAILURE", "NOT_SUPPORTED"), (0x0204,)
    return [(CT, uid, GOOD) for uid in stored], ("DONE", "NORMAL"), ()


BAD_SHAPES: Final = (
    (attributes([]), 0x0121),
    (padded(0x22000002, "x"), 0x0120),
    (attributes([(CT, "1.02", "")]), 0x0106),
    (attributes([(CT, "1.2", "")], {0x22000007: "MAYBE"}), 0x0106),
    (attributes([(CT, "1.2", "")])[:-1], 0x0110),
)
BAD_ARGUMENTS: Final = (
    padded(0x20000010, "0"),
    padded(0x20000010, "-1"),
    padded(0x20000010, "abc"),
    padded(0x20000010, "100"),
    padded(0x22000020, "URGENT"),
)
CONDITIONS: Final = ("NO_BLANK_MEDIA", "OPERATOR_ACTION", "DEVICE_BUSY", "OUTPUT_FULL")
NOTHING_KEPT: Final = (0x00100010, 0x77770010, 0x00081197)


class Annex(RuleBasedStateMachine):
    """The model, and the calls that try it."""

    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.world = WORLD[-1]
        self.clients = {name: self.world.client(name) for name in ("ALPHA", "BETA")}
        self.mine: list[Request] = []
        self.writer = self.world.burnish.out
        self._mend()

    # --- create

    @rule(
        target=requests,
        kind=st.sampled_from(KINDS),
        owner=st.sampled_from(["ALPHA", "BETA"]),
        given=st.booleans(),
    )
    def create(self, kind: str, owner: str, given: bool) -> Request:
        return self._create(kind, owner, given=given)

    def _create(self, kind: str, owner: str, *, given: bool) -> Request:
        references, outcome, failed = kind_of(kind, self.world.stored)
        uid, label = str(generate_uid()) if given else None, f"label {len(self.mine)}"
        reply = self.clients[owner].create(attributes(references, {0x22000002: label}), uid)
        assert reply.status == 0
        assert reply.uid
        assert uid in (None, reply.uid)
        made = Request(reply.uid, owner, outcome, failed, label)
        self.mine.append(made)
        return made

    @rule(one=requests, owner=st.sampled_from(["ALPHA", "BETA"]))
    def create_again(self, one: Request, owner: str) -> None:
        """A UID is taken until its request is cancelled."""
        references, outcome, failed = kind_of("good", self.world.stored)
        status = self.clients[owner].create(attributes(references), one.uid).status
        assert status == (0 if one.gone else 0xA510 if one.started else 0x0111)
        if one.gone:
            vars(one).update(vars(Request(one.uid, owner, outcome, failed)))

    # --- initiate

    @rule(
        target=requests,
        kind=st.sampled_from(KINDS),
        copies=st.sampled_from([0, 2]),
        device=st.sampled_from(["well", "hold", "spoil 0", "spoil 1000", *CONDITIONS]),
    )
    def ask_and_start(self, kind: str, copies: int, device: str) -> Request:
        """As most SCUs do."""
        self._set_device(device)
        made = self._create(kind, "ALPHA", given=True)
        self._initiate(made, copies, "")
        self._look(made)
        return made

    @rule(
        one=requests,
        copies=st.sampled_from([0, 0, 1, 2]),
        priority=st.sampled_from(["", "HIGH", "MED", "LOW"]),
    )
    def initiate(self, one: Request, copies: int, priority: str) -> None:
        self._initiate(one, copies, priority)

    def _initiate(self, one: Request, copies: int, priority: str) -> None:
        arguments = padded(0x20000010, str(copies)) if copies else b""
        arguments += padded(0x22000020, priority) if priority else b""
        reply = self.clients[one.owner].act(INITIATE, one.uid, arguments or None)
        assert reply.status == (0x0112 if one.gone else 0xA510 if one.started else 0)
        if reply.status == 0:
            one.started, one.copies = True, copies or 1

    # --- cancel

    @rule(one=requests)
    def cancel(self, one: Request) -> None:
        reply = self.clients[one.owner].act(CANCEL, one.uid)
        assert reply.status in self._cancel_answers(one), f"{reply.status:04X} after {one.seen}"
        one.gone = one.gone or reply.status == 0
        assert self.clients[one.owner].get(one.uid, []).status == (0x0112 if one.gone else 0)

    def _cancel_answers(self, one: Request) -> set[int]:
        if one.gone:
            return {0x0112}
        if one.ended:
            return {0xC201}
        return {0, 0xC201} if one.started else {0}

    # --- other people's requests, unknown ones, unknown actions

    @rule(one=requests)
    def of_another(self, one: Request) -> None:
        stranger = self.clients["BETA" if one.owner == "ALPHA" else "ALPHA"]
        expected = 0x0112 if one.gone else 0x0124
        assert stranger.get(one.uid, []).status == expected
        assert stranger.act(CANCEL, one.uid).status == expected
        assert stranger.act(INITIATE, one.uid).status == expected

    @rule(
        one=requests,
        shape=st.sampled_from(BAD_SHAPES),
        arguments=st.sampled_from(BAD_ARGUMENTS),
        action=st.sampled_from([0, 3, 99]),
        unknown=st.sampled_from(NOTHING_KEPT),
    )
    def nonsense(
        self, one: Request, shape: tuple[bytes, int], arguments: bytes, action: int, unknown: int
    ) -> None:
        """Bad shapes, bad arguments, no such action, attribute, request: nothing changes."""
        client, nobody = self.clients[one.owner], str(generate_uid())
        assert client.create(shape[0], nobody).status == shape[1]
        answers = [client.get(nobody, []), client.act(INITIATE, nobody), client.act(CANCEL, nobody)]
        assert [reply.status for reply in answers] == [0x0112] * 3
        wrong = 0x0112 if one.gone else 0xA510 if one.started else 0x0115
        assert client.act(INITIATE, one.uid, arguments).status == wrong
        assert client.act(action, one.uid).status == 0x0123
        reply = client.get(one.uid, [0x21000020, unknown])
        assert reply.status == (0x0112 if one.gone else 0x0001)
        assert len(reply.values) == (0 if one.gone else 1)

    # --- look

    @rule(one=requests, every=st.booleans())
    def look(self, one: Request, every: bool) -> None:
        self._look(one, every=every)

    def _look(self, one: Request, *, every: bool = False) -> None:
        reply = self.clients[one.owner].get(one.uid, [] if every else list(STATUS.values()))
        if one.gone:
            assert reply.status == 0x0112
            return
        assert reply.status == 0
        assert set(STATUS) <= {str(element.keyword) for element in reply.values}
        assert not every or reply.values.get("LabelText", "") == one.label
        self._judge(one, reply.values)

    def _judge(self, one: Request, told: Any) -> None:
        check_items(told)
        self.world.told[told.ExecutionStatus, told.ExecutionStatusInfo] += 1
        state = (told.ExecutionStatus, told.ExecutionStatusInfo, told.TotalNumberOfPiecesOfMediaCreated)
        status, info, pieces = state
        assert status in SEEN_AFTER[one.seen[0]], (one, state)
        assert info == "NORMAL" if status in NORMAL_STATES else info in TERMS, state
        assert one.seen[2] <= pieces <= one.copies, (one, state)
        assert (status == "IDLE") == (not one.started), (one, state)
        if one.ended:
            assert state == one.seen
        if status in ("DONE", "FAILURE"):
            assert (status, info) == one.outcome, (one, state)
            assert pieces == (one.copies if status == "DONE" else 0)
            assert tuple(item.FailureReason for item in told.FailedSOPSequence) == one.failed
        assert len(told.ReferencedStorageMediaSequence) == min(pieces, 1)
        one.seen = state

    # --- what happens at the device

    def _set_device(self, what: str) -> None:
        """It is well, is held before its next medium, or has a condition that lasts until it is mended."""
        self._mend()
        if what in CONDITIONS:
            (self.writer / ".condition").write_text(what)
            (self.writer / ".condition").rename(self.writer / "condition")
        elif what == "hold":
            (self.writer / "hold-write").touch()
        elif what.startswith("spoil"):
            write_script(self.writer, [{"fault": "MEDIA_DEFECT", "at": int(what.split()[1])}])

    def _mend(self) -> None:
        for name in ("hold-write", "condition"):
            (self.writer / name).unlink(missing_ok=True)

    @rule(one=requests)
    def await_end(self, one: Request) -> None:
        """A started request ends as the model says, unless it waits for a held writer."""
        self._mend()
        if one.started and not one.gone:
            self._await(one)

    def _await(self, one: Request) -> None:
        end = time.monotonic() + 120
        while not one.ended:
            self._look(one)
            assert time.monotonic() < end, one
            time.sleep(0.005)

    @invariant()
    def what_waits_has_not_ended(self) -> None:
        self.world.steps += 1
        assert all(one.seen[0] != "IDLE" or one.seen[1:] == ("NORMAL", 0) for one in self.mine)

    def teardown(self) -> None:
        self._mend()
        write_script(self.writer, [])
        for one in self.mine:
            if one.started and not one.gone:
                self._await(one)
            elif not one.gone:
                assert self.clients[one.owner].act(CANCEL, one.uid).status == 0
        for client in self.clients.values():
            client.__exit__()
        check_events(self.world, {one.uid for one in self.mine})


def check_events(world: World, uids: set[str]) -> None:
    """Every step that the rows since the last history tell is one of the table."""
    query = (
        "SELECT e.id, r.id, r.sop_instance, e.kind, e.data FROM events e JOIN requests r ON e.request = r.id"
        " WHERE e.id > ? AND e.kind LIKE 'request-%' ORDER BY e.id"
    )
    before: dict[int, str] = {}
    with closing(sqlite3.connect(world.burnish.data / "burnish.sqlite", timeout=30)) as connection:
        rows = connection.execute(query, [world.judged]).fetchall()
    assert {uid for _, _, uid, _, _ in rows} >= uids
    for number, request, uid, kind, data in rows:
        world.judged = number
        if uid in uids and kind != "request-planned":
            told = json.loads(data)
            status = told.get("status", "IDLE")
            assert status in AFTER_EVENT[before.get(request, "")], (uid, before.get(request), kind, told)
            assert (told.get("info", "NORMAL") == "NORMAL") == (status in NORMAL_STATES | {"GONE"}), told
            before[request] = status


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """A server on a disk in memory, where there is one: durability is others' to try."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(dir=place) as folder,
        running(installation(Path(folder), "scripted", "quarantine_after = 0", TABLES, "0.02s")) as burnish,
    ):
        made = World(burnish)
        made.fill()
        WORLD.append(made)
        yield made
        WORLD.pop()


def _run(world: World, steps: int) -> None:
    histories = max(1, steps * 11 // (10 * A_HISTORY))  # hypothesis ends some before their time
    run_state_machine_as_test(
        Annex,
        settings=settings(
            max_examples=histories,
            stateful_step_count=A_HISTORY,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    print(f"{world.steps} steps: {world.told}")
    assert world.steps > 0.9 * steps, "hypothesis cut the histories short"
    assert {status for status, _ in world.told} >= {"IDLE", "PENDING", "DONE", "FAILURE"}
    assert {info for _, info in world.told} >= {"QUEUED", "NO_INSTANCE", "NOT_SUPPORTED"}


@pytest.mark.timeout(600)
def test_random_histories(world: World) -> None:
    """Some."""
    _run(world, STEPS)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_random_histories(world: World) -> None:
    """The long battery."""
    _run(world, LONG_STEPS)
