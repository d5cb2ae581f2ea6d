"""What stands in the way of a serial robot on this machine. It opens no port: some move when one is."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from burnish.contracts.check import Finding, well, wrong

NAME: Final = "serial"


def look(tables: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Say which ports there are, whether this process may use them, and which configured ones are missing."""
    from serial.tools.list_ports import comports

    for port in sorted(comports(), key=lambda port: port.device):
        at = f" at USB port {port.location}" if port.location else ""
        where = f"{port.device} ({port.description}){at}"
        if os.access(port.device, os.R_OK | os.W_OK):
            yield well(NAME, where)
        else:
            yield wrong(NAME, f"{where}: no permission to use it", "have the service in the group dialout")
    for keys in tables:
        port_ = str(keys.get("port", ""))
        if port_.startswith("/") and not Path(port_).exists():
            advice = "plug the robot's USB adapter in; `ls /dev/serial/by-path` shows it"
            yield wrong(NAME, f"there is no port {port_}", advice)
