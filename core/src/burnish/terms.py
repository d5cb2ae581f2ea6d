"""The standard's own terms: what an SCU reads, spelled as PS3.3 and PS3.4 spell it."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

MEDIA_CREATION_MANAGEMENT: Final = "1.2.840.10008.5.1.1.33"
"""SOP Class UID of the Media Creation Management SOP Class, PS3.4 Annex S."""

MEDIA_STORAGE_DIRECTORY: Final = "1.2.840.10008.1.3.10"
"""SOP Class UID of a DICOMDIR, PS3.10 8.6."""

WITHOUT_PATIENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "1.2.840.10008.5.1.4.38.1": "HANGING PROTOCOL",
        "1.2.840.10008.5.1.4.39.1": "PALETTE",
        "1.2.840.10008.5.1.4.43.1": "IMPLANT",
        "1.2.840.10008.5.1.4.44.1": "IMPLANT ASSY",
        "1.2.840.10008.5.1.4.45.1": "IMPLANT GROUP",
        "1.2.840.10008.5.1.4.1.1.201.1": "INVENTORY",
    }
)
"""Storage classes whose instances belong to no patient, study or series (PS3.4 Table GG.3-1), and the
Directory Record Type of each, which stands at the root (PS3.3 Table F.4-1)."""

IMPLICIT_VR_LE: Final = "1.2.840.10008.1.2"
EXPLICIT_VR_LE: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BE: Final = "1.2.840.10008.1.2.2"
RLE_LOSSLESS: Final = "1.2.840.10008.1.2.5"
JPEG_LOSSLESS: Final = "1.2.840.10008.1.2.4.70"
"""JPEG Lossless, Process 14, Selection Value 1."""
JPEG_2000_LOSSLESS: Final = "1.2.840.10008.1.2.4.90"

IMPLEMENTATION_CLASS_UID: Final = "2.25.268034514226480917431587140929036814751"
"""What wrote a file or answered an association: (0002,0012)."""
IMPLEMENTATION_VERSION_NAME: Final = "BURNISH_0.1"


class ExecutionStatus(StrEnum):
    """(2100,0020), PS3.3 C.22.1, and GONE for a request that was cancelled or whose life is over.

    A GONE request has no SOP Instance any more: its UID is free, its pieces stay in the ledger.
    """

    IDLE = "IDLE"
    PENDING = "PENDING"
    CREATING = "CREATING"
    DONE = "DONE"
    FAILURE = "FAILURE"
    GONE = "GONE"


class StatusInfo(StrEnum):
    """(2100,0030) Execution Status Info, PS3.3 C.22.1.2: NORMAL exactly with IDLE, CREATING and DONE."""

    NORMAL = "NORMAL"
    """Nothing to add."""
    QUEUED = "QUEUED"
    """It waits in the queue."""
    MCD_BUSY = "MCD_BUSY"
    """The device is not available, and will be by itself."""
    OUT_OF_SUPPLIES = "OUT_OF_SUPPLIES"
    """Blank media, ink or ribbon are missing: an operator is needed."""
    CHECK_MCD_OP = "CHECK_MCD_OP"
    """The device is not ready: an operator has to look."""
    CHECK_MCD_SRV = "CHECK_MCD_SRV"
    """The device is not ready: it wants service."""
    MCD_FAILURE = "MCD_FAILURE"
    """The device failed to operate, or was put out of service."""
    INSUFFIC_MEMORY = "INSUFFIC_MEMORY"
    """There is not enough memory or space."""
    DIR_PROC_ERR = "DIR_PROC_ERR"
    """The DICOMDIR could not be built, for want of attributes or values that it must have."""
    DUPL_REF_INST = "DUPL_REF_INST"
    """Referenced SOP Sequence names an instance twice."""
    INST_AP_CONFLICT = "INST_AP_CONFLICT"
    """Instances and requested profiles, or these among themselves, do not go together."""
    NO_INSTANCE = "NO_INSTANCE"
    """A referenced instance is not stored."""
    NOT_SUPPORTED = "NOT_SUPPORTED"
    """A profile or SOP Class is not supported."""
    INST_OVERSIZED = "INST_OVERSIZED"
    """One instance alone exceeds the medium."""
    SET_OVERSIZED = "SET_OVERSIZED"
    """The file-set exceeds the medium, and is not or may not be split."""
    PROC_FAILURE = "PROC_FAILURE"
    """Processing failed."""
    UNKNOWN = "UNKNOWN"
    """For a reason that nobody knows."""


class FailureReason(IntEnum):
    """(0008,1197) in Failed SOP Sequence items, PS3.3 C.22.1.4."""

    PROCESSING_FAILURE = 0x0110
    """A failure in processing this instance."""
    NO_SUCH_OBJECT_INSTANCE = 0x0112
    """No instance of this UID is stored."""
    CLASS_INSTANCE_CONFLICT = 0x0119
    """The stored instance is of another SOP Class."""
    MISSING_ATTRIBUTE = 0x0120
    """It lacks attributes that the directory must have."""
    MISSING_ATTRIBUTE_VALUE = 0x0121
    """Attributes that the directory must have are empty in it."""
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    """No media are made of instances of this SOP Class."""
    PROFILES_CONFLICT = 0x0201
    """The requested profiles cannot share a medium."""
    PROFILE_INSTANCE_CONFLICT = 0x0202
    """The profile does not hold such an instance."""
    PROFILE_COMPRESSION_CONFLICT = 0x0203
    """The profile does not hold its transfer syntax, and none that it holds can be made."""
    PROFILE_NOT_SUPPORTED = 0x0204
    """The profile is not supported, or no station can make its media."""
    INSTANCE_SIZE_EXCEEDED = 0x0205
    """It is larger than the medium."""


class Priority(StrEnum):
    """(2200,0020) Request Priority."""

    HIGH = "HIGH"
    MED = "MED"
    LOW = "LOW"


class DimseStatus(IntEnum):
    """(0000,0900), PS3.7 Annex C and PS3.4 S.3; the codes that burnish answers with."""

    SUCCESS = 0x0000
    ATTRIBUTES_NOT_SUPPORTED = 0x0001
    NO_SUCH_ATTRIBUTE = 0x0105
    INVALID_ATTRIBUTE_VALUE = 0x0106
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    NO_SUCH_SOP_INSTANCE = 0x0112
    NO_SUCH_ARGUMENT = 0x0114
    INVALID_ARGUMENT_VALUE = 0x0115
    INVALID_OBJECT_INSTANCE = 0x0117
    NO_SUCH_SOP_CLASS = 0x0118
    CLASS_INSTANCE_CONFLICT = 0x0119
    MISSING_ATTRIBUTE = 0x0120
    MISSING_ATTRIBUTE_VALUE = 0x0121
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    NO_SUCH_ACTION = 0x0123
    NOT_AUTHORISED = 0x0124
    DUPLICATE_INVOCATION = 0x0210
    UNRECOGNISED_OPERATION = 0x0211
    MISTYPED_ARGUMENT = 0x0212
    RESOURCE_LIMITATION = 0x0213
    ALREADY_INITIATED = 0xA510
    OUT_OF_RESOURCES = 0xA700
    DATA_SET_DOES_NOT_MATCH = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    DUPLICATE_REFUSED = 0xC111
    """C-STORE has no status of its own for other bytes under a stored UID. Of PS3.4 B.2.3's ranges A7xx
    would have the SCU try again and A9xx speaks of the SOP Class; Cxxx is final, 111 echoes 0111."""
    CANCEL_ALREADY_COMPLETED = 0xC201
    CANCEL_IN_PROGRESS = 0xC202
    CANCEL_DENIED = 0xC203
