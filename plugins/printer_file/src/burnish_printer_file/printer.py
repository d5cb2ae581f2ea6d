"""The driver `file`."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, Literal, Self

from burnish.contracts import (
    Artwork,
    Cancel,
    DeviceState,
    Form,
    Printed,
    Printer,
    PrinterCapabilities,
    PrintJob,
    Stock,
    Unit,
    Wanted,
)
from burnish.errors import DeviceFault, FaultKind
from pydantic import BaseModel, ConfigDict, Field

_LARGEST: Final = 1500.0
"""Millimetres: beyond that no drawing is meant."""
_FORMS: Final = {"pdf": Form.PDF, "png": Form.PNG, "pbm": Form.PBM}
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Settings(BaseModel):
    """The keys of `[printers.<name>]` beside `driver`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    """The folder, made where it is missing; relative to the configuration's."""
    form: Literal["pdf", "png", "pbm"] = "pdf"
    """`pdf` with fonts embedded, `png` in colour, `pbm` in black and white."""
    dpi: int = Field(default=300, ge=72, le=1200)
    """Dots per inch of `png` and `pbm`."""


class FilePrinter(Printer):
    """Labels as `<code>.<form>`: a second one of the same piece that differs as `<code>-2.<form>`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def capabilities(self) -> PrinterCapabilities:
        """Nobody has to stick anything: a file is its piece's by its name."""
        return PrinterCapabilities(attaches=True)

    def __enter__(self) -> Self:
        """Make the folder."""
        with _as_faults(self._settings.path):
            self._settings.path.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing is held."""

    def look(self) -> DeviceState:
        """Say where it is."""
        return DeviceState(unit=Unit(product="files", place=str(self._settings.path)))

    def wanted(self, stock: Stock) -> Wanted:
        """As the settings say."""
        if max(stock.width, stock.height) > _LARGEST:
            size = f"{stock.width:g} x {stock.height:g} mm"
            raise DeviceFault(
                FaultKind.BAD_REQUEST, f"{size} is larger than {_LARGEST:g} mm, the most there is"
            )
        return Wanted(form=_FORMS[self._settings.form], dpi=self._settings.dpi)

    def print(self, job: PrintJob, artwork: Artwork, cancel: Cancel) -> str:
        """Write the file; one that is there with the same content is left as it is."""
        cancel.check()
        with _as_faults(self._settings.path):
            for path in self._names(job):
                if _place(artwork.data, path):
                    return str(path)
        raise AssertionError("names do not end")

    def examine(self, job: PrintJob) -> Printed:
        """Files are there whole, or not at all."""
        return Printed.YES if next(self._names(job)).exists() else Printed.NO

    def _names(self, job: PrintJob) -> Iterator[Path]:
        suffix = self._settings.form
        yield self._settings.path / f"{job.code}.{suffix}"
        number = 2
        while True:
            yield self._settings.path / f"{job.code}-{number}.{suffix}"
            number += 1


def _place(data: bytes, path: Path) -> bool:
    """Have `data` under this name; False where something else is."""
    with NamedTemporaryFile(dir=path.parent, prefix=".label-", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)
        except FileExistsError:
            return path.is_file() and path.read_bytes() == data
        finally:
            with suppress(FileNotFoundError):
                Path(file.name).unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return True


@contextmanager
def _as_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DeviceFault(FaultKind.OPERATOR_ACTION, f"{path}: there is no room; free some") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise DeviceFault(FaultKind.OPERATOR_ACTION, f"{path}: {error.strerror}") from error
        raise DeviceFault(FaultKind.DEVICE_OFFLINE, f"{path}: {error.strerror}") from error
