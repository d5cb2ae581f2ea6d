"""What a command is: a function of the recorder, of the command's twelve bytes and of what the host sends."""

from collections.abc import Callable
from dataclasses import dataclass

from burnish_hil.devices.mmc.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Command:
    """A command that a drive knows. `run` returns what the host reads, and raises Refused, Unanswered."""

    run: Callable[[Recorder, bytes, bytes], bytes]
    whatever_happened: bool = False
    """It is obeyed even where the host has not been told yet that something happened."""
