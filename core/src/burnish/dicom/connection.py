"""A connection and the upper layer over it: PDUs in and out, with limits.

The state machine and the PDU classes are pynetdicom's. What is ours: nothing is read before its length is
known to be bearable, a peer that falls silent within a PDU is dropped, and however the reading thread
ends, the peer is told, the socket is shut and the association wakes.

Sizes are in bytes, times in seconds. Source: PS3.8 9.2 and 9.3.
"""

import logging
import select
import socket
from typing import Final

from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu import A_ABORT_RQ
from pynetdicom.pdu_primitives import A_P_ABORT
from pynetdicom.transport import AssociationSocket

from burnish.dicom.commands import ProtocolError
from burnish.dicom.workarounds import close_socket

LOGGER = logging.getLogger(__name__)

PDU_CAP: Final = 256 << 10
"""Largest PDU that is read where `max_pdu` is smaller: room for an A-ASSOCIATE-RQ of 128 full contexts."""
_CHUNK: Final = 64 << 10
_DRAINED: Final = 16
"""Chunks that are dropped at the end of a connection; a peer that goes on sending is cut off."""
_PROVIDER: Final = 0x02
"""Source of an A-ABORT: the service provider, PS3.8 9.3.8."""


class Connection(AssociationSocket):
    """An accepted socket."""

    def __init__(self, association: Association, sock: socket.socket, silence: float, max_pdu: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.settimeout(silence)
        self._accepted = sock
        self._cap = max(PDU_CAP, max_pdu)
        super().__init__(association, client_socket=sock)

    @property
    def ready(self) -> bool:
        """Whether there is something to read; unlike `select` this counts beyond descriptor 1,023."""
        if self.socket is None or not self._is_connected:
            return False
        poll = select.poll()
        try:
            poll.register(self.socket, select.POLLIN)
        except ValueError:  # closed meanwhile
            self.event_queue.put("Evt17")
            return False
        return bool(poll.poll(0))

    def recv(self, nr_bytes: int) -> bytearray:
        """Read that many bytes, fewer only where the peer closes.

        Raises ProtocolError before anything is allocated for a PDU that is too long, TimeoutError.
        """
        if nr_bytes > self._cap:
            raise ProtocolError(f"a PDU of {nr_bytes} bytes")
        buffer = bytearray(nr_bytes)
        view, received = memoryview(buffer), 0
        while received < nr_bytes:
            self._acknowledge_at_once()
            count = self._accepted.recv_into(view[received:])
            if not count:
                break
            received += count
        return bytearray(view[:received])

    def drain(self) -> None:
        """Drop what has arrived: closing over unread bytes would take back what we sent last."""
        self._accepted.setblocking(False)
        try:
            for _ in range(_DRAINED):
                if not self._accepted.recv(_CHUNK):
                    return
        except OSError:
            LOGGER.debug("nothing more to drop")

    def _acknowledge_at_once(self) -> None:
        """Spare senders that leave Nagle's algorithm on a wait of 40 ms; the kernel forgets it each time."""
        self._accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _shutdown_socket(self) -> None:
        close_socket(self._accepted)

    def cut(self) -> None:
        """End whatever waits on this socket, from any thread; the descriptor stays until `close`."""
        try:
            self._accepted.shutdown(socket.SHUT_RDWR)
        except OSError:
            LOGGER.debug("the peer has gone already")


class UpperLayer(DULServiceProvider):
    """The thread that reads the socket and runs the state machine."""

    def __init__(self, association: Association) -> None:
        super().__init__(association)
        self.daemon = True

    def run_reactor(self) -> None:
        """Run until the connection ends; then see that everybody knows."""
        try:
            super().run_reactor()
        except ProtocolError as error:
            self._abort(str(error))
        except Exception:
            LOGGER.exception("the upper layer failed; the association is aborted")
            self._abort("internal error")
        finally:
            self._end()

    def idle_timer_expired(self) -> bool:
        """Whether the peer is silent too long: `network_timeout` between messages, `dimse_timeout` within."""
        within = self.assoc.dimse_timeout
        if within is not None and getattr(self.assoc.dimse, "arriving", False):
            silence = (self._idle_timer.timeout or 0) - self._idle_timer.remaining
            return silence > within or super().idle_timer_expired()
        return super().idle_timer_expired()

    def _is_transport_event(self) -> bool:
        if self.state_machine.current_state == "Sta13" and isinstance(self.socket, Connection):
            self.socket.drain()
            self.socket.close()
            return True
        return super()._is_transport_event()

    def _abort(self, why: str) -> None:
        LOGGER.warning("association with %s aborted: %s", self.assoc.requestor.ae_title or "a peer", why)
        pdu = A_ABORT_RQ()
        pdu.source = _PROVIDER
        pdu.reason_diagnostic = 0x00
        if self.socket:
            self.socket.send(pdu.encode())

    def _end(self) -> None:
        if isinstance(self.socket, Connection):
            self.socket.cut()
        self.to_user_queue.put(A_P_ABORT())
