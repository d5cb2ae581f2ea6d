"""A server that comes after one that was killed, with a long backlog: everything is ended, and only once."""

import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.backlog import fill
from tests.lab import Installation, Scu
from tests.robustness.stage import running


def statuses(burnish: Installation) -> dict[str, str]:
    """Execution Status of every request."""
    with closing(sqlite3.connect(burnish.data / "burnish.sqlite")) as connection:
        return dict(connection.execute("SELECT sop_instance, status FROM requests"))


def await_done(burnish: Installation, uids: list[str], timeout: float) -> None:
    """Until these are DONE."""
    end = time.monotonic() + timeout
    while {(told := statuses(burnish))[uid] for uid in uids} != {"DONE"}:
        assert time.monotonic() < end, Counter(told[uid] for uid in uids)
        time.sleep(0.1)


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_long_backlog(tmp_path: Path, count: int) -> None:
    """What waited and what was cut off is made once each; what was done is not made again."""
    burnish = Installation(tmp_path)
    left = fill(burnish.data, count, waiting=1)
    unmade = left.waiting + left.cut_off
    with running(burnish):
        assert Scu(burnish.port).state(left.done[0]) == ("DONE", "NORMAL", 1)
        await_done(burnish, unmade, 60 + count / 10)
        assert Counter(statuses(burnish).values()) == {"DONE": count}
    images = sorted(path.read_bytes() for path in burnish.out.rglob("*.iso"))
    assert images == sorted(left.images[uid] for uid in unmade)
    with closing(sqlite3.connect(burnish.data / "burnish.sqlite")) as connection:
        assert connection.execute("SELECT sum(spoilt) FROM pieces").fetchone() == (0,)
        query = "SELECT piece FROM attempts WHERE outcome = 'delivered' GROUP BY piece HAVING count(*) != 1"
        assert connection.execute(query).fetchall() == []


def test_a_recovery_that_is_killed_is_done_again(tmp_path: Path) -> None:
    """To recover twice is to recover once."""
    burnish = Installation(tmp_path)
    left = fill(burnish.data, 100, waiting=3)
    for _ in range(2):
        burnish.start()
        burnish.stop(9)  # type: ignore[arg-type]
    unmade = left.waiting + left.cut_off
    with running(burnish):
        await_done(burnish, unmade, 60)
    images = sorted(path.read_bytes() for path in burnish.out.rglob("*.iso"))
    assert images == sorted(left.images[uid] for uid in unmade)
