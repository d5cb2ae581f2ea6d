"""What a life is to do, and what an SCU may rely on afterwards.

The instances are one small CT slice each, whose UIDs have one length, so that a body is made by replacing
bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Final

from pydicom.uid import UID

from tests.lab import body, ct

AE: Final = "LAB"
CT: Final = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
_ROOT: Final = "1.2.826.0.1.3680043.9.7433.1."
_PHASE_OF: Final = {
    "store": "receive",
    "index": "receive",
    "look": "create",
    "make": "write",
    "cancel-amid": "cancel",
    "rest": "write",
}
OK, DUPLICATE, STARTED, UNKNOWN = 0, 0x0111, 0xA510, 0x0112
ENDED, CANNOT_STOP = 0xC201, 0xC202
EXTRAS: Final = ("index", "plan", "make", "purge", "look", "cancel", "cancel-amid", "version", "again")
"""What else an SCU, a thread or the clock may do at any time."""
WORK: Final = {"plan": "plan", "write": "make", "prove": "make", "finish": "make", "purge": "purge"}
"""By which step a phase is come to at once, where something is left to do."""
LAWFUL: Final = {
    "store": {OK},
    "create": {OK, DUPLICATE, STARTED},
    "initiate": {OK, STARTED, UNKNOWN},
    "cancel": {OK, ENDED, CANNOT_STOP, UNKNOWN},
}
"""How an SCU may be answered that repeats what it got no answer to."""


@dataclass(frozen=True)
class Step:
    """One thing to do. `cancel-amid` cancels while the next medium is written."""

    kind: str
    uid: str = ""
    body: bytes = b""
    references: tuple[str, ...] = ()
    copies: int = 1

    @property
    def phase(self) -> str:
        """What the server is at when it begins."""
        return _PHASE_OF.get(self.kind, self.kind)


@dataclass
class Stored:
    """An instance as its sender knows it."""

    acknowledged: dict[bytes, int] = field(default_factory=dict)
    """Bodies, each with the last event there was when it was acknowledged last."""
    tried: set[bytes] = field(default_factory=set)


@dataclass
class Asked:
    """A request as its SCU knows it."""

    references: tuple[str, ...]
    copies: int
    created: bool = False
    started: bool = False
    cancelled: bool = False
    cancel_tried: bool = False
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    """What its media may hold: by UID the bodies that may have been the newest when it was started."""


@dataclass
class World:
    """All that was ever asked of one installation, and how it was answered."""

    stored: dict[str, Stored] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    told: list[tuple[str, int, str, int]] = field(default_factory=list)
    """Answers to N-GET: UID, last event then, Execution Status, pieces made."""

    def begun(self, step: Step) -> None:
        """A step was begun: from now on it may have happened."""
        match step.kind:
            case "store":
                self.stored.setdefault(step.uid, Stored()).tried.add(step.body)
            case "create":
                self.asked.setdefault(step.uid, Asked(step.references, step.copies))
            case "initiate":
                one = self.asked[step.uid]
                for uid in one.references:
                    one.bodies.setdefault(uid, set()).update(self._newest(uid))
            case "cancel" | "cancel-amid":
                self.asked[step.uid].cancel_tried = True

    def _newest(self, uid: str) -> set[bytes]:
        stored = self.stored.get(uid, Stored())
        return stored.tried - set(list(stored.acknowledged)[:-1])

    def answered(self, step: Step, answer: int | list[int | str], event: int) -> None:
        """A step was answered: from now on it must have happened. Raises AssertionError."""
        assert step.kind not in LAWFUL or answer in LAWFUL[step.kind], f"{step.kind} answers {answer}"
        match step.kind, answer:
            case "store", _:
                stored = self.stored[step.uid]
                stored.acknowledged.pop(step.body, None)
                stored.acknowledged[step.body] = event
            case "create", _:
                self.asked[step.uid].created = True
            case "initiate", 0 | 0xA510:
                self.asked[step.uid].started = True
            case "cancel", 0:
                self.asked[step.uid].cancelled = True
            case "look", [str(status), int(made)]:
                self.told.append((step.uid, event, status, made))


class Author:
    """Writes scripts: each goes the whole way once, with whatever else an SCU may do strewn in."""

    def __init__(self, world: World, random: Random) -> None:
        self._world, self._random = world, random
        self._number = 0

    def script(self, phase: str = "") -> list[Step]:
        """The next life's; `phase` is one that it must come to."""
        steps = list(self.again()) + list(self._whole_way())
        extras = [self._extra(self._random.choice(EXTRAS)) for _ in range(self._random.randrange(4))]
        if phase == "cancel":
            extras += [self._extra("cancel"), self._extra("cancel-amid")]
        for extra in filter(None, extras):
            steps.insert(self._random.randint(0, len(steps)), extra)
        if phase in WORK and self._random.random() < 1 / 2:  # of what was left by others
            steps.insert(0, Step(WORK[phase]))
        return steps

    def again(self) -> Iterator[Step]:
        """What was not answered is asked again, as an SCU does."""
        for uid, stored in self._world.stored.items():
            yield from (Step("store", uid, one) for one in stored.tried - stored.acknowledged.keys())
        for uid, one in self._world.asked.items():
            if not one.created:
                yield Step("create", uid, references=one.references, copies=one.copies)
            if not one.started and not one.cancel_tried:
                yield Step("initiate", uid, copies=one.copies)

    def _whole_way(self) -> Iterator[Step]:
        fresh = [self._uid() for _ in range(self._random.randint(1, 2))]
        yield from (Step("store", uid, slice_of(uid)) for uid in fresh)
        others = [uid for uid, stored in self._world.stored.items() if stored.acknowledged]
        references = (*fresh, *self._random.sample(others, min(len(others), self._random.randrange(2))))
        uid, copies = self._uid(), self._random.randint(1, 2)
        yield Step("create", uid, references=references, copies=copies)
        yield Step("initiate", uid, copies=copies)
        yield Step("plan")
        yield from [Step("make")] * copies
        yield Step("look", uid)
        yield Step("purge")

    def _extra(self, kind: str) -> Step | None:
        known = list(self._world.asked if kind in ("look", "cancel", "cancel-amid") else self._world.stored)
        if kind in ("index", "plan", "make", "purge"):
            return Step(kind)
        if not known:
            return None
        uid = self._random.choice(known)
        if kind == "version":
            return Step("store", uid, slice_of(uid, self._random.randrange(1, 10_000)))
        if kind == "again":
            return Step("store", uid, self._random.choice(sorted(self._world.stored[uid].tried)))
        return Step(kind, uid)

    def _uid(self) -> str:
        self._number += 1
        return f"{_ROOT}{1_000_000 + self._number}"


def rehearsal() -> Iterator[Step]:
    """Every kind of step."""
    uid, first, second = (f"{_ROOT}{number}" for number in (1_000_001, 1_000_002, 1_000_003))
    yield from (Step("store", uid, slice_of(uid, version)) for version in (0, 0, 1))
    yield from (Step("create", one, references=(uid,), copies=2) for one in (first, second))
    yield from (Step("initiate", one, copies=2) for one in (first, second))
    yield from map(Step, ["plan", "make", "make", "purge"])
    yield from (Step(kind, second) for kind in ("look", "cancel"))


@cache
def _template() -> bytes:
    [ds] = ct(1)
    ds.Rows = ds.Columns = 4
    ds.PixelData = bytes(32)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = UID(f"{_ROOT}1000000")
    ds.InstanceNumber = "1000000"
    del ds["DataSetTrailingPadding"]
    return body(ds)


def slice_of(uid: str, version: int = 0) -> bytes:
    """The data set of a CT slice under this UID; another `version` has other bytes."""
    made = _template().replace(f"{_ROOT}1000000".encode(), uid.encode())
    return made.replace(b"1000000", f"1{version:06d}".encode()) if version else made
