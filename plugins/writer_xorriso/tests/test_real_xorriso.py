"""Real xorriso without a drive: on files, on small loop devices, and what goes over to it."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from burnish.contracts import Cancel, Found
from burnish.errors import Cancelled, FaultKind
from burnish.media import MediaKind
from burnish.testing.trees import noise
from burnish.testing.writers import feeding, make, read
from burnish_writer_xorriso import Settings, XorrisoWriter

from plugins.writer_xorriso.tests.benches import DATA, burn, fault, job

pytestmark = pytest.mark.judge("xorriso", "setpriv")


def pseudo(path: Path, **keys: object) -> XorrisoWriter:
    return XorrisoWriter(Settings.model_validate({"device": f"stdio:{path}", "media": ["CD-R"], **keys}))


@pytest.fixture
def disc(tmp_path: Path) -> Path:
    return tmp_path / "disc"


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Path]:
    """A block device of 4 MiB."""
    if os.geteuid():
        pytest.skip("only root makes loop devices")
    backing = tmp_path / "backing"
    backing.write_bytes(bytes(4 << 20))
    made = subprocess.run(
        ["losetup", "-f", "--show", str(backing)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no loop devices here: {made.stderr.strip()}")
    subprocess.run(["blockdev", "--setrw", made.stdout.strip()], check=True)
    try:
        yield Path(made.stdout.strip())
    finally:
        subprocess.run(
            ["blockdev", "--setrw", made.stdout.strip()], check=True
        )  # it outlives the file behind
        subprocess.run(["losetup", "-d", made.stdout.strip()], check=True)


def test_a_file_holds_the_image_and_zeros(disc: Path) -> None:
    with pseudo(disc) as writer:
        burn(writer, job())
        assert read(writer, job())[0] == DATA
        assert writer.accept(job()) == str(disc)
    assert disc.read_bytes()[: len(DATA)] == DATA
    assert not any(disc.read_bytes()[len(DATA) :])


def test_an_image_that_is_not_whole_sectors_is_written_whole(disc: Path) -> None:
    data = noise("odd", 2048 * 700 + 5)
    piece = job(length=len(data))
    with pseudo(disc) as writer:
        burn(writer, piece, data)
        assert read(writer, piece)[0] == data


def test_an_image_smaller_than_the_pipe_is_written_whole(disc: Path) -> None:
    data = noise("small", 2048 * 3)
    piece = job(length=len(data))
    with pseudo(disc) as writer:
        burn(writer, piece, data)
        assert read(writer, piece)[0] == data


def test_every_kind_of_medium_has_words_that_xorriso_knows(tmp_path: Path) -> None:
    for kind in (MediaKind.CD_R, MediaKind.DVD_R, MediaKind.BD_R, MediaKind.BD_RE):
        path = tmp_path / kind
        keys = {"media": [kind], "mode": "dao", "speed": 16, "stream_recording": True}
        with pseudo(path, **keys) as writer:
            burn(writer, job(medium=kind))
            assert read(writer, job(medium=kind))[0] == DATA


def test_what_was_rejected_is_kept_under_another_name(disc: Path) -> None:
    with pseudo(disc) as writer:
        for copy in (1, 2):
            burn(writer, job(copy=copy))
            writer.reject(job(copy=copy))
        assert writer.examine(job()) is Found.GONE
    names = sorted(path.name for path in disc.parent.glob("disc*"))
    assert names == ["disc.rejected-1", "disc.rejected-2"]


def test_a_file_that_is_there_is_nobodys_blank(disc: Path) -> None:
    disc.write_bytes(bytes(5 << 20))
    with pseudo(disc) as writer:
        assert writer.look().condition is FaultKind.WRONG_MEDIUM
        assert fault(writer, job()).kind is FaultKind.WRONG_MEDIUM
    assert disc.read_bytes() == bytes(5 << 20)


def test_a_folder_that_is_missing_is_offline(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pseudo(tmp_path / "there" / "disc") as writer:
        (tmp_path / "there").rmdir()
        assert writer.look().condition is FaultKind.DEVICE_OFFLINE
        assert fault(writer, job()).kind is FaultKind.DEVICE_OFFLINE


def test_a_slow_burn_stops_when_told_to(disc: Path) -> None:
    stop = time.monotonic() + 2
    with pseudo(disc, speed=2) as writer, feeding(DATA) as feed:
        with pytest.raises(Cancelled):
            make(writer, job(), feed, Cancel(lambda: time.monotonic() > stop))
        assert writer.examine(job()) is Found.PARTIAL
    assert 0 < disc.stat().st_size < len(DATA)


def test_an_image_that_ends_early_is_no_medium(disc: Path) -> None:
    with pseudo(disc) as writer:
        assert fault(writer, job(), DATA[: 3 << 20]).kind is FaultKind.BAD_REQUEST
        assert writer.examine(job()) in (Found.PARTIAL, Found.GONE)  # GONE: it was stopped before a byte


def test_it_tells_of_progress_while_it_burns(disc: Path) -> None:
    with pseudo(disc, speed=8) as writer, feeding(DATA) as feed:
        make(writer, job(), feed, Cancel())
    assert len(feed.seen) >= 2
    assert feed.seen[-1] == len(DATA)


# --- a block device stands for a disc that can be overwritten ----------------------------------------------


def test_a_block_device_is_a_blank_while_it_is_empty(loop: Path) -> None:
    piece = job(length=1 << 20)
    with pseudo(loop) as writer:
        burn(writer, piece, DATA[: 1 << 20])
        assert read(writer, piece)[0] == DATA[: 1 << 20]
        assert writer.examine(piece) is Found.WHOLE
        assert fault(writer, replace(piece, copy=2)).kind is FaultKind.WRONG_MEDIUM
    with pseudo(loop) as writer:
        assert writer.examine(piece) is Found.PARTIAL


def test_an_image_larger_than_the_device_is_refused(loop: Path) -> None:
    with pseudo(loop) as writer:
        piece = job(length=(4 << 20) + 2048)
        assert fault(writer, piece, DATA).kind is FaultKind.MEDIUM_TOO_SMALL
        assert writer.look().condition is None
    assert not any(loop.read_bytes())


def test_a_device_that_fills_before_the_end_is_too_small(
    loop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that says it is larger than it is: xorriso is not told a size that it could compare."""
    script = tmp_path / "unsized"
    sieve = 'for word; do [[ $word == tsize=* ]] || words+=("$word"); done'
    script.write_text(f'#!/bin/bash\n{sieve}\nexec xorriso "${{words[@]}}"\n', "utf-8")
    script.chmod(0o755)
    data = noise("large", 6 << 20)
    with pseudo(loop, program=str(script)) as writer:
        monkeypatch.setattr(writer, "_blank_for", lambda piece: len(data))
        piece = job(length=len(data))
        with feeding(data) as feed, pytest.raises(Exception, match="full") as caught:
            writer.write(piece, feed.source, feed.report, Cancel())
        assert getattr(caught.value, "kind", None) is FaultKind.MEDIUM_TOO_SMALL
        assert writer.examine(piece) is Found.PARTIAL


def test_a_device_that_cannot_be_written_is_the_wrong_medium(loop: Path) -> None:
    subprocess.run(["blockdev", "--setro", str(loop)], check=True)
    with pseudo(loop) as writer:
        assert fault(writer, job(length=1 << 20), DATA[: 1 << 20]).kind is FaultKind.WRONG_MEDIUM
