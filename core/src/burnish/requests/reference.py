"""What a request refers to, and the names that stand for things without telling of them; no tables needed."""

import base64
import hashlib
import uuid
from dataclasses import dataclass
from typing import NamedTuple


class SuppliedIcon(NamedTuple):
    """Icon Image Sequence (0088,0200) as an SCU supplied it for an instance."""

    attributes: dict[str, int | str]
    """Of the Image Pixel module, by keyword."""
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Reference:
    """One item of Referenced SOP Sequence."""

    sop_class: str
    sop_instance: str
    profile: str = ""
    """(2200,000C); empty where the SCU leaves the choice to us."""
    icon: SuppliedIcon | None = None
    """None where the SCU supplied none, or none that can be read."""


def opaque_token(*parts: object) -> str:
    """Sixteen characters of A-Z and 2-7 that stand for `parts` and tell nobody what they were."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return base64.b32encode(digest)[:16].decode()


def minted_uid(*parts: object) -> str:
    """A UID (PS3.5 B.2, 2.25.) that is the same for the same parts."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '|'.join(map(str, parts))).int}"
