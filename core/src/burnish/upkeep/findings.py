"""What a doctor says: one line for each thing that was looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


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
