"""The fonts of labels: those that come with the package, and no others: a label looks the same anywhere.

fontconfig is told so by a file of our own, which it reads when a first text is laid out: `use` comes before.

| script | font |
|---|---|
| Latin, Greek, Cyrillic | Noto Sans |
| Arabic | Noto Sans Arabic |
| Hebrew | Heebo |
| Devanagari, Bengali | Noto Sans Devanagari, Hind Siliguri |
| Tamil, Telugu, Khmer, Thai | Noto Sans of each |
| Han, kana, hangul | Noto Sans CJK |
"""

import os
import tempfile
import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

PACKAGES: Final = (
    "fontpkg_noto_sans",
    "fontpkg_noto_sans_arabic",
    "fontpkg_noto_sans_devanagari",
    "fontpkg_noto_sans_khmer",
    "fontpkg_noto_sans_tamil",
    "fontpkg_noto_sans_telugu",
    "fontpkg_noto_sans_thai",
    "fontpkg_heebo",
    "fontpkg_hind_siliguri",
    "cvttf_NotoSansCJK_Regular",
)
FAMILIES: Final = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Heebo",
    "Noto Sans Devanagari",
    "Hind Siliguri",
    "Noto Sans Tamil",
    "Noto Sans Telugu",
    "Noto Sans Khmer",
    "Noto Sans Thai",
    "Noto Sans CJK TC",
)
"""In the order in which a letter is looked for."""
CSS: Final = ", ".join(f"'{family}'" for family in FAMILIES)
_IGNORABLE: Final = frozenset(["Cf", "Zs", "Zl", "Zp"])
"""Categories of Unicode that have no picture of their own."""


@cache
def folders() -> tuple[Path, ...]:
    """Where the fonts are. Raises ModuleNotFoundError, naming the package that is missing."""
    return tuple(_folder(package) for package in PACKAGES)


def _folder(package: str) -> Path:
    spec = find_spec(package)  # importing one of them would do work that nobody needs
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the fonts of {package} are not installed", name=package)
    return Path(spec.origin).parent


@cache
def use() -> None:
    """Have fontconfig know these fonts alone."""
    kept = Path(tempfile.gettempdir()) / f"burnish-fonts-{os.getuid()}"
    kept.mkdir(mode=0o700, exist_ok=True)
    dirs = "".join(f"<dir>{escape(str(folder))}</dir>" for folder in folders())
    text = (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig>{dirs}<cachedir>{escape(str(kept))}</cachedir></fontconfig>"
    )
    with tempfile.NamedTemporaryFile("w", dir=kept, suffix=".conf", delete=False) as file:
        file.write(text)
    os.environ["FONTCONFIG_FILE"] = file.name
    os.environ.setdefault(
        "SOURCE_DATE_EPOCH", "0"
    )  # else fontTools dates each subset: no label is like another


@cache
def _letters() -> frozenset[int]:
    """Every code point that one of the fonts draws."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    found: set[int] = set()
    for folder in folders():
        for path in sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]):
            if "Italic" in path.name:
                continue
            with TTFont(path, lazy=True) as font:
                found |= font.getBestCmap().keys()
    return frozenset(found)


def drawable(letter: str) -> bool:
    """Whether a font has a picture for it, or it needs none."""
    return ord(letter) in _letters() or unicodedata.category(letter) in _IGNORABLE
