"""Instances and whose they are, on their way to a volume and on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from burnish.fileset.fit import Placed
from burnish.fileset.identify import Person


@dataclass(frozen=True, slots=True)
class Owned:
    """An instance that is to stand on a medium, and whom it belongs to."""

    placed: Placed
    person: Person


@dataclass(frozen=True, slots=True)
class OnVolume:
    """One instance on a volume."""

    placed: Placed
    person: Person
    file_id: tuple[str, ...]


def place_of(one: Owned) -> tuple[str, str, str]:
    """What an instance lies under: person, study, series."""
    instance = one.placed.instance
    return one.person.key, instance.study, instance.series


def gathered(load: Sequence[Owned]) -> list[Owned]:
    """Put what belongs together side by side: people, studies and series in order of first appearance.

    Within a series the order stays.
    """
    first: dict[tuple[str, ...], int] = {}
    ranks = []
    for number, one in enumerate(load):
        place = place_of(one)
        ranks.append([first.setdefault(place[:depth], number) for depth in (1, 2, 3)])
    return [load[number] for number in sorted(range(len(load)), key=ranks.__getitem__)]
