"""Where discs are in a simulated robot, and what may be done with them.

    input bin --pick--> gripper --place--> open tray --lift--> gripper --drop--> output or reject bin
    input bin --feed--> open tray            (a dropper, which needs no gripper)

A disc is any object; each is in exactly one place. Nobody but these motions moves one, and what cannot be
done with real things is refused: two discs in one tray, a disc into a tray that is in, a hand that holds
two. Simulators of protocols stand on top of this and say in their device's words what happened; `Trouble`
tells them to answer wrongly or not at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")


class Mood(StrEnum):
    """How a simulated device takes one command."""

    WELL = "well"
    SILENT = "silent"
    """It does nothing and says nothing."""
    GARBAGE = "garbage"
    """It does nothing and says what no table has."""


@dataclass(slots=True)
class Trouble:
    """What a simulated device is told to do wrong. Its answers are counted from 0."""

    silent_from: int | None = None
    garbage_at: int | None = None
    answers: int = 0
    """Answers asked for so far."""
    noticed: Callable[[], None] = lambda: None
    """Called when it goes wrong."""

    def next(self) -> Mood:
        """Count an answer and say how it is to be."""
        number = self.answers
        self.answers += 1
        mood = Mood.WELL
        if self.silent_from is not None and number >= self.silent_from:
            mood = Mood.SILENT
        elif number == self.garbage_at:
            mood = Mood.GARBAGE
        if mood is not Mood.WELL:
            self.noticed()
        return mood


class DriveSlot(Protocol[T]):
    """What a robot sees of a drive: a tray, and what lies in it. An emulated recorder can be one."""

    tray_open: bool
    disc: T | None


@dataclass(slots=True)
class Slot(Generic[T]):
    """A drive that is nothing but a tray."""

    tray_open: bool = False
    disc: T | None = None


class Pile(StrEnum):
    """Where discs leave the robot."""

    OUTPUT = "output"
    REJECT = "reject"


class Impossible(Exception):
    """A motion that cannot be made; nothing moved."""


class InputEmpty(Impossible):
    """There is no disc in the input bin."""


class TrayIn(Impossible):
    """The drive's tray is in."""


class TrayEmpty(Impossible):
    """There is no disc in the drive's tray."""


class TrayFull(Impossible):
    """There is a disc in the drive's tray already."""


class NothingHeld(Impossible):
    """The gripper holds no disc."""


class HandFull(Impossible):
    """The gripper holds a disc already."""


class Jammed(Impossible):
    """Something is in the way, until somebody takes it out."""


@dataclass(slots=True)
class Mechanism(Generic[T]):
    """An arm, its bins and the drives that it reaches."""

    input: list[T]
    """The next disc is the first."""
    drives: Sequence[DriveSlot[T]]
    output: list[T] = field(default_factory=list)
    """The newest disc is the last, as in the reject bin."""
    rejected: list[T] = field(default_factory=list)
    held: T | None = None
    """What the gripper holds."""
    jammed: bool = False
    """While set, no motion can be made."""
    motions: int = 0
    """Motions made so far."""

    def pick(self) -> None:
        """Take a disc out of the input bin. Raises HandFull, InputEmpty, Jammed."""
        self._need(self.held is None, HandFull)
        self._need(bool(self.input), InputEmpty)
        self._move()
        self.held = self.input.pop(0)

    def place(self, drive: int = 0) -> None:
        """Lay the held disc into an open tray. Raises NothingHeld, TrayIn, TrayFull, Jammed."""
        self._need(self.held is not None, NothingHeld)
        slot = self._free(drive)
        self._move()
        slot.disc, self.held = self.held, None

    def feed(self, drive: int = 0) -> None:
        """Let a disc of the input bin fall into an open tray. Raises TrayIn, TrayFull, InputEmpty, Jammed."""
        slot = self._free(drive)
        self._need(bool(self.input), InputEmpty)
        self._move()
        slot.disc = self.input.pop(0)

    def lift(self, drive: int = 0) -> None:
        """Take the disc out of an open tray. Raises HandFull, TrayIn, TrayEmpty, Jammed."""
        slot = self.drives[drive]
        self._need(self.held is None, HandFull)
        self._need(slot.tray_open, TrayIn)
        self._need(slot.disc is not None, TrayEmpty)
        self._move()
        self.held, slot.disc = slot.disc, None

    def drop(self, pile: Pile) -> None:
        """Let the held disc go over a bin. Raises NothingHeld, Jammed."""
        if self.held is None:
            raise NothingHeld
        self._move()
        (self.output if pile is Pile.OUTPUT else self.rejected).append(self.held)
        self.held = None

    def _free(self, drive: int) -> DriveSlot[T]:
        slot = self.drives[drive]
        self._need(slot.tray_open, TrayIn)
        self._need(slot.disc is None, TrayFull)
        return slot

    def _move(self) -> None:
        self._need(not self.jammed, Jammed)
        self.motions += 1

    @staticmethod
    def _need(true: bool, otherwise: type[Impossible]) -> None:
        if not true:
            raise otherwise
