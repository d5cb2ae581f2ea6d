"""Whether a file says what its directory records and its profile say of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom.datadict import tag_for_keyword

from burnish.contracts import DirectoryKey, Profile, Subject, Unfit
from burnish.fileset.content import Content
from burnish.fileset.walk import (
    CHARACTER_SET,
    INSTANCES,
    PATIENT_ID,
    REFERENCED_CLASS,
    REFERENCED_INSTANCE,
    REFERENCED_SYNTAX,
    SERIES_UID,
    STUDY_UID,
    Reached,
    Record,
)
from burnish.instances.charset import character_set
from burnish.instances.head import KeptHead


@dataclass(frozen=True, slots=True)
class Agreement:
    """One file beside the record that references it."""

    content: Content
    head: KeptHead
    reached: Reached
    profile: Profile | None

    def findings(self) -> Iterator[tuple[str, str]]:
        """Give clause and sentence of each thing that does not agree."""
        yield from (("PS3.10 7.1", text) for text in self.content.meta.findings)
        yield from self._meta()
        yield from self._record()
        yield from self._above()
        if self.profile:
            yield from self._profile(self.profile)

    def _meta(self) -> Iterator[tuple[str, str]]:
        """File Meta Information against the data set."""
        meta, scanned = self.content.meta, self.content.scanned
        if meta.sop_class != scanned.sop_class:
            yield "PS3.10 7.1", f"its SOP Class UID is {scanned.sop_class or 'missing'}, not {meta.sop_class}"
        if meta.sop_instance != scanned.sop_instance:
            said = scanned.sop_instance or "missing"
            yield "PS3.10 7.1", f"its SOP Instance UID is {said}, not {meta.sop_instance}"

    def _record(self) -> Iterator[tuple[str, str]]:
        """The record that references the file against File Meta Information."""
        meta, record = self.content.meta, self.reached.record
        pairs = (
            (REFERENCED_CLASS, "SOP Class UID", meta.sop_class),
            (REFERENCED_INSTANCE, "SOP Instance UID", meta.sop_instance),
            (REFERENCED_SYNTAX, "Transfer Syntax UID", meta.transfer_syntax),
        )
        for tag, name, found in pairs:
            if record.text(tag) != found:
                said = record.text(tag) or "nothing"
                yield "PS3.3 F.3.2.2", f"its record says {said} for {name}, and it is {found}"
        if record.type not in INSTANCES:
            yield "PS3.3 F.4", f"a record of type {record.type} references it"

    def _above(self) -> Iterator[tuple[str, str]]:
        """The records that it stands below; an instance without Patient ID may have been given one."""
        scanned = self.content.scanned
        patient = self.head.characters.decode(self.head.raw(PATIENT_ID) or b"").strip(" \0")
        pairs = (
            ("PATIENT", PATIENT_ID, "Patient ID", patient),
            ("STUDY", STUDY_UID, "Study Instance UID", scanned.study),
            ("SERIES", SERIES_UID, "Series Instance UID", scanned.series),
        )
        for kind, tag, name, found in pairs:
            above = self.reached.ancestor(kind)
            said = _text(above, tag) if above else ""
            if above and found and said != found:
                yield "PS3.3 F.5", f"it stands below a {kind} record with another {name}"

    def _profile(self, profile: Profile) -> Iterator[tuple[str, str]]:
        meta, clause = self.content.meta, f"PS3.11 {profile.identifier}"
        fit = profile.judge(Subject(meta.sop_class, meta.transfer_syntax, self.head))
        if isinstance(fit, Unfit):
            yield clause, fit.why
        for key in profile.directory_keys:
            if self.reached.record.type in key.records and not self._has(key):
                yield clause, f"its {self.reached.record.type} record lacks {key.keyword}"

    def _has(self, key: DirectoryKey) -> bool:
        """Whether the record has a key as its type demands."""
        tag = tag_for_keyword(key.keyword)
        if tag is None or key.type == "3":
            return True
        conditional = key.type in ("1C", "2C")
        if conditional and not self.head.has_value(tag):
            return True
        record = self.reached.record
        return tag in (record.present if key.type.startswith("2") else record.filled)


def _text(record: Record, tag: int) -> str:
    """A value of a record in the character set that it names."""
    characters = character_set(record.values.get(CHARACTER_SET, b""))
    return characters.decode(record.values.get(tag, b"")).strip(" \0")
