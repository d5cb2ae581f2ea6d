"""The viewer on a volume: its own files, and the data that it reads there.

    VIEWER/INDEX.HTM ...             as npm built them
    VIEWER/DATA/VOLUME.JS            who and what is on the volume
    VIEWER/DATA/S0000001/I0000001.JS an instance that is embedded

What the two kinds of data look like is said in `viewer/src/volume.ts`.
"""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from burnish.contracts import (
    BundledFile,
    BundledInstance,
    BundledPerson,
    BundledSeries,
    BundledVolume,
    StoredFile,
)
from burnish.markup import script_value
from pydicom.uid import UID

from burnish_bundler_web.settings import Settings

FOLDER: Final = "VIEWER"
APP: Final = Path(__file__).parent / "app"
_REPORTS: Final = "1.2.840.10008.5.1.4.1.1.88."
_DOCUMENTS: Final = "1.2.840.10008.5.1.4.1.1.104."


def is_built() -> bool:
    """Whether this installation has the viewer."""
    return (APP / "INDEX.HTM").exists()


@lru_cache
def app_files() -> tuple[StoredFile, ...]:
    """The files that npm built, the page first."""
    paths = sorted(
        APP.glob("[A-Z]*"), key=lambda path: (path.suffix != ".HTM", path.name != "VIEWER.JS", path.name)
    )
    return tuple(_stored(path) for path in paths)


def _stored(path: Path) -> StoredFile:
    data = path.read_bytes()
    return StoredFile(path, len(data), hashlib.sha256(data).digest())


def viewer(volume: BundledVolume, settings: Settings) -> Iterator[BundledFile]:
    """Every file, in the order in which they are read."""
    for file in app_files():
        yield BundledFile((FOLDER, file.path.name), (file,))
    data = _Data(volume, settings)
    said = b"BURNISH.volume(" + script_value(data.volume()).encode() + b");\n"
    yield BundledFile((FOLDER, "DATA", "VOLUME.JS"), (said,))
    yield from data.scripts


class _Data:
    """VOLUME.JS, and the scripts that it names."""

    def __init__(self, volume: BundledVolume, settings: Settings) -> None:
        self._volume = volume
        self._settings = settings
        self._numbers = count()
        self._series = count(1)
        self.scripts: list[BundledFile] = []

    def volume(self) -> dict[str, Any]:
        one = self._volume
        return {
            "fileSetId": one.file_set_id,
            "volume": one.number,
            "volumes": one.volumes,
            "institution": one.institution,
            "created": one.day,
            "maker": "burnish",
            "language": self._settings.language,
            "embedded": self._settings.embedded,
            "patients": [self._patient(person) for person in one.people],
        }

    def _patient(self, person: BundledPerson) -> dict[str, Any]:
        said = person.said
        return _kept(
            name=said.shown_name,
            id=said.patient_id,
            birth=said.birth_date,
            sex=said.sex,
            studies=[
                _kept(
                    uid=study.uid,
                    date=study.date,
                    time=study.time,
                    description=study.description,
                    accession=study.accession,
                    series=[self._one_series(series) for series in study.series],
                )
                for study in person.studies
            ],
        )

    def _one_series(self, series: BundledSeries) -> dict[str, Any]:
        folder = f"S{next(self._series):07d}"
        return _kept(
            uid=series.uid,
            modality=series.modality,
            number=series.number,
            description=series.description or series.body_part,
            instances=[self._instance(folder, at, one) for at, one in enumerate(series.instances, 1)],
        )

    def _instance(self, folder: str, at: int, one: BundledInstance) -> dict[str, Any]:
        head = one.head
        frames = str(head.get("NumberOfFrames") or "1")
        said = _kept(
            file="/".join(one.file_id),
            kind=_kind(one),
            number=str(head.get("InstanceNumber") or ""),
            uid=one.sop_instance,
            **{"class": UID(one.sop_class).name},
            frames=int(frames) if frames.isdecimal() else 1,
            rows=head.get("Rows") or 0,
            columns=head.get("Columns") or 0,
        )
        piece = one.pieces.get("VIEW")
        if piece:
            number = next(self._numbers)
            name = f"I{at:07d}.JS"
            parts = (b"BURNISH.put(%d," % number, piece, b");\n")
            self.scripts.append(BundledFile((FOLDER, "DATA", folder, name), parts))
            said |= {"script": f"DATA/{folder}/{name}", "n": number}
        return said


def _kind(one: BundledInstance) -> str:
    if one.sop_class.startswith(_REPORTS):
        return "sr"
    if one.sop_class == f"{_DOCUMENTS}1":
        return "pdf"
    return "image" if one.head.get("Rows") else "other"


def _kept(**values: Any) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in values.items() if value not in ("", 0, None)}
