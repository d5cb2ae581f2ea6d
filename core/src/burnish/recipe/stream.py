"""Pouring a recipe into a descriptor: a pipe to a driver, or a file.

Small extents are gathered into one write; a large range goes from file to descriptor inside the kernel.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from burnish.errors import SourceDamaged
from burnish.recipe.codecs import encoded
from burnish.recipe.extents import Encoded, Extent, Literal, Range, Recipe, Zeros

_GATHER = 1 << 20
"""Bytes gathered before a write, and the step in which large ranges move and progress is told."""
_LARGE = 128 << 10
"""A range from here on is sent by the kernel; below, one read into the gathered bytes is cheaper."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a source's bytes are while it is open."""

    descriptor: int
    offset: int
    """Bytes before the source's first byte."""


Opener = Callable[[str], AbstractContextManager[Located]]
"""Opens a source by key. Raises SourceDamaged where it cannot."""


def _nothing(_: int) -> None:
    pass


def pour(recipe: Recipe, opener: Opener, target: int, report: Callable[[int], None] = _nothing) -> None:
    """Write all bytes of `recipe` to the descriptor `target`.

    `report` gets the bytes poured so far and may raise to stop. Raises SourceDamaged, and OSError from
    the target (BrokenPipeError where a reader went away).
    """
    _Pour(opener, target, report).run(recipe)


def pieces(extents: Iterable[Extent], opener: Opener) -> Iterator[bytes]:
    """What extents stand for, a megabyte at a time. Raises SourceDamaged."""
    for extent in extents:
        match extent:
            case Literal(data):
                yield data
            case Zeros(length):
                for at in range(0, length, _GATHER):
                    yield bytes(min(_GATHER, length - at))
            case Range(key, start, length):
                with opener(key) as located:
                    yield from _read(key, located, start, length)
            case Encoded(codec, inner):
                yield from encoded(codec, pieces(inner, opener))


def _read(key: str, located: Located, start: int, length: int) -> Iterator[bytes]:
    while length:
        data = os.pread(located.descriptor, min(length, _GATHER), located.offset + start)
        if not data:
            raise SourceDamaged(f"source {key} ends {length} bytes early")
        yield data
        start += len(data)
        length -= len(data)


class _Pour:
    def __init__(self, opener: Opener, target: int, report: Callable[[int], None]) -> None:
        self._opener = opener
        self._target = target
        self._report = report
        self._gathered = bytearray()
        self._done = 0

    def run(self, recipe: Recipe) -> None:
        for extent in recipe.extents:
            match extent:
                case Literal(data):
                    self._gather(data)
                case Zeros(length):
                    self._zeros(length)
                case Range():
                    self._range(extent)
                case Encoded():
                    for piece in pieces((extent,), self._opener):
                        self._gather(piece)
        self._flush()

    def _gather(self, data: bytes) -> None:
        self._gathered += data
        if len(self._gathered) >= _GATHER:
            self._flush()

    def _zeros(self, length: int) -> None:
        while length:
            step = min(length, _GATHER)
            self._gather(bytes(step))
            length -= step

    def _flush(self) -> None:
        with memoryview(self._gathered) as view:
            sent = 0
            while sent < len(view):
                sent += os.write(self._target, view[sent:])
        self._done += len(self._gathered)
        self._gathered.clear()
        self._report(self._done)

    def _range(self, extent: Range) -> None:
        with self._opener(extent.key) as located:
            start = located.offset + extent.start
            if extent.length < _LARGE:
                data = os.pread(located.descriptor, extent.length, start)
                if len(data) != extent.length:
                    raise SourceDamaged(f"source {extent.key} ends {extent.length - len(data)} bytes early")
                self._gather(data)
            else:
                self._flush()
                self._send(extent.key, located.descriptor, start, extent.length)

    def _send(self, key: str, descriptor: int, start: int, length: int) -> None:
        while length:
            sent = os.sendfile(self._target, descriptor, start, min(length, _GATHER))
            if not sent:
                raise SourceDamaged(f"source {key} ends {length} bytes early")
            start += sent
            length -= sent
            self._done += sent
            self._report(self._done)
