"""What stands beside the instances, beside others who make such pictures."""

import hashlib
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from burnish.contracts import (
    BundledInstance,
    BundledPerson,
    BundledSeries,
    BundledStudy,
    BundledVolume,
    BundleKind,
    Bundler,
    Cancel,
    LabelPerson,
    Renderer,
)
from burnish.fileset.derive.pieces import Index
from burnish.fileset.derive.workers import Made, Task, Workers
from burnish.fileset.media import MediaSettings
from burnish.instances.files import Facts, read_trailer
from burnish_bundler_web.bundler import WebBundler
from burnish_bundler_web.settings import Settings
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from tests.bench import samples
from tests.bench.measure import Peer, Row, Sampled, in_turn, run

CONTENT: Final = frozenset({BundleKind.CONTENT})
_FACTS: Final = Facts(CTImageStorage, "", "", "", ExplicitVRLittleEndian, "", 0.0, 1)


def web(count: int, rounds: int, folder: Path) -> Row:
    """IHE PDI web content of CT slices: a picture and a thumbnail of each, made and synced by a worker for
    each core, and the pages about them; beside dcmj2pnm, which makes the same pictures one after another."""
    paths = samples.write(samples.slices(count), folder / "files")
    bundler = WebBundler(Settings())
    with closing(Workers(MediaSettings())) as workers:
        _drawn(workers, bundler, paths[:2], folder / "warm", CONTENT)
        ours, beside = in_turn(
            rounds,
            lambda: _drawn(workers, bundler, paths, folder / "ours", CONTENT),
            Peer("dcmj2pnm", lambda: _dcmj2pnm(paths, folder / "peer"), 1),
        )
        sizes = {"MB": _size(paths), "peer MB": _size([*(folder / "peer").iterdir()])}
        sizes["ours MB"] = _size([*(folder / "ours").iterdir()])
        both = CONTENT | {BundleKind.VIEWER}
        sizes["with viewer s"] = _drawn(workers, bundler, paths, folder / "ours", both).seconds
        sizes["with viewer MB"] = _size([*(folder / "ours").iterdir()])
    return Row(f"web {count}", ours, beside, rounds, 0.5, sizes)


def _drawn(
    workers: Workers, bundler: Bundler, paths: Sequence[Path], target: Path, kinds: frozenset[BundleKind]
) -> Sampled:
    """The pieces of all files, by processes that have been started already, and the bundles of them."""
    target.mkdir(exist_ok=True)
    began = time.perf_counter()
    renderer = bundler.renderer(kinds)
    tasks = [_task(path, target / path.name, renderer) for path in paths]
    failed = [one for one in workers.run(tasks, Cancel()) if not isinstance(one, Made)]
    if failed:
        raise RuntimeError(f"{len(failed)} pictures were not made; one {failed[0]}")
    volume = _volume_of(tasks)
    for kind in kinds:
        bundler.bundle(volume, kind)
    return Sampled(time.perf_counter() - began)


def _volume_of(tasks: Sequence[Task]) -> BundledVolume:
    """A volume of one series, of what the tasks have made."""
    instances = tuple(
        BundledInstance(
            file_id=("DICOM", task.target.name),
            sop_class=CTImageStorage,
            sop_instance=generate_uid(),
            transfer_syntax=ExplicitVRLittleEndian,
            length=task.length,
            head=MappingProxyType({"Rows": 512, "Columns": 512, "InstanceNumber": at}),
            pieces=Index.decode(read_trailer(task.target).head).of(str(task.target)),
        )
        for at, task in enumerate(tasks)
    )
    study = BundledStudy(uid=generate_uid(), series=(BundledSeries(uid=generate_uid(), instances=instances),))
    return BundledVolume(
        file_set_id="BENCH",
        file_set_uid=generate_uid(),
        token="BENCH",
        made=datetime.fromtimestamp(0, UTC),
        number=1,
        volumes=1,
        profile="STD-GEN-CD",
        institution="",
        people=(BundledPerson(said=LabelPerson(), studies=(study,)),),
    )


def _dcmj2pnm(paths: Sequence[Path], target: Path) -> Sampled:
    target.mkdir(exist_ok=True)
    listed = target.with_name("listed")
    listed.write_text("".join(f"{path.name}\n" for path in paths))
    program = ["dcmj2pnm", "+oj", "+Jq", "85", "+Wm", paths[0].parent / "{}", target / "{}.jpg"]
    return run(["xargs", "-a", listed, "-I", "{}", *program])


def _task(path: Path, target: Path, renderer: Renderer) -> Task:
    data = path.read_bytes()
    at = 144 + int.from_bytes(data[140:144], "little")
    digest = hashlib.sha256(memoryview(data)[at:]).digest()
    syntax = ExplicitVRLittleEndian
    return Task(path, at, len(data) - at, digest, syntax, target, _FACTS, syntax, renderer=renderer)


def _size(paths: Sequence[Path]) -> float:
    return sum(path.stat().st_size for path in paths) / 1e6


ROWS = {"web": (web, (1_000,))}
"""As `rows.ROWS`."""
