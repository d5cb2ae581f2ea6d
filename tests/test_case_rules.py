"""Cases 134 and 135: media by the rules of IHE PDI and of the DRG, ours and those that come with pydicom."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from tests.commands import Commands, Told, commands
from tests.lab import Scu, ct, serving

REAL = ("CT_small.dcm", "MR_small.dcm", "test-SR.dcm", "waveform_ecg.dcm")
BOTH = '[media]\nrules = ["ihe-pdi", "drg"]\n'
NEVER = '[bundles]\nreadme = "never"\n'
STRICT = BOTH + '[rules.ihe-pdi]\nreadme = "require"\n' + NEVER
LENIENT = '[rules.ihe-pdi]\nreadme = "warn"\n'
"""Media of others have no README.TXT."""
DIRECTORIES = Path(str(get_testdata_file("CT_small.dcm"))).parent / "dicomdirtests"


@pytest.fixture(scope="module")
def running() -> Iterator[Commands]:
    with commands() as started:
        yield started


class Place:
    """A folder to work in, and the command."""

    def __init__(self, folder: Path, running: Commands) -> None:
        self.folder, self._running = folder, running

    def burnish(self, *arguments: str, config: str = "") -> Told:
        (self.folder / "burnish.toml").write_text(config)
        told = self._running.run(arguments, self.folder, {})
        assert "Traceback" not in told.err, told.err
        return told

    def compose(self, *files: str, config: str, out: str = "disc.iso", more: tuple[str, ...] = ()) -> Told:
        """Make a medium of real files."""
        study = self.folder / "study"
        study.mkdir(exist_ok=True)
        for name in files:
            shutil.copy(str(get_testdata_file(name)), study)
        return self.burnish("compose", "study", "--out", out, *more, config=config)

    def verify(self, medium: str, rules: str = "ihe-pdi,drg", *more: str) -> Any:
        """What is said of a medium, as JSON."""
        return self.burnish("verify", medium, "--rules", rules, "--json", *more, config=LENIENT).json


@pytest.fixture
def place(tmp_path: Path, running: Commands) -> Place:
    return Place(tmp_path, running)


def rules_of(findings: list[dict[str, str]]) -> list[str]:
    return [finding["rule"] for finding in findings]


def test_case_134_a_medium_that_is_composed_keeps_the_rules(place: Place) -> None:
    """But for README.TXT, which nothing here makes."""
    told = place.compose("CT_small.dcm", config=BOTH)
    assert told.code == 0, told.err
    assert "warning: " not in told.err
    verdict = place.verify("disc.iso", "ihe-pdi,drg", "--profile", "STD-GEN-CD")
    assert verdict["findings"] == []
    assert verdict["warnings"] == []
    assert verdict["sound"]


def test_case_134_several_patients_are_warned_of(place: Place) -> None:
    made = place.compose(*REAL, config=BOTH, more=("--json",)).json
    [volume] = made["volumes"]
    assert rules_of(volume["warnings"]) == ["ihe-pdi:patients"]
    people = next(one["text"] for one in volume["warnings"] if one["rule"] == "ihe-pdi:patients")
    assert re.fullmatch(r"it has records of \d patients", people)


def test_case_134_what_is_required_and_missing_is_refused(place: Place) -> None:
    told = place.compose("CT_small.dcm", config=STRICT)
    assert told.code != 0
    assert "ihe-pdi:readme refuses the medium: it has no file README.TXT in the root" in told.err
    assert not (place.folder / "disc.iso").exists()


def test_case_134_a_profile_that_pdi_does_not_know_is_refused(place: Place) -> None:
    told = place.compose("CT_small.dcm", config=BOTH, more=("--profile", "STD-CTMR-CD"))
    assert told.code != 0
    assert "ihe-pdi:profile refuses the medium: its profile is STD-CTMR-CD" in told.err


def test_case_135_only_cds_are_made(place: Place) -> None:
    """DVDs are not, and by the rules of PDI alone they are."""
    dvd = ("--profile", "STD-GEN-DVD-JPEG")
    told = place.compose("CT_small.dcm", config=BOTH, more=dvd)
    assert told.code != 0
    assert "drg:medium refuses the medium: it is a medium of kind DVD-R, and only CDs are allowed" in told.err
    told = place.compose("CT_small.dcm", config='[media]\nrules = ["ihe-pdi"]\n', more=dvd)
    assert told.code == 0, told.err
    assert place.verify("disc.iso", "drg")["findings"] == []  # an image does not say what it is to stand on
    [finding] = place.verify("disc.iso", "drg", "--profile", "STD-GEN-DVD-JPEG")["findings"]
    assert (finding["rule"], finding["clause"]) == ("drg:medium", "DRG Anforderungskatalog 2006, 2.1.1")


def test_case_135_a_tree_with_web_content_and_a_viewer(place: Place) -> None:
    """As people burn them by hand: the folder is judged as it stands."""
    place.compose("CT_small.dcm", config="", out="medium", more=("--tree",))
    medium = place.folder / "medium"
    (medium / "IHE_PDI").mkdir()
    (medium / "VIEWER").mkdir()
    (medium / "VIEWER/START.EXE").write_bytes(b"MZ")
    (medium / "IHE_PDI/STUDY.HTM").write_text("<html/>")
    (medium / "README.TXT").write_text("ours")
    assert rules_of(place.verify("medium")["findings"]) == ["ihe-pdi:index", "drg:index"]
    (medium / "INDEX.HTM").write_text('<html><a href="ihe_pdi/study.htm">images</a></html>')
    verdict = place.verify("medium")
    assert verdict["findings"] == []
    assert rules_of(verdict["warnings"]) == ["drg:viewer"]
    (medium / "INDEX.HTM").write_text('<html><a href="viewer/start.exe">viewer</a></html>')
    verdict = place.verify("medium")
    assert (verdict["sound"], verdict["warnings"]) == (True, [])


def with_private(directory: Dataset) -> None:
    block = directory.DirectoryRecordSequence[-1].private_block(0x0009, "BURNISH TEST", create=True)
    block.add_new(0x01, "LO", "private")


def with_private_within(directory: Dataset) -> None:
    inner = Dataset()
    inner.private_block(0x0011, "BURNISH TEST", create=True).add_new(0x01, "LO", "private")
    directory.DirectoryRecordSequence[-1].ReferencedImageSequence = [inner]


def with_topic(directory: Dataset) -> None:
    """A leaf becomes a record of an old type."""
    directory.DirectoryRecordSequence[-1].DirectoryRecordType = "TOPIC"


def with_mrdr(directory: Dataset) -> None:
    """One more record, to which no offset leads."""
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = 0xFFFF
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = "MRDR"
    directory.DirectoryRecordSequence.append(record)


@pytest.mark.parametrize(
    ("spoil", "rules"),
    [
        (with_private, ["drg:private-element"]),
        (with_private_within, ["drg:private-element"]),
        (with_topic, ["ihe-pdi:record-type", "drg:record-type"]),
        (with_mrdr, ["drg:record-type"]),
    ],
)
@pytest.mark.judge("dcmdump")
def test_case_135_what_may_not_be_in_a_dicomdir(place: Place, spoil: Any, rules: list[str]) -> None:
    """In its last record, so that no offset changes; dcmdump sees there what was put in."""
    place.compose("CT_small.dcm", config="", out="medium", more=("--tree",))
    path = place.folder / "medium/DICOMDIR"
    directory = dcmread(path)
    spoil(directory)
    directory.save_as(path)
    shown = subprocess.run(["dcmdump", path], capture_output=True, text=True, check=True).stdout
    assert re.search(r"private|TOPIC|MRDR", shown)
    judged = [one for one in place.verify("medium")["findings"] if one["rule"]]
    assert rules_of(judged) == rules
    assert all("at byte " in one["text"] for one in judged)


@pytest.mark.judge("dcdirdmp")
def test_case_135_each_thing_has_one_record(place: Place) -> None:
    """dcdirdmp counts as many instances as have records; ours never double one."""
    place.compose(*REAL, config=BOTH, out="medium", more=("--tree",))
    assert place.verify("medium", "drg")["findings"] == []
    shown = subprocess.run(
        ["dcdirdmp", place.folder / "medium/DICOMDIR"], capture_output=True, text=True, check=True
    )
    files = re.findall(r"-> +(\S+)", shown.stdout + shown.stderr)
    assert len(set(files)) == len(files) == len(REAL)


def real_directory(place: Place, name: str) -> None:
    """A medium that comes with pydicom, below one of its directories."""
    for part in ("77654033", "98892001", "98892003"):
        shutil.copytree(DIRECTORIES / part, place.folder / "medium" / part)
    shutil.copy(DIRECTORIES / name, place.folder / "medium/DICOMDIR")


def test_case_135_a_medium_of_others_keeps_the_rules(place: Place) -> None:
    real_directory(place, "DICOMDIR")
    verdict = place.verify("medium")
    assert rules_of(verdict["findings"]).count("") == len(verdict["findings"])
    assert rules_of(verdict["warnings"]) == ["ihe-pdi:readme", "ihe-pdi:patients"]


@pytest.mark.parametrize(
    "name",
    ["DICOMDIR-bigEnd", "DICOMDIR-implicit", "DICOMDIR-nooffset", "DICOMDIR-nopatient", "DICOMDIR-reordered"],
)
def test_case_134_odd_directories_of_others_are_judged(place: Place, name: str) -> None:
    """Whatever can be said of them: those in another transfer syntax count as none."""
    real_directory(place, name)
    verdict = place.verify("medium")
    unread = name in ("DICOMDIR-bigEnd", "DICOMDIR-implicit")
    assert ("ihe-pdi:dicomdir" in rules_of(verdict["findings"])) == unread


SHELF = '[writers.shelf]\ndriver = "file"\npath = "out"\nmedia = ["CD-R"]\n'


def test_case_134_a_server_makes_what_it_warns_of(tmp_path: Path) -> None:
    with serving(tmp_path, BOTH + NEVER + LENIENT + SHELF) as burnish:
        scu, slices = Scu(burnish.port), ct(1)
        assert scu.store(*slices) == [0]
        assert scu.make(slices)[1] == ("DONE", "NORMAL", 1)
    log = (tmp_path / "server.log").read_text()
    assert re.search(r"WARNING request \w+: ihe-pdi:readme: the medium: it has no file README.TXT", log)


def test_case_134_a_server_does_not_make_what_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, STRICT + SHELF) as burnish:
        scu, slices = Scu(burnish.port), ct(1)
        assert scu.store(*slices) == [0]
        assert scu.make(slices)[1] == ("FAILURE", "PROC_FAILURE", 0)
    assert list(burnish.out.rglob("*.iso")) == []


def test_the_tables_of_rule_sets_are_checked(place: Place) -> None:
    for config, says in (
        ('[media]\nrules = ["ihe-dpi"]\n', "no rule set 'ihe-dpi'; there are drg, ihe-pdi"),
        ('[rules.house]\nname = "x"\n', "no rule set 'house'"),
        ('[rules.ihe-pdi]\nreadme = "no"\n', "rules.ihe-pdi.readme"),
        ('[rules.drg]\nviewer = "x"\n', "rules.drg.viewer: there is no such key"),
    ):
        told = place.burnish("config", "check", config=config)
        assert told.code == 2, config
        assert says in told.err, config
    told = place.burnish("verify", "nothing", "--rules", "ihe-dpi")
    assert told.code == 2
    assert "no rule set 'ihe-dpi'" in told.err


def test_configured_rule_sets_are_asked_of_what_is_verified(place: Place) -> None:
    place.compose("CT_small.dcm", config="", out="medium", more=("--tree",))
    assert place.burnish("verify", "medium").code == 0
    told = place.burnish("verify", "medium", config=STRICT)
    assert told.code == 1
    assert "it has no file README.TXT in the root (ihe-pdi:readme; IHE RAD-47: MESA PDI test 12)" in told.err
    told = place.burnish("verify", "medium", "--rules", "", "--json", config=STRICT)
    assert json.loads(told.out)["sound"]
