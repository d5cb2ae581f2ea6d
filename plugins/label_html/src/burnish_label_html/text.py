"""From values as they were received to text that can be drawn, with nothing lost and nothing added.

Control characters are dropped, those that turn the direction of a text among them: what follows would be read
the wrong way round. A letter that no font has is drawn as its number, U+1F600 in single guillemets.
Each value stands by itself, whatever direction it runs in: FIRST STRONG ISOLATE before, POP DIRECTIONAL
ISOLATE behind.

Source: PS3.5 6.2.1 (Person Name); Unicode Standard Annex 9.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from burnish_label_html.fonts import drawable

_TURNERS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""What changes the direction of a text, and a byte order mark."""
_LINES: Final = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_KANA: Final = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
_HANGUL: Final = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")


def clean(text: str) -> str:
    """One line of text that can be drawn; no isolates."""
    return "".join(map(_drawn, " ".join(_LINES.split(text)))).strip()


def lines(text: str) -> list[str]:
    """Free text line by line; empty lines between others stay."""
    found = [isolated(clean(line)) for line in _LINES.split(text)]
    while found and not found[-1]:
        found.pop()
    return found


def isolated(text: str) -> str:
    """A value that keeps its direction to itself; empty stays empty."""
    return f"\u2068{text}\u2069" if text else ""


def value(text: str) -> str:
    """A value as it is drawn."""
    return isolated(clean(text))


def _drawn(letter: str) -> str:
    if letter in _TURNERS:
        return ""
    kind = unicodedata.category(letter)
    if letter == "\t":
        return " "
    if kind == "Cc":
        return ""
    if kind in ("Cs", "Co", "Cn") or not drawable(letter):
        return f"\u2039U+{ord(letter):04X}\u203a"
    return letter


def name(group: str, *, familiar: bool) -> str:
    """A component group of a person's name.

    `familiar`: alphabetic, `Family, Prefix Given Middle Suffix`; else family name first, without a comma, as
    ideographic and phonetic groups are written. Components beyond the fifth are kept.
    """
    family, given, middle, prefix, suffix, *more = [*map(clean, group.split("^")), "", "", "", "", ""][
        : max(5, group.count("^") + 1)
    ]
    if familiar:
        rest = " ".join(part for part in (prefix, given, middle, suffix, *more) if part)
        return isolated(", ".join(part for part in (family, rest) if part))
    return isolated(" ".join(part for part in (family, given, middle, prefix, suffix, *more) if part))


def names(groups: Sequence[str]) -> list[str]:
    """Every component group that says something, the alphabetic one first."""
    found = [name(group, familiar=place == 0 and _alphabetic(group)) for place, group in enumerate(groups)]
    return list(dict.fromkeys(text for text in found if text))


def _alphabetic(group: str) -> bool:
    """Whether a first group is written in an alphabet; single-byte systems may hold kana there."""
    return not (_KANA.search(group) or _HANGUL.search(group) or re.search(r"[\u4e00-\u9fff]", group))


def language(groups: Sequence[str]) -> str:
    """In which language's manner Han letters are drawn, as far as the other letters of a name tell."""
    text = "".join(groups)
    if _KANA.search(text):
        return "ja"
    return "ko" if _HANGUL.search(text) else "zh-Hant"
