"""What readers that nobody here wrote make of our media."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from burnish.recipe import Entry, Literal, Tree, Zeros
from burnish.testing.judging import files_below, pour_sparse, random_trees, run
from burnish.testing.trees import FACTS, Shelf, content, image, noise, small_tree
from burnish_format_udf import Udf
from hypothesis import strategies as st

REVISIONS = ("1.50", "2.50", "2.60")

Files = dict[tuple[str, ...], int]
"""Sizes by path."""


def wide() -> tuple[Tree, Shelf]:
    """The small tree, and beside it directories of one block and of several, and names of either width."""
    tree, shelf = small_tree()
    more = [Entry(("WIDE", f"IM{n:06d}"), (Literal(noise(str(n), n % 3000)),)) for n in range(300)]
    for count in range(30, 48):
        more += [Entry((f"F{count}", f"IM{n:06d}"), (Literal(b"x"),)) for n in range(count)]
    more += [Entry((*"ABCDEFGH", "DEEP"), (Literal(b"deep"),))]
    more += [Entry(("Änderung", name), (Literal(name.encode()),)) for name in ("Grüße.txt", "日本語.txt")]
    more += [Entry(("LONG", "N" * 254), (Literal(b"long"),)), Entry(("LONG", "あ" * 80), (Literal(b"l"),))]
    return Tree((*tree.entries, *more), tree.sources), shelf


@pytest.fixture(scope="module", params=REVISIONS)
def laid(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, bytes]]:
    tree, shelf = wide()
    path = tmp_path_factory.mktemp("udf") / f"{request.param}.iso"
    path.write_bytes(image(Udf(request.param).lay_out(tree, FACTS), shelf))
    return path, {"/".join(entry.path): content(entry, shelf) for entry in tree.entries}


@pytest.mark.judge("7z")
def test_7z_extracts_every_byte(laid: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    run("7z", "x", "-y", "-tudf", f"-o{tmp_path}", laid[0])
    assert files_below(tmp_path) == laid[1]


@pytest.mark.judge("7z")
def test_7z_knows_the_kind_by_itself(laid: tuple[Path, dict[str, bytes]]) -> None:
    assert b"Type = Udf" in run("7z", "t", laid[0])


def udfinfo(path: Path) -> dict[str, str]:
    lines = run("udfinfo", path).decode().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("start="))


@pytest.mark.judge("udfinfo")
def test_udfinfo_finds_what_we_meant(laid: tuple[Path, dict[str, bytes]]) -> None:
    revision, found = laid[0].stem, udfinfo(laid[0])
    assert found["udfwriterev"] == revision
    assert found["udfrev"] == min(revision, "2.50")
    assert (found["integrity"], found["accesstype"]) == ("closed", "readonly")
    assert (found["blocksize"], found["freeblocks"], found["behindblocks"]) == ("2048", "0", "0")
    assert found["lvid"] == found["vid"] == found["fsid"] == "TESTSET"
    assert found["appid"] == found["impid"] == "*burnish"
    assert re.fullmatch("[0-9a-f]{16}", found["uuid"])
    assert found["vsid"] == f"BURNISH_{FACTS.token}"
    folders = {path.rsplit("/", depth)[0] for path in laid[1] for depth in range(1, path.count("/") + 1)}
    assert (found["numfiles"], found["numdirs"]) == (str(len(laid[1])), str(len(folders) + 1))


@pytest.mark.judge("udfinfo")
def test_udfinfo_finds_every_copy(laid: tuple[Path, dict[str, bytes]]) -> None:
    last = laid[0].stat().st_size // 2048 - 1
    told = run("udfinfo", laid[0]).decode()
    for kind, start in (("VRS", 16), ("MVDS", 32), ("LVID", 48), ("ANCHOR", 256), ("ANCHOR", last)):
        assert re.search(rf"^start={start}, blocks=\d+, type={kind}$", told, re.M), told
    space = re.search(r"^start=288, blocks=(\d+), type=PSPACE$", told, re.M)
    assert space
    assert f"start={288 + int(space[1])}, blocks=16, type=RVDS" in told


NAME = st.text("ABab019_-é日", min_size=1, max_size=12) | st.text("AB", min_size=1, max_size=60)


@pytest.mark.judge("7z")
def test_7z_extracts_any_trees(tmp_path: Path) -> None:
    wanted: dict[str, Mapping[str, bytes]] = {}
    for number, tree in enumerate(random_trees(st.sampled_from("AB") | NAME, deepest=9)):
        name = f"{number:04}"
        recipe = Udf(REVISIONS[number % 3]).lay_out(tree, FACTS)
        (tmp_path / f"{name}.iso").write_bytes(image(recipe, Shelf({})))
        wanted[name] = {"/".join(entry.path): content(entry, Shelf({})) for entry in tree.entries}
    run("7z", "x", "-y", "-bd", f"-o{tmp_path}/out/*", tmp_path / "*.iso")
    for name, files in wanted.items():
        assert files_below(tmp_path / "out" / name) == files, f"{name}: UDF {REVISIONS[int(name) % 3]}"


@pytest.mark.judge("7z")
@pytest.mark.parametrize("revision", ["1.50", "2.60"])
def test_7z_joins_the_extents_of_a_large_file(revision: str, tmp_path: Path) -> None:
    limit = 2**30 - 2048
    large = Entry(("LARGE",), (Zeros(limit - 6), Literal(b"before" + b"after" * 1000)))
    path = tmp_path / "large.iso"
    pour_sparse(Udf(revision).lay_out(Tree((large, Entry(("SMALL",), (Literal(b"small"),)))), FACTS), path)
    command = ["7z", "x", "-so", "-tudf", path, "LARGE"]
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE) as unpacking:
        assert unpacking.stdout
        length, tail = 0, b""
        while piece := unpacking.stdout.read(1 << 20):
            length, tail = length + len(piece), (tail + piece)[-5006:]
    assert unpacking.returncode == 0
    assert (length, tail) == (large.size, b"before" + b"after" * 1000)
