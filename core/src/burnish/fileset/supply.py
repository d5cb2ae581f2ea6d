"""Values for Type 1 keys that an instance does not have, where a file-set creator may supply them.

A directory record must have a value where instances of many IODs may have none. Only the directory is
supplied; instances on the medium are never changed. Values depend on the instance and its place alone,
not on a clock, so the same file-set gets the same directory.

Source: PS3.11 Annexes D and I name Study Date, Study Time, Study ID, Series Number and Instance Number.
The others here are Type 1 in their IODs too; a neutral value keeps an instance readable that breaks its
IOD. Keys that say something clinical or name something (dose summation type, document title, date of a
verification, identifier of a structured document) are never made up: without them an instance is refused.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal

from burnish.instances.head import KeptHead

Policy = Literal["supply", "fail"]
"""What happens where a Type 1 key has no value: it is supplied, or the instance fails."""

NO_DATE: Final = "19000101"
"""A date that nobody takes for a real one, where an instance has none at all."""
NO_TIME: Final = "000000"
UNNAMED: Final = "UNNAMED"

_DATES: Final = (0x00080020, 0x00080021, 0x00080022, 0x00080023, 0x00080012)
_TIMES: Final = (0x00080030, 0x00080031, 0x00080032, 0x00080033, 0x00080013)
_ACQUISITION_DATE_TIME: Final = 0x0008002A

_MIME_TYPES: Final = {
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/XML",
    "1.2.840.10008.5.1.4.1.1.104.3": "model/stl",
    "1.2.840.10008.5.1.4.1.1.104.4": "model/obj",
    "1.2.840.10008.5.1.4.1.1.104.5": "model/mtl",
}
"""PS3.3 C.24.2: what each Encapsulated Document class holds."""


def _first(head: KeptHead, tags: tuple[int, ...]) -> str:
    for tag in tags:
        if head.has_value(tag):
            value = head.value(tag)
            return str(value[0] if isinstance(value, tuple) else value)
    return ""


def _study_date(head: KeptHead, _: int) -> str:
    return _first(head, _DATES) or _first(head, (_ACQUISITION_DATE_TIME,))[:8] or NO_DATE


def _study_time(head: KeptHead, _: int) -> str:
    return _first(head, _TIMES) or _first(head, (_ACQUISITION_DATE_TIME,))[8:14] or NO_TIME


def _content_date(head: KeptHead, _: int) -> str:
    return _first(head, _DATES[:0:-1]) or _study_date(head, 0)


def _content_time(head: KeptHead, _: int) -> str:
    return _first(head, _TIMES[:0:-1]) or _study_time(head, 0)


def _position(_: KeptHead, number: int) -> str:
    return str(number)


def _mime_type(head: KeptHead, _: int) -> str:
    return _MIME_TYPES.get(str(head.value(0x00080016)), "")


def _always(value: str) -> Callable[[KeptHead, int], str]:
    return lambda _head, _number: value


_SUPPLIES: Final[Mapping[int, Callable[[KeptHead, int], str]]] = {
    0x00080012: _content_date,
    0x00080020: _study_date,
    0x00080023: _content_date,
    0x00080030: _study_time,
    0x00080033: _content_time,
    0x00080060: _always("OT"),
    0x00200010: _position,
    0x00200011: _position,
    0x00200013: _position,
    0x00280008: _always("1"),
    0x0040A491: _always("PARTIAL"),
    0x0040A493: _always("UNVERIFIED"),
    0x00420012: _mime_type,
    0x00700080: _always(UNNAMED),
    0x00700082: _content_date,
    0x00700083: _content_time,
    0x30060002: _always(UNNAMED),
    0x300A0002: _always(UNNAMED),
}


def supplied(tag: int, head: KeptHead, number: int) -> str:
    """The value for a Type 1 key that `head` has none for; empty where none may be supplied.

    `number` is the record's place among its siblings, from 1.
    """
    supply = _SUPPLIES.get(tag)
    return supply(head, number) if supply else ""
