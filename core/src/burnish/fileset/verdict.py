"""What a verification says of a medium: values that go to a screen, a ledger or a JSON document."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    path: str
    """The file it concerns, components joined by `/`; empty for the medium as a whole."""
    clause: str
    """Where the rule stands, for example `PS3.10 8.6`."""
    text: str
    """One sentence; it names attributes and UIDs, never a patient."""


@dataclass(frozen=True, slots=True)
class ReadInstance:
    """One instance that was read from the medium, to its end."""

    path: str
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    length: int
    """Bytes of the data set."""
    digest: bytes
    """SHA-256 of the data set, from its first element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found on a medium."""

    readable: bool
    """Whether it could be opened at all; where not, the one finding says why."""
    findings: Sequence[Finding] = ()
    """Empty for a sound medium."""
    files: int = 0
    """Files on the medium, the DICOMDIR and non-DICOM files included."""
    instances: Sequence[ReadInstance] = ()
    """What the DICOMDIR references and could be read, in the order in which it lies."""
    patients: Sequence[dict[str, str]] = ()
    """`id`, `name` and `birth_date` of each PATIENT record."""
    format: str = ""
    """Name of the format that read it, or `folder`."""
    volume: str = ""
    """The volume identifier."""
    token: str = ""
    """The volume's token, of burnish's own media."""
    file_set_id: str = ""
    file_set_uid: str = ""

    @property
    def sound(self) -> bool:
        """Whether an importer finds nothing wrong with it."""
        return self.readable and not self.findings

    def to_json(self) -> dict[str, Any]:
        """As plain values; digests in hexadecimal."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["sound"] = self.sound
        plain["findings"] = [asdict(finding) for finding in self.findings]
        plain["instances"] = [asdict(one) | {"digest": one.digest.hex()} for one in self.instances]
        plain["patients"] = [dict(patient) for patient in self.patients]
        return plain
