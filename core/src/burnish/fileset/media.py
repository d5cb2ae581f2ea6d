"""What a deployer decides about media in general: the `[media]` keys."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class MediaSettings(BaseModel):
    """`[media]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default_profiles: tuple[str, ...] = Field(default=("STD-GEN-CD",), min_length=1)
    """Tried in this order where a request names no profile: the first that a station can make, that every
    instance fits and that needs no split; else the last that every instance fits, split if it may be."""
    max_copies: int = Field(default=99, ge=1)
    """Number of Copies beyond this is answered with 0115."""
    sop_classes: Literal["all"] | tuple[str, ...] = "all"
    """SOP Class UIDs that media are made of; another one fails its request with NOT_SUPPORTED."""
    missing_keys: Literal["supply", "fail"] = "supply"
    """Type 1 directory keys that an instance lacks: `supply` makes them up in the DICOMDIR alone, `fail` ends
    the request with DIR_PROC_ERR."""
    splitting: Literal["allow", "never"] = "allow"
    """Whether a request that may be split is: `never` answers one that exceeds a medium with SET_OVERSIZED
    whatever it allows, for devices or sites that cannot keep several media together."""
    splitting_default: Literal["YES", "NO"] = "NO"
    """Allow Media Splitting (2200,0007) of a request that does not say."""
    max_volumes: int = Field(default=99, ge=1)
    """Volumes of one request; a set that takes more ends with SET_OVERSIZED."""
