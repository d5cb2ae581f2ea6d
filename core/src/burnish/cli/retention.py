"""`retention`: the lifetimes in force, what they keep, and what goes next."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from burnish.cli import say
from burnish.config import Loaded, load_config
from burnish.database import Database, service_time
from burnish.errors import ConfigError
from burnish.orders.due import IN_USE, Class, count_instances, count_requests


def show_retention(file: Path | None, *, as_json: bool) -> None:
    """Print it, from the database of the configuration; a server may run beside. Raises ConfigError."""
    loaded = load_config(file)
    lifetimes = loaded.config.retention.model_dump(mode="json", exclude={"preserve_default"})
    requests, instances = _count(loaded)
    if as_json:
        say(json.dumps(_document(lifetimes, requests, instances), indent=2))
        return
    for line in _table(lifetimes, requests, instances):
        say(line)


def _count(loaded: Loaded) -> tuple[list[Class], list[Class]]:
    if not (loaded.data / "burnish.sqlite").exists():
        raise ConfigError(f"server.data: no server has run in {loaded.data} yet")
    database, settings = Database.open(loaded.config.database, loaded.data), loaded.config.retention
    try:
        with database.read() as connection:
            now = service_time(connection)
            return count_requests(connection, settings, now), count_instances(connection, settings, now)
    finally:
        database.close()


def _document(lifetimes: dict[str, str], requests: list[Class], instances: list[Class]) -> dict[str, Any]:
    return {
        "lifetimes": lifetimes,
        "requests": [asdict(one) for one in requests],
        "instances": [asdict(one) for one in instances],
    }


def _table(lifetimes: dict[str, str], requests: list[Class], instances: list[Class]) -> Iterator[str]:
    yield f"{'kept for':26}{'lifetime':>10}{'count':>10}{'MiB':>10}{'due':>8}  next"
    for title, classes in (("requests", requests), ("instances", instances)):
        for one in classes:
            name = f"{title} in use" if one.name == IN_USE else one.name
            size = f"{one.size / (1 << 20):.1f}" if title == "instances" else ""
            lifetime = lifetimes.get(one.name, "")
            yield f"{name:26}{lifetime:>10}{one.count:>10}{size:>10}{one.due:>8}  {_when(one.next)}".rstrip()


def _when(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"in {timedelta(seconds=round(seconds))}" if seconds else "now"
