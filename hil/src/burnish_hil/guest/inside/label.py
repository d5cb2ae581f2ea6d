"""Prints drawings of the conformance kit on a ZPL printer, in the guest: `label.py SETTINGS COUNT`

SETTINGS are the printer's keys in JSON. Prints one JSON line for the look before, one for each label, and one
for what is known of the first label afterwards:
{"condition": null}, {"place": "..."} or {"fault": "OPERATOR_ACTION", "message": "..."}, {"examined": "yes"}.
"""

import json
import sys

from burnish.contracts import Cancel, PrintJob, Stock, StockKind
from burnish.errors import DeviceFault
from burnish.testing.printers import drawing
from burnish_printer_zebra import Settings, ZebraPrinter


def main() -> None:
    """Print them, each with the printer opened anew."""
    keys, count = json.loads(sys.argv[1]), int(sys.argv[2])
    printer = ZebraPrinter(Settings(**keys))
    stock = Stock(kind=StockKind.STICKER, width=keys["width"], height=keys["height"])
    for number in range(count + 1):
        told: dict[str, str | None]
        try:
            with printer:
                if number == 0:
                    told = {"condition": printer.look().condition}
                else:
                    job = PrintJob(code=f"LAB-{number}", title="lab")
                    artwork = drawing(stock, printer.wanted(stock), shade=number)
                    told = {"place": printer.print(job, artwork, Cancel())}
        except DeviceFault as fault:
            told = {"fault": fault.kind, "message": str(fault)}
        print(json.dumps(told), flush=True)  # noqa: T201 - the host reads it
    examined = printer.examine(PrintJob(code="LAB-1", title="lab"))
    print(json.dumps({"examined": examined}))  # noqa: T201


if __name__ == "__main__":
    main()
