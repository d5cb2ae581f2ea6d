"""Encoded frames as Pixel Data: a fragment for each, behind a table of where they begin.

The table comes first and says what is known last, so frames wait for it: few in memory, many in a nameless
file. Where 32 bits do not reach, the Extended Offset Table says what the Basic Offset Table cannot.

Source: PS3.5 A.4, PS3.3 C.7.6.3.1.8 and C.7.6.3.1.9. Units: bytes.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import accumulate, chain
from tempfile import SpooledTemporaryFile
from typing import Final

from burnish.fileset.derive.attributes import Made
from burnish.fileset.derive.encode import check_encodable, encode, fits, photometric_in, precisions
from burnish.fileset.derive.image import Decoded, Image
from burnish.fileset.derive.level import OFFSETS
from burnish.fileset.derive.writer import CHUNK, ITEM, SEQUENCE_END, UNDEFINED, Writer

Frames = Callable[[], Iterator[tuple[bytes, Decoded]]]
"""Give every frame from the first on."""

_HELD: Final = 16 << 20
"""Encoded bytes that are held in memory."""
_REACH: Final = 1 << 32
"""What an offset of 32 bits cannot say."""
_HEADER: Final = 8
"""Bytes of an item's tag and length."""


class Encapsulated:
    """All frames of an image, encoded. `close` forgets them."""

    def __init__(self, image: Image, to: str, frames: Frames) -> None:
        """Encode them. Raises ValueError where that cannot be done."""
        self._file = SpooledTemporaryFile(_HELD)  # noqa: SIM115 - `close` closes it
        self._lengths: list[int] = []
        self.digest = b""
        """SHA-256 of the frames that went in."""
        try:
            self.decoded = self._fill(image, to, frames)
            """What the data set must say of the pixels."""
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Encapsulated":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Safe to repeat."""
        self._file.close()

    def _fill(self, image: Image, to: str, frames: Frames) -> Decoded:
        started = frames()
        first, decoded = next(started)
        again: Iterator[tuple[bytes, Decoded]] = chain([(first, decoded)], started)
        described = replace(
            image,
            transfer_syntax=to,
            photometric=decoded.photometric,
            planar=0,
            allocated=decoded.allocated,
            stored=decoded.stored,
        )
        check_encodable(described)
        for bits in precisions(described):
            if self._encode(described, alike(again, decoded), bits):
                break
            again = frames()
        return replace(decoded, photometric=photometric_in(to, decoded.photometric))

    def _encode(self, image: Image, frames: Iterable[bytes], bits: int) -> bool:
        """Encode all frames with so many bits; False where one does not fit."""
        self._file.seek(0)
        self._file.truncate()
        self._lengths.clear()
        digest = hashlib.sha256()
        for frame in frames:
            if not fits(image, frame, bits):
                return False
            digest.update(frame)
            self._add(encode(image, frame, bits))
        self.digest = digest.digest()
        return True

    def _add(self, coded: bytes) -> None:
        length = len(coded) + len(coded) % 2
        if length >= UNDEFINED:
            raise ValueError(f"an encoded frame takes {length} bytes, more than a fragment can hold")
        self._file.write(coded.ljust(length, b"\0"))
        self._lengths.append(length)

    def _offsets(self) -> list[int]:
        return list(accumulate((_HEADER + length for length in self._lengths[:-1]), initial=0))

    @property
    def _reaches(self) -> bool:
        return self._offsets()[-1] < _REACH

    def tables(self) -> Iterator[Made]:
        """The Extended Offset Table and its lengths, where they are needed."""
        if not self._reaches:
            for tag, numbers in zip(OFFSETS, (self._offsets(), self._lengths), strict=False):
                yield Made(tag, "OV", struct.pack(f"<{len(numbers)}Q", *numbers))

    def write(self, writer: Writer) -> None:
        """The value of Pixel Data: the Basic Offset Table, the fragments and the delimiter."""
        offsets = self._offsets() if self._reaches else []
        writer.item(ITEM, 4 * len(offsets))
        writer.write(struct.pack(f"<{len(offsets)}L", *offsets))
        self._file.seek(0)
        for length in self._lengths:
            writer.item(ITEM, length)
            for at in range(0, length, CHUNK):
                writer.write(self._file.read(min(CHUNK, length - at)))
        writer.item(SEQUENCE_END, 0)


def alike(frames: Iterable[tuple[bytes, Decoded]], decoded: Decoded) -> Iterator[bytes]:
    """Frames of one kind. Raises ValueError at the first of another."""
    for number, (frame, said) in enumerate(frames, 1):
        if said != decoded:
            raise ValueError(f"frame {number} is of another kind than frame 1")
        yield frame
