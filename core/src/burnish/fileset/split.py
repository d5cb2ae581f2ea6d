"""Which instances stand on which volume, where one medium does not hold them all.

The instances are gathered by person, study and series, in the order in which each first appears, and media
are filled one after another:

* a study that a medium holds stays whole, and begins a new volume where it does not fit any more;
* of a study that no medium holds, the same goes for its series;
* a series that no medium holds is cut between two instances. No instance spans media.

Whether something fits is never guessed: directories, path tables, DICOMDIR, descriptors and padding count, so
only a layout says it, and each volume is as full as the rule allows, to the sector. A layout of 50,000 files
takes seconds, hence few of them. The bytes of the instances alone, which no format can do without, rule out
most cuts unseen; an estimate, corrected by every layout, proposes the next cut; and where `_PROPOSALS` of
them have not closed in, the rest is halved. A level (study, series, instance) usually takes two layouts, one
that fits and one that does not, each of about one volume.

Units: bytes. A cut is a place in the gathered order: the volume before it ends there, the next begins.
What is added to a volume is taken to make it no shorter, which holds for every file system and archive.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from burnish.contracts import Cancel
from burnish.errors import FailedItem, LayoutError
from burnish.fileset.failures import Failures
from burnish.fileset.owned import Owned, gathered, place_of
from burnish.fileset.volume import LaidOut, VolumeMaker
from burnish.terms import FailureReason

_PROPOSALS: Final = 4
"""How often a level tries what the estimate says before it halves what is left."""
_OVERHEAD: Final = 3 << 10
"""First estimate of what an instance takes beyond its data set: file meta information, directory record, name
and the rest of a sector. The first layout corrects it."""
_MOST_OVERHEAD: Final = 1 << 20
"""An instance smaller than a medium by this much fits it alone, whatever stands around it."""


def split(
    maker: VolumeMaker, loads: Sequence[Sequence[Owned]], capacity: int, at_most: int, cancel: Cancel
) -> list[LaidOut] | None:
    """Split each of `loads` into volumes of up to `capacity` bytes, numbered on from 1.

    No volume has instances of two loads. None where it takes more than `at_most` volumes. Raises what
    `VolumeMaker.lay_out` raises, Cancelled, and RequestFailed where an instance does not fit even alone;
    `check_each` finds all of those.
    """
    made: list[LaidOut] = []
    for load in loads:
        for volume in _Splitter(maker, gathered(load), capacity, cancel).volumes(len(made) + 1):
            made.append(volume)
            if len(made) > at_most:
                return None
    return made


class _Splitter:
    """One load on its way to volumes."""

    def __init__(self, maker: VolumeMaker, load: Sequence[Owned], capacity: int, cancel: Cancel) -> None:
        self._maker = maker
        self._load = load
        self._capacity = capacity
        self._cancel = cancel
        self._sums = [0, *accumulate(one.placed.form.length for one in load)]
        """Bytes of the data sets before each cut."""
        places = [place_of(one) for one in load]
        self._units = [_cuts([place[:depth] for place in places]) for depth in (2, 3)]
        """The cuts between studies, then those between series."""
        self._overhead = _OVERHEAD
        self._best: dict[int, tuple[int, LaidOut]] = {}
        """By its first cut: where the longest volume ends that is known to fit, and its layout."""

    def volumes(self, number: int) -> Iterator[LaidOut]:
        """Yield volume after volume, the first being `number`."""
        start = 0
        while start < len(self._load):
            self._fill(number, start)
            end, laid = self._best[start]
            yield laid
            self._best = {first: best for first, best in self._best.items() if first == end}
            start, number = end, number + 1

    def _fill(self, number: int, start: int) -> None:
        """Find the cut at which the volume that begins at `start` is to end: the best that is known then."""
        fits, _ = self._best.get(start, (start, None))
        beyond = bisect_right(self._sums, self._sums[start] + self._capacity)
        for cuts in self._units:
            fits, beyond = self._narrow(number, start, cuts, fits, beyond)
            if fits == len(self._load) or (fits > start and self._stays_whole(number + 1, fits, cuts)):
                return
        fits, _ = self._narrow(number, start, range(len(self._load) + 1), fits, beyond)
        if fits == start:
            failures = Failures()
            failures.add(_too_large(self._load[start], self._maker, self._capacity))
            failures.check()

    def _stays_whole(self, number: int, start: int, cuts: Sequence[int]) -> bool:
        """Whether a study or series begins at `start` that volume `number` holds whole."""
        place = bisect_right(cuts, start)
        return cuts[place - 1] == start and self._fits(number, start, cuts[place])

    def _narrow(
        self, number: int, start: int, cuts: Sequence[int], fits: int, beyond: int
    ) -> tuple[int, int]:
        """Bring a cut that fits and one that does not as close as `cuts` allow.

        The first is `fits` where none of `cuts` beyond it fits. The second is the first of `cuts` that does
        not fit; it may lie one beyond the end of everything.
        """
        between = list(cuts[bisect_right(cuts, fits) : bisect_left(cuts, beyond)])
        tries = 0
        while between:
            tries += 1
            place = self._proposed(start, between) if tries <= _PROPOSALS else len(between) // 2
            if self._fits(number, start, between[place]):
                fits, between = between[place], between[place + 1 :]
            else:
                beyond, between = between[place], between[:place]
        return fits, beyond

    def _proposed(self, start: int, between: Sequence[int]) -> int:
        """Propose the last cut that the estimate says fits, else the first."""
        fitting = bisect_right(between, self._capacity, key=lambda cut: self._estimate(start, cut))
        return max(0, fitting - 1)

    def _estimate(self, start: int, end: int) -> int:
        return self._sums[end] - self._sums[start] + self._overhead * (end - start)

    def _fits(self, number: int, start: int, end: int) -> bool:
        """Whether volume `number` may hold what lies between two cuts; the layout is kept where it may."""
        size = self._sums[end] - self._sums[start]
        if size > self._capacity:
            return False
        if start in self._best and end <= self._best[start][0]:
            return True
        self._cancel.check()
        try:
            laid = self._maker.numbered(number).lay_out(self._load[start:end])
        except LayoutError:  # too many folders, say: fewer instances may do
            if end - start == 1:
                raise
            return False
        self._overhead = (laid.recipe.length - size) // (end - start)
        if laid.recipe.length > self._capacity:
            return False
        self._best[start] = end, laid
        return True


def _cuts(places: Sequence[tuple[str, ...]]) -> list[int]:
    """The cuts at which another place begins, and the two ends."""
    inner = [number for number in range(1, len(places)) if places[number] != places[number - 1]]
    return [0, *inner, len(places)]


def check_each(maker: VolumeMaker, load: Sequence[Owned], capacity: int) -> None:
    """Raise RequestFailed with every instance that a medium of `capacity` bytes does not hold even alone."""
    failures = Failures()
    for one in load:
        if one.placed.form.length > capacity - _MOST_OVERHEAD and _alone(one, maker) > capacity:
            failures.add(_too_large(one, maker, capacity))
    failures.check()


def _alone(one: Owned, maker: VolumeMaker) -> int:
    """Bytes of an image that holds only this instance."""
    return maker.lay_out([one]).recipe.length


def _too_large(one: Owned, maker: VolumeMaker, capacity: int) -> FailedItem:
    instance, why = one.placed.instance, f"the instance alone exceeds a medium of {capacity} bytes"
    reason, profile = FailureReason.INSTANCE_SIZE_EXCEEDED, maker.profile.identifier
    return FailedItem(instance.sop_class, instance.sop_instance, reason, (), profile, why)
