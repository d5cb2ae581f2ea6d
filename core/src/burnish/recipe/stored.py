"""A recipe on disk, so that whoever writes or proves a piece reads what was planned.

Shape: one JSON line with sources and files, then the extents: a letter, little-endian lengths, literal bytes;
last the recipe's digest and that of the line. A file that was cut short or changed is refused.
"""

import json
import os
import struct
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from burnish.errors import SourceDamaged
from burnish.recipe.codecs import codec_of
from burnish.recipe.extents import Encoded, Extent, FileSpan, Literal, Range, Recipe, Source, Zeros

_TWO = struct.Struct("<QQ")
_ONE = struct.Struct("<Q")


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write `recipe` to `path`, durable when this returns; a file of that name is replaced.

    Raises OSError and leaves nothing new then.
    """
    temporary = path.with_name(path.name + ".part")
    try:
        with _private(temporary) as file:
            _write(recipe, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


def _write(recipe: Recipe, file: BinaryIO) -> None:
    numbers = {key: number for number, key in enumerate(recipe.sources)}
    sources = [[key, source.length, source.digest.hex()] for key, source in recipe.sources.items()]
    head = {"sources": sources, "extents": len(recipe.extents), "files": recipe.files}
    line = json.dumps(head).encode() + b"\n"
    file.write(line)
    for extent in recipe.extents:
        _save(extent, numbers, file)
    file.write(recipe.digest + sha256(line).digest())


def _private(path: Path) -> BinaryIO:
    """A plan may hold keys: nobody else reads it."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _save(extent: Extent, numbers: dict[str, int], file: BinaryIO) -> None:
    match extent:
        case Literal(data):
            file.write(b"L" + _ONE.pack(len(data)))
            file.write(data)
        case Range(key, start, length):
            file.write(b"R" + _ONE.pack(numbers[key]) + _TWO.pack(start, length))
        case Zeros(length):
            file.write(b"Z" + _ONE.pack(length))
        case Encoded(codec, inner):
            said = json.dumps([codec.name, codec.parameters]).encode()
            file.write(b"E" + _TWO.pack(len(said), len(inner)))
            file.write(said)
            for part in inner:
                _save(part, numbers, file)


def _room(file: BinaryIO) -> int:
    """Bytes to the end of the file: no length that a damaged plan claims is believed beyond it."""
    return os.fstat(file.fileno()).st_size - file.tell()


def load_recipe(path: Path) -> Recipe:
    """Read what `save_recipe` wrote. Raises SourceDamaged where it is gone, cut short or changed."""
    try:
        with path.open("rb") as file:
            line = file.readline()
            head = json.loads(line)
            keys = [key for key, _, _ in head["sources"]]
            recipe = Recipe(
                tuple(_load(file, keys) for _ in range(head["extents"])),
                {key: Source(length, bytes.fromhex(digest)) for key, length, digest in head["sources"]},
                tuple(FileSpan(tuple(path), at, length) for path, at, length in head["files"]),
            )
            if file.read(65) != recipe.digest + sha256(line).digest():
                raise ValueError("the digest differs")
    except (OSError, ValueError, KeyError, IndexError, TypeError, OverflowError, struct.error) as error:
        raise SourceDamaged(f"the plan {path.name} cannot be read: {error}") from error
    return recipe


def _load(file: BinaryIO, keys: list[str]) -> Extent:
    letter, (first,) = file.read(1), _ONE.unpack(file.read(8))
    if letter == b"L":
        data = file.read(min(first, _room(file)))
        if len(data) != first:
            raise ValueError("it was cut short")
        return Literal(data)
    if letter == b"Z":
        return Zeros(first)
    if letter == b"E":
        (count,) = _ONE.unpack(file.read(8))
        name, parameters = json.loads(file.read(min(first, _room(file))))
        return Encoded(codec_of(name, parameters), tuple(_load(file, keys) for _ in range(count)))
    if letter != b"R":
        raise ValueError(f"no extent {letter!r}")
    return Range(keys[first], *_TWO.unpack(file.read(16)))
