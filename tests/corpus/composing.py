"""Files through `burnish compose`."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.commands import Commands, Told
from tests.corpus.rounds import rounds_of


@dataclass(frozen=True)
class Fate:
    """What became of a file."""

    medium: Path | None
    """The file, taken off the medium by a program that nobody here wrote; None where it is not on it."""
    reason: str = ""
    """Why it is not; empty where it is."""
    trouble: str = ""
    """What no outcome excuses: a traceback, a file neither on the medium nor named, no answer."""


def compose(burnish: Commands, paths: Sequence[Path], scratch: Path) -> dict[Path, Fate]:
    """One call: what became of every file."""
    arguments = ["compose", *map(str, paths), "--out", str(scratch / "disc.iso"), "--json"]
    told = burnish.run(arguments, scratch, os.environ)
    if trouble := _trouble(told):
        return dict.fromkeys(paths, Fate(None, trouble=trouble))
    return _fates(told, paths, scratch)


def compose_in_rounds(burnish: Commands, paths: Sequence[Path], scratch: Path) -> dict[Path, Fate]:
    """As many calls as it takes that nothing but the file decides; the nameless go into the first."""
    rounds, nameless = rounds_of(paths)
    calls = [[file.path for file in one.files.values()] for one in rounds] or [[]]
    calls[0] += [file.path for file in nameless]
    fates: dict[Path, Fate] = {}
    for number, call in enumerate(calls):
        folder = scratch / f"round-{number}"
        folder.mkdir(parents=True)
        fates |= compose(burnish, call, folder)
    return fates


def _trouble(told: Told) -> str:
    if "Traceback" in told.out + told.err or told.code not in {0, 1}:
        return f"exit {told.code}: {told.err[-2000:]}"
    return "" if told.out.startswith("{") else f"no document: {told.err[-500:]}"


def _fates(told: Told, paths: Sequence[Path], scratch: Path) -> dict[Path, Fate]:
    folders = [
        take_off(Path(v["image"]), scratch / f"volume-{n}") for n, v in enumerate(told.json["volumes"])
    ]
    named = {Path(entry["path"]): entry for entry in told.json["files"]}
    return {path: _fate(named.get(path), folders) for path in paths}


def _fate(entry: Mapping[str, object] | None, folders: Sequence[Path]) -> Fate:
    if entry is None:
        return Fate(None, trouble="it is not named")
    if entry["reason"]:
        return Fate(None, reason=str(entry["reason"]))
    number, name = entry["in"], entry["file_id"]
    if not (isinstance(number, int) and isinstance(name, str)):
        return Fate(None, trouble="it is neither on a volume nor is there a reason")
    path = folders[number - 1] / name
    return Fate(path) if path.is_file() else Fate(None, trouble=f"{name} is not on the medium")


def take_off(image: Path, folder: Path) -> Path:
    """Every file of an image, by 7z, into a folder of that name."""
    done = subprocess.run(
        ["7z", "x", "-y", f"-o{folder}", str(image)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
