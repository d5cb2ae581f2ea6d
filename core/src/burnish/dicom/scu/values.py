"""Attributes as somebody writes them: `KEYWORD=VALUE`, by tag, by path into items; a file of JSON.

    LabelText=Ward 7                                       one attribute
    (2200,0003)=HOUSE, 22000003=HOUSE                      by its tag
    ReferencedSOPSequence[0].RequestedMediaApplicationProfile=STD-GEN-CD
    ReferencedSOPSequence[*].RequestedMediaApplicationProfile=STD-GEN-CD      of every item
    NumberOfCopies=                                        present and empty
    IconImageSequence[0].PixelData=@icon.raw               bytes of a file

Several values have backslashes between them. A value that its VR does not allow is refused, unless it is to
go as it is: then its bytes are those of the text.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydicom import config
from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from burnish.dicom.values import data_set
from burnish.errors import ConfigError

_STEP: Final = re.compile(r"(.+?)(?:\[(\d+|\*)\])?")
_TAG: Final = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_CHARACTER_SET: Final = Tag("SpecificCharacterSet")
_UTF8: Final = "ISO_IR 192"
_NUMBERS: Final[Mapping[str, Callable[[str], Any]]] = {
    **dict.fromkeys(("US", "SS", "UL", "SL", "UV", "SV"), int),
    **dict.fromkeys(("FL", "FD"), float),
}
_BYTES: Final = ("OB", "OW", "OD", "OF", "OL", "OV", "UN")
_ONE_TEXT: Final = ("LT", "ST", "UT", "UR")
"""VRs in which a backslash is a letter."""
Model = Mapping[str, Any]


def tag_named(option: str, name: str) -> BaseTag:
    """A tag by keyword or number. Raises ConfigError, naming the option."""
    if found := _TAG.fullmatch(name):
        return Tag(int(found[1] + found[2], 16))
    number = tag_for_keyword(name)
    if number is None:
        raise ConfigError(f"{option} {name!r} is not a DICOM keyword; try 'LabelText' or '(2200,0002)'")
    return Tag(number)


def read_attributes(text: str, what: str) -> Dataset:
    """A data set of JSON: plain values by keyword, or PS3.18 Annex F's model of DICOM. Raises ConfigError."""
    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError("it is no object")
        if document and all(isinstance(one, dict) and "vr" in one for one in document.values()):
            return Dataset.from_json(document)
        return data_set(document)
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{what} holds no attributes: {error}") from error


def apply(built: Dataset, settings: Sequence[str], *, as_is: bool = False, option: str = "--set") -> None:
    """Set what is given, in its order; text beyond ASCII gets a character set. Raises ConfigError."""
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"{option} {setting!r} is not KEYWORD=VALUE; try 'LabelText=Ward 7'")
        for holder, tag in _places(built, path.strip(), option):
            holder[tag] = _element(tag, value, _encoding(built, value), as_is=as_is, option=option)


def unset(built: Dataset, paths: Sequence[str], option: str = "--unset") -> None:
    """Take attributes away; one that is not there is left so. Raises ConfigError."""
    for path in paths:
        for holder, tag in _places(built, path, option):
            if tag in holder:
                del holder[tag]


def _places(built: Dataset, path: str, option: str) -> Iterator[tuple[Dataset, BaseTag]]:
    """The data sets that a path leads to, and the attribute in each."""
    *above, last = path.split(".")
    holders = [built]
    for step in above:
        holders = [item for holder in holders for item in _items(holder, step, option)]
    tag = tag_named(option, last)
    yield from ((holder, tag) for holder in holders)


def _items(holder: Dataset, step: str, option: str) -> list[Dataset]:
    """Items of a sequence: one by its number, the next one made, or all."""
    found = _STEP.fullmatch(step)
    if not found or found[2] is None:
        raise ConfigError(f"{option} {step!r} names no item; try '{step}[0]'")
    tag = tag_named(option, found[1])
    if _vr(tag) != "SQ":
        raise ConfigError(f"{option} {found[1]!r} is no sequence")
    items = list(holder[tag].value or ()) if tag in holder else []
    if found[2] == "*":
        return items
    number = int(found[2])
    if number > len(items):
        raise ConfigError(f"{option} {step!r}: there are {len(items)} items, so the next is [{len(items)}]")
    if number == len(items):
        items.append(Dataset())
        holder[tag] = DataElement(tag, "SQ", items)
    return [items[number]]


def _vr(tag: BaseTag) -> str:
    try:
        return dictionary_VR(tag).partition(" ")[0]
    except KeyError:
        return "LO" if tag.is_private else "UN"


def _encoding(built: Dataset, value: str) -> str:
    """The codec of text: of the character set that is given, else UTF-8, which is said then."""
    if not value.isascii() and not built.get(_CHARACTER_SET):
        built[_CHARACTER_SET] = DataElement(_CHARACTER_SET, "CS", _UTF8)
    given = built.get(_CHARACTER_SET)
    return str(convert_encodings(given.value)[0]) if given and given.value else "ascii"


def _element(
    tag: BaseTag, text: str, codec: str, *, as_is: bool, option: str
) -> DataElement | RawDataElement:
    vr, name = _vr(tag), keyword_for_tag(tag) or str(tag)
    if vr == "SQ":
        raise ConfigError(f"{option} {name} is a sequence; name an item: '{name}[0].KEYWORD=VALUE'")
    if text.startswith("@"):
        return _raw(tag, vr, _read(Path(text[1:]), f"{option} {name}"))
    if as_is or vr in _BYTES:
        return _raw(tag, vr, text.encode(codec, "replace"))
    try:
        with config.strict_reading():
            return DataElement(tag, vr, _value(vr, text), validation_mode=config.RAISE)
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigError(f"{option} {name}={text!r}: {error}; --as-is sends it all the same") from error


def _value(vr: str, text: str) -> Any:
    if not text:
        return None
    if vr in _ONE_TEXT:
        return text
    number = _tag_of if vr == "AT" else _NUMBERS.get(vr, str)
    values = [number(one) for one in text.split("\\")]
    return values if len(values) > 1 else values[0]


def _raw(tag: BaseTag, vr: str, data: bytes) -> RawDataElement:
    """Bytes as they are, made even."""
    data += (b"\0" if vr in ("UI", *_BYTES) else b" ") * (len(data) % 2)
    return RawDataElement(tag, vr, len(data), data, 0, False, True)


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{what}: {path}: {error.strerror}") from error


def _tag_of(text: str) -> int:
    return int(tag_named("value", text))
