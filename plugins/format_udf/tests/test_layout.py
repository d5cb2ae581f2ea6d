"""What stands where: tags, copies, addresses, limits."""

import io
import struct
import subprocess
import sys
from binascii import crc_hqx
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Entry, Literal, Range, Source, Tree, Zeros
from burnish.registry import Registry
from burnish.testing.trees import FACTS, Shelf, image
from burnish_format_udf import Udf

BLOCK = 2048
REVISIONS = ("1.50", "2.50", "2.60")
START = 288


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def tree(*paths: str) -> Tree:
    return Tree(
        tuple(Entry(tuple(path.split("/")), (Literal(path.encode("utf-8", "replace")),)) for path in paths)
    )


def medium(laid: Tree, revision: str, facts: VolumeFacts = FACTS) -> bytes:
    return image(Udf(revision).lay_out(laid, facts), Shelf({}))


def block(volume: bytes, number: int) -> bytes:
    return volume[number * BLOCK : (number + 1) * BLOCK]


def tag(data: bytes) -> tuple[int, int, int, bool]:
    """Identifier, version and location of a tag, and whether its checksum and CRC are right."""
    kind, version, checksum, _, crc, length, location = struct.unpack_from("<HHBxHHHI", data)
    right = (sum(data[:4]) + sum(data[5:16])) % 256 == checksum
    return kind, version, location, right and crc_hqx(data[16 : 16 + length], 0) == crc


def tags(volume: bytes) -> Iterator[tuple[int, tuple[int, int, int, bool]]]:
    for number in range(32, len(volume) // BLOCK):
        kind = tag(block(volume, number))
        if kind[3] and 0 < kind[0] < 300:
            yield number, kind


def test_they_are_offered() -> None:
    registry = Registry.load(["format-udf"])
    assert not registry.broken
    for name, revision in zip(("udf150", "udf250", "udf260"), REVISIONS, strict=True):
        layout = registry.formats[name].make({})
        assert isinstance(layout, Udf)
        assert (registry.formats[name].suffix, layout.revision) == (".iso", revision)


def test_describing_the_formats_loads_nothing_that_lays_out() -> None:
    look = "import sys, burnish_format_udf; print('burnish_format_udf.image' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_every_tag_says_where_it_stands(revision: str) -> None:
    volume = medium(tree(*(f"D/IM{n:06d}" for n in range(100)), "DICOMDIR"), revision)
    found = dict(tags(volume))
    assert {kind[1] for kind in found.values()} == {2 if revision == "1.50" else 3}
    end = START + struct.unpack_from("<I", block(volume, 34), 192)[0]
    outside = [(kind[0], number - kind[2]) for number, kind in found.items() if not START <= number < end]
    assert sorted(outside) == [(kind, 0) for kind in (1, 1, 2, 2, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 8, 9)]
    inside = [(kind[0], number, kind[2]) for number, kind in found.items() if START <= number < end]
    if revision == "1.50":
        assert {kind for kind, _, _ in inside} == {256, 8, 261, 257}
        assert {number - says for _, number, says in inside} == {START}
    else:
        (_, first, at_first), *metadata, (_, last, at_last) = inside
        assert first - at_first == last - at_last == START, "the entries of the metadata files"
        half = len(metadata) // 2
        assert {kind for kind, _, _ in metadata} == {256, 8, 266, 257}
        assert {number - says for _, number, says in metadata[:half]} == {START + 32}
        assert len({number - says for _, number, says in metadata[half:]}) == 1


@pytest.mark.parametrize("revision", REVISIONS[1:])
def test_the_metadata_partition_is_two_whole_copies_of_clusters(revision: str) -> None:
    volume = medium(tree(*(f"D/IM{n:06d}" for n in range(100)), "DICOMDIR"), revision)
    logical = block(volume, 35)
    assert struct.unpack_from("<II", logical, 264) == (70, 2)
    kind, length, name, number, main, mirror, bitmap, unit, alignment, flags = struct.unpack_from(
        "<BB3x23s10xHIIIIHB", logical, 446
    )
    assert (kind, length, name.rstrip(b"\0"), number) == (2, 64, b"*UDF Metadata Partition", 0)
    assert (bitmap, unit, alignment, flags) == (0xFFFFFFFF, 32, 32, 1)
    copies = []
    for at, file_type in ((main, 250), (mirror, 251)):
        entry = block(volume, START + at)
        assert (tag(entry)[:3], entry[27]) == ((266, 3, at), file_type)
        size, first = struct.unpack_from("<II", entry, 216)
        assert size % (32 * BLOCK) == 0
        assert first % 32 == 0
        copies.append(volume[(START + first) * BLOCK :][:size])
    assert copies[0] == copies[1]
    assert tag(copies[0])[0] == 256
    blocks, end = struct.unpack_from("<I", block(volume, 34), 192)[0], mirror + 1
    assert blocks == end


def test_whole_clusters(revision: str) -> None:
    for size in (0, 1, 2048, 100_000):
        laid = Tree((Entry(("A",), (Literal(bytes(size)),)),))
        assert Udf(revision).lay_out(laid, FACTS).length % (32 * BLOCK) == 0


def test_the_descriptors_say_what_the_facts_are(revision: str) -> None:
    volume = medium(tree("A"), revision)
    primary = block(volume, 32)
    assert primary[24:56] == b"\x08TESTSET".ljust(31, b"\0") + b"\x08"
    assert struct.unpack_from("<HHHH", primary, 56) == (1, 1, 2, 2), "volume 1 of 1, interchange level 2"
    assert primary[72:200].startswith(b"\x0869F80C29")
    assert f"BURNISH_{FACTS.token}".encode() in primary[72:200]
    assert primary[376:388] == struct.pack("<HHBBBBBBBB", 0x1000, 2026, 5, 4, 3, 2, 1, 0, 0, 0)
    number = int(revision.replace(".", ""), 16)
    assert block(volume, 35)[216:242] == b"\0*OSTA UDF Compliant".ljust(24, b"\0") + struct.pack("<H", number)


def test_an_empty_identifier_is_an_empty_dstring(revision: str) -> None:
    primary = block(medium(tree("A"), revision, facts(identifier="")), 32)
    assert primary[24:56] == bytes(32)


def facts(**other: Any) -> VolumeFacts:
    return VolumeFacts(**{"identifier": "TESTSET", "token": "TK1", "made": FACTS.made, **other})


@pytest.mark.parametrize(
    "bad",
    [
        {"identifier": "lower"},
        {"identifier": "SEVENTEEN_LETTERS"},
        {"token": ""},
        {"token": "A B"},
        {"token": "A" * 101},
        {"made": datetime(2026, 1, 1)},
    ],
)
def test_facts_that_do_not_fit_are_refused(revision: str, bad: dict[str, Any]) -> None:
    with pytest.raises(LayoutError):
        Udf(revision).lay_out(tree("A"), facts(**bad))


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("A" * 255, "at most 254"),
        ("あ" * 128, "at most 254"),
        ("A\n", "control characters"),
        ("A\ud800", "control characters"),
        ("A\U0001f600", "multilingual"),
        ("A\uffff", "multilingual"),
        ("/".join(["A" * 200] * 6), "longer than 1023"),
    ],
)
def test_names_that_udf_does_not_hold_are_refused(revision: str, path: str, why: str) -> None:
    with pytest.raises(LayoutError, match=why):
        Udf(revision).lay_out(tree(path), FACTS)


def test_the_longest_names_are_read_back(revision: str) -> None:
    volume = medium(tree("A" * 254, "あ" * 127, "/".join(["A" * 100] * 10)), revision)
    assert len(Udf(revision).read(io.BytesIO(volume)).files) == 3


def test_the_same_moment_in_another_zone_is_the_same(revision: str) -> None:
    elsewhere = FACTS.made.astimezone(timezone(timedelta(hours=9)))
    assert medium(tree("A"), revision, facts(made=elsewhere)) == medium(tree("A"), revision, facts())


def test_volumes_of_one_second_have_their_own_identifiers(revision: str) -> None:
    sets = {
        block(medium(tree("A"), revision, facts(token=token)), 32)[73:89] for token in ("TK1", "TK2", "TK3")
    }
    assert len(sets) == 3


@pytest.mark.parametrize(("revision", "limit"), [("1.50", 234), ("2.50", 114), ("2.60", 114)])
def test_a_file_is_as_long_as_its_entry_can_say(revision: str, limit: int) -> None:
    most = limit * (2**30 - BLOCK)
    laid = Tree((Entry(("A",), (Range("key", 0, most),)),), {"key": Source(most, bytes(32))})
    assert Udf(revision).lay_out(laid, FACTS).length > most
    beyond = Tree((Entry(("A",), (Range("key", 0, most), Zeros(1))),), laid.sources)
    with pytest.raises(LayoutError, match="/A has"):
        Udf(revision).lay_out(beyond, FACTS)


def test_the_recipe_says_where_the_files_stand(revision: str) -> None:
    laid = tree(*(f"D{n % 7}/IM{n:06d}" for n in range(100)))
    recipe = Udf(revision).lay_out(laid, FACTS)
    volume = image(recipe, Shelf({}))
    for span, entry in zip(recipe.files, laid.entries, strict=True):
        assert span.path == entry.path
        assert volume[span.offset : span.offset + span.length] == "/".join(entry.path).encode()


def test_years_far_away_are_written(revision: str) -> None:
    for year in (1601, 9999):
        volume = medium(tree("A"), revision, facts(made=datetime(year, 1, 1, tzinfo=UTC)))
        assert struct.unpack_from("<H", block(volume, 32), 378)[0] == year
