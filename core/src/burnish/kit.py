"""What a configuration and the loaded plugins give to whoever composes: the server, and one-shot commands.

Importing this needs no database, so that those commands start fast.
"""

from typing import Any, NoReturn

from burnish.config import Config
from burnish.fileset.compose import Kit
from burnish.registry import Registry


def make_kit(config: Config, registry: Registry) -> Kit:
    """What composing needs of a configuration; who composes adds what can be made and derived there."""

    def underivable(wanted: object, cancel: object) -> NoReturn:
        raise AssertionError("who composes says how forms are derived")

    formats = make_formats(config, registry)
    return Kit(registry.profiles, formats, config.media, config.identity, {}, underivable)


def make_formats(config: Config, registry: Registry) -> dict[str, Any]:
    """Every format that the loaded plugins offer, built with its keys."""
    return {name: (spec, spec.make(config.formats.get(name, {}))) for name, spec in registry.formats.items()}
