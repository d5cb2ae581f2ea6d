"""A ZPL II printer, as the host sees it: bytes in, bytes out, and labels that are pictures.

It obeys the commands of which a label is made and keeps others, and bad ones, in `strange`; it draws ^GF,
answers ~HS and ~HI, and throws away what it holds at ~JA. In trouble it goes on listening, and prints what it
holds as soon as the trouble is over: that is what a driver must not let happen. It knows no wire: `Listening`
puts it on TCP, `burnish.testing.usb` on a simulated bus, `burnish.testing.serial` on a pseudo-terminal, a lab
on a real USB.

Units: dots.
"""

import base64
import binascii
import re
import socket
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self

from burnish.testing.printers import Trouble

IDENTITY: Final = b"\x02ZD421-203dpi,V93.21.05Z,8,8176KB\x03\r\n"
_PREFIX: Final = re.compile(rb"[\^~]")
_COMMAND: Final = re.compile(rb"[\^~]([A-Z0-9@]{2})([^\^~]*)")
_IMMEDIATE: Final = (b"~HS", b"~HI", b"~JA", b"^XZ")
"""Commands without parameters that are obeyed at once."""
_NONSENSE: Final = b"\x02030,0,0,what\x03\r\n"
_CHUNK: Final = 4096
_MOST: Final = 99_999
"""Bytes of a ^GF."""
_MUTE: Final = (Trouble.EMPTY, Trouble.DRY, Trouble.OPEN)
"""In which many printers do not answer."""


@dataclass(frozen=True, slots=True)
class Sticker:
    """A label that came out."""

    width: int
    height: int
    black: frozenset[tuple[int, int]]
    """The printed dots, from the upper left corner: across, down."""


class Zebra:
    """The printer, without a wire."""

    troubles = frozenset(Trouble) - {Trouble.JAMMED, Trouble.GONE, Trouble.CUT}

    def __init__(self, *, mute: bool = False, lag: int = 1, peel: bool = False, identity: bytes = IDENTITY):
        """`mute`: without media, without ribbon or with an open head it does not answer.

        `lag`: for how many looks a label is being printed. `peel`: it waits until each label is taken.
        """
        self.printed: list[Sticker] = []
        self.strange: list[bytes] = []
        """Commands that it does not know."""
        self.heard_bytes = 0
        self.strikes: Trouble | None = None
        """The trouble that it gets into when the next label begins to be printed."""
        self.cut_after: int | None = None
        """Bytes of a format after which the wire is cut."""
        self.on_cut: Callable[[], None] = lambda: None
        self.raised: set[str] = set()
        """Flags of the status that are up besides, by their letter in the manual: `j`."""
        self.waiting = False
        self.trouble: Trouble | None = None
        self._mute, self._lag, self._peel, self._identity = mute, lag, peel, identity
        self._looks = 0
        self._heard = b""
        self._queue: list[Sticker] = []
        self._format: _Format | None = None
        self._in_format = 0

    # --- what people do with it --------------------------------------------------------------------------

    def suffer(self, trouble: Trouble | None) -> None:
        """Be in trouble from now on, or well again; then what it holds comes out."""
        self.trouble = trouble
        self.cut_after = 300 if trouble is Trouble.CUT else None
        if trouble is None:
            self._print_all()

    def take(self) -> None:
        """Take the label off that waits."""
        self.waiting = False
        self._print_all()

    def switch_off_and_on(self) -> None:
        """Forget everything that is not on paper."""
        self._heard, self._format, self._in_format = b"", None, 0
        self._queue.clear()

    # --- what the host says ------------------------------------------------------------------------------

    def answer(self, data: bytes) -> bytes:
        """What it says to `data`."""
        self.heard_bytes += len(data)
        if self._is_cut(data):
            self.on_cut()
            return b""
        self._heard += data
        said = b""
        while command := self._next():
            said += self._obey(command)
        if self.trouble is Trouble.SILENT or (self._mute and self.trouble in _MUTE):
            return b""
        return said

    def _is_cut(self, data: bytes) -> bool:
        if self._format or b"^XA" in data:
            self._in_format += len(data)
        return self.cut_after is not None and self._in_format > self.cut_after

    def _next(self) -> bytes:
        """The next command that is there whole; what stands between commands is dropped."""
        start = _PREFIX.search(self._heard)
        self._heard = self._heard[start.start() :] if start else b""
        if self._heard[:3] in _IMMEDIATE:
            end = 3
        elif following := _PREFIX.search(self._heard, 1):
            end = following.start()
        else:
            return b""
        command, self._heard = self._heard[:end], self._heard[end:]
        return command

    def _obey(self, command: bytes) -> bytes:
        match command[:3]:
            case b"~HS":
                return self._status()
            case b"~HI":
                return self._identity
            case b"~JA":
                self._format, self._in_format = None, 0
                self._queue.clear()
            case b"^XA":
                self._format, self._in_format = _Format(), 0
            case b"^XZ":
                self._end()
            case _:
                self._take(command)
        return b""

    def _take(self, command: bytes) -> None:
        """Part of a format; what is not whole, as where a picture was cut off, is left out."""
        try:
            known = self._format is not None and self._format.take(command)
        except ValueError:
            known = False
        if not known:
            self.strange.append(command)

    def _end(self) -> None:
        if self._format is None:
            self.strange.append(b"^XZ")
            return
        self._queue += [self._format.draw()] * self._format.quantity
        self._format, self._in_format = None, 0
        self._looks = self._lag
        if self.strikes:
            self.trouble, self.strikes = self.strikes, None

    # --- what it does ------------------------------------------------------------------------------------

    def _status(self) -> bytes:
        if self.trouble is Trouble.NONSENSE:
            return _NONSENSE
        if self._looks:
            self._looks -= 1
        else:
            self._print_all()
        flag = self._flag
        formats = len(self._queue) or int(self.trouble is Trouble.BUSY)
        first = (
            f"030,{flag('b', Trouble.EMPTY)},{flag('c', Trouble.PAUSED)},0480,{formats:03},{flag('f')},"
            f"{flag('g')},{int(self._format is not None)},000,{flag('j', Trouble.BROKEN)},"
            f"{flag('k')},{flag('l')}"
        )
        second = (
            f"000,0,{flag('o', Trouble.OPEN)},{flag('p', Trouble.DRY)},0,{1 if self._peel else 2},4,"
            f"{int(self.waiting)},{len(self._queue):08},1,000"
        )
        return b"".join(b"\x02%s\x03\r\n" % text.encode() for text in (first, second, "1234,0"))

    def _flag(self, letter: str, trouble: Trouble | None = None) -> int:
        return int(letter in self.raised or (trouble is not None and self.trouble is trouble))

    def _print_all(self) -> None:
        while self._queue and self.trouble is None and not self.waiting:
            self.printed.append(self._queue.pop(0))
            self.waiting = self._peel


class _Format:
    """A format on its way from ^XA to ^XZ."""

    def __init__(self) -> None:
        self.quantity = 1
        self._numbers = {"PW": 812, "LL": 1218, "LS": 0, "LT": 0}
        self._origin = (0, 0)
        self._black: set[tuple[int, int]] = set()

    def take(self, command: bytes) -> bool:
        """Obey one command; whether it is known. Raises ValueError for one that is not well formed."""
        if not (match := _COMMAND.fullmatch(command)):
            return False
        name, said = match[1].decode(), match[2].decode("latin-1").strip()
        if name in self._numbers:
            self._numbers[name] = int(said)
        elif name in ("FO", "LH"):
            across, down = map(int, said.split(","))
            if name == "FO":
                self._origin = across, down
        elif name == "PQ":
            self.quantity = int(said)
        elif name == "GF":
            self._graphic(said)
        else:
            return command in (b"^FS", b"^MNY", b"^MNN", b"^JZN", b"^MUD", b"^PON", b"^PMN", b"^LRN")
        return True

    def draw(self) -> Sticker:
        """The label, with what lies beyond its edges cut off."""
        width, height = self._numbers["PW"], self._numbers["LL"]
        right, down = -self._numbers["LS"], self._numbers["LT"]
        moved = ((x + right, y + down) for x, y in self._black)
        return Sticker(
            width, height, frozenset((x, y) for x, y in moved if 0 <= x < width and 0 <= y < height)
        )

    def _graphic(self, said: str) -> None:
        coding, size, total, stride, data = said.split(",", 4)
        if coding != "A" or size != total or int(total) > _MOST:
            raise ValueError(f"^GF{said[:20]} is no picture in ASCII, or too large")
        rows = _z64(data) if data.startswith(":Z64:") else _rows(data, int(stride))
        if len(rows) != int(total):
            raise ValueError(f"^GF has {len(rows)} bytes of {total}")
        left, top = self._origin
        for at, byte in enumerate(rows):
            down, across = divmod(at, int(stride))
            self._black |= (
                {(left + across * 8 + bit, top + down) for bit in range(8) if byte & 0x80 >> bit}
                if byte
                else set()
            )


def _z64(data: str) -> bytes:
    _, _, packed, crc = data.split(":")
    if binascii.crc_hqx(packed.encode(), 0) != int(crc, 16):
        raise ValueError("the CRC of :Z64: is wrong")
    return zlib.decompress(base64.b64decode(packed))


def _rows(data: str, stride: int) -> bytes:
    """Hexadecimal with counts, row by row."""
    done: list[str] = []
    row, count = "", 0
    for character in data:
        match character:
            case ",":
                row = row.ljust(2 * stride, "0")
            case "!":
                row = row.ljust(2 * stride, "F")
            case ":":
                row = done[-1]
            case _ if "G" <= character <= "Y":
                count += ord(character) - ord("F")
            case _ if "g" <= character <= "z":
                count += 20 * (ord(character) - ord("f"))
            case _:
                row += character * (count or 1)
                count = 0
        if len(row) == 2 * stride:
            done.append(row)
            row = ""
    return bytes.fromhex("".join(done) + row)


class Listening:
    """A printer in the network, which serves one host after the other."""

    def __init__(self, zebra: Zebra) -> None:
        self.zebra = zebra
        self.troubles = zebra.troubles | {Trouble.GONE, Trouble.CUT}
        self.port = 0
        zebra.on_cut = self._hang_up
        self._host: socket.socket | None = None

    @property
    def printed(self) -> list[Sticker]:
        """What came out."""
        return self.zebra.printed

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop()

    def suffer(self, trouble: Trouble | None) -> None:
        """Be in trouble, or well again. A printer that is gone refuses connections."""
        if trouble is Trouble.GONE:
            self._stop()
            self.zebra.switch_off_and_on()
        elif self.zebra.trouble is Trouble.GONE:
            self._listen()
        self.zebra.suffer(trouble)

    def _listen(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="zebra", daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._hang_up()
        self._thread.join(10)

    def _hang_up(self) -> None:
        if host := self._host:
            with suppress(OSError):
                host.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                self._host, _ = self._server.accept()
            except OSError:
                return
            with self._host as host, suppress(OSError):
                while data := host.recv(_CHUNK):
                    host.sendall(self.zebra.answer(data))
