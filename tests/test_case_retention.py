"""Lifetimes, the reserve and versions, through a real server: cases 23, 28, 69, 145 to 147, and a clock that
jumps.

Lifetimes here are seconds. That something stays is looked at well before its time; that something goes is
waited for, with slack for a machine that has much to do.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest
from burnish.instances.files import spool_key
from burnish.testing.scripted import read_log
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.conftest import ROBOT, scripted
from tests.iso import Image
from tests.lab import FILE_WRITER, Installation, Scu, ct, mr, request, serving
from tests.media import medium_of

SLACK = 20.0
LONG, SHORT = "1h", "4s"
LIFETIMES = {
    "idle_requests": LONG,
    "results": LONG,
    "instances_after_success": LONG,
    "instances_after_failure": LONG,
    "instances_preserved": LONG,
    "instances_unrequested": LONG,
}


def retention(**lifetimes: str) -> str:
    """A configuration with these lifetimes; the others are long."""
    lines = [f'{key} = "{value}"' for key, value in (LIFETIMES | lifetimes).items()]
    return FILE_WRITER + "[retention]\n" + "\n".join(lines) + "\n"


def until(condition: Callable[[], bool], seconds: float = SLACK) -> float:
    """Wait for it; returns when it was seen, on the monotonic clock."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
    return time.monotonic()


def stored(burnish: Installation, *data_sets: Dataset) -> list[bool]:
    """Whether the spool has a version of each."""
    return [(burnish.data / "spool" / spool_key(ds.SOPInstanceUID, 1)).exists() for ds in data_sets]


def told(burnish: Installation) -> list[tuple[str, dict[str, object]]]:
    """Every event, in order."""
    with closing(sqlite3.connect(burnish.data / "burnish.sqlite", timeout=30)) as database:
        rows = database.execute("SELECT kind, data FROM events ORDER BY id").fetchall()
    return [(kind, json.loads(data)) for kind, data in rows]


# --- requests -----------------------------------------------------------------------------------------------


def test_case_28_an_idle_request_lives_as_long_as_is_documented(tmp_path: Path) -> None:
    """Within a tenth, beside one that was started in time; then 0112, and its UID is free."""
    with serving(tmp_path, retention(idle_requests=SHORT)) as burnish:
        scu, slices, uid = Scu(burnish.port), ct(1), generate_uid()
        assert scu.store(*slices) == [0]
        begun = time.monotonic()
        assert scu.create(request(slices), uid) == 0
        created = time.monotonic()
        assert scu.initiate(other := _created(scu, slices)) == 0
        gone = until(lambda: scu.state(uid)[0] == "GONE")
        assert gone - begun >= 0.9 * 4
        assert gone - created <= 1.1 * 4 + SLACK / 2
        assert scu.initiate(uid) == 0x0112
        assert scu.create(request(slices), uid) == 0
        assert scu.wait(other) == ("DONE", "NORMAL", 1)


def _created(scu: Scu, slices: Sequence[Dataset]) -> str:
    uid = str(generate_uid())
    assert scu.create(request(slices), uid) == 0
    return uid


def test_case_69_a_result_is_told_as_long_as_is_documented(tmp_path: Path) -> None:
    """DONE and FAILURE alike; the medium stays, and so does the ledger."""
    with serving(tmp_path, retention(results=SHORT)) as burnish:
        scu, slices = Scu(burnish.port), ct(1)
        assert scu.store(*slices) == [0]
        done, last = scu.make(slices)
        ended = time.monotonic()
        failed, fault = scu.make(ct(1))
        assert (last[0], fault[0]) == ("DONE", "FAILURE")
        medium = medium_of(burnish, scu, done, slices)
        for uid in (done, failed):
            assert until(lambda uid=uid: scu.get(uid)[0] == 0x0112) - ended >= 0.9 * 4  # type: ignore[misc]
        assert medium.path.exists()
        kinds = [kind for kind, _ in told(burnish)]
        assert kinds.count("request-expired") == 2
        assert "piece-delivered" in kinds


# --- instances ----------------------------------------------------------------------------------------------


def test_case_145_a_started_request_keeps_the_version_it_froze(tmp_path: Path) -> None:
    """The same bytes twice are one version; others are a second one, for later requests; both are audited."""
    burnish = scripted(tmp_path, ROBOT)
    burnish.start()
    try:
        scu, [ds] = Scu(burnish.port), ct(1, PatientComments="first")
        folder = burnish.folder / "robot"
        folder.mkdir(exist_ok=True)
        assert scu.store(ds, ds) == [0, 0]
        (folder / "hold-write").touch()
        first = _started(scu, ds, "FIRST")
        ds.PatientComments = "second"
        assert scu.store(ds) == [0]
        later = _started(scu, ds, "LATER")
        (folder / "hold-write").unlink()
        assert [scu.wait(uid)[0] for uid in (first, later)] == ["DONE", "DONE"]
        assert {name: _comments(folder, name) for name in ("FIRST", "LATER")} == {
            "FIRST": "first",
            "LATER": "second",
        }
        audited = [(kind, data["version"]) for kind, data in told(burnish) if kind.startswith("instance-")]
        assert audited == [("instance-stored", 1), ("instance-replaced", 2)]
    finally:
        burnish.stop()


def _started(scu: Scu, ds: Dataset, name: str) -> str:
    uid = str(generate_uid())
    assert scu.create(request([ds], StorageMediaFileSetID=name), uid) == 0
    assert scu.initiate(uid) == 0
    return uid


def _comments(folder: Path, name: str) -> str:
    job = next(line["job"] for line in read_log(folder) if line["job"]["file_set_id"] == name)
    files = Image(folder / f"{job['volume_token']}-{job['copy']}.img").files
    [content] = [data for path, data in files.items() if path != "DICOMDIR"]
    return str(dcmread(BytesIO(content)).PatientComments)


def test_case_145_other_bytes_may_be_refused(tmp_path: Path) -> None:
    """`duplicates = "refuse"`: C111, and what was stored first is what media are made of."""
    with serving(tmp_path, FILE_WRITER + '[storage]\nduplicates = "refuse"\n') as burnish:
        scu, [ds] = Scu(burnish.port), ct(1, PatientComments="first")
        assert scu.store(ds) == [0]
        ds.PatientComments = "second"
        assert scu.store(ds) == [0xC111]
        ds.PatientComments = "first"
        assert scu.store(ds) == [0]
        uid, last = scu.make([ds])
        assert last[0] == "DONE"
        [instance] = medium_of(burnish, scu, uid, [ds]).instances.values()
        assert instance.PatientComments == "first"


def test_case_146_what_is_preserved_can_be_asked_for_again(tmp_path: Path) -> None:
    """YES: a second request finds them; NO: they go after DONE, but what two jobs share after the last."""
    with serving(tmp_path, retention(instances_after_success=SHORT)) as burnish:
        scu, kept, dropped, [shared] = Scu(burnish.port), ct(1), mr(1), ct(1)
        assert set(scu.store(*kept, *dropped, shared)) == {0}
        waiting = _created(scu, [shared])
        uid = generate_uid()
        preserve = {"PreserveCompositeInstancesAfterMediaCreation": "YES"}
        assert scu.create(request(kept, **preserve), uid) == 0
        assert scu.initiate(uid) == 0
        assert scu.wait(uid)[0] == "DONE"
        assert (
            scu.make(
                [*dropped, shared],
            )[1][0]
            == "DONE"
        )
        until(lambda: stored(burnish, *dropped) == [False])
        assert stored(burnish, *kept, shared) == [True, True]
        assert scu.make(kept)[1][0] == "DONE"
        assert scu.make(dropped)[1][:2] == ("FAILURE", "NO_INSTANCE")
        assert scu.initiate(waiting) == 0
        assert scu.wait(waiting)[0] == "DONE"
        until(lambda: stored(burnish, shared) == [False])
        assert stored(burnish, *kept) == [True]


def test_case_147_nothing_that_is_referenced_is_purged(tmp_path: Path) -> None:
    """Not for an IDLE, a PENDING or a CREATING request, whatever the age; what nobody names goes."""
    lifetimes = retention(instances_unrequested="1s", instances_after_success="1h").removeprefix(FILE_WRITER)
    burnish = scripted(tmp_path, ROBOT + lifetimes)
    burnish.start()
    try:
        scu, slices, stray = Scu(burnish.port), ct(3), mr(1)
        folder = burnish.folder / "robot"
        folder.mkdir(exist_ok=True)
        (folder / "hold-write").touch()
        # an IDLE request may name what has not come yet
        idle, creating, pending = (_created(scu, [ds]) for ds in slices)
        assert set(scu.store(*slices, *stray)) == {0}
        for uid in (creating, pending):
            assert scu.initiate(uid) == 0
        assert scu.wait(creating, "CREATING")
        until(lambda: stored(burnish, *stray) == [False])
        time.sleep(1)
        assert stored(burnish, *slices) == [True] * 3
        assert [scu.state(uid)[0] for uid in (idle, creating, pending)] == ["IDLE", "CREATING", "PENDING"]
        (folder / "hold-write").unlink()
        assert scu.initiate(idle) == 0
        assert {scu.wait(uid)[0] for uid in (idle, creating, pending)} == {"DONE"}
    finally:
        burnish.stop()


# --- the disk -----------------------------------------------------------------------------------------------


def test_case_23_below_the_reserve_nothing_more_is_taken(tmp_path: Path) -> None:
    """A700 and 0213, nothing is stored, an Initiate leaves its request IDLE; what was taken stays."""
    burnish = Installation(tmp_path)
    text = burnish.config.read_text("utf-8")
    burnish.start()
    scu, slices = Scu(burnish.port), ct(1)
    assert scu.store(*slices) == [0]
    idle = _created(scu, slices)
    burnish.stop()

    burnish.config.write_text(f"{text}\n[storage]\nreserve = {1 << 60}\n", "utf-8")
    burnish.start()
    scu, more, uid = Scu(burnish.port), ct(1), generate_uid()
    assert scu.store(*more) == [0xA700]
    assert scu.create(request(slices), uid) == 0x0213
    assert scu.initiate(idle) == 0x0213
    assert [scu.state(one)[0] for one in (uid, idle)] == ["GONE", "IDLE"]
    assert stored(burnish, *slices, *more) == [True, False]
    burnish.stop()

    burnish.config.write_text(text, "utf-8")
    burnish.start()
    scu = Scu(burnish.port)
    assert scu.initiate(idle) == 0
    assert scu.wait(idle) == ("DONE", "NORMAL", 1)
    burnish.stop()


# --- the clock ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_jumps_purges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    """While the server runs; then a lifetime of seconds passes all the same, and a job is done."""
    off = tmp_path / "seconds"
    off.write_text("0", "utf-8")
    burnish = Installation(tmp_path, retention(instances_after_success="1s"))
    with monkeypatch.context() as environment:
        environment.setenv("PYTHONPATH", _jumping(tmp_path / "jumping", off))
        burnish.start()
    try:
        scu, slices, used = Scu(burnish.port), ct(2), ct(1)
        assert set(scu.store(*slices, *used)) == {0}
        idle = _created(scu, slices)
        off.write_text(str(years * 365 * 86_400), "utf-8")
        uid, last = scu.make(used)
        assert last == ("DONE", "NORMAL", 1)
        until(lambda: stored(burnish, *used) == [False])
        assert stored(burnish, *slices) == [True, True]
        assert [scu.state(one)[0] for one in (idle, uid)] == ["IDLE", "DONE"]
        moments = _moments(burnish)
        assert abs(moments[-1] - moments[0]) > 9 * 365 * 86_400  # else nothing has jumped
    finally:
        burnish.stop()


_JUMPING = """
import time

_now = time.time


def _jumped():
    with open({path!r}) as file:
        return _now() + float(file.read() or 0)


time.time = _jumped
"""
"""Read by every Python process of the installation before anything else: its wall clock is off by what stands
in a file."""


def _jumping(folder: Path, seconds: Path) -> str:
    """A folder for PYTHONPATH."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_JUMPING.format(path=str(seconds)), "utf-8")
    return str(folder)


def _moments(burnish: Installation) -> list[float]:
    with closing(sqlite3.connect(burnish.data / "burnish.sqlite", timeout=30)) as database:
        return [at for (at,) in database.execute("SELECT at FROM events ORDER BY id")]


# --- the command --------------------------------------------------------------------------------------------


def test_the_command_tells_what_is_kept(tmp_path: Path) -> None:
    """Beside a running server, for people and for machines; without a database it says so."""
    with serving(tmp_path, retention()) as burnish:
        scu, slices, more = Scu(burnish.port), ct(2), mr(1)
        assert set(scu.store(*slices, *more)) == {0}
        assert scu.make(slices)[1][0] == "DONE"
        document = json.loads(_command(burnish, "--json").stdout)
        lines = _command(burnish).stdout.splitlines()
    assert document["lifetimes"]["idle_requests"] == "1h"
    counts = {one["name"]: one["count"] for one in [*document["instances"], *document["requests"]]}
    assert (counts["instances_after_success"], counts["instances_unrequested"], counts["results"]) == (
        2,
        1,
        1,
    )
    assert any(line.split()[:3] == ["instances_after_success", "1h", "2"] for line in lines)
    shutil.rmtree(burnish.data)
    failed = _command(burnish)
    assert failed.returncode == 2
    assert "server.data" in failed.stderr
    assert not burnish.data.exists()


def _command(burnish: Installation, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "burnish.cli", "retention", "--config", str(burnish.config), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
