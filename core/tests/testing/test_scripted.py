"""The scripted writer: honest by itself, and steered by its folder."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from burnish.contracts import Cancel, Found, Job, Writer
from burnish.errors import Cancelled, DeviceFault, FaultKind
from burnish.media import MediaKind
from burnish.registry import Registry
from burnish.testing.scripted import CRASHED, GARBAGE, ScriptedWriter, Settings, read_log, write_script
from burnish.testing.trees import noise
from burnish.testing.writers import WriterConformance, feeding, read, written

DATA = noise("scripted", 2048 * 400)


class TestScripted(WriterConformance):
    @pytest.fixture
    def writer(self, tmp_path: Path) -> Writer:
        return ScriptedWriter(Settings(path=tmp_path / "scripted"))


class TestScriptedDeaf(WriterConformance):
    @pytest.fixture
    def writer(self, tmp_path: Path) -> Writer:
        return ScriptedWriter(Settings(path=tmp_path / "scripted", interruptible=False))


def job(copy: int = 1) -> Job:
    return Job(
        token="RQ1",
        volume_token="VL1",
        file_set_id="",
        volume=1,
        copy=copy,
        medium=MediaKind.CD_R,
        length=len(DATA),
        suffix=".iso",
    )


@pytest.fixture
def writer(tmp_path: Path) -> ScriptedWriter:
    return ScriptedWriter(Settings(path=tmp_path))


def test_it_is_offered_to_a_configuration_that_names_it(tmp_path: Path) -> None:
    registry = Registry.load(["writer-scripted"])
    built = registry.writers["scripted"].make({"path": str(tmp_path), "media": ["DVD-R"]})
    assert built.capabilities.media == {MediaKind.DVD_R}


def test_a_fault_is_raised_at_its_byte(writer: ScriptedWriter, tmp_path: Path) -> None:
    write_script(tmp_path, [{"fault": "MEDIA_DEFECT", "at": 5_000}])
    with feeding(DATA) as feed, pytest.raises(DeviceFault) as caught:
        writer.write(job(), feed.source, feed.report, Cancel())
    assert caught.value.kind is FaultKind.MEDIA_DEFECT
    assert (tmp_path / ".VL1-1.img.part").stat().st_size == 5_000
    assert writer.examine(job()) is Found.PARTIAL


def test_a_fault_before_the_first_byte_leaves_a_blank(writer: ScriptedWriter, tmp_path: Path) -> None:
    write_script(tmp_path, [{"fault": "NO_BLANK_MEDIA"}])
    with feeding(DATA) as feed, pytest.raises(DeviceFault):
        writer.write(job(), feed.source, feed.report, Cancel())
    assert feed.untouched
    assert writer.examine(job()) is Found.UNTOUCHED


def test_each_job_takes_one_action(writer: ScriptedWriter, tmp_path: Path) -> None:
    write_script(tmp_path, [{}, {"fault": "DRIVE_FAULT"}, {}])
    written(writer, job(1), DATA)
    with pytest.raises(DeviceFault):
        written(writer, job(2), DATA)
    written(writer, job(3), DATA)
    written(writer, job(4), DATA)


@pytest.mark.parametrize("lie", [0, 300_000, len(DATA) - 1])
def test_a_lie_flips_one_byte_of_what_is_read_back(writer: ScriptedWriter, tmp_path: Path, lie: int) -> None:
    write_script(tmp_path, [{"lie": lie}])
    written(writer, job(), DATA)
    back, _ = read(writer, job())
    assert [at for at, byte in enumerate(back) if byte != DATA[at]] == [lie]


@pytest.mark.parametrize("op", ["read_back", "accept", "reject"])
def test_a_fault_may_come_later(writer: ScriptedWriter, tmp_path: Path, op: str) -> None:
    write_script(tmp_path, [{"fault": "SERVICE_ACTION", "in": op}])
    written(writer, job(), DATA)
    calls: dict[str, Callable[[], Any]] = {
        "read_back": lambda: read(writer, job()),
        "accept": lambda: writer.accept(job()),
        "reject": lambda: writer.reject(job()),
    }
    with pytest.raises(DeviceFault):
        calls[op]()


@pytest.mark.parametrize("hold", ["hold-write", "hold-middle"])
def test_a_hold_lasts_until_it_is_taken_away(writer: ScriptedWriter, tmp_path: Path, hold: str) -> None:
    (tmp_path / hold).touch()
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.extend(written(writer, job(), DATA)))
    thread.start()
    time.sleep(0.3)
    part = tmp_path / ".VL1-1.img.part"
    assert part.exists() is (hold == "hold-middle")
    assert not part.exists() or part.stat().st_size == len(DATA) // 2
    (tmp_path / hold).unlink()
    thread.join(10)
    assert seen[-1] == len(DATA)


@pytest.mark.parametrize("hold", ["hold-write", "hold-middle"])
def test_a_hold_heeds_its_token(writer: ScriptedWriter, tmp_path: Path, hold: str) -> None:
    (tmp_path / hold).touch()
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with feeding(DATA) as feed, pytest.raises(Cancelled):
        writer.write(job(), feed.source, feed.report, Cancel(stop.is_set))


def test_a_condition_lasts_until_it_is_mended(writer: ScriptedWriter, tmp_path: Path) -> None:
    (tmp_path / "condition").write_text("OPERATOR_ACTION")
    for _ in range(2):
        with feeding(DATA) as feed, pytest.raises(DeviceFault) as caught:
            writer.write(job(), feed.source, feed.report, Cancel())
        assert caught.value.kind is FaultKind.OPERATOR_ACTION
        assert feed.untouched
    (tmp_path / "condition").unlink()
    assert written(writer, job(), DATA)[-1] == len(DATA)


def test_a_device_that_cannot_be_taken(writer: ScriptedWriter, tmp_path: Path) -> None:
    (tmp_path / "unable").write_text("DEVICE_OFFLINE")
    with pytest.raises(DeviceFault) as caught, writer:
        pass
    assert caught.value.kind is FaultKind.DEVICE_OFFLINE


def test_a_cancel_is_denied_with_a_reason(writer: ScriptedWriter, tmp_path: Path) -> None:
    (tmp_path / "hold-middle").touch()
    (tmp_path / "deny").write_text("the disc is being closed")
    asked, reasons = threading.Event(), []
    asked.set()

    def deny(reason: str) -> None:
        reasons.append(reason)
        asked.clear()
        (tmp_path / "hold-middle").unlink()

    with feeding(DATA) as feed:
        late = Cancel(lambda: asked.is_set() and _is_half(tmp_path / ".VL1-1.img.part"), deny)
        writer.write(job(), feed.source, feed.report, late)
    assert reasons == ["the disc is being closed"]
    assert writer.examine(job()) is Found.PARTIAL


def _is_half(part: Path) -> bool:
    return part.exists() and part.stat().st_size == len(DATA) // 2


def test_a_ghost_writes_nothing_and_says_that_it_did(writer: ScriptedWriter, tmp_path: Path) -> None:
    write_script(tmp_path, [{"ghost": True}])
    written(writer, job(), DATA)
    assert writer.examine(job()) is Found.UNTOUCHED


def test_a_fault_at_the_close(writer: ScriptedWriter, tmp_path: Path) -> None:
    write_script(tmp_path, [{"fault": "MEDIA_DEFECT", "in": "close"}])
    with feeding(DATA) as feed, pytest.raises(DeviceFault):
        writer.write(job(), feed.source, feed.report, Cancel())
    assert feed.seen[-1] == len(DATA)
    assert writer.examine(job()) is Found.PARTIAL


def test_a_rate_is_kept(tmp_path: Path) -> None:
    writer = ScriptedWriter(Settings(path=tmp_path, rate=len(DATA) * 2))
    began = time.monotonic()
    written(writer, job(), DATA)
    assert time.monotonic() - began >= 0.5
    read(writer, job())
    assert time.monotonic() - began >= 1


def test_it_logs_what_it_was_asked(writer: ScriptedWriter, tmp_path: Path) -> None:
    written(writer, job(), DATA)
    read(writer, job())
    writer.accept(job())
    lines = read_log(tmp_path)
    assert [line["op"] for line in lines] == ["write", "read_back", "accept"]
    assert all(Job.from_json(line["job"]) == job() and line["pid"] == os.getpid() for line in lines)


CHILD = """
import io, sys
from pathlib import Path
from burnish.contracts import Cancel, Job
from burnish.testing.scripted import ScriptedWriter, Settings
job = Job(
    token="R", volume_token="VL1", file_set_id="", volume=1, copy=1, medium="CD-R", length=9, suffix=".iso"
)
with ScriptedWriter(Settings(path=Path(sys.argv[1]))) as writer:
    writer.write(job, io.BytesIO(b"123456789"), lambda done: None, Cancel())
"""


@pytest.mark.parametrize(
    ("action", "status", "printed"),
    [({"crash": True, "at": 4}, CRASHED, b""), ({"garbage": True}, 0, GARBAGE), ({"hang": 0.2}, 0, b"")],
)
def test_a_process_suffers(
    tmp_path: Path, action: dict[str, Any], status: int, printed: bytes, writer: ScriptedWriter
) -> None:
    write_script(tmp_path, [action])
    done = subprocess.run([sys.executable, "-c", CHILD, tmp_path], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (status, printed), done.stderr
    assert writer.examine(job()) is Found.PARTIAL
    assert (tmp_path / ".VL1-1.img.part").stat().st_size == (4 if status else 9)


def test_a_token_that_is_no_word_is_refused(writer: ScriptedWriter, tmp_path: Path) -> None:
    bad = Job.from_json({**job().to_json(), "volume_token": "../X"})
    with pytest.raises(DeviceFault) as caught:
        writer.examine(bad)
    assert caught.value.kind is FaultKind.BAD_REQUEST
    assert read_log(tmp_path) == []
