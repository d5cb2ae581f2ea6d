"""`python -m tests.robustness.fuzz`: as many files as are asked for, and a summary."""

import argparse
import sys

from tests.robustness.fuzz.runner import run, summary


def main() -> int:
    """Exit 1 where a file failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.robustness.fuzz")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--processes", type=int, default=None, help="as many as there are cores")
    asked = parser.parse_args()
    tally = run(asked.files, asked.seed, asked.first, asked.processes)
    print(*summary(tally), sep="\n")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
