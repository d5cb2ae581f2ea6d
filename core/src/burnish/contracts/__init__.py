"""What a plugin implements, one module per role, and the values that pass between it and the core.

Importing this package loads neither a database nor DICOM: a driver's process starts in milliseconds.
"""

from burnish.contracts.check import CheckSpec, Finding, Level
from burnish.contracts.device import DeviceState, Medium, Supply, Unit
from burnish.contracts.format import Contents, FileOnMedium, Format, FormatSpec, VolumeFacts
from burnish.contracts.head import Head, HeadValue
from burnish.contracts.label import (
    Artwork,
    Barcode,
    Form,
    Label,
    LabelMaker,
    LabelMakerSpec,
    LabelPerson,
    LabelStudy,
    LabelStyle,
    Stock,
    StockKind,
    Wanted,
)
from burnish.contracts.mover import Mover, MoverCapabilities, MoverSpec, Tray
from burnish.contracts.printer import Printed, Printer, PrinterCapabilities, PrinterSpec, PrintJob
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
    "Artwork",
    "AsIs",
    "Barcode",
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
    "Form",
    "Format",
    "FormatSpec",
    "Found",
    "Head",
    "HeadValue",
    "IconRule",
    "Job",
    "Label",
    "LabelMaker",
    "LabelMakerSpec",
    "LabelPerson",
    "LabelStudy",
    "LabelStyle",
    "Level",
    "Medium",
    "MediumFacts",
    "MediumView",
    "Mover",
    "MoverCapabilities",
    "MoverSpec",
    "PrintJob",
    "Printed",
    "Printer",
    "PrinterCapabilities",
    "PrinterSpec",
    "Profile",
    "RecordView",
    "Report",
    "RuleSet",
    "RuleSetSpec",
    "Security",
    "Severity",
    "Stock",
    "StockKind",
    "Subject",
    "Supply",
    "Takes",
    "Transcode",
    "Tray",
    "Unfit",
    "Unit",
    "VolumeFacts",
    "Wanted",
    "Writer",
    "WriterCapabilities",
    "WriterSpec",
]
