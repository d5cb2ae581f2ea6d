"""What stands in the way of a serial robot on this machine: findings as (level, text, advice).

Levels: `ok`, `note`, `warning`, `error`. It opens no port: a robot may take an opened port for a command.
"""

import os
from collections.abc import Iterator


def findings() -> Iterator[tuple[str, str, str]]:
    """Say which ports there are and whether this process may use them."""
    from serial.tools.list_ports import comports

    ports = sorted(comports(), key=lambda port: port.device)
    if not ports:
        yield (
            "note",
            "there is no serial port",
            "plug the robot's USB adapter in; `ls /dev/serial/by-path` shows it",
        )
    for port in ports:
        where = f"{port.device} ({port.description})" + (
            f" at USB port {port.location}" if port.location else ""
        )
        if os.access(port.device, os.R_OK | os.W_OK):
            yield "ok", where, ""
        else:
            yield "error", f"{where}: no permission to use it", "have the service in the group dialout"
