"""A DICOM file as pydicom sees it, however wrong: its data set as it stands, and what it is written in."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)


@dataclass(frozen=True)
class Source:
    """One file."""

    path: Path
    syntax: str
    """What it says, else what pydicom takes it for."""
    data: bytes
    """Everything behind the File Meta Information."""

    @property
    def read(self) -> FileDataset:
        """The elements; values stay raw until they are asked for."""
        return dcmread(BytesIO(self.path.read_bytes()), force=True)


def source(path: Path) -> Source:
    """Open one. Raises whatever pydicom raises where it cannot."""
    file = BytesIO(path.read_bytes())
    read_preamble(file, force=True)
    meta = _read_file_meta_info(file)
    syntax = str(meta.get("TransferSyntaxUID", "")) or _guessed(path)
    return Source(path, syntax, file.read())


def _guessed(path: Path) -> str:
    implicit, little = dcmread(path, force=True, stop_before_pixels=True).original_encoding
    if implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if little else ExplicitVRBigEndian)
