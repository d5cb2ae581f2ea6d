"""One volume: its reserve, and the first sync that fails."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from burnish.errors import Refused
from burnish.instances import health
from burnish.instances.durable import FolderSync
from burnish.instances.health import Health
from burnish.terms import DimseStatus


class Disk:
    """What statvfs says, and how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        self.free, self.asked, self.now = free, 0, 100.0
        monkeypatch.setattr(os, "statvfs", self._statvfs)
        monkeypatch.setattr(health.time, "monotonic", lambda: self.now)

    def _statvfs(self, _: Path) -> SimpleNamespace:
        self.asked += 1
        return SimpleNamespace(f_bavail=self.free // 512, f_frsize=512)


def test_the_reserve_is_looked_at_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for each of a thousand instances a second; what has changed is seen within a moment."""
    disk = Disk(monkeypatch, 4096)
    one = Health(Path(), 4096)
    for _ in range(1000):
        one.demand()
    assert disk.asked == 1
    disk.free = 3584
    disk.now += 0.3
    with pytest.raises(Refused) as refused:
        one.demand(DimseStatus.RESOURCE_LIMITATION)
    assert refused.value.status == DimseStatus.RESOURCE_LIMITATION
    disk.free = 4096
    disk.now += 0.3
    one.demand()


def test_no_reserve_is_never_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero: the disk may be filled to its end."""
    disk = Disk(monkeypatch, 0)
    Health(Path(), 0).demand()
    assert disk.asked == 0


def broken(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sync fails with this error."""

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)


def test_a_failure_is_told_once_and_never_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a file or a folder: the other one is not synced either, though the disk would."""
    told: list[str] = []
    one = Health(tmp_path, failed=told.append)
    folder = FolderSync(tmp_path, one.fsync)
    with monkeypatch.context() as bad:
        broken(errno.EIO, bad)
        for _ in range(3):
            with pytest.raises(OSError, match=r"Input/output|could not be synced before"):
                folder()
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match="Input/output"):
        one.fsync(file.fileno())
    for status in (DimseStatus.OUT_OF_RESOURCES, DimseStatus.RESOURCE_LIMITATION):
        with pytest.raises(Refused) as refused:
            one.demand(status)
        assert refused.value.status == status
    assert len(told) == 1
    assert str(tmp_path) in told[0]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_no_bad_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """The file at hand is thrown away; there may be room again."""
    one = Health(tmp_path)
    with (tmp_path / "file").open("wb") as file:
        with monkeypatch.context() as full:
            broken(number, full)
            with pytest.raises(OSError, match=os.strerror(number)):
                one.fsync(file.fileno())
        one.demand()
        one.fsync(file.fileno())
