"""The writer that needs no device: each piece becomes an image file in a folder.

`names` turns a job into paths, `faults` errors of the operating system into faults of a device; `copying`
moves the bytes, `writer` is the driver.
"""

from collections.abc import Sequence
from typing import Any

from burnish.contracts import WriterSpec
from burnish.hookspecs import hookimpl

from burnish_writer_file.writer import FileWriter, Settings

__all__ = ["FileWriter", "Settings", "burnish_writers"]


@hookimpl
def burnish_writers() -> Sequence[WriterSpec[Any]]:
    """Offer `file`."""
    return [WriterSpec("file", Settings, FileWriter)]
