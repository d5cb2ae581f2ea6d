"""Tapes: what went over a transport, in JSON Lines, to be played back without the device.

A transport is any object with methods: `send` and `receive` of messages, `write` and `read` of bytes, a
process that is read line by line. A tape holds its calls in order, with what was said and what came back:

    {"tape": 1, "of": "nimbie", "recorded": "from burnish_mover_nimbie.simulator"}
    {"call": "send", "said": [{"bytes": "\\\\x00\\\\x00C\\\\x00\\\\x00\\\\x00\\\\x00\\\\x00"}], "back": null}
    {"call": "receive", "said": [], "back": {"bytes": "OK\\\\x00"}}
    {"call": "receive", "said": [], "raised": ["TimeoutError", ["nothing came"]]}

What is said goes by position and is held to the tape; how long to wait goes by keyword and is not of the
tape. Bytes are written as Python writes them inside b"". A driver that opens its transport by a function
records so:

    connect = lambda settings: Recorder(UsbLink(settings.place), "load.jsonl", of="nimbie", recorded="...")
    NimbieMover(settings, connect)
"""

import builtins
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

VERSION: Final = 1
"""Of the form of a tape."""


class TapeMismatch(AssertionError):
    """A driver said something else than it did when the tape was recorded."""


class Recorder:
    """A transport that writes down what goes through it, line by line, so that a crash loses nothing.

    The tape ends where the transport is closed.
    """

    def __init__(self, transport: object, path: str | Path, *, of: str, recorded: str) -> None:
        self._transport = transport
        self._tape = Path(path).open("w", encoding="utf-8")  # noqa: SIM115 - open as long as the transport
        self._note({"tape": VERSION, "of": of, "recorded": recorded})

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._transport, name)

        def call(*said: Any, **waiting: Any) -> Any:
            line = {"call": name, "said": [_plain(value) for value in said]}
            try:
                back = method(*said, **waiting)
            except Exception as error:
                self._note({**line, "raised": [type(error).__name__, [_plain(arg) for arg in error.args]]})
                raise
            self._note({**line, "back": _plain(back)})
            if name == "close":
                self._tape.close()
            return back

        return call

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._tape.close()

    def _note(self, line: Mapping[str, Any]) -> None:
        if not self._tape.closed:
            print(json.dumps(line), file=self._tape, flush=True)


class Replay:
    """A transport that answers from a tape, and only what was recorded."""

    def __init__(self, path: str | Path, errors: Iterable[type[Exception]] = ()) -> None:
        """`errors`: what a transport raises beside the exceptions of Python itself."""
        self._path = Path(path)
        head, *self._lines = map(json.loads, self._path.read_text(encoding="utf-8").splitlines())
        if head.get("tape") != VERSION:
            raise ValueError(f"{self._path} is no tape of version {VERSION}")
        self._at = 0
        self._errors = {error.__name__: error for error in errors}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*said: Any, **waiting: Any) -> Any:
            line = self._next(name, [_plain(value) for value in said])
            if "raised" in line:
                kind, args = line["raised"]
                raise self._error(kind)(*map(_value, args))
            return _value(line["back"])

        return call

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raise TapeMismatch where the driver stopped before the tape did."""
        if kind is None and self._at < len(self._lines):
            raise TapeMismatch(f"{self._where()}: the tape goes on with {self._lines[self._at]}")

    def _next(self, name: str, said: list[Any]) -> dict[str, Any]:
        if self._at == len(self._lines):
            raise TapeMismatch(f"{self._where()}: the tape ends, the driver says {name}{said}")
        line: dict[str, Any] = self._lines[self._at]
        if (line["call"], line["said"]) != (name, said):
            taped = f"{line['call']}{line['said']}"
            raise TapeMismatch(f"{self._where()}: the tape says {taped}, the driver says {name}{said}")
        self._at += 1
        return line

    def _where(self) -> str:
        return f"{self._path.name}, line {self._at + 2}"

    def _error(self, kind: str) -> type[Exception]:
        error: type[Exception] = self._errors.get(kind) or getattr(builtins, kind)
        return error


def _plain(value: Any) -> Any:
    """As JSON can hold it."""
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value).decode("latin-1").encode("unicode_escape").decode("ascii")}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _value(plain: Any) -> Any:
    """What `_plain` was given; a tuple comes back as a list."""
    if isinstance(plain, dict):
        return plain["bytes"].encode("ascii").decode("unicode_escape").encode("latin-1")
    if isinstance(plain, list):
        return [_value(item) for item in plain]
    return plain
