"""What is offered, what is refused, and how volumes of others are read."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError, UnreadableMedium
from burnish.recipe import Entry, Literal, Tree, Zeros
from burnish.registry import Registry
from burnish.testing.judging import run
from burnish.testing.trees import FACTS, Shelf, image, small_tree
from burnish_format_fat import VARIANTS, Fat
from burnish_format_fat.geometry import fitting
from pydantic import ValidationError

GIB = 1 << 30


def tree(*paths: str) -> Tree:
    return Tree(tuple(Entry(tuple(path.split("/")), (Literal(path.encode()),)) for path in paths))


def refused(laid: Tree, kind: str = "fat", facts: VolumeFacts = FACTS) -> str:
    with pytest.raises(LayoutError) as caught:
        Fat(VARIANTS[kind]).lay_out(laid, facts)
    return str(caught.value)


def medium(kind: str, facts: VolumeFacts = FACTS, *, partitioned: bool = True) -> bytes:
    laid, shelf = small_tree()
    return image(Fat(VARIANTS[kind], partitioned=partitioned).lay_out(laid, facts), shelf)


def bits(volume: bytes, start: int = 1 << 20) -> int:
    return 16 if volume[start + 54 : start + 59] == b"FAT16" else 32


def test_they_are_offered() -> None:
    registry = Registry.load(["format-fat"])
    assert not registry.broken
    for name in ("fat", "fat16", "fat16-unpartitioned", "fat32"):
        assert isinstance(registry.formats[name].make({}), Fat)
        assert registry.formats[name].suffix == ".img"
    with pytest.raises(ValidationError, match="partitioned"):
        registry.formats["fat16"].make({"partitioned": False})


def test_describing_the_formats_loads_nothing_that_lays_out() -> None:
    look = "import sys, burnish_format_fat; print('burnish_format_fat.image' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_a_stick_is_fat16_up_to_2_gib_and_fat32_beyond() -> None:
    layout = Fat(VARIANTS["fat"])
    small = layout.lay_out(Tree((Entry(("A",), (Zeros(2 * GIB - (1 << 20)),)),)), FACTS)
    large = layout.lay_out(Tree((Entry(("A",), (Zeros(2 * GIB),)),)), FACTS)
    found = [
        next(e.data[:90] for e in recipe.extents if isinstance(e, Literal) and e.data[3:11] == b"MSWIN4.1")
        for recipe in (small, large)
    ]
    assert [bits(boot, 0) for boot in found] == [16, 32]


def test_a_root_that_fat16_has_no_room_for_makes_it_fat32() -> None:
    many = tree(*(f"IM{n:06}" for n in range(512)))
    assert "the root lists 513 names; on FAT16 it lists 512 at most" in refused(many, "fat16")
    assert bits(image(Fat(VARIANTS["fat"]).lay_out(many, FACTS), Shelf({}))) == 32
    unlabelled = replace(FACTS, identifier="")
    assert bits(image(Fat(VARIANTS["fat16"]).lay_out(many, unlabelled), Shelf({}))) == 16


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (("dicom/IM0001",), "'dicom' of /dicom/IM0001"),
        (("D/IMAGE00001",), "'IMAGE00001' of /D/IMAGE00001"),
        (("D/A.JPEG",), "'A.JPEG' of /D/A.JPEG"),
        (("D/..",), "'..' of /D/.."),
        (("D", "D/A"), "/D is both a file and a folder"),
        (("D/A", "D/A"), "/D/A stands twice"),
        (("D/Ä",), "'Ä' of /D/Ä"),
        (("/".join("A" * 65),), "has 65 components"),
    ],
)
def test_a_name_that_does_not_suit_is_told_of(paths: tuple[str, ...], said: str) -> None:
    assert said in refused(tree(*paths))


def test_what_is_too_large_is_told_of() -> None:
    assert "/D/A has 4294967296 bytes; a file on FAT has 4294967295 at most" in refused(
        Tree((Entry(("D", "A"), (Zeros(4 * GIB),)),))
    )
    assert "exceed a FAT16 volume of 2147483648 bytes" in refused(
        Tree((Entry(("A",), (Zeros(2 * GIB),)),)), "fat16"
    )
    assert "/D lists 65535 names" in refused(tree(*(f"D/I{n:05}" for n in range(65_535))), "fat32")


@pytest.mark.parametrize(
    ("change", "said"),
    [({"identifier": "disc"}, "'disc'"), ({"token": "a b"}, "'a b'")],
)
def test_facts_that_do_not_suit_are_told_of(change: dict[str, str], said: str) -> None:
    assert said in refused(tree("A"), facts=replace(FACTS, **change))


@pytest.mark.parametrize("kind", list(VARIANTS))
def test_the_number_of_clusters_says_what_it_is(kind: str) -> None:
    for size in (0, 1, 4 << 20, 600 << 20, 1900 << 20):
        for each in VARIANTS[kind].bits:
            found = fitting((each,), [size], partitioned=False)
            assert found.bits == each
            least, most = (4_085, 65_524) if each == 16 else (65_525, 0x0FFF_FFF4)
            assert least <= found.clusters <= most
            assert found.fat * 512 * 8 >= (found.clusters + 2) * each


def test_a_variant_reads_only_its_own() -> None:
    for kind in ("fat16", "fat16-unpartitioned", "fat32"):
        volume = medium(kind)
        for other in ("fat16", "fat16-unpartitioned", "fat32"):
            if other == kind:
                assert Fat(VARIANTS[other]).read(io.BytesIO(volume)).identifier == "TESTSET"
            else:
                with pytest.raises(UnreadableMedium):
                    Fat(VARIANTS[other]).read(io.BytesIO(volume))


def test_a_long_identifier_is_read_whole() -> None:
    contents = Fat(VARIANTS["fat"]).read(
        io.BytesIO(medium("fat", replace(FACTS, identifier="SIXTEEN_LETTERS_")))
    )
    assert (contents.identifier, contents.token, contents.findings) == ("SIXTEEN_LETTERS_", FACTS.token, ())


@pytest.mark.judge("mformat")
@pytest.mark.parametrize(
    "arguments", [("-T", "65536"), ("-F", "-T", "204800"), ("-M", "2048", "-T", "40000")]
)
def test_volumes_of_others_are_read(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """mtools makes them, with long names, holes in chains and sectors of another size."""
    path, source = tmp_path / "theirs.img", tmp_path / "D"
    source.mkdir()
    for number in range(40):
        (source / f"a longer name {number}.txt").write_bytes(bytes([number]) * 5_000 * number)
    run("mformat", "-i", path, "-C", "-v", "THEIRS", "-h", "16", "-s", "32", *arguments, "::")
    run("mcopy", "-s", "-i", path, source, "::/")
    for number in range(0, 40, 3):
        run("mdel", "-i", path, f"::/D/a longer name {number}.txt")
    (source / "LARGE").write_bytes(b"large" * 100_000)
    run("mcopy", "-i", path, source / "LARGE", "::/")
    with path.open("rb") as file:
        contents = Fat(VARIANTS["fat"]).read(file)
        found = {}
        for one in contents.files:
            parts = []
            for at, length in one.extents:
                file.seek(at)
                parts.append(file.read(length))
            found["/".join(one.path)] = b"".join(parts)
    assert contents.identifier == "THEIRS"
    kept = {bytes([number]) * 5_000 * number for number in range(40) if number % 3}
    assert set(found.values()) == kept | {b"large" * 100_000}
    assert found["LARGE"] == b"large" * 100_000
