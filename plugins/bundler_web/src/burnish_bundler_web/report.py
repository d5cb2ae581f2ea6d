"""A structured report as XHTML: its content tree as headings, paragraphs and lists.

Every text is the report's own, escaped. References to images and waveforms are named by what they are; codes
are told by their meanings. Nested deeper than `_DEEPEST`, and beyond `_MOST` items, it says that there is
more.

Source: PS3.3 C.17.3 (SR document content module).
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from burnish.contracts import LabelPerson
from burnish.markup import xml_text
from pydicom.multival import MultiValue
from pydicom.uid import UID
from pydicom.valuerep import PersonName

_DEEPEST: Final = 24
_MOST: Final = 5000
_HEADINGS: Final = 3
"""Containers so deep have headings; those below are items of lists."""


_DATE: Final = re.compile(r"^(\d{4})(\d{2})(\d{2})$")


def report_of(said: Any) -> str:
    """What stands between the heading of a page and its end."""
    budget = [_MOST]
    parts = list(_facts(said))
    parts += _items(said.get("ContentSequence") or (), 1, budget)
    if budget[0] <= 0:
        parts.append("<p>…</p>\n")
    return "".join(parts)


def title_of(said: Any) -> str:
    """What the report is."""
    return _concept(said) or "Report"


def _facts(said: Any) -> Iterator[str]:
    yield f"<h2>{xml_text(title_of(said))}</h2>\n"
    words = [_text(said, "CompletionFlag"), _text(said, "VerificationFlag")]
    observers = [_text(item, "VerifyingObserverName") for item in said.get("VerifyingObserverSequence") or ()]
    found = ", ".join(filter(None, (*words, *observers)))
    if found:
        yield f"<p>{xml_text(found)}</p>\n"


def _items(items: Any, depth: int, budget: list[int]) -> Iterator[str]:
    for item in items:
        budget[0] -= 1
        if budget[0] <= 0:
            return
        kind = _text(item, "ValueType")
        children = item.get("ContentSequence") or ()
        if depth > _DEEPEST:
            yield "<p>…</p>\n"
            return
        if kind == "CONTAINER" or (not kind and children):
            yield from _container(item, children, depth, budget)
        elif kind:  # what has none refers to another item of the report
            yield f"<p>{_line(item, kind)}</p>\n"
            if children:
                yield from _nested(children, depth, budget)


def _container(item: Any, children: Any, depth: int, budget: list[int]) -> Iterator[str]:
    heading = _concept(item)
    if heading and depth <= _HEADINGS:
        level = depth + 2
        yield f"<h{level}>{xml_text(heading)}</h{level}>\n"
        yield from _items(children, depth + 1, budget)
        return
    if heading:
        yield f"<p><strong>{xml_text(heading)}</strong></p>\n"
    yield from _nested(children, depth, budget)


def _nested(children: Any, depth: int, budget: list[int]) -> Iterator[str]:
    inner = list(_items(children, depth + 1, budget))
    if inner:
        yield "<blockquote>\n"
        yield from inner
        yield "</blockquote>\n"


def _line(item: Any, kind: str) -> str:
    concept = _concept(item)
    name = f"<strong>{xml_text(concept)}:</strong> " if concept else ""
    lines = _value(item, kind).splitlines()
    return name + "<br />".join(map(xml_text, lines))


def _value(item: Any, kind: str) -> str:
    if kind in _VALUES:
        return _DATE.sub(r"\1-\2-\3", _text(item, _VALUES[kind]))
    if kind == "NUM":
        return _number(item)
    if kind == "CODE":
        return _meaning(item.get("ConceptCodeSequence"))
    if kind in ("IMAGE", "WAVEFORM", "COMPOSITE"):
        return _reference(item, kind)
    return kind.lower()


_VALUES: Final = {
    "TEXT": "TextValue",
    "PNAME": "PersonName",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
    "UIDREF": "UID",
}


def _number(item: Any) -> str:
    found = []
    for measured in item.get("MeasuredValueSequence") or ():
        unit = _first(measured.get("MeasurementUnitsCodeSequence"))
        code = _text(unit, "CodeValue")
        shown = "" if code in ("1", "{0:1}") else _text(unit, "CodeMeaning") or code
        found.append(f"{_text(measured, 'NumericValue')} {shown}".strip())
    return ", ".join(found) or _meaning(item.get("NumericValueQualifierCodeSequence"))


def _reference(item: Any, kind: str) -> str:
    words = []
    for one in item.get("ReferencedSOPSequence") or ():
        uid = UID(_text(one, "ReferencedSOPClassUID"))
        words.append(uid.name.removesuffix(" Storage") if uid.is_valid else kind.lower())
    return ", ".join(words) or kind.lower()


def _concept(item: Any) -> str:
    return _meaning(item.get("ConceptNameCodeSequence"))


def _meaning(sequence: Any) -> str:
    item = _first(sequence)
    return _text(item, "CodeMeaning") or _text(item, "CodeValue")


def _first(sequence: Any) -> Any:
    return sequence[0] if sequence else {}


def _text(item: Any, keyword: str) -> str:
    with suppress(Exception):  # what cannot be decoded is not said
        value = item.get(keyword)
        if isinstance(value, PersonName):
            groups = tuple(str(value).split("="))
            return LabelPerson(names=groups).shown_name
        if isinstance(value, (list, tuple, MultiValue)):
            return ", ".join(str(one) for one in value)
        return "" if value is None else str(value).strip()
    return ""
