"""A driver whose medium is a folder with the files themselves.

A piece is written and proven as `.<name>.part` and gets its name when it is accepted; a name that exists is
never replaced. The folder holds what an importer finds on a disc, DICOMDIR and all, and nothing besides.
"""

import ctypes
import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from burnish.contracts import Cancel, Found, Job, Report, Takes, WriterCapabilities
from burnish.errors import DeviceFault, FaultKind
from burnish.recipe import StreamedFile, read_table, table_bytes

from burnish_writer_file.copying import receive, send
from burnish_writer_file.faults import as_faults
from burnish_writer_file.names import Place, rename
from burnish_writer_file.shelf import Shelf

_COMPONENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


class FolderWriter(Shelf):
    """File-sets as folders in a folder."""

    @property
    def capabilities(self) -> WriterCapabilities:
        """What the settings say; it takes files, and can stop at any time."""
        media = frozenset(self._settings.media)
        return WriterCapabilities(media=media, interruptible=True, takes=Takes.FILES)

    def examine(self, job: Job) -> Found:
        """WHOLE when the piece has its name, PARTIAL while it has only the temporary one."""
        place = self._place(job)
        with as_faults(f"{place.final} cannot be looked at"):
            if os.path.lexists(place.final):
                return Found.WHOLE
            return Found.PARTIAL if os.path.lexists(place.part) else Found.UNTOUCHED

    def write(self, job: Job, source: BinaryIO, report: Report, cancel: Cancel) -> None:
        """Write the files under the temporary name, on the disk when this returns."""
        place = self._place(job)
        cancel.check()
        with as_faults(f"{place.final} cannot be written"):
            self._make_room(place, job)
            files = _table_of(source)
            done = len(table_bytes(files))
            place.part.mkdir()
            for file in files:
                base = done
                with _made(place.part, file) as target:
                    receive(source, target, file.length, lambda n, base=base: report(base + n), cancel)  # type: ignore[misc]
                done += file.length
            _settle(place.part)
            report(done)

    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        """Give what stands in the folder: every file, in the order of the paths, from the disk."""
        place = self._place(job)
        with as_faults(f"{place.final} cannot be read back"):
            folder = _written(place)
            files = sorted(_found(folder))
            table = table_bytes(files)
            sink.write(table)
            done = len(table)
            report(done)
            for file in files:
                base = done
                with _opened(folder.joinpath(*file.path)) as origin:
                    send(origin, sink, lambda n, base=base: report(base + n))  # type: ignore[misc]
                done += file.length

    def accept(self, job: Job) -> str:
        """Give the folder its name and return the path."""
        place = self._place(job)
        with as_faults(f"{place.final} cannot be handed out"):
            if os.path.lexists(place.part):
                rename(place.part, place.final)
                _settle(place.folder)
            elif not place.final.is_dir():
                raise DeviceFault(FaultKind.MEDIA_DEFECT, f"{place.final} was never written")
        return str(place.final)

    def reject(self, job: Job) -> None:
        """Remove what was written under the temporary name; hide what had its final name already."""
        place = self._place(job)
        with as_faults(f"{place.final} cannot be rejected"):
            if os.path.lexists(place.part):
                shutil.rmtree(place.part)
            elif os.path.lexists(place.final):
                place.final.rename(place.rejected)

    def _place(self, job: Job) -> Place:
        place = super()._place(job)
        return Place(place.final.with_name(place.final.name.removesuffix(job.suffix)))


def _table_of(source: BinaryIO) -> list[StreamedFile]:
    """The files that come. Raises DeviceFault BAD_REQUEST where a name is none."""
    try:
        files = read_table(source)
    except (ValueError, TypeError) as error:
        raise DeviceFault(
            FaultKind.BAD_REQUEST, f"it does not begin with a table of files: {error}"
        ) from error
    for file in files:
        if not file.path or not all(_COMPONENT.fullmatch(part) for part in file.path):
            raise DeviceFault(FaultKind.BAD_REQUEST, f"{'/'.join(file.path)!r} is no name of a file")
    return files


@contextmanager
def _made(folder: Path, file: StreamedFile) -> Iterator[int]:
    path = folder.joinpath(*file.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _written(place: Place) -> Path:
    for folder in (place.part, place.final):
        if folder.is_dir():
            return folder
    raise DeviceFault(FaultKind.MEDIA_DEFECT, f"{place.final} was never written")


def _found(folder: Path) -> Iterator[StreamedFile]:
    """Every file, also one that nobody wrote."""
    for path in folder.rglob("*"):
        if not path.is_dir() or path.is_symlink():
            yield StreamedFile(path.relative_to(folder).parts, path.lstat().st_size)


def _settle(folder: Path) -> None:
    """Have the kernel write out the file system of a folder, names and data (syncfs(2)). Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            number = ctypes.get_errno() or errno.EIO
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)
