"""What we put on a medium of a profile, dcmtk's dcmmkdir takes for one with its matching option.

Where it does not, the difference is one of these, each with its reason.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from pydicom.data import get_testdata_file

from tests import profile_samples
from tests.test_every_profile import PROFILES

OPTIONS: Final = {
    "STD-GEN-CD": "-Pgp",
    "STD-GEN-DVD-RAM": "-Pgp",
    "STD-GEN-DVD-JPEG": "-Pdv",
    "STD-GEN-DVD-J2K": "-Pd2",
    "STD-GEN-BD-JPEG": "-Pbd",
    "STD-GEN-BD-J2K": "-Pb2",
    "STD-GEN-BD-MPEG2-MPML": "-Pbm",
    "STD-GEN-BD-MPEG2-MPHL": "-Pbh",
    "STD-GEN-BD-MPEG4-HPLV41": "-Pba",
    "STD-GEN-BD-MPEG4-HPLV41BD": "-Pbb",
    "STD-GEN-BD-MPEG4-HPLV42-2D": "--general-bd-mpeg4-hp2d",
    "STD-GEN-BD-MPEG4-HPLV42-3D": "--general-bd-mpeg4-hp3d",
    "STD-GEN-BD-MPEG4-SHPLV42": "--general-bd-mpeg4-hpst",
    "STD-GEN-USB-JPEG": "-Pfl",
    "STD-GEN-MMC-JPEG": "-Pfl",
    "STD-GEN-CF-J2K": "-Pf2",
    "STD-GEN-SD-J2K": "-Pf2",
    "STD-GEN-MIME": "-Pmi",
    "STD-DVD-MPEG2-MPML": "-Pmp",
    "STD-XABC-CD": "-Pbc",
    "STD-XA1K-CD": "-Pxa",
    "STD-XA1K-DVD": "-Pxd",
    "STD-DEN-CD": "-Pde",
    "STD-CTMR-CD": "-Pcm",
    "STD-CTMR-MOD41": "-Pcm",
    "STD-US-ID-SF-CDR": "-Pus",
    "STD-US-SC-SF-DVD": "--ultrasound-sc-sf",
    "STD-US-CC-SF-CDR": "--ultrasound-cc-sf",
    "STD-US-ID-MF-CDR": "-Pum",
    "STD-US-SC-MF-MOD23-90": "--ultrasound-sc-mf",
    "STD-US-CC-MF-DVD-RAM": "--ultrasound-cc-mf",
}
MPEG_ON_BD: Final = {name for name in OPTIONS if re.search("BD-MPEG.*(MPML|MPHL|HPLV41|HPLV41BD)$", name)}

pytestmark = [pytest.mark.judge("dcmmkdir"), pytest.mark.xdist_group("profiles")]


def real_files() -> Path:
    """The folder of files that come with pydicom."""
    found = get_testdata_file("CT_small.dcm")
    assert isinstance(found, str)
    return Path(found).parent


DIFFERENT: Final = {
    "ExplVR_BigEndNoMeta.dcm": (
        "no Patient's Name (Type 2 in PATIENT records, PS3.3 F.5.1: it may be empty) and no RT Plan Label, "
        "which +I does not invent and we supply like other keys of Type 1 (PS3.11 D.3.3.2)"
    ),
    "GDCMJ2K_TextGBR.dcm": "no Patient's Name, and no Modality, which +I does not invent and we supply",
    "SC_jpeg_no_color_transform.dcm": "an empty Modality, as above",
    "SC_jpeg_no_color_transform_2.dcm": "an empty Modality, as above",
    "rtdose_rle.dcm": "an empty Instance Number, which +I does not invent in RT DOSE records and we supply",
}
"""Files of pydicom that dcmmkdir refuses on media of ours, and why that is."""


@pytest.mark.parametrize("profile", OPTIONS)
def test_dcmmkdir_takes_what_we_take(profile: str, tmp_path: Path) -> None:
    """Made instances and pydicom's files; dcmmkdir invents missing Type 1 keys, as we supply them."""
    syntaxes = PROFILES[profile]["syntaxes"]
    (tmp_path / "in").mkdir()
    made = [*profile_samples.fitting(syntaxes), *profile_samples.mendable(syntaxes)]
    for number, ds in enumerate(made):
        ds.save_as(tmp_path / "in" / f"{number:02}.dcm", enforce_file_format=True)
    command = [sys.executable, "-m", "burnish.cli", "compose", "--tree", "--json", "--profile", profile]
    sources = [str(tmp_path / "in"), str(real_files())]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "tree"), *sources], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    fates = json.loads(done.stdout)["files"]
    kept = [fate for fate in fates if fate["file_id"]]
    assert len(kept) >= len(made)
    assert not [fate for fate in fates if fate["path"].startswith(sources[0]) and not fate["file_id"]]
    refused = {}
    for fate in kept:
        asked = ["dcmmkdir", OPTIONS[profile], "+I", "+id", tmp_path / "tree", "+D", tmp_path / "DICOMDIR"]
        told = subprocess.run([*asked, fate["file_id"]], capture_output=True, text=True, check=False)
        if told.returncode or re.search("^E: ", told.stderr, re.MULTILINE):
            refused[Path(fate["path"]).name] = told.stderr
    if profile in MPEG_ON_BD:
        # It refuses Explicit VR LE, which Table M.3-1 of PS3.11 has, where it names it as expected.
        refused = {
            name: said for name, said in refused.items() if "but LittleEndianExplicit found" not in said
        }
    if profile == "STD-GEN-CD":
        assert refused.keys() == DIFFERENT.keys(), refused
    assert refused.keys() <= DIFFERENT.keys(), refused
