"""The `burnish` command as people use it: what it prints, where, and the code it exits with."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG2MPML

from tests.commands import Commands, Told, commands
from tests.lab import Installation, Scu, body, ct, mr, serving

_BARE = {name: value for name, value in os.environ.items() if not name.startswith("BURNISH_")}
"""The environment without a configuration."""


@pytest.fixture(scope="module", autouse=True)
def _forked() -> Iterator[None]:
    with commands() as running:
        _running.append(running)
        yield
        _running.clear()


_running: list[Commands] = []


def burnish(*arguments: str | Path, folder: Path, **variables: str) -> Told:
    """Run the command in a folder, with no configuration but what is said."""
    told = _running[0].run([str(argument) for argument in arguments], folder, {**_BARE, **variables})
    assert "Traceback" not in told.err, told.err
    return told


def installed(*arguments: str, folder: Path) -> Told:
    """The same, by the program that is installed."""
    program = Path(sys.executable).with_name("burnish")
    done = subprocess.run(
        [program, *arguments], cwd=folder, env=_BARE, check=False, capture_output=True, text=True, timeout=120
    )
    return Told(done.returncode, done.stdout, done.stderr)


def as_video(ds: Dataset) -> Dataset:
    """The same instance as MPEG2, which nothing is made of that STD-GEN-CD takes."""
    ds.file_meta.TransferSyntaxUID = MPEG2MPML
    ds.PixelData = encapsulate([b"\0\0\1\xb3" + bytes(60)])
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    return ds


def save(folder: Path, *data_sets: Dataset, prefix: str = "") -> list[Path]:
    """Files of these, below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, ds in enumerate(data_sets):
        paths.append(folder / f"{prefix}{number:03}.dcm")
        ds.save_as(paths[-1], enforce_file_format=True)
    return paths


# --- calls -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    ["", "demo", "serve", "init", "compose", "verify", "plugins", "config", "config check", "scu make"],
)
def test_help(command: str, tmp_path: Path) -> None:
    told = burnish(*command.split(), "--help", folder=tmp_path)
    assert told.code == 0
    assert told.out.startswith(f"Usage: burnish {command}".rstrip())
    assert told.err == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["bake"], "bake"),
        (["compose"], "paths"),
        (["compose", "x"], "--out"),
        (["verify"], "medium"),
        (["demo", "--copies", "0"], "--copies"),
        (["demo", "--copies", "two"], "--copies"),
        (["config", "mend"], "mend"),
        (["scu", "store", "x"], "--to"),
        (["scu", "make", "x", "--to", "nobody"], "try 'BURNISH@127.0.0.1:11112'"),
        (["scu", "echo", "--to", "A@host:x"], "AE@HOST:PORT"),
        (["demo", "--from", "none"], "none does not exist"),
        (["compose", "none", "--out", "d.iso"], "none does not exist"),
        (["serve", "--config", "none.toml"], "none.toml"),
        (["config", "check", "none.toml"], "none.toml"),
        (["plugins", "--config", "none.toml"], "none.toml"),
    ],
)
def test_a_wrong_call(arguments: Sequence[str], named: str, tmp_path: Path) -> None:
    """Exit 2, stderr names what to change, stdout stays empty and nothing is left behind."""
    told = burnish(*arguments, folder=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert named in told.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--help"], ["config", "show"], ["bake"], ["verify", "none"]])
def test_the_installed_program_says_the_same(arguments: list[str], tmp_path: Path) -> None:
    assert installed(*arguments, folder=tmp_path) == burnish(*arguments, folder=tmp_path)


# --- the configuration -------------------------------------------------------------------------------------


def test_init_then_check(tmp_path: Path) -> None:
    assert burnish("init", folder=tmp_path) == Told(0, "wrote burnish.toml\n", "")
    assert burnish("config", "check", folder=tmp_path) == Told(0, "ok\n", "")
    before = (tmp_path / "burnish.toml").read_text()
    again = burnish("init", folder=tmp_path)
    assert (again.code, again.out) == (2, "")
    assert again.err == "burnish: burnish.toml exists; remove it first, or name another file\n"
    assert (tmp_path / "burnish.toml").read_text() == before
    assert burnish("init", "site.toml", folder=tmp_path).code == 0
    assert burnish("config", "check", "site.toml", folder=tmp_path).out == "ok\n"


def test_init_where_nothing_can_be_written(tmp_path: Path) -> None:
    told = burnish("init", "no/where.toml", folder=tmp_path)
    assert (told.code, told.err) == (2, "burnish: no/where.toml: No such file or directory\n")


def test_check_tells_every_fault(tmp_path: Path) -> None:
    (tmp_path / "burnish.toml").write_text("[server]\nport = 'x'\n[queue]\nlenght = 1\n")
    told = burnish("config", "check", folder=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert [line.split(": ")[:3] for line in told.err.splitlines()] == [
        ["burnish", "burnish.toml:2", "server.port"],
        ["burnish", "burnish.toml:4", "queue.lenght"],
    ]


def test_show_says_what_is_in_force(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("[server]\nport = 104\nae_title = 'SITE'\n")
    told = burnish("config", "show", "--config", "site.toml", folder=tmp_path, BURNISH_SERVER__PORT="0")
    assert told.code == 0
    assert (told.json["server"]["port"], told.json["server"]["ae_title"]) == (0, "SITE")
    assert told.json["queue"]["cancel_wait"] == "10s"
    named = burnish("config", "show", folder=tmp_path, BURNISH_CONFIG="site.toml")
    assert named.json["server"]["port"] == 104


def test_the_schema_names_every_table(tmp_path: Path) -> None:
    told = burnish("config", "schema", folder=tmp_path)
    shown = burnish("config", "show", folder=tmp_path)
    assert told.json["properties"].keys() == shown.json.keys()


def test_plugins(tmp_path: Path) -> None:
    told = burnish("plugins", "--json", folder=tmp_path)
    found = {plugin["name"]: plugin for plugin in told.json}
    assert found["writer-file"]["offers"] == ["writer file"]
    assert "profile STD-GEN-CD" in found["profiles"]["offers"]
    assert found["writer-scripted"]["offers"] == []
    (tmp_path / "burnish.toml").write_text('plugins = ["profiles"]\n[writers]\n')
    text = burnish("plugins", folder=tmp_path).out
    assert re.search(r"(?m)^writer-file .*: not loaded$", text)


# --- compose and verify ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three CT and two MR, and a text."""
    folder = tmp_path_factory.mktemp("study")
    save(folder / "ct", *ct(3))
    save(folder / "mr", *mr(2))
    (folder / "notes.txt").write_text("nothing of DICOM's")
    return folder


@pytest.fixture(scope="module")
def image(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of the study."""
    folder = tmp_path_factory.mktemp("image")
    assert burnish("compose", study, "--out", "disc.iso", folder=folder).code == 0
    return folder / "disc.iso"


def test_compose_tells_what_it_made_and_left_out(study: Path, tmp_path: Path) -> None:
    told = burnish("compose", study, "--out", "disc.iso", folder=tmp_path)
    assert told.code == 0
    length = (tmp_path / "disc.iso").stat().st_size
    assert told.out == f"disc.iso: STD-GEN-CD, 5 of 6 files, 2 patients, {length} bytes, proven\n"
    assert f"left out {study / 'notes.txt'}: " in told.err
    assert [path.name for path in tmp_path.iterdir()] == ["disc.iso"]


def test_compose_as_json(study: Path, tmp_path: Path) -> None:
    """One document, as it is promised."""
    told = burnish("compose", study, "--out", "d.iso", "--file-set-id", "ward 7", "--json", folder=tmp_path)
    document = told.json
    assert document.keys() == {"image", "volumes", "files"}
    assert document["image"] == "d.iso"
    [volume] = document["volumes"]
    assert (volume["file_set_id"], volume["profile"]) == ("WARD_7", "STD-GEN-CD")
    assert volume["length"] == (tmp_path / "d.iso").stat().st_size
    keys = ("path", "uid", "in", "file_id", "reason", "notes")
    assert {tuple(file) for file in document["files"]} == {keys}
    fates = {Path(file["path"]).relative_to(study).as_posix(): file for file in document["files"]}
    assert fates["notes.txt"]["in"] is None
    assert fates["notes.txt"]["reason"]
    placed = fates["ct/000.dcm"]
    assert (placed["in"], placed["reason"]) == (1, None)
    assert placed["uid"] == dcmread(study / "ct/000.dcm").SOPInstanceUID
    assert placed["file_id"] == "DICOM/PT000000/ST000000/SE000000/IM000000"


def test_compose_explains(study: Path, tmp_path: Path) -> None:
    told = burnish("compose", study, "--out", "d.iso", "--explain", folder=tmp_path)
    lines = told.out.splitlines()
    assert len(lines) == 7
    assert f"{study / 'mr/001.dcm'}  DICOM/PT000001/ST000000/SE000000/IM000001" in lines
    assert any(line.startswith(f"{study / 'notes.txt'}  left out: ") for line in lines)


def test_compose_takes_what_it_can_and_says_why_not(tmp_path: Path) -> None:
    """A folder as people keep them: each file is on the medium, or named with its reason."""
    source = tmp_path / "in"
    save(source, *ct(6))
    files = [source / f"{number:03}.dcm" for number in range(6)]
    data = [path.read_bytes() for path in files]
    files[0].write_bytes(data[0][132:])  # no preamble, no prefix
    files[1].write_bytes(data[1][:-400])
    files[2].write_bytes(data[2].replace(b"\x28\0\x10\0US\2\0\x80\0", b"\x28\0\x10\0US\2\0\x81\0"))
    (source / "again.dcm").write_bytes(data[3])
    (source / "scan.nii.gz").write_bytes(b"\x1f\x8b" + bytes(400))
    told = burnish("compose", "in", "--out", "d.iso", "--json", folder=tmp_path)
    fates = {Path(file["path"]).name: file for file in told.json["files"]}
    assert {name: fate["notes"] for name, fate in fates.items() if fate["in"]} == {
        "000.dcm": ["has no preamble"],
        "003.dcm": [],
        "004.dcm": [],
        "005.dcm": [],
    }
    wanted, there = 129 * 128 * 2, 128 * 128 * 2
    assert {name: fate["reason"] for name, fate in fates.items() if not fate["in"]} == {
        "001.dcm": "its data set ends within (7FE0,0010), of which 262 bytes are missing",
        "002.dcm": f"its Pixel Data has {there} bytes, and its attributes speak of {wanted}",
        "again.dcm": "the same instance as in/003.dcm",
        "scan.nii.gz": "it is no DICOM file: it begins like a gzip archive",
    }
    explained = burnish("compose", "in", "--out", "e.iso", "--explain", folder=tmp_path).out.splitlines()
    assert "in/000.dcm  DICOM/PT000000/ST000000/SE000000/IM000000  (has no preamble)" in explained


def test_compose_a_tree(study: Path, tmp_path: Path) -> None:
    told = burnish("compose", study, "--out", "disc", "--tree", "--json", folder=tmp_path)
    for file in told.json["files"]:
        if file["in"]:
            placed = dcmread(tmp_path / "disc" / file["file_id"])
            source = dcmread(file["path"])
            assert placed.PixelData == source.PixelData
            assert placed.SOPInstanceUID == source.SOPInstanceUID
    assert (tmp_path / "disc" / "DICOMDIR").exists()
    assert burnish("verify", "disc", folder=tmp_path).code == 0


def test_the_same_files_give_the_same_image(study: Path, tmp_path: Path) -> None:
    for name in ("one.iso", "two.iso"):
        told = burnish("compose", study, "--out", name, folder=tmp_path, SOURCE_DATE_EPOCH="1700000000")
        assert told.code == 0
    assert (tmp_path / "one.iso").read_bytes() == (tmp_path / "two.iso").read_bytes()


def test_a_time_that_is_none(study: Path, tmp_path: Path) -> None:
    told = burnish("compose", study, "--out", "d.iso", folder=tmp_path, SOURCE_DATE_EPOCH="yesterday")
    assert told.code == 2
    assert "SOURCE_DATE_EPOCH" in told.err


@pytest.mark.parametrize("tree", [[], ["--tree"]])
def test_what_exists_is_left_alone(study: Path, tmp_path: Path, tree: list[str]) -> None:
    (tmp_path / "disc.iso").write_text("mine")
    told = burnish("compose", study, "--out", "disc.iso", *tree, folder=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert told.err == "burnish: disc.iso exists; remove it first, or name another place\n"
    assert (tmp_path / "disc.iso").read_text() == "mine"


def test_the_largest_group_that_agrees_stays(tmp_path: Path) -> None:
    """One Patient ID, three of one birth date and two of another: the two are left out and named."""
    agreeing = ct(3, PatientID="P1", PatientName="A^B", PatientBirthDate="19700101")
    others = ct(2, PatientID="P1", PatientName="A^B", PatientBirthDate="19710101")
    save(tmp_path / "in", *others, prefix="a")
    save(tmp_path / "in", *agreeing, prefix="b")
    told = burnish("compose", "in", "--out", "d.iso", "--json", folder=tmp_path)
    assert told.code == 0
    fates = {Path(file["path"]).name: file for file in told.json["files"]}
    assert {name: file["in"] for name, file in fates.items()} == {
        "a000.dcm": None,
        "a001.dcm": None,
        "b000.dcm": 1,
        "b001.dcm": 1,
        "b002.dcm": 1,
    }
    assert "Patient's Birth Date" in fates["a000.dcm"]["reason"]
    assert "1971" not in told.out


def test_the_first_file_of_a_uid_is_used(tmp_path: Path) -> None:
    [ds] = ct(1)
    first = save(tmp_path / "in", ds, prefix="a")
    ds.PatientComments = "another"
    save(tmp_path / "in", ds, prefix="b")
    told = burnish("compose", "in", "--out", "d.iso", "--json", folder=tmp_path)
    [used, left] = told.json["files"]
    assert (used["in"], used["path"]) == (1, "in/a000.dcm")
    assert left["in"] is None
    assert str(first[0].relative_to(tmp_path)) in left["reason"]


def test_what_does_not_fit_the_profile_is_left_out(tmp_path: Path) -> None:
    moving, plain = ct(2)
    save(tmp_path / "in", as_video(moving), plain)
    told = burnish("compose", "in", "--out", "d.iso", "--json", folder=tmp_path)
    [left, used] = told.json["files"]
    assert (told.code, left["in"], used["in"]) == (0, None, 1)
    assert left["reason"]


def test_nothing_fits(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x").write_text("no DICOM")
    told = burnish("compose", "in", "--out", "d.iso", "--json", folder=tmp_path)
    assert told.code == 1
    assert told.json["image"] is None
    assert told.json["volumes"] == []
    assert not (tmp_path / "d.iso").exists()
    assert "nothing was made" in burnish("compose", "in", "--out", "d.iso", folder=tmp_path).err


def test_compose_to_a_profile_that_is_not_there(tmp_path: Path) -> None:
    save(tmp_path / "in", *ct(1))
    told = burnish("compose", "in", "--out", "d.iso", "--profile", "STD-GEN", folder=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("burnish: no profile 'STD-GEN'; of 82 that are loaded: STD-GEN-")
    assert "STD-GEN-CD" in told.err
    assert not (tmp_path / "d.iso").exists()


def test_verify_sound(image: Path, tmp_path: Path) -> None:
    told = burnish("verify", image, folder=tmp_path)
    assert (told.code, told.err) == (0, "reading\n")
    assert told.out.startswith(f"{image}: iso9660 volume ")
    assert told.out.endswith(", 5 instances of 2 patients, sound\n")
    document = burnish("verify", image, "--json", "--profile", "STD-GEN-CD", folder=tmp_path).json
    assert (document["sound"], document["findings"], len(document["instances"])) == (True, [], 5)


def test_verify_findings(image: Path, study: Path, tmp_path: Path) -> None:
    """One byte of a UID changes: exit 1, and the file is named."""
    data = bytearray(image.read_bytes())
    uid = str(dcmread(study / "ct/000.dcm").SOPInstanceUID).encode()
    at = data.rindex(uid) + len(uid) - 1
    data[at] = ord("1") if data[at] != ord("1") else ord("2")
    (tmp_path / "bad.iso").write_bytes(data)
    told = burnish("verify", "bad.iso", folder=tmp_path)
    assert told.code == 1
    assert "findings" in told.out
    assert "IM00000" in told.err
    document = burnish("verify", "bad.iso", "--json", folder=tmp_path)
    assert document.code == 1
    assert document.json["sound"] is False
    assert document.json["findings"][0].keys() == {"path", "clause", "text", "rule"}


@pytest.mark.parametrize("name", ["noise", "empty", "none"])
def test_verify_unreadable(name: str, tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 1000)
    (tmp_path / "empty").touch()
    told = burnish("verify", name, folder=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert name in told.err
    document = burnish("verify", name, "--json", folder=tmp_path)
    assert document.code == 2
    assert document.json["readable"] is False


def test_verify_with_a_profile_that_is_not_there(image: Path, tmp_path: Path) -> None:
    told = burnish("verify", image, "--profile", "STD-X", folder=tmp_path)
    assert told.code == 2
    assert "STD-GEN-CD" in told.err


# --- a server and the client -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all of them."""
    with serving(tmp_path_factory.mktemp("site")) as installation:
        yield installation


@pytest.fixture
def to(server: Installation) -> list[str]:
    """Where it is."""
    return ["--to", f"BURNISH@127.0.0.1:{server.port}"]


def test_scu_echo(to: list[str], tmp_path: Path) -> None:
    assert burnish("scu", "echo", *to, folder=tmp_path) == Told(0, "ok\n", "")


def test_scu_step_by_step(to: list[str], server: Installation, study: Path, tmp_path: Path) -> None:
    """Store, create, initiate, get, and a cancel that comes too late."""
    told = burnish("scu", "store", study / "ct", "--json", *to, folder=tmp_path)
    assert [(Path(one["path"]).name, one["stored"], one["reason"]) for one in told.json["files"]] == [
        (f"00{number}.dcm", True, "") for number in range(3)
    ]
    uid = "2.25.4711"
    create = ["scu", "create", study / "ct", "--uid", uid, "--set", "LabelText=Ward 7", *to]
    assert burnish(*create, folder=tmp_path).out == f"{uid}\n"
    twice = burnish(*create, folder=tmp_path)
    assert (twice.code, twice.out) == (1, "")
    assert "0111" in twice.err
    assert burnish("scu", "initiate", uid, "--copies", "2", *to, folder=tmp_path).out == "started\n"
    assert Scu(server.port, "BURNISHSCU").wait(uid) == ("DONE", "NORMAL", 2)
    document = burnish("scu", "get", uid, "--json", *to, folder=tmp_path).json
    assert document["ExecutionStatus"] == "DONE"
    label = burnish("scu", "get", uid, "--key", "LabelText", *to, folder=tmp_path)
    assert label.out == "LabelText: Ward 7\n"
    late = burnish("scu", "cancel", uid, *to, folder=tmp_path)
    assert late.code == 1
    assert "C201" in late.err


def test_scu_cancel(to: list[str], study: Path, tmp_path: Path) -> None:
    uid = burnish("scu", "create", study / "ct", *to, folder=tmp_path).out.strip()
    assert burnish("scu", "cancel", uid, *to, folder=tmp_path) == Told(0, "cancelled\n", "")
    gone = burnish("scu", "get", uid, *to, folder=tmp_path)
    assert gone.code == 1
    assert "0112" in gone.err


def test_scu_make(to: list[str], server: Installation, study: Path, tmp_path: Path) -> None:
    before = set(server.out.rglob("*.iso"))
    told = burnish("scu", "make", study, "--profile", "STD-GEN-CD", "--json", *to, folder=tmp_path)
    assert told.code == 0
    assert (told.json["ExecutionStatus"], told.json["TotalNumberOfPiecesOfMediaCreated"]) == ("DONE", 1)
    assert f"not stored {study / 'notes.txt'}: " in told.err
    [made] = set(server.out.rglob("*.iso")) - before
    document = burnish("verify", made, "--json", folder=tmp_path).json
    assert len(document["instances"]) == 5
    source = dcmread(study / "ct/000.dcm")
    sizes = {one["sop_instance"]: one["length"] for one in document["instances"]}
    assert sizes[source.SOPInstanceUID] == len(body(source))


def test_scu_make_that_fails(to: list[str], study: Path, tmp_path: Path) -> None:
    told = burnish("scu", "make", study / "ct", "--profile", "STD-NONE", *to, folder=tmp_path)
    assert told.code == 1
    assert "FAILURE" in told.out
    assert "0204" in told.out


def test_scu_and_nobody_there(tmp_path: Path) -> None:
    told = burnish("scu", "echo", "--to", "BURNISH@127.0.0.1:1", folder=tmp_path)
    assert (told.code, told.out) == (1, "")
    assert "BURNISH@127.0.0.1:1" in told.err


def test_scu_and_another_ae(server: Installation, tmp_path: Path) -> None:
    told = burnish("scu", "echo", "--to", f"OTHER@127.0.0.1:{server.port}", folder=tmp_path)
    assert told.code == 1
    assert "rejected the association" in told.err


def test_scu_set_without_a_value(to: list[str], study: Path, tmp_path: Path) -> None:
    told = burnish("scu", "create", study / "ct", "--set", "LabelText", *to, folder=tmp_path)
    assert told.code == 2
    assert "KEYWORD=VALUE" in told.err
    unknown = burnish("scu", "create", study / "ct", "--set", "LabelTxet=x", *to, folder=tmp_path)
    assert unknown.code == 2
    assert "LabelTxet" in unknown.err
    wrong = burnish("scu", "get", "1.2.3", "--key", "LabelTxet", *to, folder=tmp_path)
    assert wrong.code == 2
    assert "LabelTxet" in wrong.err


def test_serve_where_another_serves(server: Installation, tmp_path: Path) -> None:
    """The port is taken: exit 2, the keys are named."""
    (tmp_path / "burnish.toml").write_text(f"[server]\nport = {server.port}\n")
    told = burnish("serve", folder=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert "server.port" in told.err
    assert str(server.port) in told.err


def test_serve_with_a_fault(tmp_path: Path) -> None:
    (tmp_path / "burnish.toml").write_text("[writers.shelf]\ndriver = 'tape'\n")
    told = burnish("serve", folder=tmp_path)
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("burnish: burnish.toml:2: writers.shelf.driver: ")
    assert [path.name for path in tmp_path.iterdir()] == ["burnish.toml"]


def test_demo(tmp_path: Path) -> None:
    """Two made people, one medium each; it can be run again beside itself."""
    told = burnish("demo", folder=tmp_path)
    assert told.code == 0
    assert "2 of 2 pieces proven" in told.out
    images = [Path(line.split()[1]) for line in told.out.splitlines() if line.startswith("proven ")]
    assert len(images) == 2
    for path in images:
        assert burnish("verify", path, folder=tmp_path).code == 0
    again = burnish("demo", folder=tmp_path)
    assert (again.code, "2 of 2 pieces proven" in again.out) == (0, True)


def test_demo_of_given_files(tmp_path: Path) -> None:
    """What Failed SOP Sequence names is dropped, said, and the rest asked for again."""
    moving, plain = ct(2)
    save(tmp_path / "in", as_video(moving), plain)
    told = burnish("demo", "--from", "in", "--out", "o", "--copies", "2", folder=tmp_path)
    assert told.code == 0
    assert "left out in/000.dcm: profile compression conflict (0203)" in told.err
    assert "2 of 2 pieces proven" in told.out


def test_demo_where_a_medium_does_not_hold_a_patient(tmp_path: Path) -> None:
    """Two volumes of seven slices, on discs that hold three or four; two copies of each."""
    save(tmp_path / "in", *ct(7))
    told = burnish(
        *("demo", "--from", "in", "--copies", "2"),
        folder=tmp_path,
        BURNISH_WRITERS__SHELF__CAPACITY=str(240 << 10),
    )
    assert told.code == 0, told.err
    assert "4 of 4 pieces proven" in told.out
    counts = [int(count) for count in re.findall(r"(\d+) instances, \d+ bytes", told.out)]
    assert sum(counts) == 14


def test_demo_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert burnish("demo", "--from", "in", folder=tmp_path).code == 1
