"""What programs that nobody here wrote make of a medium from a real server.

The same instances come once from pynetdicom's stock SCU and once from dcmtk's storescu. Whatever a judge
says that is not among `known_findings.toml` fails.
"""

import re
import subprocess
import tomllib
from collections.abc import Sequence
from copy import copy
from pathlib import Path

import pytest
from pydicom import fileset
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from tests import kinds
from tests.lab import Installation, Scu, body, ct, mr
from tests.media import Medium, data_set_of, differences, medium_of, storescu

UNKNOWN_TO_STORESCU = {kinds.CLASSES["WF PRESENTATION"], kinds.CLASSES["INVENTORY"]}
"""Classes that dcmtk 3.6.7 does not send; the stock SCU sends them in its place."""
UNKNOWN_TO_PYDICOM = {"WF PRESENTATION": "WP", "ANNOTATION": "AN", "INVENTORY": "IV"}
"""Record types that its FileSet stumbles over because it has no prefix of file names for them."""
FINDINGS = tomllib.loads((Path(__file__).parent / "known_findings.toml").read_text("utf-8"))["finding"]
pytestmark = [
    pytest.mark.xdist_group("judges"),
    pytest.mark.filterwarnings("ignore:Invalid value for VR UI"),  # one of the real files has such
]


@pytest.fixture(scope="session")
def from_dcmtk(burnish: Installation, tmp_path_factory: pytest.TempPathFactory) -> Medium:
    """CT and MR of two patients and an instance of every record type, sent by dcmtk."""
    sent = [*ct(3), *mr(2), *kinds.everything()]
    young = [ds for ds in sent if ds.SOPClassUID in UNKNOWN_TO_STORESCU]
    storescu(burnish, tmp_path_factory.mktemp("sent"), [ds for ds in sent if ds not in young])
    scu = Scu(burnish.port)
    assert set(scu.store(*young)) == {0}
    uid, last = scu.make(sent)
    assert last == ("DONE", "NORMAL", 1)
    return medium_of(burnish, scu, uid, sent)


@pytest.fixture(params=["everything", pytest.param("from_dcmtk", marks=pytest.mark.judge("storescu"))])
def medium(request: pytest.FixtureRequest) -> Medium:
    """The medium of one sender, then of the other."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Medium)
    return found


@pytest.fixture
def extracted(medium: Medium, tmp_path: Path) -> Path:
    """The files of a medium in a folder, by the tests' own reader."""
    for name, data in medium.files.items():
        path = tmp_path / "medium" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "medium"


def run(*command: object) -> tuple[int, str]:
    """The exit status, and all that was said."""
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def good(*command: object) -> str:
    """What a judge says that has no complaint."""
    code, said = run(*command)
    assert code == 0, said
    return said


def judged(judge: str, lines: Sequence[str]) -> None:
    """Every line is a known finding of this judge, and every known finding is still brought up."""
    known = [finding["says"] for finding in FINDINGS if finding["judge"] == judge]
    assert [line for line in lines if not any(re.fullmatch(pattern, line) for pattern in known)] == []
    stale = [pattern for pattern in known if not any(re.fullmatch(pattern, line) for line in lines)]
    assert stale == [], "known findings that are none any more"


def tree(folder: Path) -> dict[str, bytes]:
    """Contents by path; a reader may show the full stop that ends a name without extension."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix().removesuffix("."): path.read_bytes() for path in files}


# The file system


@pytest.mark.judge("isoinfo")
def test_isoinfo_describes_and_lists_it(medium: Medium) -> None:
    said = good("isoinfo", "-d", "-i", medium.path)
    assert f"Volume id: {medium.file_set_id}\n" in said
    assert "Joliet" not in said.replace("NO Joliet present", "")
    assert "NO Rock Ridge present" in said
    listed = set(good("isoinfo", "-f", "-i", medium.path).split())
    assert {f"/{name}.;1" for name in medium.files} <= listed
    assert listed == {"/" + b"/".join(record.path).decode() for record in medium.image.records}
    sizes = re.findall(
        r"^-.*?(\d+) \w+ +\d+ +\d+ +\[", good("isoinfo", "-l", "-i", medium.path), re.MULTILINE
    )
    assert sorted(map(int, sizes)) == sorted(len(data) for data in medium.files.values())


@pytest.mark.judge("xorriso")
def test_xorriso_takes_every_byte_off_it(medium: Medium, tmp_path: Path) -> None:
    out = tmp_path / "out"
    good("xorriso", "-abort_on", "WARNING", "-osirrox", "on", "-indev", medium.path, "-extract", "/", out)
    try:
        assert tree(out) == medium.files
    finally:
        good("chmod", "-R", "u+w", out)  # they come without the right to remove them


@pytest.mark.judge("isolyzer")
def test_isolyzer_finds_the_size_exact(medium: Medium) -> None:
    said = good("isolyzer", medium.path)
    assert "<sizeAsExpected>True</sizeAsExpected>" in said
    assert "<sizeDifference>0</sizeDifference>" in said


@pytest.mark.judge("7z")
def test_7z_tests_and_takes_every_byte_off_it(medium: Medium, tmp_path: Path) -> None:
    said = good("7z", "t", medium.path)
    assert "Everything is Ok" in said
    assert "Warning" not in said
    good("7z", "x", "-y", f"-o{tmp_path / 'out'}", medium.path)
    assert tree(tmp_path / "out") == medium.files


# The directory


@pytest.mark.judge("dciodvfy")
def test_case_121_dciodvfy_on_the_directory(medium: Medium, extracted: Path) -> None:
    _, said = run("dciodvfy", "-new", extracted / "DICOMDIR")
    lines = [_with_type(line, medium) for line in said.splitlines() if line != "BasicDirectory"]
    judged("dciodvfy", lines)


def _with_type(line: str, medium: Medium) -> str:
    """A line about a record, which it names by number from 1, with the record's type instead."""
    records = medium.directory.DirectoryRecordSequence
    place = re.compile(r"(?<=DirectoryRecordSequence\(0004,1220\)\[)\d+")
    return place.sub(lambda found: records[int(found[0]) - 1].DirectoryRecordType, line)


@pytest.mark.judge("dcdirdmp")
def test_case_121_dcdirdmp_finds_every_file(medium: Medium, extracted: Path) -> None:
    said = good("dcdirdmp", extracted / "DICOMDIR")
    judged(
        "dcdirdmp", [line for line in said.splitlines() if re.search("error|warning", line, re.IGNORECASE)]
    )
    named = re.findall(r"-> (\S+)", said)
    assert sorted(name.replace("\\", "/") for name in named) == sorted(medium.instances)


def test_case_121_pydicom_loads_the_file_set_and_every_instance(
    medium: Medium, extracted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, prefix in UNKNOWN_TO_PYDICOM.items():
        monkeypatch.setitem(fileset._PREFIXES, kind, prefix)
    loaded = FileSet(extracted / "DICOMDIR")
    assert medium.file_set_uid == loaded.UID
    assert medium.file_set_id == loaded.ID
    assert sorted(instance.SOPInstanceUID for instance in loaded) == sorted(
        ds.SOPInstanceUID for ds in medium.sent
    )
    for instance in loaded:
        assert instance.load().SOPInstanceUID == instance.SOPInstanceUID
    of_patients = [ds for ds in medium.sent if "StudyInstanceUID" in ds]
    assert len(loaded.find_values("PatientID")) == len({record_id(ds) for ds in of_patients})
    loaded._stage["t"].cleanup()  # a folder that it leaves to be collected, with a warning


def record_id(ds: Dataset) -> str:
    """What tells patients apart: where there is no ID, the study does."""
    return str(ds.get("PatientID") or ds.StudyInstanceUID)


# The instances


@pytest.mark.judge("dcmdump")
def test_case_121_dcmdump_reads_every_file_without_a_word(extracted: Path) -> None:
    for path in (path for path in extracted.rglob("*") if path.is_file()):
        done = subprocess.run(["dcmdump", "+L", path], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b""), path


@pytest.mark.judge("gdcmdump", "gdcminfo")
def test_case_121_gdcm_reads_every_file(medium: Medium, extracted: Path) -> None:
    said = []
    for name in medium.files:
        good("gdcmdump", extracted / name)
        done = subprocess.run(["gdcminfo", extracted / name], capture_output=True, text=True, check=False)
        said += (done.stderr.splitlines() or [f"exit status {done.returncode}"]) if done.returncode else []
    judged("gdcminfo", said)


def test_each_instance_stands_once_and_equals_what_was_sent(medium: Medium) -> None:
    sent = {ds.SOPInstanceUID: ds for ds in medium.sent}
    assert sorted(ds.SOPInstanceUID for ds in medium.instances.values()) == sorted(sent)
    for path, instance in medium.instances.items():
        assert differences(instance, sent[instance.SOPInstanceUID]) == [], path


def unpadded(ds: Dataset) -> Dataset:
    """Without Data Set Trailing Padding."""
    kept = copy(ds)
    kept.pop(0xFFFCFFFC, None)
    return kept


@pytest.mark.judge("storescu")
def test_bytes_of_explicit_instances_are_those_that_dcmtk_sent(from_dcmtk: Medium) -> None:
    """CT and MR of two patients; the sender leaves out the padding behind a data set."""
    sent = {ds.SOPInstanceUID: body(unpadded(ds)) for ds in from_dcmtk.sent[:5]}
    stand = {
        instance.SOPInstanceUID: data_set_of(from_dcmtk.files[path])
        for path, instance in from_dcmtk.instances.items()
        if instance.SOPInstanceUID in sent
    }
    assert stand == sent


def test_every_known_finding_says_why() -> None:
    for finding in FINDINGS:
        assert set(finding) == {"judge", "says", "clause", "reason"}
        assert all(finding.values())
        assert finding["clause"].startswith("PS3.")
        re.compile(finding["says"])
