"""Specific Character Set (0008,0005) of a request, decoded strictly: a byte that means nothing is an error.

What a set is and how it is read, `burnish.instances.charset` knows; here its refusals become statuses.

Source: PS3.3 C.12.1.1.2.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from burnish.errors import Refused
from burnish.instances import charset
from burnish.terms import DimseStatus

_TAG: Final = 0x00080005


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """How text is to be read."""

    kind: charset.CharacterSet = field(default_factory=lambda: charset.character_set(b""))

    @classmethod
    def default(cls, assumed: str | None) -> "CharacterSet":
        """For text that comes without one: what an AE is known to mean, else ASCII."""
        return cls(charset.character_set((assumed or "").encode()))

    @classmethod
    def named(cls, terms: Any, invalid: DimseStatus) -> "CharacterSet":
        """For the value of (0008,0005): None, a term or a list of them. Raises Refused `invalid`."""
        value = "\\".join(str(term or "") for term in (terms if isinstance(terms, list) else [terms]))
        found = charset.character_set(value.encode("ascii", "replace"))
        if not found.known:
            raise Refused(f"Specific Character Set {value!r} is not known", invalid, [_TAG])
        return cls(found)

    def decode(self, value: bytes, vr: str = "LO") -> str:
        """Decode an element's value. Raises UnicodeError for bytes that mean nothing.

        An escape where no code extension is declared is a control character like others: kept as it was sent,
        and dropped when text is drawn.
        """
        parts = value.split(charset.ESCAPE) if self.kind.whole else [value]
        return charset.ESCAPE.decode().join(self.kind.exact(part, vr.encode()) for part in parts)
