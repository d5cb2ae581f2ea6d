"""Engines, tables and transactions. Rows are the truth; nothing else remembers work.

SQLAlchemy is loaded with the first name that is taken from here: the settings are read by commands too that
work without tables, and they start half a second sooner.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from burnish.database.clock import advance_clock, boot_id, service_time
    from burnish.database.engine import Database
    from burnish.database.rows import insert_row, record_event

__all__ = ["Database", "advance_clock", "boot_id", "insert_row", "record_event", "service_time"]

_HOMES: Final = {
    "Database": "engine",
    "advance_clock": "clock",
    "boot_id": "clock",
    "insert_row": "rows",
    "record_event": "rows",
    "service_time": "clock",
}


def __getattr__(name: str) -> Any:
    """Called for a name that is not here yet (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
