"""pycdlib as a layout engine: it says where everything stands and never sees a byte of a file.

Each file is handed over as an object whose `read(n)` returns a hole of length n; a sink notes where
structures and holes land. Clock and chance are ours (`given_clock`), so the same tree gives the same bytes.

Units: bytes from the start of the image.
"""

import importlib
import os
import struct
import threading
import time as real_time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from operator import itemgetter
from random import Random
from types import ModuleType
from typing import Any, BinaryIO, Final, NamedTuple, cast

import pycdlib
from burnish.contracts import VolumeFacts
from burnish.errors import LayoutError
from burnish.recipe import Tree
from pycdlib import dr, headervd, inode, pycdlibexception, udf, utils

from burnish_format_iso9660.names import APPLICATION, BLOCK, SET_PREFIX, folders, shown, spelt

_dates, _core = (importlib.import_module(f"pycdlib.{name}") for name in ("dates", "pycdlib"))

READS_TIME: Final[tuple[ModuleType, ...]] = (_dates, headervd, _core, udf, utils)
"""The modules of pycdlib that read the clock when an image is made; a test looks for others."""
READS_CHANCE: Final[tuple[ModuleType, ...]] = (udf,)

_ONE_PIECE: Final = 1 << 62
"""A block size no file reaches: each file is copied, as one hole, in one step."""


_STRETCH: Final = b"\x00"
"""How pycdlib stretches a file to its next sector: no content."""


class Hole:
    """Stands for the data of the file `entry` (its number in the tree)."""

    __slots__ = ("entry", "length")

    def __init__(self, entry: int, length: int) -> None:
        self.entry = entry
        self.length = length

    def __len__(self) -> int:
        return self.length


class Landed(NamedTuple):
    """What the engine wrote, and where."""

    offset: int
    what: bytearray | Hole


def place(tree: Tree, facts: VolumeFacts) -> tuple[list[Landed], int]:
    """Return everything that stands on the volume, by offset, and the volume's length.

    Raises LayoutError, naming the path, where the tree or its size does not suit.
    """
    with given_clock(facts.made), _swapped((_core,), "_check_path_depth", _any_depth):
        iso = _Volume()
        try:
            _open(iso, facts)
            _fill(iso, tree)
            sink = _Sink()
            iso.write_fp(cast("BinaryIO", sink), blocksize=_ONE_PIECE)
            return sorted(sink.landed, key=itemgetter(0)), iso.pvd.space_size * BLOCK
        except (struct.error, pycdlibexception.PyCdlibException) as error:
            raise LayoutError(f"the volume cannot be laid out: {error}") from error
        finally:
            iso.let_go()


def _any_depth(_path: bytes) -> None:
    """Replaces a check of pycdlib that counts a file's own name as a level; `names` has the right one."""


def _open(iso: "_Volume", facts: VolumeFacts) -> None:
    iso.new(
        interchange_level=1,
        vol_ident=facts.identifier,
        vol_set_ident=SET_PREFIX + facts.token,
        app_ident_str=APPLICATION,
    )


def _fill(iso: "_Volume", tree: Tree) -> None:
    for folder in folders(tree.entries):
        iso.add_directory(shown(folder))
    # By name: pycdlib re-measures a directory from where a record is put in, so the end is the cheap place.
    for number in sorted(range(len(tree.entries)), key=lambda number: tree.entries[number].path):
        entry = tree.entries[number]
        iso.add_fp(cast("BinaryIO", _Promise(number)), entry.size, spelt(entry.path))


class _Volume(pycdlib.PyCdlib):
    """pycdlib with the order of records that ECMA-119 9.3 wants, and file data in the tree's order."""

    def _add_child_to_dr(self, child: dr.DirectoryRecord) -> int:
        # Names are compared as if padded with spaces: A.1 before A.12, though "2" sorts before ";".
        child._sort_key = child._sort_key.replace(b";", b" ")
        return super()._add_child_to_dr(child)

    def _reshuffle_extents(self) -> None:
        super()._reshuffle_extents()
        filled = [ino for ino in self.inodes if ino.get_data_length()]
        at = min((ino.extent_location() for ino in filled), default=0)
        for ino in sorted(filled, key=_number):
            at = self._set_inode(ino, at, 0)

    def let_go(self) -> None:
        """Forget the volume; pycdlib's lookup caches would keep the last one alive."""
        self._initialize()


def _number(ino: inode.Inode) -> int:
    return cast("_Promise", ino.data_fp).entry


class _Promise:
    """A file whose data will be there when the recipe is poured."""

    mode = "rb"

    def __init__(self, entry: int) -> None:
        self.entry = entry

    def seek(self, offset: int, _whence: int = 0) -> int:
        return offset

    def read(self, length: int) -> Hole:
        return Hole(self.entry, length)


class _Sink:
    """What pycdlib takes for the file it writes."""

    mode = "wb"

    def __init__(self) -> None:
        self.landed: list[Landed] = []
        self._at = 0
        self._end = 0

    def write(self, data: bytes | Hole) -> int:
        if isinstance(data, Hole):
            self.landed.append(Landed(self._at, data))
        elif data != _STRETCH:
            self._structure(data)
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def _structure(self, data: bytes) -> None:
        """Note `data`, in one piece with what was written right before it."""
        offset, last = self.landed[-1] if self.landed else (0, None)
        if isinstance(last, bytearray) and offset + len(last) == self._at:
            last += data
        else:
            self.landed.append(Landed(self._at, bytearray(data)))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def tell(self) -> int:
        return self._at


class _Clock:
    """Stands where pycdlib's modules expect `time`: one moment, in UTC whatever TZ says."""

    def __init__(self, made: datetime) -> None:
        self._now = float(int(made.timestamp()))
        self._utc = real_time.gmtime(self._now)

    def time(self) -> float:
        return self._now

    def gmtime(self, seconds: float) -> real_time.struct_time:
        return self._utc if seconds == self._now else real_time.gmtime(seconds)

    localtime = gmtime

    def __getattr__(self, name: str) -> Any:
        return getattr(real_time, name)


_one_at_a_time = threading.Lock()


@contextmanager
def given_clock(made: datetime) -> Iterator[None]:
    """Let pycdlib know no time but `made` and no chance, for as long as this lasts.

    It reads both from its modules' globals and takes neither as an argument; an image must not depend on
    when and where it was laid out, or a second copy could not be proven against the first. The names in
    those modules are replaced, never `time` itself, and one layout at a time may do so.
    """
    chance = Random(0)  # noqa: S311 - nothing secret: it only has to be the same each time
    with _one_at_a_time, _swapped(READS_TIME, "time", _Clock(made)), _swapped(READS_CHANCE, "random", chance):
        yield


@contextmanager
def _swapped(modules: Sequence[ModuleType], name: str, stand_in: object) -> Iterator[None]:
    kept = [(module, getattr(module, name)) for module in modules]
    for module, _ in kept:
        setattr(module, name, stand_in)
    try:
        yield
    finally:
        for module, value in kept:
            setattr(module, name, value)
