"""A copy of an installation that may be running: one moment of its database, and what that moment knows of.

    OUT/burnish.sqlite           the database as one transaction saw it
    OUT/spool/<2 hex>/…          every instance that it indexes, and the forms that its plans need
    OUT/plans/<token>.recipe     of volumes whose requests have not ended
    OUT/burnish.toml             the configuration, where there is a file
    OUT/backup.json              when, of what, how much

The database comes first: a file of the spool never changes once it has its name, so what the snapshot knows
can be copied after it. What retention has purged meanwhile is taken out of the snapshot; what is damaged is
left out and named. OUT appears under its name when all of it is durable.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from burnish.config import Loaded
from burnish.database.soundness import DATABASE_FILE, demand_sound, fault_of
from burnish.errors import ConfigError, DatabaseDamaged, SourceDamaged
from burnish.instances.durable import sync_folder
from burnish.instances.files import spool_key
from burnish.instances.sources import Sources
from burnish.instances.spool import DAMAGED, PURGED
from burnish.recipe import load_recipe
from burnish.upkeep.copies import copy_plain, copy_proven, sync_all

FACTS: Final = "backup.json"
CONFIGURATION: Final = "burnish.toml"
_TRIES: Final = 5
"""Snapshots taken at most while plans come and go under them."""

Report = Callable[[str, int, int], None]
"""Told of (step, bytes or files done, of how many)."""

_UNFINISHED: Final = """
    SELECT v.token FROM volumes v JOIN requests r ON v.request = r.id
    WHERE r.status IN ('PENDING', 'CREATING')
"""


@dataclass(slots=True)
class BackedUp:
    """What a backup holds; `backup.json` of it."""

    made_at: float
    """UNIX seconds of the snapshot."""
    instances: int = 0
    bytes: int = 0
    """Of instances and derived forms."""
    plans: int = 0
    purged: int = 0
    """Instances that retention took away while the backup was made."""
    damaged: list[str] = field(default_factory=list)
    """A sentence for each file that is left out because it does not prove itself."""


def back_up(loaded: Loaded, out: Path, report: Report) -> BackedUp:
    """Make the folder `out`. Raises ConfigError where it cannot be begun, OSError, DatabaseDamaged."""
    _demand_place(loaded, out)
    part = out.with_name(out.name + ".part")
    try:
        part.mkdir(mode=0o700)  # it is full of patient data
    except FileExistsError:
        raise ConfigError(f"{part} is left of a backup that was cut off; remove it first") from None
    except OSError as error:
        raise ConfigError(f"{part}: {error.strerror}") from error
    try:
        made = _Backup(loaded.data, part, report).run(loaded.file)
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    sync_folder(out.parent)
    return made


def _demand_place(loaded: Loaded, out: Path) -> None:
    if not (loaded.data / DATABASE_FILE).exists():
        raise ConfigError(f"server.data: {loaded.data} holds no database; nothing to back up")
    demand_sound(loaded.data)
    if out.exists():
        raise ConfigError(f"{out} exists; name another folder")


class _Backup:
    def __init__(self, data: Path, part: Path, report: Report) -> None:
        self._data = data
        self._part = part
        self._report = report
        self._sources = Sources(data / "spool")
        self._written: list[Path] = []
        self._made = BackedUp(0.0)

    def run(self, configuration: Path | None) -> BackedUp:
        forms = self._snapshot_with_plans()
        self._instances()
        self._forms(forms)
        self._marks()
        if configuration:
            self._plain(configuration, CONFIGURATION)
        self._seal()
        return self._made

    # --- the database and its plans -----------------------------------------------------------------------

    def _snapshot_with_plans(self) -> set[str]:
        """Take the snapshot and the plans that it needs; returns the keys of derived forms in them.

        A plan goes when its request ends. Then the snapshot is older than that, and another is taken.
        """
        for _ in range(_TRIES):
            self._snapshot()
            try:
                return self._plans()
            except FileNotFoundError:
                shutil.rmtree(self._part / "plans", ignore_errors=True)
                self._written.clear()
        raise OSError("requests end faster than their plans can be copied; try again when less is made")

    def _snapshot(self) -> None:
        target = self._part / DATABASE_FILE
        target.unlink(missing_ok=True)
        self._report("database", 0, 1)
        self._made.made_at = time.time()
        with closing(sqlite3.connect(target)) as copy:
            with closing(sqlite3.connect(self._data / DATABASE_FILE)) as live:
                live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").close()
        if fault := fault_of(target):
            raise DatabaseDamaged(
                f"the database is damaged ({fault}); `burnish repair` keeps what can be read"
            )

    def _plans(self) -> set[str]:
        forms: set[str] = set()
        tokens = self._rows(_UNFINISHED)
        for (token,) in tokens:
            name = f"plans/{token}.recipe"
            self._plain(self._data / name, name)
            sources = load_recipe(self._part / name).sources
            forms |= {key.partition("@")[0] for key in sources if "." in key}
        self._made.plans = len(tokens)
        return forms

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._part / DATABASE_FILE)) as copy:
            return copy.execute(query).fetchall()

    # --- the spool ----------------------------------------------------------------------------------------

    def _instances(self) -> None:
        """Copy every instance; one that cannot be copied is taken out of the snapshot."""
        rows = self._rows("SELECT id, sop_instance, version FROM instances")
        left_out = []
        for number, (row, uid, version) in enumerate(rows):
            self._report("instances", number, len(rows))
            try:
                self._file(spool_key(uid, version))
                self._made.instances += 1
            except (SourceDamaged, FileNotFoundError) as error:
                left_out.append((row,))
                self._account(error, uid, version)
        with closing(sqlite3.connect(self._part / DATABASE_FILE)) as copy, copy:
            copy.executemany("DELETE FROM pins WHERE instance = ?", left_out)
            copy.executemany("DELETE FROM instances WHERE id = ?", left_out)

    def _file(self, key: str) -> None:
        target = self._part / "spool" / key
        self._made.bytes += copy_proven(self._sources, key, target)
        self._written.append(target)

    def _account(self, error: Exception, uid: str, version: int) -> None:
        """Retention deletes the row, then the file: where the row is gone too, nothing is wrong."""
        with closing(sqlite3.connect(self._data / DATABASE_FILE)) as live:
            query = "SELECT 1 FROM instances WHERE sop_instance = ? AND version = ?"
            still = live.execute(query, (uid, version)).fetchone()
        if still:
            gone = isinstance(error, FileNotFoundError)
            self._made.damaged.append(f"{uid}: its file in the spool is gone" if gone else f"{uid}: {error}")
        else:
            self._made.purged += 1

    def _forms(self, keys: set[str]) -> None:
        for key in sorted(keys):
            try:
                self._file(key)
            except (SourceDamaged, FileNotFoundError) as error:
                self._made.damaged.append(f"a form that a plan needs: {error}")

    def _marks(self) -> None:
        """Files that keep the number of a version that is not there: else it would be given again."""
        for end in (PURGED, DAMAGED):
            for path in (self._data / "spool").glob(f"[0-9a-f][0-9a-f]/*{end}"):
                with suppress(FileNotFoundError):
                    self._plain(path, f"spool/{path.parent.name}/{path.name}")

    # --- the end ------------------------------------------------------------------------------------------

    def _plain(self, path: Path, name: str) -> None:
        copy_plain(path, self._part / name)
        self._written.append(self._part / name)

    def _seal(self) -> None:
        facts = self._part / FACTS
        facts.write_text(json.dumps(asdict(self._made), indent=2) + "\n", "utf-8")
        self._report("syncing", 0, 0)
        sync_all([*self._written, self._part / DATABASE_FILE, facts])
