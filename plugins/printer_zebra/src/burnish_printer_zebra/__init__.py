"""Label printers that speak ZPL II, over USB, a serial line or the network.

The label arrives drawn, dot by dot, and goes out as one graphic field: no text of anybody is ever ZPL, so no
script is missing and nothing can be injected. `zpl` has what is said, `line` the three wires, `printer` the
driver; `simulator` is the printer for tests, `doctor` says what is missing on a machine. Units: seconds,
millimetres, dots.
"""

from collections.abc import Sequence
from typing import Any, Final

from burnish.contracts import CheckSpec, PrinterSpec
from burnish.hookspecs import hookimpl

from burnish_printer_zebra import doctor
from burnish_printer_zebra.printer import Settings, ZebraPrinter

__all__ = ["Settings", "ZebraPrinter", "burnish_checks", "burnish_contract", "burnish_printers"]

burnish_contract: Final = 1


@hookimpl
def burnish_printers() -> Sequence[PrinterSpec[Any]]:
    """Offer `zebra`."""
    return [PrinterSpec("zebra", Settings, ZebraPrinter)]


@hookimpl
def burnish_checks() -> Sequence[CheckSpec]:
    """What stands in its way on this machine."""
    return [CheckSpec(doctor.NAME, doctor.look)]
