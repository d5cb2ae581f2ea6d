"""The whole job with real xorriso, on a file that stands for a disc: an operator feeds it by hand."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.uid import generate_uid

from tests.lab import Installation, Scu, ct, request
from tests.robustness.evidence import eventually

pytestmark = pytest.mark.judge("xorriso", "setpriv")


@pytest.fixture
def burnish(tmp_path: Path) -> Iterator[Installation]:
    """A server with one such drive."""
    keys = (
        f'driver = "xorriso"\ndevice = "stdio:{tmp_path / "disc"}"\nmedia = ["CD-R"]\nhold_retry = "0.2s"\n'
    )
    installation = Installation(tmp_path, f"[writers.trial]\n{keys}")
    plugins = 'plugins = ["profiles", "format-iso9660", "writer-xorriso"]\n'
    installation.config.write_text(plugins + installation.config.read_text("utf-8"), "utf-8")
    installation.start()
    try:
        yield installation
    finally:
        installation.stop()


def files(disc: Path) -> set[str]:
    """What xorriso finds on it."""
    command = ["xorriso", "-abort_on", "FATAL", "-indev", f"stdio:{disc}", "-find", "/", "-type", "f"]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return {line.strip("'") for line in found.splitlines()}


def test_each_copy_waits_for_a_disc_of_its_own(burnish: Installation, tmp_path: Path) -> None:
    """The first disc holds its piece and is never written again; the second copy is made on the next one."""
    scu, slices, uid = Scu(burnish.port), ct(2), str(generate_uid())
    assert set(scu.store(*slices)) == {0}
    assert scu.create(request(slices), uid) == 0
    assert scu.initiate(uid, NumberOfCopies=2) == 0
    eventually(lambda: "holds data: move it away" not in stations(burnish), timeout=60)
    disc, taken = tmp_path / "disc", tmp_path / "taken"
    before = disc.read_bytes()
    time.sleep(1)
    assert disc.read_bytes() == before
    disc.rename(taken)
    assert scu.wait(uid) == ("DONE", "NORMAL", 2)
    assert taken.read_bytes() == before == disc.read_bytes()
    assert "/DICOMDIR" in files(disc)
    assert len(files(disc)) == 3


def stations(burnish: Installation) -> str:
    """What an operator reads."""
    command = [sys.executable, "-m", "burnish.cli", "stations", "--config", str(burnish.config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
