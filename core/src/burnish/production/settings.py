"""What a deployer says about devices: `[writers.<name>]`."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from burnish.units import Duration


class WriterSettings(BaseModel):
    """One device. Keys beyond these belong to its driver, whose own model checks them."""

    model_config = ConfigDict(frozen=True, extra="allow")

    driver: str
    """Which writer of the loaded plugins drives it: `file`."""
    stall_timeout: Duration = timedelta(minutes=10)
    """How long a driver may neither finish a step nor report a byte before it counts as hung."""
    hold_retry: Duration = timedelta(seconds=5)
    """How long a station waits before it tries again after a condition that somebody must mend; a device that
    is busy or off line is asked ever more seldom, down to a twelfth as often."""
    quarantine_after: int = Field(default=3, ge=0)
    """Media spoilt in a row, whatever the request, that take the device out of service; 0: never."""

    @property
    def driver_keys(self) -> dict[str, Any]:
        """The keys this room does not know, untouched."""
        return dict(self.model_extra or {})
