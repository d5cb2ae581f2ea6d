"""The drive: a recorder that obeys commands."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from burnish_hil.devices.mmc.commands import Command
from burnish_hil.devices.mmc.describing import COMMANDS as DESCRIBING
from burnish_hil.devices.mmc.faults import Unanswered
from burnish_hil.devices.mmc.reading import COMMANDS as READING
from burnish_hil.devices.mmc.recorder import Recorder
from burnish_hil.devices.mmc.senses import INVALID_OPCODE, NONE, Refused, Sense
from burnish_hil.devices.mmc.tray import COMMANDS as TRAY
from burnish_hil.devices.mmc.writing import COMMANDS as WRITING

_COMMANDS: Final[Mapping[int, Command]] = {
    **DESCRIBING,
    **TRAY,
    **READING,
    **WRITING,
}


class Reply(NamedTuple):
    """How a command ended."""

    status: int
    """0 GOOD, 2 CHECK CONDITION. (SAM-5 table 47)"""
    data: bytes
    sense: Sense


@dataclass(slots=True)
class Drive(Recorder):
    """A recorder at the end of a cable."""

    _lock: threading.Lock = field(default_factory=threading.Lock)

    def execute(self, cdb: bytes, data: bytes = b"") -> Reply:
        """Carry out a command; `data` is what the host sends with it. Raises Unanswered."""
        with self._lock:
            self.opcodes.append(cdb[0])
            if self.faults.silent:
                raise Unanswered
            try:
                reply = Reply(0, self._obey(cdb.ljust(12, b"\0"), data), NONE)
            except Refused as refused:
                reply = Reply(2, b"", refused.sense)
            self.sense = reply.sense
            return reply

    def _obey(self, cdb: bytes, data: bytes) -> bytes:
        command = _COMMANDS.get(cdb[0])
        if self.attention and not (command and command.whatever_happened):
            raise Refused(self.attention.pop(0))
        if command is None:
            raise Refused(INVALID_OPCODE)
        return command.run(self, cdb, data)
