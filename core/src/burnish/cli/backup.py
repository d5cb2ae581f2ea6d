"""`burnish backup`, `burnish restore` and `burnish repair`."""

import time
from pathlib import Path

from burnish.cli import complain, say
from burnish.cli.progress import progress
from burnish.config import load_config
from burnish.upkeep.backup import CONFIGURATION, back_up
from burnish.upkeep.repair import repair
from burnish.upkeep.restore import restore


def run_backup(out: Path, config: Path | None) -> int:
    """Make a backup; 1 where something damaged was left out."""
    loaded = load_config(config)
    with progress() as report:
        made = back_up(loaded, out, report)
    for sentence in made.damaged:
        complain(f"left out {sentence}")
    purged = f", {made.purged} purged meanwhile" if made.purged else ""
    say(f"{out}: {made.instances} instances, {made.plans} plans, {made.bytes >> 20} MiB, proven{purged}")
    return 1 if made.damaged else 0


def run_restore(backup: Path, data: Path) -> int:
    """Fill an empty data folder."""
    with progress() as report:
        made = restore(backup, data, report)
    moment = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(made.made_at))
    say(f"{data}: {made.instances} instances, as of {moment}")
    if made.held:
        say(f"{made.held} started requests are held; `burnish requests` lists them")
    if (backup / CONFIGURATION).exists():
        say(f"the configuration of that time is {backup / CONFIGURATION}")
    return 0


def run_repair(config: Path | None) -> int:
    """Mend a damaged database."""
    done = repair(load_config(config))
    if done is None:
        say("the database is sound; nothing was done")
        return 0
    kept = ", ".join(f"{count} {table}" for table, count in done.kept.items() if count)
    say(f"kept {kept or 'nothing'}; indexed {done.indexed} instances again from the spool")
    say(f"the damaged database lies in {done.aside}")
    if done.held:
        say(f"{done.held} started requests are held; `burnish requests` lists them")
    return 0
