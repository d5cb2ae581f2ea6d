"""Joliet and UDF beside the primary hierarchy: the same files, and what is said where they are not."""

import io
import struct
from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import replace

import pytest
from burnish.contracts import Contents
from burnish.errors import LayoutError, UnreadableMedium
from burnish.recipe import Entry, Literal, Recipe, Tree, Zeros
from burnish.registry import Registry
from burnish.testing.trees import FACTS, Shelf, image, small_tree
from burnish_format_iso9660 import Bridge, Iso9660
from burnish_format_iso9660.rules import LEVEL_3

GIB = 1 << 30
SECTION = 4 * GIB - 2048
BLOCK = 2048


def tree(**sizes: int) -> Tree:
    return Tree(tuple(Entry(tuple(name.split("__")), (Zeros(size),)) for name, size in sizes.items()))


def text(*paths: str) -> Tree:
    return Tree(tuple(Entry(tuple(path.split("/")), (Literal(path.encode() * 300),)) for path in paths))


def made(laid: Tree, layout: Bridge | Iso9660) -> bytearray:
    return bytearray(image(layout.lay_out(laid, FACTS), Shelf({})))


class Sparse(io.RawIOBase):
    """An image whose zeros take no room."""

    def __init__(self, recipe: Recipe) -> None:
        self.at, self.end = 0, recipe.length
        self.pieces: dict[int, bytes] = {}
        """Sectors that are not all zeros."""
        offset = 0
        for extent in recipe.extents:
            if isinstance(extent, Literal):
                self._put(offset, extent.data)
            offset += extent.length

    def _put(self, offset: int, data: bytes) -> None:
        assert offset % BLOCK == 0
        for start in range(0, len(data), BLOCK):
            self.pieces[(offset + start) // BLOCK] = data[start : start + BLOCK].ljust(BLOCK, b"\0")

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (self.end if whence == 2 else 0)
        return self.at

    def read(self, size: int = -1) -> bytes:
        size = max(0, min(size, self.end - self.at))
        first, last = self.at // BLOCK, -(-(self.at + size) // BLOCK)
        whole = b"".join(self.pieces.get(sector, bytes(BLOCK)) for sector in range(first, last))
        found = whole[self.at - first * BLOCK :][:size]
        self.at += size
        return found


def read_sparse(recipe: Recipe) -> Contents:
    return Bridge().read(Sparse(recipe))  # type: ignore[arg-type]


def findings(volume: bytearray, layout: Bridge | Iso9660) -> Sequence[str]:
    return layout.read(io.BytesIO(bytes(volume))).findings


def test_it_is_offered_before_iso9660() -> None:
    registry = Registry.load(["format-iso9660"])
    assert not registry.broken
    assert list(registry.formats) == ["bridge", "iso9660"]
    assert isinstance(registry.formats["bridge"].make({"joliet": False}), Bridge)


def test_a_bridge_is_known_from_a_plain_volume() -> None:
    with pytest.raises(UnreadableMedium, match="no UDF file system"):
        Bridge().read(io.BytesIO(bytes(made(text("A"), Iso9660(joliet=True)))))


def test_level_1_stays_what_it_was_beside_joliet() -> None:
    laid, shelf = small_tree()
    plain = image(Iso9660().lay_out(laid, FACTS), shelf)
    assert b"%/E" not in plain
    assert len(image(Iso9660(joliet=True).lay_out(laid, FACTS), shelf)) > len(plain)


def test_a_bridge_fills_its_last_ecc_block_and_ends_with_an_anchor() -> None:
    for size in range(0, 40_000, 2048):
        volume = made(Tree((Entry(("A",), (Literal(bytes(size)),)),)), Bridge())
        assert len(volume) % (16 * BLOCK) == 0
        assert struct.unpack_from("<I", volume, 16 * BLOCK + 80)[0] == len(volume) // BLOCK
        assert struct.unpack_from("<H", volume, len(volume) - BLOCK)[0] == 2


def test_joliet_is_an_option_of_both() -> None:
    for layout in (Bridge(joliet=True), Iso9660(joliet=True)):
        assert b"\0D\0C\0M" in made(text("DCM"), layout)
    for layout in (Bridge(joliet=False), Iso9660(joliet=False)):
        volume = made(text("DCM"), layout)
        assert b"\0D\0C\0M" not in volume
        assert not findings(volume, layout)


@pytest.mark.parametrize(
    "size", [SECTION - 1, SECTION, SECTION + 1, 4 * GIB, 5 * GIB, 2 * SECTION, 9 * GIB + 7]
)
def test_large_files_stand_in_several_sections(size: int) -> None:
    recipe = Bridge().lay_out(tree(FIRST=1, D__LARGE=size, LAST=3000), FACTS)
    contents = read_sparse(recipe)
    assert not contents.findings
    assert {file.path: file.size for file in contents.files} == {
        ("FIRST",): 1,
        ("D", "LARGE"): size,
        ("LAST",): 3000,
    }
    large = next(file for file in contents.files if file.path == ("D", "LARGE"))
    assert len(large.extents) == -(-size // SECTION)
    assert all(length == SECTION for _, length in large.extents[:-1])
    assert all(sum(one) == other[0] for one, other in zip(large.extents, large.extents[1:], strict=False))
    assert [span.offset for span in recipe.files if span.path == ("D", "LARGE")] == [large.extents[0][0]]


def test_sections_may_fill_a_directory_of_several_sectors() -> None:
    sizes = {f"IM{number:06}": 13 * GIB for number in range(60)}
    contents = read_sparse(Bridge().lay_out(tree(**sizes), FACTS))
    assert not contents.findings
    assert {file.size for file in contents.files} == {13 * GIB}


def test_a_file_that_no_file_entry_can_describe_is_refused() -> None:
    limit = 234 * (GIB - BLOCK)
    assert read_sparse(Bridge().lay_out(tree(A=limit), FACTS)).files[0].size == limit
    with pytest.raises(LayoutError, match="/A has"):
        Bridge().lay_out(tree(A=limit + 1), FACTS)


def test_a_volume_counts_its_sectors_in_32_bits() -> None:
    with pytest.raises(LayoutError, match="is the most"):
        Bridge().lay_out(tree(**{f"A{number}": 230 * GIB for number in range(36)}), FACTS)


@pytest.mark.parametrize("layout", [Iso9660(), Iso9660(joliet=True)])
def test_level_1_refuses_them(layout: Iso9660) -> None:
    with pytest.raises(LayoutError, match="/A has 4294965248 bytes; a file here is below 4294965248"):
        layout.lay_out(tree(A=SECTION), FACTS)


def test_several_sections_break_level_1_alone() -> None:
    recipe = Bridge().lay_out(tree(A=5 * GIB), FACTS)
    assert (
        "/A stands in several extents (File Flags bit 7)"
        in Iso9660()
        .read(
            Sparse(recipe)  # type: ignore[arg-type]
        )
        .findings
    )


def test_a_file_that_joliet_places_elsewhere_is_a_finding() -> None:
    volume = made(text("ONE", "TWO"), Bridge())
    at = volume.index(b"\6\0O\0N\0E") - 32
    volume[at + 2] += 1
    assert "/ONE stands elsewhere in the Joliet tree" in findings(volume, Bridge())


def test_a_name_that_joliet_alone_has_is_a_finding() -> None:
    volume = made(text("ONE", "TWO"), Iso9660(joliet=True))
    volume[volume.index(b"\0O\0N\0E") + 5] = ord("X")
    assert findings(volume, Iso9660()) == (
        "/ONE is missing from the Joliet tree",
        "/ONX is in the Joliet tree alone",
    )


def test_a_file_that_udf_places_elsewhere_is_a_finding() -> None:
    volume = made(text("ONE", "TWO"), Bridge())
    extent, size = struct.unpack_from("<I4xI", volume, volume.index(b"\6ONE.;1") - 30)
    at = volume.index(struct.pack("<II", size, extent - 257), 257 * BLOCK)
    entry = at // BLOCK * BLOCK
    struct.pack_into("<I", volume, at + 4, extent - 257 + 1)
    _seal(volume, entry)
    assert findings(volume, Bridge()) == ("/ONE stands elsewhere in the UDF tree",)


def _seal(volume: bytearray, at: int) -> None:
    """Put right the CRC and the checksum of a descriptor's tag."""
    length = struct.unpack_from("<H", volume, at + 10)[0]
    struct.pack_into("<H", volume, at + 8, crc_hqx(bytes(volume[at + 16 : at + 16 + length]), 0))
    volume[at + 4] = 0
    volume[at + 4] = sum(volume[at : at + 16]) & 0xFF


def test_trees_that_cannot_be_read_are_findings() -> None:
    volume = made(text("ONE"), Bridge())
    volume[32 * BLOCK : 64 * BLOCK] = bytes(32 * BLOCK)
    volume[256 * BLOCK : 257 * BLOCK] = bytes(BLOCK)
    volume[-BLOCK:] = bytes(BLOCK)
    struct.pack_into("<I", volume, 17 * BLOCK + 156 + 2, 0xFFFFFF)
    told = findings(volume, Bridge())
    assert any(finding.startswith("the Joliet tree cannot be read") for finding in told)
    assert any(finding.startswith("the UDF tree cannot be read") for finding in told)


def test_another_volume_identifier_in_joliet_is_a_finding() -> None:
    volume = made(text("ONE"), Bridge())
    volume[17 * BLOCK + 41] = ord("X")
    assert "the Joliet tree calls the volume 'XESTSET', ISO 9660 'TESTSET'" in findings(volume, Bridge())


@pytest.mark.parametrize("token", ["A" * 101, "", "a"])
def test_facts_that_one_of_the_halves_cannot_say_are_refused(token: str) -> None:
    with pytest.raises(LayoutError, match="volume token"):
        Bridge().lay_out(text("A"), replace(FACTS, token=token))


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("A", True),
        ("A" * 30, True),
        ("A" * 31, False),
        ("A" * 26 + ".HTML", True),
        ("A" * 27 + ".HTML", False),
        ("A" * 8 + ".HTML", True),
        ("A.B.C", False),
        ("A-B", False),
        ("a", False),
    ],
)
def test_a_name_of_level_3_has_30_characters(name: str, good: bool) -> None:
    assert bool(LEVEL_3.file_name.fullmatch(name)) is good
