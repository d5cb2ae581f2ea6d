"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str, int, int], None]
_LINE_SECONDS = 5.0


@contextmanager
def progress() -> Iterator[Report]:
    """Give a reporter of (step, done, total); everything goes to stderr."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description:10}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, int] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)  # type: ignore[arg-type]

        yield report


def _lines() -> Report:
    """A line when a step begins, and one every few seconds while it lasts."""
    told: dict[str, float] = {}

    def report(step: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - told.get(step, -_LINE_SECONDS) >= _LINE_SECONDS:
            share = f" {100 * done // total} %" if total and step in told else ""
            told[step] = now
            print(f"{step}{share}", file=sys.stderr, flush=True)  # noqa: T201

    return report
