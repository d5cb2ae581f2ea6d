"""Names, refusals, crashes and full disks."""

import errno
import io
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Cancel, Found, Job
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.media import CAPACITY, MediaKind
from burnish.registry import Registry
from burnish.testing.trees import noise
from burnish.testing.writers import feeding, read, written
from burnish_writer_file import FileWriter, Settings, copying
from burnish_writer_file import writer as driver
from burnish_writer_file.faults import as_faults

DATA = noise("file", 2048 * 700)


def job(**other: Any) -> Job:
    values = {
        "token": "RQ1",
        "volume_token": "VL1",
        "file_set_id": "SET",
        "volume": 1,
        "copy": 2,
        "medium": MediaKind.CD_R,
        "length": len(DATA),
        "suffix": ".iso",
    }
    return Job(**{**values, **other})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "out"


@pytest.fixture
def shelf(out: Path) -> FileWriter:
    return FileWriter(Settings(path=out))


def refused(shelf: FileWriter, piece: Job) -> FaultKind:
    """The kind of fault that writing `piece` meets before a byte is read."""
    with feeding(DATA) as feed, pytest.raises(DeviceFault) as caught:
        shelf.write(piece, feed.source, feed.report, Cancel())
    assert feed.untouched
    return caught.value.kind


def test_it_is_offered(out: Path) -> None:
    registry = Registry.load(["writer-file"])
    assert not registry.broken
    built = registry.writers["file"].make({"path": str(out), "media": ["CD-R", "DVD-R"]})
    assert built.capabilities.media == {MediaKind.CD_R, MediaKind.DVD_R}
    assert not out.exists(), "describing and building touch nothing"


def test_the_file_is_where_it_is_said_to_be(shelf: FileWriter, out: Path) -> None:
    written(shelf, job(), DATA)
    assert [path.name for path in (out / "RQ1").iterdir()] == [".SET-1-2.iso.part"]
    assert shelf.accept(job()) == str(out / "RQ1" / "SET-1-2.iso")
    assert [path.name for path in (out / "RQ1").iterdir()] == ["SET-1-2.iso"]
    assert (out / "RQ1" / "SET-1-2.iso").read_bytes() == DATA


def test_an_empty_file_set_id_has_a_name(shelf: FileWriter, out: Path) -> None:
    piece = job(file_set_id="")
    written(shelf, piece, DATA)
    assert shelf.accept(piece) == str(out / "RQ1" / "FILESET-1-2.iso")


@pytest.mark.parametrize(
    "bad",
    [
        {"token": ""},
        {"token": "../X"},
        {"token": "A/B"},
        {"token": ".."},
        {"token": "A\n"},
        {"file_set_id": "../../X"},
        {"file_set_id": "A" * 17},
        {"file_set_id": "lower"},
        {"file_set_id": "A\n"},
        {"suffix": "/x"},
        {"suffix": ""},
        {"suffix": ".iso\n"},
        {"suffix": "..iso"},
        {"volume": 0},
        {"copy": -1},
    ],
)
def test_no_text_becomes_a_path_unchecked(shelf: FileWriter, tmp_path: Path, bad: dict[str, Any]) -> None:
    assert refused(shelf, job(**bad)) is FaultKind.BAD_REQUEST
    for call in (shelf.examine, shelf.accept, shelf.reject):
        with pytest.raises(DeviceFault):
            call(job(**bad))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["file", "folder", "link", "dangling"])
def test_a_name_that_exists_is_never_replaced(
    shelf: FileWriter, out: Path, tmp_path: Path, what: str
) -> None:
    final = out / "RQ1" / "SET-1-2.iso"
    final.parent.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    if what == "file":
        final.write_bytes(b"somebody's")
    elif what == "folder":
        final.mkdir()
    else:
        final.symlink_to(elsewhere)
    if what == "link":
        elsewhere.write_bytes(b"somebody's")
    assert refused(shelf, job()) is FaultKind.UNSAFE_TARGET
    assert final.is_dir() or final.is_symlink() or final.read_bytes() == b"somebody's"


def test_a_name_that_appears_while_writing_is_not_replaced(shelf: FileWriter, out: Path) -> None:
    written(shelf, job(), DATA)
    final = out / "RQ1" / "SET-1-2.iso"
    final.write_bytes(b"somebody's")
    with pytest.raises(DeviceFault) as caught:
        shelf.accept(job())
    assert caught.value.kind is FaultKind.UNSAFE_TARGET
    assert final.read_bytes() == b"somebody's"
    assert (out / "RQ1" / ".SET-1-2.iso.part").read_bytes() == DATA
    shelf.reject(job())
    assert final.read_bytes() == b"somebody's"


def test_a_link_to_the_temporary_name_is_not_the_final_name(shelf: FileWriter, out: Path) -> None:
    written(shelf, job(), DATA)
    (out / "RQ1" / "SET-1-2.iso").symlink_to(".SET-1-2.iso.part")
    with pytest.raises(DeviceFault):
        shelf.accept(job())
    assert (out / "RQ1" / ".SET-1-2.iso.part").read_bytes() == DATA


def test_a_crash_between_link_and_unlink_is_made_good(shelf: FileWriter, out: Path) -> None:
    written(shelf, job(), DATA)
    final, part = out / "RQ1" / "SET-1-2.iso", out / "RQ1" / ".SET-1-2.iso.part"
    os.link(part, final)
    assert shelf.examine(job()) is Found.WHOLE
    assert shelf.accept(job()) == str(final)
    assert not part.exists()


def test_a_file_system_without_links_renames(
    shelf: FileWriter, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(driver.os, "link", refuse)
    written(shelf, job(), DATA)
    assert shelf.accept(job()) == str(out / "RQ1" / "SET-1-2.iso")
    written(shelf, job(copy=3), DATA)
    (out / "RQ1" / "SET-1-3.iso").write_bytes(b"somebody's")
    with pytest.raises(DeviceFault) as caught:
        shelf.accept(job(copy=3))
    assert caught.value.kind is FaultKind.UNSAFE_TARGET


def test_after_a_crash_it_says_what_there_is(shelf: FileWriter, out: Path) -> None:
    folder = out / "RQ1"
    assert shelf.examine(job()) is Found.UNTOUCHED
    folder.mkdir(parents=True)
    (folder / ".SET-1-2.iso.part").write_bytes(b"begun")
    assert shelf.examine(job()) is Found.PARTIAL
    (folder / "SET-1-2.iso").write_bytes(b"short")
    assert shelf.examine(job()) is Found.PARTIAL
    (folder / "SET-1-2.iso").write_bytes(DATA)
    assert shelf.examine(job()) is Found.WHOLE


def test_what_was_handed_out_can_be_read_after_a_crash(shelf: FileWriter, out: Path) -> None:
    written(shelf, job(), DATA)
    shelf.accept(job())
    assert read(FileWriter(Settings(path=out)), job())[0] == DATA


def test_it_makes_its_folder_for_each_piece(shelf: FileWriter, out: Path) -> None:
    written(shelf, job(), DATA)
    (out / "RQ1" / ".SET-1-2.iso.part").unlink()
    (out / "RQ1").rmdir()
    out.rmdir()
    written(shelf, job(), DATA)
    assert shelf.accept(job())


def test_a_file_in_the_way_is_an_unsafe_target(shelf: FileWriter, out: Path) -> None:
    out.parent.mkdir()
    out.write_bytes(b"somebody's")
    assert refused(shelf, job()) is FaultKind.UNSAFE_TARGET
    assert out.read_bytes() == b"somebody's"


def test_a_full_disk_is_seen_beforehand(out: Path) -> None:
    piece = job(length=1 << 60)
    shelf = FileWriter(Settings(path=out, capacity=1 << 61))
    assert refused(shelf, piece) is FaultKind.STORAGE_FULL
    assert shelf.examine(piece) is Found.UNTOUCHED


def test_a_disk_that_fills_while_writing_is_full(shelf: FileWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(pipe: int, target: int, step: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(copying.os, "splice", fill)
    with pytest.raises(DeviceFault) as caught:
        written(shelf, job(), DATA)
    assert caught.value.kind is FaultKind.STORAGE_FULL
    assert shelf.examine(job()) is Found.PARTIAL


def test_a_file_system_that_does_not_splice_is_written_all_the_same(
    shelf: FileWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "_splice", lambda *_: None)
    written(shelf, job(), DATA)
    assert read(shelf, job())[0] == DATA


def test_bytes_in_memory_serve_as_source_and_sink(shelf: FileWriter) -> None:
    seen: list[int] = []
    shelf.write(job(), io.BytesIO(DATA), seen.append, Cancel())
    sink = io.BytesIO()
    shelf.read_back(job(), sink, seen.append)
    assert sink.getvalue() == DATA


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EIO, FaultKind.MEDIA_DEFECT),
        (errno.EDQUOT, FaultKind.STORAGE_FULL),
        (errno.EROFS, FaultKind.OPERATOR_ACTION),
        (errno.ESTALE, FaultKind.DEVICE_OFFLINE),
        (errno.EDEADLK, FaultKind.DRIVE_FAULT),
    ],
)
def test_an_error_of_the_system_is_a_fault_of_the_device(number: int, kind: FaultKind) -> None:
    with pytest.raises(DeviceFault) as caught, as_faults("it cannot be written"):
        raise OSError(number, os.strerror(number))
    assert caught.value.kind is kind
    assert str(caught.value).startswith("it cannot be written: ")


def test_capacity_is_the_mediums_unless_it_is_set(out: Path) -> None:
    assert FileWriter(Settings(path=out)).capacity(MediaKind.CD_R) == CAPACITY[MediaKind.CD_R]
    assert FileWriter(Settings(path=out, capacity=7)).capacity(MediaKind.CD_R) == 7


def test_it_stops_though_the_source_is_silent(shelf: FileWriter) -> None:
    reading, writing = os.pipe()
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with io.FileIO(reading) as source, open(writing, "wb"), pytest.raises(Cancelled):
        shelf.write(job(), source, lambda done: None, Cancel(stop.is_set))
    assert time.monotonic() - began < 5


def test_what_had_its_name_and_is_rejected_is_out_of_the_way(shelf: FileWriter, out: Path) -> None:
    """A crash after `accept`, and a second proof that fails: nobody may take it for a good one."""
    written(shelf, job(), DATA)
    final = Path(shelf.accept(job()))
    shelf.reject(job())
    shelf.reject(job())
    assert not final.exists()
    assert shelf.examine(job()) is Found.UNTOUCHED
    written(shelf, job(), DATA)
    assert Path(shelf.accept(job())) == final
    assert [path.name for path in final.parent.iterdir() if not path.name.startswith(".")] == [final.name]


def test_a_piece_cut_off_by_kill_is_partial_and_can_be_rejected(shelf: FileWriter, out: Path) -> None:
    script = (
        "import io, sys; from pathlib import Path;"
        "from burnish.contracts import *; from burnish_writer_file import *;"
        "job = Job(token='RQ1', volume_token='VL1', file_set_id='SET', volume=1, copy=2, medium='CD-R',"
        " length=1 << 20, suffix='.iso');"
        "FileWriter(Settings(path=Path(sys.argv[1]))).write(job, io.FileIO(0), print, Cancel())"
    )
    child = subprocess.Popen(
        [sys.executable, "-u", "-c", script, out], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin
    assert child.stdout
    child.stdin.write(b"x" * 5000)
    child.stdin.flush()
    child.stdout.readline()
    child.kill()
    child.communicate()
    assert shelf.examine(job(length=1 << 20)) is Found.PARTIAL
    assert refused(shelf, job(length=1 << 20)) is FaultKind.MEDIA_DEFECT
    shelf.reject(job(length=1 << 20))
    assert shelf.examine(job(length=1 << 20)) is Found.UNTOUCHED
