"""Every table, and which room owns it.

Times are UNIX seconds (UTC, fractional); digests are raw SHA-256; JSON columns hold plain values. An
`epoch` rises with every change of state, so that a late writer can be told from a current one. A column
`…_served` holds service time (`clock.py`), which lifetimes and limits count in.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    text,
)

metadata: Final = MetaData()


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


# --- instances/: an index over the spool, rebuilt from it ---------------------------------------------
instances: Final = Table(
    "instances",
    metadata,
    _id(),
    Column("sop_instance", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sop_class", String(64), nullable=False),
    Column("study", String(64), nullable=False),
    Column("series", String(64), nullable=False),
    Column("transfer_syntax", String(64), nullable=False),
    Column("calling_ae", String(16), nullable=False),
    Column("received_at", Float, nullable=False),
    Column("kept_served", Float, nullable=False, default=0.0),  # when it was received last
    Column("superseded", Boolean, nullable=False, default=False),  # another version serves later requests
    Column("length", Integer, nullable=False),
    Column("flaw", String(200), nullable=False, default=""),  # why no medium may hold it
    Column("digest", LargeBinary, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("identity_mark", LargeBinary, nullable=False),
    Index("instance_version", "sop_instance", "version", unique=True),
    Index("instance_age", "kept_served", "superseded", "sop_instance", "version", "length"),
)

# --- requests/: what was asked for ----------------------------------------------------------------------
requests: Final = Table(
    "requests",
    metadata,
    _id(),
    Column("sop_instance", String(64), nullable=False),
    Column("owner_ae", String(16), nullable=False),
    Column("token", String(16), nullable=False, unique=True),
    Column("status", String(16), nullable=False),
    Column("info", String(16), nullable=False),
    Column("epoch", Integer, nullable=False, default=0),
    Column("created_at", Float, nullable=False),
    Column("initiated_at", Float),
    Column("ended_at", Float),
    Column("created_served", Float, nullable=False, default=0.0),
    Column("ended_served", Float),
    Column("outcome", String(16), nullable=False, default=""),  # DONE or FAILURE, also when it is GONE
    Column("preserve", Boolean, nullable=False, default=False),  # (2200,000A) is YES
    Column("copies", Integer, nullable=False, default=1),
    Column("priority", Integer, nullable=False, default=1),
    Column("attributes", JSON, nullable=False),
    Column("failed", JSON, nullable=False),
    Column("message", String, nullable=False, default=""),
    Column("plan", String(8), nullable=False, default="none"),  # claimed, done; held: a person decides
    Column("people_confirmed", Boolean, nullable=False, default=False),
    Column("cancel_asked", Boolean, nullable=False, default=False),
    Column("cancel_answer", Integer),
    Column("doomed", String(16)),
    Index(
        "live_request",
        "sop_instance",
        unique=True,
        sqlite_where=text("status != 'GONE'"),
        postgresql_where=text("status != 'GONE'"),
    ),
    Index("request_status", "status"),
)

references: Final = Table(
    "request_references",
    metadata,
    Column("request", ForeignKey("requests.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sop_class", String(64), nullable=False),
    Column("sop_instance", String(64), nullable=False),
    Column("profile", String(64), nullable=False),
    Index("referenced_instance", "sop_instance"),
)

icons: Final = Table(
    "request_icons",
    metadata,
    Column("request", ForeignKey("requests.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("attributes", JSON, nullable=False),
    Column("pixels", LargeBinary, nullable=False),
)
"""Icons that SCUs supplied with references; few do."""

pins: Final = Table(
    "pins",
    metadata,
    Column("request", ForeignKey("requests.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("instance", ForeignKey("instances.id"), nullable=False),
    Index("pinned_instance", "instance"),
)

# --- requests/: the ledger ------------------------------------------------------------------------------
volumes: Final = Table(
    "volumes",
    metadata,
    _id(),
    Column("request", ForeignKey("requests.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("file_set_id", String(16), nullable=False),
    Column("file_set_uid", String(64), nullable=False),
    Column("token", String(16), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("format", String(32), nullable=False),
    Column("suffix", String(8), nullable=False),
    Column("medium", String(16), nullable=False),
    Column("length", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("patients", JSON, nullable=False),
    Column("label", JSON, nullable=False, default=dict, server_default=text("'{}'")),  # labels/content.py
    Index("volume_number", "request", "number", unique=True),
)

pieces: Final = Table(
    "pieces",
    metadata,
    _id(),
    Column("request", ForeignKey("requests.id"), nullable=False),
    Column("volume", ForeignKey("volumes.id"), nullable=False),
    Column("copy", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("epoch", Integer, nullable=False, default=0),
    Column("station", String(64)),
    Column("spoilt", Integer, nullable=False, default=0),
    Column("place", String),
    Column("proven_by", String(8)),
    Index("piece_copy", "volume", "copy", unique=True),
    Index("piece_state", "state"),
    Index("piece_request", "request"),
)

attempts: Final = Table(
    "attempts",
    metadata,
    _id(),
    Column("piece", ForeignKey("pieces.id"), nullable=False),
    Column("station", String(64), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("outcome", String(16)),
    Column("fault", String(32)),
    Column("message", String, nullable=False, default=""),
    Column("done", Integer, nullable=False, default=0),  # bytes written, or read back of a written piece
    Column("rejected", Boolean, nullable=False, default=False),  # its medium is thrown away: it counts
    Column("labels", JSON, nullable=False, default=dict, server_default=text("'{}'")),  # printer: LabelState
    Column(
        "unconfirmed", Boolean, nullable=False, default=False, server_default=text("0")
    ),  # not attached yet
    Column("process", Integer),
    Column("process_start", Integer),
    Column("process_boot", String(36)),
    Index("attempt_piece", "piece"),
    Index(
        "attempt_unconfirmed",
        "station",
        sqlite_where=text("unconfirmed"),
        postgresql_where=text("unconfirmed"),
    ),
)

waits: Final = Table(
    "waits",
    metadata,
    Column("request", ForeignKey("requests.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("since_served", Float, nullable=False),
    Column("failing", String(16), nullable=False),
)

# --- production/roster.py: what every station is about ------------------------------------------------------
stations: Final = Table(
    "stations",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("station", String(64), nullable=False),  # several drives may be one station
    Column("configured", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("since", Float, nullable=False),
    Column("reason", String, nullable=False, default=""),
    Column("last_fault", String(32)),
    Column("last_fault_at", Float),
    Column("faults_in_a_row", Integer, nullable=False, default=0),
    Column("quarantine_after", Integer, nullable=False),
    Column("media", JSON, nullable=False),
    Column("condition", String(32)),  # the fault that a look has found to stand against any job
    Column("ready", JSON),  # of media: what it could take at the last look; null: it does not tell
    Column("device", JSON),  # the last look, as `DeviceState.to_json` gives it
    Column("looked_at", Float),
)

# --- clock.py: service time ---------------------------------------------------------------------------------
clock: Final = Table(
    "clock",
    metadata,
    _id(),
    Column("served", Float, nullable=False),
    Column("boot", String(36), nullable=False),
    Column("uptime", Float, nullable=False),
)

# --- events.py: what happened, in order -------------------------------------------------------------------
events: Final = Table(
    "events",
    metadata,
    _id(),
    Column("at", Float, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("request", Integer),
    Column("piece", Integer),
    Column("data", JSON, nullable=False),
    Column("served", Float, nullable=False),
    Index("event_request", "request"),
    Index("event_age", "served"),
    sqlite_autoincrement=True,
)
