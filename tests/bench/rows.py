"""The rows: each sets up, takes turns with its peer and says what it found."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from burnish.contracts import Cancel
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.fileset.derive.workers import Made, Task, Workers
from burnish.fileset.media import MediaSettings
from burnish.instances.index import InstanceIndex
from burnish.instances.spool import Arrival, Spool
from burnish.requests.store import Reference, create_request, pin_versions
from burnish.testing.floor import Floor
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEGLosslessSV1, generate_uid
from pynetdicom.association import Association

from tests.backlog import DEAD, fill
from tests.bench import samples, volumes, web
from tests.bench.measure import (
    PATIENCE,
    Peer,
    Row,
    Sampled,
    in_turn,
    one_after_another,
    peak_mib,
    run,
    working,
)
from tests.lab import MCM, STATUS, Installation, Scu, data_set, serving
from tests.robots import tower

_META = 132 + 12
"""Preamble, prefix and the element that says how long group 2 is."""
_POLL = 0.005
_COPIES = 8
_RATE = 32_000_000
"""Bytes a second that a throttled drive writes."""
_FURTHER = 120.0
"""Seconds that a peer gets which nothing was promised of."""


def directory(count: int, rounds: int, folder: Path) -> Row:
    """A DICOMDIR of so many stored instances, as a running server composes it, beside those who make one of
    files. pydicom's FileSet cannot but copy the files too; it and gdcmgendir take one turn."""
    files, data = folder / "files", folder / "data"
    samples.write(samples.small(count), files)
    request = _stored(samples.small(count), data, _in_memory(folder))
    target = files / "DICOMDIR"
    peers = (
        Peer("dcmmkdir", lambda: _fresh(target, _dcmmkdir(files))),
        Peer("gdcmgendir", lambda: _fresh(folder / "gdcm", _gdcmgendir(files, folder / "gdcm"), _FURTHER), 1),
        Peer("pydicom FileSet", lambda: run(_peer("file_set", files, folder / "copy"), _FURTHER), 1),
    )
    with working("directory", data, str(request)) as worker:
        ours, beside = in_turn(rounds, worker.measure, *peers)
    each = ours.seconds / count * 1e6
    sizes = {"ours bytes": (data / "DICOMDIR").stat().st_size, "peer bytes": target.stat().st_size}
    return Row(f"directory {count}", ours, beside, rounds, 0.1, {"us each": each, **sizes})


def _in_memory(folder: Path) -> Path:
    """Where to put what is not measured: in memory where the system has such a folder."""
    shared = Path("/dev/shm")
    return shared if shared.exists() else folder


def _dcmmkdir(files: Path) -> list[str | Path]:
    """Takes any transfer syntax, as we do."""
    return ["dcmmkdir", "-q", "-Nxc", "+r", "+id", files, "+D", files / "DICOMDIR", "DICOM"]


def _gdcmgendir(files: Path, target: Path) -> list[str | Path]:
    return ["gdcmgendir", "-r", "--descriptor", "BENCH", "-i", files, "-o", target]


def _genisoimage(files: Path, target: Path) -> list[str | Path]:
    return ["genisoimage", "-quiet", "-iso-level", "1", "-o", target, files]


def _xorriso(files: Path, target: Path) -> list[str | Path]:
    return ["xorriso", "-as", "mkisofs", "-quiet", "-iso-level", "1", "--norock", "-o", target, files]


def _peer(what: str, *arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "tests.bench.peers", what, *arguments]


def _fresh(output: Path, command: Sequence[str | Path], patience: float = PATIENCE) -> Sampled:
    output.unlink(missing_ok=True)
    return run(command, patience)


def _stored(found: Iterator[samples.Sample], data: Path, near: Path, kept: Path | None = None) -> int:
    """Instances in spool and index, and a request that pins all of them. The spool lies in a folder of `near`
    and is gone then; `kept` is where a copy of it goes."""
    data.mkdir()
    database = Database.open(DatabaseSettings(), data)
    database.migrate()
    index = InstanceIndex(database)
    references = []
    with TemporaryDirectory(dir=near) as root:
        spool = Spool(Path(root) / "spool", kept=index.add)
        spool.prepare()
        for sample in found:
            references.append(Reference(CTImageStorage, sample.sop_instance))
            _receive(spool, sample)
        if kept:
            shutil.copytree(spool.root, kept)
    index.flush()
    with database.write() as connection:
        request = create_request(
            connection, sop_instance=generate_uid(), owner_ae="BENCH", attributes={}, wanted=references
        )
        pin_versions(connection, request)
    database.close()
    return request


def _receive(spool: Spool, sample: samples.Sample) -> None:
    incoming = spool.begin(Arrival(CTImageStorage, sample.sop_instance, ExplicitVRLittleEndian, "BENCH"))
    incoming.write(memoryview(sample.data)[_META + int.from_bytes(sample.data[140:144], "little") :])
    incoming.commit()


def image(count: int, rounds: int, folder: Path) -> Row:
    """An ISO 9660 image of so many small files of the spool, ISO names only: laid out and poured, as a
    running server does. Nobody syncs or proves."""
    files, data, target = folder / "files", folder / "data", folder / "peer.iso"
    samples.write(samples.small(count), files)
    request = _stored(samples.small(count), data, _in_memory(folder), data / "spool")
    peers = (
        Peer("genisoimage", lambda: _fresh(target, _genisoimage(files, target))),
        Peer("xorriso", lambda: _fresh(target, _xorriso(files, target)), 1),
    )
    with working("image", data, str(request), folder / "ours.iso") as worker:
        ours, beside = in_turn(rounds, worker.measure, *peers)
    return Row(
        f"image {count}", ours, beside, rounds, 2.0, {"MB": (folder / "ours.iso").stat().st_size / 1e6}
    )


def compose(count: int, rounds: int, folder: Path) -> Row:
    """`burnish compose` of CT slices, the whole command, beside dcmmkdir and genisoimage one after the other.
    Ours syncs the image before it proves it, so the peers sync theirs; they prove nothing."""
    return _composed("compose", samples.slices(count), count, rounds, folder, 1.5)


def mixed(count: int, rounds: int, folder: Path) -> Row:
    """As `compose`, of what a folder of several departments holds. The peers take the files as they are; we
    decompress what the profile wants so."""
    return _composed("mixed", samples.mixed(count), count, rounds, folder, None)


def _composed(
    name: str, found: Iterator[samples.Sample], count: int, rounds: int, folder: Path, promised: float | None
) -> Row:
    files, target = folder / "files", folder / "ours.iso"
    paths = samples.write(found, files)
    command = [sys.executable, "-m", "burnish.cli", "compose", files / "DICOM", "--profile", "STD-GEN-CD"]
    ours, beside = in_turn(
        rounds,
        lambda: _fresh(target, [*command, "--out", target]),
        Peer("dcmmkdir, genisoimage, sync", lambda: _mastered(files, folder / "peer.iso")),
    )
    sizes = {"MB": _megabytes(paths), "ours MB": target.stat().st_size / 1e6}
    return Row(f"{name} {count}", ours, beside, rounds, promised, sizes)


def _mastered(files: Path, target: Path) -> Sampled:
    made = _fresh(files / "DICOMDIR", _dcmmkdir(files))
    mastered = _fresh(target, _genisoimage(files, target))
    synced = run(["sync", target])
    (files / "DICOMDIR").unlink()
    return one_after_another(dcmmkdir=made, genisoimage=mastered, sync=synced)


def _megabytes(paths: Sequence[Path]) -> float:
    return sum(path.stat().st_size for path in paths) / 1e6


def delivery(count: int, rounds: int, folder: Path) -> Row:
    """From the last C-STORE to a proven image file, beside one copy of the same bytes and one hash of it."""
    paths = samples.write(samples.slices(count), folder / "files")
    site = folder / "site"
    site.mkdir()
    with serving(site) as burnish:
        scu = Scu(burnish.port)
        began = time.perf_counter()
        _send(burnish.port, folder / "files")
        stored = time.perf_counter() - began
        uids = [samples.uid(1, number) for number in range(count)]
        copied = Peer("copy, fsync, read and hash", lambda: _copied(paths, folder / "copy"))
        ours, beside = in_turn(rounds, lambda: _made(burnish, scu, uids), copied)
        memory = {
            f"{role} peak MiB": peak_mib(number) for number, role in sorted(burnish.processes().items())
        }
    notes = {"MB": _megabytes(paths), "C-STORE by dcmsend s": stored, **memory}
    return Row(f"delivery {count}", ours, beside, rounds, 1.3, notes)


def _send(port: int, folder: Path) -> None:
    """A sender as it is installed, told only not to hold small packets back."""
    command = ["dcmsend", "-aec", "BURNISH", "127.0.0.1", str(port), "+sd", "+r", str(folder)]
    environment = {**os.environ, "TCP_NODELAY": "1"}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def _made(burnish: Installation, scu: Scu, uids: Sequence[str]) -> Sampled:
    """One request, from N-CREATE until N-GET says DONE, with the times its events tell."""
    request, wanted = generate_uid(), _request(uids)
    with scu.associate() as association:
        wall, began = time.time(), time.perf_counter()
        _demand(association.send_n_create(wanted, MCM, request)[0])
        _demand(association.send_n_action(None, 1, MCM, request)[0])
        _await_image(burnish.out)
        _await_done(association, request)
        seconds = time.perf_counter() - began
    for image in burnish.out.rglob("*.iso"):
        image.unlink()
    return Sampled(seconds, parts=_steps(burnish.data, request, wall, seconds))


def _request(uids: Sequence[str]) -> Dataset:
    items = [
        data_set({"ReferencedSOPClassUID": CTImageStorage, "ReferencedSOPInstanceUID": uid}) for uid in uids
    ]
    return data_set({"ReferencedSOPSequence": items})


def _demand(status: Dataset) -> None:
    if status.Status:
        raise RuntimeError(f"the server answered {status.Status:04X}")


def _await_image(out: Path) -> None:
    """Wait until an image has its name. A look at a folder costs the server nothing, an N-GET would."""
    end = time.monotonic() + 60
    while not any(out.rglob("*.iso")):
        if time.monotonic() > end:
            return
        time.sleep(_POLL)


def _await_done(association: Association, request: str) -> None:
    while not _is_done(association, request):
        time.sleep(_POLL)


def _is_done(association: Association, request: str) -> bool:
    status, told = association.send_n_get([STATUS["ExecutionStatus"]], MCM, request)  # type: ignore[list-item]
    _demand(status)
    if told and told.ExecutionStatus == "FAILURE":
        raise RuntimeError("the request failed")
    return bool(told and told.ExecutionStatus == "DONE")


def _steps(data: Path, request: str, began: float, seconds: float) -> dict[str, float]:
    """Seconds between the events of a request."""
    query = (
        "SELECT e.kind, e.at FROM events e JOIN requests r ON r.id = e.request"
        " WHERE r.sop_instance = ? ORDER BY e.id"
    )
    with sqlite3.connect(f"file:{data / 'burnish.sqlite'}?mode=ro", uri=True) as connection:
        rows = dict(connection.execute(query, [request]).fetchall())
    connection.close()
    marks = [
        ("", began),
        *((kind, rows[kind]) for kind in _KINDS),
        ("seen by the SCU", began + seconds),
    ]
    return {name: after - before for (_, before), (name, after) in pairwise(marks)}


_KINDS = (
    "request-created",
    "request-initiated",
    "request-planned",
    "piece-claimed",
    "piece-intent",
    "piece-written",
    "piece-proven",
    "piece-delivered",
)


def _copied(paths: Sequence[Path], target: Path) -> Sampled:
    """Every byte copied once and synced, then read from the disk once and hashed."""
    began = time.perf_counter()
    with target.open("w+b", buffering=0) as file:
        for path in paths:
            _append(path, file.fileno())
        os.fsync(file.fileno())
        written = time.perf_counter()
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        file.seek(0)
        running, buffer = hashlib.sha256(), bytearray(1 << 20)
        while length := file.readinto(buffer):
            running.update(memoryview(buffer)[:length])
    ended = time.perf_counter()
    target.unlink()
    return Sampled(ended - began, parts={"copy": written - began, "hash": ended - written})


def _append(path: Path, target: int) -> None:
    with path.open("rb") as source:
        done = 0
        while count := os.sendfile(target, source.fileno(), done, 1 << 20):
            done += count


def recovery(count: int, rounds: int, folder: Path) -> Row:
    """A start on so many requests that a killed server left, until every piece that it was writing has been
    asked about, beside a start on an empty folder."""
    fill((folder / "left") / "var", count)
    (folder / "empty").mkdir()
    empty = Installation(folder / "empty")
    turns = iter(range(rounds))

    def recovered() -> Sampled:
        copy = folder / f"copy {next(turns)}"
        shutil.copytree(folder / "left", copy)
        return _started(Installation(copy))

    ours, beside = in_turn(rounds, recovered, Peer("empty start", lambda: _started(empty)))
    return Row(f"recovery {count}", ours, beside, rounds)


def _started(burnish: Installation) -> Sampled:
    began = time.perf_counter()
    burnish.start()
    ready = time.perf_counter()
    with closing(sqlite3.connect(burnish.data / "burnish.sqlite")) as connection:
        query = "SELECT 1 FROM attempts WHERE outcome IS NULL AND process = ?"
        while connection.execute(query, (DEAD,)).fetchone():
            time.sleep(_POLL)
    settled = time.perf_counter()
    burnish.stop()
    return Sampled(settled - began, parts={"ready": ready - began, "settled": settled - ready})


def copies(count: int, rounds: int, folder: Path) -> Row:
    """Eight copies of so many slices on four drives that write and read at 32 MB/s, beside one such drive.

    The drives are folders that are throttled: what is measured is whether copies hinder one another.
    """
    paths = samples.write(samples.slices(count), folder / "files")
    names = {"four": 4, "one": 1}
    towers = {name: tower(folder / name, drives, blanks=0, rate=_RATE) for name, drives in names.items()}
    grown: list[float] = []

    def made(name: str) -> Sampled:
        burnish = towers[name]
        Floor(burnish.folder / "floor").refill(_COPIES)
        burnish.start()
        try:
            _send(burnish.port, folder / "files")
            taken, share = _copied_by_drives(burnish, [samples.uid(1, number) for number in range(count)])
        finally:
            burnish.stop()
        grown.append(share)
        return taken

    ours, beside = in_turn(rounds, lambda: made("four"), Peer("one drive", lambda: made("one")))
    notes = {"MB": _megabytes(paths), "temporary disk, % of the volume": 100 * max(grown)}
    return Row(f"copies {count}", ours, beside, rounds, 1 / 3.6, notes)


def _copied_by_drives(burnish: Installation, uids: Sequence[str]) -> tuple[Sampled, float]:
    """From N-ACTION until DONE, and the most that the data folder grew, as a share of the volume."""
    request, wanted = generate_uid(), _request(uids)
    before, most = _disk_use(burnish.data), 0
    with Scu(burnish.port).associate() as association:
        _demand(association.send_n_create(wanted, MCM, request)[0])
        began = time.perf_counter()
        arguments = data_set({"NumberOfCopies": _COPIES})
        _demand(association.send_n_action(arguments, 1, MCM, request)[0])
        while not _is_done(association, request):
            most = max(most, _disk_use(burnish.data) - before)
            time.sleep(0.1)
    seconds = time.perf_counter() - began
    [disc, *_] = Floor(burnish.folder / "floor").discs("output")
    return Sampled(seconds), most / disc.stat().st_size


def _disk_use(folder: Path) -> int:
    found = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            found += path.stat().st_blocks * 512
    return found


def compress(count: int, rounds: int, folder: Path) -> Row:
    """Forms of CT slices in JPEG Lossless, made, proven and synced by a worker for each core, beside
    dcmcjpeg, which makes one file a process and proves nothing: as many at a time, and one after the other.
    Workers stand back for whatever else runs, and so do the peers."""
    paths = samples.write(samples.slices(count), folder / "files")
    cores = os.cpu_count() or 1
    sizes: dict[str, float] = {"MB": _megabytes(paths)}
    with (
        closing(Workers(MediaSettings())) as every,
        closing(Workers(MediaSettings(transcoders=1))) as one,
    ):
        for workers in (every, one):
            _compressed(workers, paths[:cores], folder / "warm")
        ours, beside = in_turn(
            rounds,
            lambda: _compressed(every, paths, folder / "ours"),
            Peer("dcmcjpeg on each core", lambda: _dcmcjpeg(paths, folder / "peer", cores)),
            Peer("dcmcjpeg", lambda: _dcmcjpeg(paths, folder / "peer", 1), 1),
        )
        sizes["ours MB"] = _megabytes([*(folder / "ours").iterdir()])
        sizes["peer MB"] = _megabytes([*(folder / "peer").iterdir()])
        sizes["one worker s"] = _compressed(one, paths, folder / "ours").seconds
    return Row(
        f"compress {count}", ours, beside, rounds, 0.5, {**sizes, "ms each": ours.seconds / count * 1e3}
    )


def _compressed(workers: Workers, paths: Sequence[Path], target: Path) -> Sampled:
    """All files' forms, by processes that have been started already."""
    tasks = [_task(path, _emptied(target) / path.name) for path in paths]
    began = time.perf_counter()
    failed = [one for one in workers.run(tasks, Cancel()) if not isinstance(one, Made)]
    seconds = time.perf_counter() - began
    if failed:
        raise RuntimeError(f"{len(failed)} forms were not made; one {failed[0]}")
    return Sampled(seconds)


def _task(path: Path, target: Path) -> Task:
    data = path.read_bytes()
    at = _META + int.from_bytes(data[140:144], "little")
    digest = hashlib.sha256(memoryview(data)[at:]).digest()
    return Task(path, at, len(data) - at, digest, ExplicitVRLittleEndian, target, None, JPEGLosslessSV1)


def _emptied(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _dcmcjpeg(paths: Sequence[Path], target: Path, processes: int) -> Sampled:
    """xargs starts the processes: so many at a time."""
    _emptied(target)
    program = f'dcmcjpeg +e1 "$0" "{target}/${{0##*/}}"'
    listed = target.with_name("listed")
    listed.write_text("".join(f"{path}\n" for path in paths))
    return run(
        ["nice", "-n", "10", "xargs", "-a", listed, "-n", "1", "-P", str(processes), "sh", "-c", program]
    )


Measure = Callable[[int, int, Path], Row]
ROWS: dict[str, tuple[Measure, tuple[int, ...]]] = {
    "directory": (directory, (1_000, 10_000, 50_000)),
    "compose": (compose, (1_000,)),
    "mixed": (mixed, (200,)),
    "image": (image, (50_000,)),
    "delivery": (delivery, (1_000,)),
    "compress": (compress, (200,)),
    "recovery": (recovery, (10_000,)),
    "copies": (copies, (500,)),
    **volumes.ROWS,
    **web.ROWS,
}
"""By name: what measures it, and how many files it takes unless told."""
