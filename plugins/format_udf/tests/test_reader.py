"""Reading volumes of anybody's making, hostile ones too."""

import io
import struct
import subprocess
from binascii import crc_hqx
from pathlib import Path

import pycdlib
import pytest
from burnish.contracts import Contents
from burnish.errors import UnreadableMedium
from burnish.recipe import Entry, Literal, Tree
from burnish.testing.trees import FACTS, Shelf, image
from burnish_format_udf import Udf, reader

BLOCK = 2048
REVISIONS = ("1.50", "2.50", "2.60")
START = 288
ROOT = START + 2
"""Block of the root's file entry in `plain`; its identifiers are embedded."""


def made(revision: str, files: int = 1) -> bytearray:
    paths = [("DICOMDIR",), *(("DICOM", f"IM{n:06d}") for n in range(files))]
    entries = tuple(Entry(path, (Literal(b"x" * 3000),)) for path in paths)
    return bytearray(image(Udf(revision).lay_out(Tree(entries), FACTS), Shelf({})))


@pytest.fixture
def plain() -> bytearray:
    return made("1.50")


@pytest.fixture
def doubled() -> bytearray:
    return made("2.60")


def read(volume: bytes | bytearray) -> Contents:
    return reader.read(io.BytesIO(bytes(volume)))


def sealed(volume: bytearray, at: int) -> None:
    """Make the tag at byte `at` right again."""
    length = struct.unpack_from("<H", volume, at + 10)[0]
    struct.pack_into("<H", volume, at + 8, crc_hqx(bytes(volume[at + 16 : at + 16 + length]), 0))
    volume[at + 4] = (sum(volume[at : at + 4]) + sum(volume[at + 5 : at + 16])) % 256


def listed(volume: bytearray, name: bytes) -> int:
    """Where the identifier of `name` in the root begins."""
    return volume.index(b"\x08" + name, START * BLOCK) - 38


def change(volume: bytearray, name: bytes, offset: int, value: bytes) -> None:
    """Change the root's identifier of `name`, with right tags."""
    at = listed(volume, name)
    volume[at + offset : at + offset + len(value)] = value
    sealed(volume, at)
    sealed(volume, ROOT * BLOCK)


def entry_of(volume: bytearray, name: bytes) -> int:
    """Where the file entry of `name` in the root begins."""
    return int(BLOCK * (START + struct.unpack_from("<I", volume, listed(volume, name) + 24)[0]))


def damage(volume: bytearray, block: int, blocks: int = 1) -> None:
    volume[block * BLOCK : (block + blocks) * BLOCK] = b"\xa5" * BLOCK * blocks


PATHS = {("DICOMDIR",), ("DICOM", "IM000000")}


def paths(contents: Contents) -> set[tuple[str, ...]]:
    return {file.path for file in contents.files}


@pytest.mark.parametrize("revision", ["1.50", "2.60"])
def test_the_last_anchor_will_do(revision: str) -> None:
    volume = made(revision)
    damage(volume, 256)
    contents = read(volume)
    assert paths(contents) == PATHS
    assert list(contents.findings) == ["the volume has one anchor only; two there must be"]


def test_padding_behind_the_volume_is_no_finding(plain: bytearray) -> None:
    assert read(plain + bytes(300 * 1024)) == read(plain)


@pytest.mark.parametrize("block", [32, 34, 35])
def test_the_reserve_is_read_where_the_main_descriptors_are_damaged(plain: bytearray, block: int) -> None:
    damage(plain, block)
    contents = read(plain)
    assert paths(contents) == PATHS
    assert "the reserve was read" in contents.findings[0]


def test_a_volume_without_descriptors_is_refused(plain: bytearray) -> None:
    damage(plain, 32, 16)
    plain[-32 * BLOCK : -BLOCK] = bytes(31 * BLOCK)
    with pytest.raises(UnreadableMedium):
        read(plain)


@pytest.mark.parametrize(("block", "blocks"), [(0, 1), (32, 1), (34, 1), (34, 6), (36, 1), (0, 64)])
def test_the_mirror_is_read_where_the_metadata_is_damaged(
    doubled: bytearray, block: int, blocks: int
) -> None:
    whole = read(doubled)
    damage(doubled, START + block, blocks)
    contents = read(doubled)
    assert contents.files == whole.files
    assert "mirror was read" in contents.findings[0]


def test_a_damaged_mirror_is_a_finding(doubled: bytearray) -> None:
    mirror = START + struct.unpack_from("<I", doubled, 34 * BLOCK + 192)[0] - 1
    damage(doubled, mirror)
    contents = read(doubled)
    assert paths(contents) == PATHS
    assert "the metadata mirror file is damaged" in contents.findings[0]


def test_a_folder_that_holds_itself_is_refused(plain: bytearray) -> None:
    change(plain, b"DICOM", 24, struct.pack("<I", ROOT - START))
    with pytest.raises(UnreadableMedium, match="/DICOM leads back"):
        read(plain)


@pytest.mark.parametrize("name", [b"../../AA", b"/ETC/PWD", b"A\0AAAAAA", b"AAA\\AAAA"])
def test_a_name_that_leaves_its_folder_is_refused(plain: bytearray, name: bytes) -> None:
    change(plain, b"DICOMDIR", 39, name)
    with pytest.raises(UnreadableMedium, match="no name of a file"):
        read(plain)


@pytest.mark.parametrize("name", [b"..", b".", b""])
def test_a_name_that_is_no_name_is_refused(plain: bytearray, name: bytes) -> None:
    at = listed(plain, b"DICOMDIR")
    change(plain, b"DICOMDIR", 36, bytes([0, 0, 8]) + name)
    plain[at + 19] = 1 + len(name)
    shorter = 38 + 1 + len(name)
    shorter += -shorter % 4
    rest = bytes(plain[at + 48 : (ROOT + 1) * BLOCK])
    plain[at + shorter : at + shorter + len(rest)] = rest
    struct.pack_into("<H", plain, at + 10, shorter - 16)
    sealed(plain, at)
    _shorten(plain, 48 - shorter)
    with pytest.raises(UnreadableMedium, match="no name of a file"):
        read(plain)


def _shorten(volume: bytearray, by: int) -> None:
    """Say that the root has fewer bytes."""
    at = ROOT * BLOCK
    for pattern, offset in (("<Q", 56), ("<I", 172)):
        value = struct.unpack_from(pattern, volume, at + offset)[0]
        struct.pack_into(pattern, volume, at + offset, value - by)
    sealed(volume, at)


@pytest.mark.parametrize(
    ("offset", "value", "finding"),
    [
        (18, b"\x01", "/DICOMDIR is hidden"),
        (18, b"\x02", "/DICOMDIR is a folder by its identifier or by its file entry, but not by both"),
    ],
)
def test_a_broken_rule_of_an_identifier_is_a_finding(
    plain: bytearray, offset: int, value: bytes, finding: str
) -> None:
    change(plain, b"DICOMDIR", offset, value)
    contents = read(plain)
    assert list(contents.findings) == [finding]
    assert paths(contents) == PATHS


@pytest.mark.parametrize(
    ("offset", "value", "finding"),
    [
        (44, bytes(4), "/DICOMDIR may not be read by everybody"),
        (27, b"\x0c", "/DICOMDIR is a symbolic link, which is not followed"),
        (27, b"\x06", "/DICOMDIR has the file type 6"),
        (56, struct.pack("<Q", 3001), "/DICOMDIR has 1 bytes that are not recorded"),
        (176, struct.pack("<I", 3000 | 1 << 30), "/DICOMDIR has 3000 bytes that are not recorded"),
        (180, struct.pack("<I", 1 << 30), "/DICOMDIR: block 1073741824 and 3000 bytes are beyond"),
        (34, b"\x02", "/DICOMDIR: the file entry in block 3 has extents of an unknown form"),
    ],
)
def test_a_broken_rule_of_a_file_entry_is_a_finding(
    plain: bytearray, offset: int, value: bytes, finding: str
) -> None:
    at = entry_of(plain, b"DICOMDIR")
    plain[at + offset : at + offset + len(value)] = value
    sealed(plain, at)
    assert read(plain).findings[0].startswith(finding)


@pytest.mark.parametrize(
    ("offset", "value"),
    [(168, struct.pack("<I", 9999)), (172, struct.pack("<I", 1 << 31)), (20, b"\x10\x10")],
)
def test_a_file_entry_that_cannot_be_followed_is_refused(plain: bytearray, offset: int, value: bytes) -> None:
    at = entry_of(plain, b"DICOMDIR")
    plain[at + offset : at + offset + len(value)] = value
    sealed(plain, at)
    with pytest.raises(UnreadableMedium):
        read(plain)


def test_extents_may_be_continued(plain: bytearray) -> None:
    # the first 2 048 bytes by the file entry, the rest by an allocation extent descriptor in an unused block
    at = entry_of(plain, b"DICOMDIR")
    _, block = struct.unpack_from("<II", plain, at + 176)
    more = len(plain) // BLOCK - 2 - START
    struct.pack_into("<IIII", plain, at + 176, 2048, block, BLOCK | 3 << 30, more)
    struct.pack_into("<I", plain, at + 172, 16)
    struct.pack_into("<H", plain, at + 10, 176)
    sealed(plain, at)
    partition = 34 * BLOCK
    struct.pack_into("<I", plain, partition + 192, more + 1)
    sealed(plain, partition)
    continued = (START + more) * BLOCK
    struct.pack_into("<HHBxHHHIIIII", plain, continued, 258, 2, 0, 1, 0, 16, more, 0, 8, 952, block + 1)
    sealed(plain, continued)
    file = next(file for file in read(plain).files if file.path == ("DICOMDIR",))
    assert file.extents == (((START + block) * BLOCK, 3000),)

    struct.pack_into("<II", plain, continued + 24, BLOCK | 3 << 30, more)
    sealed(plain, continued)
    assert "have no end" in read(plain).findings[0]


def test_a_volume_that_was_not_closed_is_a_finding(plain: bytearray) -> None:
    struct.pack_into("<I", plain, 48 * BLOCK + 28, 0)
    sealed(plain, 48 * BLOCK)
    assert list(read(plain).findings) == ["the logical volume is not closed"]


def test_another_interchange_level_is_a_finding(plain: bytearray) -> None:
    struct.pack_into("<H", plain, 32 * BLOCK + 60, 3)
    sealed(plain, 32 * BLOCK)
    assert list(read(plain).findings) == ["the Interchange Level of the primary volume descriptor is not 2"]


@pytest.mark.parametrize("kind", [b"*UDF Virtual Partition", b"*UDF Sparable Partition"])
def test_what_annex_x_does_not_allow_is_refused(doubled: bytearray, kind: bytes) -> None:
    at = 35 * BLOCK
    doubled[at + 451 : at + 474] = kind.ljust(23, b"\0")
    sealed(doubled, at)
    with pytest.raises(UnreadableMedium, match=kind.decode()[1:]):
        read(doubled)


def test_findings_have_an_end() -> None:
    volume = made("1.50", 300)
    for at in range(START * BLOCK, len(volume), BLOCK):
        if volume[at : at + 2] == b"\x05\x01":  # tag 261
            volume[at + 44 : at + 48] = bytes(4)
            sealed(volume, at)
    findings = read(volume).findings
    assert len(findings) == 201
    assert findings[-1].startswith("there are more than 200")


@pytest.mark.parametrize("at", [89, 389])
def test_only_our_media_have_a_token(plain: bytearray, at: int) -> None:
    assert read(plain).token == FACTS.token
    plain[32 * BLOCK + at] = ord("x")
    sealed(plain, 32 * BLOCK)
    assert read(plain).token == ""


def test_the_bridges_of_pycdlib_are_read(tmp_path: Path) -> None:
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=1, udf="2.60", vol_ident="OTHER")
    iso.add_directory("/DICOM", udf_path="/DICOM")
    for path, data in (("/DICOMDIR", b"directory"), ("/DICOM/IM000001", b"pixels" * 1000), ("/EMPTY", b"")):
        iso.add_fp(io.BytesIO(data), len(data), path + ".;1", udf_path=path)
    target = io.BytesIO()
    iso.write_fp(target)
    iso.close()
    volume = target.getvalue()
    contents = read(volume)
    found = {
        file.path: b"".join(volume[at : at + size] for at, size in file.extents) for file in contents.files
    }
    assert found == {
        ("DICOMDIR",): b"directory",
        ("DICOM", "IM000001"): b"pixels" * 1000,
        ("EMPTY",): b"",
    }
    assert contents.token == ""


@pytest.mark.judge("mkudffs")
@pytest.mark.parametrize("block", [512, 2048, 4096])
@pytest.mark.parametrize("revision", ["1.02", "1.50", "2.01"])
def test_empty_volumes_of_mkudffs_are_read(tmp_path: Path, revision: str, block: int) -> None:
    path = tmp_path / "made.udf"
    command = ["mkudffs", "-m", "hd", "-r", revision, "-b", str(block), "--vid=OTHER", "--new-file"]
    subprocess.run([*command, str(path), "4000"], check=True, capture_output=True)
    contents = read(path.read_bytes())
    assert (contents.identifier, contents.token, paths(contents) - {("lost+found",)}) == ("OTHER", "", set())


def test_extents_without_end_are_not_read_for_ever() -> None:
    volume = made("1.50", 3000)
    more = struct.unpack_from("<I", volume, 34 * BLOCK + 192)[0]
    struct.pack_into("<I", volume, 34 * BLOCK + 192, more + 1)
    sealed(volume, 34 * BLOCK)
    continued = (START + more) * BLOCK
    endless = struct.pack("<II", BLOCK | 3 << 30, more)
    volume[continued : continued + BLOCK] = struct.pack(
        "<HHBxHHHIII8s", 258, 2, 0, 1, 0, 16, more, 0, 8, endless
    ).ljust(BLOCK, b"\0")
    sealed(volume, continued)
    for at in range((START + 3) * BLOCK, START * BLOCK + 3200 * BLOCK, BLOCK):
        if volume[at : at + 2] == b"\x05\x01" and volume[at + 27] == 5:
            volume[at + 176 : at + 184] = endless
            sealed(volume, at)
    with pytest.raises(UnreadableMedium, match="more than 2097152 extents"):
        read(volume)


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_format_reads_its_own(revision: str) -> None:
    """So that whoever asks what a medium is gets the right answer."""
    volume = bytes(made(revision))
    for asked in REVISIONS:
        if asked == revision:
            assert Udf(asked).read(io.BytesIO(volume)).files
        else:
            with pytest.raises(UnreadableMedium, match=f"it is UDF {revision}"):
                Udf(asked).read(io.BytesIO(volume))
