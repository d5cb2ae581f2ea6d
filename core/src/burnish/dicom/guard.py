"""What a peer may cost: every limit of the port, each with its reason.

    before a thread starts   Lobby            who is connected, who has to give way, who is let in
    without a descriptor     Reserve          a peer that cannot be served is told so by a close
    before a byte is read    check_header     whether a PDU is due, and how long it may be
    before an object is made check_proposal   how many contexts and items an A-ASSOCIATE-RQ may hold
    while bytes come         Patience         how long the rest of a message may take
    afterwards               Tally            what was cut, counted, and logged once a second at most

The rest of a PDU has a deadline of its own (`connection`); the time to ask for an association, silence
between messages and the end of a connection are the association's (`association`). There is no longest age
of an association: one that asks for something now and then is a good peer, however old.

Sizes are in bytes, times in seconds. Source: PS3.8 9.2 (states), 9.3 (PDUs).
"""

import logging
import os
import socket
import struct
import threading
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from enum import IntEnum, StrEnum
from typing import Final, Generic, Protocol, TypeVar

from burnish.dicom.commands import ProtocolError

LOGGER = logging.getLogger(__name__)


# --- PDUs --------------------------------------------------------------------------------------------------


class Abort(IntEnum):
    """Reason of an A-ABORT whose source is the service provider, PS3.8 Table 9-26."""

    NOT_SPECIFIED = 0
    UNRECOGNISED_PDU = 1
    UNEXPECTED_PDU = 2
    INVALID_PARAMETER = 6


class PduError(ProtocolError):
    """A PDU that nobody may send, or not now, or not so slowly."""

    def __init__(self, message: str, reason: Abort) -> None:
        super().__init__(message)
        self.reason = reason


class Pdu(IntEnum):
    """PDU types, PS3.8 9.3."""

    A_ASSOCIATE_RQ = 0x01
    A_ASSOCIATE_AC = 0x02
    A_ASSOCIATE_RJ = 0x03
    P_DATA = 0x04
    A_RELEASE_RQ = 0x05
    A_RELEASE_RP = 0x06
    A_ABORT = 0x07


HEADER: Final = 6
ASSOCIATE_CAP: Final = 256 << 10
"""Room for 128 contexts with thirty transfer syntaxes each; a stock SCP buffers up to 4 GiB."""
_CAPS: Final[Mapping[Pdu, int]] = {Pdu.A_RELEASE_RQ: 4, Pdu.A_RELEASE_RP: 4, Pdu.A_ABORT: 4}
"""PS3.8 Tables 9-24 to 9-26: these have one length."""
_AWAITING_REQUEST: Final = frozenset({Pdu.A_ASSOCIATE_RQ, Pdu.A_ABORT})
_DUE: Final[Mapping[str, frozenset[Pdu]]] = {
    "Sta1": _AWAITING_REQUEST,
    "Sta2": _AWAITING_REQUEST,
    "Sta3": frozenset({Pdu.A_ABORT}),
    "Sta6": frozenset({Pdu.P_DATA, Pdu.A_RELEASE_RQ, Pdu.A_ABORT}),
}
"""What a requestor may send in each state of the acceptor, PS3.8 9.2; in every other state, the end."""
_AT_THE_END: Final = frozenset({Pdu.P_DATA, Pdu.A_RELEASE_RQ, Pdu.A_RELEASE_RP, Pdu.A_ABORT})


def check_header(header: bytes | bytearray, state: str, max_pdu: int) -> int:
    """Return the length of what follows a PDU's first six bytes. Raises PduError.

    `max_pdu` is the longest P-DATA that the peer was told of. Nothing has been allocated or read yet: the
    header can state 4 GiB, and HTTP or TLS on this port states something too.
    """
    number, length = struct.unpack(">BxL", header)
    try:
        kind = Pdu(number)
    except ValueError:
        raise PduError(f"PDU type {number:02X}", Abort.UNRECOGNISED_PDU) from None
    if kind not in _DUE.get(state, _AT_THE_END):
        raise PduError(f"{kind.name} where it is not due", Abort.UNEXPECTED_PDU)
    cap = ASSOCIATE_CAP if kind is Pdu.A_ASSOCIATE_RQ else _CAPS.get(kind, max_pdu)
    if length > cap:
        raise PduError(f"{kind.name} of {length} bytes", Abort.INVALID_PARAMETER)
    return int(length)


CONTEXT_CAP: Final = 128
"""Odd numbers that fit a byte, PS3.8 9.3.2.2."""
ITEM_CAP: Final = 4096
"""Items and sub-items of one A-ASSOCIATE-RQ: each costs an object; 50,000 of them cost 5 s of a core."""
_FIXED: Final = 68
"""What stands before the items, PS3.8 Table 9-11."""
_CONTEXT: Final = 0x20
_CONTEXT_FIXED: Final = 4
_USER_INFORMATION: Final = 0x50


def check_proposal(body: memoryview) -> None:
    """Walk an A-ASSOCIATE-RQ before anything is made of it. Raises PduError.

    At most `CONTEXT_CAP` presentation contexts, each ID odd and once; at most `ITEM_CAP` items, each within
    the one that holds it.
    """
    ids: list[int] = []
    count = 0
    for kind, value in _items(body[_FIXED:]):
        inner = memoryview(b"")
        if kind == _CONTEXT:
            ids.append(value[0] if value else 0)
            inner = value[_CONTEXT_FIXED:]
        elif kind == _USER_INFORMATION:
            inner = value
        count += 1 + sum(1 for _ in _items(inner))
    if count > ITEM_CAP:
        raise PduError(f"an A-ASSOCIATE-RQ of {count} items", Abort.INVALID_PARAMETER)
    if len(ids) > CONTEXT_CAP or len(set(ids)) < len(ids) or not all(number % 2 for number in ids):
        raise PduError("presentation context IDs that are not odd and unique", Abort.INVALID_PARAMETER)


def _items(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Type and value of each item, PS3.8 9.3.2. Raises PduError."""
    position = 0
    while position < len(data):
        if position + 4 > len(data):
            raise PduError("an A-ASSOCIATE-RQ that ends within an item", Abort.INVALID_PARAMETER)
        kind, length = struct.unpack_from(">BxH", data, position)
        start, position = position + 4, position + 4 + length
        if position > len(data):
            raise PduError("an item longer than what holds it", Abort.INVALID_PARAMETER)
        yield kind, data[start:position]


# --- messages ----------------------------------------------------------------------------------------------

LEAST_RATE: Final = 1024
"""Bytes per second that a peer has to come up to within a message; a modem of 1990 did."""


class Patience:
    """How long a peer may take for the rest of a message: seconds that waiting uses up and bytes earn.

    It starts with `limit` and never holds more. A peer that sends nothing uses it up in `limit`, one that
    drips just as well; one that sends `LEAST_RATE` bytes per second never does. Time that we take is not
    counted: `pause` when bytes came, `resume` when they are dealt with.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._left = limit
        self._since: float | None = None

    def pause(self, count: int) -> None:
        """That many bytes came."""
        if self._since is not None:
            self._left -= time.monotonic() - self._since
        self._left = min(self._limit, self._left + count / LEAST_RATE)
        self._since = None

    def resume(self) -> None:
        """It is the peer's turn."""
        self._since = time.monotonic()

    def renew(self) -> None:
        """The message is whole: nothing is owed."""
        self._left, self._since = self._limit, None

    def silent(self, seconds: float) -> bool:
        """Whether it is the peer's turn, and has been for so long."""
        since = self._since
        return since is not None and time.monotonic() - since > seconds

    @property
    def over(self) -> bool:
        """Whether it is used up."""
        return self.silent(self._left)


# --- connections -------------------------------------------------------------------------------------------


class Guest(Protocol):
    """A connection, as the lobby sees it."""

    @property
    @abstractmethod
    def keeps_us_waiting(self) -> bool:
        """Whether it has not asked for an association yet, and nothing of it waits to be read."""


G = TypeVar("G", bound=Guest)


class Lobby(Generic[G]):
    """Everybody who is connected: half-open until let in, then established, until they leave.

    The two are counted apart: a peer that says nothing takes no place of one that does. At the limit of
    half-open connections it is the oldest that gives way, of those which keep us waiting: turning the
    newcomer away would let silent peers hold the port.
    """

    def __init__(self, half_open: int, established: int, per_address: int) -> None:
        """Limits; a `per_address` of 0 is none, else it holds for either kind."""
        self._limits = half_open, established
        self._per_address = per_address
        self._half_open: dict[G, str] = {}
        self._established: dict[G, str] = {}
        self._leaving: set[G] = set()
        self._lock = threading.Lock()

    def enter(self, guest: G, address: str) -> None:
        """Count a connection among the half-open ones."""
        with self._lock:
            self._half_open[guest] = address

    def surplus(self, address: str) -> list[G]:
        """The half-open ones of whom one is too many for another from this address, the oldest first."""
        with self._lock:
            same = [guest for guest, its in self._half_open.items() if its == address]
            if self._per_address and len(same) >= self._per_address:
                return same
            return list(self._half_open) if len(self._half_open) >= self._limits[0] else []

    def dismiss(self, guest: G) -> None:
        """It has to give way; it counts no more, but is not gone yet."""
        with self._lock:
            if self._half_open.pop(guest, None) is not None:
                self._leaving.add(guest)

    def admit(self, guest: G) -> bool:
        """Make a half-open connection an established one, where there is a place for it."""
        with self._lock:
            address = self._half_open.get(guest)
            if address is None or not self._place_for(address):
                return False
            self._established[guest] = self._half_open.pop(guest)
            return True

    def _place_for(self, address: str) -> bool:
        same = sum(its == address for its in self._established.values())
        crowded = self._per_address and same >= self._per_address
        return not crowded and len(self._established) < self._limits[1]

    def leave(self, guest: G) -> None:
        """It has ended. Safe to repeat."""
        with self._lock:
            self._half_open.pop(guest, None)
            self._established.pop(guest, None)
            self._leaving.discard(guest)

    @property
    def crowded(self) -> bool:
        """Whether as many are leaving as may be half-open: connections come faster than they can end."""
        with self._lock:
            return len(self._leaving) >= self._limits[0]

    @property
    def guests(self) -> list[G]:
        """Everybody who has not left."""
        with self._lock:
            return [*self._half_open, *self._established, *self._leaving]


class Reserve:
    """A descriptor kept for when there is none left.

    A connection that cannot be accepted stays in the backlog: its peer waits, and whoever listens is woken
    for it again and again. With the reserve it is taken and closed, so that the peer knows.
    """

    def __init__(self) -> None:
        self._descriptor = self._open()

    def _open(self) -> int | None:
        try:
            return os.open(os.devnull, os.O_RDONLY)
        except OSError:
            return None

    def turn_away(self, listener: socket.socket) -> bool:
        """Accept one connection and close it; False where the reserve is gone, too."""
        if self._descriptor is None:
            self._descriptor = self._open()
        if self._descriptor is None:
            return False
        self.close()
        with suppress(OSError):
            listener.accept()[0].close()
        self._descriptor = self._open()
        return True

    def close(self) -> None:
        """Give it back. Safe to repeat."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


# --- what was cut ------------------------------------------------------------------------------------------


class Cut(StrEnum):
    """Why a connection was ended by us."""

    GAVE_WAY = "gave way"
    """The oldest half-open one, at the limit of those."""
    TURNED_AWAY = "turned away"
    """No descriptor, or connections come faster than they can end."""
    REJECTED = "rejected"
    """An A-ASSOCIATE-RJ."""
    BROKE_PROTOCOL = "broke the protocol"
    TOO_SLOW = "too slow"
    """Within a PDU or a message, or idle too long."""
    FAULT = "fault"
    """An exception of ours."""


_LOG_PAUSE: Final = 1.0
"""At most one line of a kind in this time: an attack must not fill the disk with our words."""


class Tally:
    """What was cut, by kind."""

    def __init__(self) -> None:
        self.counts: Counter[Cut] = Counter()
        self._told: dict[Cut, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def note(self, kind: Cut, who: str, why: str, error: BaseException | None = None) -> None:
        """Count it; log it, with its error, unless one of its kind has just been logged."""
        with self._lock:
            self.counts[kind] += 1
            now, count = time.monotonic(), self.counts[kind]
            last, before = self._told.get(kind, (-_LOG_PAUSE, 0))
            if now - last < _LOG_PAUSE:
                return
            self._told[kind] = now, count
        more = f" (and {count - before - 1} more since the last line)" if count - before > 1 else ""
        LOGGER.warning("%s: %s: %s%s", kind, _plain(who) or "a peer", _plain(why), more, exc_info=error)


def _plain(text: str) -> str:
    """One line of ASCII, whatever a peer has put into it."""
    return text.encode("unicode_escape").decode("ascii")
