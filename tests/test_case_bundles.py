"""What stands beside the instances: cases 102, 119, 128 to 130, 134 and 135, each term of the two attributes,
and what happens where something cannot stand there."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from tests.lab import Installation, Scu, ct, request
from tests.robustness.evidence import eventually, rows

DONE = ("DONE", "NORMAL", 1)
TERMS = ("FOR_PHYSICIAN", "FOR_PATIENT", "FOR_TEACHING", "FOR_RESEARCH")
PLUGINS = 'plugins = ["profiles", "format-iso9660", "writer-file", "rules-ihe-pdi", "rules-drg"{}]\n'
WRITER = '[writers.shelf]\ndriver = "file"\npath = "out"\nform = "folder"\nmedia = ["CD-R"]\n{}\n'
LEAFLET = '[bundlers.leaflet]\ndriver = "leaflet"\n{}\n'
RESERVED = {"DICOMDIR", "README", "README.TXT", "INDEX.HTM", "DICOM"}


class Desk:
    """A server that writes media as folders."""

    def __init__(self, burnish: Installation) -> None:
        self.burnish = burnish
        self.slices = ct(2)
        self.told = Dataset()

    def up(self) -> None:
        self.burnish.start()
        self.scu = Scu(self.burnish.port)
        assert set(self.scu.store(*self.slices)) == {0}

    def make(self, profile: str = "STD-GEN-CD", wanted: Any = DONE, **attributes: Any) -> list[Path]:
        """The media of a request, in the order of their volumes."""
        before = set(self.media())
        uid = str(generate_uid())
        assert self.scu.create(request(self.slices, profile, **attributes), uid) == 0
        assert self.scu.initiate(uid) == 0
        state = self.scu.wait(uid)
        [row] = rows(self.burnish, "SELECT message FROM requests WHERE sop_instance = ?", uid)
        self.message = row["message"]
        assert state[: len(wanted)] == wanted, (state, self.message)
        return sorted(set(self.media()) - before)

    def media(self) -> list[Path]:
        return sorted(path.parent for path in self.burnish.out.rglob("DICOMDIR"))

    def left_out(self) -> list[dict[str, str]]:
        found = rows(self.burnish, "SELECT data FROM events WHERE kind = 'bundle-left-out' ORDER BY id")
        return [json.loads(row["data"]) for row in found]


def burnish(*words: str | Path) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a command."""
    command = [sys.executable, "-m", "burnish.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


Open = Callable[..., Desk]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Makes a desk of the further plugins, and of what stands in its file."""
    made: list[Desk] = []

    def open_desk(
        text: str = LEAFLET.format(""), plugins: str = ', "bundler-scripted"', writer: str = ""
    ) -> Desk:
        desk = Desk(Installation(tmp_path, f"{WRITER.format(writer)}{text}"))
        desk.burnish.config.write_text(PLUGINS.format(plugins) + desk.burnish.config.read_text())
        made.append(desk)
        desk.up()
        return desk

    yield open_desk
    for desk in made:
        desk.burnish.stop()


def application(folder: Path, *empty: str) -> None:
    """A display application, with the manifest that the command writes."""
    (folder / "LIB").mkdir(parents=True)
    for name in empty:
        (folder / name).touch()
    (folder / "VIEWER.EXE").write_bytes(b"MZ viewer")
    (folder / "LIB" / "CODEC.DLL").write_bytes(bytes(range(256)) * 9)
    (folder / "LICENCE.TXT").write_text("Do what you like.\n")
    words = [
        "--title",
        "House Viewer",
        "--licence",
        "LICENCE.TXT",
        "--folder",
        "HOUSE",
        "--windows",
        "VIEWER.EXE",
    ]
    command = [sys.executable, "-m", "burnish_bundler_folder.manifest", folder, *words]
    subprocess.run(command, check=True, capture_output=True)


def beside(medium: Path) -> set[str]:
    """What stands in the root and is not DICOM's or the core's."""
    return {path.name for path in medium.iterdir()} - RESERVED


def root(medium: Path) -> set[str]:
    return {path.name for path in medium.iterdir()}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One with the default map, for all tests of terms."""
    text = (
        LEAFLET.format("") + '[bundlers.second]\ndriver = "leaflet"\nfolder = "SECOND"\nkinds = ["content"]\n'
    )
    found = Desk(Installation(tmp_path_factory.mktemp("desk"), f"{WRITER.format('')}{text}"))
    plugins = PLUGINS.format(', "bundler-scripted"')
    found.burnish.config.write_text(plugins + found.burnish.config.read_text())
    found.up()
    yield found
    found.burnish.stop()


# --- terms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", TERMS)
def test_each_term_means_the_content_of_every_bundler(desk: Desk, term: str) -> None:
    [medium] = desk.make(IncludeNonDICOMObjects=term)
    assert beside(medium) == {"LEAFLET", "SECOND"}
    assert {"README.TXT", "README", "INDEX.HTM"} <= root(medium)


def test_case_129_no_means_none_and_a_viewer_may_stand_there_all_the_same(desk: Desk) -> None:
    [medium] = desk.make(IncludeNonDICOMObjects="NO")
    assert root(medium) == {"DICOMDIR", "DICOM"}
    [medium] = desk.make(IncludeNonDICOMObjects="NO", IncludeDisplayApplication="YES")
    assert beside(medium) == {"PROGRAM"}


def test_absent_means_none(desk: Desk) -> None:
    [medium] = desk.make()
    assert root(medium) == {"DICOMDIR", "DICOM"}


def test_an_unknown_term_is_read_as_none_and_told(desk: Desk) -> None:
    [medium] = desk.make(IncludeNonDICOMObjects="FOR_THE_COURT")
    assert root(medium) == {"DICOMDIR", "DICOM"}
    [*_, last] = rows(desk.burnish, "SELECT data FROM events WHERE kind = 'term-ignored' ORDER BY id")
    assert json.loads(last["data"]) == {"keyword": "IncludeNonDICOMObjects", "term": "FOR_THE_COURT"}


def test_yes_means_the_viewer_of_every_bundler(desk: Desk) -> None:
    [medium] = desk.make(IncludeDisplayApplication="YES")
    assert beside(medium) == {"PROGRAM"}


def test_both_are_asked_for_together(desk: Desk) -> None:
    [medium] = desk.make(IncludeDisplayApplication="YES", IncludeNonDICOMObjects="FOR_PATIENT")
    assert beside(medium) == {"PROGRAM", "LEAFLET", "SECOND"}


def test_case_128_no_viewer_and_no_autorun(desk: Desk) -> None:
    [medium] = desk.make(IncludeDisplayApplication="NO")
    assert root(medium) == {"DICOMDIR", "DICOM"}


def test_case_128_yes_with_none_installed_is_no_error(opened: Open) -> None:
    desk = opened("", plugins="")
    [medium] = desk.make(IncludeDisplayApplication="YES")
    assert root(medium) == {"DICOMDIR", "DICOM"}
    assert desk.left_out() == [
        {"what": "IncludeDisplayApplication YES", "why": "no bundler that is there offers it"}
    ]


def test_case_130_what_is_not_dicom_is_not_in_the_dicomdir(desk: Desk) -> None:
    [medium] = desk.make(IncludeDisplayApplication="YES", IncludeNonDICOMObjects="FOR_PATIENT")
    records = dcmread(medium / "DICOMDIR").DirectoryRecordSequence
    referenced = {record.ReferencedFileID[0] for record in records if "ReferencedFileID" in record}
    assert referenced == {"DICOM"}


def test_case_119_the_descriptor_is_named_only_where_it_stands(desk: Desk) -> None:
    [medium] = desk.make(IncludeNonDICOMObjects="FOR_PATIENT", StorageMediaFileSetID="my set")
    directory = dcmread(medium / "DICOMDIR")
    assert directory.FileSetID == "MY_SET"
    assert directory.FileSetDescriptorFileID == "README"
    assert (medium / "README").read_bytes() == (medium / "README.TXT").read_bytes()
    assert (medium / "README").read_bytes()[128:132] != b"DICM"
    [medium] = desk.make()
    assert "FileSetDescriptorFileID" not in dcmread(medium / "DICOMDIR")


def test_the_dicomdir_with_a_descriptor_satisfies_others(desk: Desk) -> None:
    [medium] = desk.make(IncludeNonDICOMObjects="FOR_PATIENT")
    command = ["dcmdump", "+P", "FileSetDescriptorFileID", medium / "DICOMDIR"]
    said = subprocess.run(command, capture_output=True, check=True)
    assert b"README" in said.stdout
    checked = subprocess.run(["dciodvfy", medium / "DICOMDIR"], capture_output=True, text=True, check=False)
    assert "Error" not in checked.stderr, checked.stderr


# --- maps ------------------------------------------------------------------------------------------------


def test_a_map_says_which_bundlers_a_term_means(opened: Open) -> None:
    text = (
        '[bundles]\nnon_dicom_default = "FOR_PATIENT"\ndisplay_default = "YES"\n'
        '[bundles.non_dicom]\nFOR_PATIENT = ["one"]\nFOR_COURT = ["two"]\n'
        '[bundles.display]\nYES = ["two"]\n'
        '[bundles.profiles.STD-GEN-DVD-JPEG]\nnon_dicom = { FOR_PATIENT = ["two"] }\n'
        '[bundlers.one]\ndriver = "leaflet"\nfolder = "ONE"\n'
        '[bundlers.two]\ndriver = "leaflet"\nfolder = "TWO"\n'
    )
    desk = opened(text)
    assert [beside(medium) for medium in desk.make()] == [{"ONE", "TWO"}]
    asked = {"IncludeDisplayApplication": "NO"}
    assert [beside(one) for one in desk.make(IncludeNonDICOMObjects="FOR_COURT", **asked)] == [{"TWO"}]
    assert [beside(one) for one in desk.make(IncludeNonDICOMObjects="FOR_TEACHING", **asked)] == [{"ONE"}]
    assert not rows(desk.burnish, "SELECT * FROM events WHERE kind = 'term-ignored' AND data LIKE '%COURT%'")


def test_another_profile_has_another_map(opened: Open) -> None:
    text = LEAFLET.format("") + "[bundles.profiles.STD-GEN-CD]\nnon_dicom = {}\ndisplay = {}\n"
    desk = opened(text)
    [medium] = desk.make(IncludeDisplayApplication="YES", IncludeNonDICOMObjects="FOR_PATIENT")
    assert root(medium) == {"DICOMDIR", "DICOM"}


def test_a_name_that_no_bundler_has_is_said(tmp_path: Path) -> None:
    file = tmp_path / "burnish.toml"
    file.write_text('[bundles.display]\nYES = ["wesais"]\n')
    code, _, said = burnish("config", "check", file)
    assert code == 2
    assert f"{file}:2: bundles.display.YES: no bundler 'wesais'; there are" in said


def test_beside_sealed_files_nothing_tells_of_patients(opened: Open, tmp_path: Path) -> None:
    text = (
        '[media.security]\npassword_file = "password"\n'
        '[bundlers.open]\ndriver = "leaflet"\nfolder = "OPEN"\n'
        '[bundlers.closed]\ndriver = "leaflet"\nfolder = "CLOSED"\npersonal = true\n'
    )
    (tmp_path / "password").write_text("correct horse battery\n")
    desk = opened(text)
    [medium] = desk.make("STD-GEN-SEC-CD", IncludeNonDICOMObjects="FOR_PATIENT")
    assert beside(medium) == {"OPEN"}
    name = str(desk.slices[0].PatientName)
    for path in medium.rglob("*"):
        if path.is_file():
            assert name.encode() not in path.read_bytes(), path
            assert name.split("^", maxsplit=1)[0].encode() not in path.read_bytes(), path
    assert [left["what"] for left in desk.left_out()] == ["closed"]


# --- size ------------------------------------------------------------------------------------------------


def test_case_102_what_stands_beside_counts(opened: Open) -> None:
    desk = opened(LEAFLET.format("size = 270000"), writer="capacity = 400000")
    first, second = desk.make(
        wanted=("DONE", "NORMAL", 2), IncludeNonDICOMObjects="FOR_PATIENT", AllowMediaSplitting="YES"
    )
    for number, medium in enumerate((first, second), 1):
        assert (medium / "LEAFLET" / "LARGE.BIN").stat().st_size == 270_000
        text = (medium / "README.TXT").read_text()
        assert f"Volume     {number} of 2" in text
        assert f"{number} of 2" in (medium / "INDEX.HTM").read_text()
    [whole] = desk.make(AllowMediaSplitting="YES")
    assert root(whole) == {"DICOMDIR", "DICOM"}


def test_web_content_is_of_what_is_on_that_volume(opened: Open) -> None:
    desk = opened("", plugins=', "bundler-web"', writer="capacity = 200000")
    desk.slices = ct(4)
    assert set(desk.scu.store(*desk.slices)) == {0}
    media = desk.make(
        wanted=("DONE", "NORMAL", 2), IncludeNonDICOMObjects="FOR_PATIENT", AllowMediaSplitting="YES"
    )
    assert len(media) == 2
    counts = [
        (len(list((medium / "DICOM").rglob("IM*"))), len(list((medium / "IHE_PDI").rglob("I*.JPG"))))
        for medium in media
    ]
    assert all(instances == pictures for instances, pictures in counts)
    assert sum(instances for instances, _ in counts) == 4


def test_what_does_not_fit_beside_the_instances_is_left_out(opened: Open) -> None:
    desk = opened(LEAFLET.format("size = 500000"), writer="capacity = 400000")
    [medium] = desk.make(IncludeNonDICOMObjects="FOR_PATIENT")
    assert beside(medium) == set()
    assert desk.left_out() == [
        {"what": "leaflet", "why": "it does not fit on the medium beside the instances"}
    ]


# --- what bundlers do ------------------------------------------------------------------------------------


def test_a_bundler_that_is_unfit_ends_the_request(opened: Open) -> None:
    desk = opened(LEAFLET.format('unfit = "VIEWER.EXE has not the checksum"'))
    assert desk.make(wanted=("FAILURE", "PROC_FAILURE"), IncludeNonDICOMObjects="FOR_PATIENT") == []
    assert desk.message == "bundler leaflet: VIEWER.EXE has not the checksum"
    assert len(desk.make()) == 1


def test_a_bundler_that_is_unfit_is_left_out_where_the_settings_say_so(opened: Open) -> None:
    desk = opened('[bundles]\nunfit = "leave-out"\n' + LEAFLET.format('unfit = "gone"'))
    [medium] = desk.make(IncludeNonDICOMObjects="FOR_PATIENT")
    assert beside(medium) == set()
    assert desk.left_out() == [{"what": "leaflet", "why": "bundler leaflet: gone"}]


def test_leaving_one_out_leaves_the_others(opened: Open) -> None:
    text = '[bundles]\nunfit = "leave-out"\n' + LEAFLET.format('unfit = "gone"')
    desk = opened(text + '[bundlers.other]\ndriver = "leaflet"\nfolder = "OTHER"\n')
    [medium] = desk.make(IncludeNonDICOMObjects="FOR_PATIENT")
    assert beside(medium) == {"OTHER"}
    assert [left["what"] for left in desk.left_out()] == ["leaflet"]


def test_two_bundlers_with_one_name_are_told_apart(opened: Open) -> None:
    desk = opened(LEAFLET.format("") + '[bundlers.other]\ndriver = "leaflet"\n')
    assert desk.make(wanted=("FAILURE", "PROC_FAILURE"), IncludeNonDICOMObjects="FOR_PATIENT") == []
    assert desk.message == "bundlers leaflet and other: both have a file LEAFLET/TEXT.TXT"


def test_an_empty_file_of_an_application_stands_there(opened: Open, tmp_path: Path) -> None:
    application(tmp_path / "house", "EMPTY.TXT")
    desk = opened('[bundlers.house]\ndriver = "folder"\npath = "house"\n', plugins=', "bundler-folder"')
    [medium] = desk.make(IncludeDisplayApplication="YES")
    assert (medium / "HOUSE" / "EMPTY.TXT").read_bytes() == b""


def test_pieces_of_instances_stand_on_the_medium(opened: Open) -> None:
    desk = opened(LEAFLET.format("pieces = true"))
    for _ in range(2):  # the second time they are kept
        [medium] = desk.make(IncludeNonDICOMObjects="FOR_PATIENT")
        said = {path.read_text() for path in (medium / "LEAFLET").glob("P*.TXT")}
        assert said == {f"<{one.SOPInstanceUID}>" for one in desk.slices}
    kept = list((desk.burnish.data / "spool").rglob("*.pieces*"))
    assert len(kept) == len(desk.slices)


def test_a_renderer_that_crashes_costs_its_pieces_alone(opened: Open) -> None:
    desk = opened(LEAFLET.format("pieces = true\ncrash = true"))
    [medium] = desk.make(IncludeNonDICOMObjects="FOR_PATIENT")
    assert {path.name for path in (medium / "LEAFLET").iterdir()} == {"TEXT.TXT"}


def test_pieces_go_with_their_instance(opened: Open) -> None:
    desk = opened(LEAFLET.format("pieces = true") + '[retention]\ninstances_after_success = "0s"\n')
    desk.make(IncludeNonDICOMObjects="FOR_PATIENT")
    spool = desk.burnish.data / "spool"
    eventually(lambda: [path for path in spool.rglob("*") if path.is_file()])


def test_a_backup_has_what_its_plans_need(opened: Open, tmp_path: Path) -> None:
    """A plan that waits for a station takes pieces and programs along."""
    application(tmp_path / "house")
    text = LEAFLET.format("pieces = true") + '[bundlers.house]\ndriver = "folder"\npath = "house"\n'
    desk = opened(text, plugins=', "bundler-scripted", "bundler-folder"')
    code, _, said = burnish("stations", "drain", "shelf", "--config", desk.burnish.config)
    assert code == 0, said
    uid = str(generate_uid())
    asked = {"IncludeNonDICOMObjects": "FOR_PATIENT", "IncludeDisplayApplication": "YES"}
    assert desk.scu.create(request(desk.slices, **asked), uid) == 0
    assert desk.scu.initiate(uid) == 0
    eventually(lambda: not rows(desk.burnish, "SELECT * FROM volumes"))
    code, _, said = burnish("backup", tmp_path / "copy", "--config", desk.burnish.config)
    assert code == 0, said
    kept = {path.suffix.rstrip("0123456789") for path in (tmp_path / "copy" / "spool").rglob("*.*")}
    assert kept == {".pieces", ".program"}


def test_a_program_that_was_tampered_with_stops_the_request(opened: Open, tmp_path: Path) -> None:
    """One byte, at the same length, also where a good copy is kept already."""
    application(tmp_path / "house")
    desk = opened('[bundlers.house]\ndriver = "folder"\npath = "house"\n', plugins=', "bundler-folder"')
    [medium] = desk.make(IncludeDisplayApplication="YES")
    program = tmp_path / "house" / "VIEWER.EXE"
    good = program.read_bytes()
    assert (medium / "HOUSE" / "VIEWER.EXE").read_bytes() == good
    assert "start <code>HOUSE/VIEWER.EXE</code>" in (medium / "INDEX.HTM").read_text()
    program.write_bytes(b"m" + good[1:])
    desk.make(wanted=("FAILURE", "PROC_FAILURE"), IncludeDisplayApplication="YES")
    assert desk.message == f"bundler house: {program} has not the checksum that its manifest says"
    program.unlink()
    desk.make(wanted=("FAILURE", "PROC_FAILURE"), IncludeDisplayApplication="YES")
    program.write_bytes(good)
    assert len(desk.make(IncludeDisplayApplication="YES")) == 1


def test_what_is_read_first_lies_first(opened: Open) -> None:
    desk = opened()
    desk.burnish.stop()
    text = desk.burnish.config.read_text().replace('form = "folder"\n', "")
    desk.burnish.config.write_text(text)
    desk.burnish.start()
    desk.scu = Scu(desk.burnish.port)
    desk.make(IncludeDisplayApplication="YES", IncludeNonDICOMObjects="FOR_PATIENT")
    [image] = desk.burnish.out.rglob("*.iso")
    listed = subprocess.run(["isoinfo", "-l", "-i", image], capture_output=True, text=True, check=True).stdout
    at: dict[str, int] = {}
    for line in listed.splitlines():
        if line.startswith("-"):
            extent, _, name = line.partition("[")[2].partition("]")
            at[name.strip().partition(";")[0].rstrip(".")] = int(extent.split()[0])
    names = ["DICOMDIR", "README.TXT", "INDEX.HTM", "TEXT.TXT", "IM000000", "IM000001"]
    assert sorted(names, key=at.__getitem__) == names


# --- rule sets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["NO", "FOR_PATIENT"])
def test_case_134_media_keep_to_ihe_pdi_with_and_without_web_content(opened: Open, term: str) -> None:
    desk = opened('[media]\nrules = ["ihe-pdi"]\n', plugins=', "bundler-web"')
    [medium] = desk.make(IncludeNonDICOMObjects=term)
    assert ("IHE_PDI" in root(medium)) == (term != "NO")
    assert "README.TXT" in root(medium)
    code, _, said = burnish("verify", medium, "--rules", "ihe-pdi")
    assert (code, said) == (0, "reading\n")
    label = json.loads(rows(desk.burnish, "SELECT label FROM volumes")[0]["label"])
    assert label["says"]["content"] == ("DICOM ONLY" if term == "NO" else "DICOM PLUS WEB")


@pytest.mark.parametrize("term", ["NO", "FOR_PATIENT"])
def test_case_135_media_keep_to_the_drg(opened: Open, term: str) -> None:
    desk = opened('[media]\nrules = ["drg"]\n', plugins=', "bundler-web"')
    [medium] = desk.make(IncludeNonDICOMObjects=term, IncludeDisplayApplication="YES")
    code, out, said = burnish("verify", medium, "--rules", "drg")
    assert code == 0, out + said
    if term != "NO":
        assert 'href="VIEWER/INDEX.HTM"' in (medium / "INDEX.HTM").read_text()
