"""The doctor looks at an installation, running or not, and says what is wrong. It changes nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

from burnish.config import Loaded, load_config
from burnish.contracts.check import Finding, Level, wrong
from burnish.database import Database
from burnish.database.soundness import DATABASE_FILE
from burnish.errors import ConfigError
from burnish.upkeep.machine import look_at_machine
from burnish.upkeep.stock import look_at_database, look_at_plans, look_at_spool
from burnish.upkeep.work import look_at_work

Report = Callable[[str, int, int], None]


def examine(config: Path | None, report: Report, *, deep: bool) -> Iterator[Finding]:
    """Everything, in order; what cannot be looked at because something before it is broken is left out.

    `deep` hashes every instance again and compares the database's indexes.
    """
    try:
        loaded = load_config(config)
    except ConfigError as error:
        for line in str(error).splitlines():
            yield wrong("configuration", line, "mend it; `burnish config check` says the same")
        return
    yield from look_at_machine(loaded)
    found = list(look_at_database(loaded.data, deep=deep))
    yield from found
    usable = not any(finding.level is Level.FAIL for finding in found)
    if usable and (loaded.data / DATABASE_FILE).exists():
        yield from _inside(loaded, report, deep=deep)


def _inside(loaded: Loaded, report: Report, *, deep: bool) -> Iterator[Finding]:
    database = Database.look(loaded.data)
    try:
        yield from look_at_spool(loaded.data, database, deep=deep, report=report)
        yield from look_at_plans(loaded.data, database)
        yield from look_at_work(loaded.config, database)
    finally:
        database.close()
