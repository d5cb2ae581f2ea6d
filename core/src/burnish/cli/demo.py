"""`burnish demo`: the whole product once, over real DICOM, on this machine alone.

made or given files -> C-STORE -> N-CREATE per patient -> N-ACTION -> N-GET until it ended -> verify
"""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.cli import complain, say
from burnish.cli.progress import progress
from burnish.cli.scu import Values, attributes_of, client_of, send, wait
from burnish.config import load_config
from burnish.dicom.samples import write_samples
from burnish.dicom.scu import Client
from burnish.errors import BurnishError, ConfigError
from burnish.fileset.content import Unreadable
from burnish.fileset.files import find_files, read_file
from burnish.fileset.identify import identify
from burnish.fileset.verdict import ReadInstance, Verdict
from burnish.fileset.verify import verify
from burnish.instances.instance import Instance
from burnish.kit import make_formats
from burnish.registry import Registry, default_plugins
from burnish.terms import EXPLICIT_VR_LE, ExecutionStatus, FailureReason

_AE = "BURNISHDEMO"
_CONFIG = "burnish.toml"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Made:
    """A proven image."""

    image: Path
    instances: int
    patients: int


def run_demo(source: Path | None, profile: str, out: Path, copies: int) -> int:
    """Run it; 0 only where every piece was proven."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server must not outlive a demonstration
    if source:
        find_files([source])  # a wrong name is told before anything is made
    out.mkdir(parents=True, exist_ok=True)
    source = source or _samples(out)
    with _server(out, profile) as (to, images):
        client = client_of(to, _AE)
        patients = _store(client, source)
        made: list[Made] = []
        asked = without = 0
        for number, instances in enumerate(patients, 1):
            say(f"patient {number} of {len(patients)}: {len(instances)} instances")
            pieces = _make(client, instances, profile, copies, images)
            without += pieces is None
            expected, proven = pieces or (0, [])
            asked += expected
            made += proven
    if without:
        say(f"no medium for {without} of {len(patients)} patients: nothing of them fits {profile}")
    return _summary(made, asked, time.monotonic() - began)


def _samples(out: Path) -> Path:
    folder = out / "samples"
    write_samples(folder)
    return folder


@contextmanager
def _server(out: Path, profile: str) -> Iterator[tuple[str, Path]]:
    """A server of our own on a free loopback port, and the folder its images go to."""
    config = out / _CONFIG
    images = out / "images"
    media = json.dumps([kind.value for kind in _media_of(profile)])
    config.write_text(
        f'[server]\nport = 0\n\n[media]\ndefault_profiles = ["{profile}"]\n\n'
        f'[writers.shelf]\ndriver = "file"\npath = "images"\nmedia = {media}\n\n'
        '[identity]\nundecodable = "fail"\n',  # nobody is there to look
        "utf-8",
    )
    command = [sys.executable, "-m", "burnish.cli", "serve", "--config", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _ready(process), images
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_START_SECONDS)


def _media_of(profile: str) -> Sequence[Any]:
    registry = Registry.load(default_plugins())
    if profile not in registry.profiles:
        raise ConfigError(f"no profile {profile!r}; there are {', '.join(registry.profiles) or 'none'}")
    return registry.profiles[profile].media


def _ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout  # noqa: S101 - it was asked for
    line = process.stdout.readline()
    if not line.startswith("ready "):
        raise BurnishError("the server did not start; what it said stands above")
    say(f"server {line.strip()}")
    return line.split()[1]


def _store(client: Client, source: Path) -> list[list[Instance]]:
    """Send every DICOM file; returns what was stored, by patient, each group in the order of its paths."""
    instances: dict[Path, Instance] = {}
    with progress() as report:
        files = find_files([source])
        for number, path in enumerate(files, 1):
            report("reading", number, len(files))
            try:
                instances[path] = read_file(path).instance
            except Unreadable as error:
                complain(f"left out {path}: {error}")
    sent = send(client, list(instances))
    stored = [instances[result.path] for result in sent if result.stored]
    say(f"stored {len(stored)} of {len(files)} files")
    unique = list({instance.sop_instance: instance for instance in stored}.values())
    groups: dict[str, list[Instance]] = {}
    people = identify([instance.head for instance in unique]).persons
    for instance, person in zip(unique, people, strict=True):
        groups.setdefault(person.key, []).append(instance)
    return list(groups.values())


def _make(
    client: Client, instances: Sequence[Instance], profile: str, copies: int, images: Path
) -> tuple[int, list[Made]] | None:
    """Ask for media of one patient; what a failure names is dropped, and the rest asked for again.

    Returns how many pieces there should be and those that are proven; None where nothing is left that fits.
    """
    left = {instance.sop_instance: instance for instance in instances}
    while left:
        before = _pieces(images)
        items = [
            {"ReferencedSOPClassUID": one.sop_class, "ReferencedSOPInstanceUID": one.sop_instance}
            for one in left.values()
        ]
        uid = client.create(attributes_of(items, profile, Values(settings=["AllowMediaSplitting=YES"])), None)
        client.initiate(uid, copies, None)
        status = wait(client, uid, lambda told: say(f"  {told}"))
        if status["ExecutionStatus"] == ExecutionStatus.DONE:
            pieces = int(status["TotalNumberOfPiecesOfMediaCreated"])
            return pieces, _prove(sorted(_pieces(images) - before), left, copies, images.parent)
        if not _drop(status, left):
            complain(f"no medium: {status['ExecutionStatusInfo']}")
            return copies, []
    return None


def _pieces(images: Path) -> set[Path]:
    """What the writer has named so far."""
    return {path for path in images.rglob("[!.]*") if path.is_file()}


def _drop(status: dict[str, Any], left: dict[str, Instance]) -> bool:
    """Leave out what Failed SOP Sequence names; False where it names nothing."""
    failed = [item for item in status["FailedSOPSequence"] if item["ReferencedSOPInstanceUID"] in left]
    for item in failed:
        uid = item["ReferencedSOPInstanceUID"]
        reason = FailureReason(item["FailureReason"])
        why = reason.name.lower().replace("_", " ")
        complain(f"left out {left.pop(uid).key}: {why} ({reason:04X})")
    return bool(failed)


def _prove(images: Sequence[Path], sent: dict[str, Instance], copies: int, out: Path) -> list[Made]:
    """Read each image again, as an importer would, and compare all of them with what was sent."""
    loaded = load_config(out / _CONFIG)
    registry = Registry.load(loaded.config.plugins)
    formats = {name: made for name, (_, made) in make_formats(loaded.config, registry).items()}
    verdicts = [(image, verify(image, formats)) for image in images]
    stands = Counter(one.sop_instance for _, verdict in verdicts for one in verdict.instances)
    missing = [uid for uid in sent if stands[uid] != copies]
    for uid in missing:
        complain(f"{out}: instance {uid} stands on {stands[uid]} of {copies} copies")
    return [
        _made(image, verdict) for image, verdict in verdicts if _holds(image, verdict, sent) and not missing
    ]


def _holds(image: Path, verdict: Verdict, sent: dict[str, Instance]) -> bool:
    """Whether an image is sound and has nothing but what was sent."""
    for finding in verdict.findings:
        complain(f"{image}: {finding.path} {finding.text}")
    differing = [
        one.sop_instance for one in verdict.instances if not _equals(one, sent.get(one.sop_instance))
    ]
    for uid in differing:
        complain(f"{image}: instance {uid} differs from what was sent")
    return verdict.sound and not differing


def _equals(found: ReadInstance, sent: Instance | None) -> bool:
    """Only what was sent in Explicit VR Little Endian stands there byte by byte."""
    return sent is not None and (sent.transfer_syntax != EXPLICIT_VR_LE or found.digest == sent.digest)


def _made(image: Path, verdict: Verdict) -> Made:
    return Made(image, len(verdict.instances), len(verdict.patients))


def _summary(made: Sequence[Made], asked: int, seconds: float) -> int:
    say()
    for one in made:
        size = one.image.stat().st_size
        say(f"proven  {one.image}  {one.instances} instances, {size} bytes")
    say(f"{len(made)} of {asked} pieces proven in {seconds:.1f} s")
    return 0 if made and len(made) == asked else 1
