"""`burnish requests`: what there is, and everything about one."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from burnish.cli import say
from burnish.config import Loaded, load_config
from burnish.database import Database
from burnish.database.soundness import DATABASE_FILE
from burnish.errors import ConfigError, InvalidMove
from burnish.requests.holding import release
from burnish.requests.overview import find_row, request_lines, request_story
from burnish.terms import ExecutionStatus

Values = Mapping[str, Any]
_COLUMNS: Final = (
    "uid",
    "ae",
    "status",
    "info",
    "priority",
    "copies",
    "made",
    "spoilt",
    "profile",
    "age",
    "message",
)
_AGES: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def list_requests(config: Path | None, status: str | None, limit: int, *, as_json: bool) -> None:
    """Print a line of each, the newest first. Raises ConfigError."""
    with _database(load_config(config)) as database, database.read() as connection:
        lines = request_lines(connection, _status(status), limit)
    if as_json:
        say(json.dumps(lines, indent=2))
    elif not lines:
        say("no requests")
    else:
        for row in _aligned([_COLUMNS, *(_cells(line) for line in lines)]):
            say(row)


def show_request(name: str, config: Path | None, *, as_json: bool) -> None:
    """Print everything about one. Raises ConfigError."""
    with _database(load_config(config)) as database, database.read() as connection:
        row = _named(find_row(connection, name), name)
        story = request_story(connection, row)
    if as_json:
        say(json.dumps(story, indent=2))
    else:
        for line in _told(story):
            say(line)


def release_request(name: str, config: Path | None) -> None:
    """Let a held request go on. Raises ConfigError where there is none, or it is not held."""
    loaded = load_config(config)
    _demand_database(loaded)
    database = Database.open(loaded.config.database, loaded.data)
    try:
        with database.write() as connection:
            release(connection, _named(find_row(connection, name), name))
    except InvalidMove as error:
        raise ConfigError(str(error)) from error
    finally:
        database.close()
    say("released")


@contextmanager
def _database(loaded: Loaded) -> Iterator[Database]:
    _demand_database(loaded)
    database = Database.look(loaded.data)
    try:
        yield database
    finally:
        database.close()


def _demand_database(loaded: Loaded) -> None:
    if not (loaded.data / DATABASE_FILE).exists():
        raise ConfigError(f"server.data: no server has run in {loaded.data} yet")


def _status(name: str | None) -> ExecutionStatus | None:
    try:
        return ExecutionStatus(name.upper()) if name else None
    except ValueError:
        raise ConfigError(f"--status {name}: there are {', '.join(ExecutionStatus)}") from None


def _named(row: Any, name: str) -> Any:
    if row is None:
        raise ConfigError(f"no request {name}; `burnish requests` lists them")
    return row


# --- for people --------------------------------------------------------------------------------------------


def _cells(line: Values) -> Sequence[str]:
    wanted = "?" if line["wanted"] is None else line["wanted"]
    return (
        line["uid"],
        line["ae"],
        line["status"],
        line["info"] + (" held" if line["held"] else ""),
        line["priority"],
        str(line["copies"]),
        f"{line['made']}/{wanted}",
        str(line["spoilt"]),
        ",".join(line["profiles"]),
        _age(line["created_at"]),
        line["message"],
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _age(since: float) -> str:
    """How long ago, in the largest unit that counts to one."""
    seconds = max(0, int(time.time() - since))
    size, unit = next(((size, unit) for size, unit in _AGES if seconds >= size), (1, "s"))
    return f"{seconds // size}{unit}"


def _moment(at: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(at)) if at else ""


def _told(story: Values) -> Iterator[str]:
    for name in ("uid", "token", "ae", "status", "info", "priority", "copies", "message"):
        yield f"{name:10} {story[name]}".rstrip()
    if story["held"]:
        yield f"{'held':10} `burnish requests {story['uid']} --release` lets it go on"
    for name in ("created_at", "initiated_at", "ended_at"):
        yield f"{name.removesuffix('_at'):10} {_moment(story[name])}".rstrip()
    yield from _section("attributes", [[key, str(value)] for key, value in story["attributes"].items()])
    yield from _section("references", [_reference(item) for item in story["references"]])
    yield from _section("failed", [_failed(item) for item in story["failed"]])
    yield from _section("volumes", [_volume(volume) for volume in story["volumes"]])
    yield from _section("pieces", [row for piece in story["pieces"] for row in _piece(piece)])
    yield from _section("events", [_event(event) for event in story["events"]])


def _section(title: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield ""
        yield title
        yield from (f"  {line}" for line in _aligned(rows))


def _reference(item: Values) -> Sequence[str]:
    return [item["sop_instance"], item["sop_class"], item["profile"]]


def _failed(item: Values) -> Sequence[str]:
    tags = ",".join(f"({tag >> 16:04X},{tag & 0xFFFF:04X})" for tag in item["attributes"])
    return [item["sop_instance"], f"{item['reason']:04X}", tags, item["why"]]


def _volume(volume: Values) -> Sequence[str]:
    names = ("number", "file_set_id", "profile", "medium", "length", "token", "file_set_uid")
    return [str(volume[name]) for name in names]


def _piece(piece: Values) -> Iterator[Sequence[str]]:
    """The piece, and below it each attempt."""
    what = f"volume {piece['volume']} copy {piece['copy']}"
    where = piece["place"] or piece["station"] or ""
    yield [what, piece["state"], f"spoilt {piece['spoilt']}", where]
    for tried in piece["attempts"]:
        fault = ": ".join(filter(None, (tried["fault"], tried["message"])))
        yield [f"  {_moment(tried['started_at'])}", tried["outcome"] or "at work", tried["station"], fault]


def _event(event: Values) -> Sequence[str]:
    data = " ".join(f"{name}={value}" for name, value in event["data"].items())
    return [_moment(event["at"]), event["kind"], f"piece {event['piece']}" if event["piece"] else "", data]
