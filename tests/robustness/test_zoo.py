"""The zoo: each bad driver is caught by the kit, and survived by a server with another station beside it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.lab import Installation, Scu, ct, request
from tests.robustness.evidence import attempts_of, check_ledger, eventually, leftovers, rows
from tests.robustness.zoo.beasts import BEASTS
from tests.robustness.zoo.cage import HOUSE, build, kit_of

RATE = 400_000
"""Bytes a second that a station writes."""
CAUGHT = {
    "hanging": "nothing came back within 3 s",
    "exiting": "",
    "hungry": "MemoryError|nothing came back within 3 s",
    "babbling": "test_a_blank_is_prepared_and_untouched",
    "lying": "test_what_is_written_is_read_back",
    "forking": "test_it_leaves_nothing_open",
    "slow": "nothing came back within 3 s",
    "foreign": "test_it_was_written_for_this_contract",
    "printing": "test_it_prints_nothing",
    "raising": "Unspeakable|KeyboardInterrupt",
    "repeating": "test_it_leaves_nothing_open",
    "littering": "test_it_leaves_nothing_open",
}
"""What the kit says of each, one of several; the one that exits ends the test run itself, with its status."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """PYTHONPATH with the zoo, for every process that is started."""
    found = build(tmp_path_factory.mktemp("zoo"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", found)
        yield found


@pytest.mark.parametrize("beast", BEASTS)
def test_the_kit_catches(beast: str, path: str, tmp_path: Path) -> None:
    """Its own test run fails, and says of what."""
    test = kit_of(beast, tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    command += ["-c", str(tmp_path / "none.ini"), "-x", str(test)]
    (tmp_path / "none.ini").write_text("[pytest]\n")
    with _swept(tmp_path):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150, cwd=tmp_path)
    assert done.returncode == (3 if beast == "exiting" else 1), done.stdout
    said = done.stdout + done.stderr
    assert any(word in said for word in CAUGHT[beast].split("|")), said[-2000:]


@contextmanager
def _swept(folder: Path) -> Iterator[None]:
    """End at last what a beast has left behind: whatever works in its folder."""
    try:
        yield
    finally:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (process / "cwd").readlink() == folder:
                    os.kill(int(process.name), signal.SIGKILL)


def _house(folder: Path, beast: str) -> Installation:
    tables = (
        "[queue]\nretries_per_piece = 1000\n"
        f'[writers.bad]\ndriver = "{beast}"\npath = "bad"\nrate = {RATE}\nstall_timeout = "1s"\n'
        'hold_retry = "0.1s"\nquarantine_after = 2\ndriver_memory = 300000000\n'
        f'[writers.good]\ndriver = "scripted"\npath = "good"\nrate = {RATE}\nhold_retry = "0.1s"\n'
    )
    burnish = Installation(folder, tables)
    plugins = 'plugins = ["profiles", "format-iso9660", "writer-scripted", "zoo"]\n'
    burnish.config.write_text(plugins + burnish.config.read_text())
    return burnish


@pytest.mark.parametrize("beast", sorted(set(BEASTS) - {"foreign"}))
def test_a_server_survives(beast: str, path: str, tmp_path: Path) -> None:
    """What the bad station cannot make the good one makes, at its own speed, and nothing is left behind."""
    burnish = _house(tmp_path, beast)
    burnish.start()
    scu = Scu(burnish.port)
    slices = ct(6)
    scu.store(*slices)
    eventually(lambda: _unseen(burnish))
    try:
        uid = WAYS.get(beast, _made)(burnish, scu, slices)
        tries = [row for row in attempts_of(burnish, uid) if row["station"] == "bad"]
        assert tries, "it was never tried"
        share = _speed(burnish, uid)
        print(f"{beast}: the good station wrote at {100 * share:.0f} % of its speed")
        assert share > 0  # a number to read; what is asserted is that it did not stand still
    finally:
        burnish.stop(timeout=60)
    eventually(burnish.processes)
    _check_after(burnish)


def _unseen(burnish: Installation) -> bool:
    """Whether a station has yet to look at its device: the one that comes first could make every copy."""
    return len(rows(burnish, "SELECT * FROM stations WHERE looked_at IS NOT NULL")) < 2


def _made(_: Installation, scu: Scu, slices: Sequence[Dataset]) -> str:
    """Four copies."""
    uid, last = scu.make(slices, NumberOfCopies=4)
    assert last == ("DONE", "NORMAL", 4)
    return uid


def _started(scu: Scu, slices: Sequence[Dataset], *awaited: object) -> str:
    uid = str(generate_uid())
    assert scu.create(request(slices), uid) == 0
    assert scu.initiate(uid, NumberOfCopies=4) == 0
    eventually(lambda: (state := scu.state(uid)) != awaited and state, 60)
    return uid


def _slowly(_: Installation, scu: Scu, slices: Sequence[Dataset]) -> str:
    """It is nobody's fault to take its time: others are made, and it is stopped when somebody wants that."""
    uid = _started(scu, slices, "CREATING", "NORMAL", 3)
    assert scu.cancel(uid) == 0
    assert scu.get(uid)[0] == 0x0112
    return uid


def _in_doubt(burnish: Installation, scu: Scu, slices: Sequence[Dataset]) -> str:
    """A driver that does not say what became of its medium leaves that to an operator."""
    uid = _started(scu, slices, "PENDING", "CHECK_MCD_OP", 3)
    for medium in (burnish.folder / "bad").glob(".*.part"):  # none where it was ended before it began
        medium.unlink()
    eventually(lambda: not _taken(burnish) and "nobody may take it yet")
    assert scu.wait(uid) == ("DONE", "NORMAL", 4)
    return uid


def _taken(burnish: Installation) -> bool:
    command = [sys.executable, "-m", "burnish.cli", "stations", "accept-medium", "bad"]
    command += ["--config", str(burnish.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return "counts as spoilt" in done.stdout


WAYS = {"slow": _slowly, "babbling": _in_doubt}
"""What a request goes through besides DONE."""


def _speed(burnish: Installation, uid: str) -> float:
    """How fast the good station wrote, as a share of what it can."""
    query = (
        "SELECT e.piece, e.kind, e.at, v.length FROM events e JOIN pieces p ON e.piece = p.id"
        " JOIN volumes v ON p.volume = v.id JOIN requests r ON p.request = r.id"
        " WHERE r.sop_instance = ? AND e.kind IN ('piece-intent', 'piece-written') ORDER BY e.id"
    )
    tries = attempts_of(burnish, uid)
    good = {row["piece"] for row in tries if (row["station"], row["outcome"]) == ("good", "delivered")}
    begun: dict[int, float] = {}
    shares: dict[int, float] = {}
    for row in rows(burnish, query, uid):
        if row["kind"] == "piece-intent":
            begun[row["piece"]] = row["at"]
        elif row["piece"] in good:
            shares[row["piece"]] = row["length"] / RATE / (row["at"] - begun[row["piece"]])
    return sum(shares.values()) / len(shares)


def _check_after(burnish: Installation) -> None:
    check_ledger(burnish)
    assert leftovers(burnish) == []
    log = burnish.data / "logs/bad.log"
    assert not log.exists() or log.stat().st_size < 1 << 21


def test_a_driver_for_another_contract_is_left_out(path: str, tmp_path: Path) -> None:
    """`burnish plugins` and `config check` say so."""
    config = tmp_path / "burnish.toml"
    config.write_text(
        'plugins = ["profiles", "format-iso9660", "foreign-zoo"]\n[writers.x]\ndriver = "slow"\n'
    )
    command = [sys.executable, "-m", "burnish.cli", "config", "check", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=HOUSE)
    assert done.returncode != 0
    assert "it was written for contract 99; this burnish keeps 1" in done.stderr
