"""What a deployer decides about media in general: the `[media]` keys."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class MediaSettings(BaseModel):
    """`[media]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default_profiles: tuple[str, ...] = Field(default=("STD-GEN-CD",), min_length=1)
    """Tried in this order where a request names no profile: the first that every instance fits and that a
    station can make, else the last."""
    max_copies: int = Field(default=99, ge=1)
    """Number of Copies beyond this is answered with 0115."""
    sop_classes: Literal["all"] | tuple[str, ...] = "all"
    """SOP Class UIDs that media are made of; another one fails its request with NOT_SUPPORTED."""
    missing_keys: Literal["supply", "fail"] = "supply"
    """Type 1 directory keys that an instance lacks: `supply` makes them up in the DICOMDIR alone, `fail` ends
    the request with DIR_PROC_ERR."""
