"""ZPL II label printers, over TCP, serial and USB: a drawn label goes out as one picture, never as text.

    Artwork (PBM) --picture--> Picture --zpl--> ^XA ... ^GFA ... ^XZ --link--> the printer

`picture` has the dots and their codings, `words` what is said to a printer and what it answers, `link` the
three wires, `printer` the driver; `simulator` is the printer for tests, and `doctor` says what is missing on
a machine. Units: seconds, millimetres, dots.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import CheckSpec, PrinterSpec
from burnish.errors import FaultKind
from burnish.hookspecs import hookimpl

from burnish_printer_zebra import doctor
from burnish_printer_zebra.printer import ZebraPrinter
from burnish_printer_zebra.settings import Settings

__all__ = ["Settings", "ZebraPrinter", "burnish_checks", "burnish_contract", "burnish_printers"]

burnish_contract: Final = 1
RAISES: Final = frozenset(
    {
        FaultKind.BAD_REQUEST,
        FaultKind.DEVICE_BUSY,
        FaultKind.DEVICE_OFFLINE,
        FaultKind.LABEL_FAILED,
        FaultKind.NO_PRINT_SUPPLIES,
        FaultKind.OPERATOR_ACTION,
        FaultKind.SERVICE_ACTION,
        FaultKind.UNKNOWN_REPLY,
    }
)
"""Kinds of fault that the driver raises."""


@hookimpl
def burnish_printers() -> Sequence[PrinterSpec[Any]]:
    """Offer `zebra`."""
    return [PrinterSpec("zebra", Settings, ZebraPrinter, RAISES)]


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """What stands in its way on this machine."""
    return [CheckSpec(doctor.NAME, doctor.look)]
