"""Bytes to and from a robot. The only module that knows pyserial, and it is loaded when a port is opened.

Errors are OSError as the system numbers them; a lost adapter is one of them.
"""

import errno
from typing import Protocol

from burnish_mover_serial.commands import Line as LineSettings


class Line(Protocol):
    """What the driver talks through."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def read(self, count: int, *, timeout: float) -> bytes:
        """Return `count` bytes, or what came of them within `timeout` seconds."""

    def close(self) -> None:
        """Give the line back."""


class PortLine:
    """A port of the system: `/dev/ttyUSB0`, or better a name under `/dev/serial/by-path`."""

    def __init__(self, port: str, settings: LineSettings) -> None:
        """Take the port for this process alone. Raises OSError; EBUSY where another has it."""
        from serial import Serial, SerialException

        flow = settings.handshake == "rts/cts"
        try:
            self._port = Serial(port, settings.baud, rtscts=flow, exclusive=True, write_timeout=5)
        except SerialException as error:
            raise _as_numbered(error, port) from error

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._port.write(data)
        self._port.flush()

    def read(self, count: int, *, timeout: float) -> bytes:
        """Return `count` bytes, or what came of them in time."""
        self._port.timeout = timeout
        return self._port.read(count)

    def close(self) -> None:
        """Give the port back."""
        self._port.close()


def _as_numbered(error: OSError, port: str) -> OSError:
    """pyserial says of a locked port that it would block."""
    number = error.errno or errno.ENODEV
    if number in (errno.EAGAIN, errno.EBUSY):
        return OSError(errno.EBUSY, f"{port} is in use by another process")
    return OSError(number, str(error))
