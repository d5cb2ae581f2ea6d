"""From fragments to requests: what a message may cost, and where its data set goes while it arrives.

A message is a command set and perhaps a data set, each cut into fragments (PS3.8 Annex E.2: bit 0 of the
control header tells command from data, bit 1 the last fragment). Nothing is joined here. When the
command set is whole, a *task* is opened for it; each data fragment goes straight to that task, on the
thread that reads the socket: while a disk writes, nobody reads, and the peer feels it. When the message
is whole, the task waits for the association's own thread, which finishes it and sends the answer.

At most `WINDOW` whole messages wait; the socket is not read beyond that.
"""

import queue
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.pdu_primitives import P_DATA

from burnish.dicom.commands import Answer, Command, Operation, ProtocolError, parse_command, write_response
from burnish.dicom.guard import Abort, Patience, PduError

COMMAND_CAP: Final = 64 << 10
"""Bytes of a command set; a real one has some two hundred."""
WINDOW: Final = 2
_GRACE: Final = 0.5
"""Seconds of silence within a message after which nobody waits for it where the server ends."""
_COMMAND, _LAST = 1, 2
_PDV_OVERHEAD: Final = 6
_UNLIMITED: Final = 131_072
"""What we send at most to a peer that sets no limit."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and under which conditions it was made."""

    command: Command
    abstract_syntax: str
    transfer_syntax: str
    ae: str
    """The calling AE title."""


class Task(Protocol):
    """What becomes of one request. Used in the order of its methods; `abandon` at any time."""

    @abstractmethod
    def write(self, fragment: bytes | memoryview) -> None:
        """Take the next bytes of the data set. Raises nothing but ProtocolError: refusals wait."""

    @abstractmethod
    def finish(self) -> Answer:
        """Do what was asked. Raises Refused; anything else is a fault of ours."""

    @abstractmethod
    def abandon(self) -> None:
        """The association broke: undo. Safe to repeat, and after `finish` without effect."""


@dataclass(frozen=True, slots=True)
class Request:
    """A message that is whole, or becoming so."""

    call: Call
    context_id: int
    task: Task


Open = Callable[[int, Command, bool], tuple[Call, Task]]
"""(context id, command, whether its message ID is in use) to what becomes of it. Raises ProtocolError."""


class Receiver(DIMSEServiceProvider):
    """The DIMSE provider of an accepted association, in place of one that keeps all it is sent."""

    def __init__(self, association: Association, opener: Open, patience: float) -> None:
        """`patience`: seconds that a peer may be silent within a message, see `guard.Patience`."""
        super().__init__(association)
        self._open = opener
        self._patience = Patience(patience)
        self._command = bytearray()
        self._context_id: int | None = None
        self._arriving: Request | None = None
        self._whole: queue.Queue[Request] = queue.Queue(WINDOW)
        self._outstanding: set[int] = set()

    @property
    def busy(self) -> bool:
        """Whether a message waits for its answer, or has begun to arrive and goes on doing so."""
        unanswered = len(self._outstanding) > (self._arriving is not None)
        arrives = self._context_id is not None and not self._patience.silent(_GRACE)
        return unanswered or arrives

    @property
    def overdue(self) -> bool:
        """Whether the peer has begun a message and takes too long for the rest of it."""
        return self._patience.over

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take the fragments of one P-DATA. Raises ProtocolError."""
        fragments = primitive.presentation_data_value_list
        if not fragments:
            raise PduError("a P-DATA without a fragment", Abort.INVALID_PARAMETER)
        self._patience.pause(sum(max(0, len(data) - 1) for _, data in fragments))  # a header earns nothing
        for context_id, data in fragments:
            self._take(context_id, data)
        self.assoc.dul._idle_timer.restart()  # the time that we took is not the peer's silence
        self._await_more()

    def _await_more(self) -> None:
        if self._context_id is None:
            self._patience.renew()
        else:
            self._patience.resume()

    def _take(self, context_id: int, data: bytes) -> None:
        if not data:
            raise PduError("a fragment without a control header", Abort.INVALID_PARAMETER)
        if self._context_id not in (None, context_id):
            raise ProtocolError("fragments of two messages are mixed")
        self._context_id = context_id
        last, fragment = bool(data[0] & _LAST), memoryview(data)[1:]
        if data[0] & _COMMAND:
            self._take_command(context_id, fragment, last)
        else:
            self._take_data(fragment, last)

    def _take_command(self, context_id: int, fragment: memoryview, last: bool) -> None:
        if self._arriving:
            raise ProtocolError("a command set where a data set is due")
        if len(self._command) + len(fragment) > COMMAND_CAP:
            raise ProtocolError(f"a command set of more than {COMMAND_CAP} bytes")
        self._command += fragment
        if last:
            command = parse_command(bytes(self._command))
            self._begin(context_id, command)

    def _begin(self, context_id: int, command: Command) -> None:
        if command.operation is Operation.C_CANCEL:  # nothing that we do is cancelled by it
            self._reset()
            return
        call, task = self._open(context_id, command, command.message_id in self._outstanding)
        self._outstanding.add(command.message_id)
        self._arriving = Request(call, context_id, task)
        self._command.clear()
        if not command.has_data:
            self._complete()

    def _take_data(self, fragment: memoryview, last: bool) -> None:
        if self._arriving is None:
            raise ProtocolError("a data set without a command set")
        self._arriving.task.write(fragment)
        if last:
            self._complete()

    def _complete(self) -> None:
        request = self._arriving
        assert request  # noqa: S101 - a fault of ours
        while not self.assoc._kill:
            try:
                self._whole.put(request, timeout=0.1)
            except queue.Full:
                continue
            self._reset()
            return

    def _reset(self) -> None:
        self._command.clear()
        self._context_id = None
        self._arriving = None

    def get_msg(self, block: bool = False) -> tuple[Any, Any]:
        """Return the next whole request with its context ID, or (None, None)."""
        try:
            request = self._whole.get(block=block, timeout=self.dimse_timeout)
        except queue.Empty:
            return None, None
        return request.context_id, request

    def respond(self, request: Request, answer: Answer) -> None:
        """Send the answer to a request."""
        command = request.call.command
        self._outstanding.discard(command.message_id)
        limit = (self.maximum_pdu_size or _UNLIMITED) - _PDV_OVERHEAD
        parts = [(_COMMAND, write_response(command, answer)), (0, answer.data)]
        for kind, encoded in parts:
            for control, fragment in _fragments(encoded, limit):
                primitive = P_DATA()
                value = bytes([kind | control]) + fragment
                primitive.presentation_data_value_list.append((request.context_id, value))
                self.dul.send_pdu(primitive)

    def abandon(self) -> None:
        """Undo what is under way. Call it when nothing is received any more."""
        if self._arriving:
            self._arriving.task.abandon()
        while True:
            try:
                self._whole.get_nowait().task.abandon()
            except queue.Empty:
                return


def _fragments(encoded: bytes, limit: int) -> Iterator[tuple[int, bytes]]:
    for start in range(0, len(encoded), limit):
        last = start + limit >= len(encoded)
        yield (_LAST if last else 0), encoded[start : start + limit]
