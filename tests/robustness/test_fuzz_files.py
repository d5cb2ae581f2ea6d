"""Any file: mutations of real ones, and files that were made to harm, through everything that reads files.

2,000 in each run, 100,000 with `tests/run --all fuzz`; BURNISH_FUZZ says otherwise, BURNISH_FUZZ_SEED gives
others. What fails is kept in `fuzz/regressions`, and all that lies there is tried again.
"""

import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Final

import pytest
from burnish.fileset.verify import verify

from core.tests.dicom.peers import CT, RawPeer, request, status_of
from tests.lab import Installation, Scu, ct
from tests.robustness.fuzz import batches, checks
from tests.robustness.fuzz.bombs import BOMBS, good
from tests.robustness.fuzz.mutator import Fuzzed, fuzzed, meta_end
from tests.robustness.fuzz.runner import REGRESSIONS, ROOT, run, summary
from tests.robustness.fuzz.worker import DIRECTORY

FILES: Final = int(os.environ.get("BURNISH_FUZZ", "2000"))
LONG_FILES: Final = int(os.environ.get("BURNISH_FUZZ", "100000"))
SEED: Final = int(os.environ.get("BURNISH_FUZZ_SEED", "1"))
ROOM: Final = 300 << 20
"""Bytes of memory that fuzzing may take beyond those of a warm process."""
STORED: Final = 300
"""Mutated files that are sent to a server."""
ANSWER: Final = 5.0
"""Seconds in which each is answered."""
BOMB_LIMIT: Final = 60.0
"""Seconds of CPU for a bomb beside a good file, both read and composed."""
_TWO: Final = """
import resource, sys
from pathlib import Path
from tests.robustness.fuzz import batches
from burnish.production.oneshot import OneShot
kit = batches.kit()
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
made = OneShot(kit, batches.STANDARD).run([Path(sys.argv[1])], Path(sys.argv[2]), "BOMB", tree=False)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((peak - base) * 1024)
for fate in made.files:
    print(fate.path.name, fate.volume, fate.reason)
"""


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


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_fails_alone(name: str, tmp_path: Path) -> None:
    """In one sentence, in a bounded time, and in memory as for any file; the good one beside it is made."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bomb.dcm").write_bytes(BOMBS[name]())
    (tmp_path / "in" / "good.dcm").write_bytes(good())
    image = tmp_path / "out.iso"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _TWO, str(tmp_path / "in"), str(image)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        preexec_fn=_limit_cpu,
    )
    assert done.returncode == 0, done.stderr
    memory, *fates = done.stdout.splitlines()
    bomb, other = (fate.split(" ", 2) for fate in fates)
    print(name, int(memory) >> 20, "MiB:", bomb[2])
    assert other == ["good.dcm", "1", ""], fates
    assert bomb[:2] == ["bomb.dcm", "0"], "it was placed"
    checks.check_sentence(bomb[2])
    assert int(memory) < ROOM, f"{int(memory) >> 20} MiB"
    formats = {name: format_ for name, (_, format_) in batches.kit().formats.items()}
    assert verify(image, formats).sound


def test_a_server_answers_whatever_is_stored(burnish: Installation) -> None:
    """Each with a status within seconds; afterwards a good instance is stored and made, and no traceback is logged."""
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


def _limit_cpu() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(BOMB_LIMIT), int(BOMB_LIMIT)))
