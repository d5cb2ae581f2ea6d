"""What a deployer says about requests: the queue, and who may do what."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from burnish.instances.charset import assumed_set
from burnish.terms import Priority
from burnish.units import Duration

Right = Literal["store", "create", "cancel", "get"]
YesNo = Literal["YES", "NO"]


class QueueSettings(BaseModel):
    """`[queue]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    length: int = Field(default=1000, ge=1)
    """Started requests that may wait or be worked on; one more Initiate is answered with 0213."""
    idle_length: int = Field(default=10_000, ge=1)
    """Requests that may be IDLE; one more N-CREATE is answered with 0213."""
    max_references: int = Field(default=200_000, ge=1)
    """Items of one Referenced SOP Sequence; more are answered with 0213."""
    retries_per_piece: int = Field(default=2, ge=0)
    """Further media tried for a piece after one was spoilt; 0 fails the request at the first."""
    supplies_timeout: Duration = timedelta(hours=72)
    """How long a request waits for supplies or for an operator before it fails; 0 fails it at once."""
    offline_timeout: Duration = timedelta(hours=1)
    """How long it waits for a device that is off line, or while no station can make its media; 0 fails it at
    once."""
    priority_default: Priority = Priority.MED
    """Request Priority (2200,0020) of an Initiate that does not say."""
    print_priority: Literal["read", "ignore"] = "read"
    """Whether (2000,0020), Print Priority, which PS3.4 S.4.2 names, counts where (2200,0020) is absent."""
    cancel_wait: Duration = timedelta(seconds=10)
    """How long a Cancel waits for the owner of the work to stop before it answers C202."""
    drain_timeout: Duration = timedelta(minutes=30)
    """How long a first SIGTERM lets media that are being written be finished."""


class AetSettings(BaseModel):
    """`[aets.<calling AE title>]`. Where the table exists, an AE that is not in it is turned away."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    may: tuple[Right, ...] = ("store", "create", "cancel", "get")
    """What this AE may do; `create` includes to initiate. An absent key grants everything."""
    max_requests: int | None = Field(default=None, ge=1)
    """Requests of this AE that have not ended; one more N-CREATE is answered with 0213. Absent: no limit."""
    assume_character_set: str | None = None
    """Specific Character Set of text that comes without one, in instances and requests of this AE: a defined
    term of PS3.3 C.12.1.1.2, or several with backslashes between. The instances stay as they came; the
    directory, labels and comparisons of people read them so. It holds for what is received from then on.
    Absent: such text must be ASCII."""

    @field_validator("assume_character_set")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        """In defined terms."""
        return value if value is None else assumed_set(value).decode()


class MediaLimits(BaseModel):
    """What orders need to know of other tables."""

    model_config = ConfigDict(frozen=True)

    max_copies: int = 99
    preserve_default: YesNo = "NO"
    """Of `[retention]`."""
    terms: dict[str, frozenset[str]] = Field(default_factory=dict)
    """Terms that a configuration gives a meaning beyond the defined ones, by keyword."""
