"""A rule set says what else a medium must keep to: IHE's, a national body's, a house's own.

    MediumFacts    what it is to be, or is: kind of medium, format, profile
    MediumView     the facts, every file, the DICOMDIR: of a tree that is about to be laid out, or of a
                   medium that was read, so that one rule serves both
    Breach         one rule that is not kept

A rule set believes nothing that it sees: names, sizes and records may come from anybody's medium.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from burnish.media import MediaKind

SettingsT = TypeVar("SettingsT", bound=BaseModel)


class Severity(StrEnum):
    """What follows where a rule is not kept."""

    REFUSAL = "refusal"
    """No such medium is made, and one that was read is not sound. For rules whose source can be cited."""
    WARNING = "warning"
    """It is said, and nothing else: a recommendation, common practice, a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One rule that is not kept."""

    rule: str
    """Which, by a word that is its own in the rule set: `readme`."""
    severity: Severity
    source: str
    """Document and section, for example `IHE RAD TF-3, 4.47.4.1.2.2.3`."""
    text: str
    """One sentence that calls the file, or the medium, "it". It names files, records by their offset, and
    attributes; never what tells of a patient."""
    path: tuple[str, ...] = ()
    """The file; empty for the medium as a whole."""


class FileKind(StrEnum):
    """What a file is, by its first bytes and not by its name."""

    DIRECTORY = "DICOMDIR"
    INSTANCE = "DICOM"
    OTHER = "other"


def _nothing(_: int) -> bytes:
    return b""


@dataclass(frozen=True, slots=True)
class FileView:
    """One file."""

    path: tuple[str, ...]
    """Components from the root."""
    size: int
    """Bytes."""
    kind: FileKind
    read: Callable[[int], bytes] = field(default=_nothing, compare=False)
    """Its first bytes, at most so many. Fewer where it ends, where the medium does not give them, and before
    it is made where they are a source's."""

    @property
    def extension(self) -> str:
        """What follows the last point of its name, in capitals; empty where there is none."""
        return self.path[-1].upper().rpartition(".")[2] if "." in self.path[-1] else ""

    def whole(self, most: int) -> bytes | None:
        """All its bytes; None where they are more than `most`, or not at hand."""
        data = self.read(self.size) if self.size <= most else b""
        return data if len(data) == self.size else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """One record of the DICOMDIR. Text is without padding, and empty where the attribute is absent."""

    at: int
    """Offset of its item tag in the file: how a sentence names it."""
    type: str
    """Directory Record Type (0004,1430)."""
    reached: bool = True
    """Whether the offsets lead to it. The retired MRDR stands apart, and so does what was taken out."""
    tags: frozenset[int] = frozenset()
    """Of all its elements, those within its sequences included."""
    file_id: tuple[str, ...] = ()
    """Referenced File ID (0004,1500) by components; empty where no file is referenced."""
    patient_id: str = field(default="", repr=False)
    study: str = ""
    """Study Instance UID (0020,000D)."""
    series: str = ""
    """Series Instance UID (0020,000E)."""
    instance: str = ""
    """Referenced SOP Instance UID in File (0004,1511)."""


@dataclass(frozen=True)
class DirectoryView:
    """The DICOMDIR."""

    tags: frozenset[int]
    """Of the elements outside the records."""
    records: Sequence[RecordView]
    """All that it holds, in the order in which they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediumFacts:
    """What is known of a medium before anything stands on it."""

    media: tuple[MediaKind, ...] = ()
    """The kind of medium, or those that it may be; empty where nobody knows, as for an image file."""
    format: str = ""
    """Name of the format; empty for a folder, which has none."""
    profiles: tuple[str, ...] = ()
    """Identifiers of PS3.11 that it is made by or claims; empty where nobody said any."""


@dataclass(frozen=True)
class MediumView:
    """A medium, before it is made or when it is read."""

    facts: MediumFacts
    files: Mapping[tuple[str, ...], FileView]
    """Every file by its path, in the order of the tree."""
    directory: DirectoryView | None
    """None where there is no DICOMDIR, or none that can be read."""
    label: str | None = None
    """Text of the label; None where it is not known."""

    @property
    def patients(self) -> int:
        """How many people the DICOMDIR has PATIENT records of."""
        records = self.directory.records if self.directory else ()
        return len({one.patient_id or one.at for one in records if one.reached and one.type == "PATIENT"})


class RuleSet(Protocol):
    """Rules that belong together. Holds no state; safe to use from several threads."""

    def check_facts(self, facts: MediumFacts) -> Iterable[Breach]:
        """Say what is wrong with such a medium, whatever stands on it.

        Asked before anything is placed, so that another kind of medium or another format can be chosen where
        this one is refused. Cheap.
        """
        return ()

    @abstractmethod
    def check(self, view: MediumView) -> Iterable[Breach]:
        """Say what else is wrong. The same view gives the same answer, in the same order.

        Asked once for each volume. Reads little: text files and the first bytes of others, none of an
        instance.
        """


@dataclass(frozen=True, slots=True)
class RuleSetSpec(Generic[SettingsT]):
    """One rule set that a plugin offers."""

    name: str
    """What configurations call it, under `[media] rules`: ihe-pdi, drg."""
    title: str
    """What it is, in a line."""
    settings: type[SettingsT]
    """The keys it takes under `[rules.<name>]`."""
    build: Callable[[SettingsT], RuleSet]

    def make(self, keys: Mapping[str, Any]) -> RuleSet:
        """Check `keys` against the settings and build the rule set from them."""
        return self.build(self.settings.model_validate(dict(keys)))
