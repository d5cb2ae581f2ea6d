"""A process is told from another that got its number, and from its corpse."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from burnish.production.processes import is_alive, own_identity, process_start, this_boot

WAIT = "import sys; sys.stdin.read()"


@pytest.fixture
def child() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that runs until its input ends."""
    with subprocess.Popen([sys.executable, "-c", WAIT], stdin=subprocess.PIPE) as process:
        yield process


def test_the_very_process(child: "subprocess.Popen[bytes]") -> None:
    """Number and start time together."""
    start = process_start(child.pid)
    assert is_alive(child.pid, start, this_boot())
    assert not is_alive(child.pid, start + 1, this_boot())


def test_a_corpse_is_dead(child: "subprocess.Popen[bytes]") -> None:
    """A process that ended and was not waited for has a number still."""
    start = process_start(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(child.pid, start, this_boot())
    assert process_start(child.pid) == 0


@pytest.mark.parametrize("identity", [(None, None), (0, 0), (1 << 30, 5), (os.getpid(), None), (None, 7)])
def test_nobody(identity: tuple[int | None, int | None]) -> None:
    """An attempt that no process has signed, or one that is gone."""
    assert not is_alive(*identity, this_boot())


def test_oneself() -> None:
    """What a feeder signs with."""
    number, start, boot = own_identity()
    assert is_alive(number, start, boot)
    assert not is_alive(number, start, None)
    assert not is_alive(number, start, "another run of the kernel")


def test_a_name_may_be_anything() -> None:
    """The name in /proc/N/stat has spaces, brackets and no character set."""
    name = b"a) Z 1 \xff("
    script = f"open('/proc/self/comm', 'wb').write({name!r}); print('named', flush=True); {WAIT}"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"named\n"
        assert is_alive(process.pid, process_start(process.pid), this_boot())
