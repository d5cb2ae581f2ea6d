"""What a plugin implements, one module per role, and the values that pass between it and the core.

Importing this package loads neither a database nor DICOM: a driver's process starts in milliseconds.
"""

from burnish.contracts.format import Contents, FileOnMedium, Format, FormatSpec, VolumeFacts
from burnish.contracts.head import Head, HeadValue
from burnish.contracts.profile import AsIs, DirectoryKey, Fit, Profile, Subject, Transcode, Unfit
from burnish.contracts.writer import Cancel, Found, Job, Report, Writer, WriterCapabilities, WriterSpec

__all__ = [
    "AsIs",
    "Cancel",
    "Contents",
    "DirectoryKey",
    "FileOnMedium",
    "Fit",
    "Format",
    "FormatSpec",
    "Found",
    "Head",
    "HeadValue",
    "Job",
    "Profile",
    "Report",
    "Subject",
    "Transcode",
    "Unfit",
    "VolumeFacts",
    "Writer",
    "WriterCapabilities",
    "WriterSpec",
]
