"""Service time: seconds that this machine has run with this data folder. Lifetimes and limits count in it.

A wall clock jumps, by an hour or by ten years, and a sweep that believed it would throw everything away. The
kernel's CLOCK_BOOTTIME never jumps, but begins anew with each boot. So a row keeps what was served up to a
moment of one boot; within that boot the time since is added, across boots it is not: while the machine is
off nothing ages, and things live longer, never shorter, than they were promised.
"""

import time
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, select, update

from burnish.database.tables import clock

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Which run of the kernel this is."""
    return _BOOT_ID.read_text().strip()


def service_time(connection: Connection) -> float:
    """Seconds served until now; never falls, whatever happens to the wall clock."""
    row = connection.execute(select(clock)).one_or_none()
    if row is None:
        return 0.0
    same = row.boot == boot_id()
    return float(row.served) + (max(0.0, _uptime() - row.uptime) if same else 0.0)


def advance_clock(connection: Connection) -> None:
    """Write service time down; at each start and every minute, so that a power cut costs no more."""
    served = service_time(connection)
    values = {"served": served, "boot": boot_id(), "uptime": _uptime()}
    if not connection.execute(update(clock).values(values)).rowcount:
        connection.execute(insert(clock).values(id=1, **values))


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
