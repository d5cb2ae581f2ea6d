"""The driver: motions are lists of words in a command set; the drive says whether a disc lies in it."""

import errno
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Self

from burnish.contracts import DeviceState, Mover, MoverCapabilities, Supply, Tray, Unit
from burnish.errors import DeviceFault, FaultKind
from pydantic import BaseModel, ConfigDict, Field, field_validator

from burnish_mover_serial.commands import CLOSE, OPEN, CommandSet, Verdict, built_in, read
from burnish_mover_serial.conversation import Conversation
from burnish_mover_serial.line import Line, PortLine

_LOGGER: Final = logging.getLogger(__name__)
_KINDS: Final = {
    errno.EBUSY: FaultKind.DEVICE_BUSY,
    errno.EACCES: FaultKind.OPERATOR_ACTION,
    errno.EPERM: FaultKind.OPERATOR_ACTION,
}
"""Any other error of the line is DEVICE_OFFLINE."""


class Settings(BaseModel):
    """The keys of a `[movers.<name>]` table whose driver is `serial`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(min_length=1)
    """Device node; a name under `/dev/serial/by-path` stays the same when adapters are plugged in anew."""
    commands: str = "generic"
    """Command set: `generic`, `kodak`, `tower`, `rimage-dtp`, or the path of a .toml file."""
    baud: int | None = Field(default=None, gt=0)
    """Bits per second; absent: the command set's."""
    motion_timeout: float = Field(default=60.0, gt=0)
    """Seconds that a command may take; a robot that has said nothing by then is offline."""
    quiet: float = Field(default=0.3, ge=0)
    """Seconds without a byte after which an answer has ended, and between two questions whether a robot is
    ready; zero: only what is there at once belongs to an answer."""
    tray_settle: float = Field(default=1.0, ge=0)
    """Seconds between a tray that has come out and the arm that comes down; zero: at once."""

    @field_validator("commands")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in built_in() and not name.endswith(".toml"):
            raise ValueError(f"is none of {', '.join(built_in())}, nor the path of a .toml file")
        return name


def _connect(settings: Settings, words: CommandSet) -> Line:
    line = words.line.model_copy(update={"baud": settings.baud} if settings.baud else {})
    return PortLine(settings.port, line)


class SerialMover(Mover):
    """One robot on one port, and the drives that it reaches."""

    def __init__(
        self, settings: Settings, connect: Callable[[Settings, CommandSet], Line] = _connect
    ) -> None:
        """Raises ConfigError for a command set that cannot be used."""
        self._settings = settings
        self._words = read(settings.commands)
        self._connect = connect
        if self._words.experimental:
            _LOGGER.warning(
                "command set %s is EXPERIMENTAL: %s. Watch the robot's first discs, a hand at its switch.",
                settings.commands,
                self._words.source,
            )

    @property
    def capabilities(self) -> MoverCapabilities:
        """What the command set says."""
        return MoverCapabilities(drives=self._words.drives, reject_bin=bool(self._words.motions.reject))

    def __enter__(self) -> Self:
        with _faults():
            self._line = self._connect(self._settings, self._words)
        settings = self._settings
        self._talk = Conversation(self._line, self._words, settings.motion_timeout, settings.quiet)
        try:
            with _faults():
                self._talk.forget()
        except BaseException:
            self._line.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._line.close()

    def look(self) -> DeviceState:
        """Whether it answers, where it can be asked without moving. How many blanks it has, it cannot tell.

        What its status says is how the last motion ended: nothing that stands against the next.
        """
        with _faults():
            self._talk.status()
        unit = Unit(product=self._words.title, place=self._settings.port)
        return DeviceState(unit=unit, supplies=(Supply(name="input bin"),))

    def initialise(self) -> None:
        """Have the arm at rest; what it holds goes to the reject bin, if it has one."""
        with _faults():
            for word in self._words.motions.initialise:
                self._talk.say(word)

    def load(self, tray: Tray) -> None:
        """Have a blank in the drive, which must see it afterwards."""
        tray.close()
        if tray.loaded():
            return
        verdicts = self._make("load", tray)
        if tray.loaded():
            return
        if Verdict.DRIVE_DECIDES in verdicts:
            raise DeviceFault(
                FaultKind.NO_BLANK_MEDIA, "the robot could not bring a disc: is the input bin empty?"
            )
        message = "the drive does not see the disc that the robot says it brought"
        raise DeviceFault(FaultKind.OPERATOR_ACTION, message)

    def accept(self, tray: Tray) -> str:
        """Have the disc in the output bin."""
        tray.close()
        if tray.loaded():
            self._make("accept", tray)
        return "output bin"

    def reject(self, tray: Tray) -> None:
        """Have the disc in the reject bin; without one, in the open tray for the operator."""
        tray.close()
        if not tray.loaded():
            return
        if not self._words.motions.reject:
            tray.open()
            message = f"take the spoilt disc out of drive {tray.number + 1}: this robot has no reject bin"
            raise DeviceFault(FaultKind.OPERATOR_ACTION, message)
        self._make("reject", tray)

    def _make(self, motion: str, tray: Tray) -> set[Verdict]:
        """Do the words of a motion. A fault leaves all as it is; a tray that waits for a blank goes in."""
        try:
            with _faults():
                return {self._do(word, tray) for word in getattr(self._words.motions, motion)}
        except DeviceFault as fault:
            if fault.kind is FaultKind.NO_BLANK_MEDIA:
                tray.close()
            raise

    def _do(self, word: str, tray: Tray) -> Verdict:
        if word == OPEN:
            tray.open()
            time.sleep(self._settings.tray_settle)
        elif word == CLOSE:
            tray.close()
        else:
            return self._talk.say(word, tray.number)
        return Verdict.DONE


@contextmanager
def _faults() -> Iterator[None]:
    """Turn errors of the line into the faults that they are."""
    try:
        yield
    except OSError as error:
        kind = _KINDS.get(error.errno or 0, FaultKind.DEVICE_OFFLINE)
        raise DeviceFault(kind, f"the robot's port: {error.strerror or error}") from error
