"""A printer that keeps labels as files: beside image files, for a print shop, or for a look at them.

A label is written under a temporary name, synced, and linked into place: it is there whole or not at all, and
never replaces another.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import PrinterSpec
from burnish.errors import FaultKind
from burnish.hookspecs import hookimpl

from burnish_printer_file.printer import FilePrinter, Settings

__all__ = ["FilePrinter", "Settings", "burnish_contract", "burnish_printers"]

burnish_contract: Final = 1
RAISES: Final = frozenset(
    {
        FaultKind.BAD_REQUEST,
        FaultKind.DEVICE_OFFLINE,
        FaultKind.OPERATOR_ACTION,
    }
)
"""Kinds of fault that the driver raises."""


@hookimpl
def burnish_printers() -> Sequence[PrinterSpec[Any]]:
    """Offer `file`."""
    return [PrinterSpec("file", Settings, FilePrinter, RAISES)]
