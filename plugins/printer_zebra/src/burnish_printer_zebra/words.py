"""What a ZPL II printer is told and what it says.

Source: ZPL II Programming Guide (docs.zebra.com), commands ^GF, ~HI, ~HS, ~JA, ^JZ. Every reply is one or
more strings `STX ... ETX CR LF`. Many printers answer nothing to ~HS while media or ribbon is out, the head
is open or too hot: silence is for the driver to judge.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Self

from burnish.errors import DeviceFault, FaultKind

from burnish_printer_zebra.picture import Picture

GET_STATUS: Final = b"~HS"
GET_IDENTITY: Final = b"~HI"
CANCEL_ALL: Final = b"~JA"
"""Throws away the formats in the buffer, half ones too, and ends a batch."""
END: Final = b"^XZ"
"""Ends a format: before it, nothing is printed."""

ETX: Final = b"\x03"
STATUS_STRINGS: Final = 3
IDENTITY_STRINGS: Final = 1
_STRIP: Final = 99_999
"""Bytes of a ^GF at most."""
_SHOWN: Final = 80
"""Bytes of an unknown reply that a message shows."""

_STATUS: Final = re.compile(
    rb"\s*\x02\d{3},(?P<paper_out>[01]),(?P<paused>[01]),\d{4,5},(?P<formats>\d{3}),(?P<buffer_full>[01]),"
    rb"(?P<diagnostic>[01]),(?P<half>[01]),\d{3},(?P<corrupt>[01]),(?P<cold>[01]),(?P<hot>[01])\x03\s*"
    rb"\x02\d{3},\d,(?P<head_open>[01]),(?P<ribbon_out>[01]),[01],\w,\w,(?P<waiting>[01]),"
    rb"(?P<remaining>\d{8}),\d,\d{3}\x03\s*"
    rb"\x02\d{4},[01]\x03\s*"
)
_IDENTITY: Final = re.compile(
    rb"\s*\x02(?P<model>[ -+\--~]{1,40}),(?P<firmware>[ -+\--~]{1,40}),(?P<dots>\d{1,2}),[ -~]{0,40}\x03\s*"
)
DPI: Final = {8: 203, 12: 300, 24: 600}
"""Dots per inch by the dots per millimetre that a printer says it has."""

TROUBLES: Final = (
    ("corrupt", FaultKind.SERVICE_ACTION, "its memory is damaged: switch it off and on, call the service"),
    ("head_open", FaultKind.OPERATOR_ACTION, "its head is open: close it"),
    ("paper_out", FaultKind.NO_PRINT_SUPPLIES, "it has no labels: put a roll in"),
    ("ribbon_out", FaultKind.NO_PRINT_SUPPLIES, "it has no ribbon: put one in"),
    ("diagnostic", FaultKind.OPERATOR_ACTION, "it prints what it hears, for diagnosis: switch it off and on"),
    ("paused", FaultKind.OPERATOR_ACTION, "it is paused: press its pause button"),
    ("waiting", FaultKind.OPERATOR_ACTION, "a printed label waits: take it"),
    ("cold", FaultKind.DEVICE_BUSY, "its head is too cold yet"),
    ("hot", FaultKind.DEVICE_BUSY, "its head cools down"),
    ("buffer_full", FaultKind.DEVICE_BUSY, "its buffer is full"),
    ("formats", FaultKind.DEVICE_BUSY, "it has somebody's labels to print"),
    ("remaining", FaultKind.DEVICE_BUSY, "it prints somebody's labels"),
)
"""What stands against a label: a field of `Status`, what it is, for people. The first that is so counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The answer to ~HS. Flags are 0 or 1, the others numbers."""

    paper_out: int
    paused: int
    formats: int
    """Formats in the buffer."""
    buffer_full: int
    diagnostic: int
    half: int
    """A format has begun and not ended."""
    corrupt: int
    cold: int
    hot: int
    head_open: int
    ribbon_out: int
    waiting: int
    """A label is out and waits to be taken off its backing."""
    remaining: int
    """Labels of the batch that are still to come."""

    @classmethod
    def parse(cls, said: bytes) -> Self:
        """Raises DeviceFault UNKNOWN_REPLY."""
        if not (match := _STATUS.fullmatch(said)):
            raise unknown(said)
        return cls(**{name: int(value) for name, value in match.groupdict().items()})

    @property
    def idle(self) -> bool:
        """Whether nothing is still to be printed."""
        return not (self.formats or self.remaining or self.half or self.buffer_full)

    def trouble(self, *, but: Iterable[str] = ()) -> DeviceFault | None:
        """What stands against a label, but for these fields."""
        for name, kind, message in TROUBLES:
            if name not in but and getattr(self, name):
                return DeviceFault(kind, f"the label printer: {message}")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The answer to ~HI."""

    model: str = ""
    firmware: str = ""
    dots: int = 0
    """Per millimetre; 0 where it does not say."""

    @classmethod
    def parse(cls, said: bytes) -> Self:
        """Raises DeviceFault UNKNOWN_REPLY."""
        if not (match := _IDENTITY.fullmatch(said)):
            raise unknown(said)
        model, firmware, dots = (part.decode("ascii").strip() for part in match.groups())
        return cls(model=model, firmware=firmware, dots=int(dots))


def label(
    picture: Picture,
    coding: Callable[[Picture], str] = Picture.to_hex,
    *,
    right: int = 0,
    down: int = 0,
    media: str = "",
) -> bytes:
    """A format with one picture, in strips where it is a large one, up to but without its END; dots.

    What an earlier format of somebody else may have set, and would shift or mirror this one, is set anew.
    ^JZN: a label that an error has cut short does not come out again later.
    """
    strips = (
        f"^FO0,{top}^GFA,{len(strip.rows)},{len(strip.rows)},{strip.stride},{coding(strip)}^FS"
        for top, strip in picture.strips(_STRIP)
    )
    parts = (
        "^XA",
        f"^MN{media}" if media else "",
        "^JZN^MUD^PON^PMN^LRN^LH0,0",
        f"^LS{-right}^LT{down}",
        f"^PW{picture.width}^LL{picture.height}",
        *strips,
        "^PQ1",
    )
    return "".join(parts).encode("ascii")


def unknown(said: bytes) -> DeviceFault:
    """A reply that no manual has."""
    shown = said[:_SHOWN].decode("ascii", "backslashreplace")
    return DeviceFault(
        FaultKind.UNKNOWN_REPLY, f"the label printer said {shown!r}, which this driver does not know"
    )
