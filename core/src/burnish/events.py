"""What can happen, each as one row written in the transaction of what it tells.

Listeners keep a cursor over the rows and get each at least once, in order.
"""

from enum import StrEnum


class EventKind(StrEnum):
    """The names that listeners, logs and the ledger use."""

    INSTANCE_STORED = "instance-stored"
    INSTANCE_REPLACED = "instance-replaced"
    """Other bytes came under a UID that is already stored: a newer version."""
    INSTANCE_PURGED = "instance-purged"
    """Its lifetime was over and no request needed it."""
    SPOOL_FAILED = "spool-failed"
    """A sync failed: nothing is stored any more until the server is started again."""
    REQUEST_CREATED = "request-created"
    REQUEST_INITIATED = "request-initiated"
    REQUEST_PLANNED = "request-planned"
    REQUEST_CREATING = "request-creating"
    REQUEST_HELD = "request-held"
    """Back from CREATING to PENDING for a condition of a device, or for somebody to look."""
    REQUEST_RELEASED = "request-released"
    """An operator let a held request go on."""
    REQUEST_DONE = "request-done"
    REQUEST_FAILED = "request-failed"
    REQUEST_CANCELLED = "request-cancelled"
    REQUEST_EXPIRED = "request-expired"
    TERM_IGNORED = "term-ignored"
    """An attribute held a term that burnish does not know; it was read as its default."""
    ATTRIBUTES_IGNORED = "attributes-ignored"
    """Attributes came that a request does not have, or that ask for what nothing here puts on media; their
    names, never their values."""
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
    STATION_STATE = "station-state"
    """A station waits, is taken out of service or goes on: its name, its state and why."""
    DATABASE_REPAIRED = "database-repaired"
    """A damaged database was set aside: the rows kept and lost of each table."""
    DATABASE_RESTORED = "database-restored"
    """The data folder was filled from a backup: when that was made."""
