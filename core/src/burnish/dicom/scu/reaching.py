"""How an SCP is reached: address, PDUs, timeouts, TLS, and why it was not.

TLS is 1.2 or 1.3; the peer's certificate is checked and, unless that is given up, its name: PS3.15 B.12, the
BCP 195 profile. Units: seconds, bytes.
"""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext

from burnish.dicom import workarounds
from burnish.dicom.transport import application_entity
from burnish.errors import BurnishError, ConfigError
from burnish.terms import EXPLICIT_VR_LE, IMPLICIT_VR_LE

MAX_PDU: Final = 131_072
ANSWER_TIMEOUT: Final = 300.0
CONNECT_TIMEOUT: Final = 30.0
SYNTAXES: Final = (EXPLICIT_VR_LE, IMPLICIT_VR_LE)
_TRANSIENT: Final = 2
"""Result of an A-ASSOCIATE-RJ that may be otherwise later, PS3.8 Table 9-21."""


class ScuError(BurnishError):
    """An SCP did not do what it was asked, or was not reached."""

    def __init__(
        self,
        message: str,
        status: int | None = None,
        comment: str = "",
        *,
        lost: bool = False,
        soon: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        """The DIMSE status; None where there was no answer."""
        self.comment = comment
        """The SCP's Error Comment; empty where it sent none."""
        self.lost = lost
        """Whether it was asked and no answer came: nobody knows whether it did it."""
        self.soon = soon
        """Whether it was not asked, and may be reached later."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What TLS needs."""

    ca: Path | None = None
    """PEM; who vouches for the SCP. Absent: whom the machine trusts."""
    certificate: Path | None = None
    """PEM; ours, with the chain. Absent: we show none."""
    key: Path | None = None
    """PEM; of ours. Absent: it stands beside the certificate in the same file."""
    any_host: bool = False
    """Whether the certificate may be for another name than the one that was called."""

    def context(self) -> "NotingContext":
        """Raises ConfigError for a file that is none."""
        made = NotingContext(ssl.PROTOCOL_TLS_CLIENT)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.check_hostname = not self.any_host
        made.sslsocket_class = _NotingSocket
        try:
            if self.ca:
                made.load_verify_locations(self.ca)
            else:
                made.load_default_certs()
            if self.certificate:
                made.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ValueError) as error:
            files = ", ".join(str(one) for one in (self.ca, self.certificate, self.key) if one)
            raise ConfigError(f"TLS: {files} cannot be used: {error}") from error
        return made


class NotingContext(ssl.SSLContext):
    """Keeps why a handshake failed: pynetdicom keeps that to itself."""

    fault = ""


class _NotingSocket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError as error:
            if isinstance(self.context, NotingContext):
                self.context.fault = _reason(error)
            raise


def _reason(error: OSError) -> str:
    """What a person can act on."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return str(error.reason).replace("_", " ").lower() if isinstance(error, ssl.SSLError) else str(error)


@dataclass(frozen=True, slots=True)
class Reach:
    """One SCP, as one calling AE."""

    host: str
    port: int
    called: str
    calling: str = "BURNISH"
    max_pdu: int = MAX_PDU
    """Largest P-DATA PDU that the SCP is told to send."""
    answer_timeout: float = ANSWER_TIMEOUT
    connect_timeout: float = CONNECT_TIMEOUT
    syntaxes: tuple[str, ...] = SYNTAXES
    """Transfer syntaxes that are offered for media creation, the preferred first."""
    tls: TlsFiles | None = None

    @contextmanager
    def associated(self, contexts: Sequence[PresentationContext]) -> Iterator[Association]:
        """An association. Raises ScuError, ConfigError."""
        workarounds.configure()
        ae = application_entity(self.calling, self.max_pdu)
        ae.acse_timeout = ae.connection_timeout = self.connect_timeout
        ae.dimse_timeout = ae.network_timeout = self.answer_timeout
        context = self.tls.context() if self.tls else None
        association = ae.associate(
            self.host,
            self.port,
            list(contexts),
            ae_title=self.called,
            max_pdu=self.max_pdu,
            tls_args=(context, self.host) if context else None,
        )
        if not association.is_established:
            raise self._why_not(association, context.fault if context else "")
        try:
            yield association
        except (RuntimeError, ValueError) as error:
            raise ScuError(f"{self.called} cannot be asked: {error}") from error
        finally:
            association.release()

    def _why_not(self, association: Association, fault: str) -> ScuError:
        where = f"{self.called}@{self.host}:{self.port}"
        if fault:
            return ScuError(f"{where} was not reached over TLS: {fault}")
        if association.is_rejected:
            answer = association.acceptor.primitive
            reason = f" ({answer.result_str}: {answer.reason_str})" if answer else ""
            soon = answer is not None and answer.result == _TRANSIENT
            return ScuError(f"{where} rejected the association{reason}", soon=soon)
        if association.rejected_contexts or not association.is_aborted:
            return ScuError(f"{where} accepted none of the presentation contexts")
        return ScuError(f"{where} aborted the association, or nobody listens there", soon=True)
