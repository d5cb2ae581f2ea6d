"""`init`, `config …` and `plugins`."""

import json
from dataclasses import asdict
from pathlib import Path

from burnish.cli import say
from burnish.config import SAMPLE, Config, check_plugins, load_config
from burnish.errors import ConfigError
from burnish.registry import Plugin, Registry


def write_sample(path: Path) -> None:
    """Write the commented configuration; a file that exists is left alone."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(SAMPLE)
    except FileExistsError:
        raise ConfigError(f"{path} exists; remove it first, or name another file") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    say(f"wrote {path}")


def check(file: Path | None) -> None:
    """Say `ok` or raise ConfigError with every fault."""
    check_plugins(load_config(file))
    say("ok")


def schema() -> None:
    """Print the JSON Schema."""
    say(json.dumps(Config.model_json_schema(), indent=2))


def show(file: Path | None) -> None:
    """Print what is in force."""
    say(json.dumps(load_config(file).config.model_dump(mode="json"), indent=2))


def show_plugins(file: Path | None, *, as_json: bool) -> None:
    """Print every installed plugin."""
    plugins = Registry.load(load_config(file).config.plugins).plugins()
    if as_json:
        say(json.dumps([asdict(plugin) for plugin in plugins], indent=2))
        return
    for plugin in plugins:
        say(_line(plugin))


def _line(plugin: Plugin) -> str:
    state = plugin.broken or ", ".join(plugin.offers) or "not loaded"
    return f"{plugin.name:18} {plugin.distribution} {plugin.version}: {state}"
