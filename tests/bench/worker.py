"""What runs in a process of its own, so that its memory is its own: `python -m tests.bench.worker`.

directory DATA REQUEST   a DICOMDIR of what a request pins, as the planner makes it
layout COUNT             an ISO 9660 layout of as many small files
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from burnish.contracts import VolumeFacts
from burnish.database import Database
from burnish.database.settings import DatabaseSettings
from burnish.fileset.dicomdir import Member, build
from burnish.fileset.identify import identify
from burnish.fileset.names import file_ids
from burnish.instances.index import pinned_instances
from burnish.recipe import Entry, Literal, Range, Source, Tree
from burnish_format_iso9660 import Iso9660

from tests.bench.measure import Laps, Sampled, answer
from tests.bench.samples import SERIES

FACTS = VolumeFacts(identifier="BENCH", token="BENCH", made=datetime(2026, 1, 5, tzinfo=UTC))


def directory(data: Path, request: int) -> Sampled:
    """Rows, people, names, bytes; the DICOMDIR is left beside the database for whoever wants to look."""
    database = Database.open(DatabaseSettings(), data)
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


def layout(tree: Tree) -> Sampled:
    """One layout."""
    laps = Laps()
    recipe = Iso9660().lay_out(tree, FACTS)
    laps.lap("lay out")
    if not recipe.length:
        raise ValueError("nothing was laid out")
    return laps.sampled()


def tree_of(count: int) -> Tree:
    """As many small files as `samples.small` writes, in the same folders."""
    places = ((series // 25, series // 5, series) for series in (n * SERIES // count for n in range(count)))
    names = file_ids(places)
    entries = [
        Entry(name, (Literal(b"m" * 320), Range(str(number), 0, 1500))) for number, name in enumerate(names)
    ]
    sources = {str(number): Source(1500, b"d" * 32) for number in range(count)}
    return Tree((Entry(("DICOMDIR",), (Literal(b"d" * 300 * count),)), *entries), sources)


def main(what: str, *arguments: str) -> None:
    """Measure one thing whenever asked."""
    if what == "directory":
        data, request = Path(arguments[0]), int(arguments[1])
        answer(lambda: directory(data, request))
    else:
        tree = tree_of(int(arguments[0]))
        answer(lambda: layout(tree))


if __name__ == "__main__":
    main(*sys.argv[1:])
