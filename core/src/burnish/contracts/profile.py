"""A media application profile of PS3.11: what may stand on a medium, and what its directory must say."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from burnish.contracts.head import Head
from burnish.media import MediaKind
from burnish.terms import FailureReason


@dataclass(frozen=True, slots=True)
class Subject:
    """What a profile judges: one stored instance."""

    sop_class: str
    transfer_syntax: str
    head: Head
    derivable: tuple[str, ...] = ()
    """Transfer Syntax UIDs of the forms that can be made of it here, the preferred first; empty where it
    goes on a medium as it is or not at all."""


@dataclass(frozen=True, slots=True)
class AsIs:
    """It may stand on the medium as it was received."""


@dataclass(frozen=True, slots=True)
class Transcode:
    """It may stand on the medium in another transfer syntax."""

    to: str
    """Transfer Syntax UID, one of the subject's `derivable`."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """It may not stand on the medium."""

    reason: FailureReason
    why: str
    """One sentence that names the attribute and what the profile wants."""
    attributes: tuple[int, ...] = ()
    """Tags for Failure Attributes (2200,000E)."""


Fit = AsIs | Transcode | Unfit


@dataclass(frozen=True, slots=True)
class DirectoryKey:
    """A key that a profile adds to directory records, as a row of its table says."""

    keyword: str
    records: tuple[str, ...]
    """Directory Record Types, PS3.3 F.5, for example ("IMAGE",)."""
    type: Literal["1", "1C", "2", "2C", "3"]
    """1C and 2C: the key is written when the instance (for PATIENT and SERIES: any below) has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IconRule:
    """What a profile says of Icon Image Sequence (0088,0200) in directory records."""

    required: bool
    records: tuple[str, ...] = ("IMAGE",)
    """Directory Record Types, PS3.3 F.5."""
    size: int = 0
    """Rows and Columns; 0 where any will do."""
    bits: int = 0
    """Bits Allocated and Bits Stored; 0 where PS3.3 alone limits them."""
    photometric: tuple[str, ...] = ()
    """Photometric Interpretations; empty where PS3.3 alone limits them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """SOP classes with the transfer syntaxes that their instances may have on the medium."""

    sop_classes: frozenset[str]
    """SOP Class UIDs."""
    transfer_syntaxes: tuple[str, ...]
    """Transfer Syntax UIDs, the preferred first."""
    condition: str = ""
    """Which of their instances only, in a few words; empty: any that keep to the profile's other rules."""


Security = Literal["", "media", "mail"]
"""How files are protected: not at all, each by the Basic DICOM Media Security Profile (PS3.15 D.1), or the
whole message by S/MIME (PS3.15, secure use of email transport)."""


class Profile(Protocol):
    """One identifier of PS3.11, or a deployer's private one. Holds no state and opens nothing."""

    @property
    @abstractmethod
    def identifier(self) -> str:
        """As a request spells it in (2200,000C), for example STD-GEN-CD."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is, in the standard's words or nearly so."""

    @property
    @abstractmethod
    def formats(self) -> Mapping[MediaKind, Sequence[str]]:
        """The kinds of media it may be written to, the preferred first, each with the names of formats that
        keep to it there, the preferred first."""

    @property
    def media(self) -> Sequence[MediaKind]:
        """The kinds of media it may be written to, the preferred first."""
        return tuple(self.formats)

    @property
    @abstractmethod
    def directory_keys(self) -> Sequence[DirectoryKey]:
        """What it adds to the Basic Directory IOD."""

    @property
    def content(self) -> Sequence[Content]:
        """What it holds, for conformance statements; empty where no table can say it. `judge` decides."""
        return ()

    @property
    def icon(self) -> IconRule | None:
        """What it says of icons; None where it says nothing."""
        return None

    @property
    def security(self) -> Security:
        """How it protects files; empty where they stand in the clear."""
        return ""

    @abstractmethod
    def judge(self, subject: Subject) -> Fit:
        """Say whether, and as what, an instance may stand on such a medium. Cheap; touches no file."""
