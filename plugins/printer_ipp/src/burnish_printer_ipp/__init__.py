"""Printers that speak IPP: office printers for sheets and mailers, printers with a tray for discs, CUPS.

`message` encodes and decodes IPP, `talk` carries it over HTTP, `states` says what each state of a printer or
job means, `printer` is the driver; `simulator` is the printer for tests, `doctor` says what is missing.
Source: RFC 8010, RFC 8011, PWG 5100.7 (media-col), PWG 5101.1 (media names). Units: seconds, millimetres; IPP
counts in hundredths of a millimetre.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import CheckSpec, PrinterSpec
from burnish.errors import FaultKind
from burnish.hookspecs import hookimpl

from burnish_printer_ipp import doctor
from burnish_printer_ipp.printer import IppPrinter, Settings

__all__ = ["IppPrinter", "Settings", "burnish_checks", "burnish_contract", "burnish_printers"]

burnish_contract: Final = 1
RAISES: Final = frozenset(
    {
        FaultKind.BAD_REQUEST,
        FaultKind.DEVICE_BUSY,
        FaultKind.DEVICE_OFFLINE,
        FaultKind.NO_PRINT_SUPPLIES,
        FaultKind.OPERATOR_ACTION,
        FaultKind.SERVICE_ACTION,
        FaultKind.UNKNOWN_REPLY,
    }
)
"""Kinds of fault that the driver raises."""


@hookimpl
def burnish_printers() -> Sequence[PrinterSpec[Any]]:
    """Offer `ipp`."""
    return [PrinterSpec("ipp", Settings, IppPrinter, RAISES)]


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """What stands in its way on this machine."""
    return [CheckSpec(doctor.NAME, doctor.look)]
