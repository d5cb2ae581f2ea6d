"""Which statuses answer which operation, and when: one table, for conformance statements and for tests.

Source: PS3.7 Annex C, PS3.4 B.2.3 and S.3. An answer that is not here is a fault of ours.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from burnish.dicom.commands import Operation
from burnish.terms import DimseStatus as S

_ANY: Final = {
    S.UNRECOGNISED_OPERATION: "the presentation context does not serve this operation",
    S.DUPLICATE_INVOCATION: "a request with this Message ID is under way on the association",
}
_NORMALIZED: Final = {
    S.INVALID_OBJECT_INSTANCE: "the SOP Instance UID is no UID",
    S.NOT_AUTHORISED: "the calling AE has not this right, or the request is another AE's",
    S.PROCESSING_FAILURE: "a fault within the server; nothing has changed",
}

ANSWERS: Final[Mapping[Operation, Mapping[S, str]]] = MappingProxyType(
    {
        Operation.C_ECHO: {
            S.SUCCESS: "the server listens",
            S.SOP_CLASS_NOT_SUPPORTED: "the SOP Class UID is not that of the presentation context",
            **_ANY,
        },
        Operation.C_STORE: {
            S.SUCCESS: "the instance is durable",
            S.SOP_CLASS_NOT_SUPPORTED: "the SOP Class UID is not that of the presentation context",
            S.NOT_AUTHORISED: "the calling AE may not store",
            S.OUT_OF_RESOURCES: "the disk takes nothing more, or is below its reserve",
            S.DATA_SET_DOES_NOT_MATCH: "command and data set name different instances",
            S.CANNOT_UNDERSTAND: "the data set ends within an element, or lacks a UID that it needs",
            S.DUPLICATE_REFUSED: "other bytes are stored under this UID, and are not to be a version",
            S.PROCESSING_FAILURE: "a fault within the server; nothing is stored",
            S.INVALID_OBJECT_INSTANCE: "the SOP Instance UID is no UID",
            **_ANY,
        },
        Operation.N_CREATE: {
            S.SUCCESS: "the request is IDLE",
            S.INVALID_ATTRIBUTE_VALUE: "a value is not of those that the attribute may have",
            S.MISSING_ATTRIBUTE: "Referenced SOP Sequence, or a UID in one of its items, is absent",
            S.MISSING_ATTRIBUTE_VALUE: "the sequence has no item, or a UID in one of them is empty",
            S.DUPLICATE_SOP_INSTANCE: "a request of this UID is IDLE",
            S.ALREADY_INITIATED: "a request of this UID has been initiated",
            S.NO_SUCH_SOP_CLASS: "the SOP Class UID is not that of the presentation context",
            S.RESOURCE_LIMITATION: "as many requests are IDLE as may be, or the AE has as many as it may, or "
            "a sequence has too many items, or the disk takes nothing more",
            **_NORMALIZED,
            **_ANY,
        },
        Operation.N_ACTION: {
            S.SUCCESS: "Initiate: the request is PENDING; Cancel: all work has stopped, the request is gone",
            S.NO_SUCH_SOP_INSTANCE: "no such request, or no more",
            S.INVALID_ARGUMENT_VALUE: "Number of Copies or Request Priority is not as it may be",
            S.CLASS_INSTANCE_CONFLICT: "the SOP Class UID is not that of the presentation context",
            S.NO_SUCH_ACTION: "an Action Type ID other than 1 and 2",
            S.RESOURCE_LIMITATION: "as many requests have been started as the queue holds",
            S.ALREADY_INITIATED: "the request has been initiated",
            S.CANCEL_ALREADY_COMPLETED: "the request has ended",
            S.CANCEL_IN_PROGRESS: "the work goes on, or could not be stopped in time",
            S.CANCEL_DENIED: "the device does not let the work be stopped",
            S.CANNOT_UNDERSTAND: "the action information cannot be read",
            **_NORMALIZED,
            **_ANY,
        },
        Operation.N_GET: {
            S.SUCCESS: "what was asked for",
            S.ATTRIBUTES_NOT_SUPPORTED: "some of what was asked for is not kept; the rest is there",
            S.NO_SUCH_SOP_INSTANCE: "no such request, or no more",
            S.CLASS_INSTANCE_CONFLICT: "the SOP Class UID is not that of the presentation context",
            **_NORMALIZED,
            **_ANY,
        },
    }
)
