"""Reading media of anybody's making, hostile ones too."""

import io
import struct
import subprocess
from pathlib import Path

import pycdlib
import pytest
from burnish.contracts import Contents
from burnish.errors import UnreadableMedium
from burnish.recipe import Entry, Literal, Tree
from burnish.testing.trees import FACTS, Shelf, image
from burnish_format_iso9660 import Bridge, Iso9660

ISO = Iso9660()
ROOT = 16 * 2048 + 156


@pytest.fixture
def volume() -> bytearray:
    entries = tuple(Entry(path, (Literal(b"x" * 3000),)) for path in (("DICOMDIR",), ("DICOM", "IM000001")))
    return bytearray(image(ISO.lay_out(Tree(entries), FACTS), Shelf({})))


def read(volume: bytes | bytearray) -> Contents:
    return ISO.read(io.BytesIO(bytes(volume)))


def record(volume: bytearray, name: bytes) -> int:
    """Where a directory record begins."""
    return volume.index(bytes([len(name)]) + name, 20 * 2048) - 32


def both(volume: bytearray, at: int, value: int) -> None:
    struct.pack_into("<I", volume, at, value)
    struct.pack_into(">I", volume, at + 4, value)


def test_a_folder_that_holds_itself_is_refused(volume: bytearray) -> None:
    root = struct.unpack_from("<I", volume, ROOT + 2)[0]
    both(volume, record(volume, b"DICOM") + 2, root)
    with pytest.raises(UnreadableMedium, match="/DICOM leads back"):
        read(volume)


@pytest.mark.parametrize(("field", "value"), [(2, 0xFFFFFF), (10, 0xFFFFFFFF), (2, 0xFFFFFFFF)])
def test_a_folder_beyond_the_end_is_refused(volume: bytearray, field: int, value: int) -> None:
    both(volume, record(volume, b"DICOM") + field, value)
    with pytest.raises(UnreadableMedium, match="/DICOM says"):
        read(volume)


def test_a_root_that_is_no_folder_is_refused(volume: bytearray) -> None:
    volume[ROOT + 25] = 0
    with pytest.raises(UnreadableMedium, match="root"):
        read(volume)


@pytest.mark.parametrize("length", [1, 33])
def test_a_record_of_impossible_length_is_refused(volume: bytearray, length: int) -> None:
    volume[record(volume, b"DICOMDIR.;1")] = length
    with pytest.raises(UnreadableMedium):
        read(volume)


@pytest.mark.parametrize("length", [0, 200])
def test_a_name_that_does_not_fit_is_refused(volume: bytearray, length: int) -> None:
    volume[record(volume, b"DICOMDIR.;1") + 32] = length
    with pytest.raises(UnreadableMedium):
        read(volume)


@pytest.mark.parametrize(
    "name", [b"../../AA.;1", b"/ETC/PWD.;1", b"..;11111111", b"AAAA\0AAA.;1", b"AAAA\\AAA.;1"]
)
def test_a_name_that_leaves_its_folder_is_refused(volume: bytearray, name: bytes) -> None:
    at = record(volume, b"DICOMDIR.;1") + 33
    volume[at : at + 11] = name
    with pytest.raises(UnreadableMedium, match="no name of a file"):
        read(volume)


@pytest.mark.parametrize(
    ("offset", "value", "finding"),
    [
        (1, 1, "/DICOMDIR has an extended attribute record"),
        (25, 0x01, "/DICOMDIR is hidden (File Flags bit 0)"),
        (25, 0x08, "/DICOMDIR has a record format (File Flags bit 3)"),
        (25, 0x10, "/DICOMDIR has owners and permissions (File Flags bit 4)"),
        (26, 1, "/DICOMDIR is interleaved"),
        (2, 99, "/DICOMDIR differs between the two byte orders of its record"),
        (43, ord("2"), "/DICOMDIR has version '2', not 1"),
        (41, ord("X"), "/DICOMDIRX is not a file name of Level 1"),
        (33, ord("d"), "/dICOMDIR is not a file name of Level 1"),
    ],
)
def test_a_broken_rule_is_a_finding(volume: bytearray, offset: int, value: int, finding: str) -> None:
    volume[record(volume, b"DICOMDIR.;1") + offset] = value
    assert finding in read(volume).findings


def test_an_associated_file_is_no_file(volume: bytearray) -> None:
    volume[record(volume, b"DICOMDIR.;1") + 25] = 4
    contents = read(volume)
    assert [file.path for file in contents.files] == [("DICOM", "IM000001")]
    assert contents.findings == ("/DICOMDIR is an associated file (File Flags bit 2)",)


def test_a_file_beyond_the_end_is_a_finding(volume: bytearray) -> None:
    both(volume, record(volume, b"DICOMDIR.;1") + 10, 0xFFFFFFFF)
    assert "/DICOMDIR ends at byte" in read(volume).findings[0]


def test_a_medium_cut_short_is_a_finding(volume: bytearray) -> None:
    findings = read(volume[:-2048]).findings
    assert findings[0] == f"the volume says {len(volume)} bytes and the medium has {len(volume) - 2048}"


def test_padding_after_the_image_is_no_finding(volume: bytearray) -> None:
    assert read(volume + bytes(300 * 1024)) == read(volume)


def test_findings_have_an_end() -> None:
    entries = tuple(Entry((f"IM{n:06d}",), (Literal(b"x"),)) for n in range(300))
    hurt = image(ISO.lay_out(Tree(entries), FACTS), Shelf({})).replace(b".;1", b".;2")
    findings = read(hurt).findings
    assert len(findings) == 201
    assert findings[-1].startswith("there are more than 200")


def test_a_foreign_identifier_is_a_finding(volume: bytearray) -> None:
    volume[16 * 2048 + 40 : 16 * 2048 + 45] = b"my cd"
    assert "volume identifier 'my cdET' is not 0 to 16 of A-Z 0-9 _" in read(volume).findings


@pytest.mark.parametrize("at", [190, 574])
def test_only_our_media_have_a_token(volume: bytearray, at: int) -> None:
    assert read(volume).token == FACTS.token
    volume[16 * 2048 + at] = ord("X")
    assert read(volume).token == ""


def test_folders_that_overlap_are_not_read_for_ever() -> None:
    # 2 000 folders of 4 MiB each would be 8 GB of directory on a medium of a few MB
    entries = [Entry((f"D{n:07d}", "A"), (Literal(b""),)) for n in range(2000)]
    volume = bytearray(
        image(ISO.lay_out(Tree((*entries, Entry(("BIG",), (Literal(bytes(8 << 20)),)))), FACTS), Shelf({}))
    )
    for n in range(2000):
        both(volume, record(volume, b"D%07d" % n) + 10, 4 << 20)
    with pytest.raises(UnreadableMedium, match="more than the medium can hold"):
        read(volume)


def several(*names: bytes, flagged: int) -> bytearray:
    """A volume whose files got these names, the first `flagged` of them to be continued."""
    entries = [Entry((f"IM{n}",), (Literal(bytes([65 + n]) * 3000),)) for n in range(len(names))]
    volume = bytearray(image(ISO.lay_out(Tree(tuple(entries)), FACTS), Shelf({})))
    for n, name in enumerate(names):
        at = record(volume, b"IM%d.;1" % n)
        volume[at + 33 : at + 33 + len(name)] = name
        volume[at + 25] |= 0x80 if n < flagged else 0
    return volume


def test_a_file_of_several_extents_is_joined() -> None:
    volume = several(b"IM0.;1", b"IM0.;1", b"IM0.;1", b"IM3.;1", flagged=2)
    first, second = read(volume).files
    assert (
        b"".join(volume[at : at + size] for at, size in first.extents)
        == b"A" * 3000 + b"B" * 3000 + b"C" * 3000
    )
    assert (second.path, second.size) == (("IM3",), 3000)


@pytest.mark.parametrize("names", [(b"IM0.;1", b"IM1.;1"), (b"IM0.;1",)])
def test_a_file_that_breaks_off_between_extents_is_refused(names: tuple[bytes, ...]) -> None:
    with pytest.raises(UnreadableMedium, match="breaks off"):
        read(several(*names, flagged=1))


@pytest.mark.judge("xorriso")
@pytest.mark.parametrize("options", [[], ["-J"], ["-R"], ["-J", "-R"]])
def test_other_authors_media_are_read(tmp_path: Path, options: list[str]) -> None:
    folder = tmp_path / "in"
    (folder / "DICOM").mkdir(parents=True)
    (folder / "DICOMDIR").write_bytes(b"directory")
    (folder / "DICOM" / "IM000001").write_bytes(b"pixels" * 1000)
    made = tmp_path / "made.iso"
    command = ["xorriso", "-as", "mkisofs", "-V", "OTHER", *options, "-o", str(made), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    data = made.read_bytes()
    contents = read(data)
    found = {file.path: data[file.extents[0][0] :][: file.size] for file in contents.files}
    assert found == {("DICOMDIR",): b"directory", ("DICOM", "IM000001"): b"pixels" * 1000}
    assert (contents.identifier, contents.token) == ("OTHER", "")


@pytest.mark.judge("genisoimage")
@pytest.mark.parametrize("options", [["-udf"], ["-udf", "-J"], ["-udf", "-J", "-r"]])
def test_other_authors_bridges_agree_with_themselves(tmp_path: Path, options: list[str]) -> None:
    folder, made = tmp_path / "in", tmp_path / "made.iso"
    (folder / "DICOM").mkdir(parents=True)
    (folder / "DICOMDIR").write_bytes(b"directory")
    (folder / "EMPTY").write_bytes(b"")
    (folder / "DICOM" / "a name of its own.txt").write_bytes(b"text" * 1000)
    command = ["genisoimage", "-quiet", "-V", "OTHER", *options, "-o", str(made), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    with made.open("rb") as medium:
        contents = Bridge().read(medium)
    assert not contents.findings
    assert {file.size for file in contents.files} == {0, 9, 4000}
    hurt = bytearray(made.read_bytes())
    at = record(hurt, b"DICOMDIR.;1")
    both(hurt, at + 2, struct.unpack_from("<I", hurt, at + 2)[0] + 1)
    told = Bridge().read(io.BytesIO(bytes(hurt))).findings
    assert "/DICOMDIR has data that no file of the UDF tree has" in told


def test_a_bridge_of_pycdlib_agrees_with_itself() -> None:
    volume, target = pycdlib.PyCdlib(), io.BytesIO()
    volume.new(interchange_level=3, joliet=3, udf="2.60", vol_ident="OTHER")
    volume.add_directory("/DICOM", joliet_path="/DICOM", udf_path="/DICOM")
    for path, data in (("/DICOMDIR", b"a" * 5000), ("/DICOM/IM000001", b"b"), ("/EMPTY", b"")):
        volume.add_fp(io.BytesIO(data), len(data), f"{path}.;1", joliet_path=path, udf_path=path)
    volume.write_fp(target)
    contents = Bridge().read(target)
    assert not contents.findings
    assert {file.size for file in contents.files} == {5000, 1, 0}
