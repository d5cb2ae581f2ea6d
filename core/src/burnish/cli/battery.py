"""`check-scp`: the cases that the network can judge, against any SCP."""

import re
from pathlib import Path

from burnish.battery.peer import Address, Peer, PeerError
from burnish.battery.report import as_json, as_junit, as_text, failures
from burnish.battery.running import run
from burnish.battery.table import CASES
from burnish.battery.trial import JUDGES
from burnish.cli import say
from burnish.cli.address import parse_address
from burnish.cli.progress import progress
from burnish.errors import ConfigError
from burnish.units import parse_duration


def run_check(
    to: str,
    ae: str,
    only: str,
    profile: str,
    timeout: str,
    junit: Path | None,
    *,
    media: bool,
    strict: bool,
    as_document: bool,
) -> int:
    """Judge an SCP; 0 where nothing failed, else 1. Raises ConfigError, also where nobody listens."""
    numbers = numbers_of(only) if only else list(CASES)
    address = _address(to, ae, timeout)
    _demand_answer(address)
    results, judged = [], sum(number in JUDGES for number in numbers)
    with progress() as report:
        for result in run(address, profile, numbers, media=media):
            results.append(result)
            report("cases", sum(one.number in JUDGES for one in results), judged)
    say(as_json(results) if as_document else as_text(results))
    if junit:
        junit.write_text(as_junit(results, f"check-scp {to}", strict=strict), "utf-8")
    return 1 if failures(results, strict=strict) else 0


def _demand_answer(address: Address) -> None:
    try:
        with Peer(address).associated():
            pass
    except PeerError as error:
        raise ConfigError(str(error)) from error


def _address(to: str, ae: str, timeout: str) -> Address:
    called, host, port = parse_address(to)
    try:
        seconds = parse_duration(timeout).total_seconds()
    except ValueError as error:
        raise ConfigError(f"--timeout {timeout!r}: {error}") from error
    return Address(host, port, called, ae, seconds)


def numbers_of(text: str) -> list[int]:
    """Numbers and ranges: `1-28,59`. Raises ConfigError for what is none, or no case."""
    found: set[int] = set()
    for part in text.split(","):
        if not (match := re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)):
            raise ConfigError(f"--only {part!r} is no number and no range; try '1-28,59'")
        found |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    if unknown := found - set(CASES):
        raise ConfigError(f"--only: there is no case {min(unknown)}; they go from 1 to {max(CASES)}")
    return sorted(found)
