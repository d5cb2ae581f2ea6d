"""What a verification says of a medium: values that go to a screen, a ledger or a JSON document."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

_LONGEST: Final = 400
"""Characters of a finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    path: str
    """The file it concerns, components joined by `/`; empty for the medium as a whole."""
    clause: str
    """Where the rule stands, for example `PS3.10 8.6`."""
    text: str
    """One sentence; it names attributes and UIDs, never a patient."""
    rule: str = ""
    """Which rule of which rule set, as `ihe-pdi:readme`; empty where it is one of DICOM itself."""

    def __str__(self) -> str:
        return f"{self.path or 'the medium'}: {self.text} ({self.clause})"


def one_line(text: str) -> str:
    """Without what would move a cursor, and cut short: names and values come from the medium."""
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "\N{HORIZONTAL ELLIPSIS}"
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown)


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
    warnings: Sequence[Finding] = ()
    """What a rule set would rather have otherwise. The medium is as sound without."""
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
        plain["warnings"] = [asdict(warning) for warning in self.warnings]
        plain["instances"] = [asdict(one) | {"digest": one.digest.hex()} for one in self.instances]
        plain["patients"] = [dict(patient) for patient in self.patients]
        return plain
