"""A deployer's own profiles: private ones, and augmented ones, as data."""

from pathlib import Path

import pytest
from burnish.config import check_plugins, load_config
from burnish.contracts import AsIs, Subject, Unfit
from burnish.errors import ConfigError
from burnish.media import MediaKind
from burnish.terms import EXPLICIT_VR_LE

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
J2K = "1.2.840.10008.1.2.4.90"
OWN = """
[profiles.AUG-GEN-CD-J2K]
augments = "STD-GEN-CD"
title = "General Purpose CD-R with JPEG 2000 too"
syntaxes = "any-jpeg2000"

[profiles.PRI-SMALL-CT-CD]
title = "Small CT slices"
source = "the radiologists of this house"
media = "cd"
syntaxes = "ct"
constraints = "small"
keys = "D"
icons = ""
roles = ["FSC"]
security = ""

[syntaxes.ct]
rows = [{ classes = "ours", uids = ["1.2.840.10008.1.2.1"] }]

[constraints.small]
rows = [{ classes = "ours", keyword = "Rows", op = "at-most", values = [512] }]

[classes.ours]
includes = ["ct"]
"""


def configured(folder: Path, text: str = OWN) -> Path:
    (folder / "house.toml").write_text(text)
    config = folder / "burnish.toml"
    config.write_text('[media]\nprofile_files = ["house.toml"]\ndefault_profiles = ["AUG-GEN-CD-J2K"]\n')
    return config


def test_a_profile_of_the_house(tmp_path: Path) -> None:
    profiles = check_plugins(load_config(configured(tmp_path))).profiles
    augmented, private = profiles["AUG-GEN-CD-J2K"], profiles["PRI-SMALL-CT-CD"]
    assert len(profiles) >= 84
    assert augmented.formats == profiles["STD-GEN-CD"].formats == private.formats
    assert augmented.formats == {MediaKind.CD_R: ("iso9660",)}
    assert list(augmented.directory_keys) == list(profiles["STD-GEN-CD"].directory_keys)
    assert augmented.judge(Subject(MR, J2K, {})) == AsIs()
    assert isinstance(profiles["STD-GEN-CD"].judge(Subject(MR, J2K, {})), Unfit)
    assert private.judge(Subject(CT, EXPLICIT_VR_LE, {"Rows": 512})) == AsIs()
    assert isinstance(private.judge(Subject(CT, EXPLICIT_VR_LE, {"Rows": 513})), Unfit)
    assert isinstance(private.judge(Subject(MR, EXPLICIT_VR_LE, {"Rows": 512})), Unfit)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('augments = "STD-GEN-CD"', 'augments = "STD-GEN-USB"', "no profile 'STD-GEN-USB' to augment"),
        ('syntaxes = "ct"', 'syntaxes = "mr"', "PRI-SMALL-CT-CD: 'mr'"),
        (
            'classes = "ours", key',
            'classes = "theirs", key',
            "PRI-SMALL-CT-CD: there is no set of classes 'theirs'",
        ),
        ('"Rows"', '"Rwos"', "Rwos is not kept of instances"),
        ('"Rows"', '"SliceThickness"', "SliceThickness is not kept of instances"),
        ('includes = ["ct"]', 'includes = ["ours"]', "'ours' takes itself in"),
        ("[classes.ours]", "[class.ours]", "no such table: class"),
        ("[profiles.PRI-SMALL-CT-CD]", "[profiles.STD-GEN-CD]", "offered by 'profiles' already"),
        ('title = "Small', "title = Small", "line 8"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    """With the configuration's line, the file and the table."""
    assert old in OWN
    config = configured(tmp_path, OWN.replace(old, new, 1))
    with pytest.raises(ConfigError, match=r"burnish\.toml:2: media\.profile_files:") as caught:
        check_plugins(load_config(config))
    assert "house.toml" in str(caught.value)
    assert named in str(caught.value)


@pytest.mark.parametrize(
    ("name", "why"), [("nowhere.toml", "is no file"), ("burnish.txt", "no plugin found")]
)
def test_a_file_that_is_none(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "burnish.txt").write_text("profiles: none")
    config = configured(tmp_path)
    config.write_text(config.read_text().replace("house.toml", name))
    with pytest.raises(ConfigError, match=why):
        check_plugins(load_config(config))
