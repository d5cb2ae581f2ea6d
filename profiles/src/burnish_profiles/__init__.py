"""The media application profiles of DICOM PS3.11: data files, and one interpreter for all of them.

data/profiles.toml   which profile names which parts
data/rules.toml      the parts: class and syntax rules, constraints, directory keys, icons
data/classes.toml    sets of SOP classes
tables.py            the data files as typed, checked values
profile.py           judges an instance by them
"""

from collections.abc import Sequence

from burnish.contracts import Profile
from burnish.hookspecs import hookimpl

from burnish_profiles.profile import TableProfile
from burnish_profiles.tables import load

__all__ = ["burnish_profiles"]


@hookimpl
def burnish_profiles() -> Sequence[Profile]:
    """Every profile of the data files."""
    return [TableProfile(table) for table in load()]
