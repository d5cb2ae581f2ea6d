"""Engines, tables and transactions. Rows are the truth; nothing else remembers work."""

from burnish.database.clock import advance_clock, boot_id, service_time
from burnish.database.engine import Database
from burnish.database.rows import insert_row, record_event

__all__ = ["Database", "advance_clock", "boot_id", "insert_row", "record_event", "service_time"]
