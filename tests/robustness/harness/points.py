"""Points: calls that leave a trace outside of the process. At the fatal one the process dies as by kill -9.

A trace is what the next life can see: a name, bytes in a file, a committed row. Between two traces a death
makes no difference, so dying around each of them is dying anywhere, but for what SQLite and the kernel do
within one call; deaths by timer are for those.
"""

import os
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from sqlite3 import dbapi2
from typing import Any, Final

PHASES: Final = (
    "recover",
    "receive",
    "create",
    "initiate",
    "cancel",
    "plan",
    "write",
    "prove",
    "finish",
    "purge",
)
"""What a server may be at when it dies."""
CALLS: Final = (
    "fsync",
    "link",
    "mkdir",
    "open",
    "rename",
    "replace",
    "sendfile",
    "splice",
    "unlink",
    "write",
)
"""Of the module os."""
TORN: Final = {"splice": 2, "write": 1}
"""Calls that may do half of what they are asked, and which argument says how much."""
_SQL: Final = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP")


@dataclass(frozen=True)
class Doom:
    """When and how a life ends."""

    phase: str
    """One of PHASES, or `timer`."""
    count: int
    """At which point of that phase, from 1; of a timer: after so many microseconds."""
    manner: str
    """`before`, `after` or `torn`."""

    @classmethod
    def draw(cls, random: Random, phase: str, most: int) -> "Doom":
        """Any of the points of a phase; `most` is how many there may be."""
        return cls(phase, random.randint(1, most), random.choice(["before", "after", "torn"]))


class Points:
    """Counts the points of each phase."""

    def __init__(
        self,
        doom: Doom | None,
        last_words: Callable[[str], None] = lambda _: None,
        trace: Callable[[str, tuple[Any, ...]], None] = lambda *_: None,
        phases: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Without a doom nobody dies; `last_words` is told the call that is fatal, `trace` every call and its
        arguments once it is made, `phases` every phase that begins."""
        self.doom = doom
        self.counts: dict[str, int] = dict.fromkeys(PHASES, 0)
        self._phase = PHASES[0]
        self._last_words, self._trace, self._phases = last_words, trace, phases

    @property
    def phase(self) -> str:
        """What the server is at."""
        return self._phase

    @phase.setter
    def phase(self, name: str) -> None:
        if name != self._phase:
            self._phases(name)
        self._phase = name

    def at(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make a call that is a point; around the fatal one the process dies."""
        self.counts[self.phase] += 1
        fatal = self.doom and self.doom.phase == self.phase and self.doom.count == self.counts[self.phase]
        manner = self.doom.manner if self.doom and fatal else ""
        if manner == "torn":
            args = _halved(args, TORN[name]) if name in TORN else args
            manner = "after" if name in TORN else "before"
        if manner == "before":
            self._die(name, manner)
        result = call(*args, **kwargs)
        self._trace(name, args)
        if manner == "after":
            self._die(name, manner)
        return result

    def _die(self, name: str, manner: str) -> None:
        self._last_words(f"{manner} {name}")
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Have this process's calls counted from here on, for good: the process is one of those that die."""
        if self.doom and self.doom.phase == "timer":
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which is to end the process on the spot
            signal.setitimer(signal.ITIMER_REAL, self.doom.count / 1e6)
        for name in CALLS:
            setattr(os, name, self._watched(name, getattr(os, name)))
        connect = dbapi2.connect
        dbapi2.connect = lambda *a, **k: connect(*a, **k, factory=_connection(self))  # type: ignore[assignment]

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            if not _leaves_a_trace(name, args):
                return call(*args, **kwargs)
            return self.at(name, call, *args, **kwargs)

        return watched


def _leaves_a_trace(name: str, args: tuple[Any, ...]) -> bool:
    if name == "open":
        return bool(args[1] & os.O_CREAT)
    return name != "mkdir" or not Path(args[0]).exists()


def _halved(args: tuple[Any, ...], which: int) -> tuple[Any, ...]:
    whole = args[which]
    half = whole // 2 if isinstance(whole, int) else whole[: len(whole) // 2]
    return (*args[:which], half, *args[which + 1 :])


def _connection(points: Points) -> type[sqlite3.Connection]:
    """Connections whose writing statements and commits are points."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            run: Callable[..., sqlite3.Cursor] = super().execute
            if not sql.lstrip()[:6].upper().startswith(_SQL):
                return run(sql, *args)
            self.connection.wrote = True  # type: ignore[attr-defined]
            return points.at(sql.split(None, 1)[0], run, sql, *args)  # type: ignore[no-any-return]

        def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
            self.connection.wrote = True  # type: ignore[attr-defined]
            return points.at("INSERT", super().executemany, sql, *args)  # type: ignore[no-any-return]

    class Connection(sqlite3.Connection):
        wrote = False

        def cursor(self, *_: Any) -> Cursor:  # type: ignore[override]
            return super().cursor(Cursor)

        def commit(self) -> None:
            wrote, self.wrote = self.wrote, False
            if wrote:
                points.at("COMMIT", super().commit)
            else:
                super().commit()

    return Connection
