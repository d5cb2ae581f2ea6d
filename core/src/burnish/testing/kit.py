"""The base of every conformance class."""

import signal
import sys
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any

import pytest

from burnish.contracts import CONTRACT


class TookTooLong(Exception):
    """A driver neither finished nor failed."""


class Conformance:
    """Keeps a subclass from replacing a test without saying so.

    A fixture may be overridden: that is what it is for. A test may be overridden only by one marked
    `@pytest.mark.xfail(reason="...")`, so that the gap and its cause stand in every test report.
    """

    @pytest.fixture
    def patience(self) -> float:
        """Seconds that a test may take before the driver counts as hung; more for real hardware."""
        return 60.0

    @pytest.fixture(autouse=True)
    def _in_time(self, patience: float) -> Iterator[None]:
        def late(_number: int, _frame: FrameType | None) -> None:
            raise TookTooLong(f"nothing came back within {patience:g} s: it hangs, or is too slow")

        before = signal.signal(signal.SIGALRM, late)
        others = signal.setitimer(signal.ITIMER_REAL, patience)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            signal.setitimer(signal.ITIMER_REAL, *others)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Raise TypeError where a test of a base class is replaced without a reason."""
        super().__init_subclass__(**kwargs)
        for name, value in vars(cls).items():
            inherited = any(hasattr(base, name) for base in cls.__mro__[1:])
            if name.startswith("test") and inherited and not _excused(value):
                raise TypeError(f"{cls.__name__}.{name} replaces a conformance test; xfail it with a reason")


def _excused(test: object) -> bool:
    marks = getattr(test, "pytestmark", ())
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)


def contract_of(driver: object) -> Any:
    """The version of the seam that a driver's plugin says it was written for; ours where it says nothing."""
    package: ModuleType | None = sys.modules.get(type(driver).__module__.partition(".")[0])
    return getattr(package, "burnish_contract", CONTRACT)
