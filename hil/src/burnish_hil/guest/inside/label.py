"""Has a label printer work, in the guest: `label.py zebra SETTINGS STEP...`

SETTINGS are the printer's keys in JSON. Each STEP is look, print (of /hil/label.pbm, as the label of a
sticker of the settings' size), examine, or hold (keep the printer until /tmp/prints is removed). Prints how
each ended, one JSON a line: {"step": "print", "fault": "NO_PRINT_SUPPLIES", "message": "..."}.
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from burnish.contracts import Artwork, Cancel, Printer, PrintJob, Stock, StockKind
from burnish.errors import DeviceFault

HELD = Path("/tmp/prints")  # noqa: S108 - the guest has one user
PICTURE = Path("/hil/label.pbm")
JOB = PrintJob(code="LABELLAB-1", title="LAB 1/1")


def printer_of(kind: str, settings: dict[str, Any]) -> Printer:
    """The driver."""
    plugin = importlib.import_module(f"burnish_printer_{kind}")
    (spec,) = plugin.burnish_printers()
    printer: Printer = spec.make(settings)
    return printer


def put(printer: Printer, settings: dict[str, Any]) -> str:
    """Print the picture."""
    stock = Stock(kind=StockKind.STICKER, width=settings["width"], height=settings["height"])
    wanted = printer.wanted(stock)
    artwork = Artwork(data=PICTURE.read_bytes(), form=wanted.form, dpi=wanted.dpi, stock=stock, style="lab")
    return printer.print(JOB, artwork, Cancel())


def hold() -> str:
    """Keep the printer until somebody removes a file."""
    HELD.touch()
    while HELD.exists():
        time.sleep(0.2)
    return ""


def attempt(step: str, act: Callable[[], object]) -> dict[str, str]:
    """Make one step; how it ended."""
    try:
        return {"step": step, "said": str(act())}
    except DeviceFault as fault:
        return {"step": step, "fault": fault.kind.name, "message": str(fault)}


def main() -> None:
    """Open the printer once, and make all steps."""
    kind, keys, *steps = sys.argv[1:]
    settings = json.loads(keys)
    try:
        with printer_of(kind, settings) as printer:
            acts: dict[str, Callable[[], object]] = {
                "look": lambda: printer.look().condition,
                "print": lambda: put(printer, settings),
                "examine": lambda: printer.examine(JOB),
                "hold": hold,
            }
            for step in steps:
                print(json.dumps(attempt(step, acts[step])), flush=True)  # noqa: T201
    except DeviceFault as fault:
        ended = {"step": "enter", "fault": fault.kind.name, "message": str(fault)}
        print(json.dumps(ended), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
