"""Cryptographic Message Syntax around a content of known length, for the layout of a volume.

    EnvelopedData (AES-256-CBC; RSA recipients, or a password)
        DigestedData or SignedData (SHA-256)
            the file

Source: RFC 5652 (CMS), RFC 3565 (AES), RFC 3560 (RSAES-OAEP), RFC 3211 (password recipients), RFC 8018
(PBKDF2), PS3.15 D.1.2.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import pbkdf2_hmac
from pathlib import Path
from typing import Any, Final

from burnish.errors import ConfigError
from burnish.fileset.seal import der
from burnish.fileset.seal.der import NULL, context, header, integer, octets, oid, sequence, set_of
from burnish.fileset.seal.settings import SecuritySettings
from burnish.recipe import AesCbc, Encoded, Extent, Literal

DATA: Final = "1.2.840.113549.1.7.1"
SIGNED: Final = "1.2.840.113549.1.7.2"
ENVELOPED: Final = "1.2.840.113549.1.7.3"
DIGESTED: Final = "1.2.840.113549.1.7.5"
SHA_256: Final = "2.16.840.1.101.3.4.2.1"
AES_256_CBC: Final = "2.16.840.1.101.3.4.1.42"
RSA: Final = "1.2.840.113549.1.1.1"
RSA_OAEP: Final = "1.2.840.113549.1.1.7"
MGF1: Final = "1.2.840.113549.1.1.8"
PBKDF2: Final = "1.2.840.113549.1.5.12"
HMAC_SHA_256: Final = "1.2.840.113549.2.9"
PWRI_KEK: Final = "1.2.840.113549.1.9.16.3.9"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
ROUNDS: Final = 600_000
"""Of PBKDF2, what OWASP asks of HMAC-SHA-256."""
_KEY: Final = 32
_VECTOR: Final = 16
_SHORTEST: Final = 8


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody with a certificate."""

    name: bytes
    """Issuer and serial number, DER."""
    key: Any
    """RSA public key."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Whoever signs."""

    certificate: bytes
    """DER."""
    name: bytes
    """Issuer and serial number, DER."""
    key: Any
    """RSA private key."""


@dataclass(frozen=True)
class Envelope:
    """For whom files are sealed, and by whom. One password key serves all files of a volume."""

    recipients: Sequence[Recipient]
    password: str = ""
    signer: Signer | None = None
    oaep: bool = False

    def around(self, content: Sequence[Extent], digest: bytes) -> tuple[Extent, ...]:
        """Extents of a sealed file: `digest` is the SHA-256 of `content`. Keys are new each time."""
        length = sum(extent.length for extent in content)
        before, after = self._inside(length, digest)
        inner = (Literal(before), *content, Literal(after))
        codec = AesCbc(os.urandom(_KEY), os.urandom(_VECTOR))
        enciphered = Encoded(codec, inner)
        kind = SIGNED if self.signer else DIGESTED
        return (Literal(self._outside(codec, kind, enciphered.length)), enciphered)

    def around_data(self, content: Sequence[Extent]) -> tuple[Extent, ...]:
        """Extents of an EnvelopedData whose content is data: a MIME entity of S/MIME (RFC 8551 3.3)."""
        codec = AesCbc(os.urandom(_KEY), os.urandom(_VECTOR))
        enciphered = Encoded(codec, tuple(content))
        return (Literal(self._outside(codec, DATA, enciphered.length)), enciphered)

    def signed(self, content: Sequence[Extent], digest: bytes) -> tuple[Extent, ...]:
        """Extents of a ContentInfo with SignedData around `content`. There must be a signer."""
        length = sum(extent.length for extent in content)
        before, after = self._inside(length, digest)
        size = len(before) + length + len(after)
        start = oid(SIGNED) + header(0xA0, size)
        return (Literal(header(der.SEQUENCE, len(start) + size) + start + before), *content, Literal(after))

    def _inside(self, length: int, digest: bytes) -> tuple[bytes, bytes]:
        """What stands before and after a content in DigestedData or SignedData."""
        string = header(der.OCTETS, length)
        explicit = header(0xA0, len(string) + length)
        kind = oid(DATA)
        start = (
            header(der.SEQUENCE, len(kind) + len(explicit) + len(string) + length) + kind + explicit + string
        )
        algorithm = sequence(oid(SHA_256), NULL)
        if self.signer:
            first, after = integer(1) + set_of([algorithm]), self._signature(self.signer, algorithm, digest)
        else:
            first, after = integer(0) + algorithm, octets(digest)
        size = len(first) + len(start) + length + len(after)
        return header(der.SEQUENCE, size) + first + start, after

    @staticmethod
    def _signature(signer: Signer, algorithm: bytes, digest: bytes) -> bytes:
        """Certificates and SignerInfos of a SignedData."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        attributes = [
            sequence(oid(CONTENT_TYPE), set_of([oid(DATA)])),
            sequence(oid(MESSAGE_DIGEST), set_of([octets(digest)])),
        ]
        signature = signer.key.sign(set_of(attributes), padding.PKCS1v15(), hashes.SHA256())
        info = sequence(
            integer(1),
            signer.name,
            algorithm,
            context(0, *sorted(attributes)),
            sequence(oid(RSA), NULL),
            octets(signature),
        )
        return context(0, signer.certificate) + set_of([info])

    def _outside(self, codec: AesCbc, kind: str, length: int) -> bytes:
        """Everything before the enciphered content."""
        infos = [self._for_recipient(one, codec.key) for one in self.recipients]
        if self.password:
            infos.append(self._for_password(codec.key))
        version = integer(3 if self.password else 0)
        string = header(0x80, length)  # [0] IMPLICIT OCTET STRING
        algorithm = sequence(oid(AES_256_CBC), octets(codec.vector))
        start = oid(kind) + algorithm + string
        content = header(der.SEQUENCE, len(start) + length) + start
        body = version + set_of(infos) + content
        data = header(der.SEQUENCE, len(body) + length) + body
        info = oid(ENVELOPED) + header(0xA0, len(data) + length) + data
        return header(der.SEQUENCE, len(info) + length) + info

    def _for_recipient(self, recipient: Recipient, key: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        if self.oaep:
            digest = sequence(oid(SHA_256), NULL)
            mask = sequence(oid(MGF1), digest)
            algorithm = sequence(oid(RSA_OAEP), sequence(context(0, digest), context(1, mask)))
            made = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
            enciphered = recipient.key.encrypt(key, made)
        else:
            algorithm = sequence(oid(RSA), NULL)
            enciphered = recipient.key.encrypt(key, padding.PKCS1v15())
        return sequence(integer(0), recipient.name, algorithm, octets(enciphered))

    @cached_property
    def _password_key(self) -> tuple[bytes, bytes]:
        """A salt, and the key that it and the password make."""
        salt = os.urandom(_VECTOR)
        return salt, pbkdf2_hmac("sha256", self.password.encode("ascii"), salt, ROUNDS, _KEY)

    def _for_password(self, key: bytes) -> bytes:
        salt, wrapping = self._password_key
        parameters = (octets(salt), integer(ROUNDS), integer(_KEY), sequence(oid(HMAC_SHA_256), NULL))
        derivation = context(0, oid(PBKDF2), sequence(*parameters))
        vector = os.urandom(_VECTOR)
        wrap = sequence(oid(PWRI_KEK), sequence(oid(AES_256_CBC), octets(vector)))
        return context(3, integer(0), derivation, wrap, octets(wrapped(key, wrapping, vector)))


def wrapped(key: bytes, wrapping: bytes, vector: bytes) -> bytes:
    """A content key wrapped as RFC 3211 2.3.1 says: with a length and a check, enciphered twice in one go."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    block = bytes([len(key)]) + bytes(byte ^ 0xFF for byte in key[:3]) + key
    block += os.urandom(-len(block) % _VECTOR)
    cipher = Cipher(algorithms.AES(wrapping), modes.CBC(vector)).encryptor()
    return bytes(cipher.update(cipher.update(block)))


def unwrapped(data: bytes, wrapping: bytes, vector: bytes) -> bytes:
    """The key that `wrapped` wrapped. Raises ValueError where it was another password."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    if len(data) < 2 * _VECTOR or len(data) % _VECTOR:
        raise ValueError("a wrapped key has no whole blocks")

    def opened(start: bytes, blocks: bytes) -> bytes:
        return bytes(Cipher(algorithms.AES(wrapping), modes.CBC(start)).decryptor().update(blocks))

    last = opened(data[-2 * _VECTOR : -_VECTOR], data[-_VECTOR:])
    block = opened(vector, opened(last, data))
    key = block[4 : 4 + block[0]]
    if len(key) != block[0] or bytes(byte ^ 0xFF for byte in key[:3]) != block[1:4]:
        raise ValueError("the password is another one")
    return key


def envelope_of(settings: SecuritySettings, folder: Path) -> Envelope:
    """Read certificates, keys and the password. Raises ConfigError that names the key and the file."""
    recipients = [_recipient(folder / path) for path in settings.recipients]
    password = _password(folder / settings.password_file) if settings.password_file else ""
    signer = None
    if settings.signer:
        signer = _signer(folder / settings.signer.certificate, folder / settings.signer.key)
    return Envelope(recipients, password, signer, settings.key_transport == "oaep")


def _read(path: Path, key: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"[media.security] {key}: {path} cannot be read: {error.strerror}") from error


def _certificate(path: Path, key: str) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        found = x509.load_pem_x509_certificate(_read(path, key))
    except ValueError as error:
        raise ConfigError(f"[media.security] {key}: {path} is no certificate in PEM: {error}") from error
    if not isinstance(found.public_key(), RSAPublicKey):
        raise ConfigError(f"[media.security] {key}: the certificate {path} has no RSA key")
    return found


def _named(certificate: Any) -> bytes:
    return sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))


def _recipient(path: Path) -> Recipient:
    found = _certificate(path, "recipients")
    return Recipient(_named(found), found.public_key())


def _signer(certificate: Path, key: Path) -> Signer:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    found = _certificate(certificate, "signer.certificate")
    try:
        private = serialization.load_pem_private_key(_read(key, "signer.key"), None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"[media.security] signer.key: {key} is no private key in PEM: {error}") from error
    if not isinstance(private, RSAPrivateKey):
        raise ConfigError(f"[media.security] signer.key: {key} is no RSA key")
    if private.public_key().public_numbers() != found.public_key().public_numbers():
        raise ConfigError(f"[media.security] signer: {key} is not the key of {certificate}")
    return Signer(found.public_bytes(serialization.Encoding.DER), _named(found), private)


def _password(path: Path) -> str:
    """PS3.15 D.1 limits passwords to the default character repertoire."""
    first = _read(path, "password_file").split(b"\n", 1)[0].rstrip(b"\r")
    if len(first) < _SHORTEST or not first.isascii() or not first.decode().isprintable():
        message = f"the first line of {path} is not {_SHORTEST} or more printable characters of ASCII"
        raise ConfigError(f"[media.security] password_file: {message}")
    return first.decode()
