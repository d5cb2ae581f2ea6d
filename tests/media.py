"""A medium that the server made, beside what an SCU had sent for it."""

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import Tag

from tests.iso import Image
from tests.lab import Installation, Scu

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
PREAMBLE = 128 + 4


@dataclass(frozen=True)
class Medium:
    """One piece."""

    path: Path
    file_set_id: str
    """As N-GET reported it."""
    file_set_uid: str
    sent: tuple[Dataset, ...]

    @cached_property
    def image(self) -> Image:
        """The image, read by a reader of the tests' own."""
        return Image(self.path)

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Contents of every file by its path."""
        return self.image.files

    @cached_property
    def directory(self) -> FileDataset:
        """The DICOMDIR."""
        return dcmread(BytesIO(self.files["DICOMDIR"]))

    @cached_property
    def instances(self) -> dict[str, FileDataset]:
        """Every DICOM file but the DICOMDIR, by its path."""
        return {name: dcmread(BytesIO(data)) for name, data in self.files.items() if name != "DICOMDIR"}


def medium_of(burnish: Installation, scu: Scu, uid: str, sent: Sequence[Dataset], copy: int = 1) -> Medium:
    """The medium of a request that was made."""
    [told] = scu.get(uid)[1].ReferencedStorageMediaSequence
    name = told.StorageMediaFileSetID
    [path] = burnish.out.glob(f"*/{name}-1-{copy}.iso")
    return Medium(path, name, told.StorageMediaFileSetUID, tuple(sent))


def storescu(burnish: Installation, folder: Path, data_sets: Iterable[Dataset]) -> None:
    """Send with dcmtk, each as it is encoded; it tells us of every status that is not success."""
    files: dict[str, list[Path]] = {"-xe": [], "-xi": []}
    for number, ds in enumerate(data_sets):
        path = folder / f"{number}.dcm"
        ds.save_as(path, enforce_file_format=True)
        files["-xi" if ds.file_meta.TransferSyntaxUID == IMPLICIT else "-xe"].append(path)
    for option, paths in files.items():
        if not paths:
            continue
        command = ["storescu", "-R", option, "-aet", "STOCKSCU", "-aec", "BURNISH", "127.0.0.1"]
        done = subprocess.run(
            [*command, str(burnish.port), *map(str, paths)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def data_set_of(file: bytes) -> bytes:
    """A file's bytes after preamble, prefix and group 2."""
    length = int.from_bytes(file[PREAMBLE + 8 : PREAMBLE + 12], "little")
    return file[PREAMBLE + 12 + length :]


def differences(ours: Dataset, theirs: Dataset) -> list[str]:
    """Where two data sets differ, element by element and item by item.

    Group lengths and padding, which are retired or mean nothing, do not count: PS3.5 7.2, 7.1.4.
    """
    keys = {*_kept(ours), *_kept(theirs)}
    return [found for tag in sorted(keys) for found in _differ(Tag(tag), ours, theirs)]


def _kept(ds: Dataset) -> set[int]:
    return {int(tag) for tag in ds.keys() if tag & 0xFFFF and tag != 0xFFFCFFFC}  # noqa: SIM118 - not elements


def _differ(tag: int, ours: Dataset, theirs: Dataset) -> list[str]:
    if tag not in ours or tag not in theirs:
        return [f"{Tag(tag)} is missing {'on the medium' if tag not in ours else 'in what was sent'}"]
    one, other = ours[tag], theirs[tag]
    if one.VR == "SQ" and other.VR == "SQ":
        if len(one.value) != len(other.value):
            return [f"{Tag(tag)} has another number of items"]
        return [
            f"{Tag(tag)} > {found}"
            for a, b in zip(one.value, other.value, strict=True)
            for found in differences(a, b)
        ]
    return [] if _plain(one) == _plain(other) else [f"{Tag(tag)}: {one.value!r} and {other.value!r}"]


def _plain(element: DataElement) -> object:
    value = element.value
    if isinstance(value, bytes):
        return value.rstrip(b"\0 ")
    return str(value) if value is not None else ""
