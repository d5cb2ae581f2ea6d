"""The files of an image as a stream of their own, for devices that make the file system themselves.

Shape: eight bytes, big-endian, that count a table; the table, a JSON list of [path components, bytes]; then
the bytes of each file, in the order of the table, which is the order of their paths. A recipe of this is
written, read back and compared like that of an image.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final, NamedTuple

from burnish.recipe.extents import Extent, FileSpan, Literal, Recipe

_COUNT: Final = 8
_MOST: Final = 1 << 28
"""Bytes of a table at most: two million files."""


class StreamedFile(NamedTuple):
    """A file of such a stream."""

    path: tuple[str, ...]
    length: int


def files_of(recipe: Recipe) -> Recipe:
    """The files of an image. Raises ValueError where its recipe does not say where they stand."""
    if not recipe.files:
        raise ValueError("the format does not say where its files stand")
    content = dict(_contents(recipe))
    spans = sorted(recipe.files)
    table = Literal(table_bytes(StreamedFile(span.path, span.length) for span in spans))
    extents = (extent for span in spans for extent in content[span.path])
    return Recipe((table, *extents), recipe.sources)


def _contents(recipe: Recipe) -> Iterator[tuple[tuple[str, ...], Sequence[Extent]]]:
    """The extents of each file. Raises ValueError where one is not made of whole extents."""
    at = {}
    offset = 0
    for number, extent in enumerate(recipe.extents):
        if extent.length:
            at[offset] = number
        offset += extent.length
    for span in recipe.files:
        yield span.path, list(_whole(recipe, span, at[span.offset] if span.length else 0))


def _whole(recipe: Recipe, span: FileSpan, number: int) -> Iterator[Extent]:
    left = span.length
    while left:
        extent = recipe.extents[number]
        left -= extent.length
        if left < 0:
            raise ValueError(f"{'/'.join(span.path)} ends within an extent")
        yield extent
        number += 1


def table_bytes(files: Iterable[StreamedFile]) -> bytes:
    """The beginning of a stream of these files."""
    table = json.dumps([[list(path), length] for path, length in files]).encode()
    return len(table).to_bytes(_COUNT, "big") + table


def read_table(source: BinaryIO) -> list[StreamedFile]:
    """Read the beginning of a stream; the bytes of the first file come next. Raises ValueError or OSError."""
    count = int.from_bytes(_exactly(source, _COUNT), "big")
    if count > _MOST:
        raise ValueError(f"a table of {count} bytes is none")
    return [StreamedFile(tuple(path), int(length)) for path, length in json.loads(_exactly(source, count))]


def _exactly(source: BinaryIO, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = source.read(count - len(parts))
        if not part:
            raise ValueError(f"the stream ended within its table, after {len(parts)} of {count} bytes")
        parts += part
    return bytes(parts)
