"""How long things are kept: `[retention]`.

Every lifetime counts in service time (`database/clock.py`): while the machine is off nothing ages, and a
clock that jumps changes nothing. What is due goes with the next sweep, a minute later at most; a sweep comes
at least twenty times within the shortest lifetime.
"""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from burnish.units import Duration

_NOTHING = timedelta(0)


class RetentionSettings(BaseModel):
    """`[retention]`. An absent key has its default; `0s` means with the next sweep; "for ever" is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    idle_requests: Duration = Field(default=timedelta(hours=24), ge=_NOTHING)
    """From N-CREATE, for a request that nobody initiates; after it N-GET is answered with 0112."""
    results: Duration = Field(default=timedelta(days=30), ge=_NOTHING)
    """From DONE or FAILURE: how long N-GET tells of it; after it 0112. The ledger keeps it longer."""
    instances_after_success: Duration = Field(default=timedelta(days=3), ge=_NOTHING)
    """From DONE of a request that used an instance. Of several uses the one counts that lasts longest."""
    instances_after_failure: Duration = Field(default=timedelta(days=7), ge=_NOTHING)
    """From FAILURE of a request that used an instance: time to ask again without sending again."""
    instances_preserved: Duration = Field(default=timedelta(days=30), ge=_NOTHING)
    """From DONE or FAILURE of a request that asked with Preserve Composite Instances After Media Creation
    (2200,000A) = YES; never shorter than what DONE or FAILURE gives by itself."""
    preserve_default: Literal["YES", "NO"] = "NO"
    """(2200,000A) of a request that does not say."""
    instances_unrequested: Duration = Field(default=timedelta(days=7), ge=_NOTHING)
    """From the last C-STORE of an instance that no ended request used since; a cancelled one did not."""
    ledger: Duration = Field(default=timedelta(days=3650), ge=_NOTHING)
    """From the end of a request: pieces, attempts and events, then forgotten. Events of no request count
    from when they happened."""

    def shortest(self) -> timedelta | None:
        """The shortest lifetime that is not zero; None where all are zero."""
        lifetimes = [
            value for value in dict(self).values() if isinstance(value, timedelta) and value > _NOTHING
        ]
        return min(lifetimes, default=None)
