"""The base of every conformance class."""

from typing import Any


class Conformance:
    """Keeps a subclass from replacing a test without saying so.

    A fixture may be overridden: that is what it is for. A test may be overridden only by one marked
    `@pytest.mark.xfail(reason="...")`, so that the gap and its cause stand in every test report.
    """

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
