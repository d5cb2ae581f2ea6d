"""The media application profiles of DICOM PS3.11: data files, and one interpreter for all of them.

data/profiles.toml   which profile names which parts
data/media.toml      the media: kinds and file systems
data/rules.toml      the parts: class and syntax rules, constraints, directory keys, icons
data/classes.toml    sets of SOP classes
tables.py            the data files as typed, checked values
profile.py           judges an instance by them
"""

from collections.abc import Sequence
from pathlib import Path

from burnish.contracts import Profile
from burnish.hookspecs import hookimpl

from burnish_profiles.profile import TableProfile
from burnish_profiles.tables import load, load_file

__all__ = ["burnish_profiles", "burnish_profiles_in"]


@hookimpl
def burnish_profiles() -> Sequence[Profile]:
    """Every profile of the data files."""
    return [TableProfile(table) for table in load()]


@hookimpl
def burnish_profiles_in(file: Path) -> Sequence[Profile]:
    """Every profile of a deployer's TOML file."""
    return [TableProfile(table) for table in load_file(file)] if file.suffix == ".toml" else []
