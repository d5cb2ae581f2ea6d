"""The driver: the host moves the tray, the robot the disc, and the robot's sensors say what came of it.

Commands are answered when a motion begins; that it has ended is seen by asking for the state. Every motion
is made only where the state says that it is not done yet, so that what was lost on the wire may be asked for
again.
"""

import errno
import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

from burnish.contracts import DeviceState, Mover, MoverCapabilities, Supply, Tray, Unit
from burnish.errors import DeviceFault, FaultKind
from pydantic import BaseModel, ConfigDict, Field, field_validator

from burnish_mover_nimbie.link import Link, UsbLink
from burnish_mover_nimbie.words import (
    CONFUSED,
    GET_STATE,
    LIFT,
    PLACE,
    REPLIES,
    TO_ACCEPT_PILE,
    TO_REJECT_PILE,
    Motion,
    State,
    packet,
    reply,
    unknown,
)

_PORT_PATH: Final = re.compile(r"\d+-\d+(\.\d+)*")
_TRAY_TRIES: Final = 2
_STALE: Final = 64
"""Transfers that an earlier process may have left unread, at most."""
_KINDS: Final = {
    errno.EBUSY: FaultKind.DEVICE_BUSY,
    errno.EACCES: FaultKind.OPERATOR_ACTION,
    errno.EPERM: FaultKind.OPERATOR_ACTION,
    errno.ENOSYS: FaultKind.OPERATOR_ACTION,
}
"""Any other error of the wire is DEVICE_OFFLINE."""


class Settings(BaseModel):
    """The keys of a `[movers.<name>]` table whose driver is `nimbie`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: str = ""
    """USB port path of the robot, such as `1-1.3`; absent: the only one there is."""
    reply_timeout: float = Field(default=20.0, gt=0)
    """Seconds that it may take to answer a command; after twice as long and a reset it is offline."""
    motion_timeout: float = Field(default=30.0, gt=0)
    """Seconds that a motion may take from its beginning; then an operator is called."""
    tray_timeout: float = Field(default=10.0, gt=0)
    """Seconds until the robot sees a tray where the drive has moved it."""
    settle: float = Field(default=2.0, ge=0)
    """Seconds without a change after which nothing moves any more; zero: what is seen first is believed."""
    poll: float = Field(default=0.1, gt=0)
    """Seconds between two looks at a motion."""
    stale: float = Field(default=0.2, ge=0)
    """Seconds waited, at opening, for what a process that died has not read."""

    @field_validator("place")
    @classmethod
    def _port_path(cls, place: str) -> str:
        if place and not _PORT_PATH.fullmatch(place):
            raise ValueError("is not a USB port path; try '1-1.3', as `burnish doctor` lists them")
        return place


class _Confused(Exception):
    """The robot reports an error that it does not explain."""


def _connect(settings: Settings) -> Link:
    return UsbLink(settings.place)


class NimbieMover(Mover):
    """One Nimbie and the one drive that it stands on."""

    def __init__(self, settings: Settings, connect: Callable[[Settings], Link] = _connect) -> None:
        self._settings = settings
        self._connect = connect

    @property
    def capabilities(self) -> MoverCapabilities:
        """One drive, two piles."""
        return MoverCapabilities(drives=1)

    def __enter__(self) -> Self:
        with _faults():
            self._link = self._connect(self._settings)
        self._was_reset = False
        try:
            with _faults():
                self._forget_what_was_said()
        except BaseException:
            self._link.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._link.close()

    def look(self) -> DeviceState:
        """Whether there are blanks; how many, it cannot tell."""
        with _faults():
            state = self._state()
        unit = Unit(vendor="Acronova", product="Nimbie", place=self._settings.place)
        if state.queued:
            return DeviceState(unit=unit, supplies=(Supply(name="input stack"),))
        kind, message = REPLIES["AT+S14"]
        return DeviceState(
            unit=unit, condition=kind, message=message, supplies=(Supply(name="input stack", count=0),)
        )

    def initialise(self) -> None:
        """Wait until nothing moves; a disc in the gripper goes to the reject pile."""
        with _faults():
            state = self._settled()
            if state.held and state.tray_out:
                message = "the gripper holds a disc above an open tray: close the tray"
                raise DeviceFault(FaultKind.OPERATOR_ACTION, message)
            self._make(TO_REJECT_PILE)

    def load(self, tray: Tray) -> None:
        """Have a blank in the drive; a disc in it that it cannot see goes to the reject pile first."""
        with _faults():
            self._rest(tray)
            if tray.loaded():
                return
            self._drop_blank(tray)
            self._tray_in(tray)
        if not tray.loaded():
            message = "the drive does not recognise the disc that was laid into its tray"
            raise DeviceFault(FaultKind.OPERATOR_ACTION, message)

    def accept(self, tray: Tray) -> str:
        """Have the disc on the accept pile."""
        with _faults():
            self._rest(tray)
            self._carry(tray, TO_ACCEPT_PILE)
        return "accept pile"

    def reject(self, tray: Tray) -> None:
        """Have the disc on the reject pile."""
        with _faults():
            self._rest(tray)
            self._carry(tray, TO_REJECT_PILE)

    # --- steps of a motion -------------------------------------------------------------------------------

    def _rest(self, tray: Tray) -> None:
        """Have the tray in and the gripper empty: what a process that died left there is nobody's."""
        self._tray_in(tray)
        self._make(TO_REJECT_PILE)

    def _drop_blank(self, tray: Tray) -> None:
        if not self._state().queued:
            raise DeviceFault(*REPLIES["AT+S14"])
        self._tray_out(tray)
        if self._state().in_tray:
            self._carry(tray, TO_REJECT_PILE)
            self._tray_out(tray)
        try:
            self._make(PLACE)
        except DeviceFault as fault:
            if fault.kind is FaultKind.NO_BLANK_MEDIA:
                self._tray_in(tray)
            raise

    def _carry(self, tray: Tray, drop: Motion) -> None:
        """Take what lies in the tray to a pile. The robot lets go only where the tray is in."""
        self._tray_out(tray)
        if self._state().in_tray:
            self._make(LIFT)
        self._tray_in(tray)
        self._make(drop)

    def _tray_out(self, tray: Tray) -> None:
        self._tray(tray.open, lambda state: state.tray_out, "come out")

    def _tray_in(self, tray: Tray) -> None:
        self._tray(tray.close, lambda state: not state.tray_out, "go in")

    def _tray(self, move: Callable[[], None], there: Callable[[State], bool], verb: str) -> None:
        for _ in range(_TRAY_TRIES):
            move()
            if self._comes(there, self._settings.tray_timeout):
                return
        message = f"the robot does not see the tray {verb}: is this the drive that it stands on?"
        raise DeviceFault(FaultKind.OPERATOR_ACTION, message)

    def _make(self, motion: Motion) -> None:
        """Have it as it is after `motion`. Lost on the wire, it is made again only if it was not made."""
        if motion.done(self._state()):
            return
        try:
            self._order(motion)
        except (OSError, _Confused) as error:
            self._reset(error)
            if not motion.done(self._settled()):
                self._order(motion)
        if not self._comes(motion.done, self._settings.motion_timeout):
            raise DeviceFault(FaultKind.OPERATOR_ACTION, motion.failed)

    # --- words -------------------------------------------------------------------------------------------

    def _order(self, motion: Motion) -> None:
        said = self._ask(motion.command)
        if said in REPLIES:
            kind, message = REPLIES[said]
            raise DeviceFault(kind, f"{message} ({said})")
        if said != motion.answer:
            raise unknown(said)

    def _state(self) -> State:
        try:
            return State.parse(self._ask(GET_STATE))
        except (OSError, _Confused) as error:
            self._reset(error)
            return State.parse(self._ask(GET_STATE))

    def _ask(self, command: tuple[int, int]) -> str:
        self._link.send(packet(command))
        said = reply(self._transfers())
        if said == CONFUSED:
            raise _Confused(f"it reports an error that it does not explain ({said})")
        return said

    def _transfers(self) -> Iterator[bytes]:
        """One transfer at least, then all up to an empty one."""
        yield self._link.receive(timeout=self._settings.reply_timeout)
        while transfer := self._link.receive(timeout=self._settings.reply_timeout):
            yield transfer

    def _reset(self, error: Exception) -> None:
        """Reset it, once while it is open: an error that comes again is no accident."""
        if self._was_reset:
            raise error
        self._was_reset = True
        self._link.reset()

    def _forget_what_was_said(self) -> None:
        with suppress(TimeoutError):
            for _ in range(_STALE):
                self._link.receive(timeout=self._settings.stale)

    # --- time --------------------------------------------------------------------------------------------

    def _comes(self, wanted: Callable[[State], bool], within: float) -> bool:
        deadline = time.monotonic() + within
        while not wanted(self._state()):
            if time.monotonic() > deadline:
                return False
            time.sleep(self._settings.poll)
        return True

    def _settled(self) -> State:
        """The state when it was the same in many looks in a row. Raises DeviceFault OPERATOR_ACTION."""
        wanted = math.ceil(self._settings.settle / self._settings.poll)
        deadline = time.monotonic() + self._settings.motion_timeout + self._settings.settle
        seen, same = self._state(), 0
        while same < wanted:
            if time.monotonic() > deadline:
                raise DeviceFault(FaultKind.OPERATOR_ACTION, "the robot does not come to rest")
            time.sleep(self._settings.poll)
            state = self._state()
            seen, same = state, same + 1 if state == seen else 0
        return seen


@contextmanager
def _faults() -> Iterator[None]:
    """Turn errors of the wire into the faults that they are."""
    try:
        yield
    except OSError as error:
        kind = _KINDS.get(error.errno or 0, FaultKind.DEVICE_OFFLINE)
        raise DeviceFault(kind, f"the Nimbie: {error.strerror or error}") from error
    except _Confused as error:
        raise DeviceFault(FaultKind.SERVICE_ACTION, f"the Nimbie: {error}, again after a reset") from error
