"""QEMU's control socket: one command at a time, in JSON. (QEMU, "QEMU Machine Protocol Specification")"""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Refused(Exception):
    """QEMU would not do it; the text is QEMU's."""


class Qmp:
    """A connection to the socket, of which QEMU serves one at a time."""

    def __init__(self, path: Path, timeout: float = 30) -> None:
        """`timeout`: seconds that any answer may take. Raises OSError."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self._lines.readline()  # the greeting
        self("qmp_capabilities")

    def __call__(self, command: str, **arguments: Any) -> Any:
        """What QEMU returns. Raises Refused, TimeoutError."""
        order = {
            "execute": command,
            "arguments": {key.replace("_", "-"): value for key, value in arguments.items()},
        }
        self._socket.sendall(json.dumps(order).encode() + b"\n")
        while "return" not in (answer := json.loads(self._lines.readline())):
            if "error" in answer:
                raise Refused(answer["error"]["desc"])
        return answer["return"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._socket.close()
