"""What the DICOM face asks of the rooms below it, and no more: a test stands in with ten lines.

Values that cross are plain: None (present and empty), str, int, float, lists of those, and lists of
mappings for sequences, keyed by the keyword of PS3.6. Text is decoded. Every method may raise `Refused`.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from burnish.instances.spool import Arrival

Right = Literal["store", "create", "cancel", "get"]


class Incoming(Protocol):
    """One instance on its way into the spool."""

    @abstractmethod
    def write(self, fragment: bytes | memoryview) -> None:
        """Take the next bytes of the data set. Raises Refused, OSError."""

    @abstractmethod
    def commit(self) -> None:
        """Make the instance durable: it may be acknowledged when this returns. Raises Refused."""

    @abstractmethod
    def abandon(self) -> None:
        """Forget it. Safe to repeat, and after `commit` without effect."""


class Spool(Protocol):
    """Where instances go."""

    @abstractmethod
    def begin(self, arrival: Arrival) -> Incoming:
        """Make room for an instance. Raises Refused, OSError."""


class Look(Protocol):
    """What an N-GET may tell."""

    @property
    @abstractmethod
    def values(self) -> Mapping[str, Any]:
        """Values by keyword."""

    @property
    @abstractmethod
    def missing(self) -> Sequence[str]:
        """Keywords that were asked for and are not kept."""


class Orders(Protocol):
    """The one way in. Each call is durable when it returns."""

    @abstractmethod
    def create(self, attributes: Mapping[str, Any], *, sop_instance: str | None, ae: str) -> str:
        """Record a request; returns its SOP Instance UID."""

    @abstractmethod
    def initiate(self, sop_instance: str, arguments: Mapping[str, Any], *, ae: str) -> None:
        """Start a request."""

    @abstractmethod
    def cancel(self, sop_instance: str, *, ae: str) -> None:
        """Stop and delete a request; may block for seconds."""

    @abstractmethod
    def look(self, sop_instance: str, keywords: Sequence[str], *, ae: str) -> Look:
        """Tell about a request; no keywords asks for everything that is kept."""

    @abstractmethod
    def may(self, ae: str, right: Right) -> bool:
        """Whether a calling AE has a right."""


class AetPolicy(Protocol):
    """What a configuration says of one calling AE."""

    @property
    @abstractmethod
    def assume_character_set(self) -> str | None:
        """Specific Character Set of text that comes without one; None: such text must be ASCII.

        A known one, in defined terms."""
