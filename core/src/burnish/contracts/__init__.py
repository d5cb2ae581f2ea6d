"""What a plugin implements, one module per role, and the values that pass between it and the core.

Importing this package loads neither a database nor DICOM: a driver's process starts in milliseconds.
"""

from burnish.contracts.check import CheckSpec, Finding, Level
from burnish.contracts.device import DeviceState, Medium, Supply, Unit
from burnish.contracts.format import Contents, FileOnMedium, Format, FormatSpec, VolumeFacts
from burnish.contracts.head import Head, HeadValue
from burnish.contracts.mover import Mover, MoverCapabilities, MoverSpec, Tray
from burnish.contracts.profile import (
    AsIs,
    DirectoryKey,
    Fit,
    IconRule,
    Profile,
    Security,
    Subject,
    Transcode,
    Unfit,
)
from burnish.contracts.rules import (
    Breach,
    DirectoryView,
    FileKind,
    FileView,
    MediumFacts,
    MediumView,
    RecordView,
    RuleSet,
    RuleSetSpec,
    Severity,
)
from burnish.contracts.writer import (
    Cancel,
    Found,
    Job,
    Report,
    Takes,
    Writer,
    WriterCapabilities,
    WriterSpec,
)

CONTRACT = 1
"""The version of this seam. A plugin says `burnish_contract = 1` in its module; another number is refused."""

__all__ = [
    "CONTRACT",
    "AsIs",
    "Breach",
    "Cancel",
    "CheckSpec",
    "Contents",
    "DeviceState",
    "DirectoryKey",
    "DirectoryView",
    "FileKind",
    "FileOnMedium",
    "FileView",
    "Finding",
    "Fit",
    "Format",
    "FormatSpec",
    "Found",
    "Head",
    "HeadValue",
    "IconRule",
    "Job",
    "Level",
    "Medium",
    "MediumFacts",
    "MediumView",
    "Mover",
    "MoverCapabilities",
    "MoverSpec",
    "Profile",
    "RecordView",
    "Report",
    "RuleSet",
    "RuleSetSpec",
    "Security",
    "Severity",
    "Subject",
    "Supply",
    "Takes",
    "Transcode",
    "Tray",
    "Unfit",
    "Unit",
    "VolumeFacts",
    "Writer",
    "WriterCapabilities",
    "WriterSpec",
]
