"""What is tried again: one table, which the client obeys and its conformance statement prints.

Nothing is tried again unless somebody asks for it. A request that may have been made is never asked for under
another UID: an N-CREATE without a UID of ours, whose answer was lost, could make two of it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from burnish.dicom.scu.reaching import ScuError
from burnish.terms import DimseStatus

T = TypeVar("T")
EVERY: Final = ("C-ECHO", "C-STORE", "N-CREATE", "N-ACTION 1", "N-ACTION 2", "N-GET")


class Retried(NamedTuple):
    """A row of the table."""

    when: str
    operations: tuple[str, ...]
    is_so: Callable[[ScuError], bool]
    settled: tuple[int, ...] = ()
    """Statuses of a further try which say that the first one had been done."""


def _status(*codes: int) -> Callable[[ScuError], bool]:
    return lambda error: error.status in codes


RETRIED: Final[Sequence[Retried]] = (
    Retried("nobody listens, or the association is rejected as transient", EVERY, lambda error: error.soon),
    Retried(
        "0213H, resource limitation",
        ("N-CREATE", "N-ACTION 1"),
        _status(DimseStatus.RESOURCE_LIMITATION),
    ),
    Retried(
        "A7xxH, out of resources",
        ("C-STORE",),
        lambda error: error.status is not None and error.status >> 8 == 0xA7,
    ),
    Retried("0210H, duplicate invocation", EVERY, _status(DimseStatus.DUPLICATE_INVOCATION)),
    Retried("no answer", ("C-ECHO", "C-STORE", "N-GET"), lambda error: error.lost),
    Retried(
        "no answer to an N-CREATE with a UID of ours",
        ("N-CREATE",),
        lambda error: error.lost,
        (DimseStatus.DUPLICATE_SOP_INSTANCE,),
    ),
    Retried(
        "no answer to an Initiate",
        ("N-ACTION 1",),
        lambda error: error.lost,
        (DimseStatus.ALREADY_INITIATED,),
    ),
    Retried(
        "no answer to a Cancel",
        ("N-ACTION 2",),
        lambda error: error.lost,
        (DimseStatus.NO_SUCH_SOP_INSTANCE,),
    ),
)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, and after how long."""

    count: int = 0
    """Further tries; 0: none."""
    wait: float = 10.0
    """Seconds between two."""
    tell: Callable[[str], None] = lambda _: None
    """Hears of each."""

    def cover(self, operation: str, error: ScuError) -> bool:
        """Whether there is anything to be tried again."""
        return self.count > 0 and _row(operation, error) is not None

    def run(self, operation: str, attempt: Callable[[], T], done: T | None = None) -> T:
        """Try, and try again where the table says so. Raises ScuError.

        `done` is what a try gives that finds the operation done by one whose answer was lost; None where that
        cannot be known, and then such a loss is not tried again.
        """
        settled: tuple[int, ...] = ()
        for left in range(self.count, -1, -1):
            try:
                return attempt()
            except ScuError as error:
                if error.status in settled and done is not None:
                    return done
                row = _row(operation, error)
                if not left or row is None or (row.settled and done is None):
                    raise
                settled = row.settled or settled
                self.tell(f"{operation}: {error}; again in {self.wait:g} s, {left} left")
                time.sleep(self.wait)
        raise AssertionError  # the last try returns or raises


def _row(operation: str, error: ScuError) -> Retried | None:
    return next((row for row in RETRIED if operation in row.operations and row.is_so(error)), None)
