"""A medium to be read: an image file, a device or a folder, seen as files by path.

An image or a device is read through a format plugin, which lists the extents of every file; a folder is
read as it stands. Paths come from the medium, so nothing here follows a link: what a folder holds besides
folders and plain files is named and left out.

Units: bytes.
"""

import binascii
import errno
import io
import os
import stat
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from burnish.contracts import Contents, Format
from burnish.errors import Mismatch, UnreadableMedium
from burnish.recipe import Codec

_BUFFER: Final = 1 << 16
_IN_MEMORY: Final = 8 << 20
_STEP: Final = 1 << 20

FilePath = tuple[str, ...]
"""Components from the root."""


@dataclass(frozen=True, slots=True)
class OnMedium:
    """One file."""

    path: FilePath
    size: int
    place: int
    """Where it starts on the medium, to read in the order in which files lie; 0 in a folder."""
    open: Callable[[], BinaryIO]
    """A seekable reader. What the medium does not give raises OSError or ends early."""


@dataclass(frozen=True, slots=True)
class Medium:
    """What was found."""

    kind: str
    """Name of the format, or `folder`."""
    identifier: str
    """The volume identifier; empty where the medium has none."""
    token: str
    """The token of burnish's own media; empty on anybody else's."""
    files: Mapping[FilePath, OnMedium]
    findings: Sequence[str] = ()
    """What breaks a rule of the format; one sentence each."""


@contextmanager
def open_medium(path: Path, formats: Mapping[str, Format]) -> Iterator[Medium]:
    """Open an image file, a device or a folder for as long as the block runs.

    Raises UnreadableMedium where no format reads it, or it cannot be opened at all.
    """
    if path.is_dir():
        yield _folder(path)
        return
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise UnreadableMedium(f"{path} cannot be opened: {error.strerror}") from error
    with file, io.BufferedReader(file, _BUFFER) as buffered:
        name, contents = _contents(path, buffered, formats)
        yield _image(name, contents, file.fileno())


def _contents(path: Path, image: BinaryIO, formats: Mapping[str, Format]) -> tuple[str, Contents]:
    refusals = []
    for name, one in formats.items():
        image.seek(0)
        try:
            return name, one.read(image)
        except (UnreadableMedium, OSError) as error:
            refusals.append(f"{name}: {error}")
    raise UnreadableMedium(f"{path} is no medium that can be read ({'; '.join(refusals) or 'no formats'})")


def _image(name: str, contents: Contents, descriptor: int) -> Medium:
    files: dict[FilePath, OnMedium] = {}
    findings = list(contents.findings)
    for found in contents.files:
        if found.path in files:
            findings.append(f"two files are named {'/'.join(found.path)}")
        extents = found.extents
        place = extents[0][0] if extents else 0
        opener = _opener(descriptor, extents)
        if found.decoded is not None:
            opener = _decoding(opener, found.decoded, found.codec)
        files[found.path] = OnMedium(found.path, found.size, place, opener)
    return Medium(name, contents.identifier, contents.token, files, findings)


def _opener(descriptor: int, extents: Sequence[tuple[int, int]]) -> Callable[[], BinaryIO]:
    return lambda: io.BufferedReader(_Extents(descriptor, extents), _BUFFER)


def _decoding(opener: Callable[[], BinaryIO], size: int, codec: Codec | None) -> Callable[[], BinaryIO]:
    """Of a file that stands in another coding: decoded into a nameless file when it is opened."""

    def opened() -> BinaryIO:
        plain: Any = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - whoever opened it closes it
        with opener() as lines:
            try:
                for piece in _decoded(lines, codec):
                    plain.write(piece)
            except (binascii.Error, Mismatch) as error:
                plain.close()
                raise OSError(errno.EIO, f"it is damaged: {error}") from error
        if plain.tell() != size:
            plain.close()
            raise OSError(errno.EIO, "it is damaged: it is not as long as it says")
        plain.seek(0)
        return cast(BinaryIO, plain)

    return opened


def _decoded(coded: BinaryIO, codec: Codec | None) -> Iterator[bytes]:
    if codec is None:
        yield from map(binascii.a2b_base64, coded)
        return
    decoder = codec.decoder()
    while data := coded.read(_STEP):
        yield decoder.update(data)
    yield decoder.finish()


class Positioned(io.RawIOBase):
    """A stream of a known size whose bytes are given by position."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size
        self._at = 0

    @abstractmethod
    def take(self, at: int, count: int) -> bytes:
        """At most `count` bytes that stand at `at`, none only where there are none."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self.take(self._at, min(len(buffer), max(0, self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class _Extents(Positioned):
    """A file's extents as one stream: the descriptor's own position is left alone."""

    def __init__(self, descriptor: int, extents: Sequence[tuple[int, int]]) -> None:
        super().__init__(sum(length for _, length in extents))
        self._descriptor = descriptor
        self._extents = extents

    def take(self, at: int, count: int) -> bytes:
        offset, length = self._locate(at, count)
        return os.pread(self._descriptor, length, offset) if length else b""

    def _locate(self, at: int, wanted: int) -> tuple[int, int]:
        """Where on the medium a place is, and how much of it lies there in one piece."""
        before = 0
        for offset, length in self._extents:
            if at < before + length:
                within = at - before
                return offset + within, min(wanted, length - within)
            before += length
        return 0, 0


def _folder(root: Path) -> Medium:
    files: dict[FilePath, OnMedium] = {}
    findings: list[str] = []
    for path, found in _entries(root, findings):
        if stat.S_ISREG(found.st_mode):
            files[path] = OnMedium(path, found.st_size, 0, _plain_opener(root.joinpath(*path)))
        else:
            findings.append(f"{'/'.join(path)} is neither a file nor a folder, and was left out")
    return Medium("folder", "", "", files, findings)


def _entries(root: Path, findings: list[str]) -> Iterator[tuple[FilePath, os.stat_result]]:
    """Everything below `root` that is no folder, in the order of names; links are not followed."""

    def unlisted(error: OSError) -> None:
        findings.append(f"{Path(error.filename).relative_to(root)} cannot be listed: {error.strerror}")

    for folder, folders, names in os.walk(root, onerror=unlisted):
        folders.sort()
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*names, *links]):
            full = Path(folder, name)
            yield full.relative_to(root).parts, full.lstat()


def _plain_opener(path: Path) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb")

    return opened
