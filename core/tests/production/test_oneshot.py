"""Media in one shot where one does not hold everything: on discs of a few slices."""

import os
from pathlib import Path
from typing import Any

import pytest
from burnish.config import Config
from burnish.errors import ConfigError, Mismatch
from burnish.fileset.verify import verify
from burnish.kit import make_kit
from burnish.media import CAPACITY, SECTOR, MediaKind
from burnish.production import oneshot
from burnish.production.oneshot import Composed, OneShot, outs_of
from burnish.recipe.proof import pour_and_prove
from burnish.registry import Registry
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid

ROOM = 100 * SECTOR
"""Three slices of 39 KiB with what a file-set adds, and not four."""
CONFIG = Config(plugins=("profiles", "format-iso9660", "writer-file"))
REGISTRY = Registry.load(CONFIG.plugins)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Seven slices, and discs that hold three."""
    monkeypatch.setattr(oneshot, "CAPACITY", {**CAPACITY, MediaKind.CD_R: ROOM})
    path = get_testdata_file("CT_small.dcm")
    assert isinstance(path, str)
    (tmp_path / "study").mkdir()
    for number in range(7):
        ds = dcmread(path)
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        ds.save_as(tmp_path / "study" / f"{number}.dcm")
    return tmp_path / "study"


def make(study: Path, out: Path, *, tree: bool = False, **reports: Any) -> Composed:
    return OneShot(make_kit(CONFIG, REGISTRY), "STD-GEN-CD", **reports).run([study], out, "WARD", tree=tree)


def left(folder: Path) -> set[str]:
    """Everything there but the study, hidden things too."""
    return {path.name for path in folder.iterdir()} - {"study"}


@pytest.mark.parametrize("tree", [False, True])
def test_what_one_medium_does_not_hold_goes_on_several(study: Path, tmp_path: Path, tree: bool) -> None:
    name = "disc" if tree else "disc.iso"
    made = make(study, tmp_path / name, tree=tree)
    assert made.images == outs_of(tmp_path / name, 3)
    assert left(tmp_path) == {path.name for path in made.images}
    formats = {name: spec.make({}) for name, spec in REGISTRY.formats.items()}
    verdicts = [verify(image, formats) for image in made.images]
    assert all(verdict.sound for verdict in verdicts)
    assert [len(verdict.instances) for verdict in verdicts] == [3, 3, 1]
    assert [volume.naming.file_set_id for volume in made.volumes] == ["WARD_1", "WARD_2", "WARD_3"]
    stand = [{one.sop_instance for one in verdict.instances} for verdict in verdicts]
    for fate in made.files:
        assert fate.uid in stand[fate.volume - 1]


def test_progress_ends_once_for_all_volumes(study: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    made = make(study, tmp_path / "d.iso", report=lambda *step: told.append(step))
    total = sum(volume.recipe.length for volume in made.volumes)
    proving = [(done, of) for step, done, of in told if step == "proving"]
    assert proving == sorted(proving)
    assert proving[-1] == (total, total)


def test_a_later_name_that_is_taken_is_found_before_anything_is_written(study: Path, tmp_path: Path) -> None:
    (tmp_path / "d-3.iso").write_text("mine")
    with pytest.raises(ConfigError, match=r"d-3\.iso exists"):
        make(study, tmp_path / "d.iso")
    assert left(tmp_path) == {"d-3.iso"}


def test_a_volume_that_is_not_proven_leaves_none(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proven: list[Any] = []

    def differ(*arguments: Any) -> None:
        proven.append(arguments)
        if len(proven) == 3:
            raise Mismatch("the third differs")
        pour_and_prove(*arguments)

    monkeypatch.setattr(oneshot, "pour_and_prove", differ)
    with pytest.raises(Mismatch):
        make(study, tmp_path / "d.iso")
    assert left(tmp_path) == set()


@pytest.mark.parametrize("tree", [False, True])
def test_a_name_that_is_taken_meanwhile_leaves_none(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tree: bool
) -> None:
    name = oneshot._name
    kept: list[Path] = []

    def taken(origin: Path, out: Path) -> None:
        if kept:
            raise FileExistsError(17, os.strerror(17), str(out))
        name(origin, out)
        kept.append(out)

    monkeypatch.setattr(oneshot, "_name", taken)
    with pytest.raises(FileExistsError):
        make(study, tmp_path / "d.iso", tree=tree)
    assert kept
    assert left(tmp_path) == set()
