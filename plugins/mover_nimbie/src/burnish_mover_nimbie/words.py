"""What a Nimbie is told and what it says.

Every command is eight bytes with the command in the third and its argument in the fourth. The reply is text
that ends with NUL, in transfers of its own: usually an empty one, `OK`, then `AT+...` or the state, then an
empty one.

No manual of the protocol is public. Source: nimbie-py (github.com/mattsoulanille/nimbie-py) and
nimbiestatemachine (github.com/benroeder/nimbiestatemachine), both made by watching the vendor's program.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Self

from burnish.errors import DeviceFault, FaultKind

VENDOR: Final = 0x1723
PRODUCT: Final = 0x0945

PACKET: Final = 64
"""Bytes of a reply's transfer at most."""
OK: Final = "OK"
"""Said before the reply proper; means nothing but that the command arrived."""
CONFUSED: Final = "AT+E09"
"""An error that the robot does not explain; a USB reset often helps, and is tried once."""

REPLIES: Final[Mapping[str, tuple[FaultKind, str]]] = MappingProxyType(
    {
        "AT+S14": (FaultKind.NO_BLANK_MEDIA, "the input stack is empty"),
        "AT+S12": (FaultKind.OPERATOR_ACTION, "there is a disc in the tray already"),
        "AT+S10": (FaultKind.OPERATOR_ACTION, "the tray is not where the robot needs it"),
        "AT+S03": (FaultKind.OPERATOR_ACTION, "the gripper cannot let go: it holds no disc, or is jammed"),
        "AT+S00": (FaultKind.OPERATOR_ACTION, "there is no disc in the tray"),
    }
)
"""What a command may be answered instead of its `done`. Anything else is UNKNOWN_REPLY."""

_STATE: Final = re.compile(r"\{([01]{7})\w*\}")


@dataclass(frozen=True, slots=True)
class State:
    """What the robot's sensors see: `{0100011xx}`, from the left; 0, 2 and 6 are not understood."""

    queued: bool
    """Position 1: a disc is in the input stack."""
    in_tray: bool
    """Position 3: a disc lies in the tray, which is out."""
    held: bool
    """Position 4: the gripper holds a disc."""
    tray_out: bool
    """Position 5."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises DeviceFault UNKNOWN_REPLY."""
        if not (match := _STATE.fullmatch(text)):
            raise unknown(text)
        bits = [bit == "1" for bit in match[1]]
        return cls(queued=bits[1], in_tray=bits[3], held=bits[4], tray_out=bits[5])


@dataclass(frozen=True, slots=True)
class Motion:
    """Something that the robot does with one disc."""

    command: tuple[int, int]
    answer: str
    """What it says when it begins; the motion ends later."""
    done: Callable[[State], bool]
    """Whether it is as it shall be afterwards."""
    failed: str
    """What to tell people when it never is."""


GET_STATE: Final = (0x43, 0x00)
PLACE: Final = Motion((0x52, 0x01), "AT+S07", lambda state: state.in_tray, "no disc arrived in the tray")
LIFT: Final = Motion((0x47, 0x01), "AT+O", lambda state: state.held, "the disc was not lifted from the tray")
TO_ACCEPT_PILE: Final = Motion((0x52, 0x02), "AT+O", lambda state: not state.held, "the disc was not let go")
TO_REJECT_PILE: Final = Motion((0x52, 0x03), "AT+O", lambda state: not state.held, "the disc was not let go")


def packet(command: tuple[int, int]) -> bytes:
    """The eight bytes of a command."""
    return bytes((0, 0, *command, 0, 0, 0, 0))


def reply(transfers: Iterable[bytes]) -> str:
    """The one text that answers a command. Raises DeviceFault UNKNOWN_REPLY for none and for several."""
    texts = [transfer.decode("ascii", "backslashreplace").removesuffix("\0") for transfer in transfers]
    said = [text for text in texts if text not in ("", OK)]
    if len(said) != 1:
        raise unknown(" ".join(texts))
    return said[0]


def unknown(text: str) -> DeviceFault:
    """A reply that no table has."""
    return DeviceFault(FaultKind.UNKNOWN_REPLY, f"the Nimbie said {text!r}, which this driver does not know")
