"""A file is proven while it is written: what differs on the disk is found, and nothing is left running."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from burnish.errors import Mismatch, SourceDamaged
from burnish.recipe import Literal, Range, Recipe, Zeros, proof
from burnish.recipe.proof import pour_and_prove
from burnish.testing.trees import Shelf, noise

LARGE = 700_001
SHELF = Shelf({"large": noise("large", LARGE), "small": noise("small", 3_000)})
RECIPE = Recipe(
    (
        Literal(b"head" * 512),
        Range("large", 0, LARGE),
        Zeros(9_000),
        Range("small", 0, 3_000),
        Literal(noise("tail", 300_000)),
    ),
    SHELF.sources,
)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[BinaryIO]:
    with (tmp_path / "image").open("x+b", buffering=0) as opened:
        yield opened
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("prover")]


@pytest.fixture(params=[64 << 10, 32 << 20], ids=["many stretches", "one stretch"], autouse=True)
def stretch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "_STRETCH", request.param)


def quiet(_step: str, _done: int) -> None:
    pass


def test_it_is_written_and_proven(file: BinaryIO) -> None:
    told: list[tuple[str, int]] = []
    pour_and_prove(RECIPE, SHELF.open, file.fileno(), lambda *step: told.append(step))
    content = file.read() if not file.seek(0) else b""
    assert content[2048:][:LARGE] == SHELF.contents["large"]
    assert len(content) == RECIPE.length
    assert told[-1] == ("proving", RECIPE.length)
    assert ("writing", RECIPE.length) in told


def test_an_empty_recipe(file: BinaryIO) -> None:
    pour_and_prove(Recipe(()), SHELF.open, file.fileno(), quiet)
    assert not file.read()


@pytest.mark.parametrize("place", [0, 2_048, 400_000, 2_048 + LARGE + 4, RECIPE.length - 1])
def test_what_differs_on_the_disk_is_found(
    place: int, file: BinaryIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaging(descriptor: int) -> None:
        if os.fstat(descriptor).st_size > place:
            [byte] = os.pread(descriptor, 1, place)
            os.pwrite(descriptor, bytes([byte ^ 1]) if not damaged else bytes([byte]), place)
            damaged.append(place)

    damaged: list[int] = []
    monkeypatch.setattr(os, "fdatasync", damaging)
    with pytest.raises(Mismatch):
        pour_and_prove(RECIPE, SHELF.open, file.fileno(), quiet)


def test_what_is_lost_or_follows_is_found(file: BinaryIO, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", lambda descriptor: os.truncate(descriptor, 50_000))
        with pytest.raises(Mismatch):
            pour_and_prove(RECIPE, SHELF.open, file.fileno(), quiet)
    os.truncate(file.fileno(), 0)
    os.pwrite(file.fileno(), b"more", RECIPE.length)
    file.seek(0)
    with pytest.raises(Mismatch, match="more than the image"):
        pour_and_prove(RECIPE, SHELF.open, file.fileno(), quiet)


def test_a_source_that_is_gone_stops_it(file: BinaryIO) -> None:
    with pytest.raises(SourceDamaged):
        pour_and_prove(RECIPE, Shelf({}).open, file.fileno(), quiet)


def test_whoever_is_told_may_stop_it(file: BinaryIO) -> None:
    def stop(step: str, done: int) -> None:
        raise InterruptedError(step)

    with pytest.raises(InterruptedError, match="writing"):
        pour_and_prove(RECIPE, SHELF.open, file.fileno(), stop)
