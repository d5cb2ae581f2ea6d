"""The listening socket: adopted, not made, so that a restart of this process keeps port and backlog.

Whoever starts reception binds the socket and keeps it; this server works on a duplicate of it and closes
only that; both are non-blocking from then on. Each accepted
connection becomes a `ServerAssociation` with its two threads.
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
from burnish.dicom.workarounds import Entity
from burnish.terms import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

LOGGER = logging.getLogger(__name__)

BACKLOG: Final = 128
_ACCEPT_POLL: Final = 0.1
_OUT_OF_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE)


def listen(bind: str, port: int) -> socket.socket:
    """Bind and listen; port 0 takes a free one, see `getsockname()`. Raises OSError."""
    family = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
    return socket.create_server((bind, port), family=family, backlog=BACKLOG)


class Handler(RequestHandler):
    """Makes an association of an accepted socket."""

    server: "Server"

    def _create_association(self) -> Association:
        server, sock = self.server, self.request
        admission = server.admission
        association = ServerAssociation(server.ae, admission, server.forget)
        association._server = server
        association.name = f"association {self.client_address[0]}:{self.client_address[1]}"
        silence = admission.dimse_timeout.total_seconds()
        association.set_socket(Connection(association, sock, silence, admission.max_pdu))
        acceptor = association.acceptor
        acceptor.maximum_length = admission.max_pdu
        acceptor.ae_title = admission.ae_title
        acceptor.address_info = AddressInformation.from_tuple(server.server_address)
        acceptor.implementation_class_uid = server.ae.implementation_class_uid
        acceptor.implementation_version_name = server.ae.implementation_version_name
        acceptor.supported_contexts = server.contexts
        association.requestor.address_info = AddressInformation.from_tuple(self.client_address)
        server.remember(association)
        return association


class Server(AssociationServer):
    """Accepts connections until it is stopped."""

    def __init__(self, *args: Any, listener: socket.socket, admission: Admission, **kwargs: Any) -> None:
        self._listener = listener
        self.admission = admission
        self._associations: set[ServerAssociation] = set()
        self._lock = threading.Lock()
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

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; without a descriptor left, wait a moment instead of spinning."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _OUT_OF_DESCRIPTORS:
                LOGGER.warning("no descriptor is left for another connection")
                time.sleep(_ACCEPT_POLL)
            raise

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what a connection that could not be taken died of."""
        LOGGER.exception("connection from %s could not be taken", client_address)

    def service_actions(self) -> None:
        """Leave collecting garbage to Python: a full collection beside a socket takes milliseconds."""

    @property
    def active_associations(self) -> list[Association]:
        """Every association that has not ended, half-open ones too."""
        with self._lock:
            return list(self._associations)

    def remember(self, association: ServerAssociation) -> None:
        """Count an association among the active ones."""
        with self._lock:
            self._associations.add(association)

    def forget(self, association: ServerAssociation) -> None:
        """The association has ended."""
        with self._lock:
            self._associations.discard(association)

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
        while (left := self._left()) and time.monotonic() < end:
            for association in left:
                if not association.busy:
                    association.leave()
            time.sleep(0.02)
        self._cut()

    def _cut(self) -> None:
        for association in self._left():
            association.leave()
            association.cut()
        for association in self._left():
            association.join(1.0)

    def _left(self) -> list[ServerAssociation]:
        with self._lock:
            return list(self._associations)


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
