"""Specific Character Set (0008,0005), decoded strictly: a byte that has no meaning is an error, not a '?'.

Source: PS3.3 C.12.1.1.2 (defined terms), PS3.5 6.1 (code extensions).
"""

from dataclasses import dataclass
from typing import Any, Final

from pydicom.charset import convert_encodings, decode_bytes, python_encoding

from burnish.errors import Refused
from burnish.terms import DimseStatus

ASCII: Final = ("ascii",)
_TAG: Final = 0x00080005
_DEFAULT_TERMS: Final = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
_DELIMITERS: Final = {0x09, 0x0A, 0x0C, 0x0D, 0x5C, 0x5E, 0x3D}
"""After these the initial character set is active again, PS3.5 6.1.2.5.3."""
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """How text is to be read."""

    encodings: tuple[str, ...] = ASCII
    """Codecs of Python; more than one means code extensions."""

    @classmethod
    def default(cls, assumed: str | None) -> "CharacterSet":
        """For text that comes without one: what an AE is known to mean, else ASCII."""
        return cls.named(assumed, DimseStatus.INVALID_ATTRIBUTE_VALUE) if assumed else cls()

    @classmethod
    def named(cls, terms: Any, invalid: DimseStatus) -> "CharacterSet":
        """For the value of (0008,0005): None, a term or a list of them. Raises Refused `invalid`."""
        names = [term or "" for term in (terms if isinstance(terms, list) else [terms])]
        for name in names:
            if name not in python_encoding:
                raise Refused(f"Specific Character Set {name!r} is not known", invalid, [_TAG])
        if len(names) == 1:
            return cls(ASCII if names[0] in _DEFAULT_TERMS else (python_encoding[names[0]],))
        return cls(tuple(convert_encodings(names)))

    def decode(self, value: bytes) -> str:
        """Decode text. Raises UnicodeError for bytes that mean nothing in this character set."""
        if len(self.encodings) == 1 and b"\x1b" not in value:
            return value.decode(self.encodings[0])
        try:
            text = decode_bytes(value, self.encodings, _DELIMITERS)
        except UserWarning as warning:  # a warning stands for a replaced byte
            raise UnicodeError(str(warning)) from warning
        if _REPLACED in text:
            raise UnicodeError("a byte that means nothing in this character set")
        return text
