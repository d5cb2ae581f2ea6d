"""What `[storage]` says about keeping instances."""

from pydantic import BaseModel, ConfigDict, Field


class SpoolSettings(BaseModel):
    """How instances are kept; `dicom` reads the rest of that table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head_budget: int = Field(default=256 << 10, ge=4096)
    """Bytes of directory keys kept while an instance arrives; one with more is read once more when whole."""
