"""UDF 1.02 over files that stand where somebody else put them."""

import io
import subprocess
from pathlib import Path

import pytest
from burnish.errors import LayoutError
from burnish.recipe import Entry, Extent, Literal, Tree, Zeros
from burnish.testing.trees import FACTS, noise
from burnish_format_udf import Udf
from burnish_format_udf.bridge import PARTITION, RECOGNITION, Bridge

BLOCK = 2048


def entries(count: int = 120) -> list[Entry]:
    """Files in a few folders, one of them with more than a block of names; every fourth is empty."""
    return [
        Entry((f"D{n % 3}", f"IM{n:06d}.X"), (Literal(noise(str(n), n % 4 * 1500)),)) for n in range(count)
    ]


def data(entry: Entry) -> bytes:
    return b"".join(part.data for part in entry.content if isinstance(part, Literal))


def written(extents: tuple[Extent, ...]) -> bytes:
    return b"".join(
        extent.data if isinstance(extent, Literal) else bytes(extent.length) for extent in extents
    )


def volume(files: list[Entry], gap: int = 3) -> bytes:
    """What begins like ISO 9660, files from the back to the front with gaps, then the structures."""
    bridge = Bridge(Tree(tuple(files)), FACTS)
    at, placed = PARTITION + 40, {}
    for entry in reversed(files):
        placed[entry.path] = at
        at += -(-entry.size // BLOCK) + gap
    last = at + bridge.blocks + gap
    made = bytearray((last + 1) * BLOCK)
    made[16 * BLOCK : 16 * BLOCK + 7] = b"\1CD001\1"
    made[17 * BLOCK : 17 * BLOCK + 7] = b"\xffCD001\1"
    made[18 * BLOCK : 21 * BLOCK] = RECOGNITION
    for entry in files:
        start = placed[entry.path] * BLOCK
        made[start : start + entry.size] = data(entry)
    for sector, piece in bridge.pieces(at, [placed[entry.path] for entry in files], last).items():
        structures = written(tuple(piece.extents))
        assert len(structures) == piece.blocks * BLOCK
        assert not any(made[sector * BLOCK : (sector + piece.blocks) * BLOCK])
        made[sector * BLOCK : sector * BLOCK + len(structures)] = structures
    return bytes(made)


@pytest.mark.parametrize("count", [0, 1, 120])
def test_our_reader_finds_every_file_where_it_was_placed(count: int) -> None:
    files = entries(count)
    made = volume(files)
    contents = Udf("1.50").read(io.BytesIO(made))
    found = {
        file.path: b"".join(made[at : at + size] for at, size in file.extents) for file in contents.files
    }
    assert found == {entry.path: data(entry) for entry in files}
    assert (contents.identifier, contents.token, contents.findings) == ("TESTSET", FACTS.token, ())


@pytest.mark.judge("7z", "udfinfo")
def test_judges_find_udf_1_02(tmp_path: Path) -> None:
    files, path = entries(), tmp_path / "bridge.iso"
    path.write_bytes(volume(files))
    told = subprocess.run(["udfinfo", path], check=True, capture_output=True, text=True)
    assert {"udfrev=1.02", "udfwriterev=1.02", "integrity=closed", "numfiles=120", "numdirs=4"} <= set(
        told.stdout.splitlines()
    )
    out = tmp_path / "out"
    subprocess.run(["7z", "x", "-y", "-tudf", f"-o{out}", path], check=True, capture_output=True)
    found = {file.relative_to(out).parts: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    assert found == {entry.path: data(entry) for entry in files}


def test_what_lies_outside_of_the_partition_is_refused() -> None:
    files = [Entry(("A",), (Literal(b"x"),))]
    bridge = Bridge(Tree(tuple(files)), FACTS)
    bridge.pieces(300, [299], 400)
    for at, sector, last in (
        (300, 256, 400),
        (300, 400, 400),
        (256, 299, 400),
        (400 - bridge.blocks + 1, 299, 400),
    ):
        with pytest.raises(LayoutError):
            bridge.pieces(at, [sector], last)


def test_names_are_checked() -> None:
    with pytest.raises(LayoutError, match="/A stands twice"):
        Bridge(Tree((Entry(("A",), ()), Entry(("A",), (Zeros(1),)))), FACTS)
