"""What a configuration and the loaded plugins give to whoever composes: the server, and one-shot commands.

Importing this needs no database, so that those commands start fast.
"""

from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path
from typing import Any, NoReturn

from burnish.config import Config, bundler_tables
from burnish.contracts import Bundler, RuleSet
from burnish.errors import ConfigError
from burnish.fileset.bundles.making import BundleKit
from burnish.fileset.compose import Kit
from burnish.fileset.seal.cms import envelope_of
from burnish.registry import Registry


def make_kit(config: Config, registry: Registry, folder: Path = Path()) -> Kit:
    """What composing needs of a configuration; who composes adds what can be made and derived there."""

    def underivable(wanted: object, cancel: object) -> NoReturn:
        raise AssertionError("who composes says how forms are derived")

    security = config.media.security
    envelope = envelope_of(security, folder) if security.able else None
    formats = make_formats(config, registry)
    rules = make_rules(config, registry, config.media.rules)
    return Kit(
        registry.profiles,
        formats,
        config.media,
        config.identity,
        {},
        underivable,
        envelope=envelope,
        rules=rules,
        bundles=BundleKit(
            settings=config.bundles,
            bundlers=make_bundlers(config, registry, folder),
            institution=config.labels.institution,
            rules=tuple(registry.rule_sets[name].title for name in rules),
        ),
    )


def make_formats(config: Config, registry: Registry) -> dict[str, Any]:
    """Every format that the loaded plugins offer, built with its keys."""
    return {name: (spec, spec.make(config.formats.get(name, {}))) for name, spec in registry.formats.items()}


def make_bundlers(config: Config, registry: Registry, folder: Path) -> dict[str, Bundler]:
    """Every bundler that the configuration has a table for, and those that need none.

    Raises ConfigError for one that no loaded plugin offers.
    """
    found = {}
    with chdir(folder):  # their keys name files from there
        for name, table in bundler_tables(config.bundlers, registry).items():
            if table.driver not in registry.bundlers:
                known = ", ".join(registry.bundlers) or "none"
                raise ConfigError(f"bundlers.{name}.driver: no driver {table.driver!r}; there are {known}")
            found[name] = registry.bundlers[table.driver].make(table.driver_keys)
    return found


def make_rules(config: Config, registry: Registry, names: Sequence[str]) -> dict[str, RuleSet]:
    """These rule sets, built with their keys. Raises ConfigError for one that no loaded plugin offers."""
    for name in names:
        if name not in registry.rule_sets:
            known = ", ".join(registry.rule_sets) or "none"
            raise ConfigError(f"no rule set {name!r}; there are {known}")
    return {name: registry.rule_sets[name].make(config.rules.get(name, {})) for name in names}
