"""Files told into rounds, so that within one nothing but the file decides.

A round has each SOP Instance UID once, one identity of each Patient ID and one owner of each study: neither a
repeated instance nor a conflict of people leaves a file out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.corpus.sources import Source, source


@dataclass(frozen=True)
class Known:
    """A file and what it says of itself."""

    path: Path
    source: Source
    sop_class: str
    sop_instance: str
    study: str
    owner: str
    """Patient ID; of the unidentified, the study."""
    identity: tuple[str, ...]
    """What must not differ within an owner."""

    @property
    def context(self) -> tuple[str, str]:
        """What it is negotiated as: SOP Class and transfer syntax."""
        return self.sop_class, self.source.syntax


@dataclass(frozen=True)
class Nameless:
    """A file that no request could name, and no sender send."""

    path: Path
    why: str


@dataclass
class Round:
    """Files that one request may name."""

    files: dict[str, Known] = field(default_factory=dict)
    """By SOP Instance UID."""
    owners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    studies: dict[str, str] = field(default_factory=dict)
    """Whose each study is."""

    def takes(self, file: Known) -> bool:
        """Add a file, if it goes with the others."""
        if file.sop_instance in self.files or self.owners.get(file.owner, file.identity) != file.identity:
            return False
        if self.studies.setdefault(file.study, file.owner) != file.owner:
            return False
        self.files[file.sop_instance] = file
        self.owners[file.owner] = file.identity
        return True


def know(path: Path) -> Known | Nameless:
    """What pydicom makes of a file."""
    try:
        opened = source(path)
        ds = opened.read
        sop_class, sop_instance = str(ds.get("SOPClassUID", "")), str(ds.get("SOPInstanceUID", ""))
        owner, study = str(ds.get("PatientID", "")), str(ds.get("StudyInstanceUID", ""))
        identity = tuple(str(ds.get(word, "")) for word in ("PatientName", "PatientBirthDate", "PatientSex"))
    except Exception as error:  # noqa: BLE001 - pydicom raises whatever it meets in a broken file
        return Nameless(path, f"pydicom does not read it: {error}")
    if not (sop_class and sop_instance):
        return Nameless(path, "it has no SOP Class UID or no SOP Instance UID")
    return Known(path, opened, sop_class, sop_instance, study, owner or study, identity)


def rounds_of(paths: Iterable[Path]) -> tuple[list[Round], list[Nameless]]:
    """Every file in the first round that takes it; and the files that go nowhere."""
    rounds: list[Round] = []
    nameless: list[Nameless] = []
    for path in paths:
        file = know(path)
        if isinstance(file, Nameless):
            nameless.append(file)
        elif not any(one.takes(file) for one in rounds):
            rounds.append(Round())
            assert rounds[-1].takes(file)
    return rounds, nameless
