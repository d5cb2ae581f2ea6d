"""What a request refers to, and the names that stand for things without telling of them; no tables needed."""

import base64
import hashlib
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reference:
    """One item of Referenced SOP Sequence."""

    sop_class: str
    sop_instance: str
    profile: str = ""
    """(2200,000C); empty where the SCU leaves the choice to us."""


def opaque_token(*parts: object) -> str:
    """Sixteen characters of A-Z and 2-7 that stand for `parts` and tell nobody what they were."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return base64.b32encode(digest)[:16].decode()


def minted_uid(*parts: object) -> str:
    """A UID (PS3.5 B.2, 2.25.) that is the same for the same parts."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '|'.join(map(str, parts))).int}"
