"""What tests need that ask programs nobody here wrote what a format made.

Needs hypothesis, which burnish itself does not.
"""

import os
import subprocess
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from burnish.recipe import Entry, Literal, Recipe, Tree, Zeros
from burnish.testing.trees import noise

__all__ = ["files_below", "pour_sparse", "random_trees", "run"]

_SIZES = st.sampled_from([0, 1, 100, 511, 512, 513, 2047, 2048, 2049, 4096, 9_999])


def run(*command: object) -> bytes:
    """Run a program and return what it printed. It must succeed and warn of nothing."""
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"arning" not in done.stderr, done.stderr
    return done.stdout


def files_below(folder: Path) -> dict[str, bytes]:
    """The bytes of every file below `folder`, by its path from there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def pour_sparse(recipe: Recipe, path: Path) -> None:
    """Write an image of a recipe without sources; its zeros take no room on the disk."""
    with path.open("wb") as file:
        for extent in recipe.extents:
            if isinstance(extent, Literal):
                file.write(extent.data)
            elif isinstance(extent, Zeros):
                file.seek(extent.length, os.SEEK_CUR)
            else:
                raise TypeError(f"{path.name} has an extent that needs a source")
        file.truncate(recipe.length)


def random_trees(
    names: SearchStrategy[str],
    folders: SearchStrategy[str] | None = None,
    *,
    deepest: int = 8,
    most: int = 60,
) -> list[Tree]:
    """Trees of literals, as hypothesis thinks of them: 200, or 1,000 with BURNISH_LONG.

    names    of files
    folders  their names, where they have others
    deepest  components of a path, at most
    most     files of a tree
    """
    found: list[Tree] = []
    above = st.lists(names if folders is None else folders, max_size=deepest - 1)
    paths = st.builds(lambda parents, name: (*parents, name), above, names)

    @given(files=st.dictionaries(paths, _SIZES, max_size=most))
    @settings(
        max_examples=1_000 if os.environ.get("BURNISH_LONG") else 200,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def collect(files: dict[tuple[str, ...], int]) -> None:
        parents = {path[:depth] for path in files for depth in range(len(path))}
        kept = {path: size for path, size in files.items() if path not in parents}
        found.append(Tree(tuple(Entry(path, (Literal(noise(str(path), kept[path])),)) for path in kept)))

    collect()
    return found
