"""What N-GET told, kept and judged: an SCU that remembers every answer, and the rules all of them must obey.

Source: PS3.3 C.22.1 (terms), PS3.4 Annex S (states), and the state table of the conformance statement. The
tables here are written out by themselves, so that they do not agree with the code by being the code.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

from pydicom.dataset import Dataset

from tests.lab import STATUS, Scu

State = tuple[str, str, int]

NORMAL_STATES = {"IDLE", "CREATING", "DONE"}
TERMS = {
    *("QUEUED", "MCD_BUSY", "OUT_OF_SUPPLIES", "CHECK_MCD_OP", "CHECK_MCD_SRV", "MCD_FAILURE"),
    *("INSUFFIC_MEMORY", "DIR_PROC_ERR", "DUPL_REF_INST", "INST_AP_CONFLICT", "NO_INSTANCE"),
    *("NOT_SUPPORTED", "INST_OVERSIZED", "SET_OVERSIZED", "PROC_FAILURE", "UNKNOWN"),
}
REASONS = {0x0110, 0x0112, 0x0119, 0x0120, 0x0121, 0x0122, 0x0201, 0x0202, 0x0203, 0x0204, 0x0205}
SEEN_AFTER = {
    "IDLE": {"IDLE", "PENDING", "CREATING", "DONE", "FAILURE", "GONE"},
    "PENDING": {"PENDING", "CREATING", "DONE", "FAILURE", "GONE"},
    "CREATING": {"CREATING", "PENDING", "DONE", "FAILURE", "GONE"},
    "DONE": {"DONE", "GONE"},
    "FAILURE": {"FAILURE", "GONE"},
    "GONE": {"GONE"},
}
"""What an SCU that polls may see next: the paths through the state table, of which it may miss steps."""


@dataclass
class Told:
    """Answers to N-GET by SOP Instance UID, in their order."""

    histories: dict[str, list[State]] = field(default_factory=lambda: defaultdict(list))

    def note(self, uid: str, status: int, told: Dataset) -> None:
        """Keep an answer, where it tells the state."""
        if status == 0x0112:
            if self.histories.get(uid):
                self.histories[uid].append(("GONE", "", 0))
            return
        assert status in (0x0000, 0x0001), f"N-GET answered {status:04X}"
        check_items(told)
        if all(keyword in told for keyword in list(STATUS)[:3]):
            state = (told.ExecutionStatus, told.ExecutionStatusInfo, told.TotalNumberOfPiecesOfMediaCreated)
            self.histories[uid].append(state)

    def check(self) -> None:
        """Judge all of them."""
        for uid, history in self.histories.items():
            check_history(history, uid)


def check_items(told: Dataset) -> None:
    """Code strings are of the defined sets and fit CS; failed items say why."""
    for element in told.iterall():
        if element.VR == "CS":
            values = [element.value] if isinstance(element.value, str) else element.value
            assert all(len(value) <= 16 for value in values or []), element
    for item in told.get("FailedSOPSequence", []):
        assert item.FailureReason in REASONS
        assert item.ReferencedSOPClassUID
        assert item.ReferencedSOPInstanceUID
    for item in told.get("ReferencedStorageMediaSequence", []):
        assert item.StorageMediaFileSetUID
        assert len(item.StorageMediaFileSetID) <= 16


def check_history(history: Sequence[State], uid: str = "") -> None:
    """Every state is one that may be told, and follows the one before; the count of pieces never falls."""
    for status, info, pieces in history:
        if status == "GONE":
            continue
        assert info == "NORMAL" if status in NORMAL_STATES else info in TERMS, (uid, history)
        assert status in SEEN_AFTER, (uid, history)
        assert pieces == 0 if status == "IDLE" else pieces >= 0, (uid, history)
    for before, after in pairwise(history):
        assert after[0] in SEEN_AFTER[before[0]], (uid, history)
        assert after[0] == "GONE" or after[2] >= before[2], (uid, history)
        if before[0] in ("DONE", "FAILURE") and after[0] != "GONE":
            assert after == before, (uid, history)


class Watched(Scu):
    """A stock SCU that keeps what N-GET told it."""

    def __init__(self, port: int, told: Told, calling: str = "STOCKSCU") -> None:
        super().__init__(port, calling)
        self.told = told

    def get(self, uid: str, tags: Sequence[int] = tuple(STATUS.values())) -> tuple[int, Dataset]:
        """As in `Scu`, and it is kept."""
        status, told = super().get(uid, tags)
        self.told.note(uid, status, told)
        return status, told

    @contextmanager
    def hammering(self, uid: str) -> Iterator[list[State]]:
        """Poll without a pause, each time on an association of its own, beside whatever else is done."""
        own, stop = Told(), threading.Event()
        poller = Watched(self.port, own, self.calling)

        def poll() -> None:
            while not stop.is_set():
                poller.get(uid)

        failures: list[BaseException] = []

        def guarded() -> None:
            try:
                poll()
            except BaseException as error:  # noqa: BLE001 - told in the test's own thread
                failures.append(error)

        thread = threading.Thread(target=guarded)
        thread.start()
        try:
            yield own.histories[uid]
        finally:
            stop.set()
            thread.join()
        assert not failures, failures
        own.check()
