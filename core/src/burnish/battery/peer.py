"""The SCU side of a case: any data set, any action, every status as it came. No answer is an error.

Values go out as they are given, however wrong: texts are encoded in ASCII, or as bytes that the case brings.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pydicom import config
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from burnish.dicom import workarounds
from burnish.dicom.transport import application_entity
from burnish.errors import BurnishError
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE, MEDIA_CREATION_MANAGEMENT

SYNTAXES: Final = (EXPLICIT_VR_LE, IMPLICIT_VR_LE)
_MAX_PDU: Final = 131_072


class PeerError(BurnishError):
    """The SCP was not reached, or did not answer."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an SCP listens, and who asks."""

    host: str
    port: int
    called: str
    calling: str
    timeout: float
    """Seconds that an answer may take."""


class Status(int):
    """A DIMSE status, written as PS3.7 writes it."""

    def __str__(self) -> str:
        return f"{int(self):04X}H"


@dataclass(frozen=True, slots=True)
class Created:
    """What an N-CREATE was answered."""

    status: Status
    uid: str
    """Affected SOP Instance UID of the response, else the one that was asked for."""


class Peer:
    """Each call has an association of its own. Raises PeerError."""

    def __init__(self, address: Address) -> None:
        workarounds.configure()
        workarounds.hush_pydicom()
        self._address = address

    @contextmanager
    def associated(
        self,
        contexts: Sequence[PresentationContext] | None = None,
        negotiation: Sequence[Any] = (),
    ) -> Iterator[Association]:
        """An association for media creation, or for these contexts."""
        where = self._address
        ae = application_entity(where.calling, _MAX_PDU)
        ae.acse_timeout = ae.connection_timeout = ae.dimse_timeout = ae.network_timeout = where.timeout
        asked = list(contexts or [build_context(MEDIA_CREATION_MANAGEMENT, list(SYNTAXES))])
        association = ae.associate(
            where.host,
            where.port,
            asked,
            ae_title=where.called,
            max_pdu=_MAX_PDU,
            ext_neg=list(negotiation) or None,
        )
        if not association.is_established:
            raise PeerError(f"{where.called}@{where.host}:{where.port} let no association be established")
        try:
            with config.disable_value_validation():
                yield association
        except (RuntimeError, ValueError) as error:
            raise PeerError(f"cannot be asked: {error}") from error
        finally:
            if association.is_established:
                association.release()

    def store(self, *data_sets: Dataset) -> list[Status]:
        """C-STORE."""
        kinds = {(str(one.SOPClassUID), str(one.file_meta.TransferSyntaxUID)) for one in data_sets}
        with self.associated([build_context(*kind) for kind in sorted(kinds)]) as association:
            return [_status(association.send_c_store(one), "C-STORE") for one in data_sets]

    def create(self, attributes: Dataset, uid: str | None = None) -> Created:
        """N-CREATE."""
        with self.associated() as association:
            return create_on(association, attributes, uid)

    def action(
        self,
        kind: int,
        uid: str,
        information: Dataset | None = None,
        sop_class: str = MEDIA_CREATION_MANAGEMENT,
    ) -> Status:
        """N-ACTION."""
        with self.associated() as association:
            return action_on(association, kind, uid, information, sop_class)

    def get(self, uid: str, *keywords: str) -> tuple[Status, Dataset]:
        """N-GET; without keywords everything."""
        with self.associated() as association:
            return get_on(association, uid, *keywords)


def create_on(association: Association, attributes: Dataset, uid: str | None = None) -> Created:
    """N-CREATE on this association."""
    with workarounds.assigned_uid(association) as assigned:
        status, _ = association.send_n_create(attributes, MEDIA_CREATION_MANAGEMENT, uid)
    return Created(_status(status, "N-CREATE"), next(iter(assigned), uid or ""))


def action_on(
    association: Association,
    kind: int,
    uid: str,
    information: Dataset | None = None,
    sop_class: str = MEDIA_CREATION_MANAGEMENT,
) -> Status:
    """N-ACTION on this association."""
    status, _ = association.send_n_action(
        information, kind, sop_class, uid, meta_uid=MEDIA_CREATION_MANAGEMENT
    )
    return _status(status, "N-ACTION")


def get_on(association: Association, uid: str, *keywords: str) -> tuple[Status, Dataset]:
    """N-GET on this association."""
    tags: list[BaseTag] = [Tag(keyword) for keyword in keywords]
    status, told = association.send_n_get(tags, MEDIA_CREATION_MANAGEMENT, uid)
    return _status(status, "N-GET"), told or Dataset()


def _status(answer: Dataset, operation: str) -> Status:
    if "Status" not in answer:
        raise PeerError(f"{operation} got no answer")
    return Status(answer.Status)


def raw(values: Mapping[str, Any]) -> Dataset:
    """A data set of keywords: texts and bytes as they are, lists of data sets as sequences."""
    built = Dataset()
    for keyword, value in values.items():
        tag = Tag(tag_for_keyword(keyword) or 0)
        if isinstance(value, list):
            built.add(DataElement(tag, "SQ", value))
            continue
        data = value if isinstance(value, bytes) else str(value).encode("ascii")
        vr = dictionary_VR(tag)
        data += (b"\0" if vr == "UI" else b" ") * (len(data) % 2)
        built[tag] = RawDataElement(tag, vr, len(data), data, 0, False, True)
    return built
