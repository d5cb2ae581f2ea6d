"""Echo, store, create, initiate, cancel, get.

Each call has an association of its own, because nothing in PS3.4 Annex S depends on how long one lives.
Files are sent as they are, each in the transfer syntax that it is stored in.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.tag import Tag
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from burnish.dicom import workarounds
from burnish.dicom.creation import CANCEL, INITIATE
from burnish.dicom.dispatch import VERIFICATION
from burnish.dicom.elements import read_data_set
from burnish.dicom.scu.reaching import Reach, ScuError
from burnish.dicom.scu.renaming import Renaming
from burnish.dicom.scu.retrying import Retries
from burnish.dicom.values import data_set, encode
from burnish.terms import IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT, DimseStatus

MAX_CONTEXTS: Final = 128
"""Presentation contexts that one association can ask for, PS3.8 7.1.1.13."""
STATUS_ATTRIBUTES: Final = (
    "SpecificCharacterSet",
    "ExecutionStatus",
    "ExecutionStatusInfo",
    "TotalNumberOfPiecesOfMediaCreated",
    "FailedSOPSequence",
    "ReferencedStorageMediaSequence",
)
"""What there is to watch about a request, PS3.4 Table S.3.2.3-1."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as it went over the wire."""

    operation: str
    """N-CREATE."""
    status: int | None
    """None where no answer came."""
    comment: str
    """The SCP's Error Comment."""
    at: float
    """When it was asked, seconds since the epoch."""
    seconds: float

    @property
    def name(self) -> str:
        """What the status is called; empty for one that burnish does not know."""
        return next((one.name for one in DimseStatus if one == self.status), "")


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of one file."""

    path: Path
    sop_class: str = ""
    """Empty where the file could not be read."""
    sop_instance: str = ""
    status: int | None = None
    """The DIMSE status; None where the file was not sent or not answered."""
    comment: str = ""
    """The SCP's Error Comment, or why the file was not sent."""
    sent_as: str = ""
    """SOP Instance UID under which it was sent, where that is another one."""

    @property
    def stored(self) -> bool:
        """Whether the SCP has it: Success, or a warning (Bxxx)."""
        return self.status is not None and (self.status == 0 or self.status >> 12 == 0xB)


@dataclass(frozen=True, slots=True)
class _Sendable:
    path: Path
    sop_class: str
    sop_instance: str
    transfer_syntax: str

    @property
    def context(self) -> tuple[str, str]:
        return self.sop_class, self.transfer_syntax


Report = Callable[[StoreResult], None]


class Client:
    """One media creation SCP. Every method raises ScuError."""

    def __init__(self, reach: Reach, retries: Retries | None = None) -> None:
        self._reach = reach
        self._retries = retries or Retries()
        self.exchanges: list[Exchange] = []
        """What was asked and answered, in order; C-STORE by its results instead."""

    def echo(self) -> None:
        """Ask whether it is there."""

        def ask() -> bool:
            with self._reach.associated([build_context(VERIFICATION, IMPLICIT_VR_LE)]) as association:
                self._asked("C-ECHO", association.send_c_echo)
            return True

        self._retries.run("C-ECHO", ask)

    def store(
        self, paths: Iterable[Path], report: Report = lambda _: None, renaming: Renaming | None = None
    ) -> list[StoreResult]:
        """Send files, as many associations one after another as their kinds need; `report` hears of each.

        With a `renaming` they are sent under other UIDs. What cannot be read or is refused is told in its
        result. Raises ScuError where no association is to be had.
        """
        results: list[StoreResult] = []
        sendable: dict[tuple[str, str], list[_Sendable]] = {}

        def note(result: StoreResult) -> None:
            results.append(result)
            report(result)

        for path in paths:
            found = _examine(path)
            if isinstance(found, StoreResult):
                note(found)
            else:
                sendable.setdefault(found.context, []).append(found)
        for kinds in _in_groups(list(sendable)):
            self._send([file for kind in kinds for file in sendable[kind]], kinds, note, renaming)
        return results

    def _send(
        self,
        files: Sequence[_Sendable],
        kinds: Sequence[tuple[str, str]],
        note: Report,
        renaming: Renaming | None,
    ) -> None:
        """Send on one association; what should be tried again, on further ones."""
        left = list(files)

        def attempt() -> bool:
            with self._reach.associated([build_context(*kind) for kind in kinds]) as association:
                while left:
                    result, lost = _store(association, left[0], renaming)
                    refused = None if result.stored else _NotStored(result, lost=lost)
                    if refused and self._retries.cover("C-STORE", refused):
                        raise refused
                    note(result)
                    left.pop(0)
            return True

        while left:
            try:
                self._retries.run("C-STORE", attempt)
            except _NotStored as error:
                note(error.result)
                left.pop(0)

    def create(self, attributes: Mapping[str, Any] | Dataset, sop_instance: str | None = None) -> str:
        """Create a request, of plain values by keyword or of a data set as it is; returns its UID.

        Without `sop_instance` the SCP assigns one; then a lost answer is not asked for again.
        """
        asked = attributes if isinstance(attributes, Dataset) else data_set(attributes)

        def attempt() -> str:
            with self._managed() as association, workarounds.assigned_uid(association) as assigned:
                self._asked(
                    "N-CREATE",
                    lambda: association.send_n_create(asked, MEDIA_CREATION_MANAGEMENT, sop_instance)[0],
                )
            uid = sop_instance or next(iter(assigned), None)
            if uid is None:
                raise ScuError("the SCP created a request and did not say its UID")
            return uid

        return self._retries.run("N-CREATE", attempt, sop_instance)

    def initiate(self, sop_instance: str, copies: int | None = None, priority: str | None = None) -> None:
        """Start a request; what is None is left to the SCP."""
        told = {"NumberOfCopies": copies, "RequestPriority": priority}
        given = {keyword: value for keyword, value in told.items() if value}
        self.act(sop_instance, INITIATE, data_set(given) if given else None)

    def cancel(self, sop_instance: str) -> None:
        """Have a request stopped and deleted."""
        self.act(sop_instance, CANCEL)

    def act(self, sop_instance: str, action: int, information: Dataset | None = None) -> None:
        """N-ACTION of any type, with any information."""

        def attempt() -> bool:
            with self._managed() as association:
                self._asked(
                    "N-ACTION",
                    lambda: association.send_n_action(
                        information, action, MEDIA_CREATION_MANAGEMENT, sop_instance
                    )[0],
                )
            return True

        self._retries.run(f"N-ACTION {action}", attempt, True)

    def get(self, sop_instance: str, keywords: Sequence[str] = STATUS_ATTRIBUTES) -> dict[str, Any]:
        """Ask about a request; plain values by keyword, what the SCP does not keep left out."""
        tags = [Tag(keyword) for keyword in keywords]

        def attempt() -> dict[str, Any]:
            told: list[Dataset | None] = []

            def ask() -> Dataset:
                status, attributes = association.send_n_get(tags, MEDIA_CREATION_MANAGEMENT, sop_instance)
                told.append(attributes)
                return status

            with self._managed() as association:
                self._asked("N-GET", ask, DimseStatus.ATTRIBUTES_NOT_SUPPORTED)
            return _plain(told[0]) if told[0] else {}

        return self._retries.run("N-GET", attempt)

    def _managed(self) -> AbstractContextManager[Association]:
        return self._reach.associated([build_context(MEDIA_CREATION_MANAGEMENT, list(self._reach.syntaxes))])

    def _asked(self, operation: str, ask: Callable[[], Dataset], *accepted: int) -> None:
        """Ask, keep the exchange, and demand that it went well."""
        at, begun = time.time(), time.monotonic()
        answer = ask()
        status = int(answer.Status) if "Status" in answer else None
        comment = str(answer.get("ErrorComment", ""))
        self.exchanges.append(Exchange(operation, status, comment, at, time.monotonic() - begun))
        if status is None:
            raise ScuError(f"{operation} got no answer", lost=True)
        if status not in (DimseStatus.SUCCESS, *accepted):
            message = f"{operation} answered {status:04X}" + (f": {comment}" if comment else "")
            raise ScuError(message, status, comment)


class _NotStored(ScuError):
    """A file that the SCP did not take."""

    def __init__(self, result: StoreResult, *, lost: bool) -> None:
        super().__init__(result.comment, result.status, result.comment, lost=lost)
        self.result = result


def _examine(path: Path) -> _Sendable | StoreResult:
    try:
        meta = read_file_meta_info(path)
        return _Sendable(
            path,
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
        )
    except (InvalidDicomError, AttributeError, OSError, ValueError) as error:
        return StoreResult(path, comment=f"not a DICOM file: {error}")


def _in_groups(kinds: Sequence[tuple[str, str]]) -> list[Sequence[tuple[str, str]]]:
    return [kinds[start : start + MAX_CONTEXTS] for start in range(0, len(kinds), MAX_CONTEXTS)]


def _store(association: Association, file: _Sendable, renaming: Renaming | None) -> tuple[StoreResult, bool]:
    """What became of a file, and whether the association was lost over it."""
    status, comment, sent_as, lost = None, "no answer; the association is lost", "", True
    try:
        data = renaming.renamed(file.path) if renaming else file.path
        sent_as = "" if isinstance(data, Path) else str(data.SOPInstanceUID)
        answer = association.send_c_store(data)
        if "Status" in answer:
            status, comment, lost = int(answer.Status), str(answer.get("ErrorComment", "")), False
    except RuntimeError as error:  # pynetdicom, of an association that is over
        comment = f"not sent: {error}"
    except (ValueError, AttributeError, OSError) as error:
        comment, lost = f"not sent: {error}", False
    return StoreResult(file.path, file.sop_class, file.sop_instance, status, comment, sent_as), lost


def _plain(attributes: Dataset) -> dict[str, Any]:
    encoded = encode(attributes, explicit=True)
    return read_data_set(encoded, explicit=True, invalid=DimseStatus.INVALID_ATTRIBUTE_VALUE)
