"""One command at a time: said, answered, understood. After an answer that is not, nothing is sent."""

import time
from collections.abc import Collection
from typing import Final

from burnish.errors import DeviceFault, FaultKind

from burnish_mover_serial.commands import Command, CommandSet, Meaning, Status, Verdict
from burnish_mover_serial.line import Line

_LONGEST: Final = 4096
"""Bytes of an answer at most."""
_STALE: Final = 64
"""Reads of what an earlier process has left, at most."""


class Conversation:
    """A line, and the words that are understood on it."""

    def __init__(self, line: Line, words: CommandSet, patience: float, quiet: float) -> None:
        """`patience`: seconds a motion may take; `quiet`: seconds without a byte that end a text."""
        self._line = line
        self._words = words
        self._patience = patience
        self._quiet = quiet

    def forget(self) -> None:
        """Throw away what was said to a process that did not live to hear it."""
        for _ in range(_STALE):
            if not self._line.read(_LONGEST, timeout=self._quiet):
                return

    def say(self, name: str, drive: int | None = None) -> Verdict:
        """Have a command done: DONE, or DRIVE_DECIDES. Raises DeviceFault, OSError."""
        command = self._words.commands[name]
        data = self._words.bytes_of(name, drive)
        meaning = self._meaning(name, command, self._answer(data, command), data)
        status = self._words.status
        if status and (meaning.ask or status.after_each_motion):
            self._well(status)
        if meaning.verdict is None:
            raise DeviceFault(meaning.kind, meaning.sentence)
        return meaning.verdict

    def status(self) -> Meaning | None:
        """How the mechanism fares, None where it cannot be asked. Raises DeviceFault, OSError."""
        status = self._words.status
        if status is None:
            return None
        data = (self._words.frame.before_command + status.send).encode("latin-1")
        said = self._answer(data, status)
        if said not in status.answers:
            raise self._unknown(said, "status")
        return status.answers[said]

    def _well(self, status: Status) -> None:
        """Wait until the status says that nothing is wrong. Raises DeviceFault."""
        deadline = time.monotonic() + self._patience
        while (meaning := self.status()) and meaning.verdict is Verdict.WAIT:
            if time.monotonic() > deadline:
                raise DeviceFault(FaultKind.OPERATOR_ACTION, "the robot does not become ready")
            time.sleep(self._quiet)
        if meaning and meaning.verdict is None:
            raise DeviceFault(meaning.kind, meaning.sentence)

    def _meaning(self, name: str, command: Command, said: str, data: bytes) -> Meaning:
        meanings = {**self._words.answers, **command.answers}
        if said in meanings:
            return meanings[said]
        if self._words.frame.echo and said.encode("latin-1") == data:
            return Meaning(Verdict.DONE)
        raise self._unknown(said, name)

    @staticmethod
    def _unknown(said: str, name: str) -> DeviceFault:
        sentence = f"the robot answered {name!r} with {said!r}, which its command set does not know"
        return DeviceFault(FaultKind.UNKNOWN_REPLY, sentence)

    # --- bytes -------------------------------------------------------------------------------------------

    def _answer(self, data: bytes, to: Command | Status) -> str:
        """Send, and return what a table of answers can hold."""
        self._line.write(data)
        deadline = time.monotonic() + self._patience
        if self._words.frame.answer_ends:
            return self._framed(deadline)
        if self._words.frame.acknowledge:
            return self._acknowledged(deadline)
        if isinstance(to, Status):
            return self._digits(to.length, deadline)
        return self._last_byte({*self._words.answers, *to.answers}, deadline)

    def _acknowledged(self, deadline: float) -> str:
        """One byte after the acknowledgement; without that, only a fault is believed: lines echo."""
        first = self._byte(deadline, b"").decode("latin-1")
        if first == self._words.frame.acknowledge:
            return self._byte(deadline, b"").decode("latin-1")
        meaning = self._words.answers.get(first)
        if meaning is None or meaning.verdict is not None:
            raise self._unknown(first, "a command")
        return first

    def _framed(self, deadline: float) -> str:
        frame = self._words.frame
        begins, ends = frame.answer_begins.encode("latin-1"), frame.answer_ends.encode("latin-1")
        heard = b""
        while not heard.endswith(ends):
            heard += self._byte(deadline, heard)
        return heard.removesuffix(ends).removeprefix(begins).decode("latin-1")

    def _digits(self, length: int, deadline: float) -> str:
        """An answer of so many characters, after which a closing byte may come."""
        heard = b""
        while len(heard) < length:
            heard += self._byte(deadline, heard)
        rest = self._line.read(_LONGEST, timeout=self._quiet).decode("latin-1").strip()
        return heard.decode("latin-1") + ("" if rest in self._words.answers else rest)

    def _last_byte(self, meanings: Collection[str], deadline: float) -> str:
        """The byte that means something and that nothing follows: a text before it may hold such bytes."""
        heard = self._byte(deadline, b"")
        while True:
            if heard[-1:].decode("latin-1") not in meanings:
                heard += self._byte(deadline, heard)
            elif more := self._line.read(_LONGEST, timeout=self._quiet):
                heard += more
            else:
                return heard[-1:].decode("latin-1")

    def _byte(self, deadline: float, heard: bytes) -> bytes:
        """Raises DeviceFault: DEVICE_OFFLINE for silence, UNKNOWN_REPLY for an answer that never ends."""
        byte = self._line.read(1, timeout=max(0.0, deadline - time.monotonic()))
        if byte and len(heard) < _LONGEST:
            return byte
        if heard:
            sentence = f"the robot said {heard.decode('latin-1')!r} and no more, which is no answer"
            raise DeviceFault(FaultKind.UNKNOWN_REPLY, sentence)
        raise DeviceFault(FaultKind.DEVICE_OFFLINE, "the robot does not answer: is it on, and its cable in?")
