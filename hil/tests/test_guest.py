"""The guest itself: it boots, obeys, and dies."""

import sys
from pathlib import Path

import pytest
from burnish_hil.guest import Guest
from burnish_hil.guest.agent import CommandFailed, NoAnswer


def test_it_runs_debians_kernel_on_the_hosts_root(guest: Guest) -> None:
    assert guest.run("uname -r").strip() == guest.release
    assert guest.run(f"{sys.executable} -c 'import burnish; print(burnish.__name__)'").strip() == "burnish"


def test_what_it_writes_stays_inside(guest: Guest) -> None:
    guest.run("echo inside > /etc/hil-was-here && cat /etc/hil-was-here")
    assert not Path("/etc/hil-was-here").exists()


def test_the_share_is_seen_from_both_sides(guest: Guest) -> None:
    (guest.share / "question").write_text("42")
    guest.run("cp /hil/question /hil/answer")
    assert (guest.share / "answer").read_text() == "42"


def test_a_command_that_fails_says_what_it_said(guest: Guest) -> None:
    with pytest.raises(CommandFailed, match="no such thing"):
        guest.run("echo no such thing; exit 3")


def test_a_command_that_hangs_is_ended(guest: Guest) -> None:
    assert guest.attempt("sleep 600", timeout=1).code == 124


def test_commands_run_side_by_side(guest: Guest) -> None:
    waiting = guest.start("until [ -e /tmp/go ]; do sleep 0.1; done; echo went")
    guest.run("touch /tmp/go")
    assert guest.wait(waiting).output == "went\n"


def test_power_can_fail_at_any_time(tmp_path: Path) -> None:
    with Guest(tmp_path) as guest:
        waiting = guest.start("sleep 600")
        guest.power_off()
        with pytest.raises(NoAnswer):
            guest.wait(waiting)
