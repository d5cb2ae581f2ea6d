"""What readers that nobody here wrote make of our volumes."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from burnish.contracts import Format
from burnish.recipe import Entry, Literal, Tree, Zeros
from burnish.testing.judging import files_below, pour_sparse, random_trees, run
from burnish.testing.trees import FACTS, Shelf, content, image, noise, small_tree
from burnish_format_fat import VARIANTS, Fat
from hypothesis import strategies as st

KINDS = ["fat16", "fat16-unpartitioned", "fat32", "fat32-unpartitioned"]
START = 1 << 20
"""Bytes before a partition."""


def format_of(kind: str) -> Format:
    name = kind if kind in VARIANTS else kind.removesuffix("-unpartitioned")
    return Fat(VARIANTS[name], partitioned=not kind.endswith("-unpartitioned"))


def wide() -> tuple[Tree, Shelf]:
    """The small tree, folders of several clusters, one that just fills its cluster, a deep one."""
    tree, shelf = small_tree()
    more = [Entry(("WIDE", f"IM{n:06d}"), (Literal(noise(str(n), n % 3000)),)) for n in range(300)]
    for count in range(12, 20):
        more += [Entry((f"F{count}", f"IM{n:06d}"), (Literal(b"x"),)) for n in range(count)]
    more += [
        Entry((*"ABCDEFGH", "DEEP"), (Literal(b"deep"),)),
        Entry(("README.TXT",), (Literal(b"read me"),)),
    ]
    return Tree((*tree.entries, *more), tree.sources), shelf


@pytest.fixture(scope="module", params=KINDS)
def laid(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, bytes]]:
    tree, shelf = wide()
    path = tmp_path_factory.mktemp("fat") / f"{request.param}.img"
    path.write_bytes(image(format_of(request.param).lay_out(tree, FACTS), shelf))
    return path, {"/".join(entry.path): content(entry, shelf) for entry in tree.entries}


def partitioned(path: Path) -> bool:
    return "unpartitioned" not in path.stem


def volume(path: Path, folder: Path) -> Path:
    """The file system alone, for programs that look at no partition table."""
    if not partitioned(path):
        return path
    found = folder / "volume.img"
    found.write_bytes(path.read_bytes()[START:])
    return found


@pytest.mark.judge("fsck.fat")
def test_fsck_finds_nothing_to_mend(laid: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    said = run("fsck.fat", "-n", "-v", volume(laid[0], tmp_path)).decode()
    assert "differences" not in said
    assert "FAT has" not in said
    assert f"2 FATs, {32 if 'fat32' in laid[0].stem else 16} bit entries" in said
    folders = {path.rsplit("/", depth)[0] for path in laid[1] for depth in range(1, path.count("/") + 1)}
    counted = re.search(r": (\d+) files, \d+/\d+ clusters", said)
    assert counted
    assert int(counted[1]) in (len(laid[1]) + len(folders), len(laid[1]) + len(folders) + 1)


@pytest.mark.judge("mcopy")
def test_mtools_copy_every_byte(laid: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    drive = f"{laid[0]}@@{START}" if partitioned(laid[0]) else laid[0]
    run("mcopy", "-s", "-n", "-i", drive, "::/", tmp_path)
    assert files_below(tmp_path) == laid[1]


@pytest.mark.judge("mdir")
def test_mtools_tell_label_and_times(laid: tuple[Path, dict[str, bytes]]) -> None:
    drive = f"{laid[0]}@@{START}" if partitioned(laid[0]) else laid[0]
    said = run("mdir", "-i", drive, "::/DICOMDIR").decode()
    assert "Volume in drive : is TESTSET" in said
    made = re.search(r"DICOMDIR +5000 (\d{4}-\d\d-\d\d) +(\d+:\d\d)", said)
    assert made
    assert datetime.fromisoformat(f"{made[1]} {made[2]:0>5}") == FACTS.made.replace(second=0, tzinfo=None)


@pytest.mark.judge("7z")
def test_7z_extracts_every_byte(laid: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    run("7z", "x", "-y", "-tfat", f"-o{tmp_path / 'out'}", volume(laid[0], tmp_path))
    assert files_below(tmp_path / "out") == laid[1]


@pytest.mark.judge("7z")
def test_7z_knows_the_kind_by_itself(laid: tuple[Path, dict[str, bytes]]) -> None:
    said = run("7z", "t", laid[0]).decode()
    assert ("Type = MBR" if partitioned(laid[0]) else "Type = FAT") in said


@pytest.mark.judge("sfdisk")
@pytest.mark.parametrize(("kind", "number"), [("fat16", "e"), ("fat32", "c")])
def test_sfdisk_finds_one_partition_that_fills_the_medium(kind: str, number: str, tmp_path: Path) -> None:
    path = tmp_path / "stick.img"
    tree, shelf = small_tree()
    path.write_bytes(image(format_of(kind).lay_out(tree, FACTS), shelf))
    said = run("sfdisk", "-d", path).decode()
    assert "label: dos" in said
    found = re.findall(r"start= *(\d+), size= *(\d+), type=(\w+)", said)
    assert found == [("2048", str(path.stat().st_size // 512 - 2048), number)]
    assert b"No errors detected" in run("sfdisk", "-V", path)


NAME = st.text("ABZ019_", min_size=1, max_size=8)
FILE = st.builds(str.__add__, NAME, st.sampled_from(["", "", "", ".A", ".TXT"]))


@pytest.mark.judge("7z")
@pytest.mark.parametrize("kind", ["fat16-unpartitioned", "fat32-unpartitioned"])
def test_7z_extracts_any_trees(kind: str, tmp_path: Path) -> None:
    """Every tree in a volume of its own; 7z is asked once for all of them."""
    wanted: dict[str, dict[str, bytes]] = {}
    for number, tree in enumerate(random_trees(FILE)):
        name = f"{number:04}"
        pour_sparse(format_of(kind).lay_out(tree, FACTS), tmp_path / f"{name}.img")
        wanted[name] = {"/".join(entry.path): content(entry, Shelf({})) for entry in tree.entries}
    run("7z", "x", "-y", "-bd", "-tfat", f"-o{tmp_path}/out/*", tmp_path / "*.img")
    for name, files in wanted.items():
        assert files_below(tmp_path / "out" / name) == files, name


GIB = 1 << 30
MOST = 4 * GIB - 1


def large(size: int, path: Path) -> None:
    tree = Tree((Entry(("LARGE",), (Zeros(size),)), Entry(("NEXT",), (Literal(b"next"),))))
    pour_sparse(format_of("fat32-unpartitioned").lay_out(tree, FACTS), path)


@pytest.mark.judge("mdir")
def test_a_file_of_4_gib_less_a_byte(tmp_path: Path) -> None:
    path = tmp_path / "large.img"
    large(MOST, path)
    assert str(MOST).encode() in run("mdir", "-i", path, "::/LARGE").replace(b" ", b"")
    assert run("mtype", "-i", path, "::/NEXT") == b"next"


@pytest.mark.judge("fsck.fat")
def test_fsck_follows_the_chain_of_a_large_file(tmp_path: Path) -> None:
    """A cluster less than the most: fsck.fat 4.2 counts a chain of 2^32 bytes as one of none."""
    path = tmp_path / "large.img"
    large(4 * GIB - 4096, path)
    run("fsck.fat", "-n", path)


@pytest.mark.judge("fsck.fat")
def test_the_largest_fat16_volume(tmp_path: Path) -> None:
    """Up to 2 GiB in clusters of 32 KiB; a cluster more belongs to FAT32."""
    tree = Tree(tuple(Entry((f"F{number}",), (Zeros(500 << 20),)) for number in range(4)))
    recipe = format_of("fat16-unpartitioned").lay_out(tree, FACTS)
    assert recipe.length <= 2 * GIB
    pour_sparse(recipe, tmp_path / "large.img")
    assert b"32768 bytes per cluster" in run("fsck.fat", "-n", "-v", tmp_path / "large.img")
