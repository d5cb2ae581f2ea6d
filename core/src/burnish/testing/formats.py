"""Tests that every format must pass, wherever it lives. A plugin's whole test file can be this:

    class TestMyFormat(FormatConformance):
        @pytest.fixture
        def layout(self) -> Format:
            return MyFormat()

Names of the test tree are 8 of A-Z 0-9 _, at most four deep: any format holds them.
"""

import base64
import io
import os
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from burnish.contracts import Contents, FileOnMedium, Format, VolumeFacts
from burnish.errors import LayoutError, UnreadableMedium
from burnish.recipe import Encoded, Entry, Extent, Literal, Range, Recipe, Tree
from burnish.recipe.extents import ranges
from burnish.testing.kit import Conformance
from burnish.testing.trees import FACTS, Shelf, content, image, small_tree

BAD_NAMES = ("", ".", "..", "A/B", "A\0B", "A\\B", "../A")


class FormatConformance(Conformance):
    """Subclass, give `layout`, and run."""

    @pytest.fixture
    def layout(self) -> Format:
        """The format."""
        raise NotImplementedError("the subclass supplies this fixture")

    @pytest.fixture
    def facts(self) -> VolumeFacts:
        """What the volume's descriptor is to say."""
        return FACTS

    @pytest.fixture
    def small(self) -> tuple[Tree, Shelf]:
        """A tree that this format holds, and the bytes behind it."""
        return small_tree()

    @pytest.fixture
    def medium(self, layout: Format, facts: VolumeFacts, small: tuple[Tree, Shelf]) -> bytes:
        """The image of the small tree."""
        return image(layout.lay_out(small[0], facts), small[1])

    def test_what_was_laid_out_is_found_again(
        self, layout: Format, small: tuple[Tree, Shelf], medium: bytes
    ) -> None:
        """Pass it by listing every file where it stands, with the path it was given."""
        tree, shelf = small
        found = {file.path: file for file in layout.read(io.BytesIO(medium)).files}
        assert found.keys() == {entry.path for entry in tree.entries}
        for entry in tree.entries:
            assert _stands(found[entry.path], medium) == content(entry, shelf), entry.path

    def test_its_own_media_break_none_of_its_rules(self, layout: Format, medium: bytes) -> None:
        """Pass it by laying out what your reader has nothing to say about."""
        assert list(layout.read(io.BytesIO(medium)).findings) == []

    def test_identifier_and_token_are_read_back(
        self, layout: Format, facts: VolumeFacts, medium: bytes
    ) -> None:
        """Pass it by keeping both in the volume's descriptor, or in a place of their own."""
        contents = layout.read(io.BytesIO(medium))
        assert (contents.identifier, contents.token) == (facts.identifier, facts.token)

    def test_an_identifier_may_be_empty(
        self, layout: Format, facts: VolumeFacts, small: tuple[Tree, Shelf]
    ) -> None:
        """Pass it by writing an empty File-set ID as the format's padding."""
        empty = layout.lay_out(small[0], replace(facts, identifier=""))
        assert layout.read(io.BytesIO(image(empty, small[1]))).identifier == ""

    def test_a_tree_may_be_empty(self, layout: Format, facts: VolumeFacts) -> None:
        """Pass it by making a medium without files."""
        medium = image(layout.lay_out(Tree(()), facts), Shelf({}))
        assert list(layout.read(io.BytesIO(medium)).files) == []

    def test_each_content_stands_contiguous_and_in_order(
        self, layout: Format, facts: VolumeFacts, small: tuple[Tree, Shelf]
    ) -> None:
        """Pass it by putting an entry's extents one after another, nothing between them."""
        recipe = layout.lay_out(small[0], facts)
        for entry in small[0].entries:
            used = [extent for extent in entry.content if isinstance(extent, Range)]
            parts = next((part for part in _pieces(recipe.extents) if set(used) <= set(part)), ())
            for extent in used:
                at = parts.index(extent)
                assert parts[at - 1] == entry.content[0], entry.path

    def test_data_lies_in_the_order_of_the_tree(
        self, layout: Format, facts: VolumeFacts, small: tuple[Tree, Shelf]
    ) -> None:
        """Pass it by following the tree's order, whatever order your directories want."""
        tree = Tree(tuple(reversed(small[0].entries)), small[0].sources)
        wanted = [extent for entry in tree.entries for extent in entry.content if isinstance(extent, Range)]
        assert list(ranges(layout.lay_out(tree, facts).extents)) == wanted

    def test_the_same_input_gives_the_same_recipe(
        self,
        layout: Format,
        facts: VolumeFacts,
        small: tuple[Tree, Shelf],
        elsewhere: None,
    ) -> None:
        """Pass it by knowing no time but `facts.made`, no zone, no chance, no hash order."""
        first = layout.lay_out(small[0], facts)
        os.environ["TZ"] = "Asia/Kathmandu"
        time.tzset()
        time.sleep(1.1)
        assert layout.lay_out(small[0], facts) == first
        assert layout.lay_out(small[0], facts).digest == first.digest

    @pytest.fixture
    def elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Let a test change the time zone, and change it back."""
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "America/St_Johns")
            time.tzset()
            yield
        time.tzset()

    def test_the_facts_are_in_the_image(
        self, layout: Format, facts: VolumeFacts, small: tuple[Tree, Shelf]
    ) -> None:
        """Pass it by writing identifier, token and time: two volumes are never the same bytes."""
        one = layout.lay_out(small[0], facts)
        for other in (
            replace(facts, identifier="OTHER"),
            replace(facts, token="OTHER"),  # noqa: S106 - no secret
            replace(facts, made=facts.made + timedelta(days=1)),
        ):
            assert layout.lay_out(small[0], other).digest != one.digest

    def test_several_threads_may_lay_out_at_once(
        self, layout: Format, facts: VolumeFacts, small: tuple[Tree, Shelf]
    ) -> None:
        """Pass it by keeping no state, or by guarding what a library keeps."""
        days = [replace(facts, made=facts.made + timedelta(days=day)) for day in range(8)]
        alone = [layout.lay_out(small[0], day) for day in days]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda day: layout.lay_out(small[0], day), days)) == alone

    def test_a_path_may_stand_once(self, layout: Format, facts: VolumeFacts) -> None:
        """Pass it by looking for doubles before laying out, and naming the path."""
        twice = tuple(Entry(("DICOM", "SAME"), (Literal(data),)) for data in (b"one", b"two"))
        with pytest.raises(LayoutError, match="DICOM/SAME"):
            layout.lay_out(Tree(twice), facts)

    def test_a_path_is_a_file_or_a_folder(self, layout: Format, facts: VolumeFacts) -> None:
        """Pass it by refusing a file whose name a folder has."""
        both = (Entry(("SAME",), (Literal(b"x"),)), Entry(("SAME", "BELOW"), (Literal(b"y"),)))
        with pytest.raises(LayoutError, match="SAME"):
            layout.lay_out(Tree(both), facts)

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_no_name_leaves_its_folder(self, layout: Format, facts: VolumeFacts, name: str) -> None:
        """Pass it by checking every component against what the format allows."""
        for path in ((name,), ("DICOM", name), (name, "IMAGE")):
            with pytest.raises(LayoutError):
                layout.lay_out(Tree((Entry(path, (Literal(b"x"),)),)), facts)

    @pytest.mark.parametrize("bad", [b"", bytes(3_000_000), b"\xff" * 3_000_000, b"DICM" * 200_000])
    def test_what_is_not_a_medium_is_refused(self, layout: Format, bad: bytes) -> None:
        """Pass it by raising UnreadableMedium, whatever is wrong."""
        with pytest.raises(UnreadableMedium):
            layout.read(io.BytesIO(bad))

    def test_a_medium_may_end_anywhere(self, layout: Format, medium: bytes) -> None:
        """Pass it by checking every length against the medium: a finding or UnreadableMedium, no crash."""
        for end in [*range(0, min(len(medium), 80 * 2048), 2048), len(medium) // 2, len(medium) - 2048]:
            contents = _read(layout, medium[:end])
            assert contents is None or contents.findings, end

    def test_a_medium_may_lie(self, layout: Format, medium: bytes) -> None:
        """Pass it by believing no number: any damage to the structures is read in bounded time and room.

        A path that comes back stays below the root.
        """
        chance, hurt = random.Random(7), bytearray(medium)  # noqa: S311 - no secret
        structures = [at for at in range(min(len(medium), 1 << 20)) if medium[at]]
        for _ in range(400):
            spots = chance.sample(structures, 3)
            kept = [hurt[spot] for spot in spots]
            for spot in spots:
                hurt[spot] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
            contents = _read(layout, bytes(hurt))
            assert contents is None or all(_below(file.path) for file in contents.files)
            for spot, byte in zip(spots, kept, strict=True):
                hurt[spot] = byte

    def test_reading_leaves_the_medium_open(self, layout: Format, medium: bytes) -> None:
        """Pass it by leaving the file to whoever opened it; where it stands may change."""
        file = io.BytesIO(medium)
        layout.read(file)
        assert not file.closed

    def test_the_recipe_uses_every_source_once(
        self, layout: Format, facts: VolumeFacts, small: tuple[Tree, Shelf]
    ) -> None:
        """Pass it by handing on the tree's sources and ranges unchanged."""
        recipe: Recipe = layout.lay_out(small[0], facts)
        assert recipe.sources == small[0].sources
        assert sorted(extent.key for extent in ranges(recipe.extents)) == sorted(small[0].sources)


def _stands(file: FileOnMedium, medium: bytes) -> bytes:
    """What a file's extents stand for."""
    found = b"".join(medium[at : at + size] for at, size in file.extents)
    if file.codec:
        decoder = file.codec.decoder()
        return decoder.update(found) + decoder.finish()
    return found if file.decoded is None else base64.b64decode(found)


def _pieces(extents: Sequence[Extent]) -> Iterator[Sequence[Extent]]:
    """The extents, and those within each that is encoded."""
    yield extents
    for extent in extents:
        if isinstance(extent, Encoded):
            yield from _pieces(extent.inner)


def _read(layout: Format, medium: bytes) -> Contents | None:
    began = time.monotonic()
    try:
        return layout.read(io.BytesIO(medium))
    except UnreadableMedium:
        return None
    finally:
        assert time.monotonic() - began < 20, "reading a small medium took too long"


def _below(path: tuple[str, ...]) -> bool:
    return bool(path) and not any(part in BAD_NAMES or "/" in part for part in path)
