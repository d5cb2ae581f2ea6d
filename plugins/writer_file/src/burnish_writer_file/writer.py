"""A driver whose medium is a file.

A piece is written and proven under `.<name>.part` and gets its name when it is accepted; a name that exists
is never replaced. Whatever happens, a name without a dot holds a proven image.

Shapes: the folder is made for each piece, so it may be taken away between jobs.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os.path import samestat
from pathlib import Path
from typing import BinaryIO, Final

from burnish.contracts import Cancel, Found, Job, Report, WriterCapabilities
from burnish.errors import DeviceFault, FaultKind

from burnish_writer_file.copying import receive, send
from burnish_writer_file.faults import as_faults
from burnish_writer_file.names import Place, rename
from burnish_writer_file.shelf import Shelf

_NO_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


class FileWriter(Shelf):
    """Image files in a folder."""

    @property
    def capabilities(self) -> WriterCapabilities:
        """What the settings say; it can stop at any time."""
        return WriterCapabilities(media=frozenset(self._settings.media), interruptible=True)

    def examine(self, job: Job) -> Found:
        """WHOLE when the piece has its name, PARTIAL while it has only the temporary one."""
        place = self._place(job)
        with as_faults(f"{place.final} cannot be looked at"):
            if (size := _size(place.final)) is not None:
                return Found.WHOLE if size == job.length else Found.PARTIAL
            return Found.UNTOUCHED if _size(place.part) is None else Found.PARTIAL

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        """Write the image under its temporary name, on the disk when this returns."""
        place = self._place(job)
        cancel.check()
        with as_faults(f"{place.final} cannot be written"):
            self._make_room(place, job)
            with _made(place.part) as target:
                receive(source, target, job.length, report, cancel)
                os.fsync(target)
                os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)

    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        """Copy the image into `sink`, from the disk and not from memory."""
        place = self._place(job)
        with as_faults(f"{place.final} cannot be read back"), _opened(place) as origin:
            send(origin, sink, report)

    def accept(self, job: Job) -> str:
        """Give the image its name and return the path."""
        place = self._place(job)
        with as_faults(f"{place.final} cannot be handed out"):
            try:
                self._hand_out(place, job)
            except OSError:
                _unname(place)
                raise
        return str(place.final)

    def _hand_out(self, place: Place, job: Job) -> None:
        if _size(place.part) is not None:
            _check_length(place.part, job)
            _name(place)
        _check_length(place.final, job)
        _settle(place.folder)
        _settle(self._settings.path)

    def reject(self, job: Job) -> None:
        """Remove what was written under the temporary name; hide what had its final name already."""
        place = self._place(job)
        with as_faults(f"{place.final} cannot be rejected"):
            if _size(place.part) is not None:
                _unname(place)
                place.part.unlink()
            elif _size(place.final) is not None:
                place.final.rename(place.rejected)


def _size(path: Path) -> int | None:
    """Bytes of a file, None where there is none. What is no file has a size that no image has."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_size if path.is_file() and not path.is_symlink() else -1


def _check_length(path: Path, job: Job) -> None:
    if _size(path) != job.length:
        raise DeviceFault(FaultKind.MEDIA_DEFECT, f"{path} does not hold the {job.length} bytes of its piece")


@contextmanager
def _made(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _opened(place: Place) -> Iterator[int]:
    path = place.part if _size(place.part) is not None else place.final
    if _size(path) is None:
        raise DeviceFault(FaultKind.MEDIA_DEFECT, f"{place.final} was never written")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _name(place: Place) -> None:
    """Move the temporary name to the final one; a crash between the two steps of a link is made good."""
    if _size(place.final) is not None and samestat(place.final.lstat(), place.part.lstat()):
        place.part.unlink()
        return
    try:
        os.link(place.part, place.final)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        rename(place.part, place.final)
    else:
        place.part.unlink()


def _unname(place: Place) -> None:
    """Take a name away that may not last: its piece is rejected and made again, under that name.

    What somebody else put there stays.
    """
    with suppress(OSError):
        if _size(place.part) is None:
            place.final.rename(place.part)
        elif samestat(place.final.lstat(), place.part.lstat()):
            place.final.unlink()


def _settle(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
