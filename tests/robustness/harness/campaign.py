"""The parent: forks one life after the other, hears what each acknowledges, and has each death judged.

    python -m tests.robustness.harness.campaign SEED POINTS [SABOTAGE]

prints how many deaths there were in which phase, as one JSON document; or what is wrong, with the seed and
the life it came to.
"""

import gc
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

from burnish.config import Loaded, check_plugins, load_config
from burnish.kit import make_formats
from burnish.registry import Registry

from tests.lab import Installation
from tests.robustness.harness.chain import Chain, Complaints, Medium, last_event, share_engine
from tests.robustness.harness.judge import Judge
from tests.robustness.harness.points import PHASES, Doom, Points
from tests.robustness.harness.sabotage import SABOTAGES
from tests.robustness.harness.script import Author, Step, World, rehearsal

LIVES: Final = 40
"""Deaths in one folder, before everything is settled and a fresh one is begun."""
TIMERS: Final = 4
"""Of so many eras one has deaths by timer; the others die the same deaths whenever they are run again."""
PATIENCE: Final = 60
"""Seconds that a life may take."""
KEEPING: Final = (
    "",
    '[retention]\ninstances_after_success = "0s"\n',
    '[retention]\nresults = "0s"\ninstances_after_success = "0s"\ninstances_after_failure = "0s"\n',
)
"""How long things are kept, by turns."""
CONFIGURATION: Final = """\
plugins = ["profiles", "format-iso9660", "writer-file"]
[server]
port = 0
[storage]
reserve = 0
[queue]
cancel_wait = "0s"
retries_per_piece = 1000
[writers.shelf]
driver = "file"
path = "{out}"
hold_retry = "0.001s"
quarantine_after = 0
"""


class Lives:
    """Forks lives in one installation."""

    def __init__(self, burnish: Installation, world: World, sabotage: Callable[[], None]) -> None:
        self._burnish, self._world, self._sabotage = burnish, world, sabotage
        self._loaded = load_config(burnish.config)
        self._registry = check_plugins(self._loaded)
        self.formats = {
            name: one for name, (_, one) in make_formats(self._loaded.config, self._registry).items()
        }

    def rehearse(self) -> None:
        """Go the whole way here, so that no life has to load a module or to compile a statement."""
        medium = Medium(self._burnish.folder / "medium.jsonl", self._burnish.out)
        chain = Chain(self._loaded, self._registry, Points(None), medium, Random(0))
        for step in rehearsal():
            chain.do(step)
        chain.close()

    def live(self, steps: Sequence[Step], doom: Doom | None, seed: int) -> "Death":
        """One life; returns how it ended. Raises AssertionError where it did not die as it was to."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _live(self._burnish, self._loaded, self._registry, steps, doom, seed, writing, self._sabotage)
        os.close(writing)
        with open(reading, encoding="utf-8") as told:
            death = Death(doom, self._world, steps)
            for line in told:
                death.hear(json.loads(line))
        death.end(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        return death


class Death:
    """How a life ended, and what it had told until then."""

    def __init__(self, doom: Doom | None, world: World, steps: Sequence[Step]) -> None:
        self._doom, self._world, self._steps = doom, world, steps
        self.phase = PHASES[0]
        self.words = ""
        self.counts: dict[str, int] = {}
        """Points of each phase, of a life that came to its end."""
        self._complaints: list[str] = []

    def hear(self, told: dict[str, Any]) -> None:
        """One line of a life."""
        match told:
            case {"begun": int(number)}:
                self._world.begun(self._steps[number])
            case {"answered": int(number), "answer": answer, "event": int(event)}:
                self._world.answered(self._steps[number], answer, event)
            case {"phase": str(phase)}:
                self.phase = phase
            case {"words": str(words)}:
                self.words = words
            case {"counts": counts}:
                self.counts = counts
            case {"complaint": str(complaint)}:
                self._complaints.append(complaint)

    def end(self, code: int) -> None:
        """A life that is not killed says how many points it had."""
        assert not self._complaints, "\n".join(self._complaints)
        assert code in (-signal.SIGKILL, -signal.SIGALRM) or self.counts, f"a life ended with {code}"

    @property
    def killed(self) -> bool:
        """Whether it died at its point, or of its timer."""
        return not self.counts


def _live(
    burnish: Installation,
    loaded: Loaded,
    registry: Registry,
    steps: Sequence[Step],
    doom: Doom | None,
    seed: int,
    telling: int,
    sabotage: Callable[[], None],
) -> None:
    """The child. Does not return."""
    write = os.write

    def tell(**line: Any) -> None:
        write(telling, json.dumps(line).encode() + b"\n")

    try:
        logging.getLogger().addHandler(Complaints(lambda text: tell(complaint=text)))
        medium = Medium(burnish.folder / "medium.jsonl", burnish.out)
        points = Points(doom, lambda text: tell(words=text), medium.trace, lambda name: tell(phase=name))
        sabotage()
        points.watch()
        chain = Chain(loaded, registry, points, medium, Random(seed))
        for number, step in enumerate(steps):
            tell(begun=number)
            answer = chain.do(step)
            tell(answered=number, answer=answer, event=last_event(loaded.data))
        tell(counts=points.counts)
    except BaseException:  # noqa: BLE001 - whatever it is, the parent says it
        tell(complaint=traceback.format_exc())
    os.kill(os.getpid(), signal.SIGKILL)


class Campaign:
    """Lives and deaths from one seed, in one folder after the other."""

    def __init__(self, seed: int, sabotage: str = "") -> None:
        self.deaths: Counter[str] = Counter()
        """How many there were, by what the server was at."""
        self.calls: Counter[str] = Counter()
        """The same by the call that was fatal."""
        self._seed = seed
        self._sabotage = SABOTAGES[sabotage]
        self._begin(0)

    def _begin(self, era: int) -> None:
        """Every era draws from a seed of its own."""
        self._era, self._lives = era, 0
        self._random = Random(f"{self._seed} {era}")
        self._kinds = [*PHASES, "recover"] if (era + 1) % TIMERS else ["timer"]
        self._recent = {kind: deque([8], 12) for kind in PHASES} | {"timer": deque([50_000], 12)}

    def run(self, points: int) -> None:
        """Die so many times. Raises AssertionError, with the seed and the life, where anything is wrong."""
        with _folder() as folder:
            share_engine(folder / "var")
            with _emptied(folder):
                Lives(_installation(folder, ""), World(), SABOTAGES[""]).rehearse()
            gc.freeze()
            gc.disable()  # in lives of milliseconds it would only copy pages
            self._eras(folder, points)

    def _eras(self, folder: Path, points: int) -> None:
        while self.deaths.total() < points:
            with _emptied(folder):
                self._live_and_die(_installation(folder, KEEPING[self._era % len(KEEPING)]), points)
            self._begin(self._era + 1)

    def _live_and_die(self, burnish: Installation, points: int) -> None:
        world = World()
        lives = Lives(burnish, world, self._sabotage)
        author, judge = Author(world, self._random), Judge(burnish, world, lives.formats)
        end = min(points, self.deaths.total() + LIVES)
        while self.deaths.total() < end:
            doom = self._doom()
            with self._named(doom):
                self._count(
                    lives.live(author.script(doom.phase), doom, self._random.randrange(1 << 32)), doom
                )
                judge.after_death()
        with self._named(None):
            self._rest(lives, author, judge)

    def _rest(self, lives: Lives, author: Author, judge: Judge) -> None:
        """Everything is settled; to start once more changes nothing."""
        lives.live([*author.again(), Step("rest")], None, 0)
        judge.at_rest()
        before = judge.picture()
        lives.live([], None, 0)
        assert judge.picture() == before, "a second start changes something"

    def _doom(self) -> Doom:
        kind = self._random.choice(self._kinds)
        recent = self._recent[kind]
        return Doom.draw(self._random, kind, max(3, round(1.25 * sum(recent) / len(recent))))

    def _count(self, death: Death, doom: Doom) -> None:
        self._lives += 1
        if death.killed:
            self.deaths[death.phase] += 1
            self.calls[death.words or "timer"] += 1
        for phase, count in death.counts.items():
            self._recent[phase].append(count)
        if death.counts and doom.phase == "timer":
            self._recent["timer"].append(round(doom.count * 0.7))

    @contextmanager
    def _named(self, doom: Doom | None) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            raise AssertionError(
                f"seed {self._seed}, era {self._era}, life {self._lives}, {doom or 'at rest'}: {error}"
            ) from error


def _installation(folder: Path, keeping: str) -> Installation:
    burnish = Installation(folder)
    burnish.config.write_text(CONFIGURATION.format(out=burnish.out) + keeping)
    burnish.out.mkdir()
    return burnish


@contextmanager
def _emptied(folder: Path) -> Iterator[None]:
    """Every era has the same folder, so that they can share an engine."""
    try:
        yield
    finally:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory, where there is one: what is tried is the order of calls, not the disk."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="burnish-", dir=place) as folder:
        yield Path(folder)


def main() -> None:
    """See the module."""
    seed, points, *sabotage = sys.argv[1:]
    begin = time.monotonic()
    campaign = Campaign(int(seed), *sabotage)
    try:
        campaign.run(int(points))
    except AssertionError as error:
        sys.exit(str(error))
    seconds = time.monotonic() - begin
    print(json.dumps({"deaths": campaign.deaths, "calls": campaign.calls, "seconds": seconds}))


if __name__ == "__main__":
    main()
