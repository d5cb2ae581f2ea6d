"""What can happen, each as one row written in the transaction of what it tells.

Listeners keep a cursor over the rows and get each at least once, in order.
"""

from enum import StrEnum


class EventKind(StrEnum):
    """The names that listeners, logs and the ledger use."""

    INSTANCE_STORED = "instance-stored"
    INSTANCE_REPLACED = "instance-replaced"
    """Other bytes came under a UID that is already stored: a newer version."""
    REQUEST_CREATED = "request-created"
    REQUEST_INITIATED = "request-initiated"
    REQUEST_PLANNED = "request-planned"
    REQUEST_CREATING = "request-creating"
    REQUEST_HELD = "request-held"
    """Back from CREATING to PENDING for a condition of a device, or for somebody to look."""
    REQUEST_DONE = "request-done"
    REQUEST_FAILED = "request-failed"
    REQUEST_CANCELLED = "request-cancelled"
    REQUEST_EXPIRED = "request-expired"
    TERM_IGNORED = "term-ignored"
    """An attribute held a term that burnish does not know; it was read as its default."""
    ATTRIBUTES_IGNORED = "attributes-ignored"
    """Attributes came that a request does not have; their names, never their values."""
    PIECE_CLAIMED = "piece-claimed"
    PIECE_INTENT = "piece-intent"
    PIECE_WRITTEN = "piece-written"
    PIECE_PROVEN = "piece-proven"
    PIECE_LABELLED = "piece-labelled"
    PIECE_DELIVERED = "piece-delivered"
    PIECE_SPOILT = "piece-spoilt"
    PIECE_UNKNOWN = "piece-unknown"
    PIECE_CANCELLED = "piece-cancelled"
    PIECE_RETURNED = "piece-returned"
    """Claimed, but given back before anything was written."""
    STATION_FAULT = "station-fault"
