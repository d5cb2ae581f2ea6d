"""Any file: mutations of real ones, and files that were made to harm, through everything that reads files.

2,000 in each run, 100,000 with `tests/run --all fuzz`; BURNISH_FUZZ says otherwise, BURNISH_FUZZ_SEED gives
others. What fails is kept in `fuzz/regressions`, and all that lies there is tried again.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from core.tests.dicom.peers import CT, RawPeer, request, status_of
from tests.lab import Installation, Scu, ct
from tests.robustness.fuzz import batches, checks
from tests.robustness.fuzz.bombs import BOMBS, LOADS, good
from tests.robustness.fuzz.mutator import Fuzzed, fuzzed, meta_end
from tests.robustness.fuzz.runner import REGRESSIONS, ROOT, run, summary
from tests.robustness.fuzz.worker import DIRECTORY, FILE_LIMIT

FILES: Final = int(os.environ.get("BURNISH_FUZZ", "2000"))
LONG_FILES: Final = int(os.environ.get("BURNISH_FUZZ", "100000"))
SEED: Final = int(os.environ.get("BURNISH_FUZZ_SEED", "1"))
ROOM: Final = 300 << 20
"""Bytes of memory that fuzzing may take beyond those of a warm process."""
STORED: Final = 300
"""Mutated files that are sent to a server."""
ANSWER: Final = 5.0
"""Seconds in which each is answered."""
SAID: Final = {
    "nesting_bomb": "deeper than 16 sequences",
    "nesting_bomb_of_defined_length": "deeper than 16 sequences",
    "nesting_bomb_of_unknown": "deeper than 16 sequences",
    "deflate_bomb": "inflate to more than",
    "deflate_bomb_of_text": "inflate to more than",
    "huge_image": "attributes speak of",
    "huge_compressed_image": "memory",
    "offset_table_bomb": "cannot be",
    "offset_table_without_end": "bytes are missing",
    "huge_meta": "File Meta Information is broken",
}
"""What each is refused for."""
_EACH: Final = """
import json, resource, sys, time
from pathlib import Path
from burnish.fileset.verify import verify
from burnish.production.oneshot import OneShot
from tests.robustness.fuzz import batches
from tests.robustness.fuzz.bombs import BOMBS, LOADS, good
kit, folder = batches.kit(), Path(sys.argv[1])
formats = {name: one for name, (_, one) in kit.formats.items()}
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name, make in {**BOMBS, **LOADS}.items():
    (folder / name).mkdir()
    (folder / name / "bomb.dcm").write_bytes(make())
    (folder / name / "good.dcm").write_bytes(good())
    began, image = time.process_time(), folder / f"{name}.iso"
    made = OneShot(kit, batches.STANDARD).run([folder / name], image, "BOMB", tree=False)
    told = {"name": name, "seconds": time.process_time() - began, "sound": verify(image, formats).sound}
    told |= {fate.path.stem: [fate.volume, fate.reason] for fate in made.files}
    told["memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) * 1024
    print(json.dumps(told), flush=True)
"""
"""Composes each bomb beside a good file, in a process whose memory nothing else has used."""


def judged(files: int) -> None:
    """Fuzz so many, print the summary, and fail with what failed."""
    tally = run(files, SEED)
    told = "\n".join(summary(tally))
    print(told)
    assert not tally.faults, told
    assert tally.files == files
    assert tally.fates.total() == files
    assert tally.fates[batches.ON_MEDIUM] > files // 10, "hardly a file was good enough to show anything"
    assert tally.peak - tally.base < ROOM, told


@pytest.mark.judge("xorriso", "dcmdump")
def test_mutated_files_are_placed_or_refused() -> None:
    judged(FILES)


@pytest.mark.long
@pytest.mark.judge("xorriso", "dcmdump")
@pytest.mark.timeout(3600)
def test_very_many_mutated_files_are_placed_or_refused() -> None:
    judged(LONG_FILES)


def test_the_same_number_makes_the_same_file() -> None:
    """In another process, too: a failure can be made again from seed and number."""
    program = "from tests.robustness.fuzz.mutator import fuzzed; import hashlib, sys;"
    program += "print(*(hashlib.sha256(fuzzed(5, number).data).hexdigest() for number in range(50)))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    there = done.stdout.split()
    here = [Fuzzed(0, "", (), fuzzed(5, number).data) for number in range(50)]
    assert len({one.data for one in here}) > 45
    assert there == [_digest(one.data) for one in here]


@pytest.mark.parametrize("path", sorted(REGRESSIONS.glob("*.dcm")), ids=lambda path: path.name)
def test_what_failed_once_fails_no_more(path: Path) -> None:
    one = Fuzzed(0, path.name, (), path.read_bytes())
    if DIRECTORY in path.name:
        checks.check_directory(one, {})
    for number in range(5):
        found = checks.check_scan(one, Random(number))
        if found and not found[0].ended_early:
            checks.check_record(*found)
    checks.check_content(one)
    checks.check_derivation(one)
    beside = Fuzzed(1, "good", (), good())
    for profile in (batches.ANY, batches.STANDARD):
        assert batches.compose_files([one, beside], profile)[batches.ON_MEDIUM] >= 1


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What came of each bomb, by its name."""
    command = [sys.executable, "-W", "ignore", "-c", _EACH, str(tmp_path_factory.mktemp("bombs"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return {told["name"]: told for told in map(json.loads, done.stdout.splitlines())}


@pytest.mark.xdist_group("bombs")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_fails_alone(name: str, composed: dict[str, dict[str, Any]]) -> None:
    """In one sentence, within 5 s of CPU, and in memory as for any file; the good one beside it is made."""
    check_bounded(composed[name])
    placed, reason = composed[name]["bomb"]
    assert not placed
    checks.check_sentence(reason)
    assert SAID[name] in reason


@pytest.mark.xdist_group("bombs")
@pytest.mark.parametrize("name", LOADS)
def test_what_is_merely_large_is_placed(name: str, composed: dict[str, dict[str, Any]]) -> None:
    check_bounded(composed[name])
    assert composed[name]["bomb"] == [1, ""]


def check_bounded(told: dict[str, Any]) -> None:
    """The good file is on a sound medium, and nothing took more than it may."""
    assert told["good"] == [1, ""]
    assert told["sound"]
    assert told["memory"] < ROOM, f"{told['memory'] >> 20} MiB"
    assert told["seconds"] < FILE_LIMIT


def test_a_server_answers_whatever_is_stored(burnish: Installation) -> None:
    """Each with a status within seconds; afterwards a good instance is made, and no traceback is logged."""
    statuses = [_stored(burnish, number) for number in range(STORED)]
    assert 0 in statuses, "none was taken"
    assert len(set(statuses)) > 1, "none was refused"
    scu, instances = Scu(burnish.port), ct(1)
    assert scu.store(*instances) == [0]
    assert scu.make(instances)[1] == ("DONE", "NORMAL", 1)
    log = (burnish.folder / "server.log").read_text("utf-8", "replace")
    assert "Traceback" not in log, log[-3000:]


def _stored(burnish: Installation, number: int) -> int:
    """The status that a mutated file is answered with, on an association of its own."""
    one = fuzzed(SEED, number)
    data = one.data[meta_end(one.data) :]
    found = checks.check_scan(one, Random(number))
    sop_class = (
        found[0].sop_class if found and found[0].sop_class.startswith("1.2.840.10008.5.1.4.1.") else CT
    )
    instance = found[0].sop_instance if found else "1.2.3.4"
    with RawPeer(burnish.port) as peer:
        peer.sock.settimeout(ANSWER)
        accepted = peer.associate({1: (sop_class, [checks.syntax_of(one.data)])}) == 2
        assert accepted, f"no association for {one}"
        peer.send(request(0x0001, data, sop_class=sop_class, instance=_plain(instance)))
        return status_of(peer.answer())


def _plain(uid: str) -> str:
    """What fits into a command set."""
    return uid.encode("ascii", "replace").decode()[:64] or "1.2.3.4"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
