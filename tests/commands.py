"""Many commands in a short time: each in a process of its own, forked from one that has imported them all.

`burnish` spends up to a second of CPU on imports before it does a thing, and nobody waits for a hundred of
them. The parent runs no thread, so what it forks is what the command's own interpreter would be. Messages are
JSON lines: {"arguments", "folder", "variables", "out", "err"} in, {"code"} out.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

_PROGRAM = "from tests.commands import fork_commands; fork_commands()"
"""Not `-m`, because a usage message would then name this module."""


@dataclass(frozen=True)
class Told:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


class Commands:
    """The process that forks."""

    def __init__(self, scratch: Path) -> None:
        self._out, self._err = scratch / "out", scratch / "err"
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> Told:
        """One command, to its end."""
        assert self._process.stdin
        assert self._process.stdout
        asked = {
            "arguments": list(arguments),
            "folder": str(folder),
            "variables": dict(variables),
            "out": str(self._out),
            "err": str(self._err),
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        code = json.loads(self._process.stdout.readline())["code"]
        return Told(code, self._out.read_text(), self._err.read_text())

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@contextlib.contextmanager
def commands() -> Iterator[Commands]:
    """Such a process, ended at the end."""
    with TemporaryDirectory() as scratch:
        running = Commands(Path(scratch))
        try:
            yield running
        finally:
            running.close()


def fork_commands() -> None:
    """Be that process."""
    import burnish.cli.compose
    import burnish.cli.configuration
    import burnish.cli.demo
    import burnish.cli.scu
    import burnish.cli.verify
    import burnish.server  # noqa: F401 - what a command would import is here already

    replies = os.dup(1)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _be(asked)
        _, status = os.waitpid(child, 0)
        os.write(replies, json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode() + b"\n")


def _be(asked: Mapping[str, Any]) -> NoReturn:
    """Be the command."""
    from burnish.cli import main

    signal.alarm(120)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["variables"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, path in enumerate((asked["out"], asked["err"]), 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(nothing, 0)
    sys.argv = ["burnish", *asked["arguments"]]
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as an interpreter ends: with what went wrong on stderr
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)
