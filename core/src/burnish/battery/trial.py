"""One case at work: its instances, its requests, what it demands and what it prefers."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, generate_uid

from burnish.battery.peer import Created, Peer, PeerError, Status, raw
from burnish.dicom.creation import CANCEL, INITIATE
from burnish.dicom.samples import made_slice

STATUS: Final = (
    "ExecutionStatus",
    "ExecutionStatusInfo",
    "TotalNumberOfPiecesOfMediaCreated",
    "FailedSOPSequence",
    "ReferencedStorageMediaSequence",
)
"""What every SCP tells."""
State = tuple[str, str, int]
_ENDED: Final = ("DONE", "FAILURE")
_POLL: Final = 0.1


class Unmet(Exception):
    """The standard says otherwise."""


class Different(Exception):
    """The standard is silent, and burnish does otherwise."""


class Unjudged(Exception):
    """It cannot be seen here."""


class Trial:
    """What a case works with."""

    def __init__(self, peer: Peer, profile: str, timeout: float) -> None:
        self.peer, self.profile = peer, profile
        self._timeout = timeout
        self.uids: list[str] = []
        """Requests that were created."""

    # --- what is judged

    def demand(self, seen: object, wanted: object, what: str) -> None:
        """The standard says so. Raises Unmet."""
        if seen != wanted:
            raise Unmet(f"{what}: {_said(seen, seen)}, expected {_said(wanted, seen)}")

    def prefer(self, seen: object, wanted: object, what: str) -> None:
        """Burnish chose so. Raises Different."""
        if seen != wanted:
            raise Different(f"{what}: {_said(seen, seen)}, burnish has {_said(wanted, seen)}")

    # --- instances and requests

    def slices(
        self, count: int = 1, sop_class: str = str(CTImageStorage), modality: str = "CT"
    ) -> list[Dataset]:
        """Slices of a made series that nobody has seen."""
        series = str(generate_uid())
        made = [
            made_slice("BURNISH-CHECK", sop_class, modality, number, series=series)
            for number in range(1, count + 1)
        ]
        for one in made:
            one.PatientName, one.PatientBirthDate, one.PatientSex = "BURNISH^CHECK", "19700101", "O"
        return made

    def stored(self, count: int = 1, **kind: str) -> list[Dataset]:
        """Slices that the SCP has. Raises Unmet."""
        made = self.slices(count, **kind)
        self.demand(set(self.peer.store(*made)), {0}, "C-STORE")
        return made

    def items(self, instances: Sequence[Dataset], profile: str | None = None, **more: Any) -> list[Dataset]:
        """Items of Referenced SOP Sequence."""
        asked = self.profile if profile is None else profile
        named = {"RequestedMediaApplicationProfile": asked} if asked else {}
        return [
            raw(
                {
                    "ReferencedSOPClassUID": str(one.SOPClassUID),
                    "ReferencedSOPInstanceUID": str(one.SOPInstanceUID),
                    **named,
                    **more,
                }
            )
            for one in instances
        ]

    def create(self, items: Sequence[Dataset], uid: str | None = None, **attributes: Any) -> Created:
        """N-CREATE of a request of these items."""
        created = self.peer.create(raw({**attributes, "ReferencedSOPSequence": list(items)}), uid)
        if created.status == 0 and created.uid:
            self.uids.append(created.uid)
        return created

    def idle(self, instances: Sequence[Dataset] | None = None, **attributes: Any) -> str:
        """A request that is IDLE: of these instances, else of one that was never stored. Raises Unmet."""
        created = self.create(self.items(instances or self.slices()), str(generate_uid()), **attributes)
        self.demand(created.status, 0, "N-CREATE")
        return created.uid

    def initiate(self, uid: str, arguments: Mapping[str, Any] = MappingProxyType({})) -> Status:
        """N-ACTION 1."""
        return self.peer.action(INITIATE, uid, raw(arguments) if arguments else None)

    def cancel(self, uid: str) -> Status:
        """N-ACTION 2."""
        return self.peer.action(CANCEL, uid)

    def state(self, uid: str) -> State:
        """Execution Status, its info and the pieces; ("GONE", "", 0) where there is no such request."""
        status, told = self.peer.get(uid, *STATUS)
        if status == 0x0112:
            return "GONE", "", 0
        self.demand(status, 0, "N-GET")
        pieces = told.get("TotalNumberOfPiecesOfMediaCreated") or 0
        return str(told.get("ExecutionStatus", "")), str(told.get("ExecutionStatusInfo", "")), int(pieces)

    def ended(self, uid: str, *wanted: str) -> State:
        """The state once it is DONE, FAILURE or gone. Raises Unmet where it never is."""
        end = time.monotonic() + self._timeout
        while (state := self.state(uid))[0] not in (*_ENDED, "GONE", *wanted):
            if time.monotonic() > end:
                raise Unmet(f"after {self._timeout:.0f} s still {state[0]} {state[1]}")
            time.sleep(_POLL)
        return state

    def started(self, instances: Sequence[Dataset] | None = None, **arguments: Any) -> str:
        """A request that was created and started."""
        uid = self.idle(instances)
        self.demand(self.initiate(uid, arguments), 0, "Initiate")
        return uid

    def failed(self, uid: str) -> list[Dataset]:
        """Items of Failed SOP Sequence."""
        return list(self.peer.get(uid, "FailedSOPSequence")[1].get("FailedSOPSequence") or [])

    def sets(self, uid: str) -> list[tuple[str, str]]:
        """File-set ID and UID of each item of Referenced Storage Media Sequence."""
        told = self.peer.get(uid, "ReferencedStorageMediaSequence")[1]
        items = told.get("ReferencedStorageMediaSequence") or []
        return [(str(one.get("StorageMediaFileSetID", "")), str(one.StorageMediaFileSetUID)) for one in items]

    def tidy(self) -> None:
        """Cancel what is left; whatever is answered."""
        for uid in self.uids:
            try:
                self.cancel(uid)
            except PeerError:
                return


def _said(value: object, like: object) -> str:
    """As a sentence has it; a number that is compared with a status is one."""
    if isinstance(like, Status) and isinstance(value, int):
        return str(Status(value))
    if isinstance(value, (set, list, tuple)):
        some = next(iter(like), None) if isinstance(like, (set, list, tuple)) else None
        told = sorted(value, key=str) if isinstance(value, set) else value
        return ", ".join(_said(one, some) for one in told) or "nothing"
    return str(value)


Judge = Callable[[Trial], None]
JUDGES: Final[dict[int, Judge]] = {}
"""The cases that the network can judge, by number."""
MAKING: Final[set[int]] = set()
"""Those of them that have media made."""


def case(number: int, *, media: bool = False) -> Callable[[Judge], Judge]:
    """Enter a judge under its number."""

    def enter(judge: Judge) -> Judge:
        JUDGES[number] = judge
        if media:
            MAKING.add(number)
        return judge

    return enter
