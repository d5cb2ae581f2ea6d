"""The data files as values: typed, frozen, and checked where they name one another.

Shape: TOML as the comments at the head of each file in `data/` say. A key that nobody reads, a name that
nothing defines and a keyword without a tag are errors of the data, found when it is loaded.

A deployer's file has all of it in one, one table each: `[profiles.<identifier>]`, `[media.<name>]`,
`[syntaxes.<name>]` … and `[classes.<name>]`. It may name the parts of PS3.11 beside its own, and a profile
may say which one it `augments`: what it does not say is as there.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final, Literal, Self

from burnish.contracts import DirectoryKey, IconRule, Security
from burnish.errors import PluginError
from burnish.instances.keys import KEYS
from burnish.media import MediaKind
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

_PARTS: Final = ("syntaxes", "constraints", "keys", "icons")


_TAGS: Final = {key.keyword: key.tag for key in KEYS}
"""Of what is kept of instances."""


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
    photometric: tuple[str, ...] = ()
    """Only instances of these Photometric Interpretations; empty: of any, or of none."""


class Constraint(_Row):
    """What one attribute must be."""

    classes: str
    """Name of a class set; instances of others are not asked."""
    keyword: str
    op: Literal["equals", "one-of", "at-most", "present", "minus-one", "same", "items"]
    values: tuple[str | int, ...] = ()
    """What it is compared with, for the first three."""
    of: str = ""
    """For `minus-one` and `same`: the attribute that is greater by one, or equal."""
    within: tuple[str, ...] = ()
    """For `items`: attributes that each item must have a value of."""
    when: Mapping[str, tuple[str | int, ...]] = {}
    """Keyword -> values: the row counts only for instances that have one of them in each."""

    @cached_property
    def tag(self) -> int:
        """Of `keyword`, for Failure Attributes."""
        return _TAGS[self.keyword]

    @model_validator(mode="after")
    def _names_attributes(self) -> Self:
        for keyword in filter(None, (self.keyword, self.of, *self.when)):
            if keyword not in _TAGS:
                raise ValueError(f"{keyword} is not kept of instances, so no profile can ask for it")
        return self


class _Key(_Row):
    keyword: str
    records: tuple[str, ...]
    type: Literal["1", "1C", "2", "2C", "3"]


class _Icon(_Row):
    requirement: Literal["required", "optional"]
    records: tuple[str, ...] = ("IMAGE",)
    size: Literal[0, 64, 128] = 0
    bits: int = Field(default=0, ge=0)
    photometric: tuple[str, ...] = ()


class _Medium(_Row):
    source: str
    kinds: Mapping[MediaKind, tuple[str, ...]] = Field(min_length=1)


class _Entry(_Row):
    title: str
    source: str
    media: str
    syntaxes: str
    constraints: str
    keys: str
    icons: str
    roles: tuple[Literal["FSC", "FSR", "FSU"], ...]
    security: Security


class Table(_Row):
    """One profile with all of its parts."""

    identifier: str
    title: str
    source: str
    """The section of PS3.11; of a deployer's profile whatever says what it is."""
    formats: Mapping[MediaKind, tuple[str, ...]]
    """Of each kind of medium, the names of formats that keep to PS3.12."""
    classes: Mapping[str, frozenset[str]]
    """Class sets by name: SOP Class UIDs."""
    syntaxes: tuple[SyntaxRule, ...]
    constraints: tuple[Constraint, ...]
    keys: tuple[DirectoryKey, ...]
    icon: IconRule | None
    """None where the profile says nothing about icons."""
    roles: tuple[str, ...]
    security: Security


@dataclass(frozen=True)
class _Data:
    """Everything that stands in files, by table and name."""

    profiles: Mapping[str, Any]
    media: Mapping[str, Any]
    rules: Mapping[str, Mapping[str, Any]]
    classes: Mapping[str, Any]

    @cached_property
    def sets(self) -> Mapping[str, frozenset[str]]:
        """Class sets by name."""
        return {name: self._uids(name) for name in self.classes}

    def _uids(self, name: str, inside: tuple[str, ...] = ()) -> frozenset[str]:
        """Flatten one class set; a set may take in others, not itself."""
        if name not in self.classes or name in inside:
            raise PluginError(
                f"there is no set of classes {name!r}" if not inside else f"{name!r} takes itself in"
            )
        included = (self._uids(other, (*inside, name)) for other in self.classes[name].get("includes", ()))
        return frozenset(self.classes[name].get("uids", ())).union(*included)

    def table(self, name: str) -> Table:
        """One profile. Raises PluginError, naming it."""
        try:
            table = self._table(name, _Entry.model_validate(self._values(name)))
        except (KeyError, ValidationError) as error:
            raise PluginError(f"profile {name}: {error}") from error
        for rule in table.syntaxes + table.constraints:
            if rule.classes not in self.sets:
                raise PluginError(f"profile {name}: there is no set of classes {rule.classes!r}")
        return table

    def _values(self, name: str) -> Mapping[str, Any]:
        """What a profile says, and for the rest the one that it augments."""
        values = dict(self.profiles[name])
        if "augments" not in values:
            return values
        other = values.pop("augments")
        if other not in self.profiles or "augments" in self.profiles[other]:
            raise PluginError(f"profile {name}: there is no profile {other!r} to augment")
        return {**self.profiles[other], **values}

    def _table(self, name: str, entry: _Entry) -> Table:
        return Table(
            identifier=name,
            title=entry.title,
            source=entry.source,
            formats=_Medium.model_validate(self.media[entry.media]).kinds,
            classes=self.sets,
            syntaxes=self._rows(SyntaxRule, "syntaxes", entry.syntaxes),
            constraints=self._rows(Constraint, "constraints", entry.constraints),
            keys=tuple(
                DirectoryKey(key.keyword, key.records, key.type)
                for key in self._rows(_Key, "keys", entry.keys)
            ),
            icon=self._icon(entry.icons),
            roles=entry.roles,
            security=entry.security,
        )

    def _rows(self, row: type[Any], part: str, name: str) -> tuple[Any, ...]:
        return tuple(row.model_validate(values) for values in self.rules[part][name]["rows"]) if name else ()

    def _icon(self, name: str) -> IconRule | None:
        if not name:
            return None
        row = _Icon.model_validate(self.rules["icons"][name])
        return IconRule(
            required=row.requirement == "required",
            records=row.records,
            size=row.size,
            bits=row.bits,
            photometric=row.photometric,
        )


@cache
def load() -> tuple[Table, ...]:
    """Read the data files of this distribution. Raises PluginError, naming the profile at fault."""
    return load_from(files("burnish_profiles") / "data")


def load_from(folder: Traversable) -> tuple[Table, ...]:
    """Read `profiles.toml`, `media.toml`, `rules.toml` and `classes.toml` in `folder`. Raises PluginError."""
    data = _read(folder)
    return tuple(map(data.table, data.profiles))


def load_file(file: Traversable) -> tuple[Table, ...]:
    """Read a deployer's file, beside the data of this distribution. Raises PluginError."""
    try:
        own = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PluginError(str(error)) from error
    if unknown := own.keys() - {"profiles", "media", "classes", *_PARTS}:
        raise PluginError(f"there is no such table: {', '.join(sorted(unknown))}")
    base = _read(files("burnish_profiles") / "data")
    rules = {part: {**base.rules[part], **own.get(part, {})} for part in _PARTS}
    data = _Data(
        profiles={**base.profiles, **own.get("profiles", {})},
        media={**base.media, **own.get("media", {})},
        rules=rules,
        classes={**base.classes, **own.get("classes", {})},
    )
    _check_within(own.get("constraints", {}))
    return tuple(map(data.table, own.get("profiles", {})))


def _check_within(constraints: Mapping[str, Any]) -> None:
    """Raise PluginError for an attribute of items that PS3.6 does not have."""
    from pydicom.datadict import tag_for_keyword

    for name, part in constraints.items():
        for row in part.get("rows", ()):
            for keyword in row.get("within", ()):
                if tag_for_keyword(keyword) is None:
                    raise PluginError(f"constraints.{name}: {keyword} is no attribute of PS3.6")


def _read(folder: Traversable) -> _Data:
    profiles, media, rules, classes = (
        tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
        for name in ("profiles", "media", "rules", "classes")
    )
    return _Data(profiles, media, rules, classes)
