"""Which service answers a request, what is answered where none does, and what a refusal looks like.

Every request is answered: one that nobody serves with 0211, one whose UIDs are wrong with the status for
that. Only a peer that breaks the protocol itself loses its association.

Source: PS3.7 Annex C (statuses and the elements that go with them), PS3.4 B.2.3 and Annex S.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from burnish.dicom.commands import Answer, Operation, ProtocolError
from burnish.dicom.messages import Call, Task
from burnish.errors import Refused
from burnish.terms import MEDIA_CREATION_MANAGEMENT, DimseStatus
from burnish.uids import is_uid

LOGGER = logging.getLogger(__name__)

VERIFICATION: Final = "1.2.840.10008.1.1"
DATA_SET_CAP: Final = 32 << 20
"""Bytes of a DIMSE-N data set, which is held in memory; a longer one costs the association."""

_NAMES_ATTRIBUTES: Final = frozenset(
    {
        DimseStatus.ATTRIBUTES_NOT_SUPPORTED,
        DimseStatus.NO_SUCH_ATTRIBUTE,
        DimseStatus.INVALID_ATTRIBUTE_VALUE,
        DimseStatus.MISSING_ATTRIBUTE,
        DimseStatus.MISSING_ATTRIBUTE_VALUE,
    }
)
"""DIMSE-N statuses that come with Attribute Identifier List (0000,1005), PS3.7 Annex C."""
_NAMES_ELEMENT: Final = frozenset({DimseStatus.DATA_SET_DOES_NOT_MATCH, DimseStatus.CANNOT_UNDERSTAND})
"""C-STORE statuses that come with Offending Element (0000,0901), PS3.4 Table B.2-1."""
_WRONG_CLASS: Final[Mapping[Operation, DimseStatus]] = {
    Operation.C_ECHO: DimseStatus.SOP_CLASS_NOT_SUPPORTED,
    Operation.C_STORE: DimseStatus.SOP_CLASS_NOT_SUPPORTED,
    Operation.N_CREATE: DimseStatus.NO_SUCH_SOP_CLASS,
    Operation.N_ACTION: DimseStatus.CLASS_INSTANCE_CONFLICT,
    Operation.N_GET: DimseStatus.CLASS_INSTANCE_CONFLICT,
}
"""What answers a SOP Class UID that is not its presentation context's: of the statuses each service has."""

_SERVED: Final[Mapping[str, frozenset[Operation]]] = {
    VERIFICATION: frozenset({Operation.C_ECHO}),
    MEDIA_CREATION_MANAGEMENT: frozenset({Operation.N_CREATE, Operation.N_ACTION, Operation.N_GET}),
}
_STORED: Final = frozenset({Operation.C_STORE})
"""Every other abstract syntax that is accepted is a storage class."""


class Settled:
    """A request whose answer is known before its data set has come; what comes is dropped."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def write(self, fragment: bytes | memoryview) -> None:
        """Drop it."""

    def finish(self) -> Answer:
        """Return the answer."""
        return self._answer

    def abandon(self) -> None:
        """Nothing was begun."""


class Gathering:
    """A request whose data set is held in memory until it is whole."""

    def __init__(self, serve: Callable[[bytes], Answer]) -> None:
        self._serve = serve
        self._data = bytearray()

    def write(self, fragment: bytes | memoryview) -> None:
        """Keep it. Raises ProtocolError beyond the cap."""
        if len(self._data) + len(fragment) > DATA_SET_CAP:
            raise ProtocolError(f"a data set of more than {DATA_SET_CAP} bytes")
        self._data += fragment

    def finish(self) -> Answer:
        """Serve it. Raises Refused."""
        return self._serve(bytes(self._data))

    def abandon(self) -> None:
        """Let go of what was kept."""
        self._data.clear()


def settled_duplicate() -> Settled:
    """What becomes of a message whose ID is that of one that waits for its answer."""
    return Settled(Answer(DimseStatus.DUPLICATE_INVOCATION, "a request with this Message ID is under way"))


class Dispatcher:
    """The services of one server."""

    def __init__(self, store: Callable[[Call], Task], create: Callable[[Call], Task]) -> None:
        self._store = store
        self._create = create

    def open(self, call: Call) -> Task:
        """Decide what becomes of a request; a refusal is a settled task."""
        try:
            _check(call)
            return self._service(call)
        except Exception as error:  # noqa: BLE001 - the peer hears of it when its message is whole
            return Settled(_failed(call, error))

    def _service(self, call: Call) -> Task:
        match call.command.operation, call.abstract_syntax:
            case Operation.C_ECHO, _:
                return Settled(Answer())
            case Operation.C_STORE, _:
                return self._store(call)
            case _:
                return self._create(call)


def _check(call: Call) -> None:
    command = call.command
    if command.operation not in _WRONG_CLASS:
        raise _unrecognised(call)
    if command.sop_class != call.abstract_syntax:
        message = "the SOP Class UID is not that of the presentation context"
        raise Refused(message, _wrong_class(call))
    if command.operation not in _SERVED.get(call.abstract_syntax, _STORED):
        raise _unrecognised(call)
    _check_instance(call)


def _wrong_class(call: Call) -> DimseStatus:
    status = _WRONG_CLASS[call.command.operation]
    conflict = status is DimseStatus.CLASS_INSTANCE_CONFLICT and not is_uid(call.command.sop_class)
    return DimseStatus.NO_SUCH_SOP_CLASS if conflict else status


def _check_instance(call: Call) -> None:
    instance, operation = call.command.sop_instance, call.command.operation
    absent_is_fine = operation is Operation.C_ECHO or (operation is Operation.N_CREATE and instance is None)
    if not absent_is_fine and not is_uid(instance or ""):
        raise Refused("the SOP Instance UID is not a UID", DimseStatus.INVALID_OBJECT_INSTANCE)


def _unrecognised(call: Call) -> Refused:
    name = call.command.operation.name.replace("_", "-")
    return Refused(f"{name} is not an operation of this class", DimseStatus.UNRECOGNISED_OPERATION)


def conclude(call: Call, task: Task) -> Answer:
    """Finish a task and say how it ended; a fault of ours is logged and answered, never raised."""
    try:
        return task.finish()
    except Exception as error:  # noqa: BLE001 - a room below may fail in any way
        return _failed(call, error)


def _failed(call: Call, error: Exception) -> Answer:
    if isinstance(error, Refused):
        return _refusal(call, error)
    LOGGER.error("%s of %s failed", call.command.operation.name, call.ae, exc_info=error)
    if isinstance(error, OSError):
        return _refusal(call, Refused("the server cannot write", DimseStatus.OUT_OF_RESOURCES))
    return _refusal(call, Refused("internal error", DimseStatus.PROCESSING_FAILURE))


def _refusal(call: Call, refused: Refused) -> Answer:
    """Answer with a refusal's status, with the tags at fault where that status names them."""
    operation = call.command.operation
    LOGGER.info("%s of %s refused %04x: %s", operation.name, call.ae, refused.status, refused)
    store = operation is Operation.C_STORE
    named = refused.status in (_NAMES_ELEMENT if store else _NAMES_ATTRIBUTES)
    return Answer(_failure(refused.status, operation), str(refused), refused.tags if named else ())


def _failure(status: DimseStatus, operation: Operation) -> DimseStatus:
    """PS3.4 S.3.2.1.3: no warning answers an N-CREATE. A700 is a storage status: 0213 says it elsewhere."""
    if operation is not Operation.C_STORE and status is DimseStatus.OUT_OF_RESOURCES:
        return DimseStatus.RESOURCE_LIMITATION
    if operation is Operation.N_CREATE and status in (DimseStatus.SUCCESS, 0x0001):
        return DimseStatus.PROCESSING_FAILURE
    return status
