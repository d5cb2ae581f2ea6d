"""Extents, digest, stream, comparison and storage of recipes."""

import hashlib
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from burnish.errors import Cancelled, Mismatch, SourceDamaged
from burnish.recipe import (
    Comparison,
    Entry,
    Literal,
    Located,
    Range,
    Recipe,
    Source,
    Zeros,
    compare,
    load_recipe,
    pour,
    save_recipe,
)
from burnish.testing.trees import Shelf, image, noise
from hypothesis import given, settings
from hypothesis import strategies as st


@st.composite
def made(draw: st.DrawFn) -> tuple[Recipe, Shelf]:
    """A recipe of any extents, its sources cut into ranges anywhere, and the bytes behind it."""
    sizes = draw(st.lists(st.integers(0, 300_000), max_size=4))
    shelf = Shelf({f"k{n}": noise(f"k{n}", size) for n, size in enumerate(sizes)})
    extents: list[Literal | Range | Zeros] = []
    for key, data in shelf.contents.items():
        extents += draw(st.lists(FILLERS, max_size=2))
        cut = draw(st.integers(0, len(data)))
        parts = [(0, cut), (cut, len(data) - cut)]
        extents += [Range(key, start, length) for start, length in parts]
    extents += draw(st.lists(FILLERS, max_size=3))
    return Recipe(tuple(extents), shelf.sources), shelf


FILLERS = st.one_of(
    st.builds(Literal, st.binary(max_size=300)),
    st.builds(Zeros, st.integers(0, 5_000)),
)


def expected(recipe: Recipe, shelf: Shelf) -> bytes:
    parts = []
    for extent in recipe.extents:
        match extent:
            case Literal(data):
                parts.append(data)
            case Zeros(length):
                parts.append(bytes(length))
            case Range(key, start, length):
                parts.append(shelf.contents[key][start : start + length])
    return b"".join(parts)


SAMPLE = (
    Recipe(
        (Literal(b"head"), Range("a", 0, 5), Zeros(10), Literal(b"tail"), Range("b", 0, 200_000)),
        Shelf({"a": noise("a", 5), "b": noise("b", 200_000)}).sources,
    ),
    Shelf({"a": noise("a", 5), "b": noise("b", 200_000)}),
)


@given(made())
@settings(max_examples=40, deadline=None)
def test_pouring_gives_the_bytes_of_every_extent(case: tuple[Recipe, Shelf]) -> None:
    recipe, shelf = case
    poured = image(recipe, shelf)
    assert poured == expected(recipe, shelf)
    assert len(poured) == recipe.length


@given(made(), st.integers(1, 100_000), st.integers(0, 5_000))
@settings(max_examples=40, deadline=None)
def test_what_was_poured_compares_in_pieces_of_any_size(
    case: tuple[Recipe, Shelf], step: int, padding: int
) -> None:
    recipe, shelf = case
    data = expected(recipe, shelf) + bytes(padding)
    comparison = Comparison(recipe)
    for at in range(0, len(data), step):
        comparison.feed(data[at : at + step])
    comparison.finish()
    assert comparison.padding == padding


@given(made(), st.data())
@settings(max_examples=60, deadline=None)
def test_any_flipped_bit_is_a_mismatch(case: tuple[Recipe, Shelf], data: st.DataObject) -> None:
    recipe, shelf = case
    poured = bytearray(expected(recipe, shelf) + bytes(100))
    at = data.draw(st.integers(0, len(poured) - 1))
    poured[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Mismatch):
        _compared(recipe, bytes(poured))


@given(made(), st.data())
@settings(max_examples=40, deadline=None)
def test_a_medium_that_ends_early_is_a_mismatch(case: tuple[Recipe, Shelf], data: st.DataObject) -> None:
    recipe, shelf = case
    whole = expected(recipe, shelf)
    if whole:
        with pytest.raises(Mismatch):
            _compared(recipe, whole[: data.draw(st.integers(0, len(whole) - 1))])


def _compared(recipe: Recipe, data: bytes) -> None:
    comparison = Comparison(recipe)
    comparison.feed(data)
    comparison.finish()


@given(made(), made())
@settings(max_examples=40, deadline=None)
def test_digests_are_equal_exactly_when_recipes_are(
    one: tuple[Recipe, Shelf], other: tuple[Recipe, Shelf]
) -> None:
    assert one[0].digest == Recipe(one[0].extents, dict(one[0].sources)).digest
    assert (one[0].extents == other[0].extents) == (one[0].digest == other[0].digest)


@pytest.mark.parametrize(
    "other",
    [
        Recipe((Literal(b"he"), Literal(b"ad"), *SAMPLE[0].extents[1:]), SAMPLE[0].sources),
        Recipe((*SAMPLE[0].extents, Zeros(1)), SAMPLE[0].sources),
        Recipe((Literal(b"Head"), *SAMPLE[0].extents[1:]), SAMPLE[0].sources),
        Recipe(SAMPLE[0].extents, {**SAMPLE[0].sources, "a": Source(5, bytes(32))}),
        Recipe(SAMPLE[0].extents, {**SAMPLE[0].sources, "a": Source(6, SAMPLE[0].sources["a"].digest)}),
    ],
)
def test_any_difference_shows_in_the_digest(other: Recipe) -> None:
    assert other.digest != SAMPLE[0].digest


def test_the_digest_names_sources_by_content_and_not_by_key() -> None:
    sources = SAMPLE[0].sources
    renamed = tuple(replace(e, key="other") if e == Range("a", 0, 5) else e for e in SAMPLE[0].extents)
    assert Recipe(renamed, {"other": sources["a"], "b": sources["b"]}).digest == SAMPLE[0].digest


@pytest.mark.parametrize("sources", [{}, {"a": Source(1, b""), "b": Source(1, b"")}])
def test_sources_and_ranges_belong_together(sources: dict[str, Source]) -> None:
    with pytest.raises(ValueError, match="sources and ranges differ"):
        Recipe((Range("a", 0, 1),), sources)


def test_an_entry_has_the_size_of_its_content() -> None:
    assert Entry(("A",), (Literal(b"ab"), Range("k", 0, 7), Zeros(1))).size == 10


def test_progress_grows_to_the_whole_length(tmp_path: Path) -> None:
    seen: list[int] = []
    with (tmp_path / "image").open("wb") as target:
        pour(*SAMPLE_CALL, target.fileno(), seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == SAMPLE[0].length


SAMPLE_CALL = (SAMPLE[0], SAMPLE[1].open)


def test_report_may_stop_it(tmp_path: Path) -> None:
    def stop(_: int) -> None:
        raise Cancelled("enough")

    with (tmp_path / "image").open("wb") as target, pytest.raises(Cancelled):
        pour(*SAMPLE_CALL, target.fileno(), stop)


def test_it_pours_into_a_pipe_that_is_read_slowly() -> None:
    reading, writing = os.pipe()
    parts: list[bytes] = []
    with io.FileIO(reading) as origin:
        thread = threading.Thread(target=lambda: parts.append(origin.readall()))
        thread.start()
        with open(writing, "wb"):
            pour(*SAMPLE_CALL, writing)
        thread.join()
    assert b"".join(parts) == expected(*SAMPLE)


def test_a_reader_that_goes_away_is_a_broken_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb"), pytest.raises(BrokenPipeError):
        pour(*SAMPLE_CALL, writing)


@pytest.mark.parametrize("key", ["a", "b"])
def test_a_source_that_is_shorter_than_its_record_is_damaged(tmp_path: Path, key: str) -> None:
    shelf = Shelf({**SAMPLE[1].contents, key: SAMPLE[1].contents[key][:-1]})

    @contextmanager
    def exact(wanted: str) -> Iterator[Located]:
        path = tmp_path / wanted
        path.write_bytes(shelf.contents[wanted])
        with path.open("rb") as file:
            yield Located(file.fileno(), 0)

    with (tmp_path / "image").open("wb") as target, pytest.raises(SourceDamaged, match=f"source {key} ends"):
        pour(SAMPLE[0], exact, target.fileno())


def test_comparing_reads_a_descriptor_to_its_end(tmp_path: Path) -> None:
    path, seen = tmp_path / "image", []
    path.write_bytes(expected(*SAMPLE) + bytes(2048))
    with path.open("rb") as medium:
        compare(SAMPLE[0], medium.fileno(), seen.append)
    assert seen[-1] == SAMPLE[0].length + 2048


def test_more_than_padding_after_the_image_is_a_mismatch() -> None:
    with pytest.raises(Mismatch, match="holds more than the image"):
        _compared(SAMPLE[0], expected(*SAMPLE) + bytes(10) + b"x")


def test_a_mismatch_says_which_source() -> None:
    data = bytearray(expected(*SAMPLE))
    data[5] ^= 1
    with pytest.raises(Mismatch, match="source a differs"):
        _compared(SAMPLE[0], bytes(data))


def test_an_empty_source_is_nothing_to_compare() -> None:
    recipe = Recipe((Range("e", 0, 0), Literal(b"x")), {"e": Source(0, hashlib.sha256(b"").digest())})
    _compared(recipe, b"x")


@given(case=made())
@settings(max_examples=25, deadline=None)
def test_a_recipe_is_kept(tmp_path_factory: pytest.TempPathFactory, case: tuple[Recipe, Shelf]) -> None:
    path = tmp_path_factory.mktemp("kept") / "plan"
    save_recipe(case[0], path)
    assert load_recipe(path) == case[0]
    assert [file.name for file in path.parent.iterdir()] == ["plan"]


def test_a_plan_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    save_recipe(SAMPLE[0], path)
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(SourceDamaged):
            load_recipe(path)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_plan_is_refused_or_says_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "changed-plan"
    save_recipe(SAMPLE[0], path)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    try:
        changed = load_recipe(path)
    except SourceDamaged:
        return
    assert changed.digest == SAMPLE[0].digest


def test_a_plan_that_is_gone_is_damage(tmp_path: Path) -> None:
    with pytest.raises(SourceDamaged, match="the plan nowhere cannot be read"):
        load_recipe(tmp_path / "nowhere")
