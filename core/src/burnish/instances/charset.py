"""Specific Character Set (0008,0005): what the bytes of text mean.

Shape: `character_set` takes the attribute's value as it came and returns a `CharacterSet`, which decodes one
value at a time: leniently (`decode`: U+FFFD stands for what means nothing) or exactly (`exact`: raises).
Nothing is guessed. Text that declares no set is ASCII; a term that means nothing leaves ASCII as well.

Where one set holds for a whole value, a codec of Python reads it. Where code extensions are declared
(ISO 2022), bytes below 0x80 belong to the code element in G0 and bytes above to the one in G1; an escape
sequence puts another element there, and a delimiter brings back those of the first term.

Code elements are decoded here and not by `pydicom.charset`, which falls back to ISO 8859-1 for bytes that
have no meaning, keeps a G1 set for one fragment only, and cuts two-byte sets at bytes that look like a
delimiter.

Source: PS3.3 2024 C.12.1.1.2, Tables C.12-2 to C.12-5; PS3.5 6.1.2.4 and 6.1.2.5.3 (code extensions).
"""

import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

Errors = Literal["strict", "replace"]
Decode = Callable[[bytes, Errors], str]

ESCAPE: Final = b"\x1b"


# --- the tables of PS3.3 C.12.1.1.2 ------------------------------------------------------------------------

SINGLE_BYTE: Final[Mapping[int, tuple[bytes, str]]] = {
    100: (b"\x1b-A", "iso8859_1"),  # Latin alphabet No. 1
    101: (b"\x1b-B", "iso8859_2"),  # Latin alphabet No. 2
    109: (b"\x1b-C", "iso8859_3"),  # Latin alphabet No. 3
    110: (b"\x1b-D", "iso8859_4"),  # Latin alphabet No. 4
    144: (b"\x1b-L", "iso8859_5"),  # Cyrillic
    127: (b"\x1b-G", "iso8859_6"),  # Arabic
    126: (b"\x1b-F", "iso8859_7"),  # Greek
    138: (b"\x1b-H", "iso8859_8"),  # Hebrew
    148: (b"\x1b-M", "iso8859_9"),  # Latin alphabet No. 5
    203: (b"\x1b-b", "iso8859_15"),  # Latin alphabet No. 9
    166: (b"\x1b-T", "tis_620"),  # Thai
}
"""Tables C.12-2 and C.12-3: `ISO_IR n`, and `ISO 2022 IR n` with the escape sequence to G1. G0 is ASCII."""

DEFAULT: Final = 6
"""ISO-IR 6, ASCII, ESC ( B: what an absent or empty first term stands for."""
_ROMAJI: Final = b"\x1b(J"
"""ISO-IR 14, the G0 of Table C.12-3 that comes with ISO-IR 13. Its yen sign and overline are read as
backslash and tilde, as everybody does: 0x5C separates values there, too."""
KATAKANA: Final = 13
"""ISO-IR 13, JIS X 0201 katakana, ESC ) I to G1."""

DOUBLE_BYTE: Final[Mapping[int, bytes]] = {
    87: b"\x1b$B",  # JIS X 0208, to G0
    159: b"\x1b$(D",  # JIS X 0212, to G0
    149: b"\x1b$)C",  # KS X 1001, to G1
    58: b"\x1b$)A",  # GB 2312, to G1
}
"""Table C.12-4: `ISO 2022 IR n`. G0 is ASCII until an escape sequence says otherwise."""

ALONE: Final[Mapping[str, str]] = {"ISO_IR 192": "utf_8", "GB18030": "gb18030", "GBK": "gbk"}
"""Table C.12-5: multi-byte without code extensions, always the only term."""

_SPELLED: Final[Mapping[str, str]] = {
    "UTF8": "ISO_IR 192",
    "ISOIR192": "ISO_IR 192",
    "ISO2022IR192": "ISO_IR 192",
    "GB18030": "GB18030",
    "ISO2022GB18030": "GB18030",
    "GBK": "GBK",
    "ISO2022GBK": "GBK",
    "GB2312": "58",
    "ISO202258": "58",
    "ASCII": "6",
    "USASCII": "6",
    "ISO646": "6",
    **{f"LATIN{number}": str(register) for number, register in enumerate((100, 101, 109, 110, 148), 1)},
    "LATIN9": "203",
    **{
        f"ISO8859{part}": str(register)
        for register, part in (
            *((100, 1), (101, 2), (109, 3), (110, 4), (144, 5), (127, 6), (126, 7), (138, 8), (148, 9)),
            *((166, 11), (203, 15)),
        )
    },
}
"""Names that devices write in place of a defined term, in capitals and without blanks, hyphens and
underscores: to the term of Table C.12-5, or to the number of the registered set."""
_REGISTERED: Final = re.compile(r"(?:ISO)?(?:2022)?(?:IR)([0-9]{1,3})")


# --- code elements -----------------------------------------------------------------------------------------


def _codec(name: str) -> Decode:
    return lambda data, errors: codecs.decode(data, name, errors)


def _katakana(data: bytes, errors: Errors) -> str:
    return codecs.charmap_decode(data, errors, _KATAKANA_TABLE)[0]


def _jis_x_0208(data: bytes, errors: Errors) -> str:
    return data.translate(_HIGH).decode("euc_jp", errors)


def _jis_x_0212(data: bytes, errors: Errors) -> str:
    pairs = (data[at : at + 2] for at in range(0, len(data), 2))
    return b"".join(b"\x8f" + pair.translate(_HIGH) for pair in pairs).decode("euc_jp", errors)


_KATAKANA_TABLE: Final = "".join(
    chr(0xFF61 + byte - 0xA1) if 0xA1 <= byte <= 0xDF else "\ufffe" for byte in range(256)
)
_HIGH: Final = bytes(byte | 0x80 for byte in range(256))
"""EUC-JP is the same pairs with the high bits set; JIS X 0212 has 0x8F before each."""

_G0: Final[Mapping[bytes, Decode | None]] = {
    b"\x1b(B": None,
    _ROMAJI: None,
    DOUBLE_BYTE[87]: _jis_x_0208,
    DOUBLE_BYTE[159]: _jis_x_0212,
}
"""By escape sequence; None is ASCII, one byte a character."""
_G1: Final[Mapping[bytes, Decode]] = {
    b"\x1b)I": _katakana,
    DOUBLE_BYTE[149]: _codec("euc_kr"),
    DOUBLE_BYTE[58]: _codec("gb2312"),
    **{escape: _codec(name) for escape, name in SINGLE_BYTE.values()},
}
_ESCAPE_OF: Final[Mapping[int, bytes]] = {
    DEFAULT: b"\x1b(B",
    KATAKANA: b"\x1b)I",
    **{number: escape for number, (escape, _) in SINGLE_BYTE.items()},
    **DOUBLE_BYTE,
}
_TO_G0: Final = (87, 159)
_ADDITIONAL: Final = frozenset(("", *(f"ISO 2022 IR {number}" for number in _ESCAPE_OF)))
"""What may stand among several terms."""
_FIRST: Final = frozenset((
    *(f"ISO_IR {number}" for number in (DEFAULT, KATAKANA, *SINGLE_BYTE)),
    *(_ADDITIONAL - {f"ISO 2022 IR {number}" for number in _TO_G0}),
    *ALONE,
))  # fmt: skip
"""What may stand alone. Two-byte sets may not, but those of G1 are met so, without escape sequences."""
_ALWAYS: Final = frozenset((b"\x1b(B", _ROMAJI))
"""Escape sequences that need no term: the default repertoire, and its Japanese twin."""

_RUNS: Final = re.compile(rb"\x1b|[\x00-\x20\x7f]|[\x21-\x7e]+|[\x80-\xff]+")
_RESETS: Final[Mapping[bytes, re.Pattern[bytes]]] = {
    b"PN": re.compile(rb"[\\^=]"),
    **dict.fromkeys((b"LO", b"SH", b"UC"), re.compile(rb"\\")),
}
"""Delimiters after which the first term holds again, PS3.5 6.1.2.5.3; control characters do so everywhere."""
_NEVER: Final = re.compile(rb"(?!)")


# --- a set -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """How text is to be read. Made by `character_set`."""

    terms: tuple[str, ...] = ()
    """The defined terms that say the same; empty where none is declared, or where one means nothing."""
    known: bool = True
    """False where a term means nothing: only ASCII can be read then."""
    whole: str = "ascii"
    """The codec of a whole value; empty where code extensions are declared."""
    initial: bytes = b""
    """The escape sequence of what is in G1 at first; empty where nothing is."""
    escapes: frozenset[bytes] = field(default=_ALWAYS)
    """Which escape sequences are declared."""

    @property
    def name(self) -> str:
        """The defined terms as the attribute's value; empty where there are none."""
        return "\\".join(self.terms)

    def decode(self, data: bytes, vr: bytes = b"LO") -> str:
        """Decode an element's value; U+FFFD stands for what has no meaning."""
        return self._decoded(data, vr, "replace")

    def exact(self, data: bytes, vr: bytes = b"LO") -> str:
        """Decode an element's value. Raises UnicodeError where a byte has no meaning."""
        return self._decoded(data, vr, "strict")

    def reads(self, data: bytes, vr: bytes = b"LO") -> bool:
        """Whether every byte has a meaning."""
        try:
            self.exact(data, vr)
        except UnicodeError:
            return False
        return True

    def _decoded(self, data: bytes, vr: bytes, errors: Errors) -> str:
        if ESCAPE not in data:
            if data.isascii():
                return data.decode("ascii")
            if self.whole:
                return data.decode(self.whole, errors)
        elif self.whole:
            if errors == "strict":
                raise _meaningless(data, data.index(ESCAPE))
            return data.decode(self.whole, errors)
        return "".join(self._extended(data, _RESETS.get(vr, _NEVER), errors))

    def _extended(self, data: bytes, resets: re.Pattern[bytes], errors: Errors) -> Iterator[str]:
        """Decode with code extensions, one run of bytes of one code element after the other."""
        g0, g1, at = None, _G1.get(self.initial), 0
        while at < len(data):
            run = _RUNS.match(data, at)
            assert run  # noqa: S101 - every byte matches
            part, at = run[0], run.end()
            if part == ESCAPE:
                escape = self._escape(data, run.start())
                if escape in _G0:
                    g0 = _G0[escape]
                elif escape:
                    g1 = _G1[escape]
                elif errors == "strict":
                    raise _meaningless(data, run.start())
                at += max(0, len(escape) - 1)
                yield "" if escape else part.decode("ascii")
            elif part[0] >= 0x80:
                yield g1(part, errors) if g1 else part.decode("ascii", errors)
            elif g0 and part[0] > 0x20:
                yield g0(part, errors)
            else:
                if part < b" " or part == b"\x7f" or resets.search(part):
                    g0, g1 = None, _G1.get(self.initial)
                yield part.decode("ascii")

    def _escape(self, data: bytes, at: int) -> bytes:
        """The declared escape sequence that stands there, or nothing."""
        return next((one for one in (data[at : at + 4], data[at : at + 3]) if one in self.escapes), b"")


def _meaningless(data: bytes, at: int) -> UnicodeError:
    return UnicodeDecodeError("specific-character-set", data, at, at + 1, "no such escape is declared")


_UNDECLARED: Final = CharacterSet()
_UNKNOWN: Final = CharacterSet(known=False)


@lru_cache(maxsize=512)
def character_set(value: bytes) -> CharacterSet:
    """What a value of Specific Character Set says, defined terms or not; nothing is a value, too."""
    said = [term.strip(" \0") for term in value.decode("latin-1").split("\\")]
    terms = [_term(one) for one in said]
    if None in terms:
        return _UNKNOWN
    return _made([term for term in terms if term is not None], extended="2022" in said[0])


def assumed_set(text: str) -> bytes:
    """The value of Specific Character Set that a deployer names, in defined terms.

    Several terms are separated by a backslash. Raises ValueError where one is none, or nothing is said.
    """
    found = character_set(text.encode("latin-1", "replace"))
    if not found.known or not found.terms:
        raise ValueError("is no Specific Character Set; try 'ISO_IR 100' or 'ISO_IR 192'")
    return found.name.encode()


def _term(said: str) -> str | None:
    """A key of ALONE or the number of a registered set; None where it means nothing."""
    if not said:
        return str(DEFAULT)
    plain = re.sub("[ _-]+", "", said.upper())
    if plain in _SPELLED:
        return _SPELLED[plain]
    found = _REGISTERED.fullmatch(plain)
    return found[1] if found and int(found[1]) in _ESCAPE_OF else None


def _made(terms: Sequence[str], *, extended: bool) -> CharacterSet:
    """The set that terms as `_term` gives them stand for; `extended` where they speak of ISO 2022."""
    others = [term for term in terms if term != str(DEFAULT)]
    alone = next((term for term in (*terms[:1], *others[:1]) if term in ALONE), "")
    if alone and (terms[0] == alone or len(others) == 1):
        return CharacterSet((alone,), whole=ALONE[alone])
    if alone or any(term in ALONE for term in others):
        return _UNKNOWN
    numbers = [int(term) for term in terms]
    if set(numbers) == {DEFAULT}:
        return _UNDECLARED
    if len(numbers) == 1 and not extended and numbers[0] not in DOUBLE_BYTE:
        return _single(numbers[0])
    return _several(numbers)


def _single(number: int) -> CharacterSet:
    """One single-byte set. What is no JIS X 0201 may be Shift JIS, which gives no byte two meanings."""
    whole = SINGLE_BYTE[number][1] if number in SINGLE_BYTE else "shift_jis"
    return CharacterSet((f"ISO_IR {number}",), whole=whole)


def _several(numbers: Sequence[int]) -> CharacterSet:
    """Code extensions. The first term stands in G1, a two-byte set in its place too, where it goes to G1."""
    if numbers[0] in _TO_G0:
        numbers = (DEFAULT, *numbers)
    initial = _ESCAPE_OF[numbers[0]]
    terms = tuple("" if number == DEFAULT else f"ISO 2022 IR {number}" for number in numbers)
    return CharacterSet(
        terms=terms,
        whole="",
        initial=initial if initial in _G1 else b"",
        escapes=_ALWAYS | {_ESCAPE_OF[number] for number in numbers},
    )


@lru_cache(maxsize=512)
def defined_terms(value: bytes) -> bytes:
    """The value in defined terms; as it came where it is made of them already, or means nothing."""
    said = [term.strip(" ") for term in value.decode("latin-1").split("\\")]
    found = character_set(value)
    if not found.terms or _defined(said):
        return value
    return found.name.encode()


def _defined(said: Sequence[str]) -> bool:
    return said[0] in _FIRST if len(said) == 1 else _ADDITIONAL.issuperset(said)
