"""Peers that are libraries, as programs: `python -m tests.bench.peers file_set FOLDER TARGET`."""

import shutil
import sys
from pathlib import Path

from pydicom.fileset import FileSet


def file_set(folder: Path, target: Path) -> None:
    """pydicom's way from files to a file-set with its DICOMDIR."""
    made = FileSet()
    for path in sorted((folder / "DICOM").rglob("IM*")):
        made.add(path)
    shutil.rmtree(target, ignore_errors=True)
    made.write(target)


if __name__ == "__main__":
    {"file_set": file_set}[sys.argv[1]](*map(Path, sys.argv[2:]))
