"""What readers that nobody here wrote make of our media."""

import re
import subprocess
from pathlib import Path

import pytest
from burnish.contracts import FileOnMedium, Format
from burnish.recipe import Entry, Literal, Tree, Zeros
from burnish.testing.judging import files_below, pour_sparse, random_trees
from burnish.testing.trees import FACTS, Shelf, content, image, noise, small_tree
from burnish_format_iso9660 import Bridge, Iso9660
from hypothesis import strategies as st

pytestmark = pytest.mark.filterwarnings("default")


def wide() -> tuple[Tree, Shelf]:
    """The small tree, and enough beside it for directories and path tables of several sectors."""
    tree, shelf = small_tree()
    more = [Entry(("WIDE", f"IM{n:06d}"), (Literal(noise(str(n), n % 3000)),)) for n in range(300)]
    more += [Entry((f"F{n:07d}", "A.TXT"), (Literal(b"x"),)) for n in range(400)]
    more.append(Entry(("L2", "L3", "L4", "L5", "L6", "L7", "L8", "DEEP"), (Literal(b"deep"),)))
    return Tree((*tree.entries, *more), tree.sources), shelf


LAYOUTS: dict[str, Format] = {
    "iso9660": Iso9660(),
    "joliet": Iso9660(joliet=True),
    "bridge": Bridge(),
    "bridge without joliet": Bridge(joliet=False),
}
SECOND_NAMES = ["joliet", "bridge"]
WITH_UDF = ["bridge", "bridge without joliet"]

Laid = tuple[Path, dict[str, bytes]]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Laid]:
    """An image of each layout, and what it must hold."""
    tree, shelf = wide()
    folder = tmp_path_factory.mktemp("iso")
    contents = {"/".join(entry.path): content(entry, shelf) for entry in tree.entries}
    for name, layout in LAYOUTS.items():
        (folder / f"{name}.iso").write_bytes(image(layout.lay_out(tree, FACTS), shelf))
    return {name: (folder / f"{name}.iso", contents) for name in LAYOUTS}


@pytest.fixture(params=LAYOUTS)
def laid(request: pytest.FixtureRequest, images: dict[str, Laid]) -> Laid:
    return images[request.param]


def run(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.judge("7z")
def test_7z_extracts_every_byte(laid: Laid, tmp_path: Path) -> None:
    run("7z", "x", "-y", "-tiso", f"-o{tmp_path}", laid[0])
    assert {name.removesuffix("."): data for name, data in files_below(tmp_path).items()} == laid[1]


@pytest.mark.judge("7z")
@pytest.mark.parametrize("laid", WITH_UDF, indirect=True)
def test_7z_extracts_every_byte_by_udf(laid: Laid, tmp_path: Path) -> None:
    run("7z", "x", "-y", "-tudf", f"-o{tmp_path}", laid[0])
    assert files_below(tmp_path) == laid[1]


@pytest.mark.judge("udfinfo")
@pytest.mark.parametrize("laid", WITH_UDF, indirect=True)
def test_udfinfo_finds_a_closed_volume_of_udf_1_02(laid: Laid) -> None:
    told = dict(line.split("=", 1) for line in run("udfinfo", laid[0]).splitlines())
    wanted = {
        "label": "TESTSET",
        "udfrev": "1.02",
        "udfwriterev": "1.02",
        "integrity": "closed",
        "accesstype": "readonly",
        "numfiles": str(len(laid[1])),
        "blocks": str(laid[0].stat().st_size // 2048),
    }
    assert {key: told[key] for key in wanted} == wanted
    assert told["fullvsid"].endswith(FACTS.token)


@pytest.mark.judge("isoinfo")
@pytest.mark.parametrize("laid", SECOND_NAMES, indirect=True)
def test_isoinfo_lists_the_same_names_in_joliet(laid: Laid) -> None:
    files = {f"/{name}" for name in laid[1]}
    listed = run("isoinfo", "-J", "-i", laid[0], "-f").splitlines()
    assert files <= set(listed)
    folders = {str(folder) for name in files for folder in Path(name).parents} - {"/"}
    assert set(listed) == files | folders


@pytest.mark.judge("isoinfo")
@pytest.mark.parametrize("laid", SECOND_NAMES, indirect=True)
def test_isoinfo_finds_each_file_of_joliet_where_our_reader_does(laid: Laid) -> None:
    assert _found_by_isoinfo(laid, "-J", "-l") == len(laid[1])


@pytest.mark.judge("xorriso")
def test_xorriso_extracts_every_byte(laid: Laid, tmp_path: Path) -> None:
    run(
        "xorriso",
        "-abort_on",
        "WARNING",
        "-osirrox",
        "on",
        "-indev",
        laid[0],
        "-extract",
        "/",
        tmp_path / "out",
    )
    assert {name.removesuffix("."): data for name, data in files_below(tmp_path / "out").items()} == laid[1]


@pytest.mark.judge("isoinfo")
def test_isoinfo_lists_names_as_annex_f_spells_them(laid: Laid) -> None:
    listed = run("isoinfo", "-i", laid[0], "-f").splitlines()
    spelt = {f"/{name}" + (";1" if "." in name else ".;1") for name in laid[1]}
    assert {name for name in listed if ";" in name} == spelt
    assert "Volume id: TESTSET" in run("isoinfo", "-i", laid[0], "-d")


@pytest.mark.judge("isoinfo")
def test_isoinfo_finds_each_file_where_our_reader_does(laid: Laid) -> None:
    assert _found_by_isoinfo(laid, "-l") == len(laid[1])


def _found_by_isoinfo(laid: Laid, *options: str) -> int:
    """How many files isoinfo lists, each where our reader has it."""
    ours = {file.path: file for file in _read(laid[0])}
    folder, seen = "", 0
    for line in run("isoinfo", "-i", laid[0], *options).splitlines():
        if line.startswith("Directory listing of "):
            folder = line.removeprefix("Directory listing of ").strip("/")
        elif match := re.match(r"-.*?(\d+) \w+ +\d+ +\d+ +\[ *(\d+) 00\] +(\S+)", line):
            name = match[3].removesuffix(";1").removesuffix(".")
            path = tuple(part for part in (*folder.split("/"), name) if part)
            size, sector = int(match[1]), int(match[2])
            assert ours[path].extents == (((sector * 2048, size),) if size else ())
            seen += 1
    return seen


@pytest.mark.judge("isolyzer")
def test_isolyzer_finds_the_size_exact(laid: Laid) -> None:
    report = run("isolyzer", laid[0])
    assert "<smallerThanExpected>False</smallerThanExpected>" in report
    assert re.search(r"<sizeDifferenceSectors>0(\.0)?</sizeDifferenceSectors>", report)


def _read(path: Path) -> list[FileOnMedium]:
    with path.open("rb") as medium:
        return list(Iso9660().read(medium).files)


GIB = 1 << 30
LARGE = {"D/LARGE": 5 * GIB + 7, "D/LARGER": 9 * GIB, "EDGE": 4 * GIB - 2048, "SMALL": 3}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.iso"
    tree = Tree(tuple(Entry(tuple(name.split("/")), (Zeros(size),)) for name, size in LARGE.items()))
    pour_sparse(Bridge().lay_out(tree, FACTS), path)
    assert path.stat().st_blocks * 512 < 4 << 20
    return path


@pytest.mark.judge("7z")
@pytest.mark.parametrize("kind", ["iso", "udf"])
def test_7z_sees_the_size_of_large_files(large: Path, kind: str) -> None:
    assert _sizes_by_7z(large, kind) == LARGE


@pytest.mark.judge("xorriso")
def test_xorriso_sees_the_size_of_large_files(large: Path) -> None:
    listed = run("xorriso", "-indev", large, "-find", "/", "-type", "f", "-exec", "lsdl")
    found = {
        line.split()[-1].strip("'/"): int(line.split()[4]) for line in listed.splitlines() if line[0] == "-"
    }
    assert found == LARGE


def _sizes_by_7z(path: Path, kind: str) -> dict[str, int]:
    listed = run("7z", "l", "-slt", f"-t{kind}", path).partition("----------")[2]
    blocks = [
        dict(line.partition(" = ")[::2] for line in one.splitlines()) for one in listed.strip().split("\n\n")
    ]
    return {one["Path"]: int(one["Size"]) for one in blocks if one["Folder"] == "-"}


NAME = st.text("ABZ019_", min_size=1, max_size=8)
FILE = st.builds(str.__add__, NAME, st.sampled_from(["", "", ".A", ".TXT"]))


@pytest.mark.judge("7z")
def test_7z_extracts_any_trees(tmp_path: Path) -> None:
    """Level 1 alone, each tree in an image of its own; 7z is asked once for all of them."""
    wanted: dict[str, dict[str, bytes]] = {}
    for number, tree in enumerate(random_trees(NAME, most=30)):
        name = f"{number:04}"
        pour_sparse(Iso9660().lay_out(tree, FACTS), tmp_path / f"{name}.iso")
        wanted[name] = {"/".join(entry.path): content(entry, Shelf({})) for entry in tree.entries}
    run("7z", "x", "-y", "-bd", "-tiso", f"-o{tmp_path}/out/*", tmp_path / "*.iso")
    for name, files in wanted.items():
        found = files_below(tmp_path / "out" / name)
        assert {path.removesuffix("."): data for path, data in found.items()} == files, name


@pytest.mark.judge("7z")
def test_7z_finds_any_tree_by_every_name(tmp_path: Path) -> None:
    """Each tree as a bridge of its own; 7z is asked twice for all of them."""
    wanted: dict[str, dict[str, bytes]] = {}
    for number, tree in enumerate(random_trees(FILE, NAME, most=30)):
        name = f"{number:04}"
        layout = Bridge(joliet=bool(number % 3))
        pour_sparse(layout.lay_out(tree, FACTS), tmp_path / f"{name}.iso")
        wanted[name] = {"/".join(entry.path): content(entry, Shelf({})) for entry in tree.entries}
        with (tmp_path / f"{name}.iso").open("rb") as medium:
            contents = layout.read(medium)
        assert not contents.findings
        assert {"/".join(file.path) for file in contents.files} == wanted[name].keys()
    for kind in ("iso", "udf"):
        run("7z", "x", "-y", f"-t{kind}", f"-o{tmp_path / kind}/*", tmp_path / "*.iso")
        for name, files in wanted.items():
            found = files_below(tmp_path / kind / name)
            assert {path.removesuffix("."): data for path, data in found.items()} == files, (kind, name)
