"""Pages, and texts from outside as pages and scripts take them."""

import json
from html import escape
from typing import Any, Final

_TURNS: Final = frozenset((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""What turns the direction of what follows, beyond the text itself (CVE-2021-42574)."""


def xml_text(said: str) -> str:
    """For a page or an attribute of one: escaped, without what XML 1.0 (2.2) does not allow in any spelling.

    >>> xml_text('<b class="x">')
    '&lt;b class=&quot;x&quot;&gt;'
    """
    return escape("".join(one if _may_stand(one) else "\N{REPLACEMENT CHARACTER}" for one in said))


def _may_stand(letter: str) -> bool:
    code = ord(letter)
    if code in _TURNS:
        return False
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF


_IN_SCRIPTS: Final = str.maketrans({one: f"\\u{ord(one):04x}" for one in "<>&'\u2028\u2029"})


def script_value(value: Any) -> str:
    """A plain value as an expression of JavaScript that may stand anywhere, in a page's script too."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPTS)


_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" lang="{language}" xml:lang="{language}">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
<title>{title}</title>
<style type="text/css">
{style}
</style>
</head>
<body>
"""
XHTML_END: Final = "</body>\n</html>\n"


def xhtml_head(title: str, style: str, language: str = "en") -> str:
    """Everything before the first element of a page in XHTML 1.0 Strict; `XHTML_END` follows its last.

    XHTML Basic, which IHE PDI names, has no attribute for the language that browsers see.
    """
    return _HEAD.format(title=xml_text(title), style=style, language=language)
