"""A volume as an S/MIME message: an archive that its recipients alone can open, as mail programs do it.

    headers  base64( EnvelopedData( [ headers base64( SignedData( ]  headers base64( the archive ) ) ) )

Source: RFC 8551 3.3 and 3.4 (enveloped, signed), RFC 2045 (MIME), PS3.12 V and W, PS3.15 (secure e-mail).
"""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_binary_file
from email.message import Message
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from burnish.contracts import VolumeFacts
from burnish.errors import Mismatch, UnreadableMedium
from burnish.fileset.reading import OnMedium
from burnish.fileset.seal import der
from burnish.fileset.seal.der import Malformed, Reader
from burnish.fileset.seal.opening import Keys, check_signature, unsealed
from burnish.fileset.seal.sealing import Sealer
from burnish.recipe import Base64, Encoded, Extent, Literal, Recipe

SUFFIX: Final = ".eml"
_LARGEST: Final = 1 << 32
"""Bytes of a message that is read."""
_PKCS7: Final = "application/pkcs7-mime; smime-type={kind}; name=smime.p7m"


def message(archive: Recipe, facts: VolumeFacts, sealer: Sealer) -> Recipe:
    """A message around an archive. Where there is a signer, the archive is read once for the signature."""
    entity = _entity("application/zip; name=DICOM.ZIP", "DICOM.ZIP", archive.extents)
    envelope = sealer.envelope
    if envelope.signer:
        signed = envelope.signed(entity, sealer.digest(entity))
        entity = _entity(_PKCS7.format(kind="signed-data"), "smime.p7m", signed)
    enveloped = envelope.around_data(entity)
    head = "".join(
        (
            f"Date: {format_datetime(facts.made)}\r\n",
            f"Subject: DICOM file-set {facts.identifier}\r\n",
            f"Message-ID: <{facts.token}@burnish.invalid>\r\n",
            "MIME-Version: 1.0\r\n",
        )
    )
    content = _entity(_PKCS7.format(kind="enveloped-data"), "smime.p7m", enveloped)
    return Recipe((Literal(head.encode("ascii")), *content), archive.sources)


def _entity(content_type: str, name: str, content: tuple[Extent, ...]) -> tuple[Extent, ...]:
    head = (
        f"Content-Type: {content_type}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment; filename={name}\r\n\r\n"
    )
    return (Literal(head.encode("ascii")), Encoded(Base64(), content))


@contextmanager
def opened(path: Path, keys: Keys | None) -> Iterator[Path]:
    """The archive within a message, in a temporary file. Raises UnreadableMedium.

    What is no message is given as it is.
    """
    if not _is_message(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "DICOM.ZIP")
        if keys is None:
            raise UnreadableMedium("it is a sealed message; whoever has a key can look into it (--key)")
        try:
            archive.write_bytes(_archive(path, keys))
        except (OSError, ValueError, Malformed, Mismatch) as error:
            raise UnreadableMedium(f"the message cannot be opened: {error}") from error
        yield archive


def _is_message(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b"pkcs7-mime" in file.read(4096)


def _archive(path: Path, keys: Keys) -> bytes:
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST} bytes")
    with path.open("rb") as file:
        entity = message_from_binary_file(file)
    entity = _parsed(unsealed(_on_medium(_payload(entity)), keys))
    if entity.get_content_type() == "application/pkcs7-mime":
        entity = _parsed(_signed(_payload(entity)))
    return _payload(entity)


def _payload(entity: Message) -> bytes:
    found = entity.get_payload(decode=True)
    if not isinstance(found, bytes):
        raise ValueError("it has several parts")
    return found


def _parsed(data: bytes) -> Message:
    stream: IO[bytes] = io.BytesIO(data)
    return message_from_binary_file(stream)


def _on_medium(data: bytes) -> OnMedium:
    return OnMedium(("smime.p7m",), len(data), 0, lambda: io.BytesIO(data))


def _signed(data: bytes) -> bytes:
    """What a SignedData holds. Raises Mismatch where the signature does not hold."""
    body = Reader(data).enter(der.SEQUENCE)
    body.take(der.OID)
    body = body.enter(0xA0).enter(der.SEQUENCE)
    body.take(der.INTEGER)
    body.take(der.SET)
    content = body.enter(der.SEQUENCE)
    content.take(der.OID)
    plain = content.enter(0xA0).take(der.OCTETS)
    check_signature(body, sha256(plain).digest())
    return plain
