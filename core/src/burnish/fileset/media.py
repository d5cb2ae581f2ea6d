"""What a deployer decides about media in general: the `[media]` keys."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from burnish.fileset.derive.ways import Transcoding
from burnish.fileset.seal.settings import SecuritySettings
from burnish.units import Duration


class MediaSettings(BaseModel):
    """`[media]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default_profiles: tuple[str, ...] = Field(default=("STD-GEN-CD",), min_length=1)
    """Tried in this order where a request names no profile: the first that a station can make, that every
    instance fits and that needs no split; else the last that every instance fits, split if it may be."""
    profile_files: tuple[Path, ...] = ()
    """Files with private or augmented profiles, relative to the configuration. What stands in them: README of
    the plugin `profiles`."""
    rules: tuple[str, ...] = ()
    """Rule sets that every medium must keep to, by the names that plugins give them: what one of them refuses
    is not made. Where one refuses the kind of medium or the profile, the request fails with NOT_SUPPORTED;
    where it refuses what would stand on the medium, with PROC_FAILURE. Warnings go to the log."""
    file_set_given: Literal["use", "ignore"] = "use"
    """Storage Media File-Set ID (0088,0130) and UID (0088,0140) of a request: `use` writes them, the ID as a
    File-set ID may be spelt; `ignore` makes both as for a request without."""
    file_set_prefix: str = Field(default="", pattern="^[A-Z0-9_]{0,8}$")
    """What stands before the eight characters of the File-set ID that is made for a request without one."""
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
    """Whether an instance goes on a medium in another transfer syntax where its profile does not take it as
    it was received: in Explicit VR Little Endian, or compressed without loss where the profile wants that.
    `allow` decodes and encodes pixels too, `uncompressed` derives only what neither has nor gets compressed
    ones, `never` derives nothing. What must not be derived fails its request with INST_AP_CONFLICT, reason
    0203."""
    security: SecuritySettings = SecuritySettings()
    """For whom media of secure profiles are sealed; where nobody is named, none are made."""
    icons: Literal["required", "always", "never"] = "required"
    """Which profiles' directory records carry icons: of those that require them, of all that allow them, or
    none; a profile that requires them is not made then."""
    compression: Literal["avoid-splitting", "never"] = "avoid-splitting"
    """Whether images are compressed without loss where a set exceeds a medium and its profile takes them so.
    `never` leaves that to splitting. What `transcoding` forbids is not done either."""
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
