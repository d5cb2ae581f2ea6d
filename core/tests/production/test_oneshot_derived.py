"""Media in one shot of instances that have to be derived first."""

import hashlib
from pathlib import Path
from shutil import copy

import numpy as np
from burnish.config import Config
from burnish.fileset.verify import verify
from burnish.kit import make_kit
from burnish.production.oneshot import Composed, OneShot
from burnish.registry import Registry
from pydicom import dcmread
from pydicom.data import get_testdata_file

NAMES = ("MR_small_RLE.dcm", "693_J2KI.dcm", "image_dfl.dcm", "ExplVR_BigEnd.dcm", "JPEG-lossy.dcm")
BROKEN = "JPEG2000-embedded-sequence-delimiter.dcm"
REGISTRY = Registry.load(["profiles", "format-iso9660", "writer-file"])


def make(folder: Path, out: Path, transcoding: str = "allow") -> Composed:
    config = Config(plugins=("profiles", "format-iso9660"), media={"transcoding": transcoding})  # type: ignore[arg-type]
    return OneShot(make_kit(config, REGISTRY), "STD-GEN-CD").run([folder], out, "SET", tree=True)


def study(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        copy(str(get_testdata_file(name)), folder / name)
    return folder


def test_what_can_be_decoded_is_and_what_cannot_is_named(tmp_path: Path) -> None:
    made = make(study(tmp_path / "study", *NAMES, BROKEN), tmp_path / "disc")
    fates = {fate.path.name: fate for fate in made.files}
    assert {name for name, fate in fates.items() if fate.volume} == set(NAMES)
    assert "frame 1 cannot be decoded" in fates[BROKEN].reason
    assert verify(tmp_path / "disc", {}).sound
    written = dcmread(tmp_path / "disc" / fates["693_J2KI.dcm"].file_id)
    before = dcmread(str(get_testdata_file("693_J2KI.dcm")))
    assert np.array_equal(written.pixel_array, before.pixel_array)
    assert {path.name for path in tmp_path.iterdir()} == {"study", "disc"}


def test_the_same_files_give_the_same_medium(tmp_path: Path) -> None:
    folder = study(tmp_path / "study", *NAMES)
    made = [make(folder, tmp_path / name) for name in ("one", "two")]
    trees = [
        {
            path.relative_to(out): hashlib.sha256(path.read_bytes()).digest()
            for path in out.rglob("IMAGES/**/*")
        }
        for out in (tmp_path / "one", tmp_path / "two")
    ]
    assert trees[0] == trees[1]
    assert [fate.file_id for fate in made[0].files] == [fate.file_id for fate in made[1].files]


def test_without_decoding_the_reason_says_so(tmp_path: Path) -> None:
    made = make(study(tmp_path / "study", *NAMES), tmp_path / "disc", "uncompressed")
    left = {fate.path.name: fate.reason for fate in made.files if not fate.volume}
    assert left.keys() == {"MR_small_RLE.dcm", "693_J2KI.dcm", "JPEG-lossy.dcm"}
    assert all("which is not made of it here" in reason for reason in left.values())
