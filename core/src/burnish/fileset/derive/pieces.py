"""Pieces of an instance that a bundler's renderer makes, in a worker; all of them in one file.

    <piece><piece>...<index as JSON>, in the frame of a spool file (`instances.files`)

The index stands where an instance has its head. What is inside is not proven against the instance: it is
what the renderer made of it, and has its own digests.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, BinaryIO

from burnish.contracts import Picture, Piece, Renderer
from burnish.fileset.derive.picture import opened_picture
from burnish.fileset.derive.writer import Derived

Render = Callable[[Picture, Mapping[str, Any]], Iterator[tuple[str, bytes]]]


@dataclass(frozen=True, slots=True)
class Index:
    """Where each piece stands."""

    pieces: Mapping[str, tuple[int, int, str]]
    """By name: offset, length and SHA-256 in hexadecimal."""

    def encode(self) -> bytes:
        """As it stands in a file."""
        return json.dumps(self.pieces, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Index":
        """Raises ValueError."""
        return cls({str(name): (int(at), int(size), str(sha)) for name, (at, size, sha) in _table(data)})

    def of(self, key: str) -> dict[str, Piece]:
        """The pieces of the file that lies at `key`."""
        return {
            name: Piece(f"{key}@{at}", length, bytes.fromhex(digest))
            for name, (at, length, digest) in self.pieces.items()
        }


def _table(data: bytes) -> Any:
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError("the index of pieces is no table")
    return found.items()


def options_key(renderer: Renderer) -> int:
    """A number of 48 bits that tells renderers apart, by their function, version and options."""
    said = json.dumps([renderer.function, renderer.version, dict(renderer.options)], sort_keys=True)
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:6], "big")


def make_pieces(
    source: BinaryIO, length: int, syntax: str, renderer: Renderer, file: BinaryIO
) -> tuple[Derived, bytes]:
    """Write the pieces of the data set that begins where `source` stands; returns the index, too.

    Raises ValueError, with a sentence, where the renderer can make nothing of it.
    """
    render = _function(renderer.function)
    index: dict[str, tuple[int, int, str]] = {}
    whole, at = hashlib.sha256(), 0
    with opened_picture(source, length, syntax) as picture:
        for name, data in render(picture, renderer.options):
            index[name] = at, len(data), hashlib.sha256(data).hexdigest()
            file.write(data)
            whole.update(data)
            at += len(data)
    return Derived(at, whole.digest(), {}), Index(index).encode()


def _function(name: str) -> Render:
    module, _, function = name.partition(":")
    found: Render = getattr(sys.modules.get(module) or import_module(module), function)
    return found
