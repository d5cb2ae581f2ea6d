"""What pynetdicom 3.0.4 gets wrong for us, each in one place with its reason.

Where a whole provider is ours (`connection`, `association`, `messages`), its faults are gone with it:
unbounded reads and queues, UIDs that nobody checks, N-SET and N-DELETE answered by an abort, statuses
passed on unseen. What is left is here.
"""

import logging
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ssl import SSLContext
from typing import Any

from pynetdicom import _config, evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.timer import Timer
from pynetdicom.transport import AddressInformation, AssociationSocket


def configure() -> None:
    """Set what is global to the process.

    * Its own log handlers format every PDU and message, whether or not anybody listens.
    * It logs an exception, with its traceback, for each thing that a peer does wrong; we count such things
      and say them once.
    * A file given to C-STORE is decoded and encoded again unless it is told to send it as it is.
    """
    _config.LOG_HANDLER_LEVEL = "none"
    _config.STORE_SEND_CHUNKED_DATASET = True
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)


def hush_pydicom() -> None:
    """Keep pydicom from writing every odd value of a peer to log and stderr: an attack would fill the disk.

    It does so for each UID of an A-ASSOCIATE-RQ, twice. What a value is worth is decided and told by us.
    """
    logging.getLogger("pydicom").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"pydicom\.")


def close_socket(sock: socket.socket) -> None:
    """Shut a socket down and close it, whatever state it is in.

    `AssociationSocket` skips the close where the shutdown fails, as it does once the peer has gone: the
    descriptor stays open until the garbage collector comes by.
    """
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


class MonotonicTimer(Timer):
    """A timer that no change of the wall clock stops or sets off; the one it replaces reads that clock."""

    def __init__(self, timeout: float | None) -> None:
        super().__init__(timeout)
        self._started: float | None = None
        self._stopped: float | None = None

    @property
    def expired(self) -> bool:
        """Whether more than `timeout` seconds have passed since it was started."""
        return self._started is not None and self.remaining < 0

    @property
    def remaining(self) -> float:
        """Seconds that are left; 1 where the timeout is None, which is for ever."""
        if self.timeout is None:
            return 1
        if self._started is None:
            return self.timeout
        return self.timeout - ((self._stopped or time.monotonic()) - self._started)

    def start(self) -> None:
        """Begin anew."""
        self._started, self._stopped = time.monotonic(), None

    def stop(self) -> None:
        """Stop where it is."""
        self._stopped = time.monotonic()


class ClosingSocket(AssociationSocket):
    """The socket of an association that we request: closed when it is closed, and without Nagle's wait."""

    def _create_socket(self, address: AddressInformation) -> socket.socket:
        sock = super()._create_socket(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _shutdown_socket(self) -> None:
        if self.socket:
            close_socket(self.socket)


class AskingProvider(DIMSEServiceProvider):
    """The DIMSE provider of an association that we request: an answer goes to whoever waits for it.

    The association's own thread looks for messages too, and pauses while something is being asked; but it
    says that it pauses a moment before it does, and in that moment takes an answer that came quickly. Whoever
    asked then waits for ever: on a busy machine, one of some hundred. It has nothing to look for here.
    """

    def get_msg(self, block: bool = False) -> tuple[Any, Any]:
        """Return the next message where it is waited for."""
        return super().get_msg(block=True) if block else (None, None)


class Entity(ApplicationEntity):
    """An AE whose requested associations use `ClosingSocket` and `AskingProvider`."""

    def _create_socket(
        self, assoc: Association, address: AddressInformation, tls_args: tuple[SSLContext, str] | None
    ) -> AssociationSocket:
        assoc.dimse = AskingProvider(assoc)
        sock = ClosingSocket(assoc, address=address)
        sock.tls_args = tls_args
        return sock


@contextmanager
def assigned_uid(association: Association) -> Iterator[list[str]]:
    """Collect the Affected SOP Instance UIDs of responses that arrive meanwhile.

    `send_n_create` returns status and attributes, but not the UID that an SCP assigned; it is to be seen
    only in the message as it was received.
    """
    seen: list[str] = []

    def note(event: evt.Event) -> None:
        uid = event.message.command_set.get("AffectedSOPInstanceUID")
        if uid:
            seen.append(str(uid))

    association.bind(evt.EVT_DIMSE_RECV, note)
    try:
        yield seen
    finally:
        association.unbind(evt.EVT_DIMSE_RECV, note)
