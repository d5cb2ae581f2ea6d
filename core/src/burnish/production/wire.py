"""How the processes of production talk: one JSON document a message, over a socket that keeps messages
whole; a descriptor may ride along. Neither side ever evaluates what the other sends.
"""

import json
import os
import socket
from contextlib import suppress
from typing import Any, Final

_MOST: Final = 1 << 16


class Wire:
    """One end. Not safe for two threads that receive; sending is, a message is one call."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        end.set_inheritable(False)

    @staticmethod
    def pair() -> tuple[socket.socket, socket.socket]:
        """Both ends of a fresh connection."""
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    @classmethod
    def inherited(cls, descriptor: int) -> "Wire":
        """The end that a parent process left open for this one."""
        return cls(socket.socket(fileno=descriptor))

    def send(self, message: dict[str, Any], descriptor: int | None = None) -> None:
        """Send. Raises OSError where the other side is gone."""
        data = json.dumps(message).encode()
        if len(data) > _MOST:
            raise ValueError(f"a message of {len(data)} bytes is too long")
        socket.send_fds(self._end, [data], [] if descriptor is None else [descriptor])

    def receive(self, timeout: float | None = None) -> tuple[dict[str, Any], int | None] | None:
        """Return the next message and its descriptor; None where the other side is gone.

        Raises TimeoutError, and ValueError where what came is not a message.
        """
        self._end.settimeout(timeout)
        try:
            data, descriptors, _, _ = socket.recv_fds(self._end, _MOST, 1)
        except ConnectionError:
            return None
        if not data:
            return None
        try:
            message = _parsed(data)
        except ValueError:
            for descriptor in descriptors:
                os.close(descriptor)
            raise
        return message, descriptors[0] if descriptors else None

    def fileno(self) -> int:
        """For a child to inherit."""
        return self._end.fileno()

    def close(self) -> None:
        """Say goodbye. Safe to repeat."""
        with suppress(OSError):
            self._end.close()


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        message = json.loads(data)
    except RecursionError:
        raise ValueError("a message is nested too deeply") from None
    if not isinstance(message, dict):
        raise ValueError("a message is a JSON object")
    return message
