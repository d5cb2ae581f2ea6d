"""The shape of what an SCU asks for: checked at once, so that what is stored can be relied on.

Only what cannot be recorded safely is refused here; whether instances exist, profiles fit and media
suffice is found out after the Initiate, as PS3.4 S.3.2.1 advises, and told by N-GET. No warning status
ever answers an N-CREATE.

Source: PS3.4 Annex S, N-CREATE and N-ACTION attribute tables; PS3.3 C.22.1 for values.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from burnish.errors import Refused
from burnish.requests.reference import Reference, SuppliedIcon
from burnish.terms import DimseStatus, Priority
from burnish.uids import is_uid

MAX_TEXT: Final = 10_240
"""Characters of a text attribute; LT's own limit, PS3.5 6.2, kept for UT as well."""

Terms = Mapping[str, Collection[str]]
Check = Callable[[str], str]
"""Returns what was expected where a value is wrong, else an empty string."""


def _one_of(*terms: str) -> Check:
    return lambda value: "" if value in terms else f"expected {' or '.join(terms)}"


def _at_most(length: int) -> Check:
    return lambda value: "" if len(value) <= length else f"longer than {length} characters"


def _uid(value: str) -> str:
    return "" if is_uid(value) else "not a UID"


_YES_NO: Final = _one_of("YES", "NO")

ATTRIBUTES: Final[Mapping[str, tuple[int, Check]]] = MappingProxyType(
    {
        "SpecificCharacterSet": (0x00080005, _at_most(MAX_TEXT)),
        "StorageMediaFileSetID": (0x00880130, _at_most(16)),
        "StorageMediaFileSetUID": (0x00880140, _uid),
        "LabelUsingInformationExtractedFromInstances": (0x22000001, _YES_NO),
        "LabelText": (0x22000002, _at_most(MAX_TEXT)),
        "LabelStyleSelection": (0x22000003, _at_most(MAX_TEXT)),
        "MediaDisposition": (0x22000004, _at_most(MAX_TEXT)),
        "BarcodeValue": (0x22000005, _at_most(MAX_TEXT)),
        "BarcodeSymbology": (0x22000006, _at_most(MAX_TEXT)),
        "AllowMediaSplitting": (0x22000007, _YES_NO),
        "AllowLossyCompression": (0x2200000F, _YES_NO),
        "IncludeNonDICOMObjects": (0x22000008, _at_most(MAX_TEXT)),
        "IncludeDisplayApplication": (0x22000009, _YES_NO),
        "PreserveCompositeInstancesAfterMediaCreation": (0x2200000A, _YES_NO),
    }
)
"""Top-level attributes of the Media Creation Management module that an SCU may give, besides the
sequence. What is not here is ignored."""

DEFINED_TERMS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "IncludeNonDICOMObjects": ("NO", "FOR_PHYSICIAN", "FOR_PATIENT", "FOR_TEACHING", "FOR_RESEARCH"),
        "BarcodeSymbology": ("CODE128", "CODE39", "INTER_2_5", "HIBC", "QR", "DATAMATRIX"),
    }
)
"""Extensible terms: another value is kept, read as the default, and told as an event."""

ENUMERATED: Final = tuple(keyword for keyword, (_, check) in ATTRIBUTES.items() if check is _YES_NO)
"""Attributes that are YES or NO; another value is refused."""

ITEM: Final[Mapping[str, int]] = MappingProxyType(
    {
        "ReferencedSOPClassUID": 0x00081150,
        "ReferencedSOPInstanceUID": 0x00081155,
        "RequestedMediaApplicationProfile": 0x2200000C,
        "IconImageSequence": 0x00880200,
    }
)
"""What has a meaning in an item of Referenced SOP Sequence."""

_SEQUENCE: Final = 0x00081199
_ICON: Final = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)
"""What is kept of an icon beside its pixels."""


ARGUMENTS: Final = frozenset({"NumberOfCopies", "RequestPriority", "PrintPriority", "SpecificCharacterSet"})
"""What the action information of an Initiate may hold."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose shape is right."""

    attributes: Mapping[str, Any]
    """Module attributes by keyword, as they were given; empty ones are left out."""
    references: tuple[Reference, ...]
    ignored: Mapping[str, str]
    """Attributes whose term is none that burnish knows, with the term."""
    unknown: tuple[str, ...]
    """Keywords of attributes that are none of the module's."""


def shape(attributes: Mapping[str, Any], max_references: int, terms: Terms = MappingProxyType({})) -> Asked:
    """Check an N-CREATE attribute list; `terms` are those that a configuration gives a meaning, by keyword.

    Raises Refused, naming the attribute.
    """
    kept = {}
    for keyword, (tag, check) in ATTRIBUTES.items():
        value = attributes.get(keyword)
        if value not in (None, "", []):
            kept[keyword] = _checked(keyword, tag, value, check)
    ignored = {
        keyword: kept[keyword]
        for keyword, known in DEFINED_TERMS.items()
        if keyword in kept and kept[keyword] not in (*known, *terms.get(keyword, ()))
    }
    unknown = unknown_keywords(attributes, {*ATTRIBUTES, "ReferencedSOPSequence"})
    return Asked(kept, _references(attributes, max_references), ignored, unknown)


def unknown_keywords(given: Mapping[str, Any], known: Collection[str]) -> tuple[str, ...]:
    """Names of what was given and means nothing here, in order; the first hundred."""
    return tuple(sorted(keyword for keyword in given if keyword not in known))[:100]


def _checked(keyword: str, tag: int, value: Any, check: Check) -> Any:
    if keyword == "SpecificCharacterSet":
        return value
    if not isinstance(value, str):
        raise Refused(f"{keyword} has several values", DimseStatus.INVALID_ATTRIBUTE_VALUE, [tag])
    if expected := check(value):
        shown = value if len(value) <= 20 else value[:17] + "..."
        raise Refused(f"{keyword} {shown!r}: {expected}", DimseStatus.INVALID_ATTRIBUTE_VALUE, [tag])
    return value


def _references(attributes: Mapping[str, Any], most: int) -> tuple[Reference, ...]:
    if "ReferencedSOPSequence" not in attributes:
        raise Refused("no Referenced SOP Sequence", DimseStatus.MISSING_ATTRIBUTE, [_SEQUENCE])
    items = attributes["ReferencedSOPSequence"]
    if not items:
        message = "Referenced SOP Sequence has no items"
        raise Refused(message, DimseStatus.MISSING_ATTRIBUTE_VALUE, [_SEQUENCE])
    if not isinstance(items, Sequence) or isinstance(items, str):
        message = "Referenced SOP Sequence is not a sequence"
        raise Refused(message, DimseStatus.INVALID_ATTRIBUTE_VALUE, [_SEQUENCE])
    if len(items) > most:
        message = f"more than {most} references"
        raise Refused(message, DimseStatus.RESOURCE_LIMITATION, [_SEQUENCE])
    return tuple(_reference(item) for item in items)


def _reference(item: Mapping[str, Any]) -> Reference:
    sop_class = _item_uid(item, "ReferencedSOPClassUID")
    sop_instance = _item_uid(item, "ReferencedSOPInstanceUID")
    profile = item.get("RequestedMediaApplicationProfile") or ""
    if not isinstance(profile, str) or len(profile) > 64:
        message = "Requested Media Application Profile is not one value of at most 64 characters"
        raise Refused(
            message, DimseStatus.INVALID_ATTRIBUTE_VALUE, [ITEM["RequestedMediaApplicationProfile"]]
        )
    return Reference(sop_class, sop_instance, profile, _icon(item))


def _icon(item: Mapping[str, Any]) -> SuppliedIcon | None:
    """The icon of an item; whether it keeps to a profile is seen when media are composed."""
    icons = item.get("IconImageSequence")
    if not isinstance(icons, list) or len(icons) != 1:
        return None
    pixels = icons[0].get("PixelData")
    attributes = {key: icons[0][key] for key in _ICON if isinstance(icons[0].get(key), int | str)}
    return SuppliedIcon(attributes, pixels) if isinstance(pixels, bytes) else None


def _item_uid(item: Mapping[str, Any], keyword: str) -> str:
    tag = ITEM[keyword]
    if keyword not in item:
        raise Refused(f"an item has no {keyword}", DimseStatus.MISSING_ATTRIBUTE, [tag])
    value = item[keyword]
    if value in (None, "", []):
        raise Refused(f"{keyword} is empty in an item", DimseStatus.MISSING_ATTRIBUTE_VALUE, [tag])
    if not isinstance(value, str) or not is_uid(value):
        raise Refused(f"{keyword} is not a UID in an item", DimseStatus.INVALID_ATTRIBUTE_VALUE, [tag])
    return value


def copies(arguments: Mapping[str, Any], most: int) -> int:
    """Number of Copies (2000,0010): absent is 1. Raises Refused 0115."""
    value = arguments.get("NumberOfCopies")
    if value in (None, ""):
        return 1
    try:
        number = int(str(value))
    except ValueError:
        number = 0
    if not 1 <= number <= most:
        message = f"Number of Copies is not from 1 to {most}"
        raise Refused(message, DimseStatus.INVALID_ARGUMENT_VALUE, [0x20000010])
    return number


def priority(
    arguments: Mapping[str, Any], default: Priority = Priority.MED, *, print_priority: bool = True
) -> Priority:
    """Request Priority (2200,0020), else (2000,0020) as S.4.2 names it where that is read, else the default.

    Raises Refused 0115.
    """
    tag, value = 0x22000020, arguments.get("RequestPriority")
    if value in (None, "") and print_priority:
        tag, value = 0x20000020, arguments.get("PrintPriority")
    if value in (None, ""):
        return default
    if value not in list(Priority):
        message = "Request Priority is not HIGH, MED or LOW"
        raise Refused(message, DimseStatus.INVALID_ARGUMENT_VALUE, [tag])
    return Priority(value)
