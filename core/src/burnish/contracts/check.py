"""What `burnish doctor` says: one line for each thing that was looked at, by the core or by a plugin."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """How it is."""

    OK = "ok"
    WARN = "warn"
    """It works; somebody should look."""
    FAIL = "fail"
    """Something does not work, or something that was promised is missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    """What: a word or two."""
    level: Level
    text: str
    """What was found."""
    advice: str = ""
    """What to do about it; empty where it is well."""


def well(check: str, text: str) -> Finding:
    """It is as it should be."""
    return Finding(check, Level.OK, text)


def odd(check: str, text: str, advice: str) -> Finding:
    """Somebody should look."""
    return Finding(check, Level.WARN, text, advice)


def wrong(check: str, text: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(check, Level.FAIL, text, advice)


def some(items: Sequence[str], most: int = 3) -> str:
    """The first few of a list."""
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """What a plugin can look at: whether its devices are there, may be used, and have the tools they need."""

    name: str
    """Of the driver that it is about, as a configuration says it."""
    look: Callable[[Sequence[Mapping[str, Any]]], Iterable[Finding]]
    """Given the keys of each table that this driver serves, none where it is not in use. Opens no device that
    a server may be working with, and moves nothing."""
