"""An accepted association: who may have one, for which contexts, and how it ends.

Two threads each: the upper layer reads and writes PDUs and fills tasks; the association's own finishes
tasks and answers. `end` is reached on every way out and within bounded time, even where the upper layer
waits for a peer that has fallen silent.

Source: PS3.8 9.3.4 (rejections), 9.3.2 (contexts), PS3.7 D.3.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast

from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.acse import ACSE
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import A_ASSOCIATE

from burnish.dicom.commands import Command, ProtocolError
from burnish.dicom.connection import Connection, UpperLayer
from burnish.dicom.dispatch import conclude, settled_duplicate
from burnish.dicom.guard import Cut, Lobby, Tally
from burnish.dicom.messages import Call, Receiver, Request, Task
from burnish.terms import EXPLICIT_VR_LE

LOGGER = logging.getLogger(__name__)

LINGER: Final = 1.0
"""Seconds that an association which ends may take to tell its peer so."""

Rejection = tuple[int, int, int]
"""Result, source and reason, PS3.8 Table 9-21."""
CALLED_NOT_RECOGNISED: Final = (1, 1, 7)
CALLING_NOT_RECOGNISED: Final = (1, 1, 3)
NO_REASON: Final = (1, 1, 1)
_LEAST_PDU: Final = 7
"""A PDV's length, context ID and control header, and one byte."""
CONGESTION: Final = (2, 3, 1)


@dataclass(frozen=True)
class Admission:
    """Who is let in, and to what."""

    ae_title: str
    callers: frozenset[str] | None
    """Calling AE titles; None lets in every one."""
    lobby: Lobby["ServerAssociation"]
    tally: Tally
    contexts: Mapping[str, Sequence[str]]
    """Abstract syntax to transfer syntaxes that are accepted for it."""
    association_timeout: timedelta
    dimse_timeout: timedelta
    network_timeout: timedelta
    max_pdu: int
    open: Callable[[Call], Task]
    """Decide what becomes of a request. Raises nothing but ProtocolError."""


class Gate(ACSE):
    """Negotiation as the acceptor: our own reasons to reject, our own choice of transfer syntax."""

    assoc: "ServerAssociation"

    def _negotiate_as_acceptor(self) -> None:
        proposal = cast(A_ASSOCIATE, self.requestor.primitive)
        if rejection := self._rejection(proposal):
            self.assoc.admission.tally.note(Cut.REJECTED, proposal.calling_ae_title or "", str(rejection))
            self.send_reject(*rejection)
            self.assoc.kill()
            return
        narrow(proposal, self.assoc.admission.contexts)
        super()._negotiate_as_acceptor()

    def _rejection(self, proposal: A_ASSOCIATE) -> Rejection | None:
        admission = self.assoc.admission
        callers = admission.callers
        if (proposal.called_ae_title or "").strip() != admission.ae_title:
            return CALLED_NOT_RECOGNISED
        if callers is not None and (proposal.calling_ae_title or "").strip() not in callers:
            return CALLING_NOT_RECOGNISED
        if not _of_use(proposal, self.requestor.maximum_length or 0):
            return NO_REASON
        return None if admission.lobby.admit(self.assoc) else CONGESTION


def _of_use(proposal: A_ASSOCIATE, max_length: int) -> bool:
    """At least one context, and a PDU length that holds a fragment at all; 0 is no limit, PS3.8 D.1.1."""
    return bool(proposal.presentation_context_definition_list) and not 0 < max_length < _LEAST_PDU


def narrow(proposal: A_ASSOCIATE, supported: Mapping[str, Sequence[str]]) -> None:
    """Leave each proposed context the one transfer syntax that we choose, where there is one.

    pynetdicom takes the acceptor's first; we take Explicit VR Little Endian, else the requestor's first.
    """
    for context in proposal.presentation_context_definition_list:
        accepted = supported.get(str(context.abstract_syntax), ())
        offered = [str(syntax) for syntax in context.transfer_syntax if syntax in accepted]
        if offered:
            chosen = EXPLICIT_VR_LE if EXPLICIT_VR_LE in offered else offered[0]
            context.transfer_syntax = [chosen]


class ServerAssociation(Association):
    """One peer, from its connection to its end."""

    def __init__(self, ae: ApplicationEntity, admission: Admission) -> None:
        super().__init__(ae, MODE_ACCEPTOR)
        self.admission = admission
        self.acse = Gate(self)
        self.dul = UpperLayer(self, admission.tally)
        self.dimse: Receiver = Receiver(self, self._open, admission.dimse_timeout.total_seconds())
        self.acse_timeout = admission.association_timeout.total_seconds()
        self.dimse_timeout = admission.dimse_timeout.total_seconds()
        self.network_timeout = admission.network_timeout.total_seconds()

    @property
    def ae_title(self) -> str:
        """The calling AE title; empty before it has asked."""
        return (self.requestor.ae_title or "").strip()

    @property
    def busy(self) -> bool:
        """Whether it is in the midst of a message."""
        return self.dimse.busy

    @property
    def keeps_us_waiting(self) -> bool:
        """Whether its request for an association has not come, and nothing of it waits to be read."""
        socket = self.dul.socket
        if self.dul.state_machine.current_state not in ("Sta1", "Sta2") or not isinstance(socket, Connection):
            return False
        try:
            return not socket.readable
        except ValueError:  # it has just ended
            return False

    def run_reactor(self) -> None:
        """Wait for the A-ASSOCIATE request, negotiate, serve, end."""
        try:
            self.dul.start()
            self._started_dul = True
            self._dul_ready.wait()
            proposal = self.dul.receive_pdu(wait=True, timeout=self.acse_timeout)
            if isinstance(proposal, A_ASSOCIATE):
                self._converse(proposal)
            elif proposal is None:
                self.admission.tally.note(Cut.TOO_SLOW, self.name, "asked for no association")
        except Exception as error:  # noqa: BLE001 - the peer is cut off, whatever it was
            self.admission.tally.note(Cut.FAULT, self.ae_title, "the association failed", error)
        finally:
            self.end()

    def _converse(self, proposal: A_ASSOCIATE) -> None:
        self.requestor.primitive = proposal
        self.acse.negotiate_association()
        if self.is_established:
            LOGGER.debug("association with %s established", self.ae_title)
            self._run_reactor()

    def _open(self, context_id: int, command: Command, duplicate: bool) -> tuple[Call, Task]:
        context = self._accepted_cx.get(context_id)
        if context is None:
            raise ProtocolError(f"presentation context {context_id} was not accepted")
        call = Call(command, str(context.abstract_syntax), str(context.transfer_syntax[0]), self.ae_title)
        return call, settled_duplicate() if duplicate else self.admission.open(call)

    def _serve_request(self, msg: Any, context_id: int) -> None:
        request = cast(Request, msg)
        try:
            answer = conclude(request.call, request.task)
        finally:
            request.task.abandon()
        self.dimse.respond(request, answer)
        self.dul._idle_timer.restart()  # what we took ourselves is not the peer's silence

    def kill(self) -> None:
        """End both threads; where the upper layer does not come back by itself, cut the connection."""
        self._reactor_checkpoint.set()
        self._kill = True
        self.is_established = False
        end = time.monotonic() + LINGER
        while self.dul.is_alive() and not self.dul.stop_dul():
            if time.monotonic() > end:
                self.cut()
                self.dul.join(LINGER)
                return
            time.sleep(0.005)

    def leave(self) -> None:
        """Ask an association to end; safe to repeat, from any thread.

        Its peer is told, unless that has to wait for the rest of a PDU.
        """
        if self.is_established and not self._kill:
            self.acse.send_abort(0x00)
            self._kill = True
        if not self._can_tell:
            self.cut()

    @property
    def _can_tell(self) -> bool:
        socket = self.dul.socket
        return self.is_aborted and isinstance(socket, Connection) and not socket.reading

    def cut(self) -> None:
        """End the connection at once."""
        if isinstance(self.dul.socket, Connection):
            self.dul.socket.cut()

    def end(self) -> None:
        """Stop, undo what is half done, give back socket and place."""
        self.kill()
        self.dimse.abandon()
        if self.dul.socket:
            self.dul.socket._shutdown_socket()
        self.admission.lobby.leave(self)
