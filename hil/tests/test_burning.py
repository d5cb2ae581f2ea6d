"""Real tools, a real kernel, an emulated recorder: no driver of burnish is involved."""

from pathlib import Path

import pytest
from burnish_hil.bench import Recorder, holds
from burnish_hil.devices.mmc import Disc, Kind
from burnish_hil.guest import Result

KINDS = [
    (Kind.CD_R, "-dao padsize=300k"),
    (Kind.CD_R, "-tao padsize=300k"),
    (Kind.DVD_R, "-dao"),
    (Kind.DVD_PLUS_R, ""),
    (Kind.BD_R, ""),
    (Kind.DVD_PLUS_RW, ""),
    (Kind.BD_RE, ""),
]


def burn(recorder: Recorder, options: str = "") -> Result:
    """Burn the image of the share by xorriso."""
    return recorder.guest.attempt(
        f"xorriso -as cdrecord -v dev={recorder.node} {options} /hil/image.iso 2>&1", timeout=180
    )


@pytest.mark.parametrize(("kind", "options"), KINDS)
def test_xorriso_burns_and_the_kernel_mounts(
    recorder: Recorder, image: Path, kind: Kind, options: str
) -> None:
    disc = recorder.insert(kind)
    result = burn(recorder, options)
    assert result.code == 0, result.output
    assert holds(disc, image)
    assert disc.closed or disc.overwriteable
    digest = recorder.guest.run(
        f"eject {recorder.node} && eject -t {recorder.node} && mount -o ro {recorder.node} /mnt"
        " && cat /mnt/DATA | md5sum && umount /mnt; md5sum < /hil/content/DATA",
        timeout=120,
    )
    assert len(set(digest.splitlines())) == 1, digest


def test_a_write_error_spoils_the_disc(recorder: Recorder, image: Path) -> None:
    disc = recorder.insert(Kind.CD_R)
    recorder.drive.faults.write_error_at = 900
    result = burn(recorder, "-dao padsize=300k")
    assert result.code == 5
    assert "[3 0C 00]" in result.output
    assert disc.touched
    assert not holds(disc, image)


def test_a_disc_that_cannot_be_closed_holds_its_data(recorder: Recorder, image: Path) -> None:
    disc = recorder.insert(Kind.DVD_PLUS_R)
    recorder.drive.faults.close_fails = True
    result = burn(recorder)
    assert result.code == 5
    assert holds(disc, image)
    assert not disc.closed


def test_a_disc_that_is_too_small_is_not_touched(recorder: Recorder, image: Path) -> None:
    disc = recorder.insert(Kind.CD_R, blocks=1000)
    result = burn(recorder, "-dao padsize=300k")
    assert result.code == 5
    assert "exceeds free space" in result.output
    assert not disc.touched


def test_a_block_that_cannot_be_read_is_an_error_of_the_kernel(recorder: Recorder, image: Path) -> None:
    recorder.insert(Kind.DVD_PLUS_R)
    assert burn(recorder).code == 0
    recorder.drive.faults.read_errors = frozenset({1200})
    node = recorder.node
    result = recorder.guest.attempt(f"eject {node}; eject -t {node}; dd if={node} of=/dev/null bs=64k", 120)
    assert "Input/output error" in result.output


def test_a_cable_pulled_in_mid_burn(recorder: Recorder, image: Path) -> None:
    disc = recorder.insert(Kind.DVD_PLUS_R)
    recorder.drive.faults.signal_at = 1000
    burning = recorder.guest.start(f"xorriso -as cdrecord dev={recorder.node} /hil/image.iso 2>&1", 180)
    assert recorder.drive.faults.reached.wait(60)
    recorder.cable.pull()
    assert recorder.guest.wait(burning, 180).code != 0
    recorder.plug_in()
    assert "is appendable" in recorder.guest.attempt(f"xorriso -outdev {recorder.node} -toc 2>&1").output
    assert disc.touched
    assert not disc.closed


def test_a_tray_that_is_locked_and_opened_by_the_host(recorder: Recorder) -> None:
    recorder.insert(Kind.CD_R)
    recorder.guest.run(f"eject {recorder.node}")
    assert recorder.drive.tray_open
    assert isinstance(recorder.drive.disc, Disc)
