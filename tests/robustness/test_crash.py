"""Thousands of deaths of a whole server, each at a chosen call, in forked processes (see `harness`).

BURNISH_POINTS says how many deaths there are in all, BURNISH_SEED where the seeds begin. A failure prints
seed, era and life; `python -m tests.robustness.harness.campaign SEED POINTS` dies the same deaths again.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.robustness.harness.points import PHASES

POINTS: Final = int(os.environ.get("BURNISH_POINTS", "600"))
LONG_POINTS: Final = int(os.environ.get("BURNISH_POINTS", "10000"))
SEED: Final = int(os.environ.get("BURNISH_SEED", "1"))
ROOT: Final = Path(__file__).parents[2]


def campaign(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A campaign in a process of its own, which may fork: it has one thread."""
    command = [sys.executable, "-m", "tests.robustness.harness.campaign", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _die(seed: int, points: int) -> None:
    ended = campaign(seed, points)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    deaths = Counter(told["deaths"])
    print(f"{points / told['seconds']:.0f} deaths a second: {dict(deaths)}")
    assert deaths.total() == points
    assert deaths.keys() == set(PHASES)
    assert {words.split()[0] for words in told["calls"]} == {"before", "after", "timer"}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_points(seed: int) -> None:
    """Nothing acknowledged is lost and nothing is made unrecorded, whichever call is the last."""
    _die(seed, POINTS // 2)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [SEED + 100, SEED + 101])
def test_many_points(seed: int) -> None:
    """The long battery."""
    _die(seed, LONG_POINTS // 2)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("sabotage", "complaint"),
    [
        ("store-answered-early", "P1"),
        ("initiate-answered-early", "P1"),
        ("intent-after-write", "P2"),
        ("medium-believed-blank", "P2"),
    ],
)
def test_the_judge_sees_faults(sabotage: str, complaint: str) -> None:
    """A server with a fault of order does not survive a few hundred deaths unnoticed."""
    ended = campaign(SEED, 400, sabotage)
    assert ended.returncode == 1
    assert complaint in ended.stderr, ended.stderr
    assert f"seed {SEED}, era" in ended.stderr
