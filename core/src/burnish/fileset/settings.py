"""What a deployer decides about people on one medium: the `[identity]` keys."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class IdentitySettings(BaseModel):
    """`[identity]`: what happens where instances of one Patient ID disagree about who that is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conflict: Literal["fail", "hold", "allow"] = "fail"
    """One Patient ID, but family name, birth date, sex or issuer differ: `fail` ends the request with
    FAILURE, `hold` keeps it PENDING for an operator to look, `allow` makes the medium all the same."""
    several: Literal["allow", "fail"] = "allow"
    """Several different people on one medium: `allow` lists all of them on label and audit record,
    `fail` ends the request with FAILURE."""
