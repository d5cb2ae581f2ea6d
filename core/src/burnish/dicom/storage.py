"""C-STORE: which classes and transfer syntaxes are accepted, and each instance's way into the spool.

Source: PS3.4 Annex B and GG, PS3.6 Table A-1.
"""

from collections.abc import Callable, Mapping
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.uid import AllTransferSyntaxes
from pynetdicom.presentation import AllStoragePresentationContexts

from burnish.dicom.commands import Answer
from burnish.dicom.messages import Call
from burnish.dicom.ports import AetPolicy, Incoming, Orders, Spool
from burnish.dicom.settings import StorageSettings
from burnish.errors import Refused
from burnish.instances.spool import Arrival
from burnish.terms import DEFLATED, EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE, DimseStatus

_STORAGE_ROOT: Final = "1.2.840.10008.5.1.4."
_FIRST: Final = (EXPLICIT_VR_LE, IMPLICIT_VR_LE)
_LEFT_OUT: Final = frozenset(
    {DEFLATED, "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.204", "1.2.840.10008.1.2.4.205"}
)
"""Not offered unless asked for: Deflated and JPIP Referenced Deflate inflate without limit, and the JPIP
ones refer to pixels that stay with the sender."""


def storage_classes() -> tuple[str, ...]:
    """UIDs of every storage SOP class that pydicom or pynetdicom knows, retired ones too."""
    named = {str(uid) for uid, entry in UID_dictionary.items() if _is_storage(str(uid), entry[0], entry[1])}
    listed = {str(context.abstract_syntax) for context in AllStoragePresentationContexts}
    return tuple(sorted(named | listed))


def _is_storage(uid: str, name: str, kind: str) -> bool:
    return kind == "SOP Class" and uid.startswith(_STORAGE_ROOT) and "Storage" in name


def transfer_syntaxes() -> tuple[str, ...]:
    """UIDs of what is accepted by default: Explicit VR Little Endian first, big endian last."""
    known = [str(uid) for uid in AllTransferSyntaxes]
    middle = [uid for uid in known if uid not in {*_FIRST, EXPLICIT_VR_BE, *_LEFT_OUT}]
    return (*_FIRST, *middle, EXPLICIT_VR_BE)


def storage_contexts(settings: StorageSettings) -> dict[str, tuple[str, ...]]:
    """What is negotiated: SOP Class UID to accepted transfer syntaxes."""
    classes = storage_classes() if settings.sop_classes == "all" else settings.sop_classes
    chosen = settings.transfer_syntaxes
    syntaxes = transfer_syntaxes() if chosen == "default" else tuple(chosen)
    return dict.fromkeys(classes, syntaxes)


class Storage:
    """The Storage service of a server."""

    def __init__(
        self,
        spool: Spool,
        orders: Orders,
        stored: Callable[[], None] = lambda: None,
        aets: Mapping[str, AetPolicy] | None = None,
    ) -> None:
        self._aets = aets or {}
        self._spool = spool
        self._orders = orders
        self._stored = stored

    def open(self, call: Call) -> "Deposit":
        """Make room for the instance that follows. Raises Refused, OSError."""
        if not self._orders.may(call.ae, "store"):
            raise Refused(f"{call.ae} may not store", DimseStatus.NOT_AUTHORISED)
        if not call.command.has_data:
            raise Refused("a C-STORE without a data set", DimseStatus.CANNOT_UNDERSTAND)
        arrival = Arrival(
            sop_class=call.command.sop_class,
            sop_instance=call.command.sop_instance or "",
            transfer_syntax=call.transfer_syntax,
            calling_ae=call.ae,
            assumed=self._assumed(call.ae),
        )
        return Deposit(self._spool.begin(arrival), self._stored)

    def _assumed(self, ae: str) -> bytes:
        policy = self._aets.get(ae)
        return (policy.assume_character_set or "").encode() if policy else b""


class Deposit:
    """One instance on its way in. After the first failure the rest is dropped, and told at the end."""

    def __init__(self, incoming: Incoming, stored: Callable[[], None]) -> None:
        self._incoming = incoming
        self._stored = stored
        self._failure: Exception | None = None

    def write(self, fragment: bytes | memoryview) -> None:
        """Hand the bytes to the spool. Raises nothing: the peer would not listen before its last fragment."""
        if self._failure or not fragment:
            return
        try:
            self._incoming.write(fragment)
        except Exception as error:  # noqa: BLE001 - told by `finish`, whatever it is
            self._failure = error
            self._incoming.abandon()

    def finish(self) -> Answer:
        """Make the instance durable. Raises what went wrong since `open`."""
        if self._failure:
            raise self._failure
        self._incoming.commit()
        self._stored()
        return Answer()

    def abandon(self) -> None:
        """Forget an instance that is not whole."""
        self._incoming.abandon()
