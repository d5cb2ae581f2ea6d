"""The data files as values: typed, frozen, and checked where they name one another.

Shape: TOML as the comments at the head of each file in `data/` say. A key that nobody reads, a name that
nothing defines and a keyword without a tag are errors of the data, found when it is loaded.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

from burnish.contracts import DirectoryKey
from burnish.errors import PluginError
from burnish.media import MediaKind
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SyntaxRule(_Row):
    """SOP classes and the transfer syntaxes that their instances may have."""

    classes: str
    """Name of a class set."""
    uids: tuple[str, ...] = Field(min_length=1)
    """Transfer Syntax UIDs, the preferred first."""
    multiframe: bool = False
    """Only instances that have Number of Frames."""


class Constraint(_Row):
    """What one attribute must be."""

    classes: str
    """Name of a class set; instances of others are not asked."""
    keyword: str
    tag: int
    """Of `keyword`, for Failure Attributes."""
    op: Literal["equals", "one-of", "at-most", "present", "minus-one"]
    values: tuple[str | int, ...] = ()
    """What it is compared with; none for `present` and `minus-one`."""
    of: str = ""
    """For `minus-one`: the attribute that is greater by one."""
    when: Mapping[str, tuple[str | int, ...]] = {}
    """Keyword -> values: the row counts only for instances that have one of them in each."""


class Icon(_Row):
    """Icon Image Sequence in directory records."""

    requirement: Literal["required", "optional"]
    records: tuple[str, ...] = ()
    """Directory Record Types; empty where the profile does not say."""
    size: int = 0
    """Rows and columns; 0 where the profile does not say."""
    bits: int = 0
    """Bits Allocated and Bits Stored; 0 where the profile does not say."""
    photometric: tuple[str, ...] = ()
    """Photometric Interpretations; empty where the profile does not say."""


class _Entry(_Row):
    title: str
    source: str
    media: tuple[MediaKind, ...] = Field(min_length=1)
    formats: tuple[str, ...] = Field(min_length=1)
    syntaxes: str
    constraints: str
    keys: str
    icons: str
    roles: tuple[Literal["FSC", "FSR", "FSU"], ...]
    security: str


class _Key(_Row):
    keyword: str
    records: tuple[str, ...]
    type: Literal["1", "1C", "2", "2C", "3"]


class Table(_Row):
    """One profile with all of its parts."""

    identifier: str
    title: str
    source: str
    """The section of PS3.11."""
    media: tuple[MediaKind, ...]
    formats: tuple[str, ...]
    classes: Mapping[str, frozenset[str]]
    """Class sets by name: SOP Class UIDs."""
    syntaxes: tuple[SyntaxRule, ...]
    constraints: tuple[Constraint, ...]
    keys: tuple[DirectoryKey, ...]
    icon: Icon | None
    """None where the profile says nothing about icons."""
    roles: tuple[str, ...]
    security: str
    """The media security profile of PS3.15; empty where files stand in the clear."""


@cache
def load() -> tuple[Table, ...]:
    """Read the data files of this distribution. Raises PluginError, naming the profile at fault."""
    return load_from(files("burnish_profiles") / "data")


def load_from(folder: Traversable) -> tuple[Table, ...]:
    """Read `profiles.toml`, `rules.toml` and `classes.toml` in `folder`. Raises PluginError."""
    entries, rules, classes = (
        _toml(folder / name) for name in ("profiles.toml", "rules.toml", "classes.toml")
    )
    sets = {name: _uids(name, classes) for name in classes}
    return tuple(_table(name, values, rules, sets) for name, values in entries.items())


def _toml(path: Traversable) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _uids(name: str, classes: Mapping[str, Any]) -> frozenset[str]:
    """Flatten one class set; a set may take in others, not itself."""
    if name not in classes:
        raise PluginError(f"classes.toml has no set {name!r}")
    included = (_uids(other, classes) for other in classes[name].get("includes", ()))
    return frozenset(classes[name].get("uids", ())).union(*included)


def _table(name: str, values: Any, rules: Mapping[str, Any], sets: Mapping[str, frozenset[str]]) -> Table:
    try:
        entry = _Entry.model_validate(values)
        table = Table(
            identifier=name,
            title=entry.title,
            source=entry.source,
            media=entry.media,
            formats=entry.formats,
            classes=sets,
            syntaxes=_rows(SyntaxRule, rules, "syntaxes", entry.syntaxes),
            constraints=_rows(Constraint, rules, "constraints", entry.constraints),
            keys=_keys(rules, entry.keys),
            icon=Icon.model_validate(rules["icons"][entry.icons]) if entry.icons else None,
            roles=entry.roles,
            security=entry.security,
        )
    except (KeyError, ValidationError) as error:
        raise PluginError(f"profile {name}: {error}") from error
    for rule in table.syntaxes + table.constraints:
        if rule.classes not in sets:
            raise PluginError(f"profile {name}: classes.toml has no set {rule.classes!r}")
    return table


def _rows(row: type[Any], rules: Mapping[str, Any], part: str, name: str) -> tuple[Any, ...]:
    return tuple(row.model_validate(values) for values in rules[part][name]["rows"]) if name else ()


def _keys(rules: Mapping[str, Any], name: str) -> tuple[DirectoryKey, ...]:
    return tuple(DirectoryKey(key.keyword, key.records, key.type) for key in _rows(_Key, rules, "keys", name))
