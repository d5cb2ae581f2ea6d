"""A connection and the upper layer over it: PDUs in and out, within the limits of `guard`.

The state machine and the PDU classes are pynetdicom's. What is ours: nothing is read before its length is
known to be bearable, a whole PDU has a deadline in either direction, and however the reading thread ends,
the peer is told, the socket is shut and the association wakes.

Sizes are in bytes, times in seconds. Source: PS3.8 9.2 and 9.3.

A handshake that precedes the first PDU, such as that of TLS, belongs to the start of
`UpperLayer.run_reactor`: on the connection's own thread, within the time to ask for an association.
"""

import select
import socket
import time
from contextlib import suppress
from typing import Final

from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu import A_ABORT_RQ
from pynetdicom.pdu_primitives import A_P_ABORT
from pynetdicom.transport import AssociationSocket

from burnish.dicom.commands import ProtocolError
from burnish.dicom.guard import HEADER, Abort, Cut, Pdu, PduError, Tally, check_header, check_proposal
from burnish.dicom.workarounds import MonotonicTimer, close_socket

_CHUNK: Final = 64 << 10
_DRAINED: Final = 16
"""Chunks that are dropped at the end of a connection; a peer that goes on sending is cut off."""
_HALF_OPEN_WAIT: Final = 0.1
"""Seconds between looks at the clock while the peer has not asked yet: nothing else can happen until it does,
and silent peers, unlike idle associations, come in crowds."""
_PROVIDER: Final = 0x02
"""Source of an A-ABORT: the service provider, PS3.8 9.3.8."""
_KEEPALIVE: Final = {socket.TCP_KEEPIDLE: 60, socket.TCP_KEEPINTVL: 10, socket.TCP_KEEPCNT: 3}
"""A peer whose cable was pulled is noticed after 90 s of silence."""


class Connection(AssociationSocket):
    """An accepted socket."""

    def __init__(self, association: Association, sock: socket.socket, deadline: float) -> None:
        """`deadline`: seconds that a whole PDU may take, in either direction."""
        _set_options(sock, deadline)
        self._accepted = sock
        self._deadline = deadline
        self.reading = False
        """Whether a PDU has begun to arrive and is not whole."""
        super().__init__(association, client_socket=sock)

    @property
    def ready(self) -> bool:
        """Whether there is something to read; unlike `select` this counts beyond descriptor 1,023."""
        if self.socket is None or not self._is_connected:
            return False
        try:
            return self.readable
        except ValueError:  # closed meanwhile
            self.event_queue.put("Evt17")
            return False

    @property
    def readable(self) -> bool:
        """Whether something of the peer, be it its end, waits to be read. Raises ValueError once closed."""
        return _poll(self._accepted, select.POLLIN, 0)

    def await_something(self, seconds: float) -> None:
        """Return when there is something to read, after some seconds at most."""
        with suppress(ValueError):  # closed meanwhile: `ready` sees to it
            _poll(self._accepted, select.POLLIN, seconds)

    def read_pdu(self, state: str, max_pdu: int) -> bytearray:
        """Read a whole PDU. Raises PduError, TimeoutError, and OSError where the peer has gone."""
        self.reading = True
        try:
            return self._read_pdu(state, max_pdu, time.monotonic() + self._deadline)
        finally:
            self.reading = False

    def _read_pdu(self, state: str, max_pdu: int, end: float) -> bytearray:
        header = bytearray(HEADER)
        self._fill(memoryview(header), end)
        pdu = bytearray(HEADER + check_header(header, state, max_pdu))
        pdu[:HEADER] = header
        self._fill(memoryview(pdu)[HEADER:], end)
        return pdu

    def _fill(self, view: memoryview, end: float) -> None:
        while view:
            self._acknowledge_at_once()
            try:
                count = self._accepted.recv_into(view)
            except BlockingIOError:
                self._wait(select.POLLIN, end)
                continue
            if not count:
                raise ConnectionResetError("closed by the peer")
            view = view[count:]

    def send(self, bytestream: bytes) -> None:
        """Send a whole PDU; a peer that does not read it in time loses the connection."""
        view, end = memoryview(bytestream), time.monotonic() + self._deadline
        try:
            while view:
                view = view[self._send_some(view, end) :]
        except OSError:
            self.event_queue.put("Evt17")

    def _send_some(self, view: memoryview, end: float) -> int:
        try:
            return self._accepted.send(view)
        except BlockingIOError:
            self._wait(select.POLLOUT, end)
            return 0

    def _wait(self, event: int, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0 or not _poll(self._accepted, event, left):
            raise TimeoutError(f"a PDU that took longer than {self._deadline:g} s")

    def drain(self) -> None:
        """Drop what has arrived: closing over unread bytes would take back what we sent last."""
        with suppress(OSError):
            for _ in range(_DRAINED):
                if not self._accepted.recv(_CHUNK):
                    return

    def _acknowledge_at_once(self) -> None:
        """Spare senders that leave Nagle's algorithm on a wait of 40 ms; the kernel forgets it each time."""
        self._accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _shutdown_socket(self) -> None:
        close_socket(self._accepted)

    def cut(self) -> None:
        """End whatever waits on this socket, from any thread; the descriptor stays until `close`."""
        with suppress(OSError):  # the peer has gone already
            self._accepted.shutdown(socket.SHUT_RDWR)


def _set_options(sock: socket.socket, deadline: float) -> None:
    """Non-blocking, without Nagle's wait, and with an end to bytes that nobody acknowledges."""
    sock.setblocking(False)
    with suppress(OSError):  # a peer that has gone already leaves a socket that takes no options
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(deadline * 1000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _poll(sock: socket.socket, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(seconds * 1000))


class UpperLayer(DULServiceProvider):
    """The thread that reads the socket and runs the state machine."""

    def __init__(self, association: Association, tally: Tally) -> None:
        super().__init__(association)
        self._tally = tally
        self._idle_timer, self.artim_timer = MonotonicTimer(60), MonotonicTimer(30)
        self.daemon = True

    def run_reactor(self) -> None:
        """Run until the connection ends; then see that everybody knows."""
        try:
            super().run_reactor()
        except ProtocolError as error:
            self._abort(Cut.BROKE_PROTOCOL, str(error), getattr(error, "reason", Abort.NOT_SPECIFIED))
        except Exception as error:  # noqa: BLE001 - the peer is cut off, whatever it was
            self._abort(Cut.FAULT, "the upper layer failed", Abort.NOT_SPECIFIED, error)
        finally:
            self._end()

    def idle_timer_expired(self) -> bool:
        """Whether the peer takes too long: for the rest of a message, or between two."""
        overdue = getattr(self.assoc.dimse, "overdue", False) or super().idle_timer_expired()
        if overdue:
            self._tally.note(Cut.TOO_SLOW, self._peer, "nothing came, or too little")
        return overdue

    def _process_recv_primitive(self) -> bool:
        """Take what is to be sent; once the association is over, drop answers that come too late."""
        if self.state_machine.current_state == "Sta13":
            self.to_provider_queue.queue.clear()
        return super()._process_recv_primitive()

    def _is_transport_event(self) -> bool:
        if not self.event_queue.empty():  # what is read next depends on the state that they lead to
            return False
        if self.state_machine.current_state == "Sta13" and isinstance(self.socket, Connection):
            self.socket.drain()
            self.socket.close()
            return True
        if self.state_machine.current_state == "Sta2" and isinstance(self.socket, Connection):
            self.socket.await_something(_HALF_OPEN_WAIT)
        return super()._is_transport_event()

    def _read_pdu_data(self) -> None:
        """Read and decode one PDU, in place of a method that reads whatever length the header states."""
        assert isinstance(self.socket, Connection)  # noqa: S101 - `transport` makes no other
        state, longest = self.state_machine.current_state, self.assoc.acceptor.maximum_length
        try:
            self._take(self.socket.read_pdu(state, longest or 0))
        except PduError as error:
            self._abort(Cut.BROKE_PROTOCOL, str(error), error.reason)
        except TimeoutError as error:
            self._abort(Cut.TOO_SLOW, str(error), Abort.NOT_SPECIFIED)
        except OSError:
            self.event_queue.put("Evt17")

    def _take(self, encoded: bytearray) -> None:
        if encoded[0] == Pdu.A_ASSOCIATE_RQ:
            check_proposal(memoryview(encoded)[HEADER:])
        try:
            pdu, event = self._decode_pdu(encoded)
        except Exception as error:
            raise PduError(f"a PDU that cannot be read: {error}", Abort.INVALID_PARAMETER) from error
        self._recv_pdu.put(pdu)
        self.event_queue.put(event)

    @property
    def _peer(self) -> str:
        requestor = self.assoc.requestor
        address = requestor.address_info.address if requestor.address_info else ""
        return f"{(requestor.ae_title or '').strip()} {address}".strip()

    def _abort(self, kind: Cut, why: str, reason: Abort, error: Exception | None = None) -> None:
        """Tell the peer, and end this thread; `run_reactor` sees to the rest."""
        self._tally.note(kind, self._peer, why, error)
        pdu = A_ABORT_RQ()
        pdu.source = _PROVIDER
        pdu.reason_diagnostic = reason
        if isinstance(self.socket, Connection):
            self.socket.send(pdu.encode())
            self.socket.drain()
        self.kill_dul()

    def _end(self) -> None:
        if isinstance(self.socket, Connection):
            self.socket.cut()
        self.to_user_queue.put(A_P_ABORT())
