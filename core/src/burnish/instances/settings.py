"""What `[storage]` says about keeping instances."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SpoolSettings(BaseModel):
    """How instances are kept; `dicom` reads the rest of that table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head_budget: int = Field(default=256 << 10, ge=4096)
    """Bytes of directory keys kept while an instance arrives; one with more is read once more when whole."""
    reserve: int = Field(default=1 << 30, ge=0)
    """Bytes of free disk below which nothing more is taken: C-STORE is answered with A700, N-CREATE and
    Initiate with 0213. What was taken before is still made, in the reserve. 0: none is kept."""
    duplicates: Literal["version", "refuse"] = "version"
    """Other bytes under a UID that is stored: `version` keeps both and serves the newest to later requests,
    `refuse` answers C111 and keeps the first. The same bytes are always answered with 0000."""
