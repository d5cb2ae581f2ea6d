"""Plain values to and from data sets: None, str, int, float, lists of those, lists of mappings.

One value is that value; several are a list; none is None. A sequence is a list of mappings, always. Text
is decoded, without its padding. IS is an int where it is one, else the text that was sent, so that who
knows the attribute can say what is wrong with it. What is bytes (OB, OW, UN …) is left out.

Source: PS3.5 6.2.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from burnish.dicom.charset import CharacterSet

LEFT_OUT: Final = object()
"""What stands for a value that is not carried on."""

_TEXT: Final = frozenset({"SH", "LO", "UC", "PN"})
_LONG_TEXT: Final = frozenset({"ST", "LT", "UT"})
"""A backslash is a letter there, and spaces before the text belong to it."""
_PLAIN: Final = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})
_NUMBERS: Final[Mapping[str, str]] = {
    "US": "H",
    "SS": "h",
    "UL": "I",
    "SL": "i",
    "UV": "Q",
    "SV": "q",
    "FL": "f",
    "FD": "d",
}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,12}")
_UTF8: Final = "ISO_IR 192"


def plain_value(vr: str, value: bytes, characters: CharacterSet) -> Any:
    """Decode the value of an element, or return LEFT_OUT. Raises UnicodeError, ValueError."""
    if vr in _LONG_TEXT:
        return characters.decode(value, vr).rstrip(" \0") or None
    if vr == "UR":
        return value.decode("ascii").rstrip(" \0") or None
    values = _values(vr, value, characters)
    return LEFT_OUT if values is None else _one_or_many(values)


def _values(vr: str, value: bytes, characters: CharacterSet) -> Sequence[Any] | None:
    if vr in _TEXT:
        return [text.strip(" ") for text in characters.decode(value, vr).rstrip("\0").split("\\")]
    if vr in _PLAIN:
        texts = [text.strip(" \0") for text in value.decode("ascii").split("\\")]
        return [_integer(text) for text in texts] if vr == "IS" else texts
    if vr == "AT":
        return [group << 16 | number for group, number in struct.iter_unpack("<HH", value)]
    if vr in _NUMBERS:
        return [number for (number,) in struct.iter_unpack("<" + _NUMBERS[vr], value)]
    return None


def _one_or_many(values: Sequence[Any]) -> Any:
    if len(values) > 1:
        return list(values)
    return values[0] if values and values[0] != "" else None


def _integer(text: str) -> int | str:
    return int(text) if _INTEGER.fullmatch(text) else text


def data_set(values: Mapping[str, Any]) -> Dataset:
    """Build a data set of plain values by keyword, in UTF-8 where ASCII does not hold them.

    Raises ValueError for a keyword that PS3.6 does not have.
    """
    built = _data_set({key: value for key, value in values.items() if key != "SpecificCharacterSet"})
    if not is_ascii(values):
        built.SpecificCharacterSet = _UTF8
    return built


def _data_set(values: Mapping[str, Any]) -> Dataset:
    built = Dataset()
    for keyword, value in values.items():
        if tag_for_keyword(keyword) is None:
            raise ValueError(f"{keyword} is not a DICOM keyword")
        setattr(built, keyword, [_data_set(item) for item in value] if _is_items(value) else value)
    return built


def _is_items(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and isinstance(value[0], Mapping)


def is_ascii(value: Any) -> bool:
    """Whether every text in a plain value is ASCII."""
    if isinstance(value, str):
        return value.isascii()
    if isinstance(value, Mapping):
        return all(is_ascii(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return all(is_ascii(inner) for inner in value)
    return True


def encode(built: Dataset, *, explicit: bool) -> bytes:
    """Encode a data set in little endian."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR = not explicit
    buffer.is_little_endian = True
    write_dataset(buffer, built)
    return buffer.getvalue()
