"""What stands in the way of an IPP printer. It prints nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from burnish.contracts.check import Finding, odd, well, wrong
from burnish.errors import DeviceFault
from pydantic import ValidationError

from burnish_printer_ipp.printer import IppPrinter, Settings

NAME: Final = "ipp"
_PATIENCE: Final = 3.0


def look(tables: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Ask each printer how it is."""
    if not tables:
        yield well(NAME, "no IPP printer is configured")
    for keys in tables:
        try:
            settings = Settings.model_validate(dict(keys)).model_copy(update={"timeout": _PATIENCE})
        except ValidationError:
            continue  # `burnish config check` says what is wrong with it
        yield _asked(settings)


def _asked(settings: Settings) -> Finding:
    try:
        with IppPrinter(settings) as printer:
            state = printer.look()
    except DeviceFault as fault:
        return wrong(NAME, str(fault), "look at the printer, its address and the network between")
    if state.condition:
        return odd(NAME, f"{settings.uri}: {state.message}", "mend that, else no label is printed")
    return well(NAME, f"{settings.uri}: {state.unit.product or 'a printer'}, ready")
