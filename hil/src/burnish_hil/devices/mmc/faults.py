"""What a drive is told to do wrong. Blocks are counted from 0."""

import threading
from dataclasses import dataclass, field


class Unanswered(Exception):
    """The drive has taken the command and will never answer it."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """Nothing, by default; each may be set and taken back while the drive works."""

    write_error_at: int | None = None
    """Writing this block fails, [3 0C 00]; blocks before it are on the disc."""
    read_errors: frozenset[int] = frozenset()
    """Reading these blocks fails, [3 11 05]."""
    close_fails: bool = False
    """A track, session or disc cannot be closed, [3 0C 09]: all data is written, and nothing is readable."""
    calibration_fails: bool = False
    """The laser's power cannot be calibrated, [3 73 03]: before the first block."""
    unknown_medium: bool = False
    """The disc cannot be recognised, [2 30 00]: upside down, dirty, or of no kind that the drive knows."""
    becoming_ready: int = 0
    """So many commands that need a disc are still answered with [2 04 01]."""
    silent: bool = False
    """The drive takes commands and never answers."""
    silent_at: int | None = None
    """Writing this block silences the drive."""
    bytes_per_second: int = 0
    """Writing takes its time; 0: as fast as the host."""
    reached: threading.Event = field(default_factory=threading.Event)
    """Set when block `signal_at` is written."""
    signal_at: int | None = None
