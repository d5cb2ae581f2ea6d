"""A spool file proves itself, and a sync of a folder serves many."""

import errno
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from burnish.errors import SourceDamaged
from burnish.instances import durable
from burnish.instances.durable import FolderSync
from burnish.instances.files import Facts, Trailer, read_trailer, spool_key, write_trailer
from hypothesis import given
from hypothesis import strategies as st

FACTS = Facts("1.2", "1.3", "1.4", "1.5", "1.2.840.10008.1.2.1", "CT1", 12.5, 1)


def _file(data: bytes, head: bytes = b"head") -> bytes:
    file = io.BytesIO()
    file.write(data)
    write_trailer(file, Trailer(FACTS, head, len(data), b"d" * 32))
    return file.getvalue()


@given(data=st.binary(max_size=300), head=st.binary(max_size=300))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, data: bytes, head: bytes) -> None:
    """Whatever stands in data set and head, a footer within them too."""
    path = tmp_path_factory.getbasetemp() / "one"
    path.write_bytes(_file(data + _file(b"x"), head))
    assert read_trailer(path) == Trailer(FACTS, head, len(data + _file(b"x")), b"d" * 32)


def test_no_change_of_a_trailer_goes_unseen(tmp_path: Path) -> None:
    """Every byte after the data set is covered; the data set has its digest."""
    path, whole = tmp_path / "one", _file(b"data")
    for place in range(4, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(SourceDamaged):
            read_trailer(path)


def test_no_cut_goes_unseen(tmp_path: Path) -> None:
    """A file that lost its end, or has more than it should."""
    path, whole = tmp_path / "one", _file(b"data")
    for wrong in [*(whole[:length] for length in range(len(whole))), whole + b"\0"]:
        path.write_bytes(wrong)
        with pytest.raises(SourceDamaged):
            read_trailer(path)


def test_a_key_tells_nothing() -> None:
    """Two hexadecimal digits, a hash and a version, whatever a peer called its instance."""
    folder, _, name = spool_key("../../etc/passwd", 7).partition("/")
    assert name.startswith(folder)
    assert name.endswith("-7")
    assert set(name) <= set("0123456789abcdef-")


# --- FolderSync -------------------------------------------------------------------------------------------


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[threading.Event]:
    """Each fsync waits for its event; one that is not there yet is put there by the fsync itself."""
    gates: list[threading.Event] = []

    def slow(_: int) -> None:
        gates.append(threading.Event())
        assert gates[-1].wait(10)

    monkeypatch.setattr(durable.os, "fsync", slow)
    return gates


def _spin(condition: Callable[[], bool]) -> None:
    end = threading.Event()
    for _ in range(2000):
        if condition():
            return
        end.wait(0.005)
    raise AssertionError("it never came true")


def test_who_comes_while_a_sync_runs_shares_the_next(tmp_path: Path, counted: list[threading.Event]) -> None:
    """Twenty threads behind a running sync need one more, and none returns before it is done."""
    sync = FolderSync(tmp_path)
    done: list[int] = []
    first = threading.Thread(target=sync)
    first.start()
    _spin(lambda: len(counted) == 1)
    others = [threading.Thread(target=lambda: (sync(), done.append(1))) for _ in range(20)]
    for thread in others:
        thread.start()
    _spin(lambda: len(sync._turn._waiters) == 20)  # type: ignore[attr-defined]
    counted[0].set()
    _spin(lambda: len(counted) == 2)
    assert done == []
    counted[1].set()
    for thread in [first, *others]:
        thread.join(10)
    assert len(done) == 20
    assert len(counted) == 2


def test_a_failed_sync_stays_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After EIO a second sync that succeeds would prove nothing."""
    sync, fsync = FolderSync(tmp_path), os.fsync

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(durable.os, "fsync", broken)
    with pytest.raises(OSError, match="input/output"):
        sync()
    monkeypatch.setattr(durable.os, "fsync", fsync)
    with pytest.raises(OSError, match="could not be synced before"):
        sync()


def test_a_want_of_descriptors_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that could not even be opened has lost nothing."""
    sync, opened = FolderSync(tmp_path), os.open

    def none_left(*_: object) -> int:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(durable.os, "open", none_left)
    with pytest.raises(OSError, match="too many"):
        sync()
    monkeypatch.setattr(durable.os, "open", opened)
    sync()


@pytest.mark.parametrize("call", ["open", "fsync"])
def test_who_shares_a_sync_shares_its_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: list[threading.Event], call: str
) -> None:
    """No name is believed durable because another's sync ended, however it ended; the next one is tried."""
    sync, told = FolderSync(tmp_path), list[str]()

    def ask() -> None:
        try:
            sync()
            told.append("durable")
        except OSError as error:
            told.append(errno.errorcode[error.errno or 0])

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    first, *others = [threading.Thread(target=ask) for _ in range(20)]
    first.start()
    _spin(lambda: len(counted) == 1)
    for thread in others:
        thread.start()
    _spin(lambda: len(sync._turn._waiters) == 19)  # type: ignore[attr-defined]
    with monkeypatch.context() as broken:
        broken.setattr(durable.os, call, full)
        counted[0].set()
        for thread in [first, *others]:
            thread.join(10)
    assert sorted(told) == ["ENOSPC"] * 19 + ["durable"]
    last = threading.Thread(target=ask)
    last.start()
    _spin(lambda: len(counted) == 2)
    counted[1].set()
    last.join(10)
    assert told[-1] == "durable"
