"""The parent's parts: the lock of the data folder, and children that are started again."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from burnish import server
from burnish.errors import ConfigError
from burnish.server import Child, DataFolder, open_listener


def spin(condition: Callable[[], bool]) -> None:
    """Wait until it is true."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_server_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is told which key and which folder."""
    monkeypatch.setattr(server, "_LOCK_PATIENCE", 0.2)
    first = DataFolder(tmp_path / "var")
    first.take()
    second = DataFolder(tmp_path / "var")
    with pytest.raises(ConfigError, match=rf"server\.data: .*{tmp_path}/var"):
        second.take()
    os.close(first._lock)
    second.take()
    os.close(second._lock)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """The sentence names the keys and the address."""
    with open_listener("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"server\.port: cannot listen on 127\.0\.0\.1:{port}"):
            open_listener("127.0.0.1", port)


def _child(tmp_path: Path) -> Child:
    """It notes that it lives, and ends when it is asked to."""

    def work() -> None:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        with (tmp_path / "lives").open("a") as file:
            file.write(f"{os.getpid()}\n")
        while True:
            signal.pause()

    return Child("sleeper", work)


def _lives(tmp_path: Path) -> list[int]:
    path = tmp_path / "lives"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    """As another process; stopping it ends that one."""
    child = _child(tmp_path)
    child.start()
    spin(lambda: len(_lives(tmp_path)) == 1)
    assert child.watch()
    os.kill(_lives(tmp_path)[0], signal.SIGKILL)
    spin(lambda: child.watch() and len(_lives(tmp_path)) == 2)
    child.stop(10)
    with pytest.raises(ProcessLookupError):
        os.kill(_lives(tmp_path)[1], 0)


def test_a_child_that_keeps_dying_is_given_up(tmp_path: Path) -> None:
    """Within a minute five deaths are forgiven, a sixth is not."""
    child = Child("doomed", lambda: os._exit(3))
    child.start()
    spin(lambda: not child.watch())
    assert len(child._deaths) == 6


def test_a_deaf_child_is_made_to_end(tmp_path: Path) -> None:
    """After the time it was given, or as soon as somebody is in a hurry."""

    def deaf() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (tmp_path / "lives").write_text(f"{os.getpid()}\n")
        while True:
            signal.pause()

    for timeout, hurry in ((0.2, lambda: False), (60.0, lambda: True)):
        (tmp_path / "lives").unlink(missing_ok=True)
        child = Child("deaf", deaf)
        child.start()
        spin(lambda: len(_lives(tmp_path)) == 1)
        begin = time.monotonic()
        child.stop(timeout, hurry)
        assert time.monotonic() - begin < 10
        with pytest.raises(ProcessLookupError):
            os.kill(_lives(tmp_path)[0], 0)
