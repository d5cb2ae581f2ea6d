"""`plugin new`: a working distribution for a new plugin, made of the files under `templates/`.

    templates/any       in every distribution
    templates/device    in one that talks to a device over a line: the line, and how it is talked over
    templates/<role>    the rest of it

A template's path and text are its file's: `package` in the path is the import name, `.in` at the end goes
away, and `$name` and the other names of `Names` are filled in. It needs no configuration and no network.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template
from typing import Final

from burnish.cli import say
from burnish.errors import ConfigError

LAYERS: Final = {
    "profile": ("any", "profile"),
    "format": ("any", "format"),
    "rules": ("any", "rules"),
    "writer": ("any", "device", "writer"),
    "mover": ("any", "device", "mover"),
    "label": ("any", "label"),
    "printer": ("any", "printer"),
    "bundler": ("any", "bundler"),
}
"""By role, the folders of `templates` that make a distribution."""
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_LONGEST: Final = 16
"""Letters of a name: with more, lines of the templates outgrow 110 columns."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a new plugin is called, in each of the places where it has a name."""

    role: str
    name: str
    """In a configuration: `my-press`."""
    plugin: str
    """Of the entry point, and under `plugins`: `writer-my-press`."""
    distribution: str
    """To be installed: `burnish-writer-my-press`."""
    package: str
    """To be imported: `burnish_writer_my_press`."""
    folder: str
    """`writer_my_press`."""
    Class: str
    """In the names of its classes: `MyPress`."""
    Line: str
    """The same, as a title: `My press`."""
    identifier: str
    """Of a profile, at most 16 letters (VR CS): `PRI-MY-PRESS`."""
    magic: str
    """What a medium of a format begins with, 8 letters: `MYPRESS0`."""


def new_plugin(role: str, name: str) -> None:
    """Make `./<role>_<name>`. Raises ConfigError where that cannot be, and leaves what is there alone."""
    names = names_of(role, name)
    target = Path(names.folder)
    rendered = dict(_rendered(names))
    try:
        target.mkdir()
        for path, text in rendered.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_text(text, encoding="utf-8")
    except FileExistsError:
        raise ConfigError(f"{target} exists; remove it first, or choose another name") from None
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from error
    say(f"wrote {target}: {len(rendered)} files; {target}/README.md says how to go on")


def names_of(role: str, name: str) -> Names:
    """Check what was said, and derive every name from it. Raises ConfigError."""
    if role not in LAYERS:
        raise ConfigError(f"{role!r} is no role; try one of {', '.join(sorted(LAYERS))}")
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        rule = f"at most {_LONGEST} of a-z, 0-9 and single hyphens between them, a letter first"
        raise ConfigError(f"{name!r} is no name for a plugin: {rule}; try 'my-{role}'")
    words = re.split("[-_]", name)
    said, snake = "-".join(words), "_".join(words)
    return Names(
        role=role,
        name=said,
        plugin=f"{role}-{said}",
        distribution=f"burnish-{role}-{said}",
        package=f"burnish_{role}_{snake}",
        folder=f"{role}_{snake}",
        Class="".join(map(str.capitalize, words)),
        Line=" ".join(words).capitalize(),
        identifier=f"PRI-{said}".upper()[:16].rstrip("-"),
        magic="".join(words).upper()[:8].ljust(8, "0"),
    )


def _rendered(names: Names) -> Iterator[tuple[PurePosixPath, str]]:
    """The files of a distribution, by their path in it."""
    values = asdict(names)
    for layer in LAYERS[names.role]:
        for path, template in _templates(files("burnish.cli") / "templates" / layer, PurePosixPath()):
            parts = [names.package if part == "package" else part for part in path.parts]
            yield PurePosixPath(*parts), Template(template).substitute(values)


def _templates(folder: Traversable, above: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for item in sorted(folder.iterdir(), key=lambda one: one.name):
        if item.is_dir():
            yield from _templates(item, above / item.name)
        elif item.name.endswith(".in"):
            yield above / item.name.removesuffix(".in"), item.read_text(encoding="utf-8")
