"""What must hold of any bytes, one file at a time. An assertion or any other exception is a fault.

* a scan ends with what it found or with Unscannable, and it makes no difference how the bytes came
* a head that was kept can be read to its last element, by us and by pydicom, and a directory be made of it
* reading a file ends with its content or with Unreadable
* walking a DICOMDIR ends with a directory or with Broken, and verifying the medium ends with findings
* deriving a form ends with one that is proven equal, or with ValueError, Mismatch or MemoryError
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise
from random import Random
from typing import Final

from burnish.errors import BurnishError, Mismatch
from burnish.fileset.content import Unreadable, read_content
from burnish.fileset.derive.transcode import derive_checked
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.elements import Broken
from burnish.fileset.reading import FilePath, Medium, OnMedium
from burnish.fileset.verify import verify_medium
from burnish.fileset.walk import Directory, read_directory
from burnish.instances.elements import LONG_VRS, SHORT_VRS
from burnish.instances.head import KeptHead
from burnish.instances.scan import Scan, Scanned, Unscannable
from burnish.terms import EXPLICIT_VR_BE, EXPLICIT_VR_LE, IMPLICIT_VR_LE
from burnish.uids import is_uid
from pydicom import dcmread
from pydicom.config import IGNORE
from pydicom.uid import UID

from tests.robustness.fuzz.mutator import Fuzzed, meta_end
from tests.robustness.fuzz.places import find_places, guess_encoding

BUDGET: Final = 256 << 10
SYNTAXES: Final = (IMPLICIT_VR_LE, EXPLICIT_VR_LE, EXPLICIT_VR_BE)


def check_scan(fuzzed: Fuzzed, random: Random) -> tuple[Scanned, str] | None:
    """Scan the data set in one piece and in random ones; what was found, and in which transfer syntax."""
    data = fuzzed.data[meta_end(fuzzed.data) :]
    syntax = syntax_of(fuzzed.data) if random.random() < 0.8 else random.choice(SYNTAXES)
    budget = random.choice((BUDGET, BUDGET, 4096, 300))
    whole = outcome(data, syntax, budget, [])
    cuts = sorted(random.choices(range(len(data) + 1), k=random.choice((1, 5, 100))))
    assert outcome(data, syntax, budget, cuts) == whole, "fragments make a difference"
    if random.random() < 0.3:
        near = [*range(min(len(data), 600))]
        assert outcome(data, syntax, budget, near) == whole, "single bytes make a difference"
    if isinstance(whole, str):
        return None
    check_head(whole, budget)
    return whole, syntax


def outcome(data: bytes, syntax: str, budget: int, cuts: list[int]) -> Scanned | str:
    """What a scan ends with; the sentence where it refuses. The same property holds of both."""
    scan, view = Scan(syntax, budget), memoryview(data)
    try:
        for start, end in pairwise((0, *cuts, len(data))):
            scan.feed(view[start:end])
        return scan.finish()
    except Unscannable as error:
        check_sentence(str(error))
        return str(error)


def check_head(scanned: Scanned, budget: int) -> None:
    """Whatever was kept is whole, within the budget, and can be read."""
    assert len(scanned.head) <= budget + 1024, f"{len(scanned.head)} bytes of a budget of {budget}"
    head = KeptHead(scanned.head)
    tags = tags_of(scanned.head)
    assert tags == sorted(set(tags)), "the head is not in order, each tag once"
    assert b"".join([head.encoded(tag) or b"" for tag in tags]) == scanned.head
    assert len(head.identity_mark) == 32
    _read_through(head)


def tags_of(head: bytes) -> list[int]:
    """Tags in a head, each element's length believed: they must lead exactly to its end."""
    at, tags = 0, []
    while at < len(head):
        group, element, vr, length = struct.unpack_from("<HH2sH", head, at)
        tags.append(group << 16 | element)
        start = at + 8
        if vr in LONG_VRS:
            (length,) = struct.unpack_from("<L", head, at + 8)
            start = at + 12
        else:
            assert vr in SHORT_VRS, f"{vr!r} is no VR"
        at = start + length
    assert at == len(head), "the last element runs past the end"
    return tags


def _read_through(head: KeptHead) -> None:
    """Ask for every value, item by item."""
    for keyword in head:
        value = head[keyword]
        for item in value if isinstance(value, tuple) else ():
            if isinstance(item, KeptHead):
                _read_through(item)


def check_content(fuzzed: Fuzzed) -> str:
    """Read the file as it stands on a medium; empty, or why not."""
    try:
        content = read_content(_file(fuzzed.data), lambda _: None)
    except Unreadable as error:
        check_sentence(str(error))
        return str(error)
    assert content.length <= len(fuzzed.data)
    return ""


def check_record(scanned: Scanned, syntax: str) -> str:
    """Make a directory of the instance alone, which we and pydicom read; empty, or why there is none."""
    if not (is_uid(scanned.sop_class) and is_uid(scanned.sop_instance)):
        return "no UIDs"
    head = KeptHead(scanned.head)
    member = Member(("A", "B"), scanned.sop_class, scanned.sop_instance, syntax, head, "one", "")
    try:
        data = build([member], file_set_id="FUZZ", file_set_uid="1.2.3")
    except BurnishError as error:
        check_sentence(str(error))
        return str(error)
    notes: list[str] = []
    directory = read_directory(data, lambda clause, text: notes.append(f"{clause}: {text}"))
    files = [one for one in directory.reached if one.record.file_id]
    assert len(files) == 1, notes
    assert not [note for note in notes if "breaks off" in note or "offset" in note], notes
    assert len(dcmread(BytesIO(data)).DirectoryRecordSequence) == len(directory.reached)
    return ""


def check_directory(fuzzed: Fuzzed, files: dict[FilePath, bytes]) -> None:
    """Walk a broken DICOMDIR, and verify a medium that it stands on beside `files`."""
    notes: list[tuple[str, str]] = []
    try:
        walked = read_directory(fuzzed.data, lambda *note: notes.append(note))
        check_walk(walked)
    except Broken as error:
        check_sentence(str(error))
    found = {path: _file(data, path) for path, data in {("DICOMDIR",): fuzzed.data, **files}.items()}
    verdict = verify_medium(Medium("folder", "", "", found))
    assert verdict.readable
    for finding in verdict.findings:
        check_sentence(finding.text)


def check_walk(directory: Directory) -> None:
    """Each record is reached once, from a record that was reached before."""
    seen: set[int] = set()
    for one in directory.reached:
        assert one.record.at not in seen
        assert {above.at for above in one.above} <= seen
        seen.add(one.record.at)


def check_derivation(fuzzed: Fuzzed) -> str:
    """Derive the data set; empty, or why it has no derived form."""
    data, target = fuzzed.data[meta_end(fuzzed.data) :], BytesIO()
    syntax = EXPLICIT_VR_BE if syntax_of(fuzzed.data) == EXPLICIT_VR_BE else IMPLICIT_VR_LE
    try:
        derived = derive_checked(BytesIO(data), len(data), target, syntax)
    except (ValueError, Mismatch, MemoryError) as error:
        check_sentence(str(error))
        return str(error)
    assert derived.length == len(target.getvalue())
    return ""


def check_sentence(text: str) -> None:
    """A reason is one line that a person can read."""
    assert text.strip(), "a refusal says nothing"
    assert "\n" not in text, f"a refusal is more than a line: {text!r}"
    assert len(text) < 2000, f"a refusal of {len(text)} characters"


def syntax_of(data: bytes) -> str:
    """How the data set is encoded, as far as a scan is told: one of three."""
    said = next(
        (data[place.start : place.end] for place in find_places(data) if place.tag == 0x00020010), b""
    )
    uid = UID(said.strip(b" \0").decode("latin-1"), IGNORE)
    if not said:
        guess = guess_encoding(data[meta_end(data) :])
        return EXPLICIT_VR_LE if guess.explicit else IMPLICIT_VR_LE
    return uid if uid in SYNTAXES else EXPLICIT_VR_LE


def _file(data: bytes, path: FilePath = ("FILE",)) -> OnMedium:
    return OnMedium(path, len(data), 0, lambda: BytesIO(data))


def neighbours(files: list[Fuzzed]) -> Iterator[tuple[FilePath, bytes]]:
    """Files as they stand on a medium beside a DICOMDIR, under names that the seeds refer to."""
    names = [("TINY_ALPHA", "PT000000"), ("77654033", "CR1", "6154"), ("98892003", "MR1", "15820")]
    return ((path, one.data) for path, one in zip(names, files, strict=False))
