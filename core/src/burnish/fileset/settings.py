"""What a deployer decides about people on one medium: the `[identity]` keys."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class IdentitySettings(BaseModel):
    """`[identity]`: what happens where instances do not say for sure whose they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    conflict: Literal["fail", "hold", "allow"] = "fail"
    """One Patient ID, but family name, birth date, sex or issuer differ: `fail` ends the request with
    FAILURE, `hold` keeps it PENDING for an operator to look, `allow` makes the medium all the same."""
    several: Literal["allow", "fail"] = "allow"
    """Several different people on one medium: `allow` lists all of them on label and audit record,
    `fail` ends the request with FAILURE."""
    undecodable: Literal["hold", "fail", "allow"] = "hold"
    """Patient's Name, Patient ID, Issuer of Patient ID, Patient's Birth Date or Patient's Sex hold bytes that
    mean nothing in the Specific Character Set of their instance (the declared one, else that which
    `aets.<title>.assume_character_set` names, else ASCII): `hold` keeps the request PENDING for an operator
    to look, `fail` ends it with FAILURE, `allow` makes the medium with those bytes as they came, and takes
    the same bytes for the same person."""
