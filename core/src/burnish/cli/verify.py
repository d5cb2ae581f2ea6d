"""`burnish verify`."""

import json
from pathlib import Path

from burnish.cli import complain, say
from burnish.cli.progress import progress
from burnish.config import load_config, load_plugins
from burnish.errors import ConfigError
from burnish.fileset.seal.opening import Keys
from burnish.fileset.verdict import Finding, Verdict
from burnish.fileset.verify import verify
from burnish.kit import make_formats, make_rules


def run_verify(
    medium: Path,
    profile: str | None,
    rules: str | None,
    config: Path | None,
    keys: Keys | None = None,
    *,
    as_json: bool,
) -> int:
    """Verify; 0 sound, 1 findings, 2 unreadable. `rules` are names with commas; None: the configured ones."""
    loaded = load_config(config)
    registry = load_plugins(loaded)
    if profile and profile not in registry.profiles:
        raise ConfigError(f"no profile {profile!r}; there are {', '.join(registry.profiles) or 'none'}")
    named = loaded.config.media.rules if rules is None else rules.replace(",", " ").split()
    rule_sets = make_rules(loaded.config, registry, named)
    formats = {name: made for name, (_, made) in make_formats(loaded.config, registry).items()}
    with progress() as report:
        verdict = verify(
            medium,
            formats,
            profile=registry.profiles[profile] if profile else None,
            keys=keys,
            rules=rule_sets,
            report=lambda done: report("reading", done, 0),
        )
    say(json.dumps(verdict.to_json(), indent=2)) if as_json else _tell(medium, verdict)
    if not verdict.readable:
        return 2
    return 0 if verdict.sound else 1


def _tell(medium: Path, verdict: Verdict) -> None:
    for finding in verdict.findings:
        complain(f"{finding.path or medium}: {finding.text} ({_source(finding)})")
    for warning in verdict.warnings:
        complain(f"warning: {warning.path or medium}: {warning.text} ({_source(warning)})")
    if verdict.readable:
        people = len(verdict.patients)
        say(
            f"{medium}: {verdict.format} volume {verdict.volume or '(no name)'},"
            f" {len(verdict.instances)} instances of {people} patient{'s' * (people != 1)},"
            f" {'sound' if verdict.sound else f'{len(verdict.findings)} findings'}"
        )


def _source(finding: Finding) -> str:
    return f"{finding.rule}; {finding.clause}" if finding.rule else finding.clause
