"""Durations as a configuration writes them: `10s`, `30m`, `72h`, `7d`, `10y`.

A year is 365 days. A value is kept as a timedelta; a bare number is refused, because nobody could tell
what it counts.
"""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "y": 365 * 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdy])")


def parse_duration(value: Any) -> timedelta:
    """Read `10s` and its kin. Raises ValueError with what was expected.

    >>> parse_duration("1.5h")
    datetime.timedelta(seconds=5400)
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError("a duration is a number and s, m, h, d or y; try '10s' or '72h'")
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


def format_duration(value: timedelta) -> str:
    """Write a duration so that `parse_duration` reads it back.

    >>> format_duration(timedelta(hours=72))
    '3d'
    """
    seconds = value.total_seconds()
    for unit, size in sorted(_SECONDS.items(), key=lambda item: -item[1]):
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
