"""What runs in a process of its own, so that its memory is its own: `python -m tests.bench.worker`.

directory DATA REQUEST   a DICOMDIR of what a request pins, as the planner makes it
image DATA REQUEST FILE  an ISO 9660 image of what a request pins, without the directory's making
layout FORMAT COUNT SIZE so many files of SIZE bytes of a pattern, laid out
stream FORMAT FOLDER     the files of a folder, laid out before and poured into a pipe
fat FORMAT FOLDER FILE   the files of a folder, laid out and poured into a file
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from burnish.contracts import Format, VolumeFacts
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.identify import identify
from burnish.fileset.names import file_ids
from burnish.instances.index import pinned_instances
from burnish.instances.sources import Sources
from burnish.recipe import Entry, Literal, Located, Range, Source, Tree, pour
from burnish.registry import Registry
from burnish_format_iso9660 import Iso9660

from tests.bench.measure import Laps, Sampled, answer

_META = 340
"""Bytes of preamble and File Meta Information, about."""
FACTS = VolumeFacts(identifier="BENCH", token="BENCH", made=datetime(2026, 1, 5, tzinfo=UTC))


def directory(data: Path, request: int) -> Sampled:
    """Rows, people, names, bytes; the DICOMDIR is left beside the database for whoever wants to look."""
    database = Database.open(DatabaseSettings(), data)
    with database.read():
        pass  # a server's planner is connected
    laps = Laps()
    with database.read() as connection:
        instances = list(pinned_instances(connection, request).values())
    laps.lap("rows")
    persons = identify([one.head for one in instances]).persons
    laps.lap("identify")
    names = file_ids((p.key, one.study, one.series) for one, p in zip(instances, persons, strict=True))
    members = [
        Member(
            file_id=name,
            sop_class=one.sop_class,
            sop_instance=one.sop_instance,
            transfer_syntax=one.transfer_syntax,
            head=one.head,
            patient=person.key,
            patient_id=person.patient_id,
        )
        for one, person, name in zip(instances, persons, names, strict=True)
    ]
    laps.lap("names")
    built = build(members, file_set_id="BENCH", file_set_uid="1.2.3")
    laps.lap("build")
    (data / "DICOMDIR").write_bytes(built)
    database.close()
    return laps.sampled()


def image(tree: Tree, spool: Path, target: Path) -> Sampled:
    """One layout and its bytes in a file."""
    target.unlink(missing_ok=True)
    laps = Laps()
    recipe = Iso9660().lay_out(tree, FACTS)
    laps.lap("lay out")
    with target.open("xb", buffering=0) as file:
        pour(recipe, Sources(spool).open, file.fileno())
    laps.lap("pour")
    return laps.sampled()


def tree_of(data: Path, request: int) -> Tree:
    """What a request pins, and something as long as its directory."""
    database = Database.open(DatabaseSettings(), data)
    with database.read() as connection:
        instances = list(pinned_instances(connection, request).values())
    database.close()
    persons = identify([one.head for one in instances]).persons
    names = file_ids((p.key, one.study, one.series) for one, p in zip(instances, persons, strict=True))
    entries = [
        Entry(name, (Literal(bytes(_META)), Range(one.key, 0, one.length)))
        for one, name in zip(instances, names, strict=True)
    ]
    sources = {one.key: Source(one.length, one.digest) for one in instances}
    return Tree((Entry(("DICOMDIR",), (Literal(bytes(300 * len(entries))),)), *entries), sources)


def patterned(name: str, count: int, size: int) -> Callable[[], Sampled]:
    """A layout of files that are nowhere."""
    sources = {f"{number}": Source(size, bytes(32)) for number in range(count)}
    entries = [
        Entry((f"D{number // 1000:07}", f"F{number:07}"), (Literal(bytes(_META)), Range(key, 0, size)))
        for number, key in enumerate(sources)
    ]
    tree, format_ = Tree(tuple(entries), sources), _format(name)

    def measure() -> Sampled:
        laps = Laps()
        format_.lay_out(tree, FACTS)
        laps.lap("lay out")
        return laps.sampled()

    return measure


def poured(name: str, folder: Path, target: Path | None) -> Callable[[], Sampled]:
    """A folder's files into a file; into a pipe, laid out before, where there is no `target`."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    sources = {str(path): Source(path.stat().st_size, bytes(32)) for path in found}
    entries = [
        Entry(path.relative_to(folder).parts, (Range(key, 0, source.length),))
        for path, (key, source) in zip(found, sources.items(), strict=True)
    ]
    tree, format_ = Tree(tuple(entries), sources), _format(name)
    recipe = None if target else format_.lay_out(tree, FACTS)

    def measure() -> Sampled:
        laps = Laps()
        made = recipe or format_.lay_out(tree, FACTS)
        laps.lap("lay out")
        if target:
            target.unlink(missing_ok=True)
            with target.open("xb", buffering=0) as file:
                pour(made, _open, file.fileno())
        else:
            with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as reader:
                assert reader.stdin
                pour(made, _open, reader.stdin.fileno())
                reader.stdin.close()
        laps.lap("pour")
        return laps.sampled()

    return measure


def _format(name: str) -> Format:
    return Registry.load(["format-udf", "format-fat"]).formats[name].make({})


@contextmanager
def _open(key: str) -> Iterator[Located]:
    descriptor = os.open(key, os.O_RDONLY)
    try:
        yield Located(descriptor, 0)
    finally:
        os.close(descriptor)


def main(what: str, *arguments: str) -> None:
    """Measure one thing whenever asked."""
    if what == "layout":
        return answer(patterned(arguments[0], int(arguments[1]), int(arguments[2])))
    if what in ("stream", "fat"):
        return answer(poured(arguments[0], Path(arguments[1]), Path(arguments[2]) if arguments[2:] else None))
    data, request = Path(arguments[0]), int(arguments[1])
    if what == "directory":
        return answer(lambda: directory(data, request))
    tree = tree_of(data, request)
    return answer(lambda: image(tree, data / "spool", Path(arguments[2])))


if __name__ == "__main__":
    main(*sys.argv[1:])
