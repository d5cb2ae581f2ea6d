"""Processes that derive: what one instance does to its process is its own failure, and nothing is left."""

import hashlib
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from burnish.contracts import Cancel
from burnish.errors import Cancelled
from burnish.fileset.derive import workers as module
from burnish.fileset.derive.forms import Keeper
from burnish.fileset.derive.workers import Failed, Made, Result, Task, Workers
from burnish.fileset.elements import read_meta
from burnish.fileset.fit import Form, Underivable
from burnish.fileset.media import MediaSettings
from burnish.instances.files import read_trailer
from burnish.instances.head import KeptHead
from burnish.instances.instance import Instance
from burnish.instances.sources import Sources
from burnish.terms import DEFLATED, EXPLICIT_VR_LE, IMPLICIT_VR_LE, JPEG_LOSSLESS, FailureReason
from pydicom.data import get_testdata_file

RLE = "1.2.840.10008.1.2.5"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
NEVER = Cancel()


def real(name: str, folder: Path) -> Task:
    """A task for a real file, whose form goes into `folder`."""
    path = Path(str(get_testdata_file(name)))
    raw = path.read_bytes()
    meta = read_meta(raw)
    return task(path, raw[meta.end :], meta.transfer_syntax, folder, meta.end)


def task(path: Path, data: bytes, syntax: str, folder: Path, offset: int = 0) -> Task:
    digest = hashlib.sha256(data).digest()
    return Task(path, offset, len(data), digest, syntax, folder / f"{path.name}.explicit", None)


def made_of(data: bytes, syntax: str, folder: Path, name: str = "made") -> Task:
    (folder / name).write_bytes(data)
    return task(folder / name, data, syntax, folder)


def explicit(tag: int, vr: bytes, value: bytes) -> bytes:
    if vr in (b"OB", b"OW"):
        return struct.pack("<HH2s2xL", tag >> 16, tag & 0xFFFF, vr, len(value)) + value
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def image(rows: int, columns: int, *frames: bytes) -> bytes:
    """A monochrome image of 8 bits with these compressed frames."""
    numbers = {0x0010: rows, 0x0011: columns, 0x0100: 8, 0x0101: 8, 0x0102: 7, 0x0103: 0}
    items = b"".join(struct.pack("<HHL", 0xFFFE, 0xE000, len(one)) + one for one in (b"", *frames))
    return (
        explicit(0x00280002, b"US", b"\1\0")
        + explicit(0x00280004, b"CS", b"MONOCHROME2 ")
        + explicit(0x00280008, b"IS", b"%-2d" % len(frames))
        + b"".join(explicit(0x00280000 | tag, b"US", struct.pack("<H", n)) for tag, n in numbers.items())
        + struct.pack("<HH2s2xL", 0x7FE0, 0x0010, b"OB", 0xFFFFFFFF)
        + items
        + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    )


def rle(length: int) -> bytes:
    """A frame of one segment, all zeros."""
    segment = b"\x81\0" * (length // 128)
    return struct.pack("<16L", 1, 64, *[0] * 14) + segment


def children(parent: int | None = None) -> list[int]:
    """The workers of a process; of this one, where none is named."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            stat = (path / "stat").read_text().rpartition(")")[2].split()
            command = (path / "cmdline").read_bytes()
            if int(stat[1]) == (parent or os.getpid()) and b"burnish.fileset.derive.worker" in command:
                found.append(int(path.name))
    return found


def eventually(condition: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Two that all tests share, so that what one test leaves meets the next."""
    with closing(Workers(MediaSettings(transcoders=2))) as found:
        yield found
    assert not children()


@pytest.fixture
def alone() -> Iterator[Workers]:
    """One worker."""
    with closing(Workers(MediaSettings(transcoders=1))) as found:
        yield found


@pytest.fixture
def stuck(tmp_path: Path) -> Task:
    """A task that never ends: its source is a pipe that nobody writes to, so whoever opens it waits."""
    os.mkfifo(tmp_path / "stuck")
    return Task(tmp_path / "stuck", 0, 8, bytes(32), IMPLICIT_VR_LE, tmp_path / "stuck.explicit", None)


def once(act: Callable[[set[int]], object], answer: bool = False) -> Cancel:
    """A token that does something as soon as there is another worker, and answers so from then on."""
    known, done = set(children()), []

    def asked() -> bool:
        if not done and (others := set(children()) - known):
            done.append(act(others))
        return bool(done) and answer

    return Cancel(asked)


def run(workers: Workers, *tasks: Task, cancel: Cancel = NEVER) -> list[Result]:
    return list(workers.run(tasks, cancel))


def why(result: Result) -> str:
    assert isinstance(result, Failed), result
    assert "\n" not in result.why
    return result.why


def test_each_task_is_answered_in_its_place(workers: Workers, tmp_path: Path) -> None:
    names = [
        "MR_small_jp2klossless.dcm",
        "rtplan_truncated.dcm",
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
    ]
    tasks = [real(name, tmp_path) for name in names]
    one, broken, *others = run(workers, *tasks)
    assert "(300A,00B0) is longer than what holds it" in why(broken)
    for task, result in zip([tasks[0], *tasks[2:]], [one, *others], strict=True):
        assert isinstance(result, Made)
        data = task.target.read_bytes()
        assert (len(data), hashlib.sha256(data).digest()) == (result.length, result.digest)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"{name}.explicit" for name in names if "truncated" not in name}
    assert len(children()) <= 2


def test_nothing_is_started_for_nothing(alone: Workers) -> None:
    before = children()
    assert run(alone) == []
    assert children() == before


def test_one_that_takes_too_long_fails_alone(
    alone: Workers, stuck: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, clock = [0], time.monotonic
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock() + late[0]))
    cancel = once(lambda _: late.append(late.pop() + 601))
    first, second = run(alone, stuck, real("MR_small_RLE.dcm", tmp_path), cancel=cancel)
    assert "took longer than 600 seconds" in why(first)
    assert isinstance(second, Made)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_one_whose_process_dies_fails_alone(
    alone: Workers, stuck: Task, tmp_path: Path, number: signal.Signals
) -> None:
    cancel = once(lambda others: [os.kill(one, number) for one in others])
    first, second = run(alone, stuck, real("MR_small_RLE.dcm", tmp_path), cancel=cancel)
    assert f"crashed its process ({number.name})" in why(first)
    assert isinstance(second, Made)


def test_a_worker_that_died_at_rest_is_replaced(workers: Workers, tmp_path: Path) -> None:
    run(workers, real("MR_small_RLE.dcm", tmp_path))
    for child in children():
        os.kill(child, signal.SIGKILL)
    assert isinstance(run(workers, real("MR_small_RLE.dcm", tmp_path))[0], Made)


def test_one_that_wants_too_much_memory_fails_alone(tmp_path: Path) -> None:
    settings = MediaSettings(transcoders=1, transcoder_memory=1 << 30)
    huge = made_of(image(20000, 20000, rle(20000 * 20000)), RLE, tmp_path, "huge")
    with closing(Workers(settings)) as workers:
        first, second = run(workers, huge, made_of(image(16, 16, rle(256)), RLE, tmp_path))
    assert "more memory than the 1073741824 bytes that [media] transcoder_memory allows" in why(first)
    assert isinstance(second, Made)


@pytest.mark.parametrize("codestream", [b"", b"\xff\x4f\xff\x51", bytes(range(256)) * 8])
def test_pixels_that_are_none_say_so(workers: Workers, tmp_path: Path, codestream: bytes) -> None:
    [result] = run(workers, made_of(image(16, 16, codestream), JPEG_2000, tmp_path))
    assert "frame 1 cannot be decoded" in why(result)
    assert result == Failed(why(result), FailureReason.PROFILE_COMPRESSION_CONFLICT)


def test_a_codestream_that_is_cut_off(workers: Workers, tmp_path: Path) -> None:
    [result] = run(workers, made_of(image(64, 64, rle(64 * 64)[:-20]), RLE, tmp_path))
    assert "frame 1 cannot be decoded" in why(result)


def test_a_deflate_bomb_fails_alone(workers: Workers, tmp_path: Path) -> None:
    deflater = zlib.compressobj(9, wbits=-15)
    parts = [deflater.compress(explicit(0x00080016, b"UI", b"1.2\0"))]
    parts += [deflater.compress(bytes(1 << 20)) for _ in range(300)]
    bomb = made_of(b"".join([*parts, deflater.flush()]), DEFLATED, tmp_path, "bomb")
    assert bomb.length < 1 << 20
    first, second = run(workers, bomb, real("image_dfl.dcm", tmp_path))
    assert "inflate to more than 100 times as much" in why(first)
    assert isinstance(second, Made)


def test_a_full_disk_is_no_fault_of_the_instance(workers: Workers, tmp_path: Path) -> None:
    one = real("MR_small_RLE.dcm", tmp_path)
    one.part.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        run(workers, one)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [{"digest": bytes(32)}, {"source": Path("/nowhere/at/all")}])
def test_a_source_that_has_changed_or_gone(workers: Workers, tmp_path: Path, change: dict[str, Any]) -> None:
    [result] = run(workers, replace(real("MR_small_RLE.dcm", tmp_path), **change))
    assert isinstance(result, Failed)
    assert result.reason is FailureReason.PROCESSING_FAILURE


def test_a_cancel_breaks_off_and_leaves_nothing(alone: Workers, stuck: Task, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        run(alone, stuck, cancel=once(lambda _: None, answer=True))
    assert {path.name for path in tmp_path.iterdir()} == {"stuck"}
    assert isinstance(run(alone, real("MR_small_RLE.dcm", tmp_path))[0], Made)


def test_who_rests_is_ended(tmp_path: Path) -> None:
    with closing(Workers(MediaSettings(transcoders=1), idle=0.1)) as workers:
        known = set(children())
        run(workers, real("MR_small_RLE.dcm", tmp_path))
        eventually(lambda: not set(children()) - known)
        assert isinstance(run(workers, real("MR_small_RLE.dcm", tmp_path))[0], Made)


def test_workers_end_with_their_parent_however_it_ends(stuck: Task) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom burnish.contracts import Cancel\n"
        "from burnish.fileset.media import MediaSettings\n"
        "from burnish.fileset.derive.workers import Task, Workers\n"
        "path = Path(sys.argv[1])\n"
        "task = Task(path, 0, 8, bytes(32), '1.2.840.10008.1.2', path.with_name('x'), None)\n"
        "list(Workers(MediaSettings(transcoders=1)).run([task], Cancel()))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(stuck.source)])
    eventually(lambda: children(parent.pid))
    [child] = children(parent.pid)
    held = {str(path.readlink()) for path in Path(f"/proc/{child}/fd").iterdir() if path.is_symlink()}
    assert not any("socket:" in one for one in held)
    parent.kill()
    parent.wait()
    eventually(lambda: not Path(f"/proc/{child}").exists() or _is_corpse(child))


def _is_corpse(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


# --- forms that are kept -----------------------------------------------------------------------------------


def stored(name: str, spool: Path, number: int = 1) -> Instance:
    """A real file's data set as the spool has it, as far as deriving needs it."""
    raw = Path(str(get_testdata_file(name))).read_bytes()
    meta = read_meta(raw)
    data = raw[meta.end :]
    key = f"ab/{number:064x}-1"
    (spool / "ab").mkdir(exist_ok=True)
    (spool / key).write_bytes(data)
    digest = hashlib.sha256(data).digest()
    uids = meta.sop_class, meta.sop_instance, "1.2", "1.3"
    return Instance(key, *uids, meta.transfer_syntax, len(data), digest, KeptHead(b""))


def derive(keeper: Keeper, *instances: Instance) -> Sequence[Form | Underivable]:
    return list(keeper([(one, EXPLICIT_VR_LE) for one in instances], NEVER))


def test_a_form_is_made_once_and_proves_itself(workers: Workers, tmp_path: Path) -> None:
    one = stored("MR_small_RLE.dcm", tmp_path)
    [form] = derive(Keeper(Sources(tmp_path), workers), one)
    assert isinstance(form, Form)
    path = tmp_path / form.key
    trailer, before = read_trailer(path), path.stat()
    assert (trailer.length, trailer.digest) == (form.length, form.digest)
    assert trailer.facts.transfer_syntax == form.transfer_syntax == EXPLICIT_VR_LE
    other = Keeper(Sources(tmp_path), Workers(MediaSettings()))  # as after a restart
    assert derive(other, one) == [form]
    assert path.stat() == before


def test_a_form_that_was_damaged_is_made_again(workers: Workers, tmp_path: Path) -> None:
    one = stored("MR_small_RLE.dcm", tmp_path)
    keeper = Keeper(Sources(tmp_path), workers)
    [form] = derive(keeper, one)
    assert isinstance(form, Form)
    os.truncate(tmp_path / form.key, 99)
    assert derive(keeper, one) == [form]
    assert read_trailer(tmp_path / form.key).digest == form.digest


def test_what_is_kept_and_what_fails_stand_in_their_places(workers: Workers, tmp_path: Path) -> None:
    good, bad, other = (
        stored(name, tmp_path, number)
        for number, name in enumerate(["MR_small_RLE.dcm", "rtplan_truncated.dcm", "image_dfl.dcm"])
    )
    keeper = Keeper(Sources(tmp_path), workers)
    derive(keeper, other)
    first, failed, last = derive(keeper, good, bad, other)
    assert isinstance(first, Form)
    assert isinstance(failed, Underivable)
    assert isinstance(last, Form)
    assert (first.key, last.key) == (f"{good.key}.explicit", f"{other.key}.explicit")


def test_each_transfer_syntax_is_a_form_of_its_own(workers: Workers, tmp_path: Path) -> None:
    one = stored("MR_small_RLE.dcm", tmp_path)
    keeper = Keeper(Sources(tmp_path), workers)
    wanted = [(one, to) for to in (EXPLICIT_VR_LE, JPEG_LOSSLESS, JPEG_2000)]
    forms = list(keeper(wanted, NEVER))
    assert [form.key for form in forms if isinstance(form, Form)] == [
        f"{one.key}{end}" for end in (".explicit", ".jpeg", ".jpc")
    ]
    for form, (_, to) in zip(forms, wanted, strict=True):
        assert isinstance(form, Form)
        trailer = read_trailer(tmp_path / form.key)
        assert (trailer.facts.transfer_syntax, trailer.digest) == (form.transfer_syntax, form.digest)
        assert form.transfer_syntax == to
    assert list(keeper(wanted[::-1], NEVER)) == forms[::-1]


def test_what_cannot_be_compressed_says_into_what(workers: Workers, tmp_path: Path) -> None:
    [result] = run(workers, replace(real("rtplan.dcm", tmp_path), to=JPEG_LOSSLESS))
    assert why(result).startswith("cannot be made JPEG Lossless (Process 14, Selection Value 1): it has no")
    assert not list(tmp_path.iterdir())


def test_one_that_is_killed_while_it_compresses_leaves_nothing(alone: Workers, tmp_path: Path) -> None:
    """The task is large, and its worker dies as soon as there is something of its form."""
    large = made_of(image(2000, 2000, *[rle(2000 * 2000)] * 40), RLE, tmp_path, "large")
    large = replace(large, to=JPEG_2000, target=tmp_path / "large.jpc")

    def act() -> bool:
        if large.part.exists():
            for child in children():
                os.kill(child, signal.SIGKILL)
        return False

    [result] = run(alone, large, cancel=Cancel(act))
    assert "crashed its process (SIGKILL)" in why(result)
    assert {path.name for path in tmp_path.iterdir()} == {"large"}
