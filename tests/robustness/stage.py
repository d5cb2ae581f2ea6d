"""Installations for these tests: quick to try again, and with a writer that does what a test tells it."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burnish.testing.scripted import write_script

from tests.lab import Installation

PLUGINS = ["profiles", "format-iso9660", "writer-file", "writer-scripted"]


def installation(
    folder: Path, driver: str = "file", keys: str = "", tables: str = "", hold_retry: str = "0.2s"
) -> Installation:
    """An installation with one writer in `out`; `keys` are lines of its table, `tables` stand after it."""
    about = f'driver = "{driver}"\npath = "{folder}/out"\nhold_retry = "{hold_retry}"'
    writer = f"[writers.shelf]\n{about}\n{keys}\n"
    burnish = Installation(folder, writer + tables)
    burnish.config.write_text(f"plugins = {PLUGINS}\n" + burnish.config.read_text("utf-8"), "utf-8")
    burnish.out.mkdir()
    return burnish


@contextmanager
def running(burnish: Installation) -> Iterator[Installation]:
    """Start it, and stop it at the end."""
    burnish.start()
    try:
        yield burnish
    finally:
        burnish.stop()


def script(burnish: Installation, *actions: dict[str, Any]) -> None:
    """Replace what is left of the script of the scripted writer in `out`."""
    with (burnish.out / "script.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_script(burnish.out, actions)
