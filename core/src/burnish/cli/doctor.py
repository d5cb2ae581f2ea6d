"""`burnish doctor`."""

import json
from dataclasses import asdict
from pathlib import Path

from burnish.cli import say
from burnish.cli.progress import progress
from burnish.contracts.check import Finding, Level
from burnish.upkeep.doctor import examine


def run_doctor(config: Path | None, *, deep: bool, as_json: bool) -> int:
    """Look and tell; 1 where something does not work."""
    found: list[Finding] = []
    with progress() as report:
        for finding in examine(config, report if deep else _say_nothing, deep=deep):
            found.append(finding)
            if not as_json:
                say(_line(finding))
    sick = any(finding.level is Level.FAIL for finding in found)
    if as_json:
        say(json.dumps({"well": not sick, "findings": [asdict(finding) for finding in found]}, indent=2))
    return int(sick)


def _say_nothing(_step: str, _done: int, _total: int) -> None:
    """A look that takes a moment needs no bar."""


def _line(finding: Finding) -> str:
    advice = f"; {finding.advice}" if finding.advice else ""
    return f"{finding.level:5}{finding.check:14} {finding.text}{advice}"
