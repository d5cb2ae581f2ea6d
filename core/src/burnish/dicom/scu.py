"""A client for any media creation SCP: echo, store, create, initiate, cancel, get.

Each call has an association of its own, because nothing in PS3.4 Annex S depends on how long one lives.
Files are sent as they are, each in the transfer syntax that it is stored in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.tag import Tag
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from burnish.dicom import workarounds
from burnish.dicom.creation import CANCEL, INITIATE
from burnish.dicom.dispatch import VERIFICATION
from burnish.dicom.elements import read_data_set
from burnish.dicom.transport import application_entity
from burnish.dicom.values import data_set, encode
from burnish.errors import BurnishError
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT, DimseStatus

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
_ANSWER_TIMEOUT: Final = 300.0
_CONNECT_TIMEOUT: Final = 30.0
_MAX_PDU: Final = 131_072


class ScuError(BurnishError):
    """An SCP did not do what it was asked, or was not reached."""

    def __init__(self, message: str, status: int | None = None, comment: str = "") -> None:
        super().__init__(message)
        self.status = status
        """The DIMSE status; None where there was no answer."""
        self.comment = comment
        """The SCP's Error Comment; empty where it sent none."""


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
    """One media creation SCP, as one calling AE. Every method raises ScuError."""

    def __init__(self, host: str, port: int, called_ae: str, calling_ae: str = "BURNISH") -> None:
        workarounds.configure()
        self._host = host
        self._port = port
        self._called = called_ae
        self._ae = application_entity(calling_ae, _MAX_PDU)
        self._ae.acse_timeout = self._ae.connection_timeout = _CONNECT_TIMEOUT
        self._ae.dimse_timeout = self._ae.network_timeout = _ANSWER_TIMEOUT

    def echo(self) -> None:
        """Ask whether it is there."""
        with self._associate([build_context(VERIFICATION, IMPLICIT_VR_LE)]) as association:
            _demand(association.send_c_echo(), "C-ECHO")

    def store(self, paths: Iterable[Path], report: Report = lambda _: None) -> list[StoreResult]:
        """Send files, as many associations one after another as their kinds need; `report` hears of each.

        What cannot be read or is refused is told in its result. Raises ScuError where no association is
        to be had.
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
            self._send([file for kind in kinds for file in sendable[kind]], kinds, note)
        return results

    def _send(self, files: Sequence[_Sendable], kinds: Sequence[tuple[str, str]], note: Report) -> None:
        with self._associate([build_context(*kind) for kind in kinds]) as association:
            for file in files:
                note(_store(association, file))

    def create(self, attributes: Mapping[str, Any], sop_instance: str | None = None) -> str:
        """Create a request of plain values by keyword; returns its UID, the SCP's own where none is given."""
        with self._managed() as association, workarounds.assigned_uid(association) as assigned:
            status, _ = association.send_n_create(
                data_set(attributes), MEDIA_CREATION_MANAGEMENT, sop_instance
            )
        _demand(status, "N-CREATE")
        uid = sop_instance or next(iter(assigned), None)
        if uid is None:
            raise ScuError("the SCP created a request and did not say its UID")
        return uid

    def initiate(self, sop_instance: str, copies: int | None = None, priority: str | None = None) -> None:
        """Start a request; what is None is left to the SCP."""
        told = {"NumberOfCopies": copies, "RequestPriority": priority}
        self._act(sop_instance, INITIATE, {keyword: value for keyword, value in told.items() if value})

    def cancel(self, sop_instance: str) -> None:
        """Have a request stopped and deleted."""
        self._act(sop_instance, CANCEL, {})

    def _act(self, sop_instance: str, action: int, information: Mapping[str, Any]) -> None:
        told = data_set(information) if information else None
        with self._managed() as association:
            status, _ = association.send_n_action(told, action, MEDIA_CREATION_MANAGEMENT, sop_instance)
        _demand(status, "N-ACTION")

    def get(self, sop_instance: str, keywords: Sequence[str] = STATUS_ATTRIBUTES) -> dict[str, Any]:
        """Ask about a request; plain values by keyword, what the SCP does not keep left out."""
        tags = [Tag(keyword) for keyword in keywords]
        with self._managed() as association:
            status, attributes = association.send_n_get(tags, MEDIA_CREATION_MANAGEMENT, sop_instance)
        _demand(status, "N-GET", DimseStatus.ATTRIBUTES_NOT_SUPPORTED)
        return _plain(attributes) if attributes else {}

    def _managed(self) -> AbstractContextManager[Association]:
        return self._associate([build_context(MEDIA_CREATION_MANAGEMENT, [EXPLICIT_VR_LE, IMPLICIT_VR_LE])])

    @contextmanager
    def _associate(self, contexts: list[PresentationContext]) -> Iterator[Association]:
        association = self._ae.associate(
            self._host, self._port, contexts, ae_title=self._called, max_pdu=_MAX_PDU
        )
        if not association.is_established:
            raise ScuError(self._why_not(association))
        try:
            yield association
        except (RuntimeError, ValueError) as error:
            raise ScuError(f"{self._called} cannot be asked: {error}") from error
        finally:
            association.release()

    def _why_not(self, association: Association) -> str:
        where = f"{self._called}@{self._host}:{self._port}"
        if association.is_rejected:
            answer = association.acceptor.primitive
            reason = f" ({answer.result_str}: {answer.reason_str})" if answer else ""
            return f"{where} rejected the association{reason}"
        if association.is_aborted:
            return f"{where} aborted the association, or nobody listens there"
        return f"{where} accepted none of the presentation contexts"


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


def _store(association: Association, file: _Sendable) -> StoreResult:
    status, comment = None, "no answer; the association is lost"
    try:
        answer = association.send_c_store(file.path)
        if "Status" in answer:
            status, comment = int(answer.Status), str(answer.get("ErrorComment", ""))
    except (RuntimeError, ValueError, AttributeError, OSError) as error:
        comment = f"not sent: {error}"
    return StoreResult(file.path, file.sop_class, file.sop_instance, status, comment)


def _demand(status: Dataset, what: str, *accepted: int) -> None:
    if "Status" not in status:
        raise ScuError(f"{what} got no answer")
    code, comment = int(status.Status), str(status.get("ErrorComment", ""))
    if code not in (DimseStatus.SUCCESS, *accepted):
        raise ScuError(f"{what} answered {code:04X}" + (f": {comment}" if comment else ""), code, comment)


def _plain(attributes: Dataset) -> dict[str, Any]:
    encoded = encode(attributes, explicit=True)
    return read_data_set(encoded, explicit=True, invalid=DimseStatus.INVALID_ATTRIBUTE_VALUE)
