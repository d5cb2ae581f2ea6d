"""Disc robots on a wire: the protocol simulators of the mover plugins, on USB/IP or on a serial adapter.

Robot and recorder meet in a `Mechanism` of `burnish.testing`, whose discs are emulated discs and whose drives
are emulated recorders: what the host does to a tray over one cable, the robot sees over the other.
"""

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import usbip  # type: ignore[import-untyped]
from burnish_mover_nimbie.simulator import Nimbie


class SerialRobot(Protocol):
    """A simulator of `burnish_mover_serial.simulator`."""

    def answer(self, data: bytes) -> bytes:
        """What it says to `data`."""


def usb_robot(nimbie: Nimbie) -> Any:
    """The USB device that this robot is: a usbip.USBDevice for a `Cable`."""
    device = usbip.USBDevice(0x1723, 0x0945, manufacturer="Acronova", product="Nimbie (emulated)")
    device.set_speed(usbip.SPEED_FULL)
    device.add(_Robot(nimbie))
    return device


class _Robot(usbip.Interface):  # type: ignore[misc]
    """The one interface of the device."""

    in_ep = usbip.In(0x81, "bulk", mps=64)
    out_ep = usbip.Out(0x02, "bulk", mps=64)

    def __init__(self, nimbie: Nimbie) -> None:
        super().__init__()
        self._nimbie = nimbie

    def on_out(self, ep: Any, data: bytes) -> None:
        """A command: its answer is several transfers, some of them empty."""
        for transfer in self._nimbie.answer(bytes(data)):
            self.in_ep.write(transfer)


class SerialLine:
    """A robot behind a UNIX socket, to which QEMU connects a USB adapter: see `wiring.attach_serial`."""

    def __init__(self, robot: SerialRobot, path: Path) -> None:
        self._robot = robot
        self.path = path

    def __enter__(self) -> Self:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self.path))
        self._server.listen(1)
        self._thread = threading.Thread(target=self._serve, name="serial-robot", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            with line, contextlib.suppress(OSError):
                while data := line.recv(4096):
                    line.sendall(self._robot.answer(data))
