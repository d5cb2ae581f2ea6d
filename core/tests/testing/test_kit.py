"""The kits themselves: they cannot be hollowed out, and they catch what they are for."""

import io
from collections.abc import Sequence
from typing import BinaryIO

import pytest
from burnish.contracts import (
    AsIs,
    Contents,
    DirectoryKey,
    Fit,
    Format,
    Job,
    Profile,
    Report,
    Subject,
    Transcode,
    Unfit,
    VolumeFacts,
)
from burnish.errors import SourceDamaged, UnreadableMedium
from burnish.media import MediaKind
from burnish.recipe import Literal, Range, Recipe, Tree
from burnish.terms import EXPLICIT_VR_LE, FailureReason
from burnish.testing.formats import FormatConformance
from burnish.testing.kit import Conformance
from burnish.testing.profiles import ProfileConformance
from burnish.testing.scripted import ScriptedWriter, Settings
from burnish.testing.trees import FACTS, Shelf, content, image, noise, small_tree
from burnish.testing.writers import WriterConformance


class Kit(Conformance):
    def test_something(self) -> None:
        """Pass it."""


def test_a_test_is_not_replaced_silently() -> None:
    with pytest.raises(TypeError, match=r"Mine\.test_something replaces"):
        type("Mine", (Kit,), {"test_something": lambda self: None})


def test_not_even_by_a_grandchild() -> None:
    child = type("Child", (Kit,), {})
    with pytest.raises(TypeError):
        type("Grandchild", (child,), {"test_something": None})


@pytest.mark.parametrize(
    ("mark", "good"), [(pytest.mark.xfail(reason="no such drive"), True), (pytest.mark.xfail, False)]
)
def test_an_exception_needs_its_reason(mark: pytest.MarkDecorator, good: bool) -> None:
    def test_something(self: Kit) -> None:
        raise AssertionError

    body = {"test_something": mark(test_something)}
    if good:
        type("Mine", (Kit,), body)
        return
    with pytest.raises(TypeError):
        type("Mine", (Kit,), body)


def test_fixtures_and_tests_of_ones_own_are_welcome() -> None:
    type("Mine", (Kit,), {"writer": None, "test_mine": lambda self: None})


@pytest.mark.parametrize("kit", [FormatConformance, WriterConformance, ProfileConformance])
def test_every_conformance_test_says_how_to_pass_it(kit: type) -> None:
    tests = [value for name, value in vars(kit).items() if name.startswith("test_")]
    assert tests
    assert all(test.__doc__.startswith("Pass it ") for test in tests)


def test_noise_depends_on_its_key_alone() -> None:
    assert noise("a", 100) == noise("a", 200)[:100]
    assert noise("a", 100) != noise("b", 100)


def test_a_shelf_opens_what_it_has() -> None:
    tree, shelf = small_tree()
    entry = tree.entries[1]
    first = entry.content[1]
    assert isinstance(first, Range)
    assert content(entry, shelf) == bytes(128) + b"DICM" + shelf.contents[first.key]
    with pytest.raises(SourceDamaged), shelf.open("no such"):
        pass


class House(Profile):
    identifier = "PRI-HOUSE-CD"
    title = "Anything in Explicit VR Little Endian"
    formats = {MediaKind.CD_R: ("iso9660",)}  # noqa: RUF012
    directory_keys: Sequence[DirectoryKey] = (DirectoryKey("Rows", ("IMAGE",), "1"),)

    def judge(self, subject: Subject) -> Fit:
        if subject.transfer_syntax == EXPLICIT_VR_LE:
            return AsIs()
        return Unfit(FailureReason.PROFILE_COMPRESSION_CONFLICT, "compressed", (0x00020010,))


class TestHouse(ProfileConformance):
    @pytest.fixture
    def profile(self) -> Profile:
        return House()

    @pytest.fixture
    def fitting(self) -> Subject:
        return Subject("1.2.840.10008.5.1.4.1.1.2", EXPLICIT_VR_LE, {"Rows": 1})

    @pytest.fixture
    def unfit(self) -> Subject:
        return Subject("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.4.50", {"Rows": 1})


class Swapped(House):
    def judge(self, subject: Subject) -> Fit:
        return (
            AsIs()
            if subject.transfer_syntax != EXPLICIT_VR_LE
            else Unfit(FailureReason.PROFILE_INSTANCE_CONFLICT, "")
        )


def test_the_kit_catches_a_profile_that_gives_no_reason() -> None:
    with pytest.raises(AssertionError):
        ProfileConformance().test_what_does_not_fit_says_why(Swapped(), Subject("1.2", EXPLICIT_VR_LE, {}))


class Presuming(House):
    def judge(self, subject: Subject) -> Fit:
        return AsIs() if subject.transfer_syntax == EXPLICIT_VR_LE else Transcode(EXPLICIT_VR_LE)


def test_the_kit_catches_a_profile_that_presumes_what_can_be_made() -> None:
    with pytest.raises(AssertionError):
        ProfileConformance().test_it_asks_for_no_form_that_cannot_be_made(
            Presuming(), Subject("1.2", EXPLICIT_VR_LE, {})
        )


class Forgetful(ScriptedWriter):
    """Reads its memory, and that wrongly."""

    def read_back(self, job: Job, sink: BinaryIO, report: Report) -> None:
        sink.write(bytes(job.length))
        report(job.length)


def test_the_kit_catches_a_driver_that_lies(tmp_path: pytest.TempPathFactory) -> None:
    data = noise("image", 2048 * 5)
    writer = Forgetful(Settings.model_validate({"path": tmp_path}))
    job = Job(
        token="RQ1",
        volume_token="VL1",
        file_set_id="",
        volume=1,
        copy=1,
        medium=MediaKind.CD_R,
        length=len(data),
        suffix=".iso",
    )
    with pytest.raises(AssertionError):
        WriterConformance().test_what_is_written_is_read_back(writer, job, data)


class Heap(Format):
    """Files one after another: what it reads back is nothing."""

    def lay_out(self, tree: Tree, facts: VolumeFacts) -> Recipe:
        return Recipe(tuple(extent for entry in tree.entries for extent in entry.content), tree.sources)

    def read(self, medium: BinaryIO) -> Contents:
        raise UnreadableMedium("a heap cannot be told from noise")


def test_the_kit_catches_a_format_that_finds_nothing() -> None:
    tree, shelf = small_tree()
    medium = image(Heap().lay_out(tree, FACTS), shelf)
    with pytest.raises(UnreadableMedium):
        FormatConformance().test_what_was_laid_out_is_found_again(Heap(), (tree, shelf), medium)
    with pytest.raises(AssertionError):
        FormatConformance().test_the_facts_are_in_the_image(Heap(), FACTS, (tree, shelf))


def test_an_image_is_the_bytes_of_its_recipe() -> None:
    recipe = Recipe((Literal(b"ab"), Range("k", 0, 3)), Shelf({"k": b"xyz"}).sources)
    assert image(recipe, Shelf({"k": b"xyz"})) == b"abxyz"
    assert io.BytesIO(image(recipe, Shelf({"k": b"xyz"}))).read(2) == b"ab"
