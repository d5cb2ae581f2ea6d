"""A ZPL printer made of Python: a peer behind TCP, a USB bus or a serial line.

`Zebra.answer` is told bytes and says what the printer says. It reads ZPL for itself, renders graphic fields,
and keeps each label as a picture. `Zebra.suffer` has it in trouble; `mute` makes it one of those that say
nothing while somebody has to act. A label that cannot be printed stays in its buffer until the trouble is
over, or until `~JA`.
"""

import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

from burnish.testing.printers import Trouble

NONSENSE: Final = b"\x02PLEASE CALL 555-0199\x03\r\n" * 3
_COMMAND: Final = re.compile(rb"~HS|~HI|~JA|\^XA(.*?)\^XZ", re.DOTALL)
_GRAPHIC: Final = re.compile(rb"\^GFA,(\d+),(\d+),(\d+),([^^~]*)")
_ATTENTION: Final = (Trouble.EMPTY, Trouble.DRY, Trouble.OPEN)


@dataclass(frozen=True, slots=True)
class Picture:
    """A label that came out: dots, rows padded to bytes, 1 is black."""

    width: int
    height: int
    rows: bytes


@dataclass
class Zebra:
    """The printer itself."""

    mute: bool = False
    """Whether it says nothing while its head is open, or something is missing."""
    stuck: bool = False
    """Whether labels stay in it though it says that all is well."""
    printed: list[Picture] = field(default_factory=list)
    cancelled: int = 0
    """Labels that it was told to forget."""
    heard: bytes = b""
    """All that it was ever told."""
    trouble: Trouble | None = None
    at: int = 0
    """Labels after which the trouble begins; 0: at once."""

    def __post_init__(self) -> None:
        self._left = b""
        self._waiting: list[Picture] = []

    troubles: ClassVar[frozenset[Trouble]] = frozenset(
        {
            Trouble.EMPTY,
            Trouble.DRY,
            Trouble.OPEN,
            Trouble.PAUSED,
            Trouble.BUSY,
            Trouble.BROKEN,
            Trouble.SILENT,
            Trouble.NONSENSE,
        }
    )

    def suffer(self, trouble: Trouble | None) -> None:
        """Be in trouble, or well again: what waits comes out then."""
        self.trouble = trouble
        if trouble is None:
            self._print()

    def answer(self, data: bytes) -> bytes:
        """What it says to `data`."""
        self.heard += data
        self._left += data
        out, done = b"", 0
        for found in _COMMAND.finditer(self._left):
            done = found.end()
            out += self._obey(found)
        self._left = self._left[done:].lstrip(b"\r\n")
        return out

    def forget(self) -> None:
        """Lose what is half received: the line was cut."""
        self._left = b""

    def _obey(self, found: re.Match[bytes]) -> bytes:
        word = found[0][:3]
        if word == b"^XA":
            self._waiting += [_picture(graphic) for graphic in _GRAPHIC.finditer(found[1])]
            self._print()
        elif word == b"~JA":
            self.cancelled += len(self._waiting)
            self._waiting.clear()
        else:
            return self._told(word)
        return b""

    def _told(self, word: bytes) -> bytes:
        if self.trouble is Trouble.SILENT or (self.mute and self._now() in _ATTENTION):
            return b""
        if self.trouble is Trouble.NONSENSE:
            return NONSENSE
        return (
            self._status() if word == b"~HS" else b"\x02ZTC SIMULATED-203dpi ZPL,V84.20.18Z,8,8176KB\x03\r\n"
        )

    def _now(self) -> Trouble | None:
        return self.trouble if len(self.printed) >= self.at else None

    def _print(self) -> None:
        while self._waiting and self._now() in (None, Trouble.NONSENSE, Trouble.CUT) and not self.stuck:
            self.printed.append(self._waiting.pop(0))

    def _status(self) -> bytes:
        now = self._now()

        def on(*troubles: Trouble) -> int:
            return int(now in troubles)

        waits = f"{len(self._waiting):03}"
        first = f"030,{on(Trouble.EMPTY)},{on(Trouble.PAUSED)},1245,{waits},{on(Trouble.BUSY)},0,0,000,"
        first += f"{on(Trouble.BROKEN)},0,0"
        second = f"000,0,{on(Trouble.OPEN)},{on(Trouble.DRY)},0,2,4,0,00000000,1,000"
        return b"".join(b"\x02%s\x03\r\n" % part.encode() for part in (first, second, "1234,0"))


def _picture(found: re.Match[bytes]) -> Picture:
    """Decode a graphic field, by the guide's words: it shares nothing with the driver's encoder."""
    total, stride = int(found[2]), int(found[3])
    digits = _digits(found[4].decode("ascii").replace("\r", "").replace("\n", ""), stride * 2)
    rows = bytes.fromhex(digits)
    if len(rows) != total:
        raise ValueError(f"a graphic field of {len(rows)} bytes says that it has {total}")
    return Picture(stride * 8, total // stride, rows)


def _digits(data: str, across: int) -> str:
    """Undo the runs: `across` digits a row."""
    rows: list[str] = []
    row, count = "", 0
    for letter in data:
        if letter in ",!":
            row = row.ljust(across, "0" if letter == "," else "F")
        elif letter == ":":
            rows.append(rows[-1])
            continue
        elif "G" <= letter <= "Y":
            count += ord(letter) - ord("F")
            continue
        elif "g" <= letter <= "z":
            count += 20 * (ord(letter) - ord("f"))
            continue
        else:
            row += letter * (count or 1)
            count = 0
        while len(row) >= across:
            rows.append(row[:across])
            row = row[across:]
    return "".join(rows)


class TcpPeer:
    """A printer in the network, on a port of its own."""

    def __init__(self, zebra: Zebra | None = None) -> None:
        self.zebra = zebra or Zebra()
        self.port = 0
        self._cut_after: int | None = None

    @property
    def printed(self) -> list[Picture]:
        """What came out."""
        return self.zebra.printed

    troubles: Final = Zebra.troubles | {Trouble.GONE, Trouble.CUT}

    def suffer(self, trouble: Trouble | None) -> None:
        """Be in trouble, or well again."""
        self._cut_after = 60 if trouble is Trouble.CUT else None
        if trouble is Trouble.GONE:
            self._shut()
        elif self._listener.fileno() < 0:
            self._listen()
        self.zebra.suffer(None if trouble in (Trouble.GONE, Trouble.CUT) else trouble)

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._shut()

    def _shut(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(
                socket.SHUT_RDWR
            )  # closing alone does not wake who waits for a connection
        self._listener.close()

    def _listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, args=[self._listener], daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if listener.fileno() < 0:
                connection.close()
                return
            with connection, suppress(OSError):
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        taken = 0
        while data := connection.recv(4096):
            taken += len(data)
            if self._cut_after is not None and taken > self._cut_after:
                self.zebra.forget()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            connection.sendall(self.zebra.answer(data))
