"""The robots of the command sets, as the host hears them: bytes in, bytes out.

Discs move in a `Mechanism` as commands say. They know no port: `burnish.testing.serial` puts one behind a
pseudo-terminal, a lab behind a USB adapter.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from burnish.testing.mechanism import (
    Impossible,
    InputEmpty,
    Jammed,
    Mechanism,
    Mood,
    Pile,
    TrayEmpty,
    Trouble,
)

_ACK: Final = b"\x06"
_NAK: Final = b"\x15"
_ESC: Final = b"\x1b!"
_EOT: Final = b"\x04"
_GARBAGE: Final = b"#"


class _Robot:
    """A mechanism that is told what to do."""

    def __init__(self, mechanism: Mechanism[Any], trouble: Trouble | None = None) -> None:
        self._mechanism = mechanism
        self._trouble = trouble or Trouble()

    def answer(self, data: bytes) -> bytes:
        """What it says to `data`; nothing where it stays silent."""
        return b"".join(self._in_its_mood(command) for command in self._commands(data))

    def _commands(self, data: bytes) -> list[bytes]:
        """Each byte is a command."""
        return [bytes((byte,)) for byte in data]

    def _in_its_mood(self, command: bytes) -> bytes:
        match self._trouble.next():
            case Mood.SILENT:
                return b""
            case Mood.GARBAGE:
                return self._garbage()
            case Mood.WELL:
                return self._obey(command)

    def _garbage(self) -> bytes:
        return _GARBAGE

    def _obey(self, command: bytes) -> bytes:
        raise NotImplementedError

    def _carry_out(self, drive: int, pile: Pile) -> None:
        """From a drive to a pile in one motion."""
        self._mechanism.lift(drive)
        self._mechanism.drop(pile)


class Generic(_Robot):
    """An autoloader on one drive. `S` tells how the last motion ended."""

    CODES: Final[Mapping[type[Impossible], str]] = {InputEmpty: "22", TrayEmpty: "21", Jammed: "16"}

    def __init__(self, mechanism: Mechanism[Any], trouble: Trouble | None = None) -> None:
        super().__init__(mechanism, trouble)
        self.code = "00"
        """What `S` will say."""
        self._motions: Mapping[bytes, Callable[[], None]] = {
            b"C": lambda: None,
            b"I": mechanism.feed,
            b"A": lambda: self._carry_out(0, Pile.OUTPUT),
            b"G": mechanism.lift,
            b"R": lambda: mechanism.drop(Pile.REJECT),
        }

    def _obey(self, command: bytes) -> bytes:
        if command == b"V":
            return b"EXAMPLE ROBOT 1.0\r\nX"
        if command == b"S":
            return f"{self.code}X".encode("ascii")
        if command not in self._motions:
            return _NAK
        return b"X" if self._moves(command) else b"E"

    def _moves(self, command: bytes) -> bool:
        try:
            self._motions[command]()
        except Impossible as error:
            held_nothing = command == b"R" and not isinstance(error, Jammed)
            self.code = "00" if held_nothing else self.CODES.get(type(error), "16")
            return False
        self.code = "00"
        return True


class Kodak(Generic):
    """Brings its last five discs and says that it could not."""

    def _obey(self, command: bytes) -> bytes:
        few = len(self._mechanism.input) <= 5
        answer = super()._obey(command)
        return b"E" if command == b"I" and few else answer


class Tower(_Robot):
    """Four drives, one arm."""

    def _obey(self, command: bytes) -> bytes:
        digit = int(command) if command.isdigit() else 9
        if digit < 4:
            return self._done(command, lambda: self._mechanism.feed(digit))
        if digit < 8:
            return self._done(command, lambda: self._carry_out(digit - 4, Pile.OUTPUT))
        if command == b"m":
            return _ACK + command
        return _NAK

    def _garbage(self) -> bytes:
        return _ACK + _GARBAGE

    @staticmethod
    def _done(command: bytes, motion: Callable[[], None]) -> bytes:
        try:
            motion()
        except InputEmpty:
            return _ACK + b"E"
        except Impossible:
            return _ACK + b"A"
        return _ACK + command


class Dtp(_Robot):
    """A Rimage DTP: bins and drives are counted from the top, bin 1 is the input."""

    def __init__(self, mechanism: Mechanism[Any], trouble: Trouble | None = None) -> None:
        super().__init__(mechanism, trouble)
        self._heard = b""
        self._waits = 0
        self._stuck = False

    def _commands(self, data: bytes) -> list[bytes]:
        """A command ends at its C."""
        *whole, self._heard = (self._heard + data).split(b"C")
        return [command.removeprefix(_ESC) for command in whole]

    def _garbage(self) -> bytes:
        return _ESC + b"f77C" + _EOT

    def _obey(self, command: bytes) -> bytes:
        return _ESC + self._say(command.decode("latin-1")).encode("ascii") + b"C" + _EOT

    def _say(self, command: str) -> str:
        if command == "e1":
            return self._status()
        self._waits, self._stuck = 1, False
        try:
            self._move(command)
        except Impossible as error:
            self._stuck = isinstance(error, Jammed)
            return "f10"
        return "f11"

    def _status(self) -> str:
        """Busy for one question after each motion."""
        if self._waits:
            self._waits -= 1
            return "e1002000"
        return "e1007000" if self._stuck else "e1000000"

    def _move(self, command: str) -> None:
        kind, place, how = command[:4], command[4:5], command[5:6]
        if (kind, how) == ("f124", "1"):
            self._mechanism.place(int(place) - 1)
        elif (kind, how) == ("f124", "2"):
            self._mechanism.lift(int(place) - 1)
        elif (kind, place, how) == ("f120", "0", "2"):
            self._mechanism.pick()
        elif kind == "f120" and how == "1" and place in "12":
            self._mechanism.drop(Pile.OUTPUT if place == "1" else Pile.REJECT)
        elif command != "f12600" and (kind, how) != ("f124", "0"):
            raise Impossible
