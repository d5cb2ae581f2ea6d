"""The command line: `python -m tests.bench [ROW…] [--count N…] [--rounds N] [--json]`."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measure import document, table
from tests.bench.rows import ROWS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure beside peers.")
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--count", type=int, nargs="+", help="files; absent: what each row is about")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the files go; absent: the system's temporary one")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    made = []
    for name in asked.rows or ROWS:
        measure, usual = ROWS[name]
        for count in asked.count or usual:
            print(f"{name} {count} …", file=sys.stderr, flush=True)
            with TemporaryDirectory(prefix="burnish-bench-", dir=asked.folder) as folder:
                made.append(measure(count, asked.rounds, Path(folder)))
    print(document(made) if asked.json else table(made))


main()
