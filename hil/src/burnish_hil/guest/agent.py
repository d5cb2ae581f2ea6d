"""The host's end of the agent: commands that run in the guest, several at a time."""

import itertools
import json
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_GRACE: Final = 20.0
"""Seconds beyond a command's own time in which the agent must have answered."""


class CommandFailed(AssertionError):
    """A command in the guest did not end with 0."""


class NoAnswer(Exception):
    """The guest does not answer: it hangs, or was switched off."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended."""

    code: int
    """Its exit code; 124 where its time was over."""
    output: str
    """Both of its streams."""


class Agent:
    """A connection to the agent, made before the guest starts."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._results: dict[int, Result] = {}
        self._changed = threading.Condition()
        self._over = False
        self._listener = threading.Thread(target=self._listen, name="hil-agent", daemon=True)

    def greet(self, timeout: float) -> str:
        """Wait for the agent; its kernel's release. Raises NoAnswer."""
        self._socket.settimeout(timeout)
        try:
            greeting = self._lines.readline()
        except TimeoutError as error:
            raise NoAnswer(f"the guest did not come up within {timeout:.0f} s") from error
        if not greeting:
            raise NoAnswer("the guest went off while it came up")
        self._socket.settimeout(None)
        self._listener.start()
        return str(json.loads(greeting)["release"])

    def start(self, command: str, timeout: float) -> int:
        """Begin a command; the number to `wait` for."""
        number = next(self._numbers)
        order = {"id": number, "command": command, "timeout": timeout}
        self._socket.sendall(json.dumps(order).encode() + b"\n")
        return number

    def wait(self, number: int, timeout: float) -> Result:
        """The result of a command. Raises NoAnswer."""
        with self._changed:
            self._changed.wait_for(lambda: number in self._results or self._over, timeout + _GRACE)
            if number not in self._results:
                raise NoAnswer("the guest was switched off" if self._over else "the guest does not answer")
            return self._results.pop(number)

    def close(self) -> None:
        """Let go of the guest, which must be off. Safe to repeat."""
        if self._listener.is_alive():
            self._listener.join(timeout=_GRACE)
        self._lines.close()
        self._socket.close()

    def _listen(self) -> None:
        try:
            for line in self._lines:
                self._note(json.loads(line))
        except (OSError, ValueError):
            pass  # the guest went off
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _note(self, answer: dict[str, Any]) -> None:
        with self._changed:
            self._results[answer["id"]] = Result(answer["code"], answer["output"])
            self._changed.notify_all()
