"""The one place that touches pluggy's manager and entry points.

Plugins are loaded by name, in the order a configuration gives. One that cannot be imported is noted and
left out, and the others work. Two that offer one name are refused, both named.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pluggy

from burnish import hookspecs
from burnish.contracts import (
    CONTRACT,
    BundlerSpec,
    CheckSpec,
    FormatSpec,
    LabelMakerSpec,
    MoverSpec,
    PrinterSpec,
    Profile,
    RuleSetSpec,
    WriterSpec,
)
from burnish.errors import ConfigError, PluginError

GROUP = "burnish"
FIRST_PARTY = (
    "profiles",
    "format-",
    "rules-",
    "label-",
    "writer-file",
    "printer-file",
    "bundler-folder",
    "bundler-web",
)
"""What a configuration that names no plugins loads, where it is installed: names or beginnings of names."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


AnySpec = TypeVar("AnySpec", bound=_Named)


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed or loaded plugin, as `burnish plugins` shows it."""

    name: str
    distribution: str
    version: str
    offers: tuple[str, ...] = ()
    """For example ("profile STD-GEN-CD", "writer file"); empty where it is not loaded."""
    broken: str = ""
    """Why it was left out; empty where it works."""


def installed() -> Mapping[str, EntryPoint]:
    """Every plugin on this machine, by entry-point name. Raises PluginError where a name is taken twice."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        other = found.get(point.name)
        if other and other.value != point.value:
            raise PluginError(f"plugin {point.name!r} is offered by both {other.value} and {point.value}")
        found[point.name] = point
    return dict(sorted(found.items()))


def default_plugins() -> tuple[str, ...]:
    """What is loaded where a configuration does not say: every installed first-party plugin."""
    return tuple(name for name in installed() if name.startswith(FIRST_PARTY))


class Registry:
    """What the loaded plugins offer, each by the name that a configuration or a request uses."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("burnish")
        self._manager.add_hookspecs(hookspecs)
        self._points: dict[str, EntryPoint] = {}
        self.broken: dict[str, PluginError] = {}
        """Plugins that were named and left out, with the reason."""
        self.profiles: dict[str, Profile] = {}
        self.formats: dict[str, FormatSpec[Any]] = {}
        self.writers: dict[str, WriterSpec[Any]] = {}
        self.movers: dict[str, MoverSpec[Any]] = {}
        self.checks: dict[str, CheckSpec] = {}
        self.rule_sets: dict[str, RuleSetSpec[Any]] = {}
        self.label_makers: dict[str, LabelMakerSpec[Any]] = {}
        self.printers: dict[str, PrinterSpec[Any]] = {}
        self.bundlers: dict[str, BundlerSpec[Any]] = {}
        self.origin: dict[str, str] = {}
        """Which plugin offers what: "writer file" -> "writer-file"."""

    @classmethod
    def load(cls, names: Iterable[str]) -> "Registry":
        """Load these plugins, in this order. Raises ConfigError for one that is not installed."""
        registry, found = cls(), installed()
        for name in names:
            if name not in found:
                known = ", ".join(found) or "none"
                raise ConfigError(f"plugins: {name!r} is not installed; installed are {known}")
            registry._load(name, found[name])
        return registry

    def read_profiles(self, file: Path) -> None:
        """Take the profiles that stand in a deployer's file. Raises ConfigError, naming what is wrong."""
        if not file.is_file():
            raise ConfigError(f"{file} is no file")
        try:
            answers = self._manager.hook.burnish_profiles_in(file=file)
        except PluginError as error:
            raise ConfigError(f"{file}: {error}") from error
        found = [profile for answer in answers for profile in answer]
        if not found:
            raise ConfigError(f"{file}: no plugin found a profile in it")
        for profile in found:
            if other := self.origin.get(f"profile {profile.identifier}"):
                raise ConfigError(f"{file}: profile {profile.identifier!r} is offered by {other!r} already")
            self.origin[f"profile {profile.identifier}"] = str(file)
            self.profiles[profile.identifier] = profile

    def _load(self, name: str, point: EntryPoint) -> None:
        if name in self._points:
            raise ConfigError(f"plugins: {name!r} is named twice")
        self._points[name] = point
        try:
            module = point.load()
            _demand_contract(module)
            self._manager.register(module, name)
            self._manager.check_pending()
            self._collect(name, module)
        except Exception as error:  # noqa: BLE001 - importing a plugin may fail in any way
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            self.broken[name] = PluginError(f"plugin {name!r} was left out: {type(error).__name__}: {error}")
            self.broken[name].__cause__ = error

    def _collect(self, name: str, module: object) -> None:
        """Ask one plugin everything, and take all of its answers or none."""
        offers = [
            ("profile", profile.identifier, profile) for profile in self._ask("burnish_profiles", module)
        ]
        for role in ("format", "writer", "mover", "check", "rule set", "label maker", "printer", "bundler"):
            hook = f"burnish_{role}s".replace(" ", "_")
            offers += [(role, spec.name, spec) for spec in self._ask(hook, module)]
        for role, offered, _ in offers:
            if other := self.origin.get(f"{role} {offered}"):
                raise PluginError(f"{role} {offered!r} is offered by {other!r} already")
        for role, offered, spec in offers:
            self.origin[f"{role} {offered}"] = name
            getattr(self, f"{role}s".replace(" ", "_"))[offered] = spec

    def _ask(self, hook: str, module: object) -> Sequence[Any]:
        others = [plugin for plugin in self._manager.get_plugins() if plugin is not module]
        answers = self._manager.subset_hook_caller(hook, others)()
        return [item for answer in answers for item in answer]

    def plugins(self) -> list[Plugin]:
        """Every installed plugin, the loaded ones with what they offer."""
        return [self._describe(name, point) for name, point in installed().items()]

    def _describe(self, name: str, point: EntryPoint) -> Plugin:
        offers = tuple(offer for offer, origin in self.origin.items() if origin == name)
        distribution = point.dist.name if point.dist else "?"
        version = point.dist.version if point.dist else "?"
        broken = str(self.broken[name]) if name in self.broken else ""
        return Plugin(name, distribution, version, offers, broken)


def _demand_contract(module: object) -> None:
    """A plugin that says nothing was written for the first version."""
    version = getattr(module, "burnish_contract", 1)
    if version != CONTRACT:
        raise PluginError(f"it was written for contract {version!r}; this burnish keeps {CONTRACT}")


def warn_of_broken(registry: Registry) -> None:
    """Say on stderr what was left out."""
    for error in registry.broken.values():
        print(f"burnish: {error}", file=sys.stderr)  # noqa: T201 - the log is not set up yet
