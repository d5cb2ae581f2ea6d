"""USB devices for a guest, over USB/IP: each hangs on a cable of its own, which can be pulled.

The package `usbip` speaks the protocol and knows the URBs; it is not typed, and confined to the modules of
devices. A guest attaches a cable with `usbip --tcp-port PORT attach -r 10.0.2.2 -b 1-1`.
"""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Any, Final, Self

from usbip import protocol  # type: ignore[import-untyped]

NAME: Final = "1-1"
"""What every device is called on its own cable."""


class Cable:
    """A device that can be attached while the `with` block lasts, from the host's loopback only."""

    def __init__(self, device: Any) -> None:
        """`device`: a usbip.USBDevice."""
        self._device = device
        self._device.busid, self._device.busnum, self._device.devnum = NAME, 1, 2
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._serve, name=f"usb-{self.port}", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pull()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=10)
        self._server.close()

    def pull(self) -> None:
        """Pull it out, in the middle of whatever goes on. It can be attached again."""
        while self._ends:
            with contextlib.suppress(OSError):
                self._ends.pop().shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        """One host after the other."""
        while True:
            try:
                end, _ = self._server.accept()
            except OSError:
                return
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends.append(end)
            threading.Thread(
                target=protocol.serve_connection, args=(end, [self._device]), daemon=True
            ).start()
