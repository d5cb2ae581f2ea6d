"""Fuzzing: mutations of real files through everything that reads files which nobody vouches for.

    seeds    the files that are mutated
    places   where elements stand in a file that may be broken
    mutator  a seed and a number make one file, the same each time
    checks   what must hold of any file: the scan, the head, the directory, the derived form, a medium
    batches  many files at a time through `compose`, and what came of each
    runner   processes that do it under a watch: CPU time, memory, silence

`python -m tests.robustness.fuzz --files 100000 --seed 1` runs as many as are asked for and prints a summary.
A file that fails is kept in `regressions/` under its seed and number; a test replays all that lie there.
"""
