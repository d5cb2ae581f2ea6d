"""Engines, tables and transactions. Rows are the truth; nothing else remembers work."""

from burnish.database.engine import Database
from burnish.database.rows import insert_row, record_event

__all__ = ["Database", "insert_row", "record_event"]
