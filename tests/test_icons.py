"""Icons in the directories of real media."""

import re
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLosslessSV1

from tests import profile_samples, unpacking
from tests.profile_samples import compressed, image, xa


def compose(folder: Path, profile: str, sent: Sequence[Dataset], icons: str) -> tuple[int, str]:
    """With this policy; the exit status and what was said."""
    (folder / "in").mkdir()
    for number, ds in enumerate(sent):
        ds.save_as(folder / "in" / f"{number}.dcm", enforce_file_format=True)
    (folder / "burnish.toml").write_text(f'[media]\nicons = "{icons}"\n')
    command = [sys.executable, "-m", "burnish.cli", "compose", "--profile", profile, "--explain"]
    paths = ["--config", folder / "burnish.toml", "--out", folder / "medium", folder / "in"]
    done = subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def directory(folder: Path, kind: str) -> Dataset:
    unpacking.unpack(folder / "medium", kind, folder / "out")
    return dcmread(BytesIO((folder / "out" / "DICOMDIR").read_bytes()))


def images(found: Dataset) -> list[Dataset]:
    return [record for record in found.DirectoryRecordSequence if record.DirectoryRecordType == "IMAGE"]


@pytest.mark.judge("7z", "dcmdump")
@pytest.mark.parametrize("icons", ["required", "always"])
def test_cardiac_records_have_icons(icons: str, tmp_path: Path) -> None:
    sent = [compressed(xa(), JPEGLosslessSV1), xa(side=200, bits=8)]
    code, said = compose(tmp_path, "STD-XABC-CD", sent, icons)
    assert code == 0, said
    records = images(directory(tmp_path, "iso9660"))
    assert len(records) == 2
    for record in records:
        [icon] = record.IconImageSequence
        assert (icon.Rows, icon.Columns, icon.BitsAllocated) == (128, 128, 8)
        assert icon.PhotometricInterpretation == "MONOCHROME2"
        picture = numpy.frombuffer(icon.PixelData, "u1").reshape(128, 128)
        assert picture[-20:].mean() > picture[:20].mean() + 100, "the ramp goes from dark to bright"
        tags = [element.tag for element in record]
        assert tags == sorted(tags)
    dumped = subprocess.run(
        ["dcmdump", str(tmp_path / "out" / "DICOMDIR")], capture_output=True, text=True, check=True
    )
    assert dumped.stderr == ""
    assert len(re.findall(r"\(0088,0200\) SQ .*#=1\)", dumped.stdout)) == 2


@pytest.mark.judge("7z")
def test_other_records_have_icons_where_the_deployer_wants_them(tmp_path: Path) -> None:
    sent = [*profile_samples.fitting("ct-mr"), image("1.2.840.10008.5.1.4.1.1.4", "MR", bits=16)]
    code, said = compose(tmp_path, "STD-CTMR-CD", sent, "always")
    assert code == 0, said
    records = directory(tmp_path, "iso9660").DirectoryRecordSequence
    with_icons = [record.DirectoryRecordType for record in records if "IconImageSequence" in record]
    assert with_icons == ["IMAGE"] * (len(sent) - 1), "all but the presentation state"
    assert {record.IconImageSequence[0].Rows for record in records if "IconImageSequence" in record} == {64}


def test_no_icons_unless_they_are_asked_for(tmp_path: Path) -> None:
    code, said = compose(tmp_path, "STD-CTMR-CD", profile_samples.fitting("ct-mr"), "required")
    assert code == 0, said
    assert b"\x88\x00\x00\x02SQ" not in (tmp_path / "medium").read_bytes()


def test_what_is_never_to_have_icons_is_not_made_where_they_are_required(tmp_path: Path) -> None:
    code, said = compose(tmp_path, "STD-XABC-CD", [xa()], "never")
    assert code == 1
    assert "no medium of profile STD-XABC-CD is made here" in said


def test_an_image_of_which_no_icon_can_be_made_is_named(tmp_path: Path) -> None:
    bad = compressed(xa(), JPEGLosslessSV1)
    bad.NumberOfFrames = 300  # the one a third in is not there
    code, said = compose(tmp_path, "STD-XABC-CD", [bad, compressed(xa(), JPEGLosslessSV1)], "required")
    assert code == 0, said
    assert "STD-XABC-CD requires an icon, and none can be made: its pixels have no frame 101" in said
    assert "1 of 2 files" in said
