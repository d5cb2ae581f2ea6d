"""Where two trees of one medium disagree: the same data must be found whichever of them is mounted.

On our own media the names agree too. Other authors give Joliet and UDF longer names, which is what those are
for, so on their media only the places of the data are compared.
"""

from collections.abc import Iterator, Mapping

from burnish.contracts import Contents, FileOnMedium

from burnish_format_iso9660.names import Path, shown

_Place = tuple[tuple[int, int], ...]
"""(offset, length) in bytes, neighbours joined; empty for a file without data."""


def disagreements(name: str, primary: Contents, other: Contents) -> Iterator[str]:
    """Yield one sentence for each difference between the primary hierarchy and the one called `name`."""
    if primary.token and primary.identifier != other.identifier:
        yield f"the {name} tree calls the volume {other.identifier!r}, ISO 9660 {primary.identifier!r}"
    first, second = _places(primary), _places(other)
    if primary.token:
        yield from _by_name(name, first, second)
    else:
        yield from _by_place(name, first, second)


def _by_name(name: str, first: Mapping[Path, _Place], second: Mapping[Path, _Place]) -> Iterator[str]:
    for path, place in first.items():
        if path not in second:
            yield f"{shown(path)} is missing from the {name} tree"
        elif second[path] != place:
            yield f"{shown(path)} stands elsewhere in the {name} tree"
    for path in sorted(second.keys() - first.keys()):
        yield f"{shown(path)} is in the {name} tree alone"


def _by_place(name: str, first: Mapping[Path, _Place], second: Mapping[Path, _Place]) -> Iterator[str]:
    there, here = set(second.values()), set(first.values())
    for path, place in first.items():
        if place and place not in there:
            yield f"{shown(path)} has data that no file of the {name} tree has"
    for path, place in second.items():
        if place and place not in here:
            yield f"{shown(path)} has data in the {name} tree that no file of ISO 9660 has"


def _places(contents: Contents) -> dict[Path, _Place]:
    return {file.path: _joined(file) for file in contents.files}


def _joined(file: FileOnMedium) -> _Place:
    """Sections have other limits in each tree; where they touch it is one stretch.

    >>> _joined(FileOnMedium(("A",), ((0, 10), (10, 5), (20, 1))))
    ((0, 15), (20, 1))
    """
    joined: list[tuple[int, int]] = []
    for offset, length in file.extents:
        if joined and sum(joined[-1]) == offset:
            joined[-1] = (joined[-1][0], joined[-1][1] + length)
        else:
            joined.append((offset, length))
    return tuple(joined)
