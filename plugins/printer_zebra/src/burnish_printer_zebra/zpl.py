"""What is said to a ZPL II printer, and what it answers.

    ^XA … ^GFA,bytes,bytes,bytes a row,DATA ^FS … ^XZ    a label
    ~HS                                                  three strings of status
    ~HI                                                  who it is
    ~JA                                                  forget every label

Each string of an answer stands between STX and ETX. Source: Zebra, ZPL II Programming Guide, "~HS Host Status
Return", "~HI Host Identification", "^GF Graphic Field" and its alternative data compression scheme.
"""

import re
from dataclasses import dataclass
from typing import Final

from burnish.errors import FaultKind

STATUS: Final = b"~HS\r\n"
IDENTITY: Final = b"~HI\r\n"
CANCEL: Final = b"~JA\r\n"
STRINGS: Final = 3
"""Of a status."""
MOST: Final = 1024
"""Bytes that an answer may have."""
_FRAME: Final = re.compile(rb"\x02([^\x02\x03]*)\x03")
_FIRST: Final = re.compile(r"\d{3},[01],[01],\d{4},\d{3},[01],[01],[01],\d{3},[01],[01],[01]")
_SECOND: Final = re.compile(r"\d{3},\d,[01],[01],[01],\d,\d,[01],\d{8},\d,\d{3}")


class NoStatus(ValueError):
    """An answer that is no status."""


@dataclass(frozen=True, slots=True)
class Status:
    """What a printer says of itself."""

    paper_out: bool
    paused: bool
    formats: int
    """Labels that it has received and not begun."""
    buffer_full: bool
    corrupt_memory: bool
    too_cold: bool
    too_hot: bool
    head_up: bool
    ribbon_out: bool
    waiting: bool
    """A label is out and waits to be taken."""
    remaining: int
    """Labels of the batch at hand that are still to be printed."""

    @property
    def idle(self) -> bool:
        """Whether it has nothing left to print."""
        return self.formats == 0 and self.remaining == 0

    @property
    def condition(self) -> tuple[FaultKind, str] | None:
        """What keeps it from printing, and what somebody can do about it."""
        return next(((kind, text) for name, kind, text in _CONDITIONS if getattr(self, name)), None)


_CONDITIONS: Final = (
    ("corrupt_memory", FaultKind.SERVICE_ACTION, "its memory is corrupt: switch it off and on, else service"),
    ("head_up", FaultKind.OPERATOR_ACTION, "its head is open: close it"),
    ("paper_out", FaultKind.NO_PRINT_SUPPLIES, "it has no labels: put a roll in"),
    ("ribbon_out", FaultKind.NO_PRINT_SUPPLIES, "it has no ribbon: put one in"),
    ("paused", FaultKind.OPERATOR_ACTION, "it is paused: press its PAUSE key"),
    ("too_hot", FaultKind.DEVICE_BUSY, "its head is too hot: it goes on by itself"),
    ("too_cold", FaultKind.DEVICE_BUSY, "its head is too cold: it goes on by itself"),
    ("buffer_full", FaultKind.DEVICE_BUSY, "its buffer is full: it still has other labels to print"),
)
"""What stands against a label, in the order of what somebody has to do first."""


def strings_of(answer: bytes) -> list[bytes]:
    """The whole strings of an answer."""
    return _FRAME.findall(answer)


def status_of(answer: bytes) -> Status:
    """Read what `~HS` brought. Raises NoStatus for anything else."""
    texts = [string.decode("ascii", "replace") for string in strings_of(answer)]
    if len(texts) != STRINGS or not _FIRST.fullmatch(texts[0]) or not _SECOND.fullmatch(texts[1]):
        raise NoStatus(f"it said {answer[:100]!r}")
    one, two = texts[0].split(","), texts[1].split(",")
    return Status(
        paper_out=one[1] == "1",
        paused=one[2] == "1",
        formats=int(one[4]),
        buffer_full=one[5] == "1",
        corrupt_memory=one[9] == "1",
        too_cold=one[10] == "1",
        too_hot=one[11] == "1",
        head_up=two[2] == "1",
        ribbon_out=two[3] == "1",
        waiting=two[7] == "1",
        remaining=int(two[8]),
    )


def label(width: int, height: int, rows: bytes, *, darkness: int | None = None) -> bytes:
    """A label of so many dots; `rows` are padded to bytes, 1 is black. Printed once.

    What the printer remembers of labels before is set back: its origin, its shift, its quantity.
    """
    stride = -(-width // 8)
    total = stride * height
    if len(rows) != total:
        raise ValueError(f"{len(rows)} bytes are not {height} rows of {stride}")
    dark = f"^MD{darkness}" if darkness is not None else ""
    head = f"^XA^PW{stride * 8}^LL{height}^LH0,0^LS0^LT0^FWN{dark}^PON^PMN^LRN"
    field = f"^FO0,0^GFA,{total},{total},{stride},"
    return f"{head}{field}{compressed(rows, stride)}^FS^PQ1,0,0,N^XZ\r\n".encode("ascii")


def compressed(rows: bytes, stride: int) -> str:
    """Hexadecimal with runs: `G` to `Y` stand before a digit for 1 to 19 of it, `g` to `z` for 20 to 400; `,`
    and `!` fill a row with zeros and ones, `:` repeats the row before."""
    out: list[str] = []
    before = None
    for start in range(0, len(rows), stride):
        row = rows[start : start + stride]
        out.append(":" if row == before else _row(row.hex().upper()))
        before = row
    return "".join(out)


def _row(digits: str) -> str:
    ending = ""
    for digit, mark in (("0", ","), ("F", "!")):
        left = digits.rstrip(digit)
        if len(left) < len(digits):
            digits, ending = left, mark
            break
    runs = re.finditer(r"(.)\1*", digits)
    return "".join(_run(run[1], len(run[0])) for run in runs) + ending


def _run(digit: str, count: int) -> str:
    if count < 3:
        return digit * count
    out = []
    while count:
        many = min(count, 419)
        twenties, ones = divmod(many, 20)
        out.append(
            (chr(ord("f") + twenties) if twenties else "") + (chr(ord("F") + ones) if ones else "") + digit
        )
        count -= many
    return "".join(out)


def pbm(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and rows of a bitmap. Raises ValueError for anything else."""
    found = re.match(rb"P4\s(\d{1,5})\s(\d{1,5})\s", data)
    if not found:
        raise ValueError("it is no PBM of format P4")
    width, height, rows = int(found[1]), int(found[2]), data[found.end() :]
    if len(rows) != -(-width // 8) * height:
        raise ValueError(f"{len(rows)} bytes are not {width} x {height} dots")
    return width, height, rows
