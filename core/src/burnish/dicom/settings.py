"""What a deployer says about the DICOM side: `[server]`, and what `[storage]` says of negotiation.

Durations are written with their unit (`30s`, `2m`); sizes are in bytes.
"""

from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from burnish.uids import is_uid
from burnish.units import Duration


class ServerSettings(BaseModel):
    """`[server]`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ae_title: str = Field(default="BURNISH", min_length=1, max_length=16, pattern=r"^[!-\[\]-~]+$")
    """Called AE title that is answered; an association that calls another one is rejected (1,1,7)."""
    bind: str = "127.0.0.1"
    """Address that is listened on; `0.0.0.0` or `::` for every interface."""
    port: int = Field(default=11112, ge=0, le=65535)
    """TCP port; 0 takes any free one, which `burnish serve` prints."""
    max_associations: int = Field(default=256, ge=1)
    """Associations established at one time; one more is rejected (2,3,1), temporary congestion."""
    max_half_open: int = Field(default=64, ge=1)
    """Connections that have not been let in yet; at one more the oldest that asks for nothing is closed."""
    max_per_address: int = Field(default=0, ge=0)
    """Associations established from one network address, and as many half-open connections; 0 is no limit.

    One association more is rejected (2,3,1); of half-open connections the oldest from there is closed.
    """
    data: Path = Path("var")
    """Folder of spool, database and logs; a relative one starts at the configuration file's folder."""
    association_timeout: Duration = timedelta(seconds=30)
    """How long a connection may take to ask for an association before it is closed; never zero."""
    dimse_timeout: Duration = timedelta(seconds=30)
    """Longest that a whole PDU may take, and longest silence within a message; never zero.

    Within a message a peer that stays below 1,024 bytes a second is as good as silent.
    """
    network_timeout: Duration = timedelta(minutes=5)
    """Longest silence between two messages before an idle association is aborted; never zero."""
    max_pdu: int = Field(default=131_072, ge=4096, le=1 << 20)
    """Largest P-DATA PDU in bytes that peers are told to send; there is no "unlimited"."""

    @field_validator("association_timeout", "dimse_timeout", "network_timeout")
    @classmethod
    def _some_time(cls, value: timedelta) -> timedelta:
        if value <= timedelta(0):
            raise ValueError("must be longer than nothing; try '30s'")
        return value


class StorageSettings(BaseModel):
    """The part of `[storage]` that decides what is negotiated for C-STORE."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sop_classes: Literal["all"] | tuple[str, ...] = "all"
    """UIDs or keywords (`CTImageStorage`); "all" is every storage class that is known; empty takes none."""
    transfer_syntaxes: Literal["default"] | tuple[str, ...] = "default"
    """UIDs or keywords; "default" is every known one that does not deflate the data set.

    Of those that a context offers, Explicit VR Little Endian is taken; else the first that the SCU names.
    """

    @field_validator("sop_classes", "transfer_syntaxes")
    @classmethod
    def _uids(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return value if isinstance(value, str) else tuple(_uid(name) for name in value)


def _uid(name: str) -> str:
    from pydicom._uid_dict import UID_dictionary  # not needed where a configuration says "all"

    keywords = {entry[4]: uid for uid, entry in UID_dictionary.items() if entry[4]}
    uid = keywords.get(name, name)
    if not is_uid(uid):
        raise ValueError(f"{name!r} is neither a UID nor a DICOM keyword; try 'CTImageStorage'")
    return uid
