"""The writer that needs no device: each piece becomes an image file, or a folder with the files themselves.

`names` turns a job into paths, `faults` errors of the operating system into faults of a device; `copying`
moves the bytes; `writer` is the driver of images, `folders` that of folders, `shelf` what they share.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import Writer, WriterSpec
from burnish.errors import FaultKind
from burnish.hookspecs import hookimpl

from burnish_writer_file.folders import FolderWriter
from burnish_writer_file.settings import Settings
from burnish_writer_file.writer import FileWriter

__all__ = ["FileWriter", "FolderWriter", "Settings", "burnish_writers"]

burnish_contract = 1
RAISES: Final = frozenset(
    {
        FaultKind.BAD_REQUEST,
        FaultKind.DEVICE_BUSY,
        FaultKind.DEVICE_OFFLINE,
        FaultKind.DRIVE_FAULT,
        FaultKind.MEDIA_DEFECT,
        FaultKind.MEDIUM_TOO_SMALL,
        FaultKind.OPERATOR_ACTION,
        FaultKind.STORAGE_FULL,
        FaultKind.UNSAFE_TARGET,
        FaultKind.WRONG_MEDIUM,
    }
)
"""Kinds of fault that the driver raises."""


@hookimpl
def burnish_writers() -> Sequence[WriterSpec[Any]]:
    """Offer `file`."""
    return [WriterSpec("file", Settings, _build, RAISES)]


def _build(settings: Settings) -> Writer:
    return FolderWriter(settings) if settings.form == "folder" else FileWriter(settings)
