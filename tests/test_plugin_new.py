"""`burnish plugin new`: what it makes is clean and passes its own tests; what cannot be made is said."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from burnish.cli.plugin import LAYERS
from burnish.config import Config

HOUSE = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent
BARE = {name: value for name, value in os.environ.items() if not name.startswith(("BURNISH_", "PYTEST_"))}
NAMES = ("a", "my-press", "abcdefgh-abcdefg")
"""The shortest, one of several words, the longest: lines of a template grow with it."""


def run(folder: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run an installed program there, without a configuration."""
    return subprocess.run(
        [TOOLS / tool, *arguments],
        cwd=folder,
        env=BARE,
        check=False,
        capture_output=True,
        text=True,
        timeout=170,
    )


def succeed(folder: Path, tool: str, *arguments: str) -> str:
    """Run it; what it printed."""
    done = run(folder, tool, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def made(folder: Path, role: str, name: str) -> Path:
    """A distribution that was made there."""
    told = succeed(folder, "burnish", "plugin", "new", role, name)
    distribution = folder / f"{role}_{name.replace('-', '_')}"
    assert told.startswith(f"wrote {distribution.name}: ")
    return distribution


@pytest.mark.parametrize("role", LAYERS)
def test_what_was_made_passes_its_tests(tmp_path: Path, role: str) -> None:
    """As it lies there: not installed, without a configuration."""
    told = succeed(made(tmp_path, role, "my-press"), "pytest", "-q", "-p", "no:cacheprovider")
    assert " passed" in told
    assert " skipped" not in told


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", LAYERS)
def test_what_was_made_is_clean(tmp_path: Path, role: str, name: str) -> None:
    distribution = made(tmp_path, role, name)
    succeed(distribution, "ruff", "check", "--no-cache", ".")
    succeed(distribution, "ruff", "format", "--no-cache", "--check", ".")


def test_what_was_made_is_typed(tmp_path: Path) -> None:
    """mypy's strict mode; all roles in one run, which costs the time of one."""
    sources = [str(made(tmp_path, role, "press") / "src") for role in LAYERS]
    succeed(tmp_path, "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), *sources)


@pytest.mark.parametrize("role", LAYERS)
def test_every_name_in_it_is_its_own(tmp_path: Path, role: str) -> None:
    distribution = made(tmp_path, role, "my-press")
    project = tomllib.loads((distribution / "pyproject.toml").read_text())["project"]
    assert project["name"] == f"burnish-{role}-my-press"
    assert project["dependencies"] == ["burnish>=0.1,<0.2"]
    assert project["entry-points"] == {"burnish": {f"{role}-my-press": f"burnish_{role}_my_press"}}
    for path in (path for path in distribution.rglob("*") if path.is_file()):
        assert "package" not in path.relative_to(distribution).parts
        assert path.suffix != ".in"
        assert "$" not in path.read_text(), path


def test_every_template_is_used() -> None:
    templates = HOUSE / "core/src/burnish/cli/templates"
    assert {layer for layers in LAYERS.values() for layer in layers} == {
        path.name for path in templates.iterdir() if path.name != "__pycache__"
    }
    stray = [path for path in templates.rglob("*") if path.is_file() and path.suffix != ".in"]
    assert stray == []


@pytest.mark.parametrize(
    ("role", "name", "sentence"),
    [
        (
            "toaster",
            "x",
            "'toaster' is no role; try one of bundler, format, label, mover, printer, profile, rules, writer",
        ),
        ("writer", "", "'' is no name"),
        ("writer", "Press", "try 'my-writer'"),
        ("writer", "9press", "a letter first"),
        ("writer", "../press", "is no name"),
        ("writer", "my--press", "is no name"),
        ("writer", "press\n", "is no name"),
        ("writer", "a" * 17, "at most 16"),
    ],
)
def test_what_cannot_be_made_is_said(tmp_path: Path, role: str, name: str, sentence: str) -> None:
    done = run(tmp_path, "burnish", "plugin", "new", role, name)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    distribution = made(tmp_path, "profile", "mine")
    (distribution / "README.md").write_text("precious")
    done = run(tmp_path, "burnish", "plugin", "new", "profile", "mine")
    assert done.returncode == 2
    assert "profile_mine exists" in done.stderr
    assert (distribution / "README.md").read_text() == "precious"


def test_it_reads_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "burnish.toml").write_text("this is no configuration")
    assert made(tmp_path, "profile", "mine").is_dir()


@pytest.mark.parametrize(("role", "table"), [("writer", "writers"), ("mover", "movers")])
def test_its_readme_has_every_key(tmp_path: Path, role: str, table: str) -> None:
    """In a configuration that burnish takes, with the default that the settings have."""
    distribution = made(tmp_path, role, "press")
    [block] = re.findall(r"(?s)```toml\n(.*?)```", (distribution / "README.md").read_text())
    values = tomllib.loads(block)
    assert Config(**values)
    [keys] = [keys for keys in values[table].values() if keys.pop("driver") == "press"]
    code = f"from burnish_{role}_press.settings import Settings as S; print(S(port='x').model_dump_json())"
    defaults = json.loads(succeed(distribution / "src", "python", "-c", code))
    assert keys == {**defaults, "port": keys["port"]}
