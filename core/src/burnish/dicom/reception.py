"""Reception: everything that listens, put together, started and stopped.

with listen("127.0.0.1", 0) as listener:
    reception = Reception(server, storage, spool, orders, listener)
    reception.start()
    ...
    reception.stop(5.0)
"""

import socket
from collections.abc import Callable, Mapping

from burnish.dicom import workarounds
from burnish.dicom.association import Admission
from burnish.dicom.creation import Creation, creation_contexts
from burnish.dicom.dispatch import VERIFICATION, Dispatcher
from burnish.dicom.guard import Cut, Lobby, Tally
from burnish.dicom.ports import AetPolicy, Orders, Spool
from burnish.dicom.settings import ServerSettings, StorageSettings
from burnish.dicom.storage import Storage, storage_contexts
from burnish.dicom.transport import application_entity, make_server
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE


class Reception:
    """The DICOM side of a server on a socket that somebody else bound and keeps."""

    def __init__(
        self,
        server: ServerSettings,
        storage: StorageSettings,
        spool: Spool,
        orders: Orders,
        listener: socket.socket,
        aets: Mapping[str, AetPolicy] | None = None,
        stored: Callable[[], None] = lambda: None,
    ) -> None:
        """`stored` is called after each instance that became durable; `aets` None lets in every caller."""
        workarounds.configure()
        workarounds.hush_pydicom()
        dispatcher = Dispatcher(Storage(spool, orders, stored, aets).open, Creation(orders, aets).open)
        admission = Admission(
            ae_title=server.ae_title,
            callers=None if aets is None else frozenset(aets),
            lobby=Lobby(server.max_half_open, server.max_associations, server.max_per_address),
            tally=Tally(),
            contexts=accepted_contexts(storage),
            association_timeout=server.association_timeout,
            dimse_timeout=server.dimse_timeout,
            network_timeout=server.network_timeout,
            max_pdu=server.max_pdu,
            open=dispatcher.open,
        )
        ae = application_entity(server.ae_title, server.max_pdu)
        self._server = make_server(ae, listener, admission)

    @property
    def port(self) -> int:
        """The TCP port that is listened on."""
        return int(self._server.server_address[1])

    @property
    def associations(self) -> int:
        """How many connections there are, half-open ones too."""
        return len(self._server.active_associations)

    @property
    def cut(self) -> Mapping[Cut, int]:
        """How many connections were ended by us, by reason."""
        return self._server.admission.tally.counts

    def start(self) -> None:
        """Begin to accept associations; returns at once."""
        self._server.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Stop accepting, let messages that have begun be answered, then end every association.

        Returns within `timeout` seconds and a little more for cutting what is left.
        """
        self._server.stop(timeout)


def accepted_contexts(storage: StorageSettings) -> dict[str, tuple[str, ...]]:
    """What is negotiated: abstract syntax to accepted transfer syntaxes."""
    verification = {VERIFICATION: (EXPLICIT_VR_LE, IMPLICIT_VR_LE)}
    return storage_contexts(storage) | creation_contexts() | verification
