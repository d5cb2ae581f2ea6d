"""A Nimbie, as the host sees it: a command's packet in, the transfers of its reply out.

Discs move as commands say, in a `Mechanism`; the state tells of it some looks later, as a real motion takes
its time. It knows no USB: `burnish.testing.usb` puts it on a simulated bus, a lab on a real one.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from burnish.testing.mechanism import (
    Impossible,
    InputEmpty,
    Jammed,
    Mechanism,
    Mood,
    NothingHeld,
    Pile,
    TrayEmpty,
    TrayFull,
    TrayIn,
    Trouble,
)

_ERRORS: Final[Mapping[type[Impossible], str]] = {
    InputEmpty: "AT+S14",
    TrayFull: "AT+S12",
    TrayIn: "AT+S10",
    NothingHeld: "AT+S03",
    TrayEmpty: "AT+S00",
}
_CONFUSED: Final = "AT+E09"
_GARBAGE: Final = "AT+X99"


class Nimbie:
    """The robot; its drive is the mechanism's first."""

    def __init__(self, mechanism: Mechanism[Any], trouble: Trouble | None = None, *, lag: int = 2) -> None:
        """`lag`: how many looks at the state still show what was before a motion."""
        self._mechanism = mechanism
        self._trouble = trouble or Trouble()
        self._lag = lag
        self.confusions = 0
        """Motions still to be answered with the error that is not explained, and not made."""
        self.switch_off_and_on()
        self._motions: Mapping[tuple[int, int], Callable[[], str]] = {
            (0x52, 0x01): self._place,
            (0x47, 0x01): self._lift,
            (0x52, 0x02): lambda: self._drop(Pile.OUTPUT),
            (0x52, 0x03): lambda: self._drop(Pile.REJECT),
        }

    def switch_off_and_on(self) -> None:
        """Forget what was shown."""
        self._shown = self._sensors()
        self._looks = 0

    def answer(self, packet: bytes) -> Sequence[bytes]:
        """The transfers of the reply; none where it stays silent."""
        match self._trouble.next():
            case Mood.SILENT:
                return ()
            case Mood.GARBAGE:
                return _transfers(_GARBAGE)
            case Mood.WELL:
                return _transfers(self._obey((packet[2], packet[3])))

    def _obey(self, command: tuple[int, int]) -> str:
        if command == (0x43, 0x00):
            return self._state()
        if command not in self._motions or self.confusions:
            self.confusions = max(0, self.confusions - 1)
            return _CONFUSED
        self._looks = self._lag
        try:
            return self._motions[command]()
        except Impossible as error:
            return _ERRORS[type(error)]

    def _place(self) -> str:
        """Begun whether or not the disc arrives."""
        return self._begun("AT+S07", self._mechanism.feed)

    def _lift(self) -> str:
        return self._begun("AT+O", self._mechanism.lift)

    def _drop(self, pile: Pile) -> str:
        """A gripper that cannot open is one that cannot let go."""
        if self._mechanism.drives[0].tray_open:
            return _ERRORS[TrayIn]
        try:
            self._mechanism.drop(pile)
        except Jammed:
            return _ERRORS[NothingHeld]
        return "AT+O"

    def _begun(self, answer: str, motion: Callable[[], None]) -> str:
        with suppress(Jammed):
            motion()
        return answer

    def _state(self) -> str:
        """Trays are seen at once, discs late."""
        seen = self._sensors()
        if self._looks:
            self._looks -= 1
            seen = (*self._shown[:3], seen[3])
        self._shown = seen
        queued, in_tray, held, out = (int(bit) for bit in seen)
        return f"{{0{queued}0{in_tray}{held}{out}1xx}}"

    def _sensors(self) -> tuple[bool, bool, bool, bool]:
        drive = self._mechanism.drives[0]
        in_tray = drive.tray_open and drive.disc is not None
        return bool(self._mechanism.input), in_tray, self._mechanism.held is not None, drive.tray_open


def _transfers(text: str) -> Sequence[bytes]:
    return b"", b"OK\0", text.encode("ascii") + b"\0", b""
