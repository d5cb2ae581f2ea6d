"""Telling one process from another that has got its number."""

import os
from pathlib import Path


def process_start(process: int) -> int:
    """Start time of a process in clock ticks since boot; 0 where there is none, or only its corpse."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(errors="replace")
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] == "Z" else int(fields[19])


def this_boot() -> str:
    """Which run of the kernel this is: numbers and start times begin anew with each."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def is_alive(process: int | None, start: int | None, boot: str | None) -> bool:
    """Whether the very process that was recorded still runs."""
    return bool(process and start and boot == this_boot() and process_start(process) == start)


def own_identity() -> tuple[int, int, str]:
    """Number, start time and boot of this process."""
    return os.getpid(), process_start(os.getpid()), this_boot()
