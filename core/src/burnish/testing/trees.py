"""Sources, trees and images for tests: a few files of made bytes, the same each time.

Units: bytes. A source's bytes are a stretch of SHA-256 output seeded by its key, so every sector differs.
"""

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from burnish.contracts import VolumeFacts
from burnish.errors import SourceDamaged
from burnish.recipe import Entry, Literal, Located, Range, Recipe, Source, Tree, pour

TOKEN = "TK1234567890"  # noqa: S105 - opaque, not secret
FACTS = VolumeFacts(identifier="TESTSET", token=TOKEN, made=datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC))


def noise(key: str, length: int) -> bytes:
    """Return `length` bytes that depend on `key` alone and do not repeat."""
    blocks = (hashlib.sha256(f"{key}/{number}".encode()).digest() for number in range(-(-length // 32)))
    return b"".join(blocks)[:length]


class Shelf:
    """Sources kept in memory, and the opener that pours them."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = dict(contents)

    @property
    def sources(self) -> dict[str, Source]:
        """What a recipe must know of each."""
        return {
            key: Source(len(data), hashlib.sha256(data).digest(), zlib.crc32(data))
            for key, data in self.contents.items()
        }

    @contextmanager
    def open(self, key: str) -> Iterator[Located]:
        """Open a source, as an `Opener`. Raises SourceDamaged where the shelf does not have it."""
        if key not in self.contents:
            raise SourceDamaged(f"source {key} is not on the shelf")
        with tempfile.TemporaryFile() as file:
            file.write(b"before" + self.contents[key])
            file.flush()
            yield Located(file.fileno(), len(b"before"))


def small_tree() -> tuple[Tree, Shelf]:
    """Seven files in four folders: empty, tiny, a sector exactly, one byte more, and a few larger ones.

    Each that stands for an instance begins with bytes made here, like the preamble and group 2 on media.
    """
    sizes = {
        ("DICOM", "PT000000", "ST000000", "IM000000"): 2048 - 132,
        ("DICOM", "PT000000", "ST000000", "IM000001"): 2049 - 132,
        ("DICOM", "PT000000", "ST000001", "IM000000"): 1,
        ("DICOM", "PT000000", "ST000001", "IM000001"): 300_007,
        ("DICOM", "PT000000", "ST000001", "IM000002"): 2 * 1024 * 1024,
    }
    shelf = Shelf({"/".join(path): noise("/".join(path), size) for path, size in sizes.items()})
    entries = [Entry(("DICOMDIR",), (Literal(noise("directory", 5_000)),))]
    entries += [
        Entry(path, (Literal(bytes(128) + b"DICM"), Range("/".join(path), 0, size)))
        for path, size in sizes.items()
    ]
    entries.append(Entry(("DICOM", "EMPTY"), ()))
    return Tree(tuple(entries), shelf.sources), shelf


def image(recipe: Recipe, shelf: Shelf) -> bytes:
    """Return the bytes of a recipe."""
    with tempfile.TemporaryFile() as file:
        pour(recipe, shelf.open, file.fileno())
        return os.pread(file.fileno(), recipe.length, 0)


def content(entry: Entry, shelf: Shelf) -> bytes:
    """Return the bytes of one file of a tree."""
    own = {extent.key for extent in entry.content if isinstance(extent, Range)}
    return image(Recipe(entry.content, {key: shelf.sources[key] for key in own}), shelf)
