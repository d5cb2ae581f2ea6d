"""Reading sealed files again: with a recipient's key or the password, or as far as one gets without.

Nothing in them is believed: lengths are checked against the file, the content's digest is compared, a
signature verified with the certificate that came along. Whose certificate that is, somebody else decides.
"""

import errno
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import pbkdf2_hmac, sha256
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from burnish.errors import ConfigError, Mismatch
from burnish.fileset.reading import FilePath, Medium, OnMedium, Positioned
from burnish.fileset.seal import cms, der
from burnish.fileset.seal.der import Malformed, Reader
from burnish.recipe.codecs import Deciphering

_HEAD: Final = 1 << 18
"""Bytes in which everything before an enciphered content stands, of many recipients too."""
_TAIL: Final = 1 << 20
"""Bytes of certificates and signatures at most."""
_STEP: Final = 1 << 20
_IN_MEMORY: Final = 8 << 20
_MOST_ROUNDS: Final = 10_000_000


@dataclass(frozen=True)
class Keys:
    """What opens sealed files."""

    private: Any = None
    """RSA private key."""
    password: str = ""


def keys_of(key: Path | None, password_file: Path | None) -> Keys | None:
    """Read them; None where neither is given. Raises ConfigError."""
    from cryptography.hazmat.primitives import serialization

    if not key and not password_file:
        return None
    private, password = None, ""
    try:
        if key:
            private = serialization.load_pem_private_key(key.read_bytes(), None)
        if password_file:
            password = password_file.read_text("ascii").splitlines()[0]
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise ConfigError(f"{key or password_file} holds nothing that opens a medium: {error}") from error
    return Keys(private, password)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What stands before an enciphered content."""

    infos: bytes
    kind: str
    vector: bytes
    start: int
    length: int


def is_sealed(file: OnMedium) -> bool:
    """Whether a file is an EnvelopedData."""
    try:
        _head(file)
    except (Malformed, OSError, ValueError):
        return False
    return True


def _head(file: OnMedium) -> _Sealed:
    """Raises Malformed."""
    with file.open() as stream:
        data = stream.read(_HEAD)
    info = Reader(data, 0, file.size).enter(der.SEQUENCE)
    if info.take(der.OID) != der.oid(cms.ENVELOPED)[2:]:
        raise Malformed("it is no EnvelopedData")
    body = info.enter(0xA0).enter(der.SEQUENCE)
    body.take(der.INTEGER)
    if body.peek() == 0xA0:
        body.skip()
    infos = body.take(der.SET)
    content = body.enter(der.SEQUENCE)
    kind = content.take(der.OID)
    algorithm = content.enter(der.SEQUENCE)
    if algorithm.take(der.OID) != der.oid(cms.AES_256_CBC)[2:]:
        raise Malformed("it is not enciphered by AES-256-CBC")
    vector = algorithm.take(der.OCTETS)
    length = content.head(0x80)
    if content.at + length > file.size:
        raise Malformed("its content ends beyond the file")
    names = {der.oid(name)[2:]: name for name in (cms.DATA, cms.SIGNED, cms.DIGESTED)}
    return _Sealed(infos, names.get(kind, "?"), vector, content.at, length)


def unseal(medium: Medium, keys: Keys) -> Medium:
    """The same medium with its files open; what cannot be opened, or stands in the clear, is a finding."""
    findings = list(medium.findings)
    files: dict[FilePath, OnMedium] = {}
    ring = _Ring(keys)
    for path, file in medium.files.items():
        shown = "/".join(path)
        if not is_sealed(file):
            findings.append(f"{shown} stands in the clear")
            files[path] = file
            continue
        try:
            files[path] = ring.opened(file)
        except (Malformed, Mismatch, ValueError) as error:
            findings.append(f"{shown} cannot be opened: {error}")
        except OSError as error:
            findings.append(f"{shown} cannot be read: {error.strerror}")
    return replace(medium, files=files, findings=findings)


class _Ring:
    """Keys, and what was made of them."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._derived: dict[bytes, bytes] = {}

    def opened(self, file: OnMedium) -> OnMedium:
        """A sealed file as its content. Its size is looked for, the whole is opened when it is asked for."""
        head = _head(file)
        key = self.content_key(head.infos)
        with file.open() as stream:
            stream.seek(head.start)
            first = Deciphering(key, head.vector).update(stream.read(min(_HEAD, head.length)))
        if head.length < _HEAD:  # the last blocks are held back
            first += bytes(16)
        _, size = _inside(first, head)
        return OnMedium(file.path, size, file.place, _opener(file, head, key))

    def content_key(self, infos: bytes) -> bytes:
        """Raises ValueError where none of the keys is one that it was sealed for."""
        reader = Reader(infos)
        refused = "it is sealed for others"
        while reader.more:
            tag = reader.peek()
            info = reader.enter(tag)
            try:
                if tag == der.SEQUENCE and self._keys.private:
                    return self._by_private(info)
                if tag == 0xA3 and self._keys.password:
                    return self._by_password(info)
            except ValueError as error:
                refused = f"{refused}: {error}" if str(error) else refused
        raise ValueError(refused)

    def _by_private(self, info: Reader) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        info.take(der.INTEGER)
        info.skip()
        algorithm = info.take(der.SEQUENCE)
        if algorithm.startswith(der.oid(cms.RSA_OAEP)):
            sha = hashes.SHA256()
            scheme: Any = padding.OAEP(padding.MGF1(sha), sha, None)
        else:
            scheme = padding.PKCS1v15()
        key = bytes(self._keys.private.decrypt(info.take(der.OCTETS), scheme))
        if len(key) != 32:  # what is sealed for another opens as chance
            raise ValueError("")
        return key

    def _by_password(self, info: Reader) -> bytes:
        info.take(der.INTEGER)
        derivation = info.enter(0xA0)
        derivation.take(der.OID)
        parameters = derivation.enter(der.SEQUENCE)
        salt, rounds = parameters.take(der.OCTETS), int.from_bytes(parameters.take(der.INTEGER), "big")
        if not 0 < rounds <= _MOST_ROUNDS:
            raise Malformed(f"its password key takes {rounds} rounds")
        wrap = info.enter(der.SEQUENCE)
        wrap.take(der.OID)
        inner = wrap.enter(der.SEQUENCE)
        inner.take(der.OID)
        vector = inner.take(der.OCTETS)
        mark = salt + rounds.to_bytes(4, "big")
        if mark not in self._derived:
            password = self._keys.password.encode("ascii")
            self._derived[mark] = pbkdf2_hmac("sha256", password, salt, rounds, 32)
        return cms.unwrapped(info.take(der.OCTETS), self._derived[mark], vector)


def _inside(first: bytes, head: _Sealed) -> tuple[int, int]:
    """Where the content of DigestedData or SignedData begins, and its length."""
    reader = Reader(first, 0, head.length)
    body = reader.enter(der.SEQUENCE)
    if body.peek() == der.OID:  # a ContentInfo around it, as some write
        body.take(der.OID)
        body = body.enter(0xA0).enter(der.SEQUENCE)
    body.take(der.INTEGER)
    body.take(der.SET if head.kind == cms.SIGNED else der.SEQUENCE)
    content = body.enter(der.SEQUENCE)
    content.take(der.OID)
    string = content.enter(0xA0)
    length = string.head(der.OCTETS)
    return string.at, length


def _opener(file: OnMedium, head: _Sealed, key: bytes) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        plain: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by its reader
        try:
            for piece in _deciphered(file, head, key):
                plain.write(piece)
            start, length = _checked(plain, head)
        except (Malformed, Mismatch) as error:
            plain.close()
            raise OSError(errno.EIO, f"it is sealed, and {error}") from error
        return io.BufferedReader(_Part(plain, start, length))

    return opened


def _deciphered(file: OnMedium, head: _Sealed, key: bytes) -> Iterator[bytes]:
    cipher, left = Deciphering(key, head.vector), head.length
    with file.open() as stream:
        stream.seek(head.start)
        while left and (data := stream.read(min(_STEP, left))):
            left -= len(data)
            yield cipher.update(data)
    yield cipher.finish()


def _checked(plain: IO[bytes], head: _Sealed) -> tuple[int, int]:
    """Where the content is, whose digest or signature holds. Raises Malformed and Mismatch."""
    size = plain.seek(0, io.SEEK_END)
    plain.seek(0)
    start, length = _inside(plain.read(_HEAD), replace(head, length=size))
    if start + length > size or size - start - length > _TAIL:
        raise Malformed("its content does not end where it says")
    plain.seek(start)
    running, left = sha256(), length
    while left and (data := plain.read(min(_STEP, left))):
        running.update(data)
        left -= len(data)
    after = Reader(plain.read(_TAIL))
    if head.kind == cms.SIGNED:
        check_signature(after, running.digest())
    elif after.take(der.OCTETS) != running.digest():
        raise Mismatch("its content is not what its digest says")
    return start, length


def unsealed(file: OnMedium, keys: Keys) -> bytes:
    """What an EnvelopedData of data holds, whole. Raises Malformed, Mismatch, ValueError and OSError."""
    head = _head(file)
    return b"".join(_deciphered(file, head, _Ring(keys).content_key(head.infos)))


def check_signature(after: Reader, digest: bytes) -> None:
    """Check certificates and SignerInfos against the digest of a content. Raises Mismatch and Malformed."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    certificates = after.take(0xA0)
    info = after.enter(der.SET).enter(der.SEQUENCE)
    info.take(der.INTEGER)
    info.skip()
    info.skip()
    attributes = info.take(0xA0)
    info.skip()
    signature = info.take(der.OCTETS)
    if der.sequence(der.oid(cms.MESSAGE_DIGEST), der.set_of([der.octets(digest)])) not in attributes:
        raise Mismatch("its content is not what was signed")
    try:
        certificate: Any = x509.load_der_x509_certificate(certificates)
        signed = der.value(der.SET, attributes)
        certificate.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, AttributeError, InvalidSignature) as error:
        raise Mismatch("its signature does not hold") from error


class _Part(Positioned):
    """A range of a temporary file, which is gone when this is closed."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        super().__init__(length)
        self._file, self._start = file, start

    def take(self, at: int, count: int) -> bytes:
        self._file.seek(self._start + at)
        return self._file.read(count)

    def close(self) -> None:
        self._file.close()
        super().close()
