"""What may stand between bytes and a medium: codings that are computed while an image is poured.

A codec knows how long its output is without seeing any input, encodes a stream, and decodes one again, which
is how a medium is proven. Equal input gives equal output: keys and vectors are part of the codec.

Source: RFC 2045 6.8 (base64 in mail), NIST SP 800-38A (CBC), RFC 5652 6.3 (padding).
"""

import binascii
import hmac
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

from burnish.errors import Mismatch

_LINE: Final = 76
"""Characters of a line of base64, without its end."""
_BLOCK: Final = 16
_MAC: Final = 10


class Encoder(Protocol):
    """Turns a stream into another, piece by piece."""

    @abstractmethod
    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        """What the next bytes of input give so far. Raises Mismatch where they cannot be decoded."""

    @abstractmethod
    def finish(self) -> bytes:
        """What is left at the end. Raises Mismatch where the input ends too early."""


class Codec(Protocol):
    """A coding with all its parameters."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What a stored recipe calls it."""

    @property
    @abstractmethod
    def parameters(self) -> dict[str, str]:
        """Everything it depends on, as text."""

    @abstractmethod
    def length(self, plain: int) -> int:
        """Bytes of output for so many bytes of input."""

    @abstractmethod
    def encoder(self) -> Encoder:
        """A new one."""

    @abstractmethod
    def decoder(self) -> Encoder:
        """A new one, which takes nothing but what `encoder` gives."""


@dataclass(frozen=True, slots=True)
class Base64(Codec):
    """Lines of 76 characters, each ended by CR LF, the last one too."""

    name: ClassVar[str] = "base64"

    @property
    def parameters(self) -> dict[str, str]:
        return {}

    def length(self, plain: int) -> int:
        characters = -(-plain // 3) * 4
        return characters + 2 * -(-characters // _LINE)

    def encoder(self) -> Encoder:
        return _Lines()

    def decoder(self) -> Encoder:
        return _Unlined()


class _Lines(Encoder):
    def __init__(self) -> None:
        self._left = bytearray()

    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        self._left += data
        return self._lines(len(self._left) // (_LINE // 4 * 3))

    def finish(self) -> bytes:
        lines = self._lines(len(self._left) // (_LINE // 4 * 3))
        rest = binascii.b2a_base64(self._left, newline=False) + b"\r\n" if self._left else b""
        return lines + rest

    def _lines(self, count: int) -> bytes:
        end = count * (_LINE // 4 * 3)
        text = binascii.b2a_base64(self._left[:end], newline=False)
        del self._left[:end]
        return b"".join(text[at : at + _LINE] + b"\r\n" for at in range(0, len(text), _LINE))


class _Unlined(Encoder):
    """Decodes whole lines, and encodes them again to see that they are ours."""

    def __init__(self) -> None:
        self._left = bytearray()

    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        self._left += data
        return self._decoded(len(self._left) // (_LINE + 2) * (_LINE + 2))

    def finish(self) -> bytes:
        return self._decoded(len(self._left))

    def _decoded(self, end: int) -> bytes:
        text = bytes(self._left[:end])
        del self._left[:end]
        try:
            plain = binascii.a2b_base64(text)
        except binascii.Error as error:
            raise Mismatch(f"base64 is damaged: {error}") from error
        again = _Lines()
        if again.update(plain) + again.finish() != text:
            raise Mismatch("base64 is damaged")
        return plain


@dataclass(frozen=True, slots=True)
class AesCbc(Codec):
    """AES-256 in CBC mode, padded to whole blocks (PKCS #7)."""

    key: bytes
    vector: bytes
    name: ClassVar[str] = "aes-256-cbc"

    @property
    def parameters(self) -> dict[str, str]:
        return {"key": self.key.hex(), "vector": self.vector.hex()}

    def length(self, plain: int) -> int:
        return plain - plain % _BLOCK + _BLOCK

    def encoder(self) -> Encoder:
        return _Enciphering(self.key, self.vector)

    def decoder(self) -> Encoder:
        return Deciphering(self.key, self.vector)


class _Enciphering(Encoder):
    def __init__(self, key: bytes, vector: bytes) -> None:
        self._cipher = _cbc(key, vector).encryptor()
        self._length = 0

    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        self._length += len(data)
        return bytes(self._cipher.update(data))

    def finish(self) -> bytes:
        padding = _BLOCK - self._length % _BLOCK
        return bytes(self._cipher.update(bytes([padding]) * padding) + self._cipher.finalize())


class Deciphering(Encoder):
    """Also for what others enciphered; it keeps the last block back until it knows that it is the last."""

    def __init__(self, key: bytes, vector: bytes) -> None:
        self._cipher = _cbc(key, vector).decryptor()
        self._left = b""

    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        plain = self._left + self._cipher.update(data)
        self._left = plain[-_BLOCK:]
        return bytes(plain[:-_BLOCK])

    def finish(self) -> bytes:
        try:
            last = self._left + self._cipher.finalize()
        except ValueError as error:
            raise Mismatch("what is enciphered ends within a block") from error
        padding = last[-1] if last else 0
        if not 1 <= padding <= _BLOCK or last[-padding:] != bytes([padding]) * padding:
            raise Mismatch(
                "what is enciphered has no padding at its end: the key is another, or it is damaged"
            )
        return bytes(last[:-padding])


def _cbc(key: bytes, vector: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    return Cipher(algorithms.AES(key), modes.CBC(vector))


@dataclass(frozen=True, slots=True)
class WinZipAes(Codec):
    """AES-256 in counter mode with ten bytes of an HMAC-SHA-1 behind it, as encrypted ZIP archives have it.

    Source: the AE-2 specification of WinZip; the counter is little-endian and begins at 1.
    """

    key: bytes
    mac_key: bytes
    name: ClassVar[str] = "winzip-aes-256"

    @property
    def parameters(self) -> dict[str, str]:
        return {"key": self.key.hex(), "mac_key": self.mac_key.hex()}

    def length(self, plain: int) -> int:
        return plain + _MAC

    def encoder(self) -> Encoder:
        return _Counting(self.key, self.mac_key)

    def decoder(self) -> Encoder:
        return _Uncounting(self.key, self.mac_key)


class _Keystream:
    """Bytes that are combined with a stream, wherever its pieces end."""

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        self._cipher: Any = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - of counters
        self._next = 1
        self._left = b""

    def combine(self, data: bytes) -> bytes:
        import numpy as np

        if len(self._left) < len(data):
            blocks = -(-(len(data) - len(self._left)) // _BLOCK)
            counters = np.zeros((blocks, 2), "<u8")
            counters[:, 0] = np.arange(self._next, self._next + blocks, dtype=np.uint64)
            self._next += blocks
            self._left += self._cipher.update(counters.tobytes())
        stream, self._left = self._left[: len(data)], self._left[len(data) :]
        return (np.frombuffer(data, np.uint8) ^ np.frombuffer(stream, np.uint8)).tobytes()


class _Counting(Encoder):
    def __init__(self, key: bytes, mac_key: bytes) -> None:
        self._stream = _Keystream(key)
        self._mac = hmac.new(mac_key, digestmod="sha1")

    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        made = self._stream.combine(bytes(data))
        self._mac.update(made)
        return made

    def finish(self) -> bytes:
        return self._mac.digest()[:_MAC]


class _Uncounting(Encoder):
    """Keeps ten bytes back, until it knows that they are the code."""

    def __init__(self, key: bytes, mac_key: bytes) -> None:
        self._stream = _Keystream(key)
        self._mac = hmac.new(mac_key, digestmod="sha1")
        self._left = b""

    def update(self, data: bytes | bytearray | memoryview) -> bytes:
        whole = self._left + data
        ready, self._left = whole[:-_MAC], whole[-_MAC:]
        self._mac.update(ready)
        return self._stream.combine(ready)

    def finish(self) -> bytes:
        if not hmac.compare_digest(self._mac.digest()[:_MAC], self._left):
            raise Mismatch("what is enciphered is not what its authentication code says")
        return b""


def codec_of(name: str, parameters: dict[str, str]) -> Codec:
    """A codec from a stored recipe. Raises ValueError for one that is not known."""
    if name == Base64.name:
        return Base64()
    if name == AesCbc.name:
        return AesCbc(bytes.fromhex(parameters["key"]), bytes.fromhex(parameters["vector"]))
    if name == WinZipAes.name:
        return WinZipAes(bytes.fromhex(parameters["key"]), bytes.fromhex(parameters["mac_key"]))
    raise ValueError(f"no codec {name!r}")


def encoded(codec: Codec, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A stream through a codec."""
    encoder = codec.encoder()
    for piece in pieces:
        yield encoder.update(piece)
    yield encoder.finish()
