"""Cases one after the other, each with its outcome: one that crashes or hangs is that case's affair."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from burnish.battery import cancelling, creating, failing, looking, making, negotiating, starting  # noqa: F401
from burnish.battery.peer import Address, Peer, PeerError
from burnish.battery.table import CASES
from burnish.battery.trial import JUDGES, MAKING, Different, Trial, Unjudged, Unmet


class Outcome(StrEnum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    """The standard says otherwise."""
    DIFFERS = "differs"
    """The standard is silent, and burnish does otherwise."""
    UNJUDGED = "unjudged"
    """It could not be seen at this SCP."""
    SKIPPED = "skipped"
    """It has media made, and nobody said that it may."""
    INSIGHT = "insight"
    """It needs insight into the server: its media, faults, configuration."""
    OPEN = "open"
    """It waits for something that is not built."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one case."""

    number: int
    outcome: Outcome
    said: str = ""
    """What was seen and expected, or why it was not judged."""
    seconds: float = 0.0


Report = Callable[[Result], None]


def run(
    address: Address, profile: str, numbers: Collection[int] = tuple(CASES), *, media: bool = False
) -> Iterator[Result]:
    """Judge these cases. What a case leaves is cancelled where the SCP lets it."""
    peer = Peer(address)
    for number in sorted(numbers):
        if found := _not_run(number, media=media):
            yield found
        else:
            yield _judged(number, Trial(peer, profile, address.timeout))


def _not_run(number: int, *, media: bool) -> Result | None:
    if waits_for := CASES[number].waits_for:
        return Result(number, Outcome.OPEN, f"waits for {waits_for}")
    if number not in JUDGES:
        return Result(number, Outcome.INSIGHT)
    if number in MAKING and not media:
        return Result(number, Outcome.SKIPPED, "has media made: --media")
    return None


def _judged(number: int, trial: Trial) -> Result:
    begun, outcome, said = time.monotonic(), Outcome.PASSED, ""
    try:
        JUDGES[number](trial)
    except Unmet as error:
        outcome = Outcome.DIFFERS if CASES[number].basis == "D" else Outcome.FAILED
        said = str(error)
    except Different as error:
        outcome, said = Outcome.DIFFERS, str(error)
    except Unjudged as error:
        outcome, said = Outcome.UNJUDGED, str(error)
    except PeerError as error:
        outcome, said = Outcome.FAILED, str(error)
    except Exception as error:  # noqa: BLE001 - whatever an SCP sends is this case's outcome
        outcome, said = Outcome.FAILED, f"{type(error).__name__}: {error}"
    trial.tidy()
    return Result(number, outcome, said, time.monotonic() - begun)
