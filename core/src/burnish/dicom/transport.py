"""The listening socket: adopted, not made, so that a restart of this process keeps port and backlog.

Whoever starts reception binds the socket and keeps it; this server works on a duplicate of it and closes
only that; both are non-blocking from then on. Each accepted connection becomes a `ServerAssociation` with
its two threads; the thread that accepts reads nothing and waits for no peer.
"""

import errno
import logging
import socket
import sys
import threading
import time
from socketserver import BaseServer
from typing import Any, Final

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.transport import AddressInformation, AssociationServer, RequestHandler

from burnish.dicom.association import Admission, ServerAssociation
from burnish.dicom.connection import Connection
from burnish.dicom.guard import Cut, Reserve
from burnish.dicom.workarounds import Entity
from burnish.terms import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

LOGGER = logging.getLogger(__name__)

BACKLOG: Final = 128
_ACCEPT_POLL: Final = 0.1
_TURNS: Final = 100
_TURN: Final = 0.01
"""Seconds and times that a newcomer waits where all who are half-open wait for us."""
_OUT_OF_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE)


def listen(bind: str, port: int) -> socket.socket:
    """Bind and listen; port 0 takes a free one, see `getsockname()`. Raises OSError."""
    family = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    return socket.create_server((bind, port), family=family, backlog=BACKLOG)


class Handler(RequestHandler):
    """Makes an association of an accepted socket."""

    server: "Server"

    def handle(self) -> None:
        """Start an association. Raises RuntimeError where no thread can be had."""
        association = self._create_association()
        try:
            association.start()
        except RuntimeError:
            self.server.admission.lobby.leave(association)
            raise

    def _create_association(self) -> ServerAssociation:
        server, sock = self.server, self.request
        admission = server.admission
        association = ServerAssociation(server.ae, admission)
        association._server = server
        association.name = f"association {self.client_address[0]}:{self.client_address[1]}"
        association.set_socket(Connection(association, sock, admission.dimse_timeout.total_seconds()))
        acceptor = association.acceptor
        acceptor.maximum_length = admission.max_pdu
        acceptor.ae_title = admission.ae_title
        acceptor.address_info = AddressInformation.from_tuple(server.server_address)
        acceptor.implementation_class_uid = server.ae.implementation_class_uid
        acceptor.implementation_version_name = server.ae.implementation_version_name
        acceptor.supported_contexts = server.contexts
        association.requestor.address_info = AddressInformation.from_tuple(self.client_address)
        admission.lobby.enter(association, self.client_address[0])
        return association


class Server(AssociationServer):
    """Accepts connections until it is stopped."""

    def __init__(self, *args: Any, listener: socket.socket, admission: Admission, **kwargs: Any) -> None:
        self._listener = listener
        self.admission = admission
        self._reserve = Reserve()
        super().__init__(*args, **kwargs)
        self._accepting = threading.Thread(target=self._accept, name="accept", daemon=True)

    def server_bind(self) -> None:
        """Adopt the listening socket in place of the one that the base class made."""
        assert self.socket  # noqa: S101 - the base class has just made it
        self.socket.close()
        self.socket = self._listener.dup()
        self.socket.setblocking(False)
        self.server_address = self.socket.getsockname()

    def server_activate(self) -> None:
        """Set our backlog; the socket listens already."""
        assert self.socket  # noqa: S101 - adopted
        self.socket.listen(BACKLOG)

    def server_close(self) -> None:
        """Close the duplicate. A shutdown would end the listening for its owner too."""
        assert self.socket  # noqa: S101 - adopted
        self.socket.close()
        self._reserve.close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept. Without a descriptor left, turn one peer away, let another give way, and raise OSError."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _OUT_OF_DESCRIPTORS:
                self._turn_away()
            raise

    def _turn_away(self) -> None:
        self.admission.tally.note(Cut.TURNED_AWAY, "", "no descriptor is left")
        assert self.socket  # noqa: S101 - adopted
        if not self._reserve.turn_away(self.socket):
            time.sleep(_ACCEPT_POLL)  # rather than be woken for the same peer again and again
        self._cut_first(self.admission.lobby.guests)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Make a place among the half-open for a newcomer; False, which closes it, where there is none."""
        lobby = self.admission.lobby
        for _ in range(_TURNS):
            surplus = lobby.surplus(client_address[0])
            if not surplus or self._cut_first(surplus):
                break
            time.sleep(_TURN)
        if lobby.crowded:
            self.admission.tally.note(Cut.TURNED_AWAY, client_address[0], "too many at once")
        return not lobby.crowded

    def _cut_first(self, guests: list[ServerAssociation]) -> bool:
        """Let the first of them that keeps us waiting give way; False where none does."""
        for guest in guests:
            if guest.keeps_us_waiting:
                self.admission.tally.note(Cut.GAVE_WAY, guest.name, "asked for no association")
                self.admission.lobby.dismiss(guest)
                guest.cut()
                return True
        return False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what a connection that could not be taken died of."""
        self.admission.tally.note(Cut.FAULT, client_address[0], "could not be taken", sys.exception())

    def service_actions(self) -> None:
        """Leave collecting garbage to Python: a full collection beside a socket takes milliseconds."""

    @property
    def active_associations(self) -> list[Association]:
        """Every association that has not ended, half-open ones too."""
        return [*self.admission.lobby.guests]

    def start(self) -> None:
        """Accept connections on a thread of its own."""
        self._accepting.start()

    def _accept(self) -> None:
        self.serve_forever(poll_interval=_ACCEPT_POLL)

    def stop(self, timeout: float) -> None:
        """Take no more connections, let messages that have begun be answered, end everything in time."""
        end = time.monotonic() + timeout
        BaseServer.shutdown(self)
        self.server_close()
        while (left := self.admission.lobby.guests) and time.monotonic() < end:
            for association in left:
                if not association.busy:
                    association.leave()
            time.sleep(0.02)
        self._cut(time.monotonic() + 1.0)

    def _cut(self, end: float) -> None:
        left = self.admission.lobby.guests
        for association in left:
            association.leave()
            association.cut()
        for association in left:
            association.join(max(0.0, end - time.monotonic()))


def make_server(ae: ApplicationEntity, listener: socket.socket, admission: Admission) -> Server:
    """A server on an adopted socket, not started yet."""
    contexts = [build_context(syntax, list(offered)) for syntax, offered in admission.contexts.items()]
    server = ae.make_server(
        listener.getsockname(),
        ae_title=admission.ae_title,
        contexts=contexts,
        server_class=Server,
        request_handler=Handler,
        listener=listener,
        admission=admission,
    )
    assert isinstance(server, Server)  # noqa: S101 - we named the class
    return server


def application_entity(ae_title: str, max_pdu: int) -> ApplicationEntity:
    """An AE that names us as what we are."""
    ae = Entity(ae_title)
    ae.maximum_pdu_size = max_pdu
    ae.maximum_associations = sys.maxsize  # `Gate` counts those that are established, and only those
    ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    return ae
