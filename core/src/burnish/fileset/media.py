"""What a deployer decides about media in general: the `[media]` keys."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from burnish.fileset.derive.ways import Transcoding
from burnish.units import Duration


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
    transcoding: Transcoding = "allow"
    """Whether an instance goes on a medium in Explicit VR Little Endian where its profile does not take it as
    it was received: `allow` decodes compressed pixels too, `uncompressed` derives only what has none, `never`
    derives nothing. What must not be derived fails its request with INST_AP_CONFLICT, reason 0203."""
    transcoders: int = Field(default=0, ge=0)
    """Processes that derive at the same time, an instance each. 0: one for each core."""
    transcoder_memory: int = Field(default=2 << 30, ge=512 << 20)
    """Bytes of address space of such a process; an instance that takes more cannot be derived."""
    transcoder_timeout: Duration = timedelta(minutes=10)
    """How long one instance may take to be derived and compared; one that takes longer cannot be derived."""
    compare_decoders: bool = True
    """Whether the pixels of a lossless codec are decoded by two decoders that must agree, where two are
    installed; `false` believes the first."""
    max_volumes: int = Field(default=99, ge=1)
    """Volumes of one request; a set that takes more ends with SET_OVERSIZED."""
