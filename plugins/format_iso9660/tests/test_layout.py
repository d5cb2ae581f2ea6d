"""What stands where: Annex F's rules, limits, and bytes that depend on nothing but their input."""

import io
import os
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.media import sectors
from burnish.recipe import Entry, Literal, Recipe, Tree
from burnish.registry import Registry
from burnish.testing.trees import FACTS, Shelf, image
from burnish_format_iso9660 import Iso9660
from burnish_format_iso9660.names import FILE_LIMIT
from hypothesis import given, settings
from hypothesis import strategies as st

ISO = Iso9660()


class Zeroes:
    """Stands for content of any size without its bytes."""

    def __init__(self, length: int) -> None:
        self.length = length


def tree(*paths: str) -> Tree:
    return Tree(tuple(Entry(tuple(path.split("/")), (Literal(path.encode()),)) for path in paths))


def medium(laid: Tree, facts: VolumeFacts = FACTS) -> bytes:
    return image(ISO.lay_out(laid, facts), Shelf({}))


def facts(**other: Any) -> VolumeFacts:
    return VolumeFacts(**{"identifier": "TESTSET", "token": "TK1", "made": FACTS.made, **other})


def records(volume: bytes, extent: int, size: int) -> list[bytes]:
    found, at, data = [], 0, volume[extent * 2048 : extent * 2048 + size]
    while at < len(data):
        if not data[at]:
            at = (at // 2048 + 1) * 2048
            continue
        found.append(data[at : at + data[at]])
        at += data[at]
    return found


def root_records(volume: bytes) -> list[bytes]:
    extent, size = struct.unpack_from("<I4xI", volume, 16 * 2048 + 156 + 2)
    return records(volume, extent, size)


def identifiers(found: list[bytes]) -> list[bytes]:
    return [record[33 : 33 + record[32]] for record in found]


def test_it_is_offered() -> None:
    registry = Registry.load(["format-iso9660"])
    assert not registry.broken
    assert registry.formats["iso9660"].suffix == ".iso"
    assert isinstance(registry.formats["iso9660"].make({"joliet": True}), Iso9660)


def test_describing_the_format_loads_nothing_that_lays_out() -> None:
    look = "import sys, burnish_format_iso9660; print('burnish_format_iso9660.image' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


@pytest.mark.parametrize("identifier", ["TESTSET", "", "A_1", "ABCDEFGHIJKLMNOP"])
def test_the_volume_identifier_is_the_file_set_id_padded(identifier: str) -> None:
    volume = medium(tree("DICOMDIR"), facts(identifier=identifier))
    assert volume[16 * 2048 + 40 : 16 * 2048 + 72] == identifier.ljust(32).encode()


def test_the_descriptor_says_when_and_by_whom() -> None:
    volume = medium(tree("DICOMDIR"), facts(token="ABC123"))[16 * 2048 : 17 * 2048]
    assert volume[8:40] == b" " * 32, "no System Identifier: this is no CD-i disc"
    assert volume[190:318].rstrip() == b"BURNISH_ABC123"
    assert volume[574:702].rstrip() == b"BURNISH"
    assert volume[813:830] == volume[830:847] == b"2026050403020100\0"


def test_names_are_spelt_as_annex_f_wants() -> None:
    volume = medium(tree("DICOMDIR", "README.TXT", "DICOM/IM000001"))
    assert identifiers(root_records(volume)) == [b"\0", b"\1", b"DICOM", b"DICOMDIR.;1", b"README.TXT;1"]


def test_records_carry_no_attributes_and_no_flags() -> None:
    for record in root_records(medium(tree("DICOMDIR", "README.TXT", "DICOM/IM000001"))):
        assert record[1] == 0, "Extended Attribute Record Length"
        assert record[25] & ~0x02 == 0, "File Flags"
        assert record[18:25] == bytes([126, 5, 4, 3, 2, 1, 0]), "Recording Date and Time"


def test_records_are_in_the_order_of_the_standard() -> None:
    volume = medium(tree("A.1", "A.12", "A", "AB", "A1", "A_", "A.B", "A.B2"))
    wanted = [b"A.;1", b"A.1;1", b"A.12;1", b"A.B;1", b"A.B2;1", b"A1.;1", b"AB.;1", b"A_.;1"]
    assert identifiers(root_records(volume))[2:] == wanted


def test_eight_levels_hold_and_nine_do_not() -> None:
    ISO.lay_out(tree("A/B/C/D/E/F/G/H"), FACTS)
    with pytest.raises(LayoutError, match="/A/B/C/D/E/F/G/H lies deeper"):
        ISO.lay_out(tree("A/B/C/D/E/F/G/H/I"), FACTS)


@pytest.mark.parametrize(
    "path", ["lower", "TOOLONG89", "A-B", "A.TEXT", "A.B.C", "A B", "Ä", "A/B.C/D", "DIRECTORY/A", ".A", "A."]
)
def test_names_beyond_level_1_are_refused(path: str) -> None:
    with pytest.raises(LayoutError, match="name is 1 to 8"):
        ISO.lay_out(tree(path), FACTS)


def test_a_file_ends_below_4_gib() -> None:
    def sized(length: int) -> Tree:
        return Tree((Entry(("A",), (Zeroes(length),)),))  # type: ignore[arg-type]

    recipe = ISO.lay_out(sized(FILE_LIMIT - 1), FACTS)
    assert recipe.length == sum(extent.length for extent in recipe.extents)
    with pytest.raises(LayoutError, match="/A has 4294965248 bytes"):
        ISO.lay_out(sized(FILE_LIMIT), FACTS)


@pytest.mark.parametrize(
    "bad",
    [
        {"identifier": "lower"},
        {"identifier": "SEVENTEEN_LETTERS"},
        {"token": ""},
        {"token": "A B"},
        {"token": "A" * 121},
        {"made": datetime(2026, 1, 1)},
        {"made": datetime(2200, 1, 1, tzinfo=UTC)},
    ],
)
def test_facts_that_do_not_fit_the_descriptor_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(LayoutError):
        ISO.lay_out(tree("A"), facts(**bad))


def test_the_image_is_whole_sectors_and_says_how_many() -> None:
    for size in (0, 1, 2047, 2048, 2049):
        volume = medium(Tree((Entry(("A",), (Literal(bytes(size)),)),)))
        assert len(volume) % 2048 == 0
        assert struct.unpack_from("<I", volume, 16 * 2048 + 80)[0] == len(volume) // 2048


def test_an_empty_volume_is_24_sectors() -> None:
    # 16 of the system area, two descriptors, the version block, two path tables of two, the root
    assert ISO.lay_out(Tree(()), FACTS).length == 24 * 2048


def test_sectors_are_those_of_the_files_and_folders() -> None:
    few = ISO.lay_out(tree("A"), FACTS).length
    more = ISO.lay_out(Tree((*tree("A").entries, Entry(("D", "B"), (Literal(bytes(5000)),)))), FACTS).length
    assert (more - few) // 2048 == 1 + sectors(5000)


def test_another_time_and_zone_give_the_same_bytes() -> None:
    script = (
        "from burnish.testing.trees import *; from burnish_format_iso9660 import Iso9660;"
        "print(Iso9660().lay_out(small_tree()[0], FACTS).digest.hex())"
    )
    digests = set()
    for zone, seed in (("UTC", "1"), ("America/St_Johns", "2"), ("Pacific/Kiritimati", "3")):
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True
        )
        digests.add(done.stdout)
        time.sleep(0.4)
    assert len(digests) == 1


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    elsewhere = FACTS.made.astimezone(timezone(timedelta(hours=9)))
    assert medium(tree("A"), facts(made=elsewhere)) == medium(tree("A"), facts())


NAME = st.text("ABZ019_", min_size=1, max_size=8)
FILE = st.builds(
    lambda name, extension: name + extension, NAME, st.sampled_from(["", ".A", ".1", ".A1", ".TXT"])
)
PATH = st.builds(lambda folders, name: (*folders, name), st.lists(NAME, max_size=7), FILE)
SIZES = st.sampled_from([0, 1, 100, 2047, 2048, 2049, 4096, 9_999])


@given(files=st.dictionaries(PATH, SIZES, max_size=40))
@settings(max_examples=80, deadline=None)
def test_any_tree_that_is_laid_out_is_read_back(files: dict[tuple[str, ...], int]) -> None:
    folders = {path[:depth] for path in files for depth in range(len(path))}
    wanted = {
        path: b"".join([str(path).encode()] * 1200)[:size]
        for path, size in files.items()
        if path not in folders
    }
    laid = Tree(tuple(Entry(path, (Literal(data),)) for path, data in wanted.items()))
    recipe: Recipe = ISO.lay_out(laid, FACTS)
    volume = image(recipe, Shelf({}))
    contents = ISO.read(io.BytesIO(volume))
    found = {
        file.path: b"".join(volume[at : at + size] for at, size in file.extents) for file in contents.files
    }
    assert found == wanted
    assert not contents.findings
    assert len(volume) == recipe.length
