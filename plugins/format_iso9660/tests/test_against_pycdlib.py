"""Our volumes, byte by byte beside those that pycdlib writes of the same trees.

pycdlib reads the clock from its modules and counts a file's own name as a level; both are put right from
outside. It compares names without padding them, lays file data in the order of names and leaves in the record
of a parent the length that it had at first; a subclass does as ECMA-119 9.3, our trees and 9.1.4 want it.
"""

import importlib
import io
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from unittest.mock import patch

import pycdlib
import pytest
from burnish.contracts import VolumeFacts
from burnish.recipe import Entry, Literal, Tree
from burnish.testing.trees import FACTS, Shelf, image
from burnish_format_iso9660 import Iso9660
from hypothesis import given, settings
from hypothesis import strategies as st

MODULES = [importlib.import_module(f"pycdlib.{name}") for name in ("dates", "headervd", "pycdlib", "utils")]
BLOCK = 2048
ROOM_IN_JOLIET = 56
"""Letters of a token that fit into Joliet's Volume Set Identifier; pycdlib refuses more, we cut them off."""

Files = dict[tuple[str, ...], int]
"""Sizes by path."""


class Clock(ModuleType):
    """Stands for `time`: one moment, in UTC."""

    def __init__(self, made: datetime) -> None:
        super().__init__("time")
        self.time = made.timestamp
        self.gmtime = self.localtime = time.gmtime
        self.strftime = time.strftime


@contextmanager
def at(made: datetime) -> Iterator[None]:
    with ExitStack() as stack:
        for module in MODULES:
            stack.enter_context(patch.object(module, "time", Clock(made)))
        stack.enter_context(patch("pycdlib.pycdlib._check_path_depth", lambda _: None))
        yield


class Volume(pycdlib.PyCdlib):  # type: ignore[misc, unused-ignore]
    def _add_child_to_dr(self, child: Any) -> int:
        child._sort_key = child._sort_key.replace(b";", b" ")
        return int(super()._add_child_to_dr(child))

    def _reshuffle_extents(self) -> None:
        super()._reshuffle_extents()
        filled = [ino for ino in self.inodes if ino.get_data_length()]
        sector = min((ino.extent_location() for ino in filled), default=0)
        for ino in sorted(filled, key=lambda ino: ino.data_fp.number):
            sector = self._set_inode(ino, sector, 0)

    def tell_lengths(self) -> None:
        """Let every record of a parent say how long that directory is."""
        rest = [volume.root_dir_record for volume in (self.pvd, self.joliet_vd) if volume]
        for folder in rest:
            below = [child for child in folder.children[2:] if child.isdir]
            for child in below:
                child.children[1].data_length = folder.data_length
            rest += below


class Numbered(io.BytesIO):
    number = 0


def written(tree: Tree, facts: VolumeFacts, joliet: bool) -> bytes:
    """The image that pycdlib writes."""

    def also(path: str) -> dict[str, Any]:
        return {"joliet_path": path} if joliet else {}

    with at(facts.made):
        iso = Volume()
        iso.new(
            interchange_level=1,
            vol_ident=facts.identifier,
            vol_set_ident="BURNISH_" + facts.token,
            app_ident_str="BURNISH",
            joliet=3 if joliet else None,
        )
        folders = {entry.path[:depth] for entry in tree.entries for depth in range(1, len(entry.path))}
        for folder in sorted(folders, key=lambda path: (len(path), path)):
            iso.add_directory("/" + "/".join(folder), **also("/" + "/".join(folder)))
        for number, entry in enumerate(tree.entries):
            data = Numbered(b"".join(part.data for part in entry.content if isinstance(part, Literal)))
            data.number = number
            path, dot = "/" + "/".join(entry.path), "" if "." in entry.path[-1] else "."
            iso.add_fp(data, entry.size, path + dot + ";1", **also(path))
        iso.tell_lengths()
        target = io.BytesIO()
        iso.write_fp(target)
        return target.getvalue()


def tree_of(files: Files) -> Tree:
    folders = {path[:depth] for path in files for depth in range(len(path))}
    return Tree(
        tuple(
            Entry(path, (Literal((str(path).encode() * (size // 4 + 1))[:size]),))
            for path, size in files.items()
            if path not in folders
        )
    )


def differing(ours: bytes, theirs: bytes) -> list[int]:
    """Sectors in which two images differ."""
    sectors = range(-(-max(len(ours), len(theirs)) // BLOCK))
    return [n for n in sectors if ours[n * BLOCK : (n + 1) * BLOCK] != theirs[n * BLOCK : (n + 1) * BLOCK]]


def check(tree: Tree, facts: VolumeFacts = FACTS) -> None:
    for joliet in {False, len(facts.token) <= ROOM_IN_JOLIET}:
        ours = image(Iso9660(joliet=joliet).lay_out(tree, facts), Shelf({}))
        theirs = written(tree, facts, joliet)
        assert not differing(ours, theirs), joliet
        assert ours == theirs, joliet


NAME = st.text("ABZ019_", min_size=1, max_size=8)
EXTENSION = st.sampled_from(["", ".A", ".1", ".A1", ".TXT"])
PATH = st.builds(
    lambda folders, name, extension: (*folders, name + extension), st.lists(NAME, max_size=7), NAME, EXTENSION
)
NEAR = st.builds(
    lambda folders, name, extension: (*folders, name + extension),
    st.lists(st.sampled_from("AB0"), max_size=3),
    st.sampled_from(["A", "AB", "A0", "A_", "B", "0"]),
    EXTENSION,
)
"""Paths that share folders, and names that sort close to one another."""
SIZES = st.sampled_from([0, 1, 100, 2047, 2048, 2049, 4096, 9_999])


@given(files=st.dictionaries(PATH | NEAR, SIZES, max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_tree(files: Files) -> None:
    check(tree_of(files))


@given(
    made=st.datetimes(datetime(1900, 1, 1), datetime(2155, 12, 31)),
    identifier=st.text("AZ09_", max_size=16),
    token=st.text("AZ09", min_size=1, max_size=120),
)
@settings(max_examples=50, deadline=None)
def test_any_facts(made: datetime, identifier: str, token: str) -> None:
    whole = made.replace(microsecond=0, tzinfo=UTC)
    check(tree_of({("A",): 1}), VolumeFacts(identifier=identifier, token=token, made=whole))


@pytest.mark.parametrize("count", [50, 53, 54, 55, 500])
def test_directories_over_one_sector(count: int) -> None:
    check(tree_of({("WIDE", f"IM{number:06}"): number % 7 for number in range(count)}))


@pytest.mark.parametrize("count", [254, 255, 256, 257, 600])
def test_path_tables_over_their_sectors(count: int) -> None:
    check(tree_of({(f"F{number:07}", "A"): 0 for number in range(count)}))
