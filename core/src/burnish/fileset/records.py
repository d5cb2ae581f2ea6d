"""Directory records: which type stands for which SOP Class, and which keys each type carries.

Shape: `record_type` answers with a Directory Record Type of PS3.3 F.5 or None; `slots` compiles what is
written in the records of a type, profile keys included, in tag order. A slot finds its element in a head.

Source: PS3.3 Table F.4-1 and F.5 (keys and types), PS3.4 Table B.5-1 and GG.3-1 (classes). Icon images are
Type 3 in every record and are left out unless a profile asks for them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import methodcaller
from typing import Final

from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.uid import UID

from burnish.contracts.profile import DirectoryKey
from burnish.instances.elements import CHARACTER_SET_VRS
from burnish.instances.head import KeptHead
from burnish.terms import WITHOUT_PATIENT

ROOT_RECORDS: Final = frozenset(WITHOUT_PATIENT.values())
"""PS3.3 Table F.4-1: types that stand at the root, below no PATIENT."""

_CONTENT: Final = (
    "ContentDate 1, ContentTime 1, InstanceNumber 1,"
    " ContentLabel 1, ContentDescription 2, ContentCreatorName 2"
)
_DATED: Final = "InstanceNumber 1, ContentDate 1, ContentTime 1"

# PS3.3 F.5.1 to F.5.46: key and type.
_KEYS: Final = {
    "PATIENT": "PatientName 2, PatientID 1",
    "STUDY": "StudyDate 1, StudyTime 1, StudyDescription 2, StudyInstanceUID 1, StudyID 1, AccessionNumber 2",
    "SERIES": "Modality 1, SeriesInstanceUID 1, SeriesNumber 1",
    "IMAGE": "InstanceNumber 1",
    "RT DOSE": "InstanceNumber 1, DoseSummationType 1, DoseComment 3",
    "RT STRUCTURE SET": "InstanceNumber 1, StructureSetLabel 1, StructureSetDate 2, StructureSetTime 2",
    "RT PLAN": "InstanceNumber 1, RTPlanLabel 1, RTPlanDate 2, RTPlanTime 2",
    "RT TREAT RECORD": "InstanceNumber 1, TreatmentDate 2, TreatmentTime 2",
    "PRESENTATION": "PresentationCreationDate 1, PresentationCreationTime 1, InstanceNumber 1,"
    " ContentLabel 1, ContentDescription 2, ContentCreatorName 2,"
    " ReferencedSeriesSequence 1C, BlendingSequence 1C",
    "WF PRESENTATION": "InstanceNumber 1, ContentLabel 1, ContentDescription 2, PresentationCreationDate 1,"
    " PresentationCreationTime 1, ContentCreatorName 3, ReferencedSeriesSequence 1C",
    "WAVEFORM": _DATED,
    "SR DOCUMENT": _DATED + ", CompletionFlag 1, VerificationFlag 1, VerificationDateTime 1C,"
    " ConceptNameCodeSequence 1, ContentSequence 1C",
    "KEY OBJECT DOC": _DATED + ", ConceptNameCodeSequence 1, ContentSequence 1C",
    "SPECTROSCOPY": _DATED + ", ImageType 1, ReferencedImageEvidenceSequence 1C, NumberOfFrames 1, Rows 1,"
    " Columns 1, DataPointRows 1, DataPointColumns 1",
    "RAW DATA": "ContentDate 1, ContentTime 1, InstanceNumber 2",
    "REGISTRATION": _CONTENT,
    "FIDUCIAL": _CONTENT,
    "VALUE MAP": _CONTENT,
    "SURFACE": _CONTENT,
    "MEASUREMENT": _CONTENT,
    "TRACT": _CONTENT,
    "ANNOTATION": _CONTENT,
    "ENCAP DOC": "ContentDate 2, ContentTime 2, InstanceNumber 1, DocumentTitle 2, HL7InstanceIdentifier 1C,"
    " ConceptNameCodeSequence 2, MIMETypeOfEncapsulatedDocument 1",
    "STEREOMETRIC": "",
    "PLAN": "",
    "SURFACE SCAN": "ContentDate 1, ContentTime 1",
    "ASSESSMENT": "InstanceNumber 1, InstanceCreationDate 1, InstanceCreationTime 2",
    "RADIOTHERAPY": "InstanceNumber 1, UserContentLabel 1C, UserContentLongLabel 1C, ContentDescription 2,"
    " ContentCreatorName 2",
    "HANGING PROTOCOL": "HangingProtocolName 1, HangingProtocolDescription 1, HangingProtocolLevel 1,"
    " HangingProtocolCreator 1, HangingProtocolCreationDateTime 1, HangingProtocolDefinitionSequence 1,"
    " NumberOfPriorsReferenced 1, HangingProtocolUserIdentificationCodeSequence 2",
    "PALETTE": "ContentLabel 1, ContentDescription 2",
    "IMPLANT": "Manufacturer 1, ImplantName 1, ImplantSize 1C, ImplantPartNumber 1",
    "IMPLANT ASSY": "ImplantAssemblyTemplateName 1, Manufacturer 1, ProcedureTypeCodeSequence 1",
    "IMPLANT GROUP": "ImplantTemplateGroupName 1, ImplantTemplateGroupIssuer 1,"
    " ImplantTemplateGroupDescription 3",
    "INVENTORY": "ContentDate 1, ContentTime 1, InventoryLevel 1, InventoryCompletionStatus 1,"
    " TotalNumberOfStudyRecords 1, InventoryPurpose 2, ScopeOfInventorySequence 2",
}


def _rows(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (row.split() for row in text.split(",") if row)
    return tuple((keyword, kind) for keyword, kind in pairs)


KEYS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {record: _rows(row) for record, row in _KEYS.items()}
"""Keyword and type of every key, by Directory Record Type."""

LEAF_RECORDS: Final = frozenset(KEYS) - ROOT_RECORDS - {"PATIENT", "STUDY", "SERIES"}
"""PS3.3 Table F.4-1: types of composite instances of a patient, below a SERIES."""

# SOP Classes below 1.2.840.10008.5.1.4 whose record is not IMAGE.
_CLASSES: Final = {
    "RT DOSE": "1.1.481.2",
    "RT STRUCTURE SET": "1.1.481.3",
    "RT PLAN": "1.1.481.5 1.1.481.8",
    "RT TREAT RECORD": "1.1.481.4 1.1.481.6 1.1.481.7 1.1.481.9",
    "PRESENTATION": "1.1.11.1 1.1.11.2 1.1.11.3 1.1.11.4 1.1.11.5 1.1.11.6 1.1.11.7 1.1.11.8 1.1.11.9"
    " 1.1.11.10 1.1.11.11 1.1.11.12 1.1.131",
    "WF PRESENTATION": "1.1.9.100.1 1.1.9.100.2",
    "WAVEFORM": "1.1.9.1.1 1.1.9.1.2 1.1.9.1.3 1.1.9.1.4 1.1.9.2.1 1.1.9.3.1 1.1.9.4.1 1.1.9.4.2 1.1.9.5.1"
    " 1.1.9.6.1 1.1.9.6.2 1.1.9.7.1 1.1.9.7.2 1.1.9.7.3 1.1.9.7.4 1.1.9.8.1",
    "SR DOCUMENT": "1.1.88.11 1.1.88.22 1.1.88.33 1.1.88.34 1.1.88.35 1.1.88.40 1.1.88.50 1.1.88.65"
    " 1.1.88.67 1.1.88.68 1.1.88.69 1.1.88.70 1.1.88.71 1.1.88.72 1.1.88.73 1.1.88.74 1.1.88.75 1.1.88.76"
    " 1.1.88.77 1.1.78.6 1.1.79.1",
    "KEY OBJECT DOC": "1.1.88.59",
    "SPECTROSCOPY": "1.1.4.2",
    "RAW DATA": "1.1.66",
    "REGISTRATION": "1.1.66.1 1.1.66.3",
    "FIDUCIAL": "1.1.66.2",
    "VALUE MAP": "1.1.67",
    "SURFACE": "1.1.66.5",
    "MEASUREMENT": "1.1.78.1 1.1.78.2 1.1.78.3 1.1.78.4 1.1.78.5 1.1.78.7 1.1.78.8 1.1.80.1",
    "TRACT": "1.1.66.6",
    "ANNOTATION": "1.1.91.1",
    "ENCAP DOC": "1.1.104.1 1.1.104.2 1.1.104.3 1.1.104.4 1.1.104.5",
    "STEREOMETRIC": "1.1.77.1.5.3",
    "PLAN": "34.7 34.10",
    "SURFACE SCAN": "1.1.68.1 1.1.68.2",
    "ASSESSMENT": "1.1.90.1",
    "RADIOTHERAPY": "1.1.481.10 1.1.481.11 1.1.481.12 1.1.481.13 1.1.481.14 1.1.481.15 1.1.481.16 1.1.481.17"
    " 1.1.481.18 1.1.481.19 1.1.481.20 1.1.481.21 1.1.481.22 1.1.481.25",
    # Images that their names do not call so.
    "IMAGE": "1.1.6.2 1.1.30 1.1.66.4 1.1.66.7 1.1.66.8 1.1.77.1.5.8 1.1.81.1 1.1.82.1 1.1.501.4 1.1.501.5",
}
_BY_CLASS: Final = {
    **WITHOUT_PATIENT,
    **{f"1.2.840.10008.5.1.4.{part}": record for record, parts in _CLASSES.items() for part in parts.split()},
}


@lru_cache(maxsize=1024)  # peers name classes
def record_type(sop_class: str) -> str | None:
    """The Directory Record Type that stands for instances of a class.

    None for classes that have none: procedure protocols, retired standalone objects, whatever is no
    storage class, and private classes.
    """
    if sop_class in _BY_CLASS:
        return _BY_CLASS[sop_class]
    name = UID(sop_class, IGNORE).name
    is_image = sop_class.startswith("1.2.840.10008.5.1.") and "Image Storage" in name
    return "IMAGE" if is_image else None


@dataclass(frozen=True, slots=True)
class Slot:
    """One key as a record carries it."""

    tag: int
    vr: str
    kind: str
    """1, 1C, 2, 2C or 3."""
    find: Callable[[KeptHead], bytes | None]
    """The element, encoded, of a head; None where it has no value there."""
    condition: Callable[[KeptHead], bool] | None = None
    """Of a 1C key, whether an instance must have it; None where just those have it that say it."""

    def demanded(self, head: KeptHead) -> bool:
        """Whether the record may not do without a value."""
        return self.kind == "1" or (self.condition is not None and self.condition(head))

    @property
    def text(self) -> bool:
        """Whether its bytes depend on the character set."""
        return self.vr.encode() in CHARACTER_SET_VRS


_STRICTEST: Final = ("1", "2", "2C", "1C", "3")


def slots(record: str, profile: Iterable[DirectoryKey] = ()) -> tuple[Slot, ...]:
    """What records of a type carry, in tag order. Of a key that is asked for twice the stricter type holds.

    Raises ValueError for a keyword that PS3.6 does not have.
    """
    rows: list[tuple[str, str]] = [*KEYS[record]]
    rows += [(key.keyword, key.type) for key in profile if record in key.records]
    kinds: dict[str, str] = {}
    for keyword, kind in rows:
        kinds[keyword] = min(kind, kinds.get(keyword, "3"), key=_STRICTEST.index)
    return tuple(sorted((_slot(keyword, kind) for keyword, kind in kinds.items()), key=lambda slot: slot.tag))


@cache
def required(record: str) -> tuple[frozenset[int], frozenset[int]]:
    """Tags of the Type 1 keys of a record type, and of the Type 2 keys; none of a type that is not known."""
    rows = [(tag_for_keyword(keyword) or 0, kind) for keyword, kind in KEYS.get(record, ())]
    return frozenset(tag for tag, kind in rows if kind == "1"), frozenset(
        tag for tag, kind in rows if kind == "2"
    )


def _slot(keyword: str, kind: str) -> Slot:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no attribute of PS3.6")
    find = _FINDERS.get(tag) or methodcaller("filled", tag)
    return Slot(tag, dictionary_VR(tag), kind, find, _CONDITIONS.get(tag))


def _is_verified(head: KeptHead) -> bool:
    return bool(head.value(0x0040A493) == "VERIFIED")


def _is_structured(head: KeptHead) -> bool:
    """Whether it encapsulates an HL7 Structured Document."""
    return bool(head.value(0x00080016) == "1.2.840.10008.5.1.4.1.1.104.2")


def _verified(head: KeptHead) -> bytes | None:
    """PS3.3 Table F.5-25: the latest of the Verifying Observer Sequence, where the document is VERIFIED."""
    if not _is_verified(head):
        return None
    observers: Sequence[KeptHead] = head.value(0x0040A073) or ()
    found = [observer for observer in observers if observer.has_value(0x0040A030)]
    if not found:
        return head.filled(0x0040A030)
    return max(found, key=lambda observer: str(observer.value(0x0040A030))).encoded(0x0040A030)


def _title(head: KeptHead) -> bytes | None:
    """The Concept Name Code Sequence, of which only one item may stand."""
    element = head.filled(0x0040A043)
    if element is None:
        return None
    item = int.from_bytes(element[16:20], "little") + 8
    return element[:8] + item.to_bytes(4, "little") + element[12 : 12 + item]


def _shared(tag: int, *around: int) -> Callable[[KeptHead], bytes | None]:
    """An attribute of the root, or else of the Shared Functional Groups (PS3.11 Table H)."""

    def find(head: KeptHead) -> bytes | None:
        item: KeptHead | None = head
        element = head.filled(tag)
        for step in (0x52009229, *around):
            if element or item is None:
                return element
            item = (item.value(step) or (None,))[0]
        return element or (item.filled(tag) if item is not None else None)

    return find


_FINDERS: Final[Mapping[int, Callable[[KeptHead], bytes | None]]] = {
    0x00081140: _shared(0x00081140),
    0x00200032: _shared(0x00200032, 0x00209113),
    0x00200037: _shared(0x00200037, 0x00209116),
    0x00280030: _shared(0x00280030, 0x00289110),
    0x0040A030: _verified,
    0x0040A043: _title,
}

_CONDITIONS: Final[Mapping[int, Callable[[KeptHead], bool]]] = {
    0x0040A030: _is_verified,
    0x0040E001: _is_structured,
}
"""When a 1C key is required; of the others PS3.3 F.5 says: if the instance has it."""
