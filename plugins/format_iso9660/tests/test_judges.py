"""What readers that nobody here wrote make of our media."""

import re
import subprocess
from pathlib import Path

import pytest
from burnish.contracts import FileOnMedium
from burnish.recipe import Entry, Literal, Tree
from burnish.testing.trees import FACTS, Shelf, content, image, noise, small_tree
from burnish_format_iso9660 import Iso9660

pytestmark = pytest.mark.filterwarnings("default")


def wide() -> tuple[Tree, Shelf]:
    """The small tree, and enough beside it for directories and path tables of several sectors."""
    tree, shelf = small_tree()
    more = [Entry(("WIDE", f"IM{n:06d}"), (Literal(noise(str(n), n % 3000)),)) for n in range(300)]
    more += [Entry((f"F{n:07d}", "A.TXT"), (Literal(b"x"),)) for n in range(400)]
    more.append(Entry(("L2", "L3", "L4", "L5", "L6", "L7", "L8", "DEEP"), (Literal(b"deep"),)))
    return Tree((*tree.entries, *more), tree.sources), shelf


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    tree, shelf = wide()
    path = tmp_path_factory.mktemp("iso") / "image.iso"
    path.write_bytes(image(Iso9660().lay_out(tree, FACTS), shelf))
    return path, {"/".join(entry.path): content(entry, shelf) for entry in tree.entries}


def run(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.judge("7z")
def test_7z_extracts_every_byte(laid: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    run("7z", "x", "-y", f"-o{tmp_path}", laid[0])
    assert {name.removesuffix("."): data for name, data in files_below(tmp_path).items()} == laid[1]


@pytest.mark.judge("xorriso")
def test_xorriso_extracts_every_byte(laid: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
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
def test_isoinfo_lists_names_as_annex_f_spells_them(laid: tuple[Path, dict[str, bytes]]) -> None:
    listed = run("isoinfo", "-i", laid[0], "-f").splitlines()
    spelt = {f"/{name}" + (";1" if "." in name else ".;1") for name in laid[1]}
    assert {name for name in listed if ";" in name} == spelt
    assert "Volume id: TESTSET" in run("isoinfo", "-i", laid[0], "-d")


@pytest.mark.judge("isoinfo")
def test_isoinfo_finds_each_file_where_our_reader_does(laid: tuple[Path, dict[str, bytes]]) -> None:
    ours = {file.path: file for file in _read(laid[0])}
    folder, seen = "", 0
    for line in run("isoinfo", "-i", laid[0], "-l").splitlines():
        if line.startswith("Directory listing of "):
            folder = line.removeprefix("Directory listing of ").strip("/")
        elif match := re.match(r"-.*?(\d+) \w+ +\d+ +\d+ +\[ *(\d+) 00\] +(\S+);1", line):
            path = tuple(part for part in (*folder.split("/"), match[3].removesuffix(".")) if part)
            size, sector = int(match[1]), int(match[2])
            assert ours[path].extents == (((sector * 2048, size),) if size else ())
            seen += 1
    assert seen == len(laid[1])


@pytest.mark.judge("isolyzer")
def test_isolyzer_finds_the_size_exact(laid: tuple[Path, dict[str, bytes]]) -> None:
    report = run("isolyzer", laid[0])
    assert "<smallerThanExpected>False</smallerThanExpected>" in report
    assert re.search(r"<sizeDifferenceSectors>0(\.0)?</sizeDifferenceSectors>", report)


def _read(path: Path) -> list[FileOnMedium]:
    with path.open("rb") as medium:
        return list(Iso9660().read(medium).files)
